from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from scelle.base.errors import MalformedError, ScelleError
from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.exchange.errors import (
    FreezeForeignError,
    FreezeStateError,
    LiftLapsedError,
    LiftOfficerError,
    LiftSameOfficerError,
    RoleMissingError,
    TransferNotFoundError,
)
from scelle.exchange.freeze import (
    TRANSITIONS,
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
    matches,
    matching,
    officers_change_allowed,
    propose_lift,
    step,
    touches,
)

CNAM, APHP, HOST = OrgId("cnam"), OrgId("ap-hp"), OrgId("host")
TRANSFER, OTHER = TransferId("a" * 26), TransferId("b" * 25 + "a")
KEY, STRANGE_KEY = KeyId("1" * 32), KeyId("9" * 32)
SUBJECT = FreezeSubject(TRANSFER, frozenset((KEY,)), frozenset((DeskId("cnam/tracing"),)), frozenset((CNAM, APHP)))

ON_TRANSFER = Scope(ScopeKind.TRANSFER, TRANSFER)
ON_KEY = Scope(ScopeKind.KEY, KEY)
ON_DESK = Scope(ScopeKind.DESK, "cnam/tracing")
ON_ORG = Scope(ScopeKind.ORGANISATION, CNAM)
ON_SERVICE = Scope(ScopeKind.SERVICE)


def freeze(scope: Scope = ON_TRANSFER, *, organisation: OrgId = CNAM, number: int = 0, order: int = 1) -> Freeze:
    return Freeze(FreezeId("abcdefgh"[number] * 25 + "a"), scope, organisation, KEY, 5, 1000, order)


@pytest.mark.parametrize(
    ("scope", "hit"),
    [
        (ON_SERVICE, True),
        (ON_ORG, True),
        (Scope(ScopeKind.ORGANISATION, "ap-hp"), True),
        (Scope(ScopeKind.ORGANISATION, "ars-idf"), False),
        (ON_DESK, True),
        (Scope(ScopeKind.DESK, "cnam/other"), False),
        (ON_KEY, True),
        (Scope(ScopeKind.KEY, STRANGE_KEY), False),
        (ON_TRANSFER, True),
        (Scope(ScopeKind.TRANSFER, OTHER), False),
    ],
)
def test_what_a_freeze_stops(scope: Scope, hit: bool) -> None:
    assert matches(freeze(scope), SUBJECT) is hit
    assert matching([(freeze(scope), FreezeState.PROPOSED)], SUBJECT) == ((freeze().id,) if hit else ())
    assert matching([(freeze(scope), FreezeState.LIFTED)], SUBJECT) == ()


def test_the_freezes_of_two_organisations_stand_side_by_side() -> None:
    mine, theirs = freeze(), freeze(organisation=APHP, number=1)
    assert matching([(mine, FreezeState.LIFTED), (theirs, FreezeState.ACTIVE)], SUBJECT) == (theirs.id,)


@pytest.mark.parametrize(("kind", "value"), list(product(ScopeKind, ("x!", "A/B"))))
def test_a_scope_has_an_id_of_its_kind(kind: ScopeKind, value: str) -> None:
    with pytest.raises(MalformedError):
        Scope(kind, value)


def test_scopes_as_text() -> None:
    assert (str(ON_DESK), str(ON_SERVICE)) == ("desk:cnam/tracing", "service")


@pytest.mark.parametrize(
    ("scope", "organisation", "error"),
    [
        (ON_ORG, CNAM, None),
        (ON_ORG, APHP, FreezeForeignError),
        (ON_ORG, HOST, FreezeForeignError),
        (ON_DESK, CNAM, None),
        (ON_DESK, APHP, FreezeForeignError),
        (ON_KEY, CNAM, None),
        (ON_KEY, APHP, FreezeForeignError),
        (ON_TRANSFER, CNAM, None),
        (ON_TRANSFER, APHP, None),
        (ON_TRANSFER, HOST, TransferNotFoundError),
        (ON_SERVICE, HOST, None),
        (ON_SERVICE, CNAM, FreezeForeignError),
    ],
)
def test_who_may_freeze_what(scope: Scope, organisation: OrgId, error: type[ScelleError] | None) -> None:
    def check(*, is_officer: bool = True) -> None:
        check_may_freeze(
            scope,
            organisation=organisation,
            is_officer=is_officer,
            host=HOST,
            key_organisation=CNAM,
            parties=frozenset((CNAM, APHP)),
        )

    if error is None:
        check()
    else:
        with pytest.raises(error):
            check()
    with pytest.raises(RoleMissingError):
        check(is_officer=False)


def test_a_key_of_nobody_cannot_be_frozen() -> None:
    with pytest.raises(FreezeForeignError):
        check_may_freeze(ON_KEY, organisation=CNAM, is_officer=True, host=HOST)


