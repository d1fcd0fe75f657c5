"""Transfers as senders and recipients see them: lists, releases, downloads, receipts, revocation."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from scelle.activity.record import AboutTransfer, TransferDiscarded, TransferOpened, TransferRevoked
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.ids import KeyId, OrgId, TransferId
from scelle.exchange.acts import Cover, Discard, Receipt, Revoke
from scelle.exchange.answers import Logged, Released, TransferDetail, TransferPage
from scelle.exchange.errors import (
    CoverWrongError,
    OrganisationUnknownError,
    RoleMissingError,
    TransferNotFoundError,
    TransferStateError,
)
from scelle.exchange.keys import Role
from scelle.exchange.refusals import PartUnknownError, ReleaseMissingError
from scelle.exchange.release import decide_release
from scelle.exchange.statement import parse_statement
from scelle.exchange.transfer import TransferEvent, TransferState
from scelle.ports import BlobUnknownError, Reading, RecipientRow, TransferRow, Writing
from scelle.server.service.checking import (
    Entered,
    about,
    begin_act,
    enter,
    entered_before,
    logged,
    member_statement,
    stored_entry,
)
from scelle.server.service.core import Asker, Core
from scelle.server.service.destroying import Destroyer, begin_destroying
from scelle.server.service.downloads import PartReader
from scelle.server.service.events import Event
from scelle.server.service.releasing import Releasing, check_names_cover, listed, release_facts
from scelle.server.service.uploads import blob_name
from scelle.server.service.views import (
    View,
    cursor_after,
    look,
    oversees,
    parse_cursor,
    parties,
    subject_of,
    summary,
    view,
)

MAX_PAGE = 200


class Opening:
    """What senders and recipients ask about a transfer."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._releasing = Releasing(core)
        self._destroyer = Destroyer(core)

    # --- looking --------------------------------------------------------------------------------------------

    def page(self, asker: Asker, *, box: str, cursor: str | None, limit: int) -> TransferPage:
        """A page of a box (`inbox`, `sent`, `organisation`), newest first; `limit` counts up to MAX_PAGE.

        Raises RoleMissingError for the organisation's box, CursorMalformedError, MalformedError.
        """
        core, member = self._core, asker.member
        before, limit = parse_cursor(cursor), max(1, min(limit, MAX_PAGE))
        if box == "organisation" and not oversees(member):
            raise RoleMissingError(role="security-officer / dpo / auditor / administrator")
        if box not in ("inbox", "sent", "organisation"):
            raise MalformedError(what="box", why="not inbox, sent or organisation")

        def query(reading: Reading) -> tuple[list[TransferRow], list[View]]:
            if box == "inbox":
                rows = reading.addressed_to(member=member.key, before=before, limit=limit)
            else:
                sender = member.key if box == "sent" else None
                rows = reading.sent_by(organisation=member.organisation, sender=sender, before=before, limit=limit)
            seen = [look(core, member, row, reading.recipients(row.transfer)) for row in rows]
            return rows, [each for each in seen if each is not None]

        rows, seen = core.ledger.read(query)
        following = cursor_after(rows[-1]) if len(rows) == limit else None
        return TransferPage(transfers=tuple(summary(core, each) for each in seen), next=following)

    def detail(self, asker: Asker, transfer: TransferId) -> TransferDetail:
        """A sealed transfer with its entry, and the asker's envelope.

        Raises TransferNotFoundError, TransferStateError (it was never sealed), RecordErasedError.
        """
        core = self._core

        def query(reading: Reading) -> tuple[View, Entered, Entered | None]:
            seen = view(core, reading, asker, transfer)
            row = seen.row
            if row.sealed_index is None:
                raise TransferStateError(state=row.state, event="show")
            gone = None if row.destroyed_index is None else stored_entry(reading, row.destroyed_index)
            return seen, stored_entry(reading, row.sealed_index), gone

        seen, sealed, gone = core.ledger.read(query)
        own = next(iter(seen.own), None)
        return TransferDetail(
            summary=summary(core, seen),
            sealed=logged(core, sealed, since=asker.since),
            key=None if own is None else own.key,
            envelope=None if own is None or not own.envelope else own.envelope,
            destroyed=None if gone is None else logged(core, gone, since=asker.since),
        )

    # --- releases and downloads -----------------------------------------------------------------------------

    def release(self, asker: Asker, transfer: TransferId, statement: bytes) -> "Future[Released]":
        """Release a share. Raises, or the future raises, what stands against it.

        The future raises TransferNotFoundError, TransferRevokedError, TransferExpiredError, RoleMissingError,
        SeatMissingError, ClockError, FrozenError, CoverWrongError, StatementClockError, DirectoryUnseenError,
        RequestReplayedError, StorageFaultError. The same statement again: the same entry, and the share sealed anew
        while it may still be released.
        """
        return self._releasing.release(asker, transfer, statement)

    def download(self, asker: Asker, transfer: TransferId, number: int) -> PartReader:
        """Begin to read a part: by a recipient key with a release, under the same conditions as a release.

        Raises what `release` raises for the state of things, ReleaseMissingError, PartUnknownError.
        """
        core = self._core
        reader = PartReader(
            transfer=transfer,
            organisation=asker.member.organisation,
            registry=core.downloads,
            freezes=core.freezes,
            now=core.clock.now,
        )
        core.downloads.add(reader)
        try:
            row, recipient = core.ledger.read(lambda reading: self._reader_row(reading, asker, transfer))
            decide_release(release_facts(core, row, recipient), now=core.clock.now())
            if recipient.released is None:
                raise ReleaseMissingError()
            try:
                blob = core.blobs.open_read(blob_name(transfer, number))
            except BlobUnknownError:
                raise PartUnknownError(part=number) from None
            reader.ready(blob, subject_of(row, [recipient]), expires=row.expires)
        except BaseException:
            reader.close()
            raise
        return reader

    def _reader_row(self, reading: Reading, asker: Asker, transfer: TransferId) -> tuple[TransferRow, RecipientRow]:
        row = reading.transfer(transfer)
        own = [each for each in reading.recipients(transfer) if each.member == asker.member.key]
        if row is None or not own:
            raise TransferNotFoundError()
        return row, max(own, key=lambda each: (each.released is not None, each.revoked is None))

    # --- acts -----------------------------------------------------------------------------------------------

    def receipt(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """A recipient has opened the transfer; also after its end. The first time counts.

        Raises the errors of statements, TransferNotFoundError, ReleaseMissingError, CoverWrongError (another
        manifest), RequestReplayedError.
        """
        core = self._core
        parsed = member_statement(core, asker, statement, Receipt)
        about(transfer, parsed.act.transfer)

        def action(tx: Writing) -> Entered:
            before = entered_before(tx, statement)
            if before is not None:
                return before
            row, recipient = self._attesting(tx, asker, transfer, parsed.act)
            cover = parse_statement(row.cover or b"", Cover, origin=core.origin).act
            if parsed.act.manifest != cover.manifest.digest:
                raise CoverWrongError(why="the receipt is for another manifest")
            now = core.clock.now()
            if recipient.opened is None:
                tx.update_recipient(replace(recipient, opened=now))
            record = TransferOpened(time=now, transfer=transfer, key=recipient.key, statement=statement)
            return self._enter(tx, row, recipient, record, statement)

        entered = core.ledger.submit(action).result()
        self._tell(Event.TRANSFER_OPENED, entered, transfer, parsed.act.key)
        return logged(core, entered, since=asker.since)

    def discard(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """A recipient attests that the opened copy was deleted. Raises as `receipt`."""
        core = self._core
        parsed = member_statement(core, asker, statement, Discard)
        about(transfer, parsed.act.transfer)

        def action(tx: Writing) -> Entered:
            before = entered_before(tx, statement)
            if before is not None:
                return before
            row, recipient = self._attesting(tx, asker, transfer, parsed.act)
            now = core.clock.now()
            if recipient.discarded is None:
                tx.update_recipient(replace(recipient, discarded=now))
            record = TransferDiscarded(time=now, transfer=transfer, key=recipient.key, statement=statement)
            return self._enter(tx, row, recipient, record, statement)

        entered = core.ledger.submit(action).result()
        self._tell(Event.TRANSFER_DISCARDED, entered, transfer, parsed.act.key)
        return logged(core, entered, since=asker.since)

    def _attesting(
        self, tx: Writing, asker: Asker, transfer: TransferId, act: Receipt | Discard
    ) -> tuple[TransferRow, RecipientRow]:
        row, recipient = listed(tx, asker, transfer, act.key)
        begin_act(self._core, tx, asker, act)
        if recipient.released is None:
            raise ReleaseMissingError()
        return row, recipient

    def _enter(
        self, tx: Writing, row: TransferRow, recipient: RecipientRow, record: AboutTransfer, statement: bytes
    ) -> Entered:
        organisations = {row.organisation, recipient.organisation}
        return enter(self._core, tx, record, organisations=organisations, transfer=row.transfer, statement=statement)

    def _tell(self, event: Event, entered: Entered, transfer: TransferId, key: KeyId) -> None:
        if not entered.again:
            self._core.events(event, transfer=transfer, key=key)

    def revoke(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """The sender, or an officer of its organisation, takes the transfer back, whole or from one organisation.

        Running downloads stop and shares are erased before this returns; when the erasing fails, the sweeper goes on
        with it and nothing is released meanwhile. Raises the errors of statements, TransferNotFoundError,
        TransferStateError, CoverWrongError, OrganisationUnknownError (not addressed), RequestReplayedError.
        """
        core = self._core
        parsed = member_statement(core, asker, statement, Revoke)
        act = parsed.act
        about(transfer, act.transfer)

        def action(tx: Writing) -> tuple[Entered, Sequence[KeyId]]:
            before = entered_before(tx, statement)
            if before is not None:
                return before, ()
            row = self._revocable(tx, asker, transfer)
            begin_act(core, tx, asker, act)
            if row.state == TransferState.OPEN.value:
                raise TransferStateError(state=row.state, event=TransferEvent.REVOKE.value)
            check_names_cover(row, act.cover)
            recipients, now = tx.recipients(transfer), core.clock.now()
            if act.organisation is None:
                begin_destroying(tx, row, TransferEvent.REVOKE)
                taken = recipients
            else:
                taken = _take_back(tx, row, recipients, act.organisation, now)
            record = TransferRevoked(time=now, transfer=transfer, statement=statement)
            organisations = parties(row, recipients)
            entered = enter(core, tx, record, organisations=organisations, transfer=transfer, statement=statement)
            return entered, [each.key for each in taken]

        def stop(_: object) -> None:
            core.downloads.stop(transfer, act.organisation)

        entered, keys = core.ledger.submit(action, then=stop).result()
        core.departures.settle()
        self._tell(Event.TRANSFER_REVOKED, entered, transfer, asker.member.key)
        try:
            if act.organisation is None:
                self._destroyer.finish(transfer)
            elif keys:
                core.shares.erase(transfer, keys)
        except ScelleError as error:
            # It is revoked, durably: the answer says so, and the sweeper erases.
            core.events(Event.SWEEP_FAILED, error=type(error).__name__)
        return logged(core, entered, since=asker.since)

    def _revocable(self, tx: Writing, asker: Asker, transfer: TransferId) -> TransferRow:
        row, core, member = tx.transfer(transfer), self._core, asker.member
        own = row is not None and row.sender == member.key
        officer = row is not None and row.organisation == member.organisation and Role.OFFICER in member.roles
        if row is None or not (own or officer):
            # A recipient knows of the transfer; for everybody else it does not exist.
            view(core, tx, asker, transfer)
            raise RoleMissingError(role="sender / security-officer")
        return row


def _take_back(
    tx: Writing, row: TransferRow, recipients: Sequence[RecipientRow], organisation: OrgId, now: int
) -> list[RecipientRow]:
    if row.state != TransferState.SEALED.value:
        raise TransferStateError(state=row.state, event=TransferEvent.REVOKE.value)
    theirs = [each for each in recipients if each.organisation == organisation]
    if not theirs:
        raise OrganisationUnknownError(organisation=organisation)
    for each in theirs:
        if each.revoked is None:
            tx.update_recipient(replace(each, revoked=now))
    return theirs


__all__ = ["Opening", "PartReader"]
