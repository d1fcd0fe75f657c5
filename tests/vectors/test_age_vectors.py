"""Every C2SP age vector by every road: its own error class, exactly the authenticated payload, the same bytes back."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from age_kit import EXPECTED, Vector, vectors
from scelle.age.armor import ArmorReader, armor, dearmor
from scelle.age.errors import AgeError, ArmorError, HeaderError, PayloadError
from scelle.age.file import Beginning, Opener, RangeOpener, check_form, open_bytes
from scelle.age.header import HeaderReader
from scelle.age.stream import CHUNK, SEALED_CHUNK, PayloadSealer, payload_key
from scelle.client.seal import unseal_file

ALL = pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)


def whole(vector: Vector) -> bytes:
    return open_bytes(dearmor(vector.file) if vector.armored else vector.file, vector.identities)


def code_of_whole(vector: Vector) -> str:
    try:
        whole(vector)
    except AgeError as error:
        return error.code
    return "success"


def fed(vector: Vector, pieces: Iterable[bytes]) -> tuple[bytes, AgeError | None]:
    """What a streaming reader releases, and the error it ends with."""
    opener, reader = Opener(vector.identities), ArmorReader()
    released = bytearray()
    try:
        for piece in pieces:
            released += opener.feed(reader.feed(piece) if vector.armored else piece)
        if vector.armored:
            reader.finish()
        released += opener.finish()
    except AgeError as error:
        return bytes(released), error
    return bytes(released), None


def check_class(vector: Vector, error: AgeError) -> None:
    assert isinstance(error, EXPECTED[vector.expect])


def portions(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def single_bytes(data: bytes) -> Iterator[bytes]:
    """Byte by byte; in large files, only in the header and around the edges of chunks."""
    if len(data) <= 3 * CHUNK:
        yield from portions(data, 1)
        return
    start = 0
    while start < len(data):
        place = start % SEALED_CHUNK
        step = 1 if start < 5000 or place < 60 or place >= SEALED_CHUNK - 40 else SEALED_CHUNK - 40 - place
        yield data[start : start + step]
        start += step


def check_streamed(vector: Vector, pieces: Iterable[bytes]) -> None:
    released, error = fed(vector, pieces)
    if vector.expect == "success":
        assert error is None
        vector.check_payload(released)
        return
    assert isinstance(error, EXPECTED[vector.expect])
    assert error.code == code_of_whole(vector)
    if vector.expect == "payload failure":
        vector.check_payload(released)
    elif vector.expect != "armor failure":  # bad armor may follow good chunks
        assert released == b""


def test_there_are_all_vectors() -> None:
    assert len(vectors()) == 143


@ALL
def test_whole(vector: Vector) -> None:
    if vector.expect == "success":
        vector.check_payload(whole(vector))
    else:
        with pytest.raises(EXPECTED[vector.expect]):
            whole(vector)


@ALL
@pytest.mark.parametrize("size", [997, CHUNK, 1 << 30])
def test_streamed(vector: Vector, size: int) -> None:
    check_streamed(vector, portions(vector.file, size))


@ALL
def test_byte_by_byte(vector: Vector) -> None:
    check_streamed(vector, single_bytes(vector.file))


@ALL
def test_ranges(vector: Vector) -> None:
    try:
        data = dearmor(vector.file) if vector.armored else vector.file
        beginning = Beginning(vector.identities)
        begun = beginning.feed(data)
        if begun is None:
            raise beginning.cut()
        opener = RangeOpener(begun[0], payload_start=beginning.size, size=len(data))
        first, stop = opener.last_chunk
        opener.verify(data[first:stop])
        size, step = opener.plaintext_size, 3 * CHUNK // 2
        read = []
        for begin in reversed(range(0, size, step)):
            end = min(begin + step, size)
            first, stop = opener.locate(begin, end)
            read.append(opener.open(begin, end, data[first:stop]))
    except AgeError as error:
        check_class(vector, error)
    else:
        assert vector.expect == "success"
        vector.check_payload(b"".join(reversed(read)))


@ALL
def test_re_encoded(vector: Vector) -> None:
    """The header parses and encodes to itself; a sealed payload is sealed again to the same bytes; armor too."""
    try:
        data = dearmor(vector.file) if vector.armored else vector.file
        reader = HeaderReader()
        reader.feed(data)
        header = reader.finish()
    except (HeaderError, ArmorError) as error:
        check_class(vector, error)
        return
    assert header.encode() == data[: reader.size]
    if vector.expect == "success":
        sealer = PayloadSealer(payload_key(vector.file_key, reader.rest[:16]))
        assert sealer.feed(whole(vector)) + sealer.finish() == reader.rest[16:]
        assert dearmor(armor(data)) == data
        if vector.armored:
            assert armor(data).strip() == vector.file.replace(b"\r\n", b"\n").strip()


@ALL
def test_command_line_drivers_release_nothing_on_error(vector: Vector, tmp_path: Path) -> None:
    source, target = tmp_path / "sealed", tmp_path / "opened"
    source.write_bytes(vector.file)
    stream = io.BytesIO()
    if vector.expect == "success":
        unseal_file(source, target, vector.identities)
        unseal_file(source, stream, vector.identities)
        vector.check_payload(target.read_bytes())
        vector.check_payload(stream.getvalue())
        return
    for place in (target, stream):
        with pytest.raises(EXPECTED[vector.expect]) as caught:
            unseal_file(source, place, vector.identities)
        assert caught.value.code == code_of_whole(vector)
    assert stream.getvalue() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["sealed"]


@ALL
def test_form_without_a_key(vector: Vector) -> None:
    """The service's check passes everything that a key could open, and names the failure where it sees one."""
    try:
        data = dearmor(vector.file) if vector.armored else vector.file
        form = check_form(data[:8192], size=len(data))
    except AgeError as error:
        check_class(vector, error)
        return
    assert vector.expect != "header failure" or vector.name == "scrypt_work_factor_23"
    if vector.expect == "success":
        assert form.plaintext_size == len(whole(vector))
    if vector.expect == "payload failure":
        with pytest.raises(PayloadError):
            whole(vector)
