"""C2SP signed notes, their keys, and Ed25519 signatures (type 0x01).

A note is a text ending in a newline, an empty line, and signature lines. Nothing of it may be believed before
`verify` has said which known keys signed it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from scelle.base.codec import decode_base64, encode_base64
from scelle.base.errors import MalformedError
from scelle.tlog.errors import (
    NoteKeyMalformedError,
    NoteMalformedError,
    SignatureMissingError,
    SignatureWrongError,
)

ED25519 = 0x01
"""Signature type of Ed25519 over the note text."""

COSIGN_ED25519 = 0x04
"""Signature type of a timestamped Ed25519 cosignature (see `scelle.tlog.cosign`)."""

COSIGN_MLDSA44 = 0x06
"""Signature type of a timestamped ML-DSA-44 cosignature."""

KEY_SIZES = {ED25519: 32, COSIGN_ED25519: 32, COSIGN_MLDSA44: 1312}
"""Bytes of the public key for each signature type that is read."""

SEED_SIZE = 32
"""Bytes of the private seed for each of these types."""

MAX_NOTE = 1 << 20
"""Largest note read by default, in bytes."""

MAX_SIGNATURES = 64
"""Most signature lines in a note (the format asks for at least 16)."""

_DASH = "— "


def check_key_name(name: str) -> str:
    """Check a key name: not empty, one line, no Unicode space, no plus sign. Raises NoteKeyMalformedError."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteKeyMalformedError(why="a key name is empty or has a space or a plus sign")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NoteKeyMalformedError(why="a key name is not Unicode text") from None
    return name


