"""Freezing at once, and lifting by two officers."""

from scelle.base.ids import FreezeId
from scelle.exchange.answers import FreezeList, Logged
from scelle.server.service.core import Asker, Core


class Freezing:
    """What security officers ask."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def freeze(self, asker: Asker, statement: bytes) -> Logged:
        """Freeze a scope; in force before this returns, and even before it is durable."""
        raise NotImplementedError

    def list(self, asker: Asker) -> FreezeList:
        """The freezes that concern the asker's organisation, newest first."""
        raise NotImplementedError

    def lift(self, asker: Asker, freeze: FreezeId, statement: bytes) -> Logged:
        """Propose to lift a freeze."""
        raise NotImplementedError

    def confirm(self, asker: Asker, freeze: FreezeId, statement: bytes) -> Logged:
        """Confirm a proposal: the freeze no longer holds."""
        raise NotImplementedError
