"""Promises between the core and its adapters, as Protocols. A docstring here is what an adapter must keep."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from scelle.base.errors import CallerError, Exit, PeerError, RoadError
from scelle.base.ids import DeskId, Digest, FreezeId, KeyId, OrgId, ReleaseShare, TransferId

# --- Errors that promises name: the core catches them without knowing an adapter ----------------------------


class StateConflictError(CallerError):
    """A row or statement is there already, or one that should be there is not. Facts: `what`."""

    code = "state.conflict"
    exit_status = Exit.STATE
    http_status = 409


class StorageFaultError(RoadError):
    """The storage failed; nothing of the act was kept. Facts: `what`, `why`."""

    code = "storage.fault"
    exit_status = Exit.STORAGE
    http_status = 503


class DiskFullError(RoadError):
    """No room is left on the storage; nothing of the act was kept. Facts: `what`."""

    code = "storage.full"
    exit_status = Exit.DISK_FULL
    http_status = 507


class MailRefusedError(PeerError):
    """The mail system refused a message for good: sending it again will not help. Facts: `status`."""

    code = "mail.refused"
    exit_status = Exit.NETWORK
    http_status = 502


class MailDelayedError(RoadError):
    """The mail system could not take a message now: try again later. Facts: `why`."""

    code = "mail.delayed"
    exit_status = Exit.NETWORK
    http_status = 503


# --- Ledger -----------------------------------------------------------------------------------------------

T = TypeVar("T")

DIRECTORY: Final = "directory"
ACTIVITY: Final = "activity"
LogName: TypeAlias = Literal["directory", "activity"]


@dataclass(frozen=True, slots=True)
class Appended:
    """One entry to be appended to the activity log: the 32-byte commitment and what stands behind it."""

    record: bytes
    salt: bytes
    kind: str
    time: int
    transfer: TransferId | None
    organisations: tuple[OrgId, ...]
    """The organisations that may read the record."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as kept: `record` and `salt` are None once erased (the tree keeps the commitment)."""

    index: int
    kind: str
    time: int
    transfer: TransferId | None
    record: bytes | None
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where an entry stands: `index` from 0 in the log `log`."""

    log: LogName
    index: int


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that an entry is under a checkpoint, and that the checkpoint extends an earlier one.

    `checkpoint`: the signed note. `inclusion`, `consistency`: 32-byte hashes in the order of RFC 9162; consistency
    is empty when it was not asked for, or when the earlier size is 0 or the checkpoint's own.
    """

    index: int
    checkpoint: bytes
    inclusion: tuple[bytes, ...]
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of a transfer under upload or held."""

    transfer: TransferId
    number: int
    """0 is the manifest, files from 1."""
    length: int | None
    """Total sealed length, None until the client declares it."""


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient key of a transfer. Times are unix seconds, None when it did not happen."""

    transfer: TransferId
    key: KeyId
    member: KeyId
    organisation: OrgId
    desk: DeskId | None
    slot: int | None
    """Slot of the release share; None once erased."""
    envelope: bytes
    commitment: bytes
    released: int | None = None
    opened: int | None = None
    discarded: int | None = None
    revoked: int | None = None


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer. `state`: open, sealed, destroying, destroyed. Sizes in bytes."""

    transfer: TransferId
    organisation: OrgId
    sender: KeyId
    state: str
    created: int
    expires: int
    size: int
    cover: bytes | None
    """The signed cover; None while open and for abandoned uploads."""
    sealed: int | None = None
    sealed_index: int | None = None
    reason: str | None = None
    """Why it is or was destroyed: expired, revoked, abandoned."""
    destroyed: int | None = None
    destroyed_index: int | None = None


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """A freeze. `state`: active, proposed (to be lifted, still in force), lifted.

    `position`: directory size when it was set. `index`, `proposal_index`: entries of the freeze and of the proposal
    in the activity log, which order what happened even when the clock stepped back.
    """

    freeze: FreezeId
    kind: str
    value: str
    organisation: OrgId
    officer: KeyId
    position: int
    time: int
    state: str
    statement: bytes
    index: int | None
    proposal: bytes | None = None
    proposer: KeyId | None = None
    proposed: int | None = None
    lifted: int | None = None
    proposal_index: int | None = None


@dataclass(frozen=True, slots=True)
class ContactRow:
    """Name and e-mail address of a member with the salts of their commitments: outside the log, erasable."""

    key: KeyId
    organisation: OrgId
    name: str
    name_salt: bytes
    email: str
    email_salt: bytes


@dataclass(frozen=True, slots=True)
class MailRow:
    """A message to be sent. `kind`: arrived, unopened, expiring. It names a transfer by its id only."""

    number: int
    kind: str
    transfer: TransferId
    key: KeyId
    """Signing key of the member it goes to."""
    due: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What an organisation holds as a sender: transfers not yet destroyed, and their bytes."""

    transfers: int
    size: int


