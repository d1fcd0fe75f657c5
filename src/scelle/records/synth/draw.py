"""Draws that depend on nothing but seed, index and field: the same on any number of threads and in any batches.

A draw is integer mixing on UInt64 columns (splitmix64's finaliser), written as polars expressions. Polars' own hashes
may change between versions; these may not.
"""

import hashlib
from typing import Final

import polars as pl

_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
UNIT: Final = 1 << 32
"""One more than the greatest draw."""


def key(*parts: str | int) -> int:
    """64 bits that stand for these parts."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def whole(value: int) -> pl.Expr:
    """A literal of type UInt64."""
    return pl.lit(value, dtype=pl.UInt64)


def mixed(index: pl.Expr, salt: int) -> pl.Expr:
    """64 well-mixed bits of an index (UInt64) under a salt; products wrap around."""
    bits = index * whole(_GOLDEN) + whole(salt)
    bits = (bits ^ (bits // whole(1 << 30))) * whole(_FIRST)
    bits = (bits ^ (bits // whole(1 << 27))) * whole(_SECOND)
    return bits ^ (bits // whole(1 << 31))


def draw(of: str, field: str) -> pl.Expr:
    """32 bits (as UInt64) for a field, from a column of mixed bits."""
    bits = (pl.col(of) ^ whole(key(field))) * whole(_FIRST)
    return ((bits ^ (bits // whole(UNIT))) * whole(_SECOND)) // whole(UNIT)


def below(of: str, field: str, most: int) -> pl.Expr:
    """A draw from 0 to `most` − 1 (UInt64); `most` is at most 2³²."""
    return (draw(of, field) * whole(most)) // whole(UNIT)


def chance(of: str, field: str, share: float) -> pl.Expr:
    """True for this share of the indexes."""
    return draw(of, field) < whole(round(share * UNIT))


def at(table: pl.Series, index: pl.Expr) -> pl.Expr:
    """The entries of a table at these places; null where the place is null."""
    return pl.lit(table).gather(index.cast(pl.UInt32))
