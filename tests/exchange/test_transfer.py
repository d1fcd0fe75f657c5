from itertools import product

import pytest

from scelle.exchange.errors import TransferStateError
from scelle.exchange.freeze import TRANSITIONS as FREEZE_TRANSITIONS
from scelle.exchange.transfer import (
    REASONS,
    SHARE_TRANSITIONS,
    TRANSITIONS,
    ShareEvent,
    ShareState,
    TransferEvent,
    TransferState,
    mermaid,
    share_step,
    step,
)


@pytest.mark.parametrize(("state", "event"), list(product(TransferState, TransferEvent)))
def test_what_is_not_in_the_table_is_refused(state: TransferState, event: TransferEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert step(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(TransferStateError) as caught:
        step(state, event)
    assert caught.value.facts == {"state": state.value, "event": event.value}


def test_destroyed_is_the_only_end_and_always_reachable() -> None:
    ahead = {state: {after for (before, _), after in TRANSITIONS.items() if before is state} for state in TransferState}
    assert [state for state in TransferState if not ahead[state]] == [TransferState.DESTROYED]
    for state in TransferState:
        seen = {state}
        for _ in TransferState:
            seen |= {after for before in seen for after in ahead[before]}
        assert TransferState.DESTROYED in seen


def test_every_way_into_destroying_leaves_its_reason() -> None:
    into = {event for (_, event), after in TRANSITIONS.items() if after is TransferState.DESTROYING}
    assert into == set(REASONS)


@pytest.mark.parametrize("state", ShareState)
def test_a_share_is_erased_once_or_twice_and_never_comes_back(state: ShareState) -> None:
    assert share_step(state, ShareEvent.ERASE) is ShareState.ERASED
    assert ShareState.HELD not in SHARE_TRANSITIONS.values()


def test_diagrams() -> None:
    assert mermaid(TRANSITIONS) == (
        "stateDiagram-v2\n"
        "    [*] --> open\n"
        "    open --> sealed: seal\n"
        "    open --> destroying: abandon\n"
        "    sealed --> destroying: expire\n"
        "    sealed --> destroying: revoke\n"
        "    destroying --> destroyed: erased\n"
        "    destroyed --> [*]\n"
    )
    assert mermaid(SHARE_TRANSITIONS).splitlines()[-2:] == ["    erased --> erased: erase", "    erased --> [*]"]
    assert mermaid(FREEZE_TRANSITIONS).count("lifted --> [*]") == 1
