"""Exclusive ownership of a data directory: a lock that the operating system drops with the process."""

import os
import sys
from pathlib import Path

from scelle.storage.errors import StorageInUseError


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Ownership:
    """Held from construction until `close` or the end of the process, however it ends. The file itself stays."""

    def __init__(self, path: Path) -> None:
        """Lock the file, creating it. Raises StorageInUseError when it is locked, OSError when it cannot be made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(descriptor):
            os.close(descriptor)
            raise StorageInUseError(path=str(path.parent))
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        """Let go. May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
