"""Every ShareKeeper keeps the same promises."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, ReleaseShare
from scelle.ports import ShareGoneError, ShareKeeper, SlotOwner, StorageFaultError
from scelle.storage.files import RandomFile, SeekingFile
from scelle.storage.keeper import MemoryKeeper, SlotFileKeeper

MAKERS: dict[str, Callable[[Path], ShareKeeper]] = {
    "memory": lambda _: MemoryKeeper(),
    "file": lambda folder: SlotFileKeeper(folder / "shares", open_file=RandomFile),
    "file, seeking": lambda folder: SlotFileKeeper(folder / "shares", open_file=SeekingFile),
}


def pair(number: int) -> tuple[SlotOwner, ReleaseShare]:
    return Digest(sha256(b"owner %d" % number).digest()), ReleaseShare(sha256(b"share %d" % number).digest())


@pytest.fixture(params=MAKERS)
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ShareKeeper]:
    with closing(MAKERS[request.param](tmp_path)) as made:
        yield made


def test_what_is_put_is_got(keeper: ShareKeeper) -> None:
    shares = [pair(n) for n in range(3000)]
    slots = keeper.put(shares)
    assert len(set(slots)) == 3000
    assert [keeper.get(slot, owner) for slot, (owner, _) in zip(slots, shares, strict=True)] == [s for _, s in shares]
    assert keeper.count() == 3000
    assert sorted(keeper.held()) == sorted((slot, owner) for slot, (owner, _) in zip(slots, shares, strict=True))
    assert [slot for slot, _ in keeper.held()] == sorted(slots)
    assert keeper.put([]) == []


def test_another_owner_gets_nothing(keeper: ShareKeeper) -> None:
    (slot,) = keeper.put([pair(1)])
    for asked, owner in [
        (slot, pair(2)[0]),
        (slot + 1, pair(1)[0]),
        (0, pair(1)[0]),
        (-1, pair(1)[0]),
        (1 << 40, pair(1)[0]),
    ]:
        with pytest.raises(ShareGoneError):
            keeper.get(asked, owner)


def test_erased_is_gone_and_its_slot_serves_again(keeper: ShareKeeper) -> None:
    one, two = pair(1), pair(2)
    first, second = keeper.put([one, two])
    keeper.erase([(first, one[0]), (first, one[0])])
    with pytest.raises(ShareGoneError):
        keeper.get(first, one[0])
    assert keeper.get(second, two[0]) == two[1]
    assert list(keeper.held()) == [(second, two[0])]
    (again,) = keeper.put([pair(3)])
    assert again == first
    assert keeper.get(again, pair(3)[0]) == pair(3)[1]
    assert keeper.count() == 2


def test_erasing_twice_spares_the_next_owner(keeper: ShareKeeper) -> None:
    one, two = pair(1), pair(2)
    (slot,) = keeper.put([one])
    keeper.erase([(slot, one[0])])
    keeper.erase([(slot, one[0]), (0, one[0]), (-3, one[0]), (1 << 40, one[0])])
    assert keeper.put([two]) == [slot]
    keeper.erase([(slot, one[0])])
    assert keeper.get(slot, two[0]) == two[1]


def test_wrong_sizes_are_refused_whole(keeper: ShareKeeper) -> None:
    owner, share = pair(1)
    for bad in [(Digest(owner[1:]), share), (owner, ReleaseShare(share + b"x")), (Digest(bytes(32)), share)]:
        with pytest.raises(MalformedError):
            keeper.put([pair(2), bad])
    assert keeper.count() == 0


def test_closed(keeper: ShareKeeper) -> None:
    (slot,) = keeper.put([pair(1)])
    keeper.close()
    keeper.close()
    with pytest.raises(StorageFaultError):
        keeper.get(slot, pair(1)[0])
    with pytest.raises(StorageFaultError):
        keeper.put([pair(2)])


def test_threads(keeper: ShareKeeper) -> None:
    def work(base: int) -> None:
        for number in range(base, base + 20):
            mine = [pair(number * 10 + n) for n in range(3)]
            slots = keeper.put(mine)
            for slot, (owner, share) in zip(slots, mine, strict=True):
                assert keeper.get(slot, owner) == share
            keeper.erase([(slot, owner) for slot, (owner, _) in zip(slots[1:], mine[1:], strict=True)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(0, 800, 100)))
    assert keeper.count() == 160
    assert len(list(keeper.held())) == 160
