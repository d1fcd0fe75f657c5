import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.exchange.padding import padded_size

SIZES = st.integers(0, 1 << 50)


@given(SIZES)
def test_never_smaller_and_at_most_twelve_percent_more(size: int) -> None:
    padded = padded_size(size)
    assert size <= padded
    assert padded - size <= size * 0.12


@given(SIZES, SIZES)
def test_a_fixed_point_that_keeps_the_order(one: int, other: int) -> None:
    assert padded_size(padded_size(one)) == padded_size(one)
    assert padded_size(min(one, other)) <= padded_size(max(one, other))


@given(st.integers(2, 1 << 40))
def test_the_formula_of_the_paper(size: int) -> None:
    exponent = math.floor(math.log2(size))
    low_bits = exponent - (math.floor(math.log2(exponent)) + 1 if exponent else 0)
    unit = 2**low_bits
    assert padded_size(size) == -(-size // unit) * unit


@pytest.mark.parametrize(
    ("size", "padded"), [(0, 0), (1, 1), (8, 8), (9, 10), (200, 208), (1000, 1024), (999_999, 1_015_808)]
)
def test_examples(size: int, padded: int) -> None:
    assert padded_size(size) == padded


def test_few_sizes_remain() -> None:
    assert len({padded_size(size) for size in range(1 << 16)}) < 400
