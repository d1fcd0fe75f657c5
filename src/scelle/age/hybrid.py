"""The MLKEM768-X25519 hybrid post-quantum recipient type, our default (C2SP age; X-Wing under HPKE, RFC 9180).

The encapsulation draws its randomness inside the cryptographic library: the one draw that no caller names.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from scelle.age.errors import StanzaError
from scelle.age.header import Family, FileKey, Stanza
from scelle.age.x25519 import is_low_order
from scelle.base.bech32 import decode_bech32, encode_bech32
from scelle.base.codec import encode_base64_raw
from scelle.base.errors import MalformedError

TYPE = "mlkem768x25519"
RECIPIENT_PREFIX = "age1pq"
IDENTITY_PREFIX = "AGE-SECRET-KEY-PQ-"
SEED_SIZE = 32
PUBLIC_KEY_SIZE = 1216
"""An ML-KEM-768 encapsulation key (1,184 bytes) and an X25519 point."""

_MLKEM_KEY_SIZE = 1184
_MLKEM_CIPHERTEXT_SIZE = 1088
_ENC_SIZE = _MLKEM_CIPHERTEXT_SIZE + 32
_INFO = b"age-encryption.org/mlkem768x25519"
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True)
class HybridRecipient:
    """A hybrid public key: its 1,216 raw bytes. Raises MalformedError for bytes that are no such key."""

    public_key: bytes
    family: Family = field(default="post-quantum", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.public_key) != PUBLIC_KEY_SIZE or is_low_order(self.public_key[_MLKEM_KEY_SIZE:]):
            raise MalformedError(what="hybrid recipient", why="not a usable public key")
        try:
            _ = self._key
        except ValueError:
            raise MalformedError(what="hybrid recipient", why="not an ML-KEM encapsulation key") from None

    @cached_property
    def _key(self) -> MLKEM768X25519PublicKey:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.public_key[:_MLKEM_KEY_SIZE]),
            X25519PublicKey.from_public_bytes(self.public_key[_MLKEM_KEY_SIZE:]),
        )

    @classmethod
    def parse(cls, text: str) -> "HybridRecipient":
        """Read `age1pq1…`. Raises MalformedError."""
        prefix, data = decode_bech32(text, what="recipient")
        if prefix != RECIPIENT_PREFIX:
            raise MalformedError(what="recipient", why="not a hybrid recipient")
        return cls(data)

    def __str__(self) -> str:
        return encode_bech32(RECIPIENT_PREFIX, self.public_key)

    def wrap(self, file_key: FileKey) -> list[Stanza]:
        """One mlkem768x25519 stanza."""
        sealed = _SUITE.encrypt(file_key, self._key, _INFO)
        return [Stanza((TYPE, encode_base64_raw(sealed[:_ENC_SIZE])), sealed[_ENC_SIZE:])]


@dataclass(frozen=True)
class HybridIdentity:
    """A hybrid secret key: its 32-byte seed."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_SIZE:
            raise MalformedError(what="hybrid identity", why="not 32 bytes")

    @classmethod
    def from_seed(cls, seed: bytes) -> "HybridIdentity":
        """The identity of a seed of 32 random bytes. Raises MalformedError for another length."""
        return cls(seed)

    @classmethod
    def parse(cls, text: str) -> "HybridIdentity":
        """Read `AGE-SECRET-KEY-PQ-1…`. Raises MalformedError."""
        prefix, data = decode_bech32(text, what="identity")
        if prefix != IDENTITY_PREFIX:
            raise MalformedError(what="identity", why="not a hybrid identity")
        return cls(data)

    def encode(self) -> str:
        """The seed as `AGE-SECRET-KEY-PQ-1…`."""
        return encode_bech32(IDENTITY_PREFIX, self.seed)

    @cached_property
    def _key(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(*self._halves)

    @cached_property
    def _halves(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = hashlib.shake_256(self.seed).digest(96)
        return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])

    def recipient(self) -> HybridRecipient:
        """The public half."""
        mlkem, x25519 = self._halves
        return HybridRecipient(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    def unwrap(self, stanzas: Sequence[Stanza]) -> FileKey | None:
        """See `Identity.unwrap`."""
        found: FileKey | None = None
        for stanza in stanzas:
            if stanza.type != TYPE:
                continue
            enc = check_stanza(stanza)
            if found is not None:
                continue
            try:
                found = FileKey(_SUITE.decrypt(enc + stanza.body, self._key, _INFO))
            except InvalidTag:
                continue
        return found


def check_stanza(stanza: Stanza) -> bytes:
    """The encapsulated key of a stanza of the right form. Raises StanzaError.

    HPKE reports a zero shared secret as it reports a wrong key, so a share of low order is refused before it.
    """
    stanza.check(arguments=2)
    enc = stanza.argument(1, size=_ENC_SIZE)
    if is_low_order(enc[_MLKEM_CIPHERTEXT_SIZE:]):
        raise StanzaError(type=TYPE, why="a share of low order")
    return enc
