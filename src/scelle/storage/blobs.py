"""Sealed parts as files in a folder; and the same promises kept in memory.

A part is one file, `<folder>/<xx>/_<name>`, slashes of the name written as underscores (which names never have); `xx`
is the beginning of the name's SHA-256, so that no folder grows large. The leading underscore keeps a part from being
called `con` on Windows.

Deleting unlinks and syncs the folder; it does not overwrite. What is here is sealed, so its secrecy never hangs on it,
and overwriting promises little on journaling file systems and flash. What makes a copy useless is the erasure of the
release share (`scelle.storage.keeper`). On Windows a part that is being read cannot be deleted: that raises, and the
sweeper asks again.

Files are opened anew by every call (some 10 µs against megabytes), so nothing is held open for uploads that stopped.
"""

import hashlib
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock

from scelle.base.errors import MalformedError
from scelle.ports import BlobOffsetError, BlobReader, BlobUnknownError, StorageFaultError
from scelle.storage.errors import StorageCorruptError
from scelle.storage.files import RandomFile, SystemFile, storage_errors, sync_folder

PIECE = 1 << 20
"""Bytes of the buffers that `read` gives."""

_NAME = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+)*\Z")
_WHAT = "sealed parts"
_STRIPES = 64

OpenFile = Callable[..., RandomFile]


def _is_name(name: str) -> bool:
    return len(name) <= 120 and _NAME.match(name) is not None


def check_name(name: str) -> None:
    """Refuse what is not a name of the port's alphabet. Raises MalformedError."""
    if not _is_name(name):
        raise MalformedError(what="object name", why="not 1 to 120 of a-z, 0-9, hyphens and inner slashes")


def _check_offset(offset: int, name: str) -> None:
    if offset < 0:
        raise MalformedError(what="offset", why=f"negative, in {name}")


def _pieces(reader: BlobReader, name: str, start: int, length: int) -> Iterator[memoryview]:
    with closing(reader):
        if start + length > reader.size:
            raise BlobOffsetError(name=name, offset=start + length, size=reader.size)
        room = memoryview(bytearray(min(PIECE, length)))
        while length:
            count = reader.read_into(start, room[:length])
            if count == 0:
                raise StorageFaultError(what=_WHAT, why="an object was cut while it was read")
            yield room[:count]
            start, length = start + count, length - count


class _FileReader:
    def __init__(self, file: RandomFile) -> None:
        self._file = file
        self.size = file.size()

    def read_into(self, offset: int, buffer: memoryview) -> int:
        with storage_errors(_WHAT):
            return self._file.read_into(offset, buffer[: max(0, self.size - offset)])

    def close(self) -> None:
        self._file.close()


