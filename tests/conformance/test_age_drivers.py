"""The file drivers of sealing: whole or nothing at a path, nothing on a stream before all is verified, flat memory."""

import io
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from age_kit import identity, numbered
from scelle.age.errors import AgeError, ChunkError, MixedRecipientsError, NoMatchError, TruncatedError
from scelle.age.scrypt import ScryptIdentity
from scelle.age.stream import CHUNK
from scelle.base.errors import ScelleError
from scelle.client.disk import DiskExistsError, DiskFullError, DiskMissingError
from scelle.client.seal import (
    Passphrase,
    encode_identity,
    load_identities,
    load_recipients,
    make_identity,
    seal_file,
    unseal_file,
    write_private,
)
from scelle.client.seal_pipeline import SEGMENT_CHUNKS

SEGMENT = SEGMENT_CHUNKS * CHUNK
SIZES = [0, 1, CHUNK, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 5 * SEGMENT + 12345]


class Draw:
    """Bytes that stand for random ones, never the same twice."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return numbered(f"draw {self.count}", size)


@contextmanager
def pipe_of(data: bytes) -> Iterator[BinaryIO]:
    """The reading end of a pipe that somebody writes `data` into."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            try:
                file.write(data)
            except BrokenPipeError:
                return

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as file:
        yield file
    thread.join()


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("armored", [False, True])
def test_round_trip_by_every_kind_of_end(size: int, armored: bool, tmp_path: Path) -> None:
    plain, sealed, opened = tmp_path / "plain", tmp_path / "sealed", tmp_path / "opened"
    plain.write_bytes(numbered("plain", size))
    told: list[int] = []
    written = seal_file(plain, sealed, [identity().recipient()], draw=Draw(), armored=armored, progress=told.append)
    assert written == sealed.stat().st_size
    assert told == sorted(told)
    assert told[-1] == size
    assert unseal_file(sealed, opened, [identity()]) == size
    assert opened.read_bytes() == plain.read_bytes()
    stream = io.BytesIO()
    assert unseal_file(sealed, stream, [identity()]) == size
    assert stream.getvalue() == plain.read_bytes()
    stream = io.BytesIO()
    with pipe_of(sealed.read_bytes()) as source:
        unseal_file(source, stream, [identity()])
    assert stream.getvalue() == plain.read_bytes()
    stream = io.BytesIO()
    with pipe_of(plain.read_bytes()) as source:
        seal_file(source, stream, [identity().recipient()], draw=Draw(), armored=armored)
    stream.seek(0)
    unseal_file(stream, opened, [identity()], overwrite=True)
    assert opened.read_bytes() == plain.read_bytes()


def test_the_passphrase_road(tmp_path: Path) -> None:
    source, sealed = io.BytesIO(b"text"), tmp_path / "sealed"
    seal_file(source, sealed, [Passphrase("words", 4)], draw=Draw())
    stream = io.BytesIO()
    unseal_file(sealed, stream, [ScryptIdentity("words")])
    assert stream.getvalue() == b"text"
    with pytest.raises(NoMatchError):
        unseal_file(sealed, stream, [ScryptIdentity("other")])


def damaged(kind: str, data: bytes) -> bytes:
    if kind == "flipped late":
        return data[:-SEGMENT] + bytes([data[-SEGMENT] ^ 1]) + data[-SEGMENT + 1 :]
    return data[:-SEGMENT]


