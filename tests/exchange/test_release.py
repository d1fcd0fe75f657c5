from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from scelle.base.errors import ScelleError
from scelle.base.ids import FreezeId
from scelle.exchange.clockwatch import ClockError
from scelle.exchange.errors import (
    FrozenError,
    RoleMissingError,
    SeatMissingError,
    TransferExpiredError,
    TransferNotFoundError,
    TransferRevokedError,
)
from scelle.exchange.release import ReleaseFacts, decide_release, still_releasable
from scelle.exchange.transfer import DestroyReason, ShareState, TransferState

FREEZE = FreezeId("a" * 26)
GOOD = ReleaseFacts(
    listed=True,
    state=TransferState.SEALED,
    reason=None,
    share=ShareState.HELD,
    expires=1000,
    recipient_revoked=False,
    has_role=True,
    has_seat=True,
    freezes=(),
    clock_departure=0,
)
DESTROYING = TransferState.DESTROYING
CASES: list[tuple[dict[str, Any], type[ScelleError], dict[str, str | int]]] = [
    ({"listed": False}, TransferNotFoundError, {}),
    ({"state": TransferState.OPEN}, TransferNotFoundError, {}),
    ({"state": DESTROYING, "reason": DestroyReason.ABANDONED}, TransferNotFoundError, {}),
    ({"state": DESTROYING, "reason": DestroyReason.REVOKED}, TransferRevokedError, {"whole": 1}),
    ({"recipient_revoked": True}, TransferRevokedError, {"whole": 0}),
    ({"state": DESTROYING, "reason": DestroyReason.EXPIRED}, TransferExpiredError, {"expires": 1000}),
    ({"state": TransferState.DESTROYED, "reason": DestroyReason.EXPIRED}, TransferExpiredError, {"expires": 1000}),
    ({"has_role": False}, RoleMissingError, {"role": "recipient"}),
    ({"has_seat": False}, SeatMissingError, {}),
    ({"clock_departure": 301}, ClockError, {"seconds": 301}),
    ({"expires": 500}, TransferExpiredError, {"expires": 500}),
    ({"share": ShareState.ERASED}, TransferExpiredError, {"expires": 1000}),
    ({"freezes": (FREEZE, FreezeId("b" * 25 + "a"))}, FrozenError, {"freeze": FREEZE}),
]


def test_all_is_well() -> None:
    decide_release(GOOD, now=999)
    assert still_releasable(GOOD, now=999)


@pytest.mark.parametrize(("change", "error", "facts"), CASES)
def test_each_objection(change: dict[str, Any], error: type[ScelleError], facts: dict[str, str | int]) -> None:
    changed = replace(GOOD, **change)
    with pytest.raises(error) as caught:
        decide_release(changed, now=500)
    assert caught.value.facts == facts
    assert not still_releasable(changed, now=500)


def test_the_first_objection_in_the_order_of_finality_is_told() -> None:
    for (one, first, _), (other, second, _) in product(CASES, CASES):
        if set(one) & set(other):
            continue
        with pytest.raises((first, second)):
            decide_release(replace(GOOD, **one, **other), now=500)
    for change, _, _ in CASES[1:]:  # who is not concerned learns nothing
        with pytest.raises(TransferNotFoundError):
            decide_release(replace(GOOD, **{**change, "listed": False}), now=500)


def test_the_last_second() -> None:
    assert still_releasable(GOOD, now=999)
    assert not still_releasable(GOOD, now=1000)