@pytest.mark.parametrize(("state", "event"), list(product(FreezeState, FreezeEvent)))
def test_what_is_not_in_the_table_is_refused(state: FreezeState, event: FreezeEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert step(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(FreezeStateError):
            step(state, event)


FIRST = Officer(KeyId("1" * 32), CNAM, at_freeze=True, at_present=True)
SECOND = Officer(KeyId("2" * 32), CNAM, at_freeze=True, at_present=True)
PROPOSAL = Proposal(freeze().id, FIRST.key, 2000, 2)
BAD_OFFICERS = [
    (replace(SECOND, organisation=APHP), "other-organisation"),
    (replace(SECOND, at_freeze=False), "not-officer-at-freeze"),
    (replace(SECOND, at_present=False), "not-officer-now"),
]


def confirm(
    *,
    proposer: Officer = FIRST,
    confirmer: Officer = SECOND,
    state: FreezeState = FreezeState.PROPOSED,
    proposal: Proposal = PROPOSAL,
    now: int = 3000,
    others: tuple[Freeze, ...] = (),
) -> FreezeState:
    return confirm_lift(
        freeze(), state, proposal, proposer=proposer, confirmer=confirmer, now=now, others=(freeze(), *others)
    )


def test_two_officers_lift() -> None:
    assert propose_lift(freeze(), FreezeState.ACTIVE, FIRST) is FreezeState.PROPOSED
    assert confirm() is FreezeState.LIFTED
    with pytest.raises(LiftSameOfficerError):
        confirm(confirmer=FIRST)


@pytest.mark.parametrize(("officer", "why"), BAD_OFFICERS)
def test_officers_before_and_now_of_the_freezing_organisation(officer: Officer, why: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: propose_lift(freeze(), FreezeState.ACTIVE, officer),
        lambda: confirm(confirmer=officer),
        lambda: confirm(proposer=replace(officer, key=FIRST.key)),
    ]
    for act in acts:
        with pytest.raises(LiftOfficerError) as caught:
            act()
        assert caught.value.facts == {"why": why}


def test_a_confirmation_is_of_that_proposal() -> None:
    with pytest.raises(LiftOfficerError):
        confirm(proposer=replace(FIRST, key=KeyId("3" * 32)))
    with pytest.raises(LiftOfficerError):
        confirm(proposal=replace(PROPOSAL, freeze=FreezeId("c" * 25 + "a")))
    for state in (FreezeState.ACTIVE, FreezeState.LIFTED):
        with pytest.raises(FreezeStateError):
            confirm(state=state)


def test_a_proposal_lapses_after_a_day() -> None:
    assert confirm(now=2000 + 86399) is FreezeState.LIFTED
    assert confirm(now=1700) is FreezeState.LIFTED
    for now in (2000 + 86400, 1699):
        with pytest.raises(LiftLapsedError):
            confirm(now=now)


def test_a_proposal_lapses_when_a_freeze_comes_after_it() -> None:
    assert confirm(others=(freeze(number=1, order=1),)) is FreezeState.LIFTED
    assert confirm(others=(freeze(Scope(ScopeKind.TRANSFER, OTHER), number=1, order=3),)) is FreezeState.LIFTED
    for scope in (ON_TRANSFER, ON_KEY, ON_DESK, ON_ORG, ON_SERVICE):
        with pytest.raises(LiftLapsedError):
            confirm(others=(freeze(scope, number=1, order=3),))
    assert not lapsed(PROPOSAL, freeze(), now=3000, others=[freeze(order=9)])  # itself


@pytest.mark.parametrize(
    ("one", "other", "touching"),
    [
        (freeze(ON_ORG), freeze(ON_DESK, number=1), True),
        (freeze(ON_ORG), freeze(Scope(ScopeKind.DESK, "ap-hp/lab"), number=1), False),
        (freeze(ON_DESK), freeze(Scope(ScopeKind.DESK, "cnam/other"), number=1), False),
        (freeze(ON_ORG), freeze(ON_TRANSFER, organisation=APHP, number=1), False),
        (freeze(ON_TRANSFER), freeze(ON_TRANSFER, organisation=APHP, number=1), True),
        (freeze(ON_TRANSFER), freeze(ON_SERVICE, organisation=HOST, number=1), True),
        (freeze(ON_SERVICE, organisation=HOST), freeze(ON_TRANSFER, number=1), False),
    ],
)
def test_which_freezes_touch(one: Freeze, other: Freeze, touching: bool) -> None:
    assert touches(other, one) is touching


def test_changing_officers_during_a_freeze_takes_two_administrators() -> None:
    one, two = frozenset((FIRST.key,)), frozenset((FIRST.key, SECOND.key))
    assert officers_change_allowed(frozen=False, administrators=one)
    assert not officers_change_allowed(frozen=True, administrators=one)
    assert officers_change_allowed(frozen=True, administrators=two)
    assert not officers_change_allowed(frozen=False, administrators=frozenset())
