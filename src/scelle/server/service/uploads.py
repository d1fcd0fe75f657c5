"""Parts while they arrive: every byte is kept as it comes, and digested on the way (spec/api.md, Uploading)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from scelle.base.ids import Digest, TransferId
from scelle.exchange.errors import TransferNotFoundError
from scelle.exchange.refusals import ChunkDigestError, UploadBusyError, UploadLengthError, UploadOffsetError
from scelle.exchange.segments import SEGMENT_SIZE, combine
from scelle.ports import BlobStore

if TYPE_CHECKING:
    from hashlib import _Hash


def blob_name(transfer: TransferId, number: int) -> str:
    """Name of the object that holds a part."""
    return f"{transfer}/{number}"


@dataclass(frozen=True, slots=True)
class PartUpload:
    """How far a part is: bytes that arrived (`offset`), bytes that it will have (`length`, None: not said yet)."""

    number: int
    offset: int
    length: int | None


@dataclass
class _Part:
    """What is known of a part's bytes. `segments`: digests of whole segments, as far as this process saw them.

    `running`: digest of the segment that has begun. Used by whoever set `busy`.
    """

    name: str
    offset: int
    segments: dict[int, bytes] = field(default_factory=dict)
    running: "_Hash | None" = None
    busy: bool = False


@dataclass
class _Transfer:
    """`held`: a commit reads the parts. `closed`: they are being destroyed."""

    parts: dict[int, _Part] = field(default_factory=dict)
    held: bool = False
    closed: bool = False


class Uploads:
    """The parts under upload. What is in memory is only a shortcut: all of it can be made anew from the store.

    Thread safety: the tables are changed under one lock, which is never held while bytes are read or written. A part
    has one writer at a time, who set `busy` under the lock; holding and closing wait for nobody, they refuse the
    writer's next chunk instead.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._transfers: dict[TransferId, _Transfer] = {}

    def _part(self, transfer: TransferId, number: int) -> _Part:
        """The part, known or freshly looked at; under the lock. A stat of the file is all that it may cost."""
        parts = self._transfers.setdefault(transfer, _Transfer()).parts
        if number not in parts:
            name = blob_name(transfer, number)
            parts[number] = _Part(name, self._blobs.size(name))
        return parts[number]

    def offset(self, transfer: TransferId, number: int) -> int:
        """Bytes of a part that arrived. Raises BlobUnknownError."""
        with self._lock:
            return self._part(transfer, number).offset

    def write(
        self, transfer: TransferId, number: int, *, offset: int, expected_digest: bytes, size: int
    ) -> "ChunkWriter":
        """Begin a chunk of `size` bytes at `offset`. Raises UploadBusyError, UploadOffsetError, UploadLengthError."""
        if offset % SEGMENT_SIZE + size > SEGMENT_SIZE:
            raise UploadLengthError(why="a chunk may not cross a segment's end")
        with self._lock:
            part = self._part(transfer, number)
            state = self._transfers[transfer]
            if part.busy or state.held or state.closed:
                raise UploadBusyError()
            if part.offset != offset:
                raise UploadOffsetError(offset=part.offset)
            part.busy = True
        try:
            if part.running is None and offset % SEGMENT_SIZE:
                part.running = self._digest_of(part.name, offset - offset % SEGMENT_SIZE, offset)
        except BaseException:
            self._free(part)
            raise
        return ChunkWriter(
            self._blobs,
            part,
            expected_digest=expected_digest,
            size=size,
            closed=lambda: state.closed,
            release=lambda: self._free(part),
        )

    def _free(self, part: _Part) -> None:
        with self._lock:
            part.busy = False

    def _digest_of(self, name: str, start: int, stop: int) -> "_Hash":
        running = sha256()
        for piece in self._blobs.read(name, start, stop - start):
            running.update(piece)
        return running

    @contextmanager
    def hold(self, transfer: TransferId) -> Iterator[None]:
        """Let no byte arrive while a transfer is committed. Raises UploadBusyError while one does."""
        with self._lock:
            state = self._transfers.setdefault(transfer, _Transfer())
            if state.held or state.closed or any(part.busy for part in state.parts.values()):
                raise UploadBusyError()
            state.held = True
        try:
            yield
        finally:
            with self._lock:
                state.held = False

    def digest(self, transfer: TransferId, number: int) -> tuple[int, Digest]:
        """Size and segment digest of a part, made durable first. While the transfer is held.

        Segments that this process did not see arrive are read back. Raises BlobUnknownError and StorageFaultError.
        """
        with self._lock:
            part = self._part(transfer, number)
        self._blobs.sync(part.name)
        digests = bytearray()
        for start in range(0, part.offset, SEGMENT_SIZE):
            stop = min(start + SEGMENT_SIZE, part.offset)
            if stop - start < SEGMENT_SIZE and part.running is not None:
                digests += part.running.digest()
                continue
            index = start // SEGMENT_SIZE
            if index not in part.segments:
                part.segments[index] = self._digest_of(part.name, start, stop).digest()
            digests += part.segments[index]
        return part.offset, combine(bytes(digests))

    def close(self, transfer: TransferId) -> None:
        """Let no byte of a transfer be written any more: it is to be destroyed."""
        with self._lock:
            self._transfers.setdefault(transfer, _Transfer()).closed = True

    def forget(self, transfer: TransferId) -> None:
        """A transfer is no longer under upload."""
        with self._lock:
            self._transfers.pop(transfer, None)


