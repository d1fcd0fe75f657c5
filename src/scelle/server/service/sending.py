"""From the first byte of a transfer to its entry in the log."""

from dataclasses import dataclass

from scelle.base.ids import TransferId
from scelle.exchange.answers import BeginRequest, CommitRequest, Intake, Logged, TransferSummary
from scelle.server.service.core import Asker, Core


@dataclass(frozen=True, slots=True)
class PartUpload:
    """How far a part is: bytes that arrived (`offset`), bytes that it will have (`length`, None: not said yet)."""

    number: int
    offset: int
    length: int | None


class ChunkWriter:
    """Takes the body of one upload request. Used by one thread at a time; ends with `finish` or `broken`."""

    def feed(self, data: memoryview) -> None:
        """Keep the next bytes of the body."""
        raise NotImplementedError

    def finish(self) -> int:
        """The body is whole: check its digest; returns the part's new offset. Raises ChunkDigestError."""
        raise NotImplementedError

    def broken(self) -> None:
        """The connection broke: what arrived is kept. May be called after `finish`, then it does nothing."""
        raise NotImplementedError


class Sending:
    """What a sender asks."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def intake(self, asker: Asker) -> Intake:
        """The key that release shares are to be sealed to."""
        raise NotImplementedError

    def begin(self, asker: Asker, request: BeginRequest) -> TransferSummary:
        """Open a transfer for uploading; again for the same id: the same answer."""
        raise NotImplementedError

    def create_part(
        self, asker: Asker, transfer: TransferId, number: int, length: int | None
    ) -> tuple[bool, PartUpload]:
        """Add a part; whether it is new, and how far it is."""
        raise NotImplementedError

    def part(self, asker: Asker, transfer: TransferId, number: int) -> PartUpload:
        """How far a part is."""
        raise NotImplementedError

    def upload(
        self,
        asker: Asker,
        transfer: TransferId,
        number: int,
        *,
        offset: int,
        length: int | None,
        expected_digest: bytes,
        declared_body_size: int,
    ) -> ChunkWriter:
        """Begin to write a chunk at `offset`; `length`: the part's, when the client says it now."""
        raise NotImplementedError

    def give_up(self, asker: Asker, transfer: TransferId) -> None:
        """Destroy an open transfer."""
        raise NotImplementedError

    def commit(self, asker: Asker, transfer: TransferId, request: CommitRequest) -> Logged:
        """Seal a transfer: durable, with its entry, or not at all."""
        raise NotImplementedError
