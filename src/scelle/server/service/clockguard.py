"""The clock, held against itself: whether releases and erasing may go on (scelle.exchange.clockwatch)."""

import threading
from typing import Protocol

from scelle.exchange.clockwatch import ClockWatch, Judgement


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Unix time in whole seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""
        ...


class ClockGuard:
    """Looks at both clocks whenever it is asked. Any thread: the watch is replaced under a lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._watch = ClockWatch(clock.now(), clock.monotonic())

    def _look(self) -> tuple[ClockWatch, int, float]:
        with self._lock:
            wall, monotonic = self._clock.now(), self._clock.monotonic()
            self._watch = self._watch.observe(wall=wall, monotonic=monotonic)
            return self._watch, wall, monotonic

    def departure(self) -> int:
        """Seconds by which the clock is in doubt, 0 when it is not."""
        watch, wall, monotonic = self._look()
        return 0 if watch.doubt_since is None else max(1, watch.departure(wall=wall, monotonic=monotonic))

    def judge(self) -> Judgement:
        """What may go on now."""
        watch, _, monotonic = self._look()
        return watch.judge(monotonic=monotonic)
