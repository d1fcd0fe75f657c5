"""Files that fail or crash on purpose, for the storage adapters."""

import errno
from pathlib import Path

from scelle.storage.files import RandomFile, SystemFile


class Troubles:
    """Makes files whose n-th change fails, and that can lose what was not synced, as a power cut does.

    `fail_at`: number (from 0) of the write, truncate or sync that raises; `effect`: whether it raises after having
    taken effect (a write: half of it). Everything afterwards works again, unless `lasting`.
    """

    def __init__(self, *, error: int = errno.EIO) -> None:
        self.fail_at = -1
        self.effect = False
        self.lasting = False
        self.error = error
        self.changes = 0
        self.log: list[str] = []
        self.volatile: list[tuple[Path, int, bytes]] = []
        """What unsynced writes replaced, oldest first: file, offset, the bytes before."""

    def open(self, path: Path, *, create: bool = False, writing: bool = True) -> RandomFile:
        return _TroubledFile(self, path, create=create, writing=writing)

    def due(self, what: str) -> bool:
        number, self.changes = self.changes, self.changes + 1
        self.log.append(what)
        return number == self.fail_at or (self.lasting and number > self.fail_at >= 0)

    def arm(self, at: int, *, effect: bool = False, lasting: bool = False) -> None:
        self.changes, self.fail_at, self.effect, self.lasting = 0, at, effect, lasting

    def power_cut(self, *, keep: int = 0, torn: int = 0) -> None:
        """Undo unsynced writes but the first `keep`; of the next one, its first `torn` bytes stay."""
        undone = self.volatile[keep:]
        for number, (path, offset, before) in reversed(list(enumerate(undone))):
            start = torn if number == 0 else 0
            with path.open("r+b") as file:
                file.seek(offset + start)
                file.write(before[start:])
        self.volatile.clear()


class _TroubledFile(SystemFile):  # type: ignore[valid-type, misc]  # chosen by the system
    def __init__(self, troubles: Troubles, path: Path, *, create: bool, writing: bool) -> None:
        self._troubles, self._path = troubles, path
        super().__init__(path, create=create, writing=writing)

    def _raise(self) -> None:
        raise OSError(self._troubles.error, "made to fail")

    def write(self, offset: int, data: memoryview) -> None:
        failing = self._troubles.due("write")
        if failing and not self._troubles.effect:
            self._raise()
        if failing:
            data = data[: len(data) // 2]
        before = bytearray(len(data))
        super().read_into(offset, memoryview(before))
        self._troubles.volatile.append((self._path, offset, bytes(before)))
        super().write(offset, data)
        if failing:
            self._raise()

    def truncate(self, size: int) -> None:
        failing = self._troubles.due("truncate")
        if failing and not self._troubles.effect:
            self._raise()
        super().truncate(size)
        if failing:
            self._raise()

    def sync(self) -> None:
        failing = self._troubles.due("sync")
        if failing and not self._troubles.effect:
            self._raise()
        super().sync()
        self._troubles.volatile.clear()
        if failing:
            self._raise()
