"""Exported activity logs of several bundles, replayed offline."""

from hashlib import sha256
from pathlib import Path

import pytest

from scelle.cli.words import Words
from scelle.client.logs import verify_folder
from scelle.exchange.trust import Head
from scelle.tlog.checkpoint import Checkpoint, sign_checkpoint
from scelle.tlog.errors import LogInconsistentError, NoteKeyMalformedError, RootWrongError, TileWrongError
from scelle.tlog.note import NoteSigner
from scelle.tlog.tiles import Bundle, TileGrower, bundles_of, encode_bundle
from scelle.tlog.tree import Frontier, leaf_hashes
from tlog_kit import note_key

NAME = "x.example/log/activity"
KEY = note_key(NAME)
VKEY = KEY.public.encode()
SIZE = 70_000
"""Two levels of full tiles, and a partial one of each."""


def entries(bundle: Bundle) -> list[bytes]:
    return [sha256(b"%d" % (bundle.index * 256 + place)).digest() for place in range(bundle.width)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exported")
    grower = TileGrower()

    def write(path: str, data: bytes) -> None:
        place = root / "activity" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    for bundle in bundles_of(SIZE):
        write(bundle.path, encode_bundle(entries(bundle)))
        for tile, data in grower.append(leaf_hashes(entries(bundle))):
            write(tile.path, data)
    for tile, data in grower.partials():
        write(tile.path, data)
    write("vkey", VKEY.encode() + b"\n")
    write("checkpoint", sign_checkpoint(Checkpoint(NAME, SIZE, grower.root()), [NoteSigner(KEY)]))
    return root


def head(size: int) -> Head:
    frontier = Frontier()
    for bundle in bundles_of(size):
        frontier.append(leaf_hashes(entries(bundle)))
    return Head(size=size, root=frontier.root())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_536, SIZE - 1, SIZE])
def test_heads_known_before(folder: Path, size: int) -> None:
    (report,) = verify_folder(folder, [VKEY], known={"activity": head(size)})
    assert (report.size, report.known) == (SIZE, size)
    assert report.records is not None
    assert report.records.lacked == SIZE
    if size:
        with pytest.raises(LogInconsistentError):
            verify_folder(folder, [VKEY], known={"activity": Head(size=size, root=bytes(32))})


def test_a_longer_log_was_known(folder: Path) -> None:
    with pytest.raises(LogInconsistentError):
        verify_folder(folder, [VKEY], known={"activity": Head(size=SIZE + 1, root=bytes(32))})


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("tile/entries/100", RootWrongError),
        ("tile/0/100", TileWrongError),
        ("tile/1/000", TileWrongError),
        ("tile/1/001.p/17", TileWrongError),
        ("tile/2/000.p/1", TileWrongError),
    ],
)
def test_altered(folder: Path, path: str, error: type[Exception]) -> None:
    place = folder / "activity" / path
    whole = place.read_bytes()
    for wrong in (whole[:-1] + bytes([whole[-1] ^ 1]), whole + b"x", whole[:-1]):
        place.write_bytes(wrong)
        with pytest.raises((error, TileWrongError)):
            verify_folder(folder, [VKEY])
    place.write_bytes(whole)
    verify_folder(folder, [VKEY])


def test_a_full_bundle_is_held_against_its_tile_before_anything_is_read_from_it(folder: Path) -> None:
    place = folder / "activity" / "tile/entries/100"
    whole = place.read_bytes()
    place.write_bytes(bytes([whole[0], whole[1], whole[2] ^ 1]) + whole[3:])
    with pytest.raises(TileWrongError):
        verify_folder(folder, [VKEY], known={"activity": head(SIZE)})
    place.write_bytes(whole)


@pytest.mark.parametrize("size", [4, SIZE])
def test_what_a_rewritten_log_is_called(folder: Path, size: int) -> None:
    with pytest.raises(LogInconsistentError) as caught:
        verify_folder(folder, [VKEY], known={"activity": Head(size=size, root=bytes(32))})
    shown = f"the log is not the one seen before ({size:,} entries then, 70,000 now): other entries than then"
    assert Words("en").error(caught.value)[0] == shown


def test_keys_of_something_else(folder: Path) -> None:
    with pytest.raises(NoteKeyMalformedError):
        verify_folder(folder, [note_key("x.example/elsewhere").public.encode()])
