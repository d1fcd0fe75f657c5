"""From a part's plaintext to files: split, decompress within bounds, check every digest, place all or nothing.

Files are written into a hidden folder beside their place. Only when the whole transfer is good do they get their
names, by renaming; whatever fails before leaves nothing.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from io import FileIO
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, cast

from scelle.client.disk import DiskExistsError, DiskFullError, disk_errors
from scelle.client.seal_files import write_all
from scelle.exchange.errors import ContentWrongError, ManifestWrongError
from scelle.exchange.manifest import ZSTD, ManifestFile, ManifestPart
from scelle.exchange.names import SafePath

MAX_WINDOW = 8 << 20
"""Largest zstd window that is accepted, in bytes: what a decompressor may hold."""

MANY = 64
"""Files from which one sync of everything is quicker than one for each."""

_BLOCK = 1 << 20
_AHEAD = 2  # pieces of at most a block that wait to be written
_ZEROS = bytes(_BLOCK)


class PartUnpacker:
    """Takes the plaintext of one part and writes its files, each checked against the manifest."""

    def __init__(self, part: ManifestPart, files: Sequence[tuple[ManifestFile, Path]], *, sync: bool) -> None:
        """`files`: those of the part in order, with where to write them. `sync`: make each durable."""
        self._left = part.stored
        self._files = _Files(part.size, files, sync=sync)
        self._behind: _Behind | None = None
        self._take: Callable[[memoryview], object] = self._files.write
        if part.encoding == ZSTD:
            import zstandard

            # A writer gives out its output in small pieces however much a few bytes of input stand for.
            decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
            self._behind = _Behind(self._files.write)
            self._take = decompressor.stream_writer(
                cast("IO[bytes]", self._behind), write_size=_BLOCK, closefd=False
            ).write

    def write(self, view: memoryview) -> None:
        """Take the next bytes. Raises ManifestWrongError, ContentWrongError, and the errors of the disk."""
        inside = view[: self._left]
        if inside:
            self._left -= len(inside)
            self._decode(inside)
        padding = view[len(inside) :]
        for start in range(0, len(padding), _BLOCK):
            piece = padding[start : start + _BLOCK].tobytes()
            if piece != _ZEROS[: len(piece)]:
                raise ManifestWrongError(why="something is hidden in the padding of a part")

    def _decode(self, view: memoryview) -> None:
        import zstandard

        try:
            self._take(view)
        except zstandard.ZstdError:
            raise ManifestWrongError(why="a part does not decompress") from None

    def finish(self) -> None:
        """Check that everything came. Raises ManifestWrongError."""
        if self._left:
            raise ManifestWrongError(why="a part is shorter than it says")
        if self._behind is not None:
            self._behind.finish()
        self._files.finish()

    def close(self) -> None:
        """Close the file that is open, if any."""
        if self._behind is not None:
            self._behind.close()
        self._files.close()


class _Behind:
    """Hashes and writes in a thread of its own, while the next bytes are decompressed. Close it.

    What goes wrong there is raised by the next call here. Takes bytes that nobody changes afterwards.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._waiting: Queue[bytes | None] = Queue(_AHEAD)
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="scelle-unpack", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> int:
        if self._failure is not None:
            raise self._failure
        self._waiting.put(data)
        return len(data)

    def finish(self) -> None:
        self.close()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (data := self._waiting.get()) is not None:
            if self._failure is None:
                try:
                    self._write(data)
                except BaseException as error:  # noqa: BLE001 - handed over, whatever it is
                    self._failure = error


