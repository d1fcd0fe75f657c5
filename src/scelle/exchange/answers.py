"""Bodies of requests and answers of the HTTP interface (spec/api.md); the API description is made from them."""

from dataclasses import dataclass
from typing import ClassVar

from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.base.wire import (
    Message,
    boolean,
    data,
    desk_id,
    freeze_id,
    integer,
    key_id,
    many,
    nested,
    one_of,
    org_id,
    text,
    transfer_id,
    utf8,
    wire,
)
from scelle.exchange.acts import MAX_RECIPIENTS
from scelle.exchange.statement import MAX_STATEMENT

STATEMENT = utf8(high=MAX_STATEMENT)
NOTE = utf8(high=65536)
HASHES = many(data(32), high=128)


@dataclass(frozen=True)
class ServiceInfo(Message):
    """What the service says about itself; believed only as far as the trust anchor goes."""

    origin: str = wire(text(low=1, high=255))
    version: str = wire(text(high=40))
    time: int = wire(integer())
    max_transfer: int = wire(integer())
    max_expiry: int = wire(integer())
    max_own_expiry: int = wire(integer())
    """Of a transfer to desks of the sender's own organisation only."""
    max_parts: int = wire(integer())
    frozen: bool = wire(boolean)
    """Whether a freeze of the whole service holds."""


@dataclass(frozen=True)
class Proof(Message):
    """An entry's place in a log: inclusion under a checkpoint, consistency with the one the client named."""

    index: int = wire(integer())
    checkpoint: bytes = wire(NOTE)
    inclusion: tuple[bytes, ...] = wire(HASHES)
    consistency: tuple[bytes, ...] = wire(HASHES)


@dataclass(frozen=True)
class Logged(Message):
    """A record with its salt and the proof of its entry."""

    MAX_SIZE: ClassVar[int] = 6 << 20
    record: bytes = wire(data(high=3 << 20))
    salt: bytes = wire(data(32))
    proof: Proof = wire(nested(Proof))


@dataclass(frozen=True)
class Contact(Message):
    """A member's name and address with the salts of their commitments."""

    key: KeyId = wire(key_id)
    name: str = wire(text(low=1, high=120))
    name_salt: bytes = wire(data(32))
    email: str = wire(text(high=254))
    email_salt: bytes = wire(data(32))


@dataclass(frozen=True)
class JoinRequest(Message):
    """Statements that make a member (or an organisation with its first member), and the member's contact."""

    MAX_SIZE: ClassVar[int] = 4 << 20
    statements: tuple[bytes, ...] = wire(many(STATEMENT, low=1, high=4))
    contact: Contact = wire(nested(Contact))


@dataclass(frozen=True)
class DirectoryRequest(Message):
    """Statements to be appended to the directory, all or none."""

    MAX_SIZE: ClassVar[int] = 4 << 20
    statements: tuple[bytes, ...] = wire(many(STATEMENT, low=1, high=16))


@dataclass(frozen=True)
class DirectoryAnswer(Message):
    """Where the statements stand in the directory log."""

    proofs: tuple[Proof, ...] = wire(many(nested(Proof), high=16))


@dataclass(frozen=True)
class Intake(Message):
    """The signed intake key."""

    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class BeginRequest(Message):
    """A transfer is about to be uploaded. `size`: sealed bytes expected, for the quota."""

    transfer: TransferId = wire(transfer_id)
    size: int = wire(integer())


@dataclass(frozen=True)
class CommitRequest(Message):
    """The cover, one envelope per recipient in its order, and the shares sealed to the intake key.

    `shares`: an age file to the intake key; its content is the 32-byte release shares in the cover's order.
    """

    MAX_SIZE: ClassVar[int] = 8 << 20
    cover: bytes = wire(STATEMENT)
    envelopes: tuple[bytes, ...] = wire(many(data(high=16384), low=1, high=MAX_RECIPIENTS))
    shares: bytes = wire(data(high=65536))


@dataclass(frozen=True)
class StatementRequest(Message):
    """One signed statement."""

    MAX_SIZE: ClassVar[int] = 2 << 20
    statement: bytes = wire(STATEMENT)


@dataclass(frozen=True)
class Released(Message):
    """A release share, sealed to the one-use recipient of the statement, with the entry of its release."""

    MAX_SIZE: ClassVar[int] = 6 << 20
    logged: Logged = wire(nested(Logged))
    share: bytes = wire(data(high=16384))


STATES = one_of("open", "sealed", "destroying", "destroyed")


@dataclass(frozen=True)
class RecipientStatus(Message):
    """What became of one recipient key. Times in unix seconds, absent when it did not happen."""

    key: KeyId = wire(key_id)
    member: KeyId = wire(key_id)
    organisation: OrgId = wire(org_id)
    desk: DeskId | None = wire(desk_id, optional=True)
    released: int | None = wire(integer(), optional=True)
    opened: int | None = wire(integer(), optional=True)
    discarded: int | None = wire(integer(), optional=True)
    revoked: int | None = wire(integer(), optional=True)


