"""What rules look up: reference data, turned once into small columns that a pass over millions of rows can ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from scelle.records.rules.numbers import cog_number, department_number

POSTCODE_BASE = 1_000_000
"""A commune and a postcode as one number: number of the commune × this + postcode."""


class Tables(Protocol):
    """The frames of `scelle.records.reference.load_reference` that rules read."""

    @property
    def communes(self) -> pl.DataFrame:
        """`code`, `department`, `postcodes` (list)."""

    @property
    def departments(self) -> pl.DataFrame:
        """`code`."""

    @property
    def loinc(self) -> pl.DataFrame:
        """`code`, `kind`."""


@dataclass(frozen=True)
class Lookups:
    """`communes`: numbers of `cog_number`; `postcodes`: commune and postcode as one number (`POSTCODE_BASE`).

    `postcode_departments`: postcode × 1000 + number of the department.
    `departments`: codes as text; `kinds`: LOINC code → kind of test.
    """

    communes: pl.Series
    postcodes: pl.Series
    postcode_departments: pl.Series
    departments: tuple[str, ...]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, tables: Tables) -> "Lookups":
        """Prepare the lookups; some 50 ms, once per file."""
        known = tables.communes.select("code", "department", "postcodes").with_columns(
            cog_number(tables.communes["code"]).alias("number"),
        )
        pairs = known.explode("postcodes").drop_nulls().with_columns(pl.col("postcodes").cast(pl.Int64))
        codes = tables.departments["code"].to_list()
        numbers = {code: department_number(code) for code in codes}
        pairs = pairs.with_columns(
            pl.col("department").replace_strict(numbers, return_dtype=pl.Int64).alias("department"),
        )
        return cls(
            communes=known["number"].drop_nulls().unique().sort(),
            postcodes=pairs.select(pl.col("number") * POSTCODE_BASE + pl.col("postcodes")).to_series().unique().sort(),
            postcode_departments=pairs.select(pl.col("postcodes") * 1000 + pl.col("department")).to_series().unique(),
            departments=tuple(codes),
            kinds=dict(tables.loinc.select("code", "kind").iter_rows()),
        )
