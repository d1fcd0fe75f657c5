"""Releasing a share: decided inside the transaction that logs it, and once more before it leaves (protocol §3)."""

from concurrent.futures import Future
from dataclasses import dataclass, replace
from hashlib import sha256

from scelle.activity.record import ReleaseRefused, ShareReleased
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.base.errors import ScelleError
from scelle.base.ids import KeyId, TransferId
from scelle.exchange.acts import ShareRelease
from scelle.exchange.answers import Released
from scelle.exchange.errors import (
    CoverWrongError,
    KeyExpiredError,
    MemberUnknownError,
    RoleMissingError,
    TransferExpiredError,
    TransferNotFoundError,
)
from scelle.exchange.keys import Role
from scelle.exchange.release import ReleaseFacts, decide_release
from scelle.exchange.statement import Statement
from scelle.exchange.transfer import DestroyReason, ShareState, TransferState
from scelle.ports import Reading, RecipientRow, ShareGoneError, StorageFaultError, TransferRow, Writing
from scelle.server.service.checking import (
    Entered,
    about,
    begin_act,
    enter,
    entered_before,
    logged,
    member_statement,
)
from scelle.server.service.core import Asker, Core
from scelle.server.service.events import Event
from scelle.server.service.views import subject_of

_RANDOM_SIZE = 16
"""Bytes of a file key, and of a payload nonce."""


def listed(reading: Reading, asker: Asker, transfer: TransferId, key: KeyId) -> tuple[TransferRow, RecipientRow]:
    """A transfer and the row of one of the asker's own keys in it. Raises TransferNotFoundError."""
    row, recipient = reading.transfer(transfer), reading.recipient(transfer, key)
    if row is None or recipient is None or recipient.member != asker.member.key:
        raise TransferNotFoundError()
    return row, recipient


def check_names_cover(row: TransferRow, digest: bytes) -> None:
    """A statement must name the cover that was sealed. Raises CoverWrongError."""
    if row.cover is None or sha256(row.cover).digest() != digest:
        raise CoverWrongError(why="the statement names another cover")


def release_facts(core: Core, row: TransferRow, recipient: RecipientRow) -> ReleaseFacts:
    """What is known at this moment about a key that asks for its share.

    The sender's own key needs the sender's role and no seat (it is not at a desk); all others the recipient's.
    """
    directory, now = core.directory, core.clock.now()
    role = Role.SENDER if recipient.desk is None else Role.RECIPIENT
    try:
        directory.require_role(recipient.member, role, now=now)
        has_role = True
    except (MemberUnknownError, KeyExpiredError, RoleMissingError):
        has_role = False
    return ReleaseFacts(
        listed=True,
        state=TransferState(row.state),
        reason=None if row.reason is None else DestroyReason(row.reason),
        share=ShareState.ERASED if recipient.slot is None else ShareState.HELD,
        expires=row.expires,
        recipient_revoked=recipient.revoked is not None,
        has_role=has_role,
        has_seat=recipient.desk is None or directory.seated(recipient.desk, recipient.member),
        freezes=core.freezes.matching(subject_of(row, [recipient])),
        clock_departure=core.clockguard.departure(),
    )


class _Refusals:
    """How many refusals of a key were logged this hour. Used by the writer's thread alone, so it has no lock."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._hour = 0
        self._counts: dict[KeyId, int] = {}

    def may_log(self, key: KeyId, now: int) -> bool:
        if now // 3600 != self._hour:
            self._hour = now // 3600
            self._counts.clear()
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        return count < self._per_hour


@dataclass(frozen=True, slots=True)
class _Decision:
    """Either the entry of a release, or what stood against it (logged, so the transaction is kept)."""

    entered: Entered | None
    objection: ScelleError | None = None


class Releasing:
    """Releases shares.

    The decision runs in the writer's thread, with the directory and freezes that the transactions before it left
    behind. Once it is durable a thread of a small pool looks again, fetches the share and seals it: nobody waits in
    a thread of the transport meanwhile.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._refusals = _Refusals(core.limits.refusals_per_hour)

    def release(self, asker: Asker, transfer: TransferId, raw: bytes) -> "Future[Released]":
        """See `Opening.release`."""
        core = self._core
        statement = member_statement(core, asker, raw, ShareRelease)
        about(transfer, statement.act.transfer)
        recipient = HybridRecipient(statement.act.recipient)
        answer: Future[Released] = Future()
        answer.set_running_or_notify_cancel()

        def respond(decided: "Future[_Decision]") -> None:
            try:
                with core.departures.leaving():
                    answer.set_result(self._respond(asker, statement, recipient, decided.result()))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the one who waits must hear of it
                answer.set_exception(error)

        def hand_on(decided: "Future[_Decision]") -> None:
            try:
                core.releases.submit(respond, decided)
            except RuntimeError:
                answer.set_exception(StorageFaultError(what="release", why="the service stops"))

        core.ledger.submit(lambda tx: self._decide(tx, asker, statement)).add_done_callback(hand_on)
        return answer

    def _decide(self, tx: Writing, asker: Asker, statement: Statement[ShareRelease]) -> _Decision:
        core, act, now = self._core, statement.act, self._core.clock.now()
        before = entered_before(tx, statement.raw)
        if before is not None:
            return _Decision(before)
        row, recipient = listed(tx, asker, act.transfer, act.key)
        begin_act(core, tx, asker, act)
        organisations = {row.organisation, recipient.organisation}
        check_names_cover(row, act.cover)
        try:
            decide_release(release_facts(core, row, recipient), now=now)
        except TransferNotFoundError:
            raise
        except ScelleError as objection:
            if not self._refusals.may_log(act.key, now):
                raise
            refused = ReleaseRefused(
                time=now, transfer=act.transfer, key=act.key, code=objection.code, statement=statement.raw
            )
            # Not bound to the statement: sent again when nothing stands against it any more, it is a first release.
            enter(core, tx, refused, organisations=organisations, transfer=act.transfer)
            return _Decision(None, objection)
        record = ShareReleased(time=now, transfer=act.transfer, key=act.key, statement=statement.raw)
        entered = enter(core, tx, record, organisations=organisations, transfer=act.transfer, statement=statement.raw)
        if recipient.released is None:
            tx.update_recipient(replace(recipient, released=now))
        return _Decision(entered)

    def _respond(
        self, asker: Asker, statement: Statement[ShareRelease], one_use: HybridRecipient, decision: _Decision
    ) -> Released:
        core, act = self._core, statement.act
        if decision.entered is None:
            objection = decision.objection or TransferNotFoundError()
            core.events(Event.RELEASE_REFUSED, transfer=act.transfer, key=act.key, code=objection.code)
            raise objection
        row, recipient = core.ledger.read(lambda reading: listed(reading, asker, act.transfer, act.key))
        try:
            decide_release(release_facts(core, row, recipient), now=core.clock.now())
            share = core.shares.get(recipient)
        except ShareGoneError:
            raise TransferExpiredError(expires=row.expires) from None
        except ScelleError as objection:
            core.events(Event.RELEASE_WITHHELD, transfer=act.transfer, key=act.key, code=objection.code)
            raise
        sealed = seal_bytes(share, [one_use], file_key=FileKey(core.draw(_RANDOM_SIZE)), nonce=core.draw(_RANDOM_SIZE))
        core.events(Event.SHARE_RELEASED, transfer=act.transfer, key=act.key)
        return Released(logged=logged(core, decision.entered, since=asker.since), share=sealed)
