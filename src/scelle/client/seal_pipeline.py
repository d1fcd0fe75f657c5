"""Runs of chunks through a small pool of threads: read in order, worked on side by side, written in order.

Memory stays at a few segments whatever the size of the file.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from scelle.age.stream import CHUNK, SEALED_CHUNK, open_chunks, seal_chunks

SEGMENT_CHUNKS = 16
"""Chunks that one thread works on at a time: 1 MiB, small enough for a core's own cache."""

WORKERS = 2
_SLOTS = WORKERS + 2
"""One segment for each worker, one being read ahead, one being written."""

Progress = Callable[[int], None]
"""Told the number of source bytes that have been dealt with so far."""


class _Work(Protocol):
    def __call__(self, key: bytes, first_index: int, data: memoryview, out: memoryview, /, *, last: bool) -> int: ...


class _Slot:
    def __init__(self, size_in: int, size_out: int) -> None:
        self.given = memoryview(bytearray(size_in))
        self.made = memoryview(bytearray(size_out))


def _run(
    work: _Work,
    read: Callable[[memoryview], int],
    write: Callable[[memoryview], object],
    *,
    key: bytes,
    sizes: tuple[int, int],
    progress: Progress | None,
) -> int:
    size_in, size_out = sizes
    free = deque(_Slot(size_in, size_out) for _ in range(_SLOTS))
    busy: deque[tuple[Future[int], _Slot, int]] = deque()
    written = dealt = 0

    def drain() -> None:
        nonlocal written, dealt
        future, slot, taken = busy.popleft()
        size = future.result()
        write(slot.made[:size])
        written += size
        dealt += taken
        free.append(slot)
        if progress is not None:
            progress(dealt)

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="scelle-chunks") as pool:
        index = 0
        slot = free.popleft()
        size = read(slot.given)
        while True:
            if not free:
                drain()
            ahead = free.popleft()
            size_ahead = read(ahead.given) if size == size_in else 0
            last = size_ahead == 0
            busy.append((pool.submit(work, key, index, slot.given[:size], slot.made, last=last), slot, size))
            if last:
                break
            index += SEGMENT_CHUNKS
            slot, size = ahead, size_ahead
        while busy:
            drain()
    return written


def seal_stream(
    key: bytes,
    read: Callable[[memoryview], int],
    write: Callable[[memoryview], object],
    *,
    progress: Progress | None = None,
) -> int:
    """Seal everything that `read` gives (it fills the view or the input ends); returns the bytes written."""
    sizes = SEGMENT_CHUNKS * CHUNK, SEGMENT_CHUNKS * SEALED_CHUNK
    return _run(seal_chunks, read, write, key=key, sizes=sizes, progress=progress)


def open_stream(
    key: bytes,
    read: Callable[[memoryview], int],
    write: Callable[[memoryview], object],
    *,
    progress: Progress | None = None,
) -> int:
    """Open all chunks that `read` gives; returns the bytes written. Raises PayloadError, segments written or not."""
    sizes = SEGMENT_CHUNKS * SEALED_CHUNK, SEGMENT_CHUNKS * CHUNK
    return _run(open_chunks, read, write, key=key, sizes=sizes, progress=progress)
