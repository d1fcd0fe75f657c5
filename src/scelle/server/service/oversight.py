"""What is held, what happened, and whether the service is well."""

from collections.abc import Sequence

from scelle.base.ids import TransferId
from scelle.exchange.answers import Health, InventoryItem, InventoryPage, Proof, RecordEntry, RecordPage
from scelle.exchange.errors import RoleMissingError
from scelle.exchange.keys import Role
from scelle.exchange.retention import OVERDUE_AFTER, overdue
from scelle.exchange.transfer import TransferState
from scelle.ports import ACTIVITY, LogName, LogPosition, Reading, StoredRecord, TransferRow
from scelle.server.service.checking import proof_of
from scelle.server.service.core import Asker, Core
from scelle.server.service.views import (
    cursor_after,
    oversees,
    parse_cursor,
    sees_all,
    subject_of,
    view,
)

MAX_INVENTORY = 500
MAX_RECORDS = 1000

SWEEP_LATE = 15 * 60
"""Seconds without a finished round of the sweeper after which health is red."""

_OWN_TRANSFERS = 2000
"""Transfers of one member, newest first, whose records that member reads without naming one."""


class Oversight:
    """Inventory, records, proofs, the logs, health."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._started = core.clock.now()

    def inventory(self, asker: Asker, *, cursor: str | None, limit: int) -> InventoryPage:
        """Everything held that concerns the asker, newest first: for senders what they sent, for those who oversee
        what concerns their organisation, for those of the host everything.

        Raises RoleMissingError, CursorMalformedError.
        """
        core, member, now = self._core, asker.member, self._core.clock.now()
        before, limit = parse_cursor(cursor), max(1, min(limit, MAX_INVENTORY))
        if not oversees(member) and Role.SENDER not in member.roles:
            raise RoleMissingError(role="security-officer / dpo / auditor / administrator / sender")

        def query(reading: Reading) -> tuple[list[TransferRow], list[InventoryItem]]:
            if oversees(member):
                everything = member.organisation == core.directory.service.host
                organisation = None if everything else member.organisation
                rows = reading.held(organisation=organisation, before=before, limit=limit)
            else:
                rows = reading.sent_by(organisation=member.organisation, sender=member.key, before=before, limit=limit)
            held = [row for row in rows if row.state != TransferState.DESTROYED.value]
            return rows, [self._item(reading, row, now) for row in held]

        rows, items = core.ledger.read(query)
        following = cursor_after(rows[-1]) if len(rows) == limit else None
        return InventoryPage(items=tuple(items), next=following)

    def _item(self, reading: Reading, row: TransferRow, now: int) -> InventoryItem:
        recipients = reading.recipients(row.transfer)
        return InventoryItem(
            transfer=row.transfer,
            organisation=row.organisation,
            state=row.state,
            created=row.created,
            expires=row.expires,
            size=row.size,
            parts=len(reading.parts(row.transfer)),
            shares=sum(each.slot is not None for each in recipients),
            frozen=bool(self._core.freezes.matching(subject_of(row, recipients))),
            overdue=overdue(row.expires, now=now),
        )

    def records(self, asker: Asker, *, start: int, limit: int, transfer: TransferId | None) -> RecordPage:
        """Records that the asker may read, ascending from index `start`.

        Those who oversee read all that concern their organisation, auditors of the host everything, others those of
        transfers that they sent or are addressed by. Raises TransferNotFoundError for a transfer that is not theirs.
        """
        core, member = self._core, asker.member
        limit = max(1, min(limit, MAX_RECORDS))
        organisation = None if sees_all(core, member) else member.organisation

        def query(reading: Reading) -> list[StoredRecord]:
            transfers: Sequence[TransferId] | None = None
            if transfer is not None:
                view(core, reading, asker, transfer)
                transfers = [transfer]
            elif not oversees(member):
                sent = reading.sent_by(
                    organisation=member.organisation, sender=member.key, before=None, limit=_OWN_TRANSFERS
                )
                got = reading.addressed_to(member=member.key, before=None, limit=_OWN_TRANSFERS)
                transfers = [row.transfer for row in (*sent, *got)]
            return reading.records(start=start, limit=limit, organisation=organisation, transfers=transfers)

        rows = core.ledger.read(query)
        entries = tuple(
            RecordEntry(index=row.index, kind=row.kind, time=row.time, record=row.record, salt=row.salt) for row in rows
        )
        return RecordPage(records=entries, next=rows[-1].index + 1 if len(rows) == limit else None)

    def proof(self, asker: Asker, log: LogName, index: int) -> Proof:
        """The place of an entry. Raises InclusionProofWrongError, LogInconsistentError."""
        since = asker.since if log == ACTIVITY else 0
        return proof_of(self._core.ledger.prove(LogPosition(log, index), since=since))

    def health(self) -> Health:
        """Red when something is overdue, the clock departs, or the sweeper has not finished a round for long."""
        core, now = self._core, self._core.clock.now()
        late = core.ledger.read(lambda reading: reading.overdue(expired_before=now - OVERDUE_AFTER))
        departed = core.clockguard.departure() > 0
        stalled = now - max(core.swept, self._started) > SWEEP_LATE
        return Health(
            status="red" if late or departed or stalled else "green",
            time=now,
            overdue=late,
            clock="departed" if departed else "steady",
            sweep=core.swept,
        )

    def checkpoint(self, log: LogName) -> bytes:
        """The newest signed checkpoint."""
        return self._core.ledger.checkpoint(log)

    def tile(self, log: LogName, level: int, index: int, width: int) -> bytes | None:
        """A tile (level -1: entry bundle), or None when the log is too small."""
        return self._core.ledger.tile(log, level, index, width)
