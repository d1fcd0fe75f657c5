"""Sealing a transfer: everything checked, shares durable, then the entry (protocol §3, step 7)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scelle.activity.record import TransferSealed
from scelle.age import hybrid
from scelle.age.file import check_form
from scelle.base.errors import ScelleError
from scelle.base.ids import Digest, ReleaseShare, TransferId, desk_org
from scelle.exchange.acts import Cover, SealedPart
from scelle.exchange.answers import CommitRequest, Logged
from scelle.exchange.cover import check_cover
from scelle.exchange.errors import CoverWrongError, FrozenError, ShareWrongError
from scelle.exchange.refusals import QuotaExceededError, TransferTooLargeError, UploadIncompleteError
from scelle.exchange.sealing import SHARE_SIZE, share_commitment, slot_owner
from scelle.exchange.segments import SegmentHasher
from scelle.exchange.statement import Statement
from scelle.exchange.transfer import TransferEvent, TransferState, step
from scelle.ports import BlobUnknownError, DiskFullError, RecipientRow, StorageFaultError, TransferRow, Writing
from scelle.server.service.checking import Entered, about, begin_act, enter, entered_before, logged, member_statement
from scelle.server.service.core import Asker, Core
from scelle.server.service.events import Event
from scelle.server.service.mailing import queue_mails
from scelle.server.service.uploads import blob_name
from scelle.server.service.views import own_transfer, parties, subject_of

HEAD_SIZE = 1 << 16
"""Bytes of a part in which its header must end; one hybrid recipient takes less than 2 KiB."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A commit whose bytes are right; what remains is the ledger's to decide."""

    statement: Statement[Cover]
    size: int
    rows: tuple[RecipientRow, ...]
    shares: tuple[tuple[Digest, ReleaseShare], ...]

    def __repr__(self) -> str:
        return f"_Checked({self.statement.act.transfer})"


