from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scelle.exchange import segments
from scelle.exchange.segments import SEGMENT_SIZE, SegmentHasher, combine

SMALL = 8


def expected(data: bytes, size: int) -> bytes:
    return b"".join(sha256(data[place : place + size]).digest() for place in range(0, len(data), size))


@given(data=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=100)
def test_pieces_of_any_size(data: bytes, cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_SIZE", SMALL)
        hasher = SegmentHasher()
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        for start, stop in pairwise(places):
            hasher.feed(memoryview(data)[start:stop])
        wanted = expected(data, SMALL)
        assert hasher.digests() == wanted
        assert hasher.whole == wanted[: len(data) // SMALL * 32]
        assert hasher.digest() == combine(wanted) == sha256(wanted).digest()
        later = SegmentHasher(digests=hasher.whole)
        later.feed(data[len(data) // SMALL * SMALL :])
        assert later.digest() == hasher.digest()


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_the_boundary(extra: int) -> None:
    hasher = SegmentHasher()
    hasher.feed(bytes(SEGMENT_SIZE + extra))
    assert len(hasher.whole) == (32 if extra >= 0 else 0)
    assert len(hasher.digests()) == (64 if extra > 0 else 32)


def test_nothing() -> None:
    assert SEGMENT_SIZE == 16 * 1024 * 1024
    assert SegmentHasher().digests() == b""
    assert SegmentHasher().digest() == sha256(b"").digest()