class _Files:
    """The files of a part, one after the other. Looks like a file to the decompressor."""

    def __init__(self, size: int, files: Sequence[tuple[ManifestFile, Path]], *, sync: bool) -> None:
        self._left = size
        self._waiting = list(reversed(files))
        self._sync = sync
        self._open: tuple[ManifestFile, Path, FileIO] | None = None
        self._hash = sha256()
        self._missing = 0
        self._advance()

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data)
        if len(view) > self._left:
            raise ManifestWrongError(why="a part holds more than it says")
        self._left -= len(view)
        while view:
            if self._open is None:
                raise ManifestWrongError(why="its files do not fill its parts")
            _, path, file = self._open
            piece = view[: self._missing]
            self._hash.update(piece)
            with disk_errors(path):
                write_all(file, piece)
            self._missing -= len(piece)
            view = view[len(piece) :]
            self._advance()
        return len(data)

    def _advance(self) -> None:
        """Finish the file that is complete, and every empty one after it."""
        while not self._missing:
            if self._open is not None:
                self._finish(*self._open)
            if not self._waiting:
                return
            entry, path = self._waiting.pop()
            with disk_errors(path):
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
                self._open = (entry, path, FileIO(os.open(path, flags, 0o600), "wb"))
            self._hash = sha256()
            self._missing = entry.size

    def _finish(self, entry: ManifestFile, path: Path, file: FileIO) -> None:
        with disk_errors(path):
            if self._sync:
                os.fsync(file.fileno())
            file.close()
        self._open = None
        if self._hash.digest() != entry.sha256:
            raise ContentWrongError(name=entry.name)

    def finish(self) -> None:
        if self._left or self._missing or self._waiting:
            raise ManifestWrongError(why="a part is shorter than it says")

    def close(self) -> None:
        if self._open is not None:
            self._open[2].close()
            self._open = None


# --- places -----------------------------------------------------------------------------------------------------


def check_free(into: Path, paths: Sequence[SafePath]) -> None:
    """Refuse when anything stands where a file is to go. Raises DiskExistsError.

    Folders that are there already are used; a link in the place of one is not followed.
    """
    known: dict[SafePath, bool] = {}

    def absent(path: SafePath) -> bool:
        """Whether nothing is at a folder's place; raises when something else than a folder is."""
        if not path:
            return not os.path.lexists(into)
        if path not in known:
            known[path] = absent(path[:-1])
            place = into.joinpath(*path)
            if not known[path] and os.path.lexists(place):
                if place.is_symlink() or not place.is_dir():
                    raise DiskExistsError(path=str(place))
            else:
                known[path] = True
        return known[path]

    for path in paths:
        place = into.joinpath(*path)
        if not absent(path[:-1]) and os.path.lexists(place):
            raise DiskExistsError(path=str(place))


def check_room(needs: Sequence[tuple[Path, int]]) -> None:
    """Refuse early when bytes will not fit; folders on one disk count together. Raises DiskFullError."""
    wanted: dict[int, int] = {}
    for folder, size in needs:
        with disk_errors(folder):
            device = folder.stat().st_dev
            wanted[device] = wanted.get(device, 0) + size
            if shutil.disk_usage(folder).free < wanted[device]:
                raise DiskFullError(path=str(folder))


class Staging:
    """The hidden folder that files are written into before they get their names."""

    def __init__(self, into: Path, name: str) -> None:
        self.into = into
        self.folder = into / name

    def make(self, files: Sequence[SafePath], folders: Sequence[SafePath]) -> list[Path]:
        """Make it, with the folders in it; returns where each file is to be written. Raises a file error."""
        with disk_errors(self.folder):
            self.folder.mkdir(mode=0o700)
            made: set[SafePath] = {()}
            for path in (*(path[:-1] for path in files), *folders):
                for depth in range(1, len(path) + 1):
                    if path[:depth] not in made:
                        self.folder.joinpath(*path[:depth]).mkdir(mode=0o700)
                        made.add(path[:depth])
        return [self.folder.joinpath(*path) for path in files]

    def place(self) -> None:
        """Give everything its name: all of it, or nothing, unless the power goes, and then the same call goes on.

        Raises DiskExistsError when something came to stand in the way, and the errors of the disk.
        """
        moved: list[tuple[Path, Path]] = []
        try:
            if self.folder.exists():
                self._merge(self.folder, self.into, moved)
            _sync_folder(self.into)
        except BaseException:
            for source, target in reversed(moved):
                target.rename(source)
            raise
        self.remove()

    def _merge(self, source: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
        with disk_errors(target):
            for entry in sorted(source.iterdir()):
                place = target / entry.name
                if entry.is_dir() and place.is_dir() and not place.is_symlink():
                    self._merge(entry, place, moved)
                    continue
                if os.path.lexists(place):
                    raise DiskExistsError(path=str(place))
                entry.rename(place)
                moved.append((entry, place))

    def remove(self) -> None:
        """Remove it with everything in it. Does not fail."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        with suppress(OSError):
            os.fsync(handle)
        os.close(handle)


def sync_all() -> bool:
    """Make everything that was written durable at once, where the system can; whether it did."""
    if not hasattr(os, "sync"):
        return False
    os.sync()
    return True
