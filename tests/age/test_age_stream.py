"""Properties of sealed files: round trips by every road, ranges, damage, truncation, what is released."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from age_kit import identity, numbered, seal
from scelle.age.armor import ArmorReader, ArmorWriter, armor, dearmor
from scelle.age.errors import (
    AgeError,
    ArmorError,
    ChunkError,
    EmptyChunkError,
    HeaderCutError,
    HeaderTooLongError,
    NotAgeError,
    PayloadError,
    RangeError,
    TrailingError,
    TruncatedError,
    VersionError,
)
from scelle.age.file import Beginning, Opener, RangeOpener, Sealer, check_form, open_bytes
from scelle.age.header import FileKey, HeaderReader
from scelle.age.stream import (
    CHUNK,
    SEALED_CHUNK,
    PayloadOpener,
    chunk_count,
    open_chunks,
    plaintext_size,
    seal_chunks,
    sealed_size,
)

KEY = numbered("payload key", 32)
SIZES = st.one_of(
    st.integers(0, 300), st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7, 3 * CHUNK])
)


def sealed_chunks(plaintext: bytes, first: int = 0, *, last: bool = True) -> bytes:
    out = bytearray(sealed_size(len(plaintext)))
    assert seal_chunks(KEY, first, memoryview(plaintext), memoryview(out), last=last) == len(out)
    return bytes(out)


def opened_chunks(sealed: bytes, first: int = 0, *, last: bool = True) -> bytes:
    out = bytearray(len(sealed))
    return bytes(out[: open_chunks(KEY, first, memoryview(sealed), memoryview(out), last=last)])


@given(SIZES, st.lists(st.integers(1, 100_000), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_fed_and_whole_make_the_same_file(size: int, steps: list[int]) -> None:
    plaintext = numbered("text", size)
    whole = seal(plaintext, [identity().recipient()])
    assert open_bytes(whole, [identity()]) == plaintext
    sealer = Sealer(
        [identity().recipient()], file_key=FileKey(numbered("key file", 16)), nonce=numbered("nonce file", 16)
    )
    opener = Opener([identity()])
    fed, start, turn = bytearray(), 0, 0
    while start < size:
        step = steps[turn % len(steps)]
        fed += sealer.feed(plaintext[start : start + step])
        start, turn = start + step, turn + 1
    fed += sealer.finish()
    assert fed[-sealed_size(size) :] == whole[-sealed_size(size) :]  # the headers differ: HPKE draws
    opened, start, turn = bytearray(), 0, 0
    while start < len(fed):
        step = steps[turn % len(steps)]
        opened += opener.feed(bytes(fed[start : start + step]))
        start, turn = start + step, turn + 1
    assert bytes(opened) + opener.finish() == plaintext
    assert check_form(whole[:4096], size=len(whole)).plaintext_size == size


@given(st.integers(0, 5 * CHUNK))
def test_sizes(size: int) -> None:
    assert plaintext_size(sealed_size(size)) == size
    assert chunk_count(sealed_size(size)) == max(1, -(-size // CHUNK))


@pytest.mark.parametrize("size", [0, 1, 15, SEALED_CHUNK + 1, SEALED_CHUNK + 16, 2 * SEALED_CHUNK + 8])
def test_sizes_that_no_file_has(size: int) -> None:
    with pytest.raises((TruncatedError, EmptyChunkError)):
        plaintext_size(size)


@given(st.integers(0, 4), st.integers(1, 4), st.integers(0, CHUNK))
@settings(max_examples=25, deadline=None)
def test_segments_join_to_the_whole(first: int, second: int, rest: int) -> None:
    text = numbered("segments", (first + second) * CHUNK + rest)
    cut, end = first * CHUNK, (first + second) * CHUNK
    parts = [sealed_chunks(text[:cut], last=False)] if first else []
    if rest:
        parts += [sealed_chunks(text[cut:end], first, last=False), sealed_chunks(text[end:], first + second)]
    else:
        parts.append(sealed_chunks(text[cut:], first))
    assert b"".join(parts) == sealed_chunks(text)
    assert (
        b"".join(
            opened_chunks(part, index, last=part is parts[-1])
            for part, index in zip(parts, [0, first, first + second] if first else [first, second], strict=False)
        )
        == text
    )


@given(SIZES.filter(bool), st.data())
@settings(max_examples=40, deadline=None)
def test_ranges(size: int, data: st.DataObject) -> None:
    plaintext = numbered("ranges", size)
    sealed = seal(plaintext, [identity().recipient()])
    beginning = Beginning([identity()])
    begun = beginning.feed(sealed[:4000])
    assert begun is not None
    opener = RangeOpener(begun[0], payload_start=beginning.size, size=len(sealed))
    first, stop = opener.last_chunk
    opener.verify(sealed[first:stop])
    begin = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(begin + 1, size))
    first, stop = opener.locate(begin, end)
    assert stop - first <= end - begin + 2 * SEALED_CHUNK
    assert opener.open(begin, end, sealed[first:stop]) == plaintext[begin:end]
    with pytest.raises(TruncatedError):
        opener.open(begin, end, sealed[first : stop - 1])
    with pytest.raises(RangeError):
        opener.locate(begin, size + 1)


def test_ranges_trust_no_size_before_the_last_chunk_is_verified() -> None:
    sealed = seal(numbered("text", 3 * CHUNK), [identity().recipient()])[:-SEALED_CHUNK]
    beginning = Beginning([identity()])
    begun = beginning.feed(sealed)
    assert begun is not None
    opener = RangeOpener(begun[0], payload_start=beginning.size, size=len(sealed))
    first, stop = opener.last_chunk
    with pytest.raises(TruncatedError):
        opener.verify(sealed[first:stop])
    with pytest.raises(RuntimeError):
        opener.open(0, 1, sealed[first:stop])


@given(st.sampled_from([1, 100, CHUNK, CHUNK + 5, 2 * CHUNK + 5]), st.data())
@settings(max_examples=60, deadline=None)
def test_one_flipped_bit_is_noticed_and_releases_only_chunks_before(size: int, data: st.DataObject) -> None:
    plaintext = numbered("text", size)
    sealed = bytearray(sealed_chunks(plaintext))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    opener = PayloadOpener(KEY)
    released = opener.feed(sealed)
    with pytest.raises(PayloadError) as caught:
        opener.finish()
    assert released == plaintext[: place // SEALED_CHUNK * CHUNK]
    with pytest.raises(type(caught.value)):
        opened_chunks(bytes(sealed))


@given(st.sampled_from([100, CHUNK, 2 * CHUNK, 2 * CHUNK + 5]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_cut_file_is_noticed(size: int, data: st.DataObject) -> None:
    sealed = sealed_chunks(numbered("text", size))
    cut = data.draw(
        st.one_of(
            st.integers(0, len(sealed) - 1), st.sampled_from([0, 16, SEALED_CHUNK]).filter(lambda n: n < len(sealed))
        )
    )
    opener = PayloadOpener(KEY)
    released = opener.feed(sealed[:cut])
    with pytest.raises(PayloadError) as caught:
        opener.finish()
    assert released == numbered("text", size)[: cut // SEALED_CHUNK * CHUNK]
    if cut >= SEALED_CHUNK or cut < 16:
        assert isinstance(caught.value, TruncatedError)
    with pytest.raises(type(caught.value)):
        opened_chunks(sealed[:cut])


def test_each_damage_has_its_own_class() -> None:
    text = numbered("text", 3 * CHUNK)
    sealed = sealed_chunks(text)
    first, second, third = (sealed[start : start + SEALED_CHUNK] for start in range(0, len(sealed), SEALED_CHUNK))
    for damaged, error, chunk in [
        (second + first + third, ChunkError, 0),
        (first + third, ChunkError, 1),
        (first + second, TruncatedError, 2),
        (first + second + third + b"x", TrailingError, 2),
        (first + second + sealed_chunks(b""), TruncatedError, 2),
    ]:
        with pytest.raises(error) as caught:
            opened_chunks(damaged)
        assert caught.value.facts == {"chunk": chunk}


def test_nothing_of_a_failing_chunk_stays_in_the_buffer() -> None:
    text = numbered("text", 2 * CHUNK)
    sealed = bytearray(sealed_chunks(text))
    sealed[-1] ^= 1
    out = bytearray(b"\xaa" * len(sealed))
    with pytest.raises(ChunkError):
        open_chunks(KEY, 0, memoryview(sealed), memoryview(out), last=True)
    assert out[:CHUNK] == text[:CHUNK]
    assert out[CHUNK : 2 * CHUNK] == bytes(CHUNK)


def test_runs_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="full chunks"):
        sealed_chunks(b"short", last=False)
    with pytest.raises(ValueError, match="full chunks"):
        opened_chunks(b"short", last=False)
    with pytest.raises(ValueError, match="empty"):
        sealed_chunks(b"", 1)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotAgeError),
        (b"PK\x03\x04", NotAgeError),
        (b"x" * 2_000_000, NotAgeError),
        (b"age-encryp", HeaderCutError),
        (b"age-encryption.org/v1\n-> X25519 abc", HeaderCutError),
        (b"age-encryption.org/v2\n", VersionError),
        (b"age-encryption.org/v1\n-> a " + b"x" * 1_100_000, HeaderTooLongError),
        (b"age-encryption.org/v1\n" + b"-> a\n\n" * 300_000, HeaderTooLongError),
    ],
)
def test_what_is_not_a_header(data: bytes, error: type[AgeError]) -> None:
    with pytest.raises(error):
        open_bytes(data, [identity()])
    with pytest.raises(error):
        check_form(data, size=len(data))


@given(st.binary(max_size=300), st.integers(0, 2))
def test_any_bytes_end_in_an_error_of_ours(noise: bytes, lead: int) -> None:
    start = [b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 "][lead]
    with pytest.raises(AgeError):
        open_bytes(start + noise, [identity()])
    with pytest.raises(AgeError):
        check_form(start + noise, size=10_000)
    with pytest.raises(ArmorError):
        dearmor(b"-----BEGIN AGE ENCRYPTED FILE-----\n" + noise + b"!")


def test_header_reader_keeps_what_follows() -> None:
    sealed = seal(b"text", [identity().recipient()])
    reader = HeaderReader()
    for place in range(len(sealed)):
        if reader.feed(sealed[place : place + 1]):
            break
    assert reader.rest == b""
    assert reader.size == place + 1
    assert reader.finish().encode() == sealed[: place + 1]


@given(
    st.binary(max_size=400), st.integers(1, 100), st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"", b" \n\t"])
)
def test_armor_round_trip(data: bytes, step: int, eol: bytes, space: bytes) -> None:
    writer = ArmorWriter()
    fed = b"".join(writer.feed(data[start : start + step]) for start in range(0, len(data), step)) + writer.finish()
    assert fed == armor(data)
    text = space + fed.replace(b"\n", eol) + space
    reader = ArmorReader()
    assert b"".join(reader.feed(text[start : start + step]) for start in range(0, len(text), step)) == data
    reader.finish()
