"""What is held, what happened, and whether the service is well."""

from scelle.base.ids import TransferId
from scelle.exchange.answers import Health, InventoryPage, Proof, RecordPage
from scelle.ports import LogName
from scelle.server.service.core import Asker, Core


class Oversight:
    """Inventory, records, proofs, the logs, health."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def inventory(self, asker: Asker, *, cursor: str | None, limit: int) -> InventoryPage:
        """Everything held that concerns the asker."""
        raise NotImplementedError

    def records(self, asker: Asker, *, start: int, limit: int, transfer: TransferId | None) -> RecordPage:
        """Records that the asker may read."""
        raise NotImplementedError

    def proof(self, asker: Asker, log: LogName, index: int) -> Proof:
        """The place of an entry."""
        raise NotImplementedError

    def health(self) -> Health:
        """Whether anything is overdue, and the clock steady."""
        raise NotImplementedError

    def checkpoint(self, log: LogName) -> bytes:
        """The newest signed checkpoint."""
        raise NotImplementedError

    def tile(self, log: LogName, level: int, index: int, width: int) -> bytes | None:
        """A tile (level -1: entry bundle), or None when the log is too small."""
        raise NotImplementedError
