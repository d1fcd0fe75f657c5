"""Whether the clock can be believed."""

import pytest

from scelle.exchange.clockwatch import MAX_DEPARTURE, MAX_WAIT, ClockError, ClockWatch, Judgement

START = ClockWatch(wall=1_000_000, monotonic=50.0)


@pytest.mark.parametrize("shift", [0, MAX_DEPARTURE, -MAX_DEPARTURE])
def test_small_departures_are_sound(shift: int) -> None:
    watch = START.observe(wall=1_000_600 + shift, monotonic=650.0)
    assert watch.judge(monotonic=650.0) is Judgement.SOUND
    watch.check(wall=1_000_600 + shift, monotonic=650.0)


@pytest.mark.parametrize("shift", [MAX_DEPARTURE + 1, -MAX_DEPARTURE - 1, 10**9])
def test_doubt_holds_then_erases_and_never_ends_by_lasting(shift: int) -> None:
    watch = START.observe(wall=1_000_600 + shift, monotonic=650.0)
    assert watch.judge(monotonic=650.0) is Judgement.HOLD
    with pytest.raises(ClockError) as caught:
        watch.check(wall=1_000_600 + shift, monotonic=650.0)
    assert caught.value.facts == {"seconds": abs(shift)}
    later = 650.0 + MAX_WAIT
    watch = watch.observe(wall=1_000_600 + shift + MAX_WAIT - 1, monotonic=later - 1)
    assert watch.judge(monotonic=later - 1) is Judgement.HOLD
    watch = watch.observe(wall=1_000_600 + shift + MAX_WAIT, monotonic=later)
    assert watch.judge(monotonic=later) is Judgement.ERASE
    with pytest.raises(ClockError):
        watch.check(wall=1_000_600 + shift + MAX_WAIT, monotonic=later)
    assert watch.observe(wall=1_000_000 + round(later) - 50, monotonic=later).judge(monotonic=later) is Judgement.SOUND


def test_drift_adds_up() -> None:
    watch = START
    for step in range(1, 50):
        watch = watch.observe(wall=1_000_000 + 70 * step, monotonic=50.0 + 60 * step)
    assert watch.judge(monotonic=50.0 + 60 * 49) is Judgement.HOLD


def test_a_witness_counts() -> None:
    watch = START.observe(wall=1_000_060, monotonic=110.0, witnessed=1_000_060 + MAX_DEPARTURE + 1)
    assert watch.judge(monotonic=110.0) is Judgement.HOLD