class Reading(Protocol):
    """A consistent view of the ledger. Methods that return one row return None when there is none."""

    def directory_entries(self, start: int, stop: int) -> list[bytes]:
        """Statements of the directory log from index `start` up to, not including, `stop` (as far as there are)."""
        ...

    def log_size(self, log: LogName) -> int:
        """Number of entries of a log."""
        ...

    def position_of(self, statement: bytes) -> LogPosition | None:
        """Where the entry that a statement (by its SHA-256) produced stands: the base of retries."""
        ...

    def record(self, index: int) -> StoredRecord | None:
        """The record behind entry `index` of the activity log."""
        ...

    def records(
        self, *, start: int, limit: int, organisation: OrgId | None, transfers: Sequence[TransferId] | None = None
    ) -> list[StoredRecord]:
        """Records from index `start`, ascending, at most `limit`; None for `organisation` means all.

        With `transfers`, only records about one of those.
        """
        ...

    def transfer(self, transfer: TransferId) -> TransferRow | None:
        """One transfer."""
        ...

    def parts(self, transfer: TransferId) -> list[PartRow]:
        """Parts of a transfer, by number."""
        ...

    def recipients(self, transfer: TransferId) -> list[RecipientRow]:
        """Recipient keys of a transfer, in the order in which they were inserted."""
        ...

    def recipient(self, transfer: TransferId, key: KeyId) -> RecipientRow | None:
        """One recipient key of a transfer."""
        ...

    def sent_by(
        self, *, organisation: OrgId, sender: KeyId | None, before: tuple[int, str] | None, limit: int
    ) -> list[TransferRow]:
        """Transfers sent, newest first (by created, then id), strictly before the cursor."""
        ...

    def addressed_to(self, *, member: KeyId, before: tuple[int, str] | None, limit: int) -> list[TransferRow]:
        """Sealed or later transfers that list a key of the member, newest first, strictly before the cursor."""
        ...

    def held(self, *, organisation: OrgId | None, before: tuple[int, str] | None, limit: int) -> list[TransferRow]:
        """Transfers not destroyed, sent by or addressed to the organisation (None: all), newest first."""
        ...

    def usage(self, organisation: OrgId) -> Usage:
        """What an organisation holds as a sender."""
        ...

    def due(self, *, now: int, created_before: int, limit: int) -> list[TransferRow]:
        """What the sweeper must destroy: sealed with expires ≤ now, destroying, and open created before a time.

        Those whose expiry lies furthest back come first.
        """
        ...

    def overdue(self, *, expired_before: int) -> int:
        """How many transfers not destroyed expired before a time."""
        ...

    def freeze(self, freeze: FreezeId) -> FreezeRow | None:
        """One freeze."""
        ...

    def freezes(self, *, active_only: bool) -> list[FreezeRow]:
        """Freezes by their entries in the log, the newest last; with `active_only`, only those in force.

        In force are active and proposed ones.
        """
        ...

    def contacts(self, organisation: OrgId) -> list[ContactRow]:
        """Contacts of an organisation's members, by key."""
        ...

    def contact(self, key: KeyId) -> ContactRow | None:
        """One member's contact."""
        ...

    def mails_due(self, *, now: int, limit: int) -> list[MailRow]:
        """Messages with due ≤ now, the longest due first."""
        ...

    def slots(self) -> Iterator[tuple[int, TransferId, KeyId]]:
        """Every slot that a recipient row refers to: the rest of the slot file is orphaned.

        To be used up inside the query.
        """
        ...


