"""The X25519 recipient type (C2SP age, "The X25519 recipient type"): read always, written only on request."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from scelle.age.errors import StanzaError
from scelle.age.header import Family, FileKey, Stanza, hkdf
from scelle.base.bech32 import decode_bech32, encode_bech32
from scelle.base.codec import encode_base64_raw
from scelle.base.errors import MalformedError

TYPE = "X25519"
RECIPIENT_PREFIX = "age"
IDENTITY_PREFIX = "AGE-SECRET-KEY-"
_INFO = b"age-encryption.org/v1/X25519"
_ZERO_NONCE = bytes(12)
_ANY_SCALAR = X25519PrivateKey.from_private_bytes(bytes(32))


def is_low_order(point: bytes) -> bool:
    """Whether a 32-byte share has low order, so that every shared secret with it is zero (RFC 7748 §6.1).

    Any scalar tells, since clamping makes each a multiple of the cofactor.
    """
    try:
        _ANY_SCALAR.exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        return True
    return False


@dataclass(frozen=True)
class X25519Recipient:
    """An X25519 public key, 32 bytes. Make it `ready` with a fresh secret to wrap a file key."""

    public_key: bytes

    def __post_init__(self) -> None:
        if len(self.public_key) != 32 or is_low_order(self.public_key):
            raise MalformedError(what="X25519 recipient", why="not a usable point")

    @classmethod
    def parse(cls, text: str) -> "X25519Recipient":
        """Read `age1…`. Raises MalformedError."""
        prefix, data = decode_bech32(text, what="recipient")
        if prefix != RECIPIENT_PREFIX:
            raise MalformedError(what="recipient", why="not an X25519 recipient")
        return cls(data)

    def __str__(self) -> str:
        return encode_bech32(RECIPIENT_PREFIX, self.public_key)

    def ready(self, *, ephemeral_secret: bytes) -> "ReadyX25519Recipient":
        """A recipient for one file; `ephemeral_secret`: 32 fresh random bytes."""
        return ReadyX25519Recipient(self, ephemeral_secret)


class ReadyX25519Recipient:
    """An X25519 recipient with its ephemeral secret: wraps one file key, once.

    Wrapping a second file key under the same secret would reuse a nonce; it raises RuntimeError.
    """

    family: Family = "classic"

    def __init__(self, recipient: X25519Recipient, ephemeral_secret: bytes) -> None:
        self.recipient = recipient
        self._secret: X25519PrivateKey | None = X25519PrivateKey.from_private_bytes(ephemeral_secret)

    def wrap(self, file_key: FileKey) -> list[Stanza]:
        """One X25519 stanza."""
        if self._secret is None:
            raise RuntimeError("an ephemeral secret serves one file")
        share = self._secret.public_key().public_bytes_raw()
        public_key = self.recipient.public_key
        shared = self._secret.exchange(X25519PublicKey.from_public_bytes(public_key))
        self._secret = None
        wrap_key = hkdf(shared, salt=share + public_key, info=_INFO)
        body = ChaCha20Poly1305(wrap_key).encrypt(_ZERO_NONCE, file_key, None)
        return [Stanza((TYPE, encode_base64_raw(share)), body)]


@dataclass(frozen=True)
class X25519Identity:
    """An X25519 secret key, 32 bytes."""

    secret_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret_key) != 32:
            raise MalformedError(what="X25519 identity", why="not 32 bytes")

    @classmethod
    def parse(cls, text: str) -> "X25519Identity":
        """Read `AGE-SECRET-KEY-1…`. Raises MalformedError."""
        prefix, data = decode_bech32(text, what="identity")
        if prefix != IDENTITY_PREFIX:
            raise MalformedError(what="identity", why="not an X25519 identity")
        return cls(data)

    def encode(self) -> str:
        """The secret as `AGE-SECRET-KEY-1…`."""
        return encode_bech32(IDENTITY_PREFIX, self.secret_key)

    def recipient(self) -> X25519Recipient:
        """The public half."""
        return X25519Recipient(self._key().public_key().public_bytes_raw())

    def _key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.secret_key)

    def unwrap(self, stanzas: Sequence[Stanza]) -> FileKey | None:
        """See `Identity.unwrap`."""
        key = self._key()
        public_key = key.public_key().public_bytes_raw()
        found: FileKey | None = None
        for stanza in stanzas:
            if stanza.type != TYPE:
                continue
            share = check_stanza(stanza)
            if found is not None:
                continue
            wrap_key = hkdf(key.exchange(X25519PublicKey.from_public_bytes(share)), salt=share + public_key, info=_INFO)
            try:
                found = FileKey(ChaCha20Poly1305(wrap_key).decrypt(_ZERO_NONCE, stanza.body, None))
            except InvalidTag:
                continue
        return found


def check_stanza(stanza: Stanza) -> bytes:
    """The ephemeral share of an X25519 stanza of the right form. Raises StanzaError."""
    stanza.check(arguments=2)
    share = stanza.argument(1, size=32)
    if is_low_order(share):
        raise StanzaError(type=TYPE, why="a share of low order")
    return share
