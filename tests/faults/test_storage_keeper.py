"""The slot file when writes fail, the power goes, or the file is not what it should be; and what erasing leaves."""

import errno
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from scelle.base.ids import Digest, ReleaseShare
from scelle.ports import DiskFullError, ShareGoneError, SlotOwner, StorageFaultError
from scelle.storage.errors import StorageCorruptError, StorageInUseError
from scelle.storage.keeper import EXTENT, MAGIC, SLOT, SlotFileKeeper
from storage_kit import Troubles


def pair(number: int) -> tuple[SlotOwner, ReleaseShare]:
    return Digest(sha256(b"owner %d" % number).digest()), ReleaseShare(sha256(b"share %d" % number).digest())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shares"


def test_nothing_of_an_erased_share_is_on_the_raw_file(path: Path) -> None:
    shares = [pair(n) for n in range(50)]
    with closing(SlotFileKeeper(path)) as keeper:
        slots = keeper.put(shares)
        raw = path.read_bytes()
        assert all(bytes(share) in raw and bytes(owner) in raw for owner, share in shares)
        keeper.erase([(slot, owner) for slot, (owner, _) in zip(slots[:-1], shares[:-1], strict=True)])
        raw = path.read_bytes()
        for slot, (owner, share) in zip(slots[:-1], shares[:-1], strict=True):
            assert raw[slot * SLOT : (slot + 1) * SLOT] == bytes(SLOT)
            assert owner[:8] not in raw
            assert share[:8] not in raw
        assert bytes(shares[-1][1]) in raw
    for left in path.parent.iterdir():
        assert all(share[:8] not in left.read_bytes() for _, share in shares[:-1])