class Writing(Reading, Protocol):
    """A transaction of the one writer. What an action did is undone when it raises; nothing else is.

    It reads what it wrote, and what the actions before it in the same transaction wrote. Inserting a row that is
    there, and updating or dropping one that is not (as far as no other rule is given), raises StateConflictError.
    """

    def append_directory(self, statement: bytes) -> int:
        """Append a statement to the directory log; returns its index. Raises StateConflictError when it is there."""
        ...

    def append_activity(self, entry: Appended, *, statements: Sequence[bytes] = ()) -> int:
        """Append a commitment to the activity log and keep the record; returns its index.

        `statements` are bound to the entry, so that `position_of` finds it again: each only once, ever
        (StateConflictError).
        """
        ...

    def spend_nonce(self, key: KeyId, nonce: bytes, *, expires: int) -> bool:
        """Remember a request's nonce until `expires`; False when it was spent before."""
        ...

    def forget_nonces(self, *, expired_before: int) -> None:
        """Forget nonces that expired before a time."""
        ...

    def insert_transfer(self, row: TransferRow) -> None:
        """Add a transfer."""
        ...

    def update_transfer(self, row: TransferRow) -> None:
        """Replace every field of a transfer."""
        ...

    def insert_part(self, row: PartRow) -> None:
        """Add a part to a transfer."""
        ...

    def update_part(self, row: PartRow) -> None:
        """Replace every field of a part."""
        ...

    def insert_recipients(self, rows: Sequence[RecipientRow]) -> None:
        """Add recipient keys to transfers."""
        ...

    def update_recipient(self, row: RecipientRow) -> None:
        """Replace every field of a recipient."""
        ...

    def clear_slots(self, transfer: TransferId, keys: Sequence[KeyId] | None) -> None:
        """Set slot to None for all (or the given) keys of a transfer: their shares have been erased."""
        ...

    def drop_parts(self, transfer: TransferId) -> None:
        """Drop all parts of a transfer, if any."""
        ...

    def drop_envelopes(self, transfer: TransferId) -> None:
        """Overwrite the envelopes of a destroyed transfer with nothing."""
        ...

    def insert_freeze(self, row: FreezeRow) -> None:
        """Add a freeze."""
        ...

    def update_freeze(self, row: FreezeRow) -> None:
        """Replace every field of a freeze."""
        ...

    def put_contact(self, row: ContactRow) -> None:
        """Add or replace a member's contact."""
        ...

    def drop_contact(self, key: KeyId) -> None:
        """Erase a member's contact, if there is one."""
        ...

    def queue_mail(self, *, kind: str, transfer: TransferId, key: KeyId, due: int) -> None:
        """Add a message to be sent at `due`."""
        ...

    def update_mail(self, row: MailRow) -> None:
        """Replace every field of a message."""
        ...

    def drop_mail(self, number: int) -> None:
        """Drop a message, if it is there."""
        ...

    def drop_mails(self, transfer: TransferId) -> None:
        """Drop all messages about a transfer, if any."""
        ...

    def erase_records(self, *, before: int) -> int:
        """Erase records and salts whose time lies before; the tree keeps their commitments. Returns how many."""
        ...


class Ledger(Protocol):
    """The service's state and its two logs, behind one writer.

    Many actions share one transaction (group commit); each runs in a savepoint of its own. The log entries that a
    transaction appends, its tiles and the new signed checkpoint are committed with it.
    """

    def submit(
        self, action: Callable[[Writing], T], *, alone: bool = False, then: Callable[[T], None] | None = None
    ) -> "Future[T]":
        """Run an action in the writer's next transaction; the future resolves once it is durable.

        The future raises what the action raised (then nothing of it is kept), or StorageFaultError or
        DiskFullError when the transaction could not be committed. A future cancelled before its action began
        drops the action. `alone`: no other action shares the transaction. `then` runs in the writer's thread
        with the result, after the commit and before the next transaction, for caches that must not lag: it must
        be short and must not raise. Raises StorageFaultError once closed.
        """
        ...

    def read(self, query: Callable[[Reading], T]) -> T:
        """Run a query on a consistent snapshot, from any thread. Sees every transaction committed before.

        Not from inside an action, which has its own view.
        """
        ...

    def checkpoint(self, log: LogName) -> bytes:
        """The newest signed checkpoint (a note)."""
        ...

    def refresh(self) -> None:
        """Sign both checkpoints anew, so that their cosignatures stay fresh: wanted at least every ten minutes.

        Returns once they are durable. Raises StorageFaultError or DiskFullError; the checkpoints before stay.
        """
        ...

    def prove(self, position: LogPosition, *, since: int = 0) -> Inclusion:
        """Prove an entry under the newest checkpoint; consistency from size `since` when it is not 0.

        Raises InclusionProofWrongError for an entry that is not there, LogInconsistentError for a size not reached.
        """
        ...

    def tile(self, log: LogName, level: int, index: int, width: int) -> bytes | None:
        """The hash tile as bytes (32 × width), or None when the log is too small. Level -1 is the entry bundle.

        `width`: 1 to 256 hashes or entries; a bundle has each entry behind its length in two bytes (tlog-tiles).
        """
        ...

    def scrub(self) -> bool:
        """Take what was deleted out of the ledger's journal too; False when a reader stood in the way (try again)."""
        ...

    def close(self) -> None:
        """Finish what was submitted, then close. May be called twice."""
        ...


# --- Mailer -----------------------------------------------------------------------------------------------


