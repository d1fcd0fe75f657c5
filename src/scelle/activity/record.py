"""Activity records: types, encoding, and the commitment that is the log entry (spec/exchange.md §6).

A record is one line `scelle/v1/record/<kind>`, a line feed, and canonical JSON. The log entry is
SHA-256(salt ‖ record) with a 32-byte random salt, so that the log tells nothing and a record can be erased. Records
hold opaque ids, key ids, sizes, digests and times, and the signed statements that caused them; nothing about a data
subject.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final

from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, FreezeId, KeyId, TransferId
from scelle.base.wire import Message, freeze_id, integer, key_id, one_of, text, transfer_id, utf8, wire

PREFIX: Final = b"scelle/v1/record/"
SALT_SIZE: Final = 32

STATEMENT = utf8(high=1 << 20)


@dataclass(frozen=True)
class Record(Message):
    """Base of the records. `time`: the service's clock when it appended the entry, unix seconds."""

    KIND: ClassVar[str] = ""
    MAX_SIZE: ClassVar[int] = 3 << 20
    time: int = wire(integer())

    def to_bytes(self) -> bytes:
        """The record as it is kept and committed to."""
        return PREFIX + self.KIND.encode() + b"\n" + self.encode()


@dataclass(frozen=True)
class AboutTransfer(Record):
    """Base of the records about one transfer."""

    transfer: TransferId = wire(transfer_id)


@dataclass(frozen=True)
class TransferSealed(AboutTransfer):
    """A transfer was committed. `statement`: the sender's cover."""

    KIND: ClassVar[str] = "transfer.sealed"
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class ShareReleased(AboutTransfer):
    """A release share was given, or may have been: an entry without an answer counts as released."""

    KIND: ClassVar[str] = "share.released"
    key: KeyId = wire(key_id)
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class ReleaseRefused(AboutTransfer):
    """A release was asked for by a key that the transfer lists, and refused. `code`: the error's."""

    KIND: ClassVar[str] = "release.refused"
    key: KeyId = wire(key_id)
    code: str = wire(text(low=1, high=80))
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class TransferOpened(AboutTransfer):
    """A recipient's signed receipt."""

    KIND: ClassVar[str] = "transfer.opened"
    key: KeyId = wire(key_id)
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class TransferDiscarded(AboutTransfer):
    """A recipient attests that the opened copy was deleted."""

    KIND: ClassVar[str] = "transfer.discarded"
    key: KeyId = wire(key_id)
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class TransferRevoked(AboutTransfer):
    """The sender's side took a transfer back, whole or from one organisation (the statement says which)."""

    KIND: ClassVar[str] = "transfer.revoked"
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class TransferExpired(AboutTransfer):
    """The time of a transfer came: from now on nothing of it is released, and its destruction begins."""

    KIND: ClassVar[str] = "transfer.expired"


@dataclass(frozen=True)
class TransferDestroyed(AboutTransfer):
    """Shares were erased in place, then the sealed parts deleted. Counts and bytes of what was destroyed."""

    KIND: ClassVar[str] = "transfer.destroyed"
    reason: str = wire(one_of("expired", "revoked"))
    shares: int = wire(integer())
    parts: int = wire(integer())
    size: int = wire(integer())


@dataclass(frozen=True)
class Frozen(Record):
    """An officer froze a scope (the statement says which)."""

    KIND: ClassVar[str] = "frozen"
    freeze: FreezeId = wire(freeze_id)
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class LiftProposed(Record):
    """An officer proposed to lift a freeze."""

    KIND: ClassVar[str] = "lift.proposed"
    freeze: FreezeId = wire(freeze_id)
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class Lifted(Record):
    """A second officer confirmed: the freeze no longer holds."""

    KIND: ClassVar[str] = "lifted"
    freeze: FreezeId = wire(freeze_id)
    proposal: bytes = wire(STATEMENT)
    statement: bytes = wire(STATEMENT)


RECORDS: Final[dict[str, type[Record]]] = {
    kind.KIND: kind
    for kind in (
        TransferSealed,
        ShareReleased,
        ReleaseRefused,
        TransferOpened,
        TransferDiscarded,
        TransferRevoked,
        TransferExpired,
        TransferDestroyed,
        Frozen,
        LiftProposed,
        Lifted,
    )
}


def parse_record(raw: bytes) -> Record:
    """Read a record strictly. Raises MalformedError."""
    head, _, body = raw.partition(b"\n")
    kind = head[len(PREFIX) :].decode("ascii", "replace")
    if not head.startswith(PREFIX) or kind not in RECORDS:
        raise MalformedError(what="record", why="of a kind that this version does not know")
    return RECORDS[kind].decode(body)


def commitment(record: bytes, *, salt: bytes) -> Digest:
    """The log entry of a record: SHA-256(salt ‖ record); the salt has 32 bytes."""
    if len(salt) != SALT_SIZE:
        raise MalformedError(what="salt", why=f"not {SALT_SIZE} bytes")
    return Digest(sha256(salt + record).digest())