@dataclass(frozen=True)
class TransferSummary(Message):
    """A line of a list of transfers; `recipients` are those that the asker may know of."""

    transfer: TransferId = wire(transfer_id)
    organisation: OrgId = wire(org_id)
    sender: KeyId = wire(key_id)
    state: str = wire(STATES)
    created: int = wire(integer())
    expires: int = wire(integer())
    size: int = wire(integer())
    frozen: bool = wire(boolean)
    recipients: tuple[RecipientStatus, ...] = wire(many(nested(RecipientStatus), high=MAX_RECIPIENTS))
    reason: str | None = wire(one_of("expired", "revoked", "abandoned"), optional=True)


@dataclass(frozen=True)
class TransferPage(Message):
    """A page of transfers, newest first. `next`: cursor of the page after, absent on the last."""

    MAX_SIZE: ClassVar[int] = 32 << 20
    transfers: tuple[TransferSummary, ...] = wire(many(nested(TransferSummary), high=200))
    next: str | None = wire(text(high=64), optional=True)


@dataclass(frozen=True)
class TransferDetail(Message):
    """A transfer as its sender or a recipient sees it, with its cover, its entry, and the asker's envelope."""

    MAX_SIZE: ClassVar[int] = 16 << 20
    summary: TransferSummary = wire(nested(TransferSummary))
    sealed: Logged = wire(nested(Logged))
    key: KeyId | None = wire(key_id, optional=True)
    """The asker's recipient key."""
    envelope: bytes | None = wire(data(high=16384), optional=True)
    destroyed: Logged | None = wire(nested(Logged), optional=True)


@dataclass(frozen=True)
class RecordEntry(Message):
    """A record at an index of the activity log; record and salt are absent once erased."""

    MAX_SIZE: ClassVar[int] = 6 << 20
    index: int = wire(integer())
    kind: str = wire(text(high=40))
    time: int = wire(integer())
    record: bytes | None = wire(data(high=3 << 20), optional=True)
    salt: bytes | None = wire(data(32), optional=True)


@dataclass(frozen=True)
class RecordPage(Message):
    """Records that the asker may read, ascending. `next`: index to go on from, absent at the end."""

    MAX_SIZE: ClassVar[int] = 64 << 20
    records: tuple[RecordEntry, ...] = wire(many(nested(RecordEntry), high=1000))
    next: int | None = wire(integer(), optional=True)


@dataclass(frozen=True)
class ContactPage(Message):
    """Contacts of the members of one's own organisation."""

    MAX_SIZE: ClassVar[int] = 4 << 20
    contacts: tuple[Contact, ...] = wire(many(nested(Contact), high=10000))


@dataclass(frozen=True)
class InventoryItem(Message):
    """Something that the service holds: its age and date."""

    transfer: TransferId = wire(transfer_id)
    organisation: OrgId = wire(org_id)
    state: str = wire(STATES)
    created: int = wire(integer())
    expires: int = wire(integer())
    size: int = wire(integer())
    parts: int = wire(integer())
    shares: int = wire(integer())
    frozen: bool = wire(boolean)
    overdue: bool = wire(boolean)


@dataclass(frozen=True)
class InventoryPage(Message):
    """Everything held that concerns the asker's organisation (for the host's officers: everything)."""

    MAX_SIZE: ClassVar[int] = 8 << 20
    items: tuple[InventoryItem, ...] = wire(many(nested(InventoryItem), high=500))
    next: str | None = wire(text(high=64), optional=True)


@dataclass(frozen=True)
class FreezeStatus(Message):
    """A freeze and where it stands."""

    freeze: FreezeId = wire(freeze_id)
    scope: str = wire(text(high=20))
    value: str = wire(text(high=80))
    organisation: OrgId = wire(org_id)
    officer: KeyId = wire(key_id)
    time: int = wire(integer())
    state: str = wire(one_of("active", "proposed", "lifted"))
    statement: bytes = wire(STATEMENT)
    proposal: bytes | None = wire(STATEMENT, optional=True)
    proposed: int | None = wire(integer(), optional=True)
    lifted: int | None = wire(integer(), optional=True)


@dataclass(frozen=True)
class FreezeList(Message):
    """The freezes that concern the asker's organisation, newest first."""

    MAX_SIZE: ClassVar[int] = 64 << 20
    freezes: tuple[FreezeStatus, ...] = wire(many(nested(FreezeStatus), high=500))


@dataclass(frozen=True)
class ProblemFact(Message):
    """A named value that the error's sentence mentions."""

    name: str = wire(text(low=1, high=40))
    value: str = wire(text(high=300))


@dataclass(frozen=True)
class Problem(Message):
    """RFC 9457 problem details with a stable code and the facts of the error."""

    type: str = wire(text(high=200))
    title: str = wire(text(high=200))
    status: int = wire(integer(low=400, high=599))
    code: str = wire(text(low=1, high=80))
    facts: tuple[ProblemFact, ...] = wire(many(nested(ProblemFact), high=16))


@dataclass(frozen=True)
class Health(Message):
    """Whether the service works, and whether anything held is overdue. `status` red: a person must look."""

    status: str = wire(one_of("green", "red"))
    time: int = wire(integer())
    overdue: int = wire(integer())
    clock: str = wire(one_of("steady", "departed"))
    sweep: int = wire(integer())
    """When the sweeper last finished a round; 0 before the first."""
