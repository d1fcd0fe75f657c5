"""Shares that are leaving: a freeze or a revocation is answered only when none that it should stop still is.

A share looks once more and leaves in one step, inside `leaving`. Whoever stops releases makes that durable first and
then waits in `settle` for the steps that had begun before: what begins later sees the freeze. The exhaustive model
(tests/exchange_model.py) finds a share leaving past an answered freeze when this wait is left out.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 5.0
"""Seconds to wait at most: sealing a share takes less than a millisecond, a stuck thread must not stop a freeze."""


class Departures:
    """Thread safety: one condition guards the set of steps that have begun."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun: set[object] = set()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Around the second look and the answer of one release."""
        step = object()
        with self._changed:
            self._begun.add(step)
        try:
            yield
        finally:
            with self._changed:
                self._begun.discard(step)
                self._changed.notify_all()

    def settle(self) -> bool:
        """Wait for the steps that have begun by now; whether all of them ended in time."""
        with self._changed:
            before = set(self._begun)
            return self._changed.wait_for(lambda: not (before & self._begun), timeout=LONGEST)
