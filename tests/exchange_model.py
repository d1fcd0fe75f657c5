"""A model of the service around releases, freezes, revocation, expiry and destruction (`exchange_explorer` walks it).

The model's parts are what can be interleaved or lost: a ledger (durable), the slot file and the sealed parts
(durable, written apart from the ledger), processes that a crash stops (volatile), and the clock. Every decision is
the product's own (`transfer`, `release`, `freeze`, `clockwatch`); only the order of the steps is modelled, as
`Process`, whose flags can be broken on purpose to see that the explorer notices.

What the model says beyond the tables, and the service must do:

- A release that has passed its second look is *leaving*. A freeze or a revocation is durable at once, stops every
  later look, and is answered when nothing that looked before it is leaving any more (milliseconds: a gate).
- The clock does not advance while a share is leaving: the second look and the departure are one second's work.
- The sweeper is started again after a crash and goes by the ledger alone; each of its steps may be done twice.

Time is counted in units of twelve hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from scelle.base.errors import ScelleError
from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.exchange.clockwatch import ClockWatch, Judgement
from scelle.exchange.freeze import (
    Freeze,
    FreezeEvent,
    FreezeState,
    FreezeSubject,
    Officer,
    Proposal,
    Scope,
    ScopeKind,
    check_may_freeze,
    confirm_lift,
    lapsed,
    matching,
    propose_lift,
)
from scelle.exchange.freeze import step as freeze_step
from scelle.exchange.release import ReleaseFacts, decide_release, still_releasable
from scelle.exchange.transfer import (
    REASONS,
    DestroyReason,
    ShareEvent,
    ShareState,
    TransferEvent,
    TransferState,
    share_step,
    step,
)

UNIT = 12 * 3600
EPOCH = 1_600_000_000
EXPIRES = 2  # units after EPOCH

SENDER = OrgId("ap-hp")
RECIPIENT = OrgId("cnam")
TRANSFER = TransferId("a" * 26)
SENDER_KEY = KeyId("5" * 32)
RECIPIENT_KEY = KeyId("6" * 32)
SUBJECT = FreezeSubject(
    transfer=TRANSFER,
    keys=frozenset((SENDER_KEY, RECIPIENT_KEY)),
    desks=frozenset((DeskId("cnam/tracing"),)),
    organisations=frozenset((SENDER, RECIPIENT)),
)

# What each freeze of the model stops, and who freezes: the recipient's officers the transfer, then their own
# organisation, then the sender's officers the same transfer.
SCOPES = (
    (Scope(ScopeKind.TRANSFER, TRANSFER), RECIPIENT),
    (Scope(ScopeKind.ORGANISATION, RECIPIENT), RECIPIENT),
    (Scope(ScopeKind.TRANSFER, TRANSFER), SENDER),
)
TOUCHING = ({0, 1}, {0, 2})
OFFICERS = (KeyId("1" * 32), KeyId("2" * 32))  # before and now
LATECOMER = KeyId("3" * 32)  # officer now, not at the freeze
LIFTERS = (*OFFICERS, LATECOMER)


class Stage(StrEnum):
    """Where one request for release stands."""

    IDLE = "idle"
    APPENDED = "appended"
    LEAVING = "leaving"
    DONE = "done"


class Row(NamedTuple):
    """A freeze in the ledger; `logged`: its entry is in the log (the intent alone is durable before)."""

    freeze: Freeze
    state: FreezeState = FreezeState.ACTIVE
    logged: bool = False
    proposal: Proposal | None = None
    confirmer: KeyId | None = None


class World(NamedTuple):
    """One state of everything; hashable."""

    # the surroundings
    time: int = 0
    offset: int = 0
    doubt_since: int | None = None
    # the ledger
    transfer: TransferState = TransferState.SEALED
    reason: DestroyReason | None = None
    recipient_revoked: bool = False
    entries: frozenset[int] = frozenset()
    rows: tuple[Row | None, ...] = ()
    order: int = 0
    # beside the ledger
    share: ShareState = ShareState.HELD
    parts: bool = True
    # volatile
    releases: tuple[Stage, ...] = ()
    sweep: int = 0
    # what people were told, and what left
    left: frozenset[int] = frozenset()
    frozen_answers: frozenset[int] = frozenset()
    revoke_answered: bool = False
    # budgets
    crashes: int = 0
    clock_steps: int = 0
    proposals: int = 0


@dataclass(frozen=True)
class Bounds:
    """How much of everything one exploration tries."""

    releases: int = 1
    freezes: int = 0
    proposals: int = 0
    revoke: bool = False
    revoke_recipient: bool = False
    clock_steps: int = 0
    crashes: int = 1
    until: int = EXPIRES + 1


@dataclass(frozen=True)
class Process:
    """The order in which the service does things; every flag set is the design, one cleared is a mistake."""

    entry_before_share: bool = True
    second_look: bool = True
    answers_wait_for_leaving: bool = True
    freezes_are_durable: bool = True
    freezes_stop_before_logged: bool = True
    lift_checks_officers: bool = True
    lift_minds_other_freezes: bool = True
    shares_erased_before_entry: bool = True
    destroying_before_erasing: bool = True
    sweeper_restarts: bool = True
    sweeps_what_is_frozen: bool = True
    minds_the_clock: bool = True
    erasing_minds_the_clock: bool = True


class Action(NamedTuple):
    """One step of a history: what, which one, and by whom for the acts of officers."""

    name: str
    which: int = 0
    officer: KeyId | None = None


class ViolationError(Exception):
    """An invariant does not hold; says which, and carries the history that leads there."""

    def __init__(self, invariant: str, history: tuple[Action, ...] = ()) -> None:
        super().__init__(f"{invariant}: {' > '.join(f'{action.name} {action.which}' for action in history)}")
        self.invariant = invariant
        self.history = history


Step = tuple[Action, World]


def wall(world: World) -> int:
    """The service's clock."""
    return EPOCH + (world.time + world.offset) * UNIT


