"""Sealed parts on their way in: one thread fetches and hashes ahead, what came is kept for going on later.

The bytes that are kept are sealed: they open with nothing that is on this computer. When a download is taken up
again they are hashed anew, so that nothing is believed because it lay on the disk.
"""

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

from scelle.age.file import Beginning
from scelle.age.header import Identity
from scelle.client.connection import BLOCK, Connection
from scelle.client.disk import disk_errors
from scelle.client.errors import NetworkError
from scelle.client.seal_files import fill, write_all
from scelle.client.seal_pipeline import open_stream
from scelle.exchange.acts import SealedPart
from scelle.exchange.errors import ContentWrongError, RequestBeforeStartError
from scelle.exchange.segments import SEGMENT_SIZE, SegmentHasher

BLOCKS = 8
"""Blocks of 1 MiB that are fetched ahead."""

PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try after a broken connection. Bytes that arrive begin the count anew."""

_HEAD = 4096


class _StoppedError(Exception):
    """The reader went away."""


class PartStream:
    """The sealed bytes of one part, in order: those kept from before, then those of the service. Close it."""

    def __init__(
        self,
        connection: Connection,
        path: str,
        part: SealedPart,
        *,
        name: str,
        spool: Path,
        told: Callable[[int], None],
    ) -> None:
        """Begin to fetch.

        `connection`: for this stream alone. `path`: of the part at the service. `name`: how errors call it. `spool`:
        file that keeps the sealed bytes. `told`: called with the number of bytes just read.
        """
        self._connection = connection
        self._path = path
        self._part = part
        self._name = name
        self._spool = spool
        self._told = told
        self._hasher = SegmentHasher()
        self._place = 0
        with disk_errors(spool):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = FileIO(os.open(spool, flags, 0o600), "rb+")
            self._kept = min(os.fstat(self._file.fileno()).st_size, part.size)
            self._file.truncate(self._kept)
        self.resumed = self._kept > 0
        """Whether some of the bytes were there before."""
        self._free: SimpleQueue[memoryview | None] = SimpleQueue()
        self._ready: SimpleQueue[tuple[memoryview, int] | BaseException | None] = SimpleQueue()
        for _ in range(BLOCKS):
            self._free.put(memoryview(bytearray(BLOCK)))
        self._current: tuple[memoryview, int, int] | None = None
        self._ended = False
        self._stop = Event()
        self._thread = Thread(target=self._run, name="scelle-download", daemon=True)
        self._thread.start()

    # --- the reader's side ----------------------------------------------------------------------------------

    def read(self, view: memoryview) -> int:
        """Fill the view, or less at the end. Raises what stopped the download, ContentWrongError at its end."""
        done = 0
        while done < len(view) and not self._ended:
            if self._current is None:
                found = self._ready.get()
                if isinstance(found, BaseException):
                    self._ended = True
                    raise found
                if found is None:
                    self._ended = True
                    break
                self._current = (found[0], 0, found[1])
            block, start, stop = self._current
            count = min(stop - start, len(view) - done)
            view[done : done + count] = block[start : start + count]
            done += count
            if start + count == stop:
                self._current = None
                self._free.put(block)
            else:
                self._current = (block, start + count, stop)
        self._told(done)
        return done

    def drain(self) -> None:
        """Read what is left and throw it away. Raises as `read` does."""
        view = memoryview(bytearray(BLOCK))
        while self.read(view):
            pass

    def close(self) -> None:
        """Stop fetching. What arrived stays in the spool."""
        self._stop.set()
        self._free.put(None)
        self._connection.abort()
        self._thread.join(timeout=5)
        self._file.close()

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._read_kept()
            self._download()
            if self._hasher.digest() != self._part.digest:
                raise ContentWrongError(name=self._name)
            self._ready.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the reader, whatever it is
            self._ready.put(error)

    def _take(self) -> memoryview:
        block = self._free.get()
        if block is None or self._stop.is_set():
            raise _StoppedError
        return block

    def _hand(self, block: memoryview, size: int) -> None:
        self._hasher.feed(block[:size])
        self._place += size
        self._ready.put((block, size))

    def _read_kept(self) -> None:
        while self._place < self._kept:
            block = self._take()
            with disk_errors(self._spool):
                size = fill(self._file, block[: self._kept - self._place])
            if not size:
                self._kept = self._place  # somebody cut the file: the rest is fetched
                return
            self._hand(block, size)

    def _download(self) -> None:
        tries = 0
        while self._place < self._part.size:
            before = self._place
            try:
                self._segment()
            except (NetworkError, RequestBeforeStartError):
                # The next request says why, when the service cut the download off: frozen, revoked, expired.
                tries = 0 if self._place > before else tries + 1
                if tries >= len(PAUSES):
                    raise
                if self._stop.wait(PAUSES[tries]):
                    raise _StoppedError from None
            else:
                tries = 0

    def _segment(self) -> None:
        """Fetch up to the next segment boundary. Whole blocks count when the connection breaks in between."""
        stop = min((self._place // SEGMENT_SIZE + 1) * SEGMENT_SIZE, self._part.size)
        filling: memoryview | None = None
        size = 0

        def keep() -> None:
            nonlocal filling
            if filling is not None:
                block, filling = filling, None
                with disk_errors(self._spool):
                    write_all(self._file, block[:size])
                self._hand(block, size)

        def into(most: int) -> memoryview:
            nonlocal filling, size
            keep()
            filling = self._take()
            size = min(most, BLOCK)
            return filling[:size]

        try:
            self._connection.download(self._path, start=self._place, stop=stop, into=into)
            keep()
        finally:
            if filling is not None:
                self._free.put(filling)


def open_part(stream: PartStream, identity: Identity, write: Callable[[memoryview], object]) -> None:
    """Open a part as it arrives; `write` takes the plaintext, whose end is not yet known to be good.

    Bytes that do not open are held against the signed digest first: ContentWrongError when they are not the ones
    that the sender sealed, else the age room's error.
    """
    from scelle.age.errors import AgeError

    try:
        beginning = Beginning([identity])
        head = memoryview(bytearray(_HEAD))
        begun = None
        while begun is None:
            size = stream.read(head)
            if not size:
                raise beginning.cut()
            begun = beginning.feed(bytes(head[:size]))
        key, ahead = begun

        def read(view: memoryview) -> int:
            nonlocal ahead
            count = min(len(ahead), len(view))
            view[:count] = ahead[:count]
            ahead = ahead[count:]
            return count + stream.read(view[count:])

        open_stream(key, read, write)
    except AgeError:
        stream.drain()
        raise
    stream.drain()
