"""The only reader of time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Everything else takes `now` as a value or a Clock as an argument."""

    def now(self) -> int:
        """Unix time in whole seconds."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""


class SystemClock:
    """The computer's clocks."""

    def now(self) -> int:
        """Unix time in whole seconds."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""
        return time.monotonic()


class SetClock:
    """A clock that stands where it was set; both readings move together unless the wall alone is moved."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> int:
        """Unix time in whole seconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""
        return self._monotonic

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._now += seconds
        self._monotonic += seconds

    def set_wall(self, now: int) -> None:
        """Set the wall clock alone, as an operator or an attacker would."""
        self._now = now
