"""Freezing and lifting: who may stop what, what a freeze stops, and the two officers who end it.

One security officer freezes at once; lifting takes two of the organisation that froze, both officers at the
freeze's position in the directory and at the moment of confirming (spec/exchange.md, freeze). Freezes stop
releases and downloads; they never postpone expiry or destruction.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from scelle.base.errors import MalformedError
from scelle.base.ids import (
    DeskId,
    FreezeId,
    KeyId,
    OrgId,
    TransferId,
    parse_desk_id,
    parse_key_id,
    parse_org_id,
    parse_transfer_id,
)
from scelle.exchange.errors import (
    FreezeForeignError,
    FreezeStateError,
    LiftLapsedError,
    LiftOfficerError,
    LiftSameOfficerError,
    RoleMissingError,
    TransferNotFoundError,
)

PROPOSAL_LASTS = 24 * 3600
"""Seconds after which a proposal to lift lapses."""

CLOCK_SLACK = 300
"""Seconds by which a proposal may seem to lie in the future: what the clock may depart without being in doubt."""


class ScopeKind(StrEnum):
    """What a freeze can stop, the narrowest first: the order in which a person is offered them."""

    TRANSFER = "transfer"
    KEY = "key"
    DESK = "desk"
    ORGANISATION = "organisation"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a freeze stops; `value` is the id of that kind, empty for the whole service.

    Raises MalformedError for a value that is not an id of its kind.
    """

    kind: ScopeKind
    value: str = ""

    def __post_init__(self) -> None:
        if self.kind is ScopeKind.TRANSFER:
            parse_transfer_id(self.value)
        elif self.kind is ScopeKind.KEY:
            parse_key_id(self.value)
        elif self.kind is ScopeKind.DESK:
            parse_desk_id(self.value)
        elif self.kind is ScopeKind.ORGANISATION:
            parse_org_id(self.value)
        elif self.value:
            raise MalformedError(what="freeze scope", why="the service has no id")

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze: by which officer of which organisation, seeing how much of the directory, and when.

    `position`: size of the directory that counts for "officer at the freeze". `order`: the ledger's running
    number of the intent; orders what happened even when the clock stepped back.
    """

    id: FreezeId
    scope: Scope
    organisation: OrgId
    officer: KeyId
    position: int
    time: int
    order: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One officer's proposal to lift a freeze; `order` as in Freeze."""

    freeze: FreezeId
    officer: KeyId
    time: int
    order: int


@dataclass(frozen=True, slots=True)
class Officer:
    """A member who acts on a freeze, as the directory knows them at two positions.

    `at_freeze`, `at_present`: whether the key was, and is, a security officer of the organisation.
    """

    key: KeyId
    organisation: OrgId
    at_freeze: bool
    at_present: bool


@dataclass(frozen=True, slots=True)
class FreezeSubject:
    """What an act touches, for matching against freezes.

    For a release: the transfer, the sender's and the asking recipient's keys and organisations, and the desks
    that the recipient's share goes to. For sealing: the sender's, and all that it is addressed to.
    """

    transfer: TransferId | None
    keys: Set[KeyId]
    desks: Set[DeskId]
    organisations: Set[OrgId]
    kept_for_dpo: bool = False
    """Only the data-protection officers' desk of the sender's own organisation is concerned: never frozen."""


class FreezeState(StrEnum):
    """States of a freeze."""

    ACTIVE = "active"
    PROPOSED = "proposed"
    LIFTED = "lifted"


class FreezeEvent(StrEnum):
    """What happens to a freeze."""

    PROPOSE = "propose"
    LAPSE = "lapse"
    CONFIRM = "confirm"


TRANSITIONS: Mapping[tuple[FreezeState, FreezeEvent], FreezeState] = {
    (FreezeState.ACTIVE, FreezeEvent.PROPOSE): FreezeState.PROPOSED,
    (FreezeState.PROPOSED, FreezeEvent.LAPSE): FreezeState.ACTIVE,
    (FreezeState.PROPOSED, FreezeEvent.CONFIRM): FreezeState.LIFTED,
}
"""The whole machine: a freeze stops things in every state but `lifted`."""


DPO_DESK = "dpo"
"""Name of the desk that an organisation keeps subject indexes and evidence at."""


def dpo_desk(organisation: OrgId) -> DeskId:
    """The desk of an organisation's data-protection officers. What it holds for itself there is never frozen."""
    return DeskId(f"{organisation}/{DPO_DESK}")


