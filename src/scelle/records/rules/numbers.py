"""Texts that are numbers, as integers, and the arithmetic of their keys. Vectorised; null where the form is wrong."""

import polars as pl

from scelle.records.normalise import computed

CORSICA_SOUTH, CORSICA_NORTH = 120, 220
"""Departments 2A and 2B as numbers; no other department is above 99 except those overseas, 971 to 989."""

_LUHN_LOW = pl.Series(
    [
        sum((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(f"{n:04}")) % 10
        for n in range(10_000)
    ],
    dtype=pl.UInt8,
)
"""Luhn sums of four digits, the rightmost of which counts once."""


def digits(text: pl.Expr, length: int) -> pl.Expr:
    """The number that exactly `length` ASCII digits write; null for anything else."""
    number = text.cast(pl.Int64, strict=False)
    return pl.when((text.str.len_bytes() == length) & (number >= 0) & ~text.str.starts_with("+")).then(number)


def luhn_is_right(text: pl.Expr, length: int) -> pl.Expr:
    """Whether a text is `length` digits, at most 12, with a right Luhn key last (ISO/IEC 7812-1 annex B).

    False for every other form. Of a null it says nothing.
    """
    table = pl.lit(_LUHN_LOW)
    number = text.cast(pl.UInt64, strict=False)
    parts = [table.gather((number // 10_000**part % 10_000).cast(pl.UInt32)) for part in range(-(-length // 4))]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    formed = (text.str.len_bytes() == length) & ~text.str.starts_with("+")
    return formed & (total % 10 == 0).fill_null(False)


def corsican(text: pl.Expr, at: int) -> pl.Expr:
    """The same text with 2A or 2B at offset `at` written 19 or 18, as the key of the NIR counts them; else null."""
    head, letters, tail = text.str.head(at), text.str.slice(at, 2), text.str.slice(at + 2)
    return pl.when(letters == "2A").then(head + "19" + tail).when(letters == "2B").then(head + "18" + tail)


def cog_number(text: pl.Series) -> pl.Series:
    """INSEE codes of communes as integers: 75056; 2A004 is 120004, 2B033 is 220033. Null for other forms."""
    column = pl.col(text.name)
    number = computed(text.to_frame(), digits(column, 5)).to_series()
    left = number.is_null() & text.is_not_null()
    if not left.any():
        return number
    letters = column.str.head(2)
    base = pl.when(letters == "2A").then(CORSICA_SOUTH).when(letters == "2B").then(CORSICA_NORTH)
    rest = pl.when(column.str.len_bytes() == 5).then(digits(column.str.slice(2), 3))
    some = computed(text.filter(left).to_frame(), base.cast(pl.Int64) * 1000 + rest).to_series()
    return number.scatter(left.arg_true(), some)


def department_of(cog: pl.Expr) -> pl.Expr:
    """The department of a number of `cog_number`: 75, 971, 120 for 2A, 220 for 2B, 99 for abroad."""
    short = cog // 1000
    return pl.when(short.is_in([97, 98])).then(cog // 100).otherwise(short)


def department_number(text: str) -> int:
    """The same number for a department's code as text, such as 01, 2A, 971."""
    return {"2A": CORSICA_SOUTH, "2B": CORSICA_NORTH}.get(text) or int(text)
