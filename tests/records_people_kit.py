"""Small generated frames of screening-result/1 for the tests of the records room."""

from datetime import date
from functools import cache

import polars as pl

from scelle.records.profile import Profile, load_profile
from scelle.records.synth import Generated, generate

SCREENING: Profile = load_profile("screening-result/1")
START, DAYS = date(2020, 6, 1), 50
NOW = date(2020, 8, 30)
"""A day on which every generated result has come and, faults apart, none is over its retention."""


@cache
def generated(people: int = 2_000, *, seed: int = 7, dirty: float = 0.0, missing: float = 0.03) -> Generated:
    """One batch with all rows: the raw frame and its truth."""
    parts = list(generate(people, seed=seed, start=START, days=DAYS, dirty=dirty, missing=missing))
    return Generated(pl.concat([part.frame for part in parts]), pl.concat([part.truth for part in parts]))


def raw_frame(people: int = 2_000, *, seed: int = 7, dirty: float = 0.0) -> pl.DataFrame:
    """A raw frame: every column text, then `_file`, `_row`."""
    return generated(people, seed=seed, dirty=dirty).frame


def typed_frame(people: int = 2_000, *, seed: int = 7) -> pl.DataFrame:
    """The same without faults, in the types of the profile, not by way of the normaliser."""
    columns = []
    for name, kind in SCREENING.schema.items():
        column = pl.col(name)
        if kind == pl.Date():
            column = column.str.to_date("%Y-%m-%d")
        elif isinstance(kind, pl.Datetime):
            column = column.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us")
        elif kind == pl.Boolean():
            column = column == "true"
        columns.append(column.alias(name))
    return raw_frame(people, seed=seed).select(*columns, "_file", "_row")
