"""`Writing`: what an action does to the ledger, inside the transaction that the writer holds open."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from sqlite3 import Connection, IntegrityError
from typing import Any, Final, TypeVar

from sqlalchemy import String, bindparam, delete, func, null, select, update

from scelle.activity.record import commitment
from scelle.base.errors import MalformedError
from scelle.base.ids import KeyId, OrgId, TransferId
from scelle.ports import (
    ACTIVITY,
    DIRECTORY,
    Appended,
    ContactRow,
    FreezeRow,
    LogName,
    MailRow,
    PartRow,
    RecipientRow,
    StateConflictError,
    StoredRecord,
    TransferRow,
)
from scelle.storage import tables
from scelle.storage.reading import SqlReading
from scelle.storage.statements import Prepared, delete_rows, insert_row, update_row, values_of
from scelle.tlog.tiles import MAX_ENTRY

T = TypeVar("T")

_recipients = tables.recipients
_activity = tables.activity

_ADD_DIRECTORY: Final = insert_row(tables.directory)
_ADD_ACTIVITY: Final = insert_row(tables.activity)
_ADD_READER: Final = insert_row(tables.readers, or_ignore=True)
_ADD_STATEMENT: Final = insert_row(tables.statements)
_HAS_STATEMENT: Final = Prepared(
    select(tables.statements.c.index).where(tables.statements.c.digest == bindparam("digest"))
)
_ADD_NONCE: Final = insert_row(tables.nonces, or_ignore=True)
_FORGET_NONCES: Final = Prepared(delete(tables.nonces).where(tables.nonces.c.expires < bindparam("expired_before")))
_ADD_TRANSFER: Final = insert_row(tables.transfers)
_SET_TRANSFER: Final = update_row(tables.transfers)
_ADD_PART: Final = insert_row(tables.parts)
_SET_PART: Final = update_row(tables.parts)
_DROP_PARTS: Final = delete_rows(tables.parts, "transfer")
_ADD_RECIPIENT: Final = insert_row(_recipients)
_SET_RECIPIENT: Final = update_row(_recipients)
_CLEAR_SLOTS: Final = Prepared(
    update(_recipients).values(slot=null()).where(_recipients.c.transfer == bindparam("of_transfer"))
)
_CLEAR_SOME_SLOTS: Final = Prepared(
    update(_recipients)
    .values(slot=null())
    .where(
        _recipients.c.transfer == bindparam("of_transfer"),
        _recipients.c.key.in_(select(func.json_each(bindparam("keys", type_=String)).table_valued("value").c.value)),
    )
)
_DROP_ENVELOPES: Final = Prepared(
    update(_recipients).values(envelope=b"").where(_recipients.c.transfer == bindparam("of_transfer"))
)
_ADD_FREEZE: Final = insert_row(tables.freezes)
_SET_FREEZE: Final = update_row(tables.freezes)
_PUT_CONTACT: Final = insert_row(tables.contacts, replace=True)
_DROP_CONTACT: Final = delete_rows(tables.contacts, "key")
_ADD_MAIL: Final = insert_row(tables.mails)
_SET_MAIL: Final = update_row(tables.mails)
_DROP_MAIL: Final = delete_rows(tables.mails, "number")
_DROP_MAILS: Final = delete_rows(tables.mails, "transfer")
_ERASE_RECORDS: Final = Prepared(
    update(_activity)
    .values(record=null(), salt=null())
    .where(_activity.c.time < bindparam("before"), _activity.c.record.is_not(None))
)

_transfer_values = values_of(TransferRow)
_part_values = values_of(PartRow)
_recipient_values = values_of(RecipientRow)
_freeze_values = values_of(FreezeRow)
_contact_values = values_of(ContactRow)
_mail_values = values_of(MailRow)


@contextmanager
def _conflicts(what: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise StateConflictError(what=what) from None


class SqlWriting(SqlReading):
    """The acts of `scelle.ports.Writing`, for all actions of one transaction.

    `entries`: what the transaction appends to each log, in order; the writer grows the trees with it at the end.
    `sign_again`: whether checkpoints are to be signed even of logs that did not grow.
    """

    def __init__(self, db: Connection, sizes: dict[LogName, int]) -> None:
        super().__init__(db)
        self._sizes = sizes
        self.entries: dict[LogName, list[bytes]] = {log: [] for log in sizes}
        self.sign_again = False
        # records are written many at a time (`flush`): a row costs a third of what it costs on its own
        self._records: list[tuple[tuple[Any, ...], tuple[OrgId, ...]]] = []
        self._flushed = 0

    def ask_for_signatures(self) -> None:
        """Have both checkpoints signed anew at the end of the transaction."""
        self.sign_again = True

    def perform(self, action: Callable[["SqlWriting"], T]) -> T:
        """Run an action in a savepoint: when it raises, nothing that it did is kept."""
        before = [(entries, len(entries)) for entries in self.entries.values()]
        records, flushed = len(self._records), self._flushed
        self._db.execute("SAVEPOINT action")
        try:
            result = action(self)
        except BaseException:
            # a full disk may have ended the whole transaction already: then there is nothing to go back to
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO action")
                self._db.execute("RELEASE action")
            for entries, count in before:
                del entries[count:]
            del self._records[records:]
            self._flushed = flushed  # a flush inside the savepoint took rows of earlier actions along
            raise
        self._db.execute("RELEASE action")
        return result

    def flush(self) -> None:
        """Write the records that are still held back."""
        fresh = self._records[self._flushed :]
        _ADD_ACTIVITY.run_many(self._db, [row for row, _ in fresh])
        _ADD_READER.run_many(self._db, [(name, row[0]) for row, organisations in fresh for name in organisations])
        self._flushed = len(self._records)

    def log_size(self, log: LogName) -> int:
        """Number of entries of a log, with those that this transaction appended."""
        return self._sizes[log] + len(self.entries[log])

    def record(self, index: int) -> StoredRecord | None:
        """The record behind an entry of the activity log."""
        self.flush()
        return super().record(index)

    def records(
        self, *, start: int, limit: int, organisation: OrgId | None, transfers: Sequence[TransferId] | None = None
    ) -> list[StoredRecord]:
        """Records from an index, ascending."""
        self.flush()
        return super().records(start=start, limit=limit, organisation=organisation, transfers=transfers)

    def _bind(self, statements: Sequence[bytes], log: LogName) -> None:
        digests = [sha256(statement).digest() for statement in statements]
        # the first is checked by being inserted; the others before, so that a refusal leaves nothing
        if len(set(digests)) != len(digests) or any(
            _HAS_STATEMENT.run(self._db, digest=digest).fetchone() for digest in digests[1:]
        ):
            raise StateConflictError(what="statement")
        index = self.log_size(log)
        with _conflicts("statement"):
            for digest in digests:
                _ADD_STATEMENT.run_row(self._db, (digest, log, index))

    def append_directory(self, statement: bytes) -> int:
        """Append a statement to the directory log. Raises MalformedError when it is too long for a log entry."""
        if len(statement) > MAX_ENTRY:
            raise MalformedError(what="statement", why=f"longer than {MAX_ENTRY} bytes")
        index = self.log_size(DIRECTORY)
        self._bind([statement], DIRECTORY)
        _ADD_DIRECTORY.run_row(self._db, (index, statement))
        self.entries[DIRECTORY].append(statement)
        return index

    def append_activity(self, entry: Appended, *, statements: Sequence[bytes] = ()) -> int:
        """Append a commitment to the activity log and keep the record."""
        leaf = commitment(entry.record, salt=entry.salt)
        index = self.log_size(ACTIVITY)
        if statements:
            self._bind(statements, ACTIVITY)
        row = (index, entry.kind, entry.time, entry.transfer, entry.record, entry.salt, leaf)
        self._records.append((row, entry.organisations))
        self.entries[ACTIVITY].append(leaf)
        return index

    def spend_nonce(self, key: KeyId, nonce: bytes, *, expires: int) -> bool:
        """Remember a request's nonce; False when it was spent before."""
        return _ADD_NONCE.run_row(self._db, (key, nonce, expires)).rowcount == 1

    def forget_nonces(self, *, expired_before: int) -> None:
        """Forget nonces that expired before a time."""
        _FORGET_NONCES.run(self._db, expired_before=expired_before)

    def _insert(self, statement: Prepared, values: Sequence[Any], what: str) -> None:
        with _conflicts(what):
            statement.run_row(self._db, values)

    def _update(self, statement: Prepared, values: tuple[Any, ...], what: str, *, keys: int = 1) -> None:
        # rows begin with their key, the statement ends with it
        with _conflicts(what):
            changed = statement.run_row(self._db, values[keys:] + values[:keys]).rowcount
        if changed != 1:
            raise StateConflictError(what=what)

    def insert_transfer(self, row: TransferRow) -> None:
        """Add a transfer."""
        self._insert(_ADD_TRANSFER, _transfer_values(row), "transfer")

    def update_transfer(self, row: TransferRow) -> None:
        """Replace every field of a transfer."""
        self._update(_SET_TRANSFER, _transfer_values(row), "transfer")

    def insert_part(self, row: PartRow) -> None:
        """Add a part to a transfer."""
        self._insert(_ADD_PART, _part_values(row), "part")

    def update_part(self, row: PartRow) -> None:
        """Replace every field of a part."""
        self._update(_SET_PART, _part_values(row), "part", keys=2)

    def insert_recipients(self, rows: Sequence[RecipientRow]) -> None:
        """Add recipient keys to transfers."""
        with _conflicts("recipient"):
            _ADD_RECIPIENT.run_many(self._db, [_recipient_values(row) for row in rows])

    def update_recipient(self, row: RecipientRow) -> None:
        """Replace every field of a recipient."""
        self._update(_SET_RECIPIENT, _recipient_values(row), "recipient", keys=2)

    def clear_slots(self, transfer: TransferId, keys: Sequence[KeyId] | None) -> None:
        """Set slot to None for all (or the given) keys of a transfer."""
        if keys is None:
            _CLEAR_SLOTS.run(self._db, of_transfer=transfer)
        else:
            _CLEAR_SOME_SLOTS.run(self._db, of_transfer=transfer, keys=json.dumps(keys))

    def drop_parts(self, transfer: TransferId) -> None:
        """Drop all parts of a transfer."""
        _DROP_PARTS.run(self._db, transfer=transfer)

    def drop_envelopes(self, transfer: TransferId) -> None:
        """Overwrite the envelopes of a transfer with nothing."""
        _DROP_ENVELOPES.run(self._db, of_transfer=transfer)

    def insert_freeze(self, row: FreezeRow) -> None:
        """Add a freeze."""
        self._insert(_ADD_FREEZE, _freeze_values(row), "freeze")

    def update_freeze(self, row: FreezeRow) -> None:
        """Replace every field of a freeze."""
        self._update(_SET_FREEZE, _freeze_values(row), "freeze")

    def put_contact(self, row: ContactRow) -> None:
        """Add or replace a member's contact."""
        self._insert(_PUT_CONTACT, _contact_values(row), "contact")

    def drop_contact(self, key: KeyId) -> None:
        """Erase a member's contact."""
        _DROP_CONTACT.run(self._db, key=key)

    def queue_mail(self, *, kind: str, transfer: TransferId, key: KeyId, due: int) -> None:
        """Add a message to be sent at `due`."""
        self._insert(_ADD_MAIL, (None, kind, transfer, key, due, 0), "transfer")

    def update_mail(self, row: MailRow) -> None:
        """Replace every field of a message."""
        self._update(_SET_MAIL, _mail_values(row), "mail")

    def drop_mail(self, number: int) -> None:
        """Drop a message."""
        _DROP_MAIL.run(self._db, number=number)

    def drop_mails(self, transfer: TransferId) -> None:
        """Drop all messages about a transfer."""
        _DROP_MAILS.run(self._db, transfer=transfer)

    def erase_records(self, *, before: int) -> int:
        """Erase records and salts whose time lies before."""
        self.flush()
        return _ERASE_RECORDS.run(self._db, before=before).rowcount
