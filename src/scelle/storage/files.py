"""Files read and written at offsets, durably, the same way on every system.

Every failure of the operating system becomes StorageFaultError or DiskFullError here.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from scelle.ports import DiskFullError, StorageFaultError

_EXACT = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn an OSError of the block into DiskFullError or StorageFaultError about `what`."""
    try:
        yield
    except OSError as failure:
        if failure.errno in _NO_ROOM:
            raise DiskFullError(what=what) from failure
        raise StorageFaultError(what=what, why=failure.strerror or type(failure).__name__) from failure


def sync_folder(path: Path) -> None:
    """Make names made or removed in a folder durable. Windows cannot, and journals them itself. Raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class RandomFile:
    """A file open for reading and writing at offsets, from any thread. Methods raise OSError.

    Symbolic links are not followed, and anything but an ordinary file is refused.
    """

    def __init__(self, path: Path, *, create: bool = False, writing: bool = True) -> None:
        """Open; with `create`, make the file (mode 0600), raising FileExistsError when it is there."""
        flags = _EXACT | (os.O_RDWR if writing else os.O_RDONLY) | (os.O_CREAT | os.O_EXCL if create else 0)
        self._descriptor = os.open(path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise OSError(errno.EINVAL, "not an ordinary file")

    def read_some(self, offset: int, buffer: memoryview) -> int:
        """Read at most as many bytes as the buffer takes."""
        return os.preadv(self._descriptor, [buffer], offset)

    def write_some(self, offset: int, data: memoryview) -> int:
        """Write some of the bytes; how many."""
        return os.pwrite(self._descriptor, data, offset)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the buffer as far as the file goes; how many bytes."""
        done = 0
        while done < len(buffer):
            count = self.read_some(offset + done, buffer[done:])
            if count == 0:
                break
            done += count
        return done

    def write(self, offset: int, data: memoryview) -> None:
        """Write all of the bytes. When it raises, some may be written."""
        while data:
            count = self.write_some(offset, data)
            offset, data = offset + count, data[count:]

    def size(self) -> int:
        """Length in bytes."""
        return os.fstat(self._descriptor).st_size

    def truncate(self, size: int) -> None:
        """Cut to a length."""
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        """Everything written, and the length, is on the disk once it returns."""
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(self._descriptor, fcntl.F_FULLFSYNC)  # fsync leaves it in the drive's cache
        elif sys.platform == "win32":
            os.fsync(self._descriptor)
        else:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """May be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class SeekingFile(RandomFile):
    """The same for systems without pread and pwrite: a lock makes seeking and moving one step."""

    def __init__(self, path: Path, *, create: bool = False, writing: bool = True) -> None:
        self._moving = Lock()
        super().__init__(path, create=create, writing=writing)

    def read_some(self, offset: int, buffer: memoryview) -> int:
        """Read at most as many bytes as the buffer takes."""
        with self._moving:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write_some(self, offset: int, data: memoryview) -> int:
        """Write some of the bytes; how many."""
        with self._moving:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.write(self._descriptor, data)


SystemFile: type[RandomFile] = RandomFile if hasattr(os, "preadv") and hasattr(os, "pwrite") else SeekingFile
"""The class that this system can use."""
