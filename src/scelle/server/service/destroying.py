"""Destroying: shares first, then sealed parts, then the entry that says so (protocol §3, Release shares).

The ledger's state `destroying` is the durable intent. Every step after it may be cut off and repeated: a slot is
erased only while it has the owner that the ledger remembers, parts are deleted by name, and the last transaction
writes the entry and `destroyed` together.
"""

from dataclasses import replace

from scelle.activity.record import TransferDestroyed, TransferExpired
from scelle.base.ids import TransferId
from scelle.exchange.transfer import REASONS, DestroyReason, TransferEvent, TransferState, step
from scelle.ports import Reading, TransferRow, Writing
from scelle.server.service.checking import enter
from scelle.server.service.core import Core
from scelle.server.service.events import Event
from scelle.server.service.uploads import blob_name
from scelle.server.service.views import parties


def begin_destroying(tx: Writing, row: TransferRow, event: TransferEvent) -> TransferRow:
    """Write the intent. Raises TransferStateError when the state does not allow it."""
    state = step(TransferState(row.state), event)
    doomed = replace(row, state=state.value, reason=REASONS[event].value)
    tx.update_transfer(doomed)
    return doomed


def due_event(row: TransferRow) -> TransferEvent | None:
    """What becomes of a transfer that the ledger lists as due; None when its end has begun already."""
    return {
        TransferState.OPEN.value: TransferEvent.ABANDON,
        TransferState.SEALED.value: TransferEvent.EXPIRE,
    }.get(row.state)


class Destroyer:
    """Carries intents out. Has no state of its own; several may work at the same transfer at once."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def expire(self, transfer: TransferId, *, created_before: int) -> None:
        """Write the intent for a transfer whose time has come: sealed and expired, or open and too old."""
        core, now = self._core, self._core.clock.now()

        def action(tx: Writing) -> None:
            row = tx.transfer(transfer)
            event = None if row is None else due_event(row)
            if row is None or event is None:
                return
            late = row.expires <= now if event is TransferEvent.EXPIRE else row.created < created_before
            if not late:
                return
            begin_destroying(tx, row, event)
            if event is TransferEvent.EXPIRE:
                record = TransferExpired(time=now, transfer=transfer)
                enter(core, tx, record, organisations=parties(row, tx.recipients(transfer)), transfer=transfer)

        core.ledger.submit(action).result()

    def finish(self, transfer: TransferId) -> None:
        """Carry the intent out, from wherever it was cut off. Does nothing for a transfer without one."""
        core = self._core
        row, numbers = core.ledger.read(lambda reading: (reading.transfer(transfer), _numbers(reading, transfer)))
        if row is None or row.state != TransferState.DESTROYING.value:
            return
        core.uploads.close(transfer)
        core.downloads.stop(transfer)
        core.shares.erase(transfer)
        for number in numbers:
            core.blobs.delete(blob_name(transfer, number))
        done = core.ledger.submit(lambda tx: self._destroyed(tx, transfer)).result()
        core.uploads.forget(transfer)
        if done is not None:
            reason, shares, parts, size = done
            core.events(
                Event.TRANSFER_DESTROYED, transfer=transfer, reason=reason, shares=shares, parts=parts, bytes=size
            )

    def _destroyed(self, tx: Writing, transfer: TransferId) -> tuple[str, int, int, int] | None:
        core, now = self._core, self._core.clock.now()
        row = tx.transfer(transfer)
        if row is None or row.state != TransferState.DESTROYING.value:
            return None  # someone else was quicker
        recipients, parts = tx.recipients(transfer), len(tx.parts(transfer))
        reason, index = row.reason or "", None
        if reason != DestroyReason.ABANDONED.value:
            record = TransferDestroyed(
                time=now, transfer=transfer, reason=reason, shares=len(recipients), parts=parts, size=row.size
            )
            index = enter(core, tx, record, organisations=parties(row, recipients), transfer=transfer).index
        state = step(TransferState.DESTROYING, TransferEvent.ERASED)
        tx.update_transfer(replace(row, state=state.value, destroyed=now, destroyed_index=index))
        tx.drop_parts(transfer)
        tx.drop_envelopes(transfer)
        tx.drop_mails(transfer)
        return reason, len(recipients), parts, row.size


def _numbers(reading: Reading, transfer: TransferId) -> list[int]:
    return [part.number for part in reading.parts(transfer)]
