"""Running downloads, and what stops them within a chunk."""

import threading
from collections.abc import Callable

from scelle.base.ids import OrgId, TransferId
from scelle.exchange.freeze import Freeze, FreezeSubject
from scelle.ports import BlobReader
from scelle.server.service.freezebook import FreezeBook


class PartReader:
    """Sealed bytes of a part, while they may be read. `size`: bytes. Close it.

    One thread reads; any thread may `stop`. Nothing but memory is asked in `allowed`: freezes and revocations put
    themselves there, and expiry is a comparison with the clock.
    """

    def __init__(
        self,
        *,
        transfer: TransferId,
        organisation: OrgId,
        registry: "Downloads",
        freezes: FreezeBook,
        now: Callable[[], int],
    ) -> None:
        """See `Opening.download`, which makes it ready with `ready`."""
        self.transfer = transfer
        self.organisation = organisation
        self.size = 0
        self._registry = registry
        self._freezes = freezes
        self._now = now
        self._expires = 0
        self._subject: FreezeSubject | None = None
        self._blob: BlobReader | None = None
        self._stopped = False
        self._clear: tuple[Freeze, ...] | None = None

    def ready(self, blob: BlobReader, subject: FreezeSubject, *, expires: int) -> None:
        """What to read, what freezes are held against, and until when."""
        self._blob = blob
        self.size = blob.size
        self._subject = subject
        self._expires = expires

    def read_into(self, offset: int, view: memoryview) -> int:
        """Read bytes from `offset` into a buffer; returns how many, fewer only at the end. Raises StorageFaultError."""
        return 0 if self._blob is None else self._blob.read_into(offset, view)

    def allowed(self) -> bool:
        """Whether the next bytes may leave: cheap and from memory, to be asked before each chunk."""
        if self._stopped or self._subject is None or self._now() >= self._expires:
            return False
        current = self._freezes.current
        if current is not self._clear:  # nothing changed since it was found clear: the usual case
            if self._freezes.matching(self._subject):
                return False
            self._clear = current
        return True

    def stop(self) -> None:
        """Let no more bytes leave."""
        self._stopped = True

    def close(self) -> None:
        """Stop reading. May be called twice."""
        self.stop()
        self._registry.remove(self)
        if self._blob is not None:
            self._blob.close()


class Downloads:
    """The open readers of each transfer. Any thread, under a lock.

    A reader is added before the ledger is asked whether it may read: what is revoked before is seen there, what is
    revoked after finds the reader here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: dict[TransferId, set[PartReader]] = {}

    def add(self, reader: PartReader) -> None:
        """A reader begins."""
        with self._lock:
            self._readers.setdefault(reader.transfer, set()).add(reader)

    def remove(self, reader: PartReader) -> None:
        """A reader has ended; may be called twice."""
        with self._lock:
            readers = self._readers.get(reader.transfer, set())
            readers.discard(reader)
            if not readers:
                self._readers.pop(reader.transfer, None)

    def stop(self, transfer: TransferId, organisation: OrgId | None = None) -> None:
        """Stop the readers of a transfer: all, or those of one organisation."""
        with self._lock:
            for reader in self._readers.get(transfer, ()):
                if organisation in (None, reader.organisation):
                    reader.stop()
