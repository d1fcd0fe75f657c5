"""One sealed file on its way to the service: sealed, cut into segments, journaled, sent, in stages side by side."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from types import TracebackType
from typing import Protocol, Self

from scelle.age.file import begin
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.age.stream import payload_key
from scelle.client.connection import Connection
from scelle.client.errors import NetworkError, ServiceAnswerError
from scelle.client.outgoing import Journal, PartKeys
from scelle.client.seal_pipeline import seal_stream
from scelle.exchange.acts import SealedPart
from scelle.exchange.segments import SEGMENT_SIZE, combine

IN_FLIGHT = 2
"""Segments that wait for the network while the next one is sealed."""

SMALLEST_BUFFER = 64 * 1024

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each new try after the connection was lost."""


class SegmentDiffersError(Exception):
    """A segment came out different from the one that was journaled: the transfer must start again, under new keys."""


class SegmentJournal(Protocol):
    """Where the digests of a sealed file's segments are written down before the segments leave."""

    digests: list[bytes]

    def agree(self, index: int, segment: memoryview) -> bytes | None:
        """Digest of a segment that may be sent; None when another one was written down for its place."""


class FreshJournal:
    """Digests of a sealed file that is never gone on with: its keys are used once, and forgotten with the process."""

    def __init__(self) -> None:
        self.digests: list[bytes] = []

    def agree(self, index: int, segment: memoryview) -> bytes | None:
        """Each place gets one segment."""
        if index != len(self.digests):
            return None
        self.digests.append(sha256(segment).digest())
        return self.digests[-1]


class SealedUpload:
    """Takes the bytes of one sealed file in order and sends them as segments; a context manager.

    Leaving the block without an error waits for the last segment. Memory: IN_FLIGHT + 1 segments at most, as much as
    there are bytes when there are fewer.
    """

    def __init__(self, connection: Connection, path: str, journal: SegmentJournal, *, offset: int) -> None:
        """`offset`: how many bytes the service has already."""
        self._connection = connection
        self._path = path
        self._journal = journal
        self._offset = offset
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="scelle-upload")
        self._free = deque(memoryview(b"") for _ in range(IN_FLIGHT + 1))
        self._busy: deque[tuple[Future[None], memoryview]] = deque()
        self._buffer = self._free.popleft()
        self._filled = 0
        self._index = 0
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for future, _ in self._busy:
                future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=error is not None)

    def write(self, data: memoryview) -> None:
        """Take the next sealed bytes."""
        while data:
            if self._filled == SEGMENT_SIZE:
                self._submit(last=False)
            if self._filled == len(self._buffer):
                self._grow(len(data))
            count = min(len(data), len(self._buffer) - self._filled)
            self._buffer[self._filled : self._filled + count] = data[:count]
            self._filled += count
            data = data[count:]

    def _grow(self, wanted: int) -> None:
        larger = bytearray(min(SEGMENT_SIZE, max(SMALLEST_BUFFER, 2 * self._filled, self._filled + wanted)))
        larger[: self._filled] = self._buffer[: self._filled]
        self._buffer = memoryview(larger)

    def finish(self) -> SealedPart:
        """Send what is left, wait for everything, and return size and digest of the sealed file."""
        self._submit(last=True)
        while self._busy:
            self._drain()
        return SealedPart(size=self._size, digest=combine(b"".join(self._journal.digests[: self._index])))

    def _submit(self, *, last: bool) -> None:
        start = self._size
        self._size += self._filled
        future = self._pool.submit(self._send, self._index, start, self._buffer[: self._filled], last)
        self._busy.append((future, self._buffer))
        self._index += 1
        self._filled = 0
        if not self._free:
            self._drain()
        self._buffer = self._free.popleft()

    def _drain(self) -> None:
        future, buffer = self._busy.popleft()
        future.result()
        self._free.append(buffer)

    def _send(self, index: int, start: int, segment: memoryview, last: bool) -> None:
        digest = self._journal.agree(index, segment)
        if digest is None:
            raise SegmentDiffersError
        end = start + len(segment)
        length = end if last else None
        if self._offset >= end and not (last and self._offset == end):
            return
        for pause in (*PAUSES, None):
            try:
                self._offset = self._send_rest(segment, start, length)
                break
            except NetworkError:
                if pause is None:
                    raise
                time.sleep(pause)
                self._offset = self._connection.part_offset(self._path)
        if self._offset != end:
            raise ServiceAnswerError(why="an upload offset that does not fit")

    def _send_rest(self, segment: memoryview, start: int, length: int | None) -> int:
        done = self._offset - start
        if not 0 <= done <= len(segment):
            raise ServiceAnswerError(why="an upload offset that does not fit")
        rest = segment[done:]
        digest = self._journal.digests[start // SEGMENT_SIZE] if not done else None
        return self._connection.send_chunk(self._path, rest, digest=digest, offset=self._offset, length=length)


def upload_sealed(
    connection: Connection,
    path: str,
    journal: Journal,
    keys: PartKeys,
    recipient: HybridRecipient,
    read: Callable[[memoryview], int],
) -> SealedPart:
    """Seal what `read` gives (it fills the view, or the input ends) as an age file to T, and send it.

    Raises SegmentDiffersError, NetworkError, and what `read` raises.
    """
    file_key = FileKey(keys.file_key)
    head = journal.head(lambda: begin([recipient], file_key=file_key, nonce=keys.nonce)[0])
    offset = connection.part_offset(path)
    with SealedUpload(connection, path, journal, offset=offset) as upload:
        upload.write(memoryview(head))
        seal_stream(payload_key(file_key, keys.nonce), read, upload.write)
        return upload.finish()
