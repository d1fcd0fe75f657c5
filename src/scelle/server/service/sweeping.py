"""Destroying on time, and clearing up after what broke off."""

import threading

from scelle.server.service.core import Core
from scelle.server.service.mailing import Mailing


class Sweeper:
    """Runs on its own in one thread."""

    def __init__(self, core: Core, mailing: Mailing | None = None) -> None:
        self._core = core
        self._mailing = mailing

    def round(self) -> None:
        """One look at everything; every step may be cut off and is taken up by the next round."""
        raise NotImplementedError

    def run(self, stop: threading.Event, *, seconds: int = 60) -> None:
        """Rounds until `stop`, `seconds` apart."""
        raise NotImplementedError