@pytest.mark.parametrize(("kind", "error"), [("flipped late", ChunkError), ("cut", TruncatedError)])
@pytest.mark.parametrize("road", ["file to file", "file to stream", "pipe to file", "pipe to stream"])
def test_damage_leaves_nothing(kind: str, error: type[AgeError], road: str, tmp_path: Path) -> None:
    whole = io.BytesIO()
    seal_file(io.BytesIO(numbered("plain", 5 * SEGMENT)), whole, [identity().recipient()], draw=Draw())
    sealed = tmp_path / "sealed"
    sealed.write_bytes(damaged(kind, whole.getvalue()))
    stream = io.BytesIO()
    target = stream if road.endswith("stream") else tmp_path / "opened"
    with pipe_of(sealed.read_bytes()) as source, pytest.raises(error):
        unseal_file(sealed if road.startswith("file") else source, target, [identity()])
    assert stream.getvalue() == b""
    assert left(tmp_path) == ["sealed"]


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    with pytest.raises(DiskExistsError):
        seal_file(io.BytesIO(b"text"), target, [identity().recipient()], draw=Draw())
    assert target.read_bytes() == b"mine"
    seal_file(io.BytesIO(b"text"), target, [identity().recipient()], draw=Draw(), overwrite=True)
    unseal_file(target, target, [identity()], overwrite=True)
    assert target.read_bytes() == b"text"
    assert left(tmp_path) == ["target"]


def test_errors_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DiskMissingError) as caught:
        seal_file(tmp_path / "absent", tmp_path / "target", [identity().recipient()], draw=Draw())
    assert caught.value.facts == {"path": str(tmp_path / "absent")}
    with pytest.raises(DiskMissingError) as caught:
        seal_file(io.BytesIO(b""), tmp_path / "absent" / "target", [identity().recipient()], draw=Draw())
    assert caught.value.facts == {"path": str(tmp_path / "absent" / "target")}
    classic = make_identity(draw=Draw(), classic=True).recipient()
    with pytest.raises(MixedRecipientsError):
        seal_file(io.BytesIO(b""), tmp_path / "target", [identity().recipient(), classic], draw=Draw())
    assert left(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_full_disk_is_its_own_error() -> None:
    with pytest.raises(DiskFullError) as caught:
        seal_file(io.BytesIO(b"text"), Path("/dev/full"), [identity().recipient()], draw=Draw())
    assert caught.value.facts == {"path": "/dev/full"}


class Interrupted(io.BytesIO):
    """A source that fails in the middle."""

    def __init__(self, data: bytes, failure: BaseException) -> None:
        super().__init__(data)
        self.failure = failure

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]
        if self.tell() > 2 * SEGMENT:
            raise self.failure
        return super().readinto(buffer)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(5, "input/output error")])
def test_interrupted_sealing_leaves_nothing(failure: BaseException, tmp_path: Path) -> None:
    source = Interrupted(bytes(5 * SEGMENT), failure)
    with pytest.raises((KeyboardInterrupt, ScelleError)):
        seal_file(source, tmp_path / "target", [identity().recipient()], draw=Draw())
    assert left(tmp_path) == []


def test_key_files(tmp_path: Path) -> None:
    def ask(path: Path) -> str:
        assert path.name == "sealed-key"
        return "words"

    draw = Draw()
    key = make_identity(draw=draw)
    write_private(tmp_path / "key", encode_identity(key, now=0, draw=draw))
    write_private(tmp_path / "sealed-key", encode_identity(key, now=0, passphrase=Passphrase("words", 4), draw=draw))
    assert load_identities(tmp_path / "key", passphrase=ask) == [key]
    assert load_identities(tmp_path / "sealed-key", passphrase=ask) == [key]
    assert b"SECRET" not in (tmp_path / "sealed-key").read_bytes()
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(DiskExistsError):
        write_private(tmp_path / "key", b"other")
    (tmp_path / "recipients").write_text(f"# all\n{key.recipient()}\n")
    assert load_recipients(tmp_path / "recipients") == [key.recipient()]


MEMORY = """
import os, resource, sys
from pathlib import Path
from scelle.client.seal import make_identity, seal_file, unseal_file
folder = Path(sys.argv[1])
key = make_identity(draw=os.urandom)
seal_file(folder / "small", folder / "small.age", [key.recipient()], draw=os.urandom)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seal_file(folder / "large", folder / "large.age", [key.recipient()], draw=os.urandom)
unseal_file(folder / "large.age", folder / "opened", [key])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux reports it")
def test_memory_is_flat(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(bytes(5 * SEGMENT))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(200 << 20)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 16 << 10  # KiB