class Committing:
    """Seals transfers. The parts are held still meanwhile; two commits of one transfer exclude each other."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def commit(self, asker: Asker, transfer: TransferId, request: CommitRequest) -> Logged:
        """See `Sending.commit`."""
        core = self._core
        statement = member_statement(core, asker, request.cover, Cover)
        about(transfer, statement.act.transfer)
        before = core.ledger.read(lambda reading: entered_before(reading, request.cover))
        if before is not None:
            return logged(core, before, since=asker.since)
        row = core.ledger.read(lambda reading: own_transfer(reading, asker, transfer))
        step(TransferState(row.state), TransferEvent.SEAL)  # before the bytes are read: decided in the transaction
        with core.uploads.hold(transfer):
            checked = self._check(asker, statement, request)
            entered = self._seal(asker, checked)
        core.uploads.forget(transfer)
        return logged(core, entered, since=asker.since)

    # --- bytes ----------------------------------------------------------------------------------------------

    def _check(self, asker: Asker, statement: Statement[Cover], request: CommitRequest) -> _Checked:
        core, cover = self._core, statement.act
        self._check_limits(cover)
        self._check_cover(asker, statement)
        if len(request.envelopes) != len(cover.recipients):
            raise CoverWrongError(why="there are not as many envelopes as recipients")
        for entry, envelope in zip(cover.recipients, request.envelopes, strict=True):
            _check_envelope(entry.envelope, envelope)
        shares = self._open_shares(cover, request.shares)
        self._check_parts(cover)
        directory = core.directory
        rows = tuple(
            RecipientRow(
                transfer=cover.transfer,
                key=entry.key,
                member=entry.member,
                organisation=directory.member(entry.member).organisation,
                desk=entry.desk,
                slot=None,
                envelope=envelope,
                commitment=entry.commitment,
            )
            for entry, envelope in zip(cover.recipients, request.envelopes, strict=True)
        )
        owned = tuple(
            (slot_owner(cover.transfer, entry.key), share)
            for entry, share in zip(cover.recipients, shares, strict=True)
        )
        return _Checked(statement, _size(cover), rows, owned)

    def _check_limits(self, cover: Cover) -> None:
        limits = self._core.limits
        for what, count, limit in (
            ("bytes", _size(cover), limits.max_transfer),
            ("parts", len(cover.parts), limits.max_parts),
            ("recipients", len(cover.recipients), limits.max_recipients),
        ):
            if count > limit:
                raise TransferTooLargeError(what=what, limit=limit)

    def _check_cover(self, asker: Asker, statement: Statement[Cover]) -> None:
        core = self._core
        if statement.act.sender != asker.member.key:
            raise CoverWrongError(why="its sender is not the one who asks")
        cover, limits = statement.act, core.limits
        own = all(desk_org(desk) == cover.organisation for desk in cover.desks)
        longest = limits.max_own_expiry if own else limits.max_expiry
        check_cover(statement, core.directory, now=core.clock.now(), longest=longest)

    def _open_shares(self, cover: Cover, sealed: bytes) -> list[ReleaseShare]:
        opened = self._core.intake.open(sealed)
        if len(opened) != SHARE_SIZE * len(cover.recipients):
            raise CoverWrongError(why="there are not as many release shares as recipients")
        shares = []
        for place, entry in enumerate(cover.recipients):
            share = ReleaseShare(opened[place * SHARE_SIZE : (place + 1) * SHARE_SIZE])
            if not hmac.compare_digest(share_commitment(cover.transfer, entry.key, share), entry.commitment):
                raise ShareWrongError(transfer=cover.transfer)
            shares.append(share)
        return shares

    def _check_parts(self, cover: Cover) -> None:
        core = self._core
        wanted = dict(enumerate((cover.manifest, *cover.parts)))
        rows = core.ledger.read(lambda reading: reading.parts(cover.transfer))
        missing = sorted(wanted.keys() ^ {row.number for row in rows})
        if missing:
            raise UploadIncompleteError(part=missing[0])
        for number, part in wanted.items():
            try:
                size, digest = core.uploads.digest(cover.transfer, number)
            except BlobUnknownError:
                raise UploadIncompleteError(part=number) from None
            if size != part.size:
                raise UploadIncompleteError(part=number)
            if digest != part.digest:
                raise CoverWrongError(why="a part has another digest than it says")
            head = b"".join(core.blobs.read(blob_name(cover.transfer, number), 0, min(size, HEAD_SIZE)))
            _check_hybrid(head, size)

    # --- the ledger -----------------------------------------------------------------------------------------

    def _seal(self, asker: Asker, checked: _Checked) -> Entered:
        core, cover = self._core, checked.statement.act
        with core.shares.put(checked.shares) as slots:
            rows = tuple(replace(row, slot=slot) for row, (slot, _) in zip(checked.rows, slots, strict=True))
            try:
                entered = core.ledger.submit(lambda tx: self._decide(tx, asker, checked, rows)).result()
            except (StorageFaultError, DiskFullError):
                raise  # nobody knows whether it is sealed: the sweeper erases what the ledger does not name
            except ScelleError:
                core.shares.drop(slots)
                raise
            if entered.again:
                core.shares.drop(slots)
        if not entered.again:
            core.events(
                Event.TRANSFER_SEALED,
                transfer=cover.transfer,
                organisation=cover.organisation,
                bytes=checked.size,
                parts=len(cover.parts) + 1,
                shares=len(rows),
            )
        return entered

    def _decide(self, tx: Writing, asker: Asker, checked: _Checked, rows: Sequence[RecipientRow]) -> Entered:
        core, statement, cover = self._core, checked.statement, checked.statement.act
        before = entered_before(tx, statement.raw)
        if before is not None:
            return before
        row = own_transfer(tx, asker, cover.transfer)
        state = step(TransferState(row.state), TransferEvent.SEAL)
        # Signed at any time of the upload: a commit that was cut off is repeated with the cover it had.
        begin_act(core, tx, asker, cover, since=row.created)
        # Once more, by the directory and the clock of this moment: a desk may have gone while bytes were checked.
        self._check_cover(asker, statement)
        freezes = core.freezes.matching(subject_of(row, rows))
        if freezes:
            raise FrozenError(freeze=freezes[0])
        check_quota(core, tx, row, size=checked.size)
        now = core.clock.now()
        record = TransferSealed(time=now, transfer=cover.transfer, statement=statement.raw)
        entered = enter(
            core,
            tx,
            record,
            organisations=parties(row, rows),
            transfer=cover.transfer,
            statement=statement.raw,
        )
        sealed = replace(
            row,
            state=state.value,
            expires=cover.expires,
            size=checked.size,
            cover=statement.raw,
            sealed=now,
            sealed_index=entered.index,
        )
        tx.update_transfer(sealed)
        tx.insert_recipients(rows)
        queue_mails(tx, sealed, rows, now=now)
        return entered


def check_quota(core: Core, tx: Writing, row: TransferRow, *, size: int) -> None:
    """Whether a transfer that is counted already may have `size` bytes. Raises QuotaExceededError."""
    limit = core.limits.quota_bytes
    if tx.usage(row.organisation).size - row.size + size > limit:
        raise QuotaExceededError(what="bytes", limit=limit)


def _size(cover: Cover) -> int:
    return cover.manifest.size + sum(part.size for part in cover.parts)


def _check_hybrid(head: bytes, size: int) -> None:
    """An age file of hybrid recipients only. This stops accidents, not malice: who seals can write what they like."""
    form = check_form(head, size=size)
    if any(stanza.type != hybrid.TYPE for stanza in form.header.stanzas):
        raise CoverWrongError(why="a part or envelope is sealed to something else than post-quantum keys")


def _check_envelope(wanted: SealedPart, envelope: bytes) -> None:
    hasher = SegmentHasher()
    hasher.feed(envelope)
    if len(envelope) != wanted.size or hasher.digest() != wanted.digest:
        raise CoverWrongError(why="an envelope is not the one it says")
    _check_hybrid(envelope, len(envelope))
