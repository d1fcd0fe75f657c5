"""What is to be sent: the files behind the paths a person named, laid into parts (spec/exchange.md §4.3)."""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.base.wire import Message, integer, many, nested, text, wire
from scelle.client.disk import disk_errors
from scelle.client.errors import NothingToSendError, SourceChangedError, SourceKindError
from scelle.exchange.manifest import IDENTITY, MAX_FILES, ZSTD
from scelle.exchange.names import sent_name

if TYPE_CHECKING:
    from typing_extensions import Buffer

LARGE = 8 << 20
"""Bytes from which a file is a part of its own, unless there are very many."""

MOST_LARGE = 1000
"""Most parts that hold a single file."""

SAMPLE = 1 << 20
"""Bytes at the beginning of a part that are compressed to see whether it pays."""

WORTHWHILE = 0.9
"""A part is compressed when its sample shrinks to less than this."""

ZSTD_LEVEL = 1


@dataclass(frozen=True)
class SourceFile(Message):
    """A file to be sent: where it is, its name in the manifest, and what it looked like when it was chosen."""

    path: str = wire(text(high=4096))
    name: str = wire(text(high=1024))
    size: int = wire(integer())
    modified: str = wire(text(high=24))
    """st_mtime_ns, which is larger than the integers of canonical JSON."""


@dataclass(frozen=True)
class PlannedPart(Message):
    """The files of one part, in order, and whether they are compressed."""

    encoding: str = wire(text(high=16))
    files: tuple[SourceFile, ...] = wire(many(nested(SourceFile), high=MAX_FILES))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def collect(paths: Sequence[Path]) -> tuple[list[SourceFile], list[str]]:
    """The files behind the named paths, and the folders without any, under the names that they will have.

    A folder keeps its tree below its own name. Links inside folders, devices and sockets are refused: what is sent is
    what the person sees. Raises SourceKindError, NothingToSendError or a file error.
    """
    files: list[SourceFile] = []
    folders: list[str] = []
    for path in paths:
        with disk_errors(path):
            _add(path.resolve(strict=True), (path.resolve().name,), files, folders)
    if not files and not folders:
        raise NothingToSendError
    return files, folders


def _add(path: Path, name: tuple[str, ...], files: list[SourceFile], folders: list[str]) -> None:
    found = path.lstat()
    if stat.S_ISREG(found.st_mode):
        files.append(SourceFile(str(path), sent_name(name), found.st_size, str(found.st_mtime_ns)))
        return
    if not stat.S_ISDIR(found.st_mode):
        raise SourceKindError(path=str(path))
    entries = sorted(path.iterdir())
    if not entries:
        folders.append(sent_name(name))
    for entry in entries:
        _add(entry, (*name, entry.name), files, folders)


def lay_out(files: Sequence[SourceFile]) -> list[PlannedPart]:
    """Lay files into parts: the small ones together in one, each large one alone. There is always one part."""
    threshold = max(LARGE, sum(file.size for file in files) // MOST_LARGE)
    small = [file for file in files if file.size < threshold]
    groups = [[file] for file in files if file.size >= threshold]
    if small or not groups:
        groups.insert(0, small)
    return [PlannedPart(encoding=_encoding(group), files=tuple(group)) for group in groups]


def _encoding(files: Sequence[SourceFile]) -> str:
    import zstandard

    sample = bytearray()
    for file in files:
        if len(sample) >= SAMPLE:
            break
        with disk_errors(Path(file.path)), Path(file.path).open("rb") as opened:
            sample += opened.read(SAMPLE - len(sample))
    packed = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(bytes(sample))
    return ZSTD if len(packed) < WORTHWHILE * len(sample) else IDENTITY


class PartReader(RawIOBase):
    """The files of a part one after the other; their digests are known once it has been read to its end.

    Raises SourceChangedError when a file is not what it was when it was chosen.
    """

    def __init__(self, part: PlannedPart, *, told: Callable[[int], None]) -> None:
        """`told` is called with the number of bytes just read."""
        super().__init__()
        self._waiting = list(reversed(part.files))
        self._open: _OpenFile | None = None
        self._told = told
        self.digests: list[bytes] = []

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        """Fill as much of the buffer as one read gives; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while True:
            if self._open is None:
                if not self._waiting:
                    return 0
                self._open = _OpenFile(self._waiting.pop())
            count = self._open.read_into(view)
            if count:
                self._told(count)
                return count
            self.digests.append(self._open.finish())
            self._open = None

    def close(self) -> None:
        """Close the file that is open, if any."""
        if self._open is not None:
            self._open.close()
        super().close()


class _OpenFile:
    def __init__(self, file: SourceFile) -> None:
        self._chosen = file
        self._left = file.size
        self._hash = sha256()
        with disk_errors(Path(file.path)):
            self._file = Path(file.path).open("rb", buffering=0)  # noqa: SIM115 (closed by close)
        self._check()

    def _check(self) -> None:
        found = os.fstat(self._file.fileno())
        if found.st_size != self._chosen.size or str(found.st_mtime_ns) != self._chosen.modified:
            self.close()
            raise SourceChangedError(path=self._chosen.path)

    def read_into(self, view: memoryview) -> int:
        wanted = min(len(view), self._left)
        with disk_errors(Path(self._chosen.path)):
            count = self._file.readinto(view[:wanted]) if wanted else 0
        if wanted and not count:
            raise SourceChangedError(path=self._chosen.path)
        self._hash.update(view[:count])
        self._left -= count
        return count

    def finish(self) -> bytes:
        self._check()
        self.close()
        return self._hash.digest()

    def close(self) -> None:
        self._file.close()


def unchanged(part: PlannedPart) -> bool:
    """Whether the files of a part still look as they did when they were chosen."""
    for file in part.files:
        try:
            found = Path(file.path).lstat()
        except OSError:
            return False
        if found.st_size != file.size or str(found.st_mtime_ns) != file.modified:
            return False
    return True
