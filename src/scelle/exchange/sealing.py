"""The split key of a transfer: note, envelope, release share, and how the halves meet (spec/exchange.md §4).

`T` is an age hybrid identity drawn for one transfer. For each recipient key its 32-byte seed is split in two by
XOR: `A` travels in the recipient's envelope, `B` (the release share) is held by the service until expiry. Each half
alone is uniformly random.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from scelle.age.file import open_bytes, seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridIdentity, HybridRecipient
from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, EnvelopeShare, KeyId, ReleaseShare, TransferId, TransferSeed
from scelle.base.wire import Message, data, integer, nested, text, transfer_id, wire
from scelle.exchange.acts import Cover, CoverRecipient
from scelle.exchange.errors import EnvelopeWrongError, ShareWrongError
from scelle.exchange.padding import padded_size

SHARE_SIZE = 32
BOX_MINIMUM = 1024
"""Smallest padded size of a note or manifest before sealing, in bytes."""


def _digest(domain: bytes, *fields: bytes) -> bytes:
    return sha256(domain + b"\n".join(fields)).digest()


@dataclass(frozen=True)
class TransferNote(Message):
    """The one line to recognise a transfer by: it is in the envelopes and nowhere else. `size`: plaintext bytes."""

    purpose: str = wire(text(low=1, high=200))
    files: int = wire(integer())
    size: int = wire(integer())
    dataset: str | None = wire(text(high=80), optional=True)


@dataclass(frozen=True)
class Envelope(Message):
    """What a recipient key opens: the note with the salt of its digest, and the recipient's half of the seed."""

    transfer: TransferId = wire(transfer_id)
    note: TransferNote = wire(nested(TransferNote))
    salt: bytes = wire(data(32))
    share: bytes = wire(data(SHARE_SIZE))


def note_digest(note: TransferNote, *, salt: bytes) -> Digest:
    """Salted digest of a note, as the cover carries it."""
    return Digest(_digest(b"scelle/v1/note\n", salt + note.encode()))


def transfer_key_digest(recipient: bytes) -> Digest:
    """Digest of the 1216-byte public key of T, as the cover carries it."""
    return Digest(_digest(b"scelle/v1/transfer-key\n", recipient))


def share_commitment(transfer: TransferId, key: KeyId, share: ReleaseShare) -> Digest:
    """Commitment to a release share, as the cover carries it."""
    return Digest(_digest(b"scelle/v1/share\n", transfer.encode(), key.encode(), share))


def slot_owner(transfer: TransferId, key: KeyId) -> Digest:
    """The opaque name under which the keeper holds a release share."""
    return Digest(_digest(b"scelle/v1/slot-owner\n", transfer.encode(), key.encode()))


def xor(left: bytes, right: bytes) -> bytes:
    """Bytewise XOR of two 32-byte values."""
    if len(left) != SHARE_SIZE or len(right) != SHARE_SIZE:
        raise MalformedError(what="share", why=f"not {SHARE_SIZE} bytes")
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(SHARE_SIZE)


def split_seed(seed: TransferSeed, share: ReleaseShare) -> EnvelopeShare:
    """The recipient's half `A` = seed XOR `B`."""
    return EnvelopeShare(xor(seed, share))


def pack(body: bytes) -> bytes:
    """Length (4 bytes, big-endian), body, zero bytes up to the padded size (Padmé, at least BOX_MINIMUM)."""
    total = padded_size(max(4 + len(body), BOX_MINIMUM))
    return len(body).to_bytes(4) + body + bytes(total - 4 - len(body))


def unpack(packed: bytes) -> bytes:
    """The body of `pack`; anything else than zeros behind it is refused. Raises MalformedError."""
    size = int.from_bytes(packed[:4])
    if len(packed) < 4 or size > len(packed) - 4:
        raise MalformedError(what="padded body", why="shorter than it says")
    body = packed[4 : 4 + size]
    if pack(body) != packed:
        raise MalformedError(what="padded body", why="wrongly padded")
    return body


def seal_envelope(envelope: Envelope, recipient: bytes, *, file_key: FileKey, nonce: bytes) -> bytes:
    """The envelope as an age file to one recipient key (1216 bytes)."""
    return seal_bytes(pack(envelope.encode()), [HybridRecipient(recipient)], file_key=file_key, nonce=nonce)


def open_envelope(raw: bytes, identities: Sequence[HybridIdentity], cover: Cover) -> Envelope:
    """Open an envelope and hold it against the cover.

    Raises the age room's errors (NoMatchError when it is sealed to another key) and EnvelopeWrongError.
    """
    opened = open_bytes(raw, identities)
    try:
        envelope = Envelope.decode(unpack(opened))
    except MalformedError as error:
        raise EnvelopeWrongError(why=str(error.facts["why"])) from None
    if envelope.transfer != cover.transfer:
        raise EnvelopeWrongError(why="it belongs to another transfer")
    if note_digest(envelope.note, salt=envelope.salt) != cover.note:
        raise EnvelopeWrongError(why="its note is not the one that the sender signed")
    return envelope


def recover_identity(envelope: Envelope, share: ReleaseShare, *, cover: Cover, entry: CoverRecipient) -> HybridIdentity:
    """Join both halves to T, and check the share's commitment and T's public key against the cover.

    Raises ShareWrongError.
    """
    if not hmac.compare_digest(share_commitment(cover.transfer, entry.key, share), entry.commitment):
        raise ShareWrongError(transfer=cover.transfer)
    identity = HybridIdentity.from_seed(xor(envelope.share, share))
    if transfer_key_digest(identity.recipient().public_key) != cover.transfer_key:
        raise ShareWrongError(transfer=cover.transfer)
    return identity


def receipt_proof(seed: TransferSeed, digests: Sequence[bytes]) -> bytes:
    """HMAC-SHA-256 over the SHA-256 of every file in manifest order, keyed from T's seed: proof of having opened."""
    key = _digest(b"scelle/v1/receipt-key\n", seed)
    return hmac.digest(key, b"".join(digests), "sha256")