def true_time(world: World) -> int:
    """The time that the service's clock should show."""
    return EPOCH + world.time * UNIT


@cache
def _officer(key: KeyId, organisation: OrgId) -> Officer:
    return Officer(key, organisation, at_freeze=key != LATECOMER, at_present=True)


def _judgement(world: World) -> Judgement:
    since = None if world.doubt_since is None else float(world.doubt_since * UNIT)
    return ClockWatch(EPOCH, 0.0, since).judge(monotonic=float(world.time * UNIT))


class Model:
    """The steps that are possible in a world, and what must hold in it."""

    def __init__(self, bounds: Bounds, process: Process | None = None) -> None:
        self.bounds = bounds
        self.process = process or Process()

    def start(self) -> World:
        """A sealed transfer with one share held, nothing going on."""
        return World(rows=(None,) * self.bounds.freezes, releases=(Stage.IDLE,) * self.bounds.releases)

    # --- facts ---------------------------------------------------------------------------------------------

    def _facts(self, world: World) -> ReleaseFacts:
        rows = [row for row in world.rows if row is not None]
        if not self.process.freezes_stop_before_logged:
            rows = [row for row in rows if row.logged]
        doubted = self.process.minds_the_clock and _judgement(world) is not Judgement.SOUND
        return ReleaseFacts(
            listed=True,
            state=world.transfer,
            reason=world.reason,
            share=world.share,
            expires=EPOCH + EXPIRES * UNIT,
            recipient_revoked=world.recipient_revoked,
            has_role=True,
            has_seat=True,
            freezes=matching(((row.freeze, row.state) for row in rows), SUBJECT),
            clock_departure=UNIT if doubted else 0,
        )

    # --- releases ------------------------------------------------------------------------------------------

    def _release(self, world: World) -> Iterator[Step]:
        for index, stage in enumerate(world.releases):
            if stage is Stage.IDLE:
                try:
                    decide_release(self._facts(world), now=wall(world))
                except ScelleError:
                    continue
                self._look(world)
                if self.process.entry_before_share:
                    # A retry finds its entry and adds none: the set models that.
                    after = world._replace(entries=world.entries | {index})
                    yield Action("append", index), self._stage(after, index, Stage.APPENDED)
                else:
                    yield Action("append", index), self._stage(world, index, Stage.LEAVING)
            elif stage is Stage.APPENDED:
                if self.process.second_look:
                    passes = still_releasable(self._facts(world), now=wall(world))
                else:
                    passes = world.share is ShareState.HELD
                if passes and self.process.second_look:
                    self._look(world)
                yield (
                    Action("look", index),
                    self._stage(world, index, Stage.LEAVING if passes else Stage.DONE),
                )
            elif stage is Stage.LEAVING:
                self._leaves(world, index)
                after = world._replace(left=world.left | {index}, entries=world.entries | {index})
                yield Action("leave", index), self._stage(after, index, Stage.DONE)

    @staticmethod
    def _stage(world: World, index: int, stage: Stage) -> World:
        return world._replace(releases=(*world.releases[:index], stage, *world.releases[index + 1 :]))

    @staticmethod
    def _look(world: World) -> None:
        if any(row is not None and row.state is not FreezeState.LIFTED for row in world.rows):
            raise ViolationError("nothing is released while a freeze is durable and not lifted")

    @staticmethod
    def _leaves(world: World, index: int) -> None:
        if index not in world.entries:
            raise ViolationError("no share leaves without its durable entry")
        if world.time >= EXPIRES:
            raise ViolationError("no share leaves after expiry")
        if world.revoke_answered:
            raise ViolationError("no share leaves past a revocation that was answered")
        for number in world.frozen_answers:
            row = world.rows[number]
            if row is None or row.state is not FreezeState.LIFTED:
                raise ViolationError("no share leaves past a freeze that was answered")

    # --- freezing and lifting ------------------------------------------------------------------------------

    def _freeze(self, world: World) -> Iterator[Step]:
        quiet = Stage.LEAVING not in world.releases or not self.process.answers_wait_for_leaving
        for index, row in enumerate(world.rows):
            if row is None:
                if index in world.frozen_answers or (index and world.rows[index - 1] is None):
                    continue  # one after another: the freezes are alike but for their scope
                yield Action("freeze", index), self._row(world, index, Row(self._new_freeze(world, index)))
                continue
            if index not in world.frozen_answers and quiet:
                yield (
                    Action("freeze-answer", index),
                    world._replace(frozen_answers=world.frozen_answers | {index}),
                )
            if not row.logged:
                yield Action("freeze-log", index), self._row(world, index, row._replace(logged=True), act=False)
            elif row.state is not FreezeState.LIFTED:
                yield from self._lift(world, index, row)

    def _new_freeze(self, world: World, index: int) -> Freeze:
        scope, organisation = SCOPES[index]
        check_may_freeze(
            scope,
            organisation=organisation,
            is_officer=True,
            host=OrgId("host"),
            parties=frozenset((SENDER, RECIPIENT)),
        )
        return Freeze(
            id=FreezeId("abcde"[index] * 25 + "a"),
            scope=scope,
            organisation=organisation,
            officer=OFFICERS[0],
            position=1,
            time=wall(world),
            order=world.order + 1,
        )

    @staticmethod
    def _row(world: World, index: int, row: Row, *, act: bool = True) -> World:
        rows = (*world.rows[:index], row, *world.rows[index + 1 :])
        return world._replace(rows=rows, order=world.order + act)

    def _lift(self, world: World, index: int, row: Row) -> Iterator[Step]:
        others = [other.freeze for other in world.rows if other is not None]
        if not self.process.lift_minds_other_freezes:
            others = []
        freeze, organisation = row.freeze, row.freeze.organisation
        state, proposal = row.state, row.proposal
        if proposal is not None and lapsed(proposal, freeze, now=wall(world), others=others):
            state, proposal = freeze_step(state, FreezeEvent.LAPSE), None
        for key in LIFTERS:
            officer = _officer(key, organisation)
            try:
                if proposal is None:
                    if world.proposals >= self.bounds.proposals:
                        continue
                    after = propose_lift(freeze, state, officer)
                    made = Proposal(freeze.id, key, wall(world), world.order + 1)
                    changed = self._row(world, index, row._replace(state=after, proposal=made))
                    yield Action("propose", index, key), changed._replace(proposals=world.proposals + 1)
                    continue
                if self.process.lift_checks_officers:
                    after = confirm_lift(
                        freeze,
                        state,
                        proposal,
                        proposer=_officer(proposal.officer, organisation),
                        confirmer=officer,
                        now=wall(world),
                        others=others,
                    )
                else:
                    after = freeze_step(state, FreezeEvent.CONFIRM)
            except ScelleError:
                continue
            for other, made_by in enumerate(world.rows):
                news = made_by is not None and made_by.freeze.order > proposal.order
                if news and {index, other} in TOUCHING:
                    raise ViolationError("a lift is not confirmed past a freeze that came after its proposal")
            # `proposal` stays: with the confirmer it is the evidence that the invariant looks at.
            lifted = row._replace(state=after, confirmer=key)
            yield Action("confirm", index, key), self._row(world, index, lifted, act=False)

    # --- revocation, expiry, destruction -------------------------------------------------------------------

    def _end(self, world: World, event: TransferEvent) -> World:
        return world._replace(transfer=step(world.transfer, event), reason=REASONS[event])

    def _revoke(self, world: World) -> Iterator[Step]:
        quiet = Stage.LEAVING not in world.releases or not self.process.answers_wait_for_leaving
        if self.bounds.revoke and world.transfer is TransferState.SEALED:
            yield Action("revoke"), self._end(world, TransferEvent.REVOKE)
        if self.bounds.revoke_recipient and not world.recipient_revoked:
            yield Action("revoke-recipient"), world._replace(recipient_revoked=True)
        revoked = world.recipient_revoked or world.reason is DestroyReason.REVOKED
        if revoked and quiet and not world.revoke_answered:
            yield Action("revoke-answer"), world._replace(revoke_answered=True)

    def sweep(self, world: World) -> Step | None:
        """The sweeper's next step, or None when it has nothing to do."""
        if world.transfer is TransferState.SEALED:
            if world.recipient_revoked and world.share is ShareState.HELD:
                return Action("sweep-recipient"), world._replace(share=share_step(world.share, ShareEvent.ERASE))
            return self._sweep_expired(world)
        if world.transfer is not TransferState.DESTROYING or world.sweep < 0:
            return None
        order = ["share", "parts", "entry"] if self.process.shares_erased_before_entry else ["entry", "share", "parts"]
        done = order[world.sweep]
        after = world._replace(sweep=world.sweep + 1)
        if done == "share":
            after = after._replace(share=share_step(world.share, ShareEvent.ERASE))
        elif done == "parts":
            after = after._replace(parts=False)
        else:
            after = after._replace(transfer=step(world.transfer, TransferEvent.ERASED))
        return Action(f"sweep-{done}"), after

    def _sweep_expired(self, world: World) -> Step | None:
        if wall(world) < EPOCH + EXPIRES * UNIT:
            return None
        if self.process.erasing_minds_the_clock and _judgement(world) is Judgement.HOLD:
            return None
        if not self.process.sweeps_what_is_frozen and self._facts(world).freezes:
            return None
        waited = world.doubt_since is not None and world.time - world.doubt_since >= 2
        if world.time < EXPIRES and not waited:
            raise ViolationError("nothing expires before its time unless the clock was in doubt for a day")
        if not self.process.destroying_before_erasing and world.share is ShareState.HELD:
            return Action("sweep-share"), world._replace(share=ShareState.ERASED)
        return Action("sweep-expired"), self._end(world, TransferEvent.EXPIRE)

    # --- the surroundings ----------------------------------------------------------------------------------

    def crash(self, world: World) -> World:
        """Everything volatile is lost; requests are made again, the sweeper starts anew."""
        after = world._replace(
            releases=tuple(Stage.DONE if stage is Stage.DONE else Stage.IDLE for stage in world.releases),
            sweep=0 if self.process.sweeper_restarts or not world.sweep else -1,
            crashes=world.crashes + 1,
        )
        return after if self.process.freezes_are_durable else after._replace(rows=(None,) * len(world.rows))

    def _surroundings(self, world: World) -> Iterator[Step]:
        if world.time < self.bounds.until and Stage.LEAVING not in world.releases:
            yield Action("tick"), world._replace(time=world.time + 1)
        if world.crashes < self.bounds.crashes:
            yield Action("crash"), self.crash(world)
        if world.clock_steps < self.bounds.clock_steps:
            for offset in {-2, 0, 2} - {world.offset}:
                since = (world.time if world.doubt_since is None else world.doubt_since) if offset else None
                stepped = world._replace(offset=offset, doubt_since=since, clock_steps=world.clock_steps + 1)
                yield Action("clock", offset), stepped

    def steps(self, world: World) -> Iterator[Step]:
        """Every step that something or somebody can take now, with the world after it."""
        if world.transfer is TransferState.DESTROYED and {Stage.APPENDED, Stage.LEAVING}.isdisjoint(world.releases):
            return  # nothing that matters can happen any more
        yield from self._release(world)
        yield from self._freeze(world)
        yield from self._revoke(world)
        swept = self.sweep(world)
        if swept is not None:
            yield swept
        yield from self._surroundings(world)

    # --- what must hold ------------------------------------------------------------------------------------

    def check(self, world: World) -> None:
        """The invariants of every world. Raises ViolationError."""
        erased = world.share is ShareState.ERASED
        if world.transfer is TransferState.DESTROYED and (not erased or world.parts):
            raise ViolationError("destroyed means that shares are erased and parts are gone")
        if erased and world.transfer is TransferState.SEALED and not world.recipient_revoked:
            raise ViolationError("nothing is erased before the ledger says so")
        for row in world.rows:
            if row is not None and row.state is FreezeState.LIFTED:
                assert row.proposal is not None
                both = {row.proposal.officer, row.confirmer}
                if len(both) != 2 or not both <= set(OFFICERS):
                    raise ViolationError("a lift needs two officers of before and now")
        self._check_ending(world)

    def _check_ending(self, world: World) -> None:
        """After a crash, with nobody's help, whatever must go is gone in the end, frozen or not."""
        due = world.transfer is TransferState.DESTROYING or (
            world.transfer is TransferState.SEALED and world.time >= EXPIRES and not world.offset
        )
        if not due:
            return
        after = self.crash(world)
        for _ in range(8):
            swept = self.sweep(after)
            if swept is None:
                break
            after = swept[1]
        if after.transfer is not TransferState.DESTROYED:
            raise ViolationError("every destruction ends after a restart")


def broken(flag: str) -> Process:
    """The process with one thing done wrong."""
    return replace(Process(), **{flag: False})
