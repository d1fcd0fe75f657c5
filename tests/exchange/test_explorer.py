"""Release, freeze, lift, revocation, expiry and destruction in every order, with crashes and clock steps."""

from dataclasses import fields

import pytest

from exchange_explorer import Exploration, explore
from exchange_model import (
    LATECOMER,
    OFFICERS,
    Action,
    Bounds,
    Model,
    Process,
    ViolationError,
    broken,
)
from scelle.exchange.freeze import FreezeState
from scelle.exchange.transfer import DestroyReason, TransferState

SCENARIOS = {
    "two releases, a freeze and its lift": Bounds(releases=2, freezes=1, proposals=1, until=2),
    "two freezes of one organisation": Bounds(freezes=2, proposals=2, crashes=0, until=1),
    "freezes of two organisations": Bounds(freezes=3, proposals=1, crashes=0, until=0),
    "a freeze, revocation, a clock step": Bounds(freezes=1, revoke=True, clock_steps=1),
    "a lift and a clock step": Bounds(freezes=1, proposals=1, clock_steps=1, crashes=0, until=2),
    "revocations and two crashes": Bounds(revoke=True, revoke_recipient=True, crashes=2, until=2),
    "two releases and two clock steps": Bounds(releases=2, clock_steps=2, until=4),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_the_promises(name: str) -> None:
    found = explore(Model(SCENARIOS[name]))
    assert len(found.parents) > 1000


# Which mistake is noticed as what; a mistake that went unnoticed would mean that the explorer proves nothing.
MISTAKES = {
    "entry_before_share": "no share leaves without its durable entry",
    "second_look": "no share leaves past a freeze that was answered",
    "answers_wait_for_leaving": "no share leaves past a freeze that was answered",
    "freezes_are_durable": "no share leaves past a freeze that was answered",
    "freezes_stop_before_logged": "nothing is released while a freeze is durable and not lifted",
    "lift_checks_officers": "a lift needs two officers of before and now",
    "lift_minds_other_freezes": "a lift is not confirmed past a freeze that came after its proposal",
    "shares_erased_before_entry": "destroyed means that shares are erased and parts are gone",
    "destroying_before_erasing": "nothing is erased before the ledger says so",
    "sweeper_restarts": "every destruction ends after a restart",
    "sweeps_what_is_frozen": "every destruction ends after a restart",
    "minds_the_clock": "no share leaves after expiry",
    "erasing_minds_the_clock": "nothing expires before its time unless the clock was in doubt for a day",
}
BOUNDS_FOR_MISTAKES = {
    "lift_minds_other_freezes": Bounds(freezes=2, proposals=1, crashes=0, until=1),
    "minds_the_clock": Bounds(clock_steps=1),
    "erasing_minds_the_clock": Bounds(clock_steps=1),
}


@pytest.mark.parametrize("mistake", [field.name for field in fields(Process)])
def test_every_mistake_is_noticed(mistake: str) -> None:
    bounds = BOUNDS_FOR_MISTAKES.get(mistake, Bounds(freezes=1, proposals=1))
    with pytest.raises(ViolationError) as caught:
        explore(Model(bounds, broken(mistake)))
    assert caught.value.invariant == MISTAKES[mistake]


@pytest.mark.parametrize(
    ("mistake", "invariant"),
    [
        ("second_look", "no share leaves past a revocation that was answered"),
        ("answers_wait_for_leaving", "no share leaves past a revocation that was answered"),
    ],
)
def test_mistakes_with_a_revocation(mistake: str, invariant: str) -> None:
    with pytest.raises(ViolationError) as caught:
        explore(Model(Bounds(revoke=True), broken(mistake)))
    assert caught.value.invariant == invariant


@pytest.fixture(scope="module")
def lifting() -> Exploration:
    return explore(Model(Bounds(freezes=1, proposals=2, crashes=0, until=2)))


def test_the_model_is_not_vacuous(lifting: Exploration) -> None:
    assert lifting.names() == {
        *("append", "look", "leave", "freeze", "freeze-answer", "freeze-log", "propose", "confirm", "tick"),
        *("sweep-expired", "sweep-share", "sweep-parts", "sweep-entry"),
    }
    others = explore(Model(Bounds(revoke=True, revoke_recipient=True, clock_steps=1)))
    assert {"revoke", "revoke-recipient", "revoke-answer", "sweep-recipient", "crash", "clock"} <= others.names()
    worlds = lifting.parents
    assert any(world.left and world.rows[0] and world.rows[0].state is FreezeState.LIFTED for world in worlds)
    assert any(world.reason is DestroyReason.EXPIRED and world.rows[0] and world.left for world in worlds)
    assert any(world.entries and not world.left and world.transfer is TransferState.DESTROYED for world in worlds)


def test_only_two_officers_of_before_and_now_lift(lifting: Exploration) -> None:
    pairs = {
        (row.proposal.officer, row.confirmer)
        for world in lifting.parents
        for row in world.rows
        if row is not None and row.proposal is not None and row.confirmer is not None
    }
    assert pairs == {OFFICERS, OFFICERS[::-1]}
    assert LATECOMER not in {action.officer for parent in lifting.parents.values() if parent for action in parent[1:]}


def test_a_history_can_be_replayed(lifting: Exploration) -> None:
    model = Model(Bounds(freezes=1, proposals=2, crashes=0, until=2))
    target = next(world for world in lifting.parents if world.left and world.rows[0] and world.rows[0].confirmer)
    history = lifting.history(target)
    world = model.start()
    for action in history:
        world = dict(model.steps(world))[action]
    assert world == target
    assert Action("append") in history