def key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    """The 4-byte key ID: SHA-256(name ‖ LF ‖ type ‖ public key), cut."""
    return sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key of the signed-note format with its name and signature type (one of KEY_SIZES)."""

    name: str
    key_type: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != KEY_SIZES.get(self.key_type):
            raise NoteKeyMalformedError(why="an unknown key type or a public key of another length")

    @property
    def key_id(self) -> bytes:
        """The 4-byte key ID that signature lines carry."""
        return key_id(self.name, self.key_type, self.public_key)

    def encode(self) -> str:
        """The vkey: `<name>+<key id in hex>+<base64 of type and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.key_type]) + self.public_key)}"


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private seed of the signed-note format with its name and signature type. Secret."""

    name: str
    key_type: int
    seed: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.key_type not in KEY_SIZES or len(self.seed) != SEED_SIZE:
            raise NoteKeyMalformedError(why="an unknown key type or a seed of another length")

    def __repr__(self) -> str:
        return f"SignerKey(name={self.name!r}, key_type={self.key_type})"

    @property
    def public(self) -> VerifierKey:
        """The verifier key that belongs to the seed."""
        return VerifierKey(self.name, self.key_type, _public_key(self.key_type, self.seed))

    def encode(self) -> str:
        """The signer key text: `PRIVATE+KEY+<name>+<key id in hex>+<base64 of type and seed>`. Secret."""
        blob = encode_base64(bytes([self.key_type]) + self.seed)
        return f"PRIVATE+KEY+{self.name}+{self.public.key_id.hex()}+{blob}"


def _public_key(key_type: int, seed: bytes) -> bytes:
    if key_type == COSIGN_MLDSA44:
        return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _key_parts(text: str) -> tuple[str, str, int, bytes]:
    parts = text.split("+", 2)  # base64 may hold plus signs; names may not
    if len(parts) != 3:
        raise NoteKeyMalformedError(why="not three parts joined by plus signs")
    name, shown_id, blob = parts
    try:
        data = decode_base64(blob)
    except MalformedError:
        raise NoteKeyMalformedError(why="the key is not base64") from None
    if not data:
        raise NoteKeyMalformedError(why="the key is empty")
    return name, shown_id, data[0], data[1:]


def parse_vkey(text: str) -> VerifierKey:
    """Parse a vkey of any known type. Raises NoteKeyMalformedError, also when the key ID does not belong to it."""
    name, shown_id, key_type, public_key = _key_parts(text)
    key = VerifierKey(name, key_type, public_key)
    if shown_id != key.key_id.hex():
        raise NoteKeyMalformedError(why="the key ID does not belong to the key")
    return key


def parse_skey(text: str) -> SignerKey:
    """Parse a signer key of any known type. Raises NoteKeyMalformedError."""
    prefix = "PRIVATE+KEY+"
    if not text.startswith(prefix):
        raise NoteKeyMalformedError(why="not a signer key")
    name, shown_id, key_type, seed = _key_parts(text[len(prefix) :])
    key = SignerKey(name, key_type, seed)
    if shown_id != key.public.key_id.hex():
        raise NoteKeyMalformedError(why="the key ID does not belong to the key")
    return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, 4-byte key ID, and the bytes that the key's type gives a meaning to."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note: its text (with the last newline) and its signatures, none of them checked yet."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as bytes; `parse_note` gives the same note back."""
        return self.text + b"\n" + encode_signature_lines(self.signatures)

    def with_signatures(self, signatures: Iterable[NoteSignature]) -> "Note":
        """The same text with more signatures; a line with the name and key ID of a new one gives way to it."""
        new = tuple(signatures)
        renewed = {(item.name, item.key_id) for item in new}
        kept = tuple(item for item in self.signatures if (item.name, item.key_id) not in renewed)
        return Note(self.text, kept + new)


def encode_signature_lines(signatures: Iterable[NoteSignature]) -> bytes:
    """Signature lines one after the other (also the body of a witness's answer)."""
    return b"".join(item.encode() for item in signatures)


def _decode(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NoteMalformedError(why="not UTF-8") from None
    if min(text.replace("\n", " "), default=" ") < " ":
        raise NoteMalformedError(why="a control character")
    return text


def _signature(line: str) -> NoteSignature:
    if not line.startswith(_DASH):
        raise NoteMalformedError(why="a line after the text is not a signature")
    name, space, blob = line[len(_DASH) :].partition(" ")
    if not space:
        raise NoteMalformedError(why="a signature line without a signature")
    try:
        check_key_name(name)
        data = decode_base64(blob)
    except (MalformedError, NoteKeyMalformedError):
        raise NoteMalformedError(why="a signature line with a bad name or bad base64") from None
    if len(data) < 5:
        raise NoteMalformedError(why="a signature line that is too short")
    return NoteSignature(name, data[:4], data[4:])


def parse_signature_lines(data: bytes) -> tuple[NoteSignature, ...]:
    """Parse one or more signature lines. Raises NoteMalformedError."""
    if not data.endswith(b"\n"):
        raise NoteMalformedError(why="no newline at the end")
    if data.count(b"\n") > MAX_SIGNATURES:
        raise NoteMalformedError(why=f"more than {MAX_SIGNATURES} signatures")
    return tuple(_signature(line) for line in _decode(data)[:-1].split("\n"))


def parse_note(data: bytes, *, max_size: int = MAX_NOTE) -> Note:
    """Parse a note of at most `max_size` bytes; no signature is checked. Raises NoteMalformedError.

    The text ends at the last empty line. `Note.encode` gives exactly the same bytes back.
    """
    if len(data) > max_size:
        raise NoteMalformedError(why=f"longer than {max_size} bytes")
    text, blank, lines = data.rpartition(b"\n\n")
    if not blank:
        raise NoteMalformedError(why="no empty line before signatures")
    _decode(text)
    return Note(text + b"\n", parse_signature_lines(lines))


def check_text(text: bytes) -> None:
    """Check that a text can be signed: UTF-8, no control characters, newline last. Raises NoteMalformedError."""
    if not text.endswith(b"\n"):
        raise NoteMalformedError(why="the text does not end in a newline")
    _decode(text)


class Verifier(Protocol):
    """A key that checks note signatures of its type."""

    @property
    def key(self) -> VerifierKey:
        """Name, type and public key."""

    def check(self, text: bytes, signature: bytes) -> int | None:
        """Check a signature over a note text; the unix time it states (s), or None when its type states none.

        Raises SignatureWrongError.
        """


class Signer(Protocol):
    """A key that signs note texts."""

    def sign(self, text: bytes) -> NoteSignature:
        """The signature line over a text that ends in a newline."""


class NoteVerifier:
    """Checks Ed25519 note signatures (type 0x01)."""

    def __init__(self, key: VerifierKey) -> None:
        """Raises NoteKeyMalformedError for a key of another type."""
        if key.key_type != ED25519:
            raise NoteKeyMalformedError(why="not an Ed25519 note key")
        self._key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public_key)

    @property
    def key(self) -> VerifierKey:
        """Name, type and public key."""
        return self._key

    def check(self, text: bytes, signature: bytes) -> None:
        """Check a 64-byte signature over the text (RFC 8032). Raises SignatureWrongError."""
        try:
            self._public.verify(signature, text)
        except InvalidSignature:
            raise SignatureWrongError(name=self._key.name) from None


class NoteSigner:
    """Signs note texts with Ed25519 (type 0x01)."""

    def __init__(self, key: SignerKey) -> None:
        """Raises NoteKeyMalformedError for a key of another type."""
        if key.key_type != ED25519:
            raise NoteKeyMalformedError(why="not an Ed25519 note key")
        self._private = Ed25519PrivateKey.from_private_bytes(key.seed)
        self._key = key.public

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        return self._key

    def sign(self, text: bytes) -> NoteSignature:
        """Sign a text that ends in a newline. Raises NoteMalformedError."""
        check_text(text)
        return NoteSignature(self._key.name, self._key.key_id, self._private.sign(text))


def sign_note(text: bytes, signers: Sequence[Signer]) -> bytes:
    """A note with the signature of every signer, in order. Raises NoteMalformedError."""
    check_text(text)
    if not 1 <= len(signers) <= MAX_SIGNATURES:
        raise NoteMalformedError(why=f"not 1 to {MAX_SIGNATURES} signatures")
    return Note(text, tuple(signer.sign(text) for signer in signers)).encode()


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds: whose it is, the line, and the unix time it states (s), if its type states one."""

    key: VerifierKey
    signature: NoteSignature
    timestamp: int | None


def verify(note: Note, verifiers: Iterable[Verifier]) -> list[Verified]:
    """Check every signature of a known key; at least one must be there.

    Lines of unknown keys (by name and key ID) are ignored. A line of a known key that does not verify spoils the
    note, even when another line of the same key does. A key counts once; of several good lines the one with the
    latest time is kept. In the order of the verifiers. Raises SignatureWrongError, SignatureMissingError.
    """
    known = list(verifiers)
    found: list[Verified] = []
    for verifier in known:
        key = verifier.key
        if any(item.key == key for item in found):
            continue
        wanted = (key.name, key.key_id)
        mine = [
            Verified(key, line, verifier.check(note.text, line.signature))
            for line in dict.fromkeys(note.signatures)
            if (line.name, line.key_id) == wanted
        ]
        if mine:
            found.append(max(mine, key=lambda item: item.timestamp or 0))
    if not found:
        raise SignatureMissingError(wanted=known[0].key.name if len(known) == 1 else f"{len(known)} keys")
    return found