class Mailer(Protocol):
    """Hands messages to a mail system."""

    async def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Returns once the next system has accepted the message.

        Raises MailRefusedError (for good) or MailDelayedError. `message_id` is without angle brackets.
        """
        ...


# --- Release shares ---------------------------------------------------------------------------------------

SlotOwner: TypeAlias = Digest
"""Whose share a slot holds: 32 opaque bytes (`scelle.exchange.sealing.slot_owner`), never all zero."""


class ShareGoneError(CallerError):
    """A release share is not held, or no longer: it was erased, or never stored. Facts: `slot`."""

    code = "share.gone"
    exit_status = Exit.EXPIRED
    http_status = 410


class ShareKeeper(Protocol):
    """Holds release shares in slots, and can truly erase them. Methods may be called from any thread.

    Every method may raise StorageFaultError.
    """

    def put(self, shares: Sequence[tuple[SlotOwner, ReleaseShare]]) -> list[int]:
        """Store shares, durable once it returns; one slot number each, in the same order.

        All or nothing: when it raises (also DiskFullError) none is held, though after a crash `held` may show orphans.
        It does not look for an owner that is there already: storing twice takes two slots. Raises MalformedError for
        an owner or a share that is not 32 bytes.
        """
        ...

    def get(self, slot: int, owner: SlotOwner) -> ReleaseShare:
        """The share that a slot holds for an owner. Raises ShareGoneError for anything else."""
        ...

    def erase(self, slots: Sequence[tuple[int, SlotOwner]]) -> None:
        """Overwrite the shares that these slots hold for these owners, durable once it returns.

        May be called twice: a slot that is free, or has another owner by now, is left alone. When it raises it
        must be called again.
        """
        ...

    def held(self) -> Iterator[tuple[int, SlotOwner]]:
        """Every slot in use with its owner, ascending, so that orphans can be erased.

        What is put or erased meanwhile may or may not show. A share whose transaction is still under way looks
        like an orphan: sweep before the service serves, or only what has looked like one for long enough.
        """
        ...

    def count(self) -> int:
        """Number of slots in use."""
        ...

    def close(self) -> None:
        """Let go of the storage. May be called twice."""
        ...


# --- Sealed parts -----------------------------------------------------------------------------------------


class BlobUnknownError(CallerError):
    """There is no object of that name. Facts: `name`."""

    code = "blob.unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class BlobOffsetError(CallerError):
    """An offset does not fit an object's length. Facts: `name`, `offset` (asked), `size` (the length), in bytes."""

    code = "blob.offset"
    exit_status = Exit.STATE
    http_status = 409


class BlobReader(Protocol):
    """An object opened for reading. It may go on after the object was deleted. Any thread, any order of offsets."""

    @property
    def size(self) -> int:
        """Length in bytes when it was opened."""
        ...

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the buffer from `offset`; the number of bytes is less than its length only at the end.

        Raises StorageFaultError, also when closed.
        """
        ...

    def close(self) -> None:
        """May be called twice; not while another thread reads."""
        ...


class BlobStore(Protocol):
    """Sealed parts as append-only objects, resumable at any byte. Methods may be called from any thread.

    Names are 1 to 120 of `a-z`, `0-9`, `-`, with single inner slashes; any other raises MalformedError. Every method
    may raise StorageFaultError; all but `begin`, `delete` and `names` raise BlobUnknownError.
    """

    def begin(self, name: str) -> None:
        """Make an empty object; that it exists is durable once it returns.

        May be called twice: what an object has already stays. Raises DiskFullError.
        """
        ...

    def append(self, name: str, offset: int, data: memoryview) -> None:
        """Add bytes at the end; `offset` must be the length (BlobOffsetError). Readable at once, durable after `sync`.

        Raises DiskFullError. After an error, `size` says what is there: as a rule what was there before.
        """
        ...

    def size(self, name: str) -> int:
        """Length in bytes, counting what is not durable yet."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut the end off. Raises BlobOffsetError when the object is shorter than `size`."""
        ...

    def sync(self, name: str) -> None:
        """Everything appended before, and the length, is durable once it returns. Raises DiskFullError."""
        ...

    def read(self, name: str, start: int, length: int) -> Iterator[memoryview]:
        """A range in buffers of at most 1 MiB, each good until the next is asked for.

        Errors come with the first buffer: BlobOffsetError when the object ends before the range does.
        """
        ...

    def open_read(self, name: str) -> BlobReader:
        """Open an object for reading; the caller closes it."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object, durable once it returns. May be called twice. When it raises it must be called again."""
        ...

    def names(self) -> Iterator[str]:
        """Names of all objects, in no order. What begins or is deleted meanwhile may or may not show."""
        ...
