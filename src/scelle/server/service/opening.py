"""Transfers as senders and recipients see them: lists, releases, downloads, receipts, revocation."""

from concurrent.futures import Future

from scelle.base.ids import TransferId
from scelle.exchange.answers import Logged, Released, TransferDetail, TransferPage
from scelle.server.service.core import Asker, Core


class PartReader:
    """Sealed bytes of a part, while they may be read. `size`: bytes. Close it."""

    size: int

    def read_into(self, offset: int, view: memoryview) -> int:
        """Read bytes from `offset` into a buffer; returns how many, fewer only at the end."""
        raise NotImplementedError

    def allowed(self) -> bool:
        """Whether the next bytes may leave: cheap and from memory, to be asked before each chunk."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop reading. May be called twice."""
        raise NotImplementedError


class Opening:
    """What senders and recipients ask about a transfer."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def page(self, asker: Asker, *, box: str, cursor: str | None, limit: int) -> TransferPage:
        """A page of a box: inbox, sent or organisation."""
        raise NotImplementedError

    def detail(self, asker: Asker, transfer: TransferId) -> TransferDetail:
        """A transfer with its entry, and the asker's envelope."""
        raise NotImplementedError

    def release(self, asker: Asker, transfer: TransferId, statement: bytes) -> "Future[Released]":
        """Release a share. Raises, or the future raises, what stands against it."""
        raise NotImplementedError

    def download(self, asker: Asker, transfer: TransferId, number: int) -> PartReader:
        """Begin to read a part."""
        raise NotImplementedError

    def receipt(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """A recipient has opened the transfer."""
        raise NotImplementedError

    def discard(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """A recipient attests that the opened copy was deleted."""
        raise NotImplementedError

    def revoke(self, asker: Asker, transfer: TransferId, statement: bytes) -> Logged:
        """The sender's side takes the transfer back, whole or from one organisation."""
        raise NotImplementedError