def test_it_is_there_after_opening_again(path: Path) -> None:
    shares = [pair(n) for n in range(EXTENT // SLOT + 10)]
    with closing(SlotFileKeeper(path)) as keeper:
        slots = keeper.put(shares)
        keeper.erase([(slots[3], shares[3][0])])
    with closing(SlotFileKeeper(path)) as keeper:
        assert keeper.torn == 0
        assert keeper.count() == len(shares) - 1
        assert keeper.get(slots[-1], shares[-1][0]) == shares[-1][1]
        assert keeper.put([shares[3]]) == [slots[3]]
    assert path.stat().st_size == 2 * EXTENT
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_opener_is_told(path: Path) -> None:
    with closing(SlotFileKeeper(path)), pytest.raises(StorageInUseError):
        SlotFileKeeper(path)
    SlotFileKeeper(path).close()


def test_one_sync_for_many(path: Path) -> None:
    troubles = Troubles()
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        troubles.log.clear()
        keeper.put([pair(n) for n in range(100)])
        assert troubles.log == ["write", "sync"]


@pytest.mark.parametrize("kept", range(0, 3 * SLOT + 1, 8))
def test_power_goes_between_write_and_sync(path: Path, kept: int) -> None:
    troubles = Troubles()
    old, new = pair(0), [pair(n) for n in range(1, 4)]
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        (slot,) = keeper.put([old])
        troubles.arm(1)  # the sync
        troubles.lasting = True  # and with it all that would clean up
        with pytest.raises(StorageFaultError):
            keeper.put(new)
    troubles.power_cut(torn=kept)
    with closing(SlotFileKeeper(path)) as keeper:
        assert keeper.get(slot, old[0]) == old[1]
        orphans = [(at, owner) for at, owner in keeper.held() if owner != old[0]]
        assert len(orphans) == max(0, (kept + 48) // SLOT)  # the last 48 bytes of a slot are zero anyway
        assert keeper.torn == (1 if 0 < kept % SLOT < SLOT - 48 else 0)
        keeper.erase(orphans)
        assert keeper.count() == 1
    raw = path.read_bytes()
    assert all(share[:8] not in raw and owner[:8] not in raw for owner, share in new)


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("at", range(4))
def test_a_put_that_fails_keeps_nothing(path: Path, at: int, effect: bool) -> None:
    troubles = Troubles()
    old = pair(0)
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        (slot,) = keeper.put([old])
        troubles.arm(at, effect=effect, lasting=at >= 2)
        if at < 2:
            with pytest.raises(StorageFaultError):
                keeper.put([pair(1), pair(2)])
        else:  # the put works, the next one fails for good, and cleaning up with it
            keeper.put([pair(3)])
            with pytest.raises(StorageFaultError):
                keeper.put([pair(1), pair(2)])
            with pytest.raises(StorageFaultError):
                keeper.erase([(slot, old[0])])
            troubles.arm(-1)
            keeper.erase([(slot, old[0])])
        assert keeper.count() == 1
        raw = path.read_bytes()
        assert all(pair(n)[1][:8] not in raw for n in (1, 2))
        assert len(set(keeper.put([pair(4), pair(5), pair(6)]))) == 3
        assert keeper.count() == 4


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("at", range(2))
def test_an_erasure_that_fails_is_asked_again(path: Path, at: int, effect: bool) -> None:
    troubles = Troubles()
    one, two = pair(1), pair(2)
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        slots = keeper.put([one, two])
        gone = [(slot, owner) for slot, (owner, _) in zip(slots, (one, two), strict=True)]
        troubles.arm(at, effect=effect)
        with pytest.raises(StorageFaultError):
            keeper.erase(gone)
        assert not set(keeper.put([pair(3), pair(4)])) & set(slots)  # not served before it is durable
        troubles.log.clear()
        keeper.erase(gone)
        assert troubles.log[-1] == "sync"
        troubles.power_cut()
        assert keeper.count() == 2
    raw = path.read_bytes()
    assert one[1][:8] not in raw
    assert two[1][:8] not in raw


def test_power_goes_while_erasing(path: Path) -> None:
    troubles = Troubles()
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        (slot,) = keeper.put([pair(1)])
        troubles.arm(1, lasting=True)
        with pytest.raises(StorageFaultError):
            keeper.erase([(slot, pair(1)[0])])
    troubles.power_cut(torn=40)
    with closing(SlotFileKeeper(path)) as keeper:
        assert keeper.torn == 1
        assert keeper.count() == 0
    assert pair(1)[1][8:] not in path.read_bytes()


@pytest.mark.parametrize("at", range(2))
def test_full_disk_while_growing(path: Path, at: int) -> None:
    troubles = Troubles(error=errno.ENOSPC)
    shares = [pair(n) for n in range(EXTENT // SLOT - 1)]
    with closing(SlotFileKeeper(path, open_file=troubles.open)) as keeper:
        slots = keeper.put(shares)
        troubles.arm(at, effect=True)
        with pytest.raises(DiskFullError):
            keeper.put([pair(-1)])
        assert keeper.get(slots[7], shares[7][0]) == shares[7][1]
    with closing(SlotFileKeeper(path)) as keeper:
        assert keeper.count() == len(shares)
        assert keeper.torn == 0
        keeper.put([pair(-1)])
    assert path.stat().st_size == 2 * EXTENT


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("effect", [False, True])
def test_making_the_file_is_begun_again(path: Path, at: int, effect: bool) -> None:
    if at == 2 and effect:
        pytest.skip("half a header: smaller than a sector, written whole or not at all")
    troubles = Troubles(error=errno.ENOSPC)
    troubles.arm(at, effect=effect)
    with pytest.raises(DiskFullError):
        SlotFileKeeper(path, open_file=troubles.open)
    with closing(SlotFileKeeper(path)) as keeper:
        keeper.put([pair(1)])
    assert path.read_bytes().startswith(MAGIC)


def test_a_slot_that_moved_or_rotted_is_not_believed(path: Path) -> None:
    with closing(SlotFileKeeper(path)) as keeper:
        first, second = keeper.put([pair(1), pair(2)])
        raw = bytearray(path.read_bytes())
        raw[second * SLOT : (second + 1) * SLOT] = raw[first * SLOT : (first + 1) * SLOT]
        raw[first * SLOT + 40] ^= 1
        path.write_bytes(raw)
        for slot, owner in [(first, pair(1)[0]), (second, pair(1)[0]), (second, pair(2)[0])]:
            with pytest.raises(ShareGoneError):
                keeper.get(slot, owner)
        keeper.erase([(first, pair(1)[0])])
        assert pair(1)[1][:4] not in path.read_bytes()[first * SLOT : (first + 1) * SLOT]
    with closing(SlotFileKeeper(path)) as keeper:
        assert keeper.torn == 1


@pytest.mark.parametrize("content", [b"x", b"SQLite format 3\0" + bytes(5000), bytes(EXTENT) + b"x"])
def test_another_kind_of_file_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageCorruptError):
        SlotFileKeeper(path)
    assert path.read_bytes() == content


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    with closing(SlotFileKeeper(tmp_path / "real")):
        pass
    try:
        path.symlink_to(tmp_path / "real")
    except OSError:
        pytest.skip("no symbolic links here")
    with pytest.raises(StorageFaultError):
        SlotFileKeeper(path)


def test_a_file_cut_short_under_it(path: Path) -> None:
    with closing(SlotFileKeeper(path)) as keeper:
        (slot,) = keeper.put([pair(1)])
        path.write_bytes(b"")
        with pytest.raises(StorageFaultError):
            keeper.get(slot, pair(1)[0])
        with pytest.raises(StorageFaultError):
            list(keeper.held())
