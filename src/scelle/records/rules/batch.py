"""What a rule sees of a batch, and how it answers: a cheap suspicion over all rows, judged on the suspects alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, TypeAlias

import polars as pl

from scelle.records.normalise import Normal, computed
from scelle.records.profile import Profile
from scelle.records.rules.lookups import Lookups
from scelle.records.rules.numbers import cog_number, corsican, digits

Level: TypeAlias = Literal["error", "warning", "notice"]

NIR, NIR_CORSICA, BIRTH_PLACE, COMMUNE, POSTCODE = "~nir", "~nir_corsica", "~birth_place", "~commune", "~postcode"
"""Columns that `Batch.numbered` adds: the numbers behind texts."""


@dataclass(frozen=True)
class Settings:
    """How rules are applied. `demo`: test identities are required rather than refused (INS OID).

    `levels`: another level for a rule, by code; official fictive RPPS and FINESS numbers fail their keys, so that
    whoever tests with them leaves `rpps.key` and `finess.key` at warning, and whoever does not may choose error.
    """

    demo: bool = False
    levels: Mapping[str, Level] = field(default_factory=dict)


@dataclass(frozen=True)
class Suspicion:
    """A rule's answer. `cheap`: true for every row with the finding, and perhaps for some without (null is false).

    `exact`: judged on the rows where `cheap` is true; None when `cheap` says it all.
    """

    cheap: pl.Expr
    exact: pl.Expr | None = None


Suspicions: TypeAlias = Mapping[str, Suspicion]


@dataclass(frozen=True)
class Batch:
    """A typed batch with all that rules need besides."""

    normal: Normal
    profile: Profile
    lookups: Lookups
    settings: Settings
    now: date

    def has(self, *names: str) -> bool:
        """Whether the profile has these columns."""
        return self.profile.has(*names)

    def of_type(self, *types: str) -> tuple[str, ...]:
        """Names of the columns of these types."""
        return tuple(column.name for column in self.profile.columns if column.type in types)

    def unreadable(self, names: Iterable[str]) -> pl.Expr | None:
        """Whether a value of one of these columns could not be read; None when all could."""
        known = [name for name in names if name in self.normal.unreadable]
        return pl.any_horizontal(pl.col(f"~unreadable {name}") for name in known) if known else None

    @cached_property
    def numbered(self) -> pl.DataFrame:
        """The batch, with the numbers that several rules compute with, and marks of what could not be read."""
        frame = self.normal.frame
        more = [bad.alias(f"~unreadable {name}") for name, bad in self.normal.unreadable.items()]
        for name, number in (("birth_place", BIRTH_PLACE), ("commune", COMMUNE)):
            if self.has(name):
                more.append(cog_number(frame[name]).alias(number))
        if self.has("postcode"):
            more.append(computed(frame, digits(pl.col("postcode"), 5).alias(POSTCODE)).to_series())
        if self.has("nir"):
            more += nir_numbers(frame["nir"])
        return pl.DataFrame([*frame.get_columns(), *more])


def nir_numbers(nir: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The 15 digits as a number, 2A and 2B as the key counts them (19, 18), and whether it was one of those two."""
    column = pl.col(nir.name)
    number = computed(nir.to_frame(), digits(column, 15)).to_series()
    left = number.is_null() & nir.is_not_null()
    corsica = pl.repeat(False, nir.len(), eager=True)
    if left.any():
        some = computed(nir.filter(left).to_frame(), digits(corsican(column, 5), 15)).to_series()
        rows = left.arg_true()
        number = number.scatter(rows, some)
        corsica = corsica.scatter(rows, some.is_not_null())
    return number.alias(NIR), corsica.alias(NIR_CORSICA)


def nir_key_is_right() -> pl.Expr:
    """Whether the key of the NIR in column `NIR` is that of its body: 97 less the remainder by 97."""
    number = pl.col(NIR)
    return 97 - number // 100 % 97 == number % 100