class FolderBlobs:
    """BlobStore on a local folder (0700, files 0600) that this process has to itself."""

    def __init__(self, folder: Path, *, open_file: OpenFile = SystemFile) -> None:
        """Make the folder and its 256 parts where they are missing; its parent must exist.

        Raises StorageCorruptError when one of them is a link or a file, StorageFaultError, DiskFullError.
        """
        self._folder = folder
        self._open_file = open_file
        self._changing = [Lock() for _ in range(_STRIPES)]
        with storage_errors(_WHAT):
            if not folder.exists():
                folder.mkdir(0o700)
                sync_folder(folder.parent)
            for one in (folder, *self._folders()):
                with suppress(FileExistsError):
                    one.mkdir(0o700)
                if not stat.S_ISDIR(one.lstat().st_mode):
                    raise StorageCorruptError(what=_WHAT, why=f"{one} is not a folder")
            sync_folder(folder)

    def _folders(self) -> Iterator[Path]:
        return (self._folder / f"{number:02x}" for number in range(256))

    def _path(self, name: str) -> Path:
        check_name(name)
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:2] / ("_" + name.replace("/", "_"))

    def _lock(self, path: Path) -> Lock:
        return self._changing[hash(path) % _STRIPES]

    def _open(self, name: str, path: Path, *, writing: bool) -> RandomFile:
        try:
            return self._open_file(path, writing=writing)
        except FileNotFoundError:
            raise BlobUnknownError(name=name) from None

    def begin(self, name: str) -> None:
        """As the port says."""
        path = self._path(name)
        with self._lock(path), storage_errors(_WHAT):
            with suppress(FileExistsError):
                self._open_file(path, create=True).close()
            sync_folder(path.parent)

    def append(self, name: str, offset: int, data: memoryview) -> None:
        """As the port says."""
        path = self._path(name)
        with self._lock(path), storage_errors(_WHAT), closing(self._open(name, path, writing=True)) as file:
            size = file.size()
            if offset != size:
                raise BlobOffsetError(name=name, offset=offset, size=size)
            try:
                file.write(offset, data)
            except OSError:
                with suppress(OSError):
                    file.truncate(offset)
                raise

    def size(self, name: str) -> int:
        """As the port says."""
        path = self._path(name)
        with storage_errors(_WHAT):
            try:
                found = path.lstat()
            except FileNotFoundError:
                raise BlobUnknownError(name=name) from None
        return found.st_size

    def truncate(self, name: str, size: int) -> None:
        """As the port says."""
        path = self._path(name)
        _check_offset(size, name)
        with self._lock(path), storage_errors(_WHAT), closing(self._open(name, path, writing=True)) as file:
            there = file.size()
            if size > there:
                raise BlobOffsetError(name=name, offset=size, size=there)
            file.truncate(size)

    def sync(self, name: str) -> None:
        """As the port says."""
        path = self._path(name)
        with storage_errors(_WHAT), closing(self._open(name, path, writing=True)) as file:
            file.sync()

    def read(self, name: str, start: int, length: int) -> Iterator[memoryview]:
        """As the port says."""
        _check_offset(min(start, length), name)
        yield from _pieces(self.open_read(name), name, start, length)

    def open_read(self, name: str) -> BlobReader:
        """As the port says."""
        path = self._path(name)
        with storage_errors(_WHAT):
            return _FileReader(self._open(name, path, writing=False))

    def delete(self, name: str) -> None:
        """As the port says."""
        path = self._path(name)
        with self._lock(path), storage_errors(_WHAT):
            path.unlink(missing_ok=True)
            sync_folder(path.parent)  # also when it was gone: an earlier call may have failed before this

    def names(self) -> Iterator[str]:
        """As the port says; files that cannot be objects are passed over."""
        with storage_errors(_WHAT):
            for folder in self._folders():
                for path in folder.iterdir():
                    name = path.name.removeprefix("_").replace("_", "/")
                    if _is_name(name) and self._path(name) == path:
                        yield name


class _MemoryReader:
    def __init__(self, data: bytes) -> None:
        self._data: memoryview | None = memoryview(data)
        self.size = len(data)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        if self._data is None:
            raise StorageFaultError(what=_WHAT, why="closed")
        found = self._data[offset : offset + len(buffer)]
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._data = None


class MemoryBlobs:
    """BlobStore in memory, gone with the process: for tests and demonstrations."""

    def __init__(self) -> None:
        self._objects: dict[str, bytearray] = {}
        self._changing = Lock()

    def _find(self, name: str) -> bytearray:
        check_name(name)
        if name not in self._objects:
            raise BlobUnknownError(name=name)
        return self._objects[name]

    def begin(self, name: str) -> None:
        """As the port says."""
        check_name(name)
        with self._changing:
            self._objects.setdefault(name, bytearray())

    def append(self, name: str, offset: int, data: memoryview) -> None:
        """As the port says."""
        with self._changing:
            found = self._find(name)
            if offset != len(found):
                raise BlobOffsetError(name=name, offset=offset, size=len(found))
            found += data

    def size(self, name: str) -> int:
        """As the port says."""
        with self._changing:
            return len(self._find(name))

    def truncate(self, name: str, size: int) -> None:
        """As the port says."""
        _check_offset(size, name)
        with self._changing:
            found = self._find(name)
            if size > len(found):
                raise BlobOffsetError(name=name, offset=size, size=len(found))
            del found[size:]

    def sync(self, name: str) -> None:
        """As the port says."""
        with self._changing:
            self._find(name)

    def read(self, name: str, start: int, length: int) -> Iterator[memoryview]:
        """As the port says."""
        _check_offset(min(start, length), name)
        yield from _pieces(self.open_read(name), name, start, length)

    def open_read(self, name: str) -> BlobReader:
        """As the port says."""
        with self._changing:
            return _MemoryReader(bytes(self._find(name)))

    def delete(self, name: str) -> None:
        """As the port says."""
        check_name(name)
        with self._changing:
            self._objects.pop(name, None)

    def names(self) -> Iterator[str]:
        """As the port says."""
        with self._changing:
            found = list(self._objects)
        yield from found
