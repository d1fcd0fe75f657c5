"""Every BlobStore keeps the same promises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from scelle.base.errors import MalformedError
from scelle.ports import BlobOffsetError, BlobStore, BlobUnknownError, StorageFaultError
from scelle.storage.blobs import PIECE, FolderBlobs, MemoryBlobs
from scelle.storage.files import RandomFile, SeekingFile

MAKERS: dict[str, Callable[[Path], BlobStore]] = {
    "memory": lambda _: MemoryBlobs(),
    "folder": lambda folder: FolderBlobs(folder / "parts", open_file=RandomFile),
    "folder, seeking": lambda folder: FolderBlobs(folder / "parts", open_file=SeekingFile),
}
NAME = "abcdefghijklmnopqrstuvwxy4/0"


@pytest.fixture(params=MAKERS)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return MAKERS[request.param](tmp_path)


def whole(blobs: BlobStore, name: str = NAME) -> bytes:
    return b"".join(bytes(piece) for piece in blobs.read(name, 0, blobs.size(name)))


def test_grows_by_what_arrives(blobs: BlobStore) -> None:
    blobs.begin(NAME)
    assert blobs.size(NAME) == 0
    blobs.append(NAME, 0, memoryview(b"hello "))
    assert blobs.size(NAME) == 6
    blobs.append(NAME, 6, memoryview(bytearray(b"xworldx"))[1:6])
    blobs.append(NAME, 11, memoryview(b""))
    blobs.sync(NAME)
    assert whole(blobs) == b"hello world"


def test_beginning_twice_keeps_what_is_there(blobs: BlobStore) -> None:
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(b"kept"))
    blobs.begin(NAME)
    assert whole(blobs) == b"kept"


@pytest.mark.parametrize("offset", [0, 2, 4, -1])
def test_a_gap_or_an_overlap_is_refused(blobs: BlobStore, offset: int) -> None:
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(b"abc"))
    with pytest.raises(BlobOffsetError) as caught:
        blobs.append(NAME, offset, memoryview(b"d"))
    assert caught.value.facts == {"name": NAME, "offset": offset, "size": 3}
    assert whole(blobs) == b"abc"


def test_cut_and_go_on(blobs: BlobStore) -> None:
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(b"abcdef"))
    blobs.truncate(NAME, 2)
    blobs.append(NAME, 2, memoryview(b"X"))
    assert whole(blobs) == b"abX"
    with pytest.raises(BlobOffsetError):
        blobs.truncate(NAME, 4)
    with pytest.raises(MalformedError):
        blobs.truncate(NAME, -1)
    assert blobs.size(NAME) == 3


def test_ranges_come_in_pieces(blobs: BlobStore) -> None:
    data = bytes(range(256)) * (PIECE // 128) + b"end"
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(data))
    for start, length in [(0, len(data)), (5, PIECE), (PIECE - 1, PIECE + 2), (len(data), 0), (7, 0)]:
        pieces = [bytes(piece) for piece in blobs.read(NAME, start, length)]
        assert b"".join(pieces) == data[start : start + length]
        assert all(0 < len(piece) <= PIECE for piece in pieces)
    with pytest.raises(BlobOffsetError):
        next(blobs.read(NAME, 1, len(data)))
    with pytest.raises(MalformedError):
        next(blobs.read(NAME, -1, 2))


def test_reader(blobs: BlobStore) -> None:
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(b"0123456789"))
    with closing(blobs.open_read(NAME)) as reader:
        blobs.append(NAME, 10, memoryview(b"later"))
        room = bytearray(4)
        assert reader.size == 10
        assert reader.read_into(3, memoryview(room)) == 4
        assert room == b"3456"
        assert reader.read_into(8, memoryview(room)) == 2
        assert room == b"8956"
        assert reader.read_into(10, memoryview(room)) == 0
        assert reader.read_into(99, memoryview(room)) == 0
    reader.close()
    with pytest.raises(StorageFaultError):
        reader.read_into(0, memoryview(room))


def test_deleting(blobs: BlobStore) -> None:
    blobs.begin(NAME)
    blobs.append(NAME, 0, memoryview(b"x"))
    blobs.delete(NAME)
    blobs.delete(NAME)
    blobs.delete("never-there")
    assert list(blobs.names()) == []
    blobs.begin(NAME)
    assert blobs.size(NAME) == 0


def test_unknown(blobs: BlobStore) -> None:
    for call in (
        lambda: blobs.append(NAME, 0, memoryview(b"x")),
        lambda: blobs.size(NAME),
        lambda: blobs.truncate(NAME, 0),
        lambda: blobs.sync(NAME),
        lambda: next(blobs.read(NAME, 0, 0)),
        lambda: blobs.open_read(NAME),
    ):
        with pytest.raises(BlobUnknownError):
            call()


BAD = [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "..",
    "a/../b",
    "A",
    "a_b",
    "a.b",
    "a b",
    "a\n",
    "a\0",
    "é",
    "a\\b",
    "c:",
    "a" * 121,
]


@pytest.mark.parametrize("name", BAD)
def test_names_are_opaque_ids(blobs: BlobStore, name: str) -> None:
    for call in (
        lambda: blobs.begin(name),
        lambda: blobs.append(name, 0, memoryview(b"x")),
        lambda: blobs.size(name),
        lambda: blobs.truncate(name, 0),
        lambda: blobs.sync(name),
        lambda: next(blobs.read(name, 0, 0)),
        lambda: blobs.open_read(name),
        lambda: blobs.delete(name),
    ):
        with pytest.raises(MalformedError):
            call()


def test_names(blobs: BlobStore) -> None:
    wanted = {f"{n:x}/{m}" for n in range(20) for m in range(2)} | {"a" * 120, "con", "-", "0/a/b-c/9", "a-b", "a/b"}
    for name in wanted:
        blobs.begin(name)
    assert sorted(blobs.names()) == sorted(wanted)


def test_threads(blobs: BlobStore) -> None:
    def work(number: int) -> None:
        name = f"t{number}"
        blobs.begin(name)
        for turn in range(30):
            blobs.append(name, turn * 1000, memoryview(bytes([number]) * 1000))
        blobs.sync(name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    for number in range(12):
        assert whole(blobs, f"t{number}") == bytes([number]) * 30000


def test_one_of_many_appends_at_an_offset_wins(blobs: BlobStore) -> None:
    blobs.begin(NAME)

    def work(number: int) -> bool:
        try:
            blobs.append(NAME, 0, memoryview(bytes([number]) * 100))
        except BlobOffsetError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(16))) == 1
    assert blobs.size(NAME) == 100
