"""Rules on the test and its result, and on the numbers of professionals and laboratories."""

from collections.abc import Iterator

import polars as pl

from scelle.records.normalise import any_of
from scelle.records.rules.batch import Batch, Suspicion, Suspicions
from scelle.records.rules.numbers import luhn_is_right

_CODED = {"result": "result.code", "test_kind": "kind.code"}
"""Columns whose unknown codes have a rule of their own."""


def suspicions(batch: Batch) -> Suspicions:
    """What these rules find in a batch."""
    return dict([*_codes(batch), *_numbers(batch)])


def _codes(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    for name, code in _CODED.items():
        if batch.has(name):
            bad = batch.unreadable([name])
            yield code, Suspicion(pl.lit(False) if bad is None else bad)
    if batch.has("result"):
        yield "result.missing", Suspicion(pl.col("result").is_null())
    others = [name for name in batch.of_type("code", "boolean", "integer") if name not in _CODED]
    bad = batch.unreadable(others)
    wanted = [pl.col(column.name).is_null() for column in batch.profile.columns if column.required]
    parts = wanted if bad is None else [bad, *wanted]
    yield "value.unreadable", Suspicion(pl.any_horizontal(parts) if parts else pl.lit(False))
    if batch.has("test_loinc", "test_kind"):
        known = list(batch.profile.column("test_kind").codes)
        yield "loinc.kind", _loinc(batch, known)


def _loinc(batch: Batch, known: list[str]) -> Suspicion:
    """A code of another kind than the row's, or of none that is known; a row of no known kind is `kind.code`'s."""
    code, kind = pl.col("test_loinc"), pl.col("test_kind")
    kinds = batch.lookups.kinds
    right = [
        any_of(code, [each for each, of in kinds.items() if of == name]) & (kind == name)
        for name in sorted(set(kinds.values()))
    ]
    return Suspicion(code.is_not_null() & ~pl.any_horizontal(right).fill_null(False), kind.is_in(known))


def _numbers(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    if batch.has("prescriber_rpps"):
        text = pl.col("prescriber_rpps")
        yield "rpps.key", Suspicion(text.is_not_null() & ~luhn_is_right(text, 11))
    if batch.has("lab_finess"):
        text = pl.col("lab_finess")
        lettered = text.str.slice(0, 2).replace({"2A": "21", "2B": "22"}) + text.str.slice(2)
        yield "finess.key", Suspicion(text.is_not_null() & ~luhn_is_right(text, 9), ~luhn_is_right(lettered, 9))
