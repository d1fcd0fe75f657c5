"""Whether the wall clock can be believed (spec/exchange.md, retention; protocol §3).

Expiry and destruction hang on the wall clock. It is held against the monotonic clock, and against the times that
witnesses sign, when there are any: a departure of more than five minutes stops releases, and lets erasing wait for
24 hours at most, after which erasing goes on by the wall clock.
"""

from dataclasses import dataclass
from enum import Enum

from scelle.base.errors import Exit, RoadError

MAX_DEPARTURE = 300
"""Seconds by which the wall clock may depart from the monotonic clock or a witness."""

MAX_WAIT = 24 * 3600
"""Seconds for which erasing waits while the clock is in doubt."""


class ClockError(RoadError):
    """The clock departs from what it is held against. Facts: `seconds`, the size of the departure."""

    code = "clock.departed"
    exit_status = Exit.CLOCK
    http_status = 503


class Judgement(Enum):
    """What may go on."""

    SOUND = "sound"
    """Releases and erasing go on."""
    HOLD = "hold"
    """Releases stop, erasing waits."""
    ERASE = "erase"
    """Releases stop, erasing goes on: it has waited long enough."""


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """An anchor, a pair of readings taken together, and when doubt began (a monotonic reading; None: no doubt)."""

    wall: int
    monotonic: float
    doubt_since: float | None = None

    def departure(self, *, wall: int, monotonic: float, witnessed: int | None = None) -> int:
        """By how many seconds the wall clock departs, from the monotonic clock or from a witness's time."""
        seconds = abs((wall - self.wall) - round(monotonic - self.monotonic))
        return seconds if witnessed is None else max(seconds, abs(wall - witnessed))

    def observe(self, *, wall: int, monotonic: float, witnessed: int | None = None) -> "ClockWatch":
        """The watch after a look at both clocks; `witnessed` is the time of a cosignature that just arrived.

        Doubt ends when the readings agree with the anchor again, never because it has lasted.
        """
        if self.departure(wall=wall, monotonic=monotonic, witnessed=witnessed) <= MAX_DEPARTURE:
            return ClockWatch(self.wall, self.monotonic)
        since = monotonic if self.doubt_since is None else self.doubt_since
        return ClockWatch(self.wall, self.monotonic, since)

    def judge(self, *, monotonic: float) -> Judgement:
        """What may go on now."""
        if self.doubt_since is None:
            return Judgement.SOUND
        return Judgement.ERASE if monotonic - self.doubt_since >= MAX_WAIT else Judgement.HOLD

    def check(self, *, wall: int, monotonic: float) -> None:
        """Raises ClockError when nothing may be released."""
        if self.doubt_since is not None:
            raise ClockError(seconds=self.departure(wall=wall, monotonic=monotonic))
