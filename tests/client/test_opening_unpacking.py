"""From a part's plaintext to files: bounds, digests, padding, places."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from scelle.base.errors import ScelleError
from scelle.client.disk import DiskExistsError, DiskFullError
from scelle.client.unpacking import PartUnpacker, Staging, check_free, check_room
from scelle.exchange.errors import ContentWrongError, ManifestWrongError
from scelle.exchange.manifest import ManifestFile, ManifestPart
from scelle.exchange.names import SafePath


def listed(folder: Path, *contents: bytes) -> list[tuple[ManifestFile, Path]]:
    found, offset = [], 0
    for number, content in enumerate(contents):
        entry = ManifestFile(
            name=f"f{number}", size=len(content), sha256=sha256(content).digest(), part=0, offset=offset
        )
        found.append((entry, folder / f"f{number}"))
        offset += len(content)
    return found


def run(part: ManifestPart, files: list[tuple[ManifestFile, Path]], stream: bytes, *, step: int = 70_000) -> None:
    unpacker = PartUnpacker(part, files, sync=False)
    try:
        for start in range(0, len(stream), step):
            unpacker.write(memoryview(stream)[start : start + step])
        unpacker.finish()
    finally:
        unpacker.close()


CONTENTS = (b"", b"a", b"", os.urandom(100_000), bytes(200_000), b"")


@pytest.mark.parametrize("step", [1000, 65536, 1 << 20])
@pytest.mark.parametrize("zipped", [False, True])
def test_files_come_out(tmp_path: Path, step: int, zipped: bool) -> None:
    plain = b"".join(CONTENTS)
    stream = zstandard.ZstdCompressor(level=1, write_content_size=False).compress(plain) if zipped else plain
    part = ManifestPart(encoding="zstd" if zipped else "identity", size=len(plain), stored=len(stream))
    run(part, listed(tmp_path, *CONTENTS), stream + bytes(1_500_000), step=step)
    assert [(tmp_path / f"f{number}").read_bytes() for number in range(len(CONTENTS))] == list(CONTENTS)
    if os.name == "posix":
        assert (tmp_path / "f1").stat().st_mode & 0o777 == 0o600


def test_an_empty_part(tmp_path: Path) -> None:
    run(ManifestPart(encoding="identity", size=0, stored=0), listed(tmp_path, b""), bytes(1024))
    assert (tmp_path / "f0").read_bytes() == b""
    run(ManifestPart(encoding="identity", size=0, stored=0), [], b"")


def zipped(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_content_size=False).compress(content)


BOMB = zipped(bytes(300 << 20))


@pytest.mark.parametrize(
    ("part", "stream", "error"),
    [
        (ManifestPart(encoding="identity", size=5, stored=5), b"hell", ManifestWrongError),
        (ManifestPart(encoding="identity", size=5, stored=5), b"hellO", ContentWrongError),
        (ManifestPart(encoding="identity", size=5, stored=5), b"hello\0\0x", ManifestWrongError),
        (ManifestPart(encoding="identity", size=5, stored=6), b"helloo", ManifestWrongError),
        (ManifestPart(encoding="zstd", size=5, stored=len(BOMB)), BOMB, ManifestWrongError),
        (ManifestPart(encoding="zstd", size=5, stored=18), zipped(b"hello") + b"more", ManifestWrongError),
        (ManifestPart(encoding="zstd", size=5, stored=10), zipped(b"hello")[:10], ManifestWrongError),
        (ManifestPart(encoding="zstd", size=5, stored=5), b"hello", ManifestWrongError),
        (ManifestPart(encoding="zstd", size=5, stored=28), zipped(b"hello") * 2, ManifestWrongError),
    ],
)
def test_lies(tmp_path: Path, part: ManifestPart, stream: bytes, error: type[ScelleError]) -> None:
    with pytest.raises(error):
        run(part, listed(tmp_path, b"hello"), stream)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5


def test_a_window_that_would_fill_the_memory(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    stream = compressor.compress(bytes(1000)) + compressor.flush()
    part = ManifestPart(encoding="zstd", size=1000, stored=len(stream))
    with pytest.raises(ManifestWrongError):
        run(part, listed(tmp_path, bytes(1000)), stream)


def staged(into: Path, *paths: SafePath, folders: Sequence[SafePath] = ()) -> Staging:
    staging = Staging(into, ".scelle-x")
    for place in staging.make(paths, folders):
        place.write_text(place.name)
    return staging


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_placed_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("old")
    staged(tmp_path, ("a", "new"), ("b", "c"), folders=[("a", "empty")]).place()
    assert names(tmp_path) == ["a", "a/empty", "a/new", "a/old", "b", "b/c"]


def test_something_came_in_between(tmp_path: Path) -> None:
    staging = staged(tmp_path, ("a",), ("b", "c"), ("d",))
    (tmp_path / "d").write_text("mine")
    with pytest.raises(DiskExistsError):
        staging.place()
    assert names(tmp_path) == [".scelle-x", ".scelle-x/a", ".scelle-x/b", ".scelle-x/b/c", ".scelle-x/d", "d"]
    assert (tmp_path / "d").read_text() == "mine"
    (tmp_path / "d").unlink()
    staging.place()
    assert names(tmp_path) == ["a", "b", "b/c", "d"]


def test_placing_goes_on(tmp_path: Path) -> None:
    staging = staged(tmp_path, ("a",), ("b",))
    (staging.folder / "a").rename(tmp_path / "a")  # then the power went
    staging.place()
    staging.place()
    assert names(tmp_path) == ["a", "b"]


def test_what_is_in_the_way(tmp_path: Path) -> None:
    check_free(tmp_path / "absent", [("a",)])
    (tmp_path / "a").mkdir()
    (tmp_path / "f").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    check_free(tmp_path, [("a", "b"), ("c", "d", "e"), ("c", "d", "f")])
    for path in [("a",), ("f",), ("f", "x"), ("link", "x"), ("gone",), ("gone", "x")]:
        with pytest.raises(DiskExistsError):
            check_free(tmp_path, [("new",), path])


def test_room(tmp_path: Path) -> None:
    check_room([(tmp_path, 1), (tmp_path, 1)])
    with pytest.raises(DiskFullError):
        check_room([(tmp_path, 1 << 59), (tmp_path, 1 << 59)])
