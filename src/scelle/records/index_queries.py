"""What subject indexes answer: how many persons, who is in several, where one is (spec/records-index.md, "Queries").

Counts are exact and come as a range. High: when in doubt two persons, so that nobody goes untold. Low: rows that may
be one person's count as one. The true number is in between wherever traits that are given are right; a person whose
name is misspelt in one of two rows counts twice, unless the NIR tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.records.blind import IndexKey
from scelle.records.index import Index

Breakdown: TypeAlias = Literal["department", "month", "age_band", "minor"]

SMALL: Final = 11
"""Cells of fewer persons are not shown, unless asked for: they could point at somebody."""


class IndexEpochsError(CallerError):
    """Indexes of different epochs cannot be joined: that goes through a source. Facts: `epochs`."""

    code = "index.epochs"
    exit_status = Exit.REFUSED
    http_status = 409


class IndexKeyWrongError(CallerError):
    """The key given is not the one that the index was made with. Facts: `epoch`, `given`."""

    code = "index.wrong-key"
    exit_status = Exit.WRONG_KEY
    http_status = 409


class IndexNothingSoughtError(CallerError):
    """Nothing was given by which a person could be found: too few traits. No facts."""

    code = "index.nothing-sought"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class PersonRange:
    """How many distinct persons: at least `low`, at most `high`."""

    low: int
    high: int


@dataclass(frozen=True)
class Sought:
    """The person who asks (GDPR article 15), as a source would write it. Shown without its values."""

    birth_name: str | None = None
    first_names: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    birth_place: str | None = None
    nir: str | None = None
    phone: str | None = None
    email: str | None = None
    sample: str | None = None

    def __repr__(self) -> str:
        return "Sought(…)"


def count(indexes: Sequence[Index]) -> PersonRange:
    """Distinct persons over all these indexes."""
    raise NotImplementedError


def overlap(a: Sequence[Index], b: Sequence[Index]) -> PersonRange:
    """Distinct persons who are both in one of `a` and in one of `b`."""
    raise NotImplementedError


def find(indexes: Sequence[Index], sought: Sought, key: IndexKey) -> pl.DataFrame:
    """Rows that may be this person's: `index` (position in `indexes`), `_file`, `_row`, `matched`.

    `matched`: strict, traits (the place of birth is missing on one side), number, elsewhere (traits, but born in
    another place), then sample, phone, email, which others may share. The best of them, in this order.
    """
    raise NotImplementedError


def by(indexes: Sequence[Index], column: Breakdown, *, small: int = SMALL) -> pl.DataFrame:
    """Persons and rows by `column`, sorted: `column`, `persons` (high), `rows`; small cells are null."""
    raise NotImplementedError
