"""`Reading` over one SQLite connection: whoever holds the connection decides about the transaction around it."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from sqlite3 import Connection
from typing import Any, Final

from sqlalchemy import Integer, Select, String, and_, bindparam, func, literal_column, or_, select, tuple_

from scelle.base.ids import FreezeId, KeyId, OrgId, TransferId
from scelle.ports import (
    DIRECTORY,
    ContactRow,
    FreezeRow,
    LogName,
    LogPosition,
    MailRow,
    PartRow,
    RecipientRow,
    StoredRecord,
    TransferRow,
    Usage,
)
from scelle.storage.errors import StorageCorruptError
from scelle.storage.statements import Prepared
from scelle.storage.tables import (
    activity,
    contacts,
    directory,
    freezes,
    heads,
    mails,
    not_destroyed,
    parts,
    readers,
    recipients,
    statements,
    transfers,
)

_FIRST: Final = (2**63 - 1, "~")
"""The cursor that stands before every transfer, newest first."""


def _given(table_column: Any) -> Any:
    return table_column == bindparam(table_column.name)


def _one_of(column: Any, name: str) -> Any:
    # a JSON list as one parameter keeps the statement the same for every number of values
    return column.in_(select(func.json_each(bindparam(name, type_=String)).table_valued("value").c.value))


def _newest_first(*conditions: Any) -> Prepared:
    place = tuple_(transfers.c.created, transfers.c.transfer)
    cursor = tuple_(bindparam("before_time", type_=Integer), bindparam("before_id", type_=String))
    statement = select(transfers).where(*conditions, place < cursor)
    statement = statement.order_by(transfers.c.created.desc(), transfers.c.transfer.desc())
    return Prepared(statement.limit(bindparam("limit", type_=Integer)))


def _records(*, of_organisation: bool, of_transfers: bool) -> Prepared:
    a = activity.c
    statement: Select[Any] = select(a.index, a.kind, a.time, a.transfer, a.record, a.salt)
    if of_organisation:
        statement = statement.join(readers, and_(readers.c.index == a.index, _given(readers.c.organisation)))
    if of_transfers:
        statement = statement.where(_one_of(a.transfer, "transfers"))
    statement = statement.where(a.index >= bindparam("start")).order_by(a.index)
    return Prepared(statement.limit(bindparam("limit", type_=Integer)))


_DIRECTORY = Prepared(
    select(directory.c.statement)
    .where(directory.c.index >= bindparam("start"), directory.c.index < bindparam("stop"))
    .order_by(directory.c.index)
)
_COMMITMENTS = Prepared(
    select(activity.c.commitment)
    .where(activity.c.index >= bindparam("start"), activity.c.index < bindparam("stop"))
    .order_by(activity.c.index)
)
_LOG_SIZE = Prepared(select(heads.c.size).where(_given(heads.c.log)))
_POSITION = Prepared(select(statements.c.log, statements.c.index).where(_given(statements.c.digest)))
_RECORD = Prepared(select(*list(activity.c)[:6]).where(_given(activity.c.index)))
_RECORDS = {
    (organisation, about): _records(of_organisation=organisation, of_transfers=about)
    for organisation in (False, True)
    for about in (False, True)
}
_TRANSFER = Prepared(select(transfers).where(_given(transfers.c.transfer)))
_PARTS = Prepared(select(parts).where(_given(parts.c.transfer)).order_by(parts.c.number))
_RECIPIENTS = Prepared(select(recipients).where(_given(recipients.c.transfer)).order_by(literal_column("rowid")))
_RECIPIENT = Prepared(select(recipients).where(_given(recipients.c.transfer), _given(recipients.c.key)))
_SENT = _newest_first(_given(transfers.c.organisation))
_SENT_BY_ONE = _newest_first(_given(transfers.c.organisation), _given(transfers.c.sender))
_ADDRESSED = _newest_first(
    transfers.c.transfer.in_(select(recipients.c.transfer).where(_given(recipients.c.member))),
    transfers.c.sealed.is_not(None),
)
_HELD = _newest_first(not_destroyed)
_HELD_FOR = _newest_first(
    not_destroyed,
    or_(
        _given(transfers.c.organisation),
        transfers.c.transfer.in_(select(recipients.c.transfer).where(_given(recipients.c.organisation))),
    ),
)
_USAGE = Prepared(
    select(func.count(), func.coalesce(func.sum(transfers.c.size), 0)).where(
        _given(transfers.c.organisation), not_destroyed
    )
)
_DUE = Prepared(
    select(transfers)
    .where(
        not_destroyed,
        or_(
            and_(transfers.c.state == "sealed", transfers.c.expires <= bindparam("now")),
            transfers.c.state == "destroying",
            and_(transfers.c.state == "open", transfers.c.created < bindparam("created_before")),
        ),
    )
    .order_by(transfers.c.expires, transfers.c.transfer)
    .limit(bindparam("limit", type_=Integer))
)
_OVERDUE = Prepared(select(func.count()).where(not_destroyed, transfers.c.expires < bindparam("expired_before")))
_FREEZE = Prepared(select(freezes).where(_given(freezes.c.freeze)))
_FREEZE_ORDER = (freezes.c.index, freezes.c.freeze)
_FREEZES = Prepared(select(freezes).order_by(*_FREEZE_ORDER))
_FREEZES_IN_FORCE = Prepared(select(freezes).where(freezes.c.state != "lifted").order_by(*_FREEZE_ORDER))
_CONTACTS = Prepared(select(contacts).where(_given(contacts.c.organisation)).order_by(contacts.c.key))
_CONTACT = Prepared(select(contacts).where(_given(contacts.c.key)))
_MAILS_DUE = Prepared(
    select(mails)
    .where(mails.c.due <= bindparam("now"))
    .order_by(mails.c.due, mails.c.number)
    .limit(bindparam("limit", type_=Integer))
)
_SLOTS = Prepared(
    select(recipients.c.slot, recipients.c.transfer, recipients.c.key).where(recipients.c.slot.is_not(None))
)


def log_entries(db: Connection, log: LogName, start: int, stop: int) -> list[bytes]:
    """Entries of a log from index `start` up to, not including, `stop`."""
    statement = _DIRECTORY if log == DIRECTORY else _COMMITMENTS
    return [entry for (entry,) in statement.run(db, start=start, stop=stop)]


class SqlReading:
    """The queries of `scelle.ports.Reading`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def directory_entries(self, start: int, stop: int) -> list[bytes]:
        """Statements of the directory log."""
        return log_entries(self._db, DIRECTORY, start, stop)

    def log_size(self, log: LogName) -> int:
        """Number of entries of a log."""
        row = _LOG_SIZE.run(self._db, log=log).fetchone()
        if row is None:
            raise StorageCorruptError(what=f"{log} log", why="no checkpoint")
        return int(row[0])

    def position_of(self, statement: bytes) -> LogPosition | None:
        """Where the entry that a statement produced stands."""
        row = _POSITION.run(self._db, digest=sha256(statement).digest()).fetchone()
        return LogPosition(*row) if row else None

    def record(self, index: int) -> StoredRecord | None:
        """The record behind an entry of the activity log."""
        row = _RECORD.run(self._db, index=index).fetchone()
        return StoredRecord(*row) if row else None

    def records(
        self, *, start: int, limit: int, organisation: OrgId | None, transfers: Sequence[TransferId] | None = None
    ) -> list[StoredRecord]:
        """Records from an index, ascending."""
        statement = _RECORDS[organisation is not None, transfers is not None]
        values: dict[str, Any] = {"start": start, "limit": limit}
        if organisation is not None:
            values["organisation"] = organisation
        if transfers is not None:
            values["transfers"] = json.dumps(transfers)
        return [StoredRecord(*row) for row in statement.run(self._db, **values)]

    def transfer(self, transfer: TransferId) -> TransferRow | None:
        """One transfer."""
        row = _TRANSFER.run(self._db, transfer=transfer).fetchone()
        return TransferRow(*row) if row else None

    def parts(self, transfer: TransferId) -> list[PartRow]:
        """Parts of a transfer, by number."""
        return [PartRow(*row) for row in _PARTS.run(self._db, transfer=transfer)]

    def recipients(self, transfer: TransferId) -> list[RecipientRow]:
        """Recipient keys of a transfer."""
        return [RecipientRow(*row) for row in _RECIPIENTS.run(self._db, transfer=transfer)]

    def recipient(self, transfer: TransferId, key: KeyId) -> RecipientRow | None:
        """One recipient key of a transfer."""
        row = _RECIPIENT.run(self._db, transfer=transfer, key=key).fetchone()
        return RecipientRow(*row) if row else None

    def _newest(
        self, statement: Prepared, before: tuple[int, str] | None, limit: int, **values: str
    ) -> list[TransferRow]:
        time, transfer = before or _FIRST
        found = statement.run(self._db, before_time=time, before_id=transfer, limit=limit, **values)
        return [TransferRow(*row) for row in found]

    def sent_by(
        self, *, organisation: OrgId, sender: KeyId | None, before: tuple[int, str] | None, limit: int
    ) -> list[TransferRow]:
        """Transfers sent, newest first."""
        if sender is None:
            return self._newest(_SENT, before, limit, organisation=organisation)
        return self._newest(_SENT_BY_ONE, before, limit, organisation=organisation, sender=sender)

    def addressed_to(self, *, member: KeyId, before: tuple[int, str] | None, limit: int) -> list[TransferRow]:
        """Transfers that list a key of the member, newest first."""
        return self._newest(_ADDRESSED, before, limit, member=member)

    def held(self, *, organisation: OrgId | None, before: tuple[int, str] | None, limit: int) -> list[TransferRow]:
        """Transfers not destroyed that concern an organisation, newest first."""
        if organisation is None:
            return self._newest(_HELD, before, limit)
        return self._newest(_HELD_FOR, before, limit, organisation=organisation)

    def usage(self, organisation: OrgId) -> Usage:
        """What an organisation holds as a sender."""
        return Usage(*_USAGE.run(self._db, organisation=organisation).fetchone())

    def due(self, *, now: int, created_before: int, limit: int) -> list[TransferRow]:
        """What the sweeper must destroy."""
        found = _DUE.run(self._db, now=now, created_before=created_before, limit=limit)
        return [TransferRow(*row) for row in found]

    def overdue(self, *, expired_before: int) -> int:
        """How many transfers not destroyed expired before a time."""
        return int(_OVERDUE.run(self._db, expired_before=expired_before).fetchone()[0])

    def freeze(self, freeze: FreezeId) -> FreezeRow | None:
        """One freeze."""
        row = _FREEZE.run(self._db, freeze=freeze).fetchone()
        return FreezeRow(*row) if row else None

    def freezes(self, *, active_only: bool) -> list[FreezeRow]:
        """Freezes by their log entries."""
        statement = _FREEZES_IN_FORCE if active_only else _FREEZES
        return [FreezeRow(*row) for row in statement.run(self._db)]

    def contacts(self, organisation: OrgId) -> list[ContactRow]:
        """Contacts of an organisation's members."""
        return [ContactRow(*row) for row in _CONTACTS.run(self._db, organisation=organisation)]

    def contact(self, key: KeyId) -> ContactRow | None:
        """One member's contact."""
        row = _CONTACT.run(self._db, key=key).fetchone()
        return ContactRow(*row) if row else None

    def mails_due(self, *, now: int, limit: int) -> list[MailRow]:
        """Messages due, the longest due first."""
        return [MailRow(*row) for row in _MAILS_DUE.run(self._db, now=now, limit=limit)]

    def slots(self) -> Iterator[tuple[int, TransferId, KeyId]]:
        """Every slot that a recipient row refers to."""
        yield from _SLOTS.run(self._db)