def step(state: FreezeState, event: FreezeEvent) -> FreezeState:
    """The state after an event. Raises FreezeStateError when the table does not allow it."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise FreezeStateError(state=state.value, event=event.value) from None


def matches(freeze: Freeze, subject: FreezeSubject) -> bool:
    """Whether a freeze stops an act on this subject."""
    scope = freeze.scope
    if subject.kept_for_dpo:
        return False
    if scope.kind is ScopeKind.SERVICE:
        return True
    if scope.kind is ScopeKind.TRANSFER:
        return scope.value == subject.transfer
    if scope.kind is ScopeKind.KEY:
        return scope.value in subject.keys
    if scope.kind is ScopeKind.DESK:
        return scope.value in subject.desks
    return scope.value in subject.organisations


def matching(freezes: Iterable[tuple[Freeze, FreezeState]], subject: FreezeSubject) -> tuple[FreezeId, ...]:
    """The freezes that stop an act on this subject: a release needs this to be empty."""
    return tuple(freeze.id for freeze, state in freezes if state is not FreezeState.LIFTED and matches(freeze, subject))


def check_may_freeze(
    scope: Scope,
    *,
    organisation: OrgId,
    is_officer: bool,
    host: OrgId,
    key_organisation: OrgId | None = None,
    parties: Set[OrgId] = frozenset(),
) -> None:
    """Whether a member may freeze a scope.

    `organisation`, `is_officer`: the member's, and whether they are a security officer of it at present. `host`:
    the organisation that runs the service. `key_organisation`: whose key the scope names; `parties`: the
    organisations that sent, or are addressed by, the transfer that the scope names.
    Raises RoleMissingError, TransferNotFoundError (one that is not theirs does not exist), FreezeForeignError.
    """
    if not is_officer:
        raise RoleMissingError(role="security-officer")
    if scope.kind is ScopeKind.TRANSFER:
        if organisation not in parties:
            raise TransferNotFoundError()
        return
    owner: OrgId | None
    if scope.kind is ScopeKind.SERVICE:
        owner = host
    elif scope.kind is ScopeKind.KEY:
        owner = key_organisation
    else:
        owner = OrgId(scope.value.partition("/")[0])
    if owner != organisation:
        raise FreezeForeignError(scope=str(scope))


def _overlap(one: Scope, other: Scope) -> bool:
    kinds = {one.kind, other.kind}
    if ScopeKind.SERVICE in kinds:
        return True
    if len(kinds) == 1:
        return one.value == other.value
    if kinds == {ScopeKind.ORGANISATION, ScopeKind.DESK}:
        return one.value.partition("/")[0] == other.value.partition("/")[0]
    return True  # a key or a transfer may lie inside the other scope: when in doubt they overlap


def touches(other: Freeze, freeze: Freeze) -> bool:
    """Whether another freeze bears on the same things, so that it ends a proposal to lift this one.

    The same scope always does, and a freeze of the whole service; narrower and wider ones only of the same
    organisation, so that nobody hinders another organisation's lift by freezing things of their own.
    """
    if other.id == freeze.id:
        return False
    return (
        other.scope == freeze.scope
        or other.scope.kind is ScopeKind.SERVICE
        or (other.organisation == freeze.organisation and _overlap(other.scope, freeze.scope))
    )


def lapsed(proposal: Proposal, freeze: Freeze, *, now: int, others: Iterable[Freeze]) -> bool:
    """Whether a proposal has lapsed: after a day, or when a freeze that touches this one came after it.

    `others`: all freezes, lifted ones too: one that came and went in between was news all the same. A proposal
    that lies in the future has lapsed as well: the clock went wrong since.
    """
    if not proposal.time - CLOCK_SLACK <= now < proposal.time + PROPOSAL_LASTS:
        return True
    return any(other.order > proposal.order and touches(other, freeze) for other in others)


def _check_officer(freeze: Freeze, officer: Officer) -> None:
    if officer.organisation != freeze.organisation:
        raise LiftOfficerError(why="other-organisation")
    if not officer.at_present:
        raise LiftOfficerError(why="not-officer-now")
    if not officer.at_freeze:
        raise LiftOfficerError(why="not-officer-at-freeze")


def propose_lift(freeze: Freeze, state: FreezeState, officer: Officer) -> FreezeState:
    """The state after an officer proposes to lift. A lapsed proposal must have been stepped back before.

    Raises LiftOfficerError, FreezeStateError.
    """
    _check_officer(freeze, officer)
    return step(state, FreezeEvent.PROPOSE)


def confirm_lift(
    freeze: Freeze,
    state: FreezeState,
    proposal: Proposal,
    *,
    proposer: Officer,
    confirmer: Officer,
    now: int,
    others: Iterable[Freeze],
) -> FreezeState:
    """The state after a second officer confirms. The proposer must still be an officer, too.

    Raises FreezeStateError, LiftOfficerError, LiftSameOfficerError, LiftLapsedError.
    """
    after = step(state, FreezeEvent.CONFIRM)
    if proposal.freeze != freeze.id or proposer.key != proposal.officer:
        raise LiftOfficerError(why="not-the-proposer")
    _check_officer(freeze, confirmer)
    if confirmer.key == proposer.key:
        raise LiftSameOfficerError()
    _check_officer(freeze, proposer)
    if lapsed(proposal, freeze, now=now, others=others):
        raise LiftLapsedError()
    return after


def officers_change_allowed(*, frozen: bool, administrators: Set[KeyId]) -> bool:
    """Whether a change of an organisation's security officers is endorsed by enough administrators.

    One is enough, two different ones while a freeze of that organisation is not lifted: whoever took over one
    administrator cannot put in officers who lift.
    """
    return len(administrators) >= (2 if frozen else 1)