class ChunkWriter:
    """Takes the body of one upload request. Used by one thread at a time; ends with `finish` or `broken`."""

    def __init__(
        self,
        blobs: BlobStore,
        part: _Part,
        *,
        expected_digest: bytes,
        size: int,
        closed: Callable[[], bool],
        release: Callable[[], None],
    ) -> None:
        """See `Sending.upload`."""
        self._blobs = blobs
        self._part = part
        self._expected = expected_digest
        self._left = size
        self._closed = closed
        self._release = release
        self._start = part.offset
        # A body that begins with a segment has the segment's own digest: one hash serves both.
        self._body = sha256() if self._start % SEGMENT_SIZE else None
        self._done = False

    def feed(self, data: memoryview) -> None:
        """Keep the next bytes of the body.

        Raises UploadLengthError when there are more than was said, TransferNotFoundError when the transfer is being
        destroyed, StorageFaultError, DiskFullError.
        """
        if len(data) > self._left:
            raise UploadLengthError(why="more bytes than were announced")
        if self._closed():
            raise TransferNotFoundError()
        part = self._part
        try:
            self._blobs.append(part.name, part.offset, data)
        except BaseException:
            self._reload()
            raise
        if part.running is None:
            part.running = sha256()
        part.running.update(data)
        if self._body is not None:
            self._body.update(data)
        part.offset += len(data)
        self._left -= len(data)
        if data and part.offset % SEGMENT_SIZE == 0:
            part.segments[part.offset // SEGMENT_SIZE - 1] = part.running.digest()
            part.running = None

    def finish(self) -> int:
        """The body is whole: check its digest; returns the part's new offset.

        Raises ChunkDigestError (the chunk was cut off again), UploadLengthError when bytes are missing.
        """
        try:
            if self._left:
                raise UploadLengthError(why="fewer bytes than were announced")
            if self._digest() != self._expected:
                self._cut_off()
                raise ChunkDigestError(offset=self._start)
            return self._part.offset
        finally:
            self.broken()

    def _digest(self) -> bytes:
        if self._body is not None:
            return self._body.digest()
        part = self._part
        if part.running is not None:
            return part.running.digest()
        return part.segments[self._start // SEGMENT_SIZE] if part.offset > self._start else sha256().digest()

    def broken(self) -> None:
        """The connection broke: what arrived is kept. May be called after `finish`, then it does nothing."""
        if not self._done:
            self._done = True
            self._release()

    def _cut_off(self) -> None:
        part = self._part
        self._blobs.truncate(part.name, self._start)
        part.offset = self._start
        part.running = None
        part.segments.pop(self._start // SEGMENT_SIZE, None)

    def _reload(self) -> None:
        """After a failed write only the store knows how much there is, and the digest under way counts for nothing."""
        part = self._part
        part.running = None
        part.offset = self._blobs.size(part.name)
