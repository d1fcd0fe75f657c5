"""From the first byte of a transfer to its entry in the log."""

from dataclasses import replace

from scelle.base.ids import TransferId
from scelle.exchange.answers import BeginRequest, CommitRequest, Intake, Logged, TransferSummary
from scelle.exchange.errors import FrozenError, TransferStateError
from scelle.exchange.keys import Role
from scelle.exchange.refusals import (
    PartNumberError,
    PartUnknownError,
    QuotaExceededError,
    TransferTooLargeError,
    UploadLengthError,
)
from scelle.exchange.transfer import ABANDONED_AFTER, TransferEvent, TransferState
from scelle.ports import PartRow, Reading, StateConflictError, TransferRow, Writing
from scelle.server.service.checking import spend
from scelle.server.service.committing import Committing, check_quota
from scelle.server.service.core import Asker, Core
from scelle.server.service.destroying import Destroyer, begin_destroying
from scelle.server.service.events import Event
from scelle.server.service.uploads import ChunkWriter, PartUpload, blob_name
from scelle.server.service.views import View, own_transfer, subject_of, summary


class Sending:
    """What a sender asks."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._committing = Committing(core)
        self._destroyer = Destroyer(core)

    def intake(self, asker: Asker) -> Intake:
        """The key that release shares are to be sealed to. Raises RoleMissingError."""
        self._require_sender(asker)
        return Intake(statement=self._core.intake.statement())

    def _require_sender(self, asker: Asker) -> None:
        core = self._core
        core.directory.require_role(asker.member.key, Role.SENDER, now=core.clock.now())

    # --- uploading ------------------------------------------------------------------------------------------

    def begin(self, asker: Asker, request: BeginRequest) -> TransferSummary:
        """Open a transfer for uploading; again for the same id: the same answer.

        Raises RoleMissingError, TransferTooLargeError, QuotaExceededError, FrozenError, StateConflictError (the id is
        taken), RequestReplayedError.
        """
        core = self._core
        self._require_sender(asker)
        if request.size > core.limits.max_transfer:
            raise TransferTooLargeError(what="bytes", limit=core.limits.max_transfer)
        row, begun = core.ledger.submit(lambda tx: self._begin(tx, asker, request)).result()
        if begun:
            core.events(Event.TRANSFER_BEGUN, transfer=row.transfer, organisation=row.organisation, bytes=request.size)
        return summary(core, View(row, (), (), ()))

    def _begin(self, tx: Writing, asker: Asker, request: BeginRequest) -> tuple[TransferRow, bool]:
        core, limits, now = self._core, self._core.limits, self._core.clock.now()
        known = tx.transfer(request.transfer)
        if known is not None and known.sender == asker.member.key and known.state == TransferState.OPEN.value:
            return known, False
        if known is not None:
            raise StateConflictError(what="transfer")
        spend(tx, asker)
        row = TransferRow(
            transfer=request.transfer,
            organisation=asker.member.organisation,
            sender=asker.member.key,
            state=TransferState.OPEN.value,
            created=now,
            expires=now + ABANDONED_AFTER,
            size=request.size,
            cover=None,
        )
        freezes = core.freezes.matching(subject_of(row, ()))
        if freezes:
            raise FrozenError(freeze=freezes[0])
        usage = tx.usage(row.organisation)
        if usage.transfers >= limits.quota_transfers:
            raise QuotaExceededError(what="transfers", limit=limits.quota_transfers)
        if usage.size + request.size > limits.quota_bytes:
            raise QuotaExceededError(what="bytes", limit=limits.quota_bytes)
        tx.insert_transfer(row)
        return row, True

    def _open(self, reading: Reading, asker: Asker, transfer: TransferId, *, event: str = "upload") -> TransferRow:
        row = own_transfer(reading, asker, transfer)
        if row.state != TransferState.OPEN.value:
            raise TransferStateError(state=row.state, event=event)
        return row

    def create_part(
        self, asker: Asker, transfer: TransferId, number: int, length: int | None
    ) -> tuple[bool, PartUpload]:
        """Add a part; whether it is new, and how far it is. Its number is at most the limit of parts.

        Raises TransferNotFoundError, TransferStateError, PartNumberError, UploadLengthError (it has another length),
        RequestReplayedError.
        """
        core = self._core
        if number > core.limits.max_parts:
            raise PartNumberError(part=number, limit=core.limits.max_parts)

        def action(tx: Writing) -> tuple[bool, PartRow]:
            self._open(tx, asker, transfer)
            known = _part_row(tx, transfer, number)
            if known is not None:
                return False, _declared(tx, known, length)
            spend(tx, asker)
            row = PartRow(transfer, number, length)
            tx.insert_part(row)
            return True, row

        fresh, row = core.ledger.submit(action).result()
        core.blobs.begin(blob_name(transfer, number))  # the row first: an object without one would be an orphan
        return fresh, PartUpload(number, core.uploads.offset(transfer, number), row.length)

    def part(self, asker: Asker, transfer: TransferId, number: int) -> PartUpload:
        """How far a part is. Raises TransferNotFoundError, TransferStateError, PartUnknownError."""
        core = self._core

        def query(reading: Reading) -> PartRow:
            self._open(reading, asker, transfer)
            return _known_part(reading, transfer, number)

        row = core.ledger.read(query)
        return PartUpload(number, core.uploads.offset(transfer, number), row.length)

    def upload(
        self,
        asker: Asker,
        transfer: TransferId,
        number: int,
        *,
        offset: int,
        length: int | None,
        expected_digest: bytes,
        declared_body_size: int,
    ) -> ChunkWriter:
        """Begin to write a chunk at `offset`; `length`: the part's, when the client says it now.

        Raises TransferNotFoundError, TransferStateError, PartUnknownError, UploadOffsetError, UploadBusyError,
        UploadLengthError, TransferTooLargeError, QuotaExceededError.
        """
        core = self._core
        core.ledger.read(lambda reading: self._open(reading, asker, transfer))
        core.ledger.read(lambda reading: _known_part(reading, transfer, number))
        writer = core.uploads.write(
            transfer, number, offset=offset, expected_digest=expected_digest, size=declared_body_size
        )
        try:
            # Only now, with the part taken: a commit or the end of the transfer came before this, or finds it busy.
            row, parts = core.ledger.read(lambda tx: (self._open(tx, asker, transfer), tx.parts(transfer)))
            own = next(part for part in parts if part.number == number)
            end = offset + declared_body_size
            if own.length is None and length is not None:
                core.ledger.submit(lambda tx: _declared(tx, own, length)).result()
            elif length not in (None, own.length):
                raise UploadLengthError(why="the part has another length")
            limit = own.length if length is None else length
            if limit is not None and end > limit:
                raise UploadLengthError(why="a chunk may not reach beyond its part")
            self._reserve(row, parts, declared_body_size)
        except BaseException:
            writer.broken()
            raise
        return writer

    def _reserve(self, row: TransferRow, parts: list[PartRow], more: int) -> None:
        """Count bytes beyond what was announced against the quota, before they are taken."""
        core = self._core
        total = more + sum(core.uploads.offset(part.transfer, part.number) for part in parts)
        if total <= row.size:
            return
        if total > core.limits.max_transfer:
            raise TransferTooLargeError(what="bytes", limit=core.limits.max_transfer)

        def action(tx: Writing) -> None:
            now_row = tx.transfer(row.transfer)
            if now_row is not None and now_row.size < total:
                check_quota(core, tx, now_row, size=total)
                tx.update_transfer(replace(now_row, size=total))

        core.ledger.submit(action).result()

    # --- ends -----------------------------------------------------------------------------------------------

    def give_up(self, asker: Asker, transfer: TransferId) -> None:
        """Destroy an open transfer; again: nothing more happens. Raises TransferNotFoundError, TransferStateError."""
        core = self._core

        def action(tx: Writing) -> None:
            row = own_transfer(tx, asker, transfer)
            if row.state != TransferState.OPEN.value and row.sealed is None:
                return
            spend(tx, asker)
            begin_destroying(tx, row, TransferEvent.ABANDON)

        core.ledger.submit(action).result()
        self._destroyer.finish(transfer)

    def commit(self, asker: Asker, transfer: TransferId, request: CommitRequest) -> Logged:
        """Seal a transfer: durable, with its entry, or not at all. The same cover again: the same entry.

        Raises the errors of statements and covers, TransferNotFoundError, TransferStateError, UploadBusyError,
        UploadIncompleteError, TransferTooLargeError, QuotaExceededError, CoverWrongError, ShareWrongError,
        IntakeKeyUnknownError, FrozenError, the age room's errors of form, RequestReplayedError.
        """
        return self._committing.commit(asker, transfer, request)


def _part_row(reading: Reading, transfer: TransferId, number: int) -> PartRow | None:
    return next((part for part in reading.parts(transfer) if part.number == number), None)


def _known_part(reading: Reading, transfer: TransferId, number: int) -> PartRow:
    row = _part_row(reading, transfer, number)
    if row is None:
        raise PartUnknownError(part=number)
    return row


def _declared(tx: Writing, row: PartRow, length: int | None) -> PartRow:
    """Keep a length that was not said before. Raises UploadLengthError for another one."""
    if length in (None, row.length):
        return row
    if row.length is not None:
        raise UploadLengthError(why="the part has another length")
    declared = replace(row, length=length)
    tx.update_part(declared)
    return declared


__all__ = ["ChunkWriter", "PartUpload", "Sending"]
