"""Release shares in a file of fixed slots, erased in place; and the same promises kept in memory.

A database keeps what was deleted in free pages and journals; this file does not. Slots are 128 bytes, so that none
crosses a disk sector:

    0   owner    32 bytes
    32  share    32 bytes
    64  tag      16 bytes: SHA-256("scelle/v1/slot" LF slot as 8 bytes big-endian ‖ owner ‖ share), its beginning
    80  zeros

A free slot is all zero. Slot 0 is the header (its first bytes are MAGIC). The file grows by extents of zeros that are
written and synced before use: a share then lands on, and is erased from, blocks that are its own already. (Holes and
preallocated but unwritten blocks would not do.) On a file system that copies on write, or a drive that remaps, an
overwritten block can outlive its erasure: the operator's guide says where to keep this file. It belongs in no backup.

No share is kept in memory: only one byte per slot that says whether it is in use.

A slot that is neither zero nor carries its tag was being written or erased when the power went: nobody was told that it
is stored, so it is erased when the file is opened, and counted in `torn`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Lock

from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, ReleaseShare
from scelle.ports import ShareGoneError, SlotOwner, StorageFaultError
from scelle.storage.errors import StorageCorruptError
from scelle.storage.files import RandomFile, SystemFile, storage_errors, sync_folder
from scelle.storage.ownership import Ownership

SLOT = 128
"""Bytes of a slot."""

EXTENT = 1 << 17
"""Bytes by which the file grows: 1024 slots."""

MAGIC = b"scelle/v1/slots\n"

_HALF = 32
_ZEROS = bytes(SLOT)
_FREE, _BUSY, _USED = 0, 1, 2
_WHAT = "release shares"

OpenFile = Callable[..., RandomFile]


def _tag(slot: int, owner: bytes, share: bytes) -> bytes:
    return hashlib.sha256(b"scelle/v1/slot\n" + slot.to_bytes(8) + owner + share).digest()[:16]


def encode_slot(slot: int, owner: SlotOwner, share: ReleaseShare) -> bytes:
    """The 128 bytes of a slot in use. Raises MalformedError for an owner or a share of another size."""
    if len(owner) != _HALF or len(share) != _HALF or owner == bytes(_HALF):
        raise MalformedError(what="release share", why="owner or share has the wrong size, or the owner is zero")
    return (owner + share + _tag(slot, owner, share)).ljust(SLOT, b"\0")


def decode_slot(slot: int, data: bytes) -> tuple[SlotOwner, ReleaseShare] | None:
    """What a slot holds; None when it is free or its tag is wrong."""
    owner, share = data[:_HALF], data[_HALF : 2 * _HALF]
    if data == _ZEROS or data != (owner + share + _tag(slot, owner, share)).ljust(SLOT, b"\0"):
        return None
    return Digest(owner), ReleaseShare(share)


class SlotFileKeeper:
    """ShareKeeper on a file that one process has open. `get` never waits for another call's sync."""

    def __init__(self, path: Path, *, open_file: OpenFile = SystemFile) -> None:
        """Open the file, making it when it is not there.

        Raises StorageInUseError while it is open elsewhere, StorageCorruptError when it is not such a file,
        StorageFaultError, DiskFullError.
        """
        self._path = path
        self._changing = Lock()
        self.torn = 0
        """Slots found half written on opening, and erased."""
        with storage_errors(_WHAT):
            self._ownership = Ownership(path.with_name(path.name + ".lock"))
            try:
                self._file = self._open(open_file)
            except BaseException:
                self._ownership.close()
                raise
            try:
                self._states = bytearray()
                self._free: list[int] = []
                self._stuck: list[int] = []
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _open(self, open_file: OpenFile) -> RandomFile:
        try:
            return open_file(self._path)
        except FileNotFoundError:
            made = open_file(self._path, create=True)
            sync_folder(self._path.parent)
            return made

    def _prepare(self) -> None:
        """Read every slot once: what is in use, what is free, what is torn."""
        size = self._file.size()
        header = self._read(0) if size >= SLOT else _ZEROS
        if header != MAGIC.ljust(SLOT, b"\0"):
            self._make(size)
        elif size % EXTENT:  # growing was cut: nothing of it was in use
            self._fill(size - size % EXTENT)
        self._states = bytearray(self._file.size() // SLOT)
        self._states[0] = _BUSY
        wrong: list[int] = []
        for slot, data in self._scan():
            if data == _ZEROS:
                self._free.append(slot)
            elif decode_slot(slot, data):
                self._states[slot] = _USED
            else:
                wrong.append(slot)
        self._free.reverse()
        self._wipe(wrong)
        self.torn = len(wrong)

    def _make(self, size: int) -> None:
        """Write the header last, so that a cut leaves a file of zeros, which is begun again."""
        room = memoryview(bytearray(EXTENT))
        for offset in range(0, size, EXTENT):
            count = self._file.read_into(offset, room)
            if any(room[:count]):
                raise StorageCorruptError(what=_WHAT, why="not a file of release shares")
        self._fill(0)
        self._file.write(0, memoryview(MAGIC))
        self._file.sync()

    def _fill(self, offset: int) -> None:
        self._file.write(offset, memoryview(bytes(EXTENT)))
        self._file.sync()

    def _read(self, slot: int) -> bytes:
        data = bytearray(SLOT)
        if self._file.read_into(slot * SLOT, memoryview(data)) != SLOT:
            raise StorageFaultError(what=_WHAT, why="the file is shorter than it was")
        return bytes(data)

    def _scan(self) -> Iterator[tuple[int, bytes]]:
        room = memoryview(bytearray(EXTENT))
        for offset in range(0, len(self._states) * SLOT, EXTENT):
            if self._file.read_into(offset, room) != EXTENT:
                raise StorageFaultError(what=_WHAT, why="the file is shorter than it was")
            for at in range(0, EXTENT, SLOT):
                if offset + at:
                    yield (offset + at) // SLOT, bytes(room[at : at + SLOT])

    def _write(self, slots: Sequence[int], content: Sequence[bytes]) -> None:
        """Write slots, neighbours in one go, and sync once."""
        if not slots:
            return
        ordered = sorted(zip(slots, content, strict=True))
        starts = [0, *(n for n, (a, b) in enumerate(pairwise(ordered), 1) if a[0] + 1 != b[0]), len(ordered)]
        for start, stop in pairwise(starts):
            data = b"".join(one for _, one in ordered[start:stop])
            self._file.write(ordered[start][0] * SLOT, memoryview(data))
        self._file.sync()

    def _wipe(self, slots: Sequence[int]) -> None:
        """Overwrite slots and free them, once that is durable."""
        self._write(slots, [_ZEROS] * len(slots))
        for slot in slots:
            self._states[slot] = _FREE
        self._free.extend(slots)

    def _wipe_stuck(self) -> None:
        """Wipe what an earlier `put` that failed has perhaps left behind."""
        stuck, self._stuck = self._stuck, []
        try:
            self._wipe(stuck)
        except OSError:
            self._stuck = stuck
            raise

    def _take(self, count: int) -> list[int]:
        while len(self._free) < count:
            first = len(self._states)
            self._fill(first * SLOT)
            self._states.extend(bytes(EXTENT // SLOT))
            self._free[:0] = range(len(self._states) - 1, first - 1, -1)
        return [self._free.pop() for _ in range(count)]

    def put(self, shares: Sequence[tuple[SlotOwner, ReleaseShare]]) -> list[int]:
        """As the port says. After a failure the slots are wiped, and stay out of use until that has worked."""
        for owner, share in shares:
            encode_slot(0, owner, share)
        with self._changing, storage_errors(_WHAT):
            self._wipe_stuck()
            slots = self._take(len(shares))
            for slot in slots:
                self._states[slot] = _BUSY
            try:
                self._write(slots, [encode_slot(slot, *share) for slot, share in zip(slots, shares, strict=True)])
            except OSError:
                self._stuck = slots
                with suppress(OSError):
                    self._wipe_stuck()
                raise
            for slot in slots:
                self._states[slot] = _USED
        return slots

    def get(self, slot: int, owner: SlotOwner) -> ReleaseShare:
        """As the port says."""
        with storage_errors(_WHAT):
            if not 0 < slot < len(self._states) or self._states[slot] != _USED:
                raise ShareGoneError(slot=slot)
            found = decode_slot(slot, self._read(slot))
        if found is None or found[0] != owner:
            raise ShareGoneError(slot=slot)
        return found[1]

    def erase(self, slots: Sequence[tuple[int, SlotOwner]]) -> None:
        """As the port says."""
        with self._changing, storage_errors(_WHAT):
            self._wipe_stuck()
            self._wipe(list(dict.fromkeys(slot for slot, owner in slots if self._is_of(slot, owner))))

    def _is_of(self, slot: int, owner: SlotOwner) -> bool:
        """Whether to erase: not what is free or another's; but what an erasure that failed has left unreadable."""
        if not 0 < slot < len(self._states) or self._states[slot] != _USED:
            return False
        found = decode_slot(slot, self._read(slot))
        return found is None or found[0] == owner

    def held(self) -> Iterator[tuple[int, SlotOwner]]:
        """As the port says."""
        with storage_errors(_WHAT):
            for slot, data in self._scan():
                found = decode_slot(slot, data) if self._states[slot] == _USED else None
                if found:
                    yield slot, found[0]

    def count(self) -> int:
        """As the port says."""
        return self._states.count(_USED)

    def close(self) -> None:
        """As the port says."""
        with self._changing:
            self._file.close()
            self._ownership.close()


class MemoryKeeper:
    """ShareKeeper in memory, gone with the process: for tests and demonstrations."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[SlotOwner, ReleaseShare]] = {}
        self._free: list[int] = []
        self._next = 1
        self._open = True
        self._changing = Lock()

    def _check(self) -> None:
        if not self._open:
            raise StorageFaultError(what=_WHAT, why="closed")

    def put(self, shares: Sequence[tuple[SlotOwner, ReleaseShare]]) -> list[int]:
        """As the port says."""
        for owner, share in shares:
            encode_slot(0, owner, share)
        with self._changing:
            self._check()
            slots = []
            for share_of in shares:
                slot = self._free.pop() if self._free else self._next
                self._next = max(self._next, slot + 1)
                self._held[slot] = share_of
                slots.append(slot)
        return slots

    def get(self, slot: int, owner: SlotOwner) -> ReleaseShare:
        """As the port says."""
        with self._changing:
            self._check()
            found = self._held.get(slot)
        if found is None or found[0] != owner:
            raise ShareGoneError(slot=slot)
        return found[1]

    def erase(self, slots: Sequence[tuple[int, SlotOwner]]) -> None:
        """As the port says."""
        with self._changing:
            self._check()
            for slot, owner in slots:
                if slot in self._held and self._held[slot][0] == owner:
                    del self._held[slot]
                    self._free.append(slot)

    def held(self) -> Iterator[tuple[int, SlotOwner]]:
        """As the port says."""
        with self._changing:
            self._check()
            found = sorted((slot, owner) for slot, (owner, _) in self._held.items())
        yield from found

    def count(self) -> int:
        """As the port says."""
        return len(self._held)

    def close(self) -> None:
        """As the port says."""
        self._open = False
