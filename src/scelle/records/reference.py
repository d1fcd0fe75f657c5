"""Reference data: places, agencies, funds, LOINC codes, names (sources: `records/data/SOURCES.md`)."""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files

import polars as pl

from scelle.records.errors import ReferenceDamagedError


@dataclass(frozen=True)
class Reference:
    """Every table, as frames of text columns unless said otherwise. Made by `load_reference`."""

    communes: pl.DataFrame
    """code (COG), name, department, region, kind (current, district, former), postcodes (list), population (UInt32)."""
    departments: pl.DataFrame
    """code, name, region, agency (null: no regional agency there)."""
    regions: pl.DataFrame
    """code, name, agency."""
    agencies: pl.DataFrame
    """id, name, regions (codes parted by spaces): the 18 regional agencies."""
    funds: pl.DataFrame
    """id, name, department, confidence: one insurer's fund a department, a convention and no official list."""
    loinc: pl.DataFrame
    """code, kind (pcr, antigen, serology), confidence."""
    countries: pl.DataFrame
    """code (99 and three digits, as in birth places), name."""
    first_names: pl.DataFrame
    """since (Int64: the first of ten years of birth), sex (F, M), rank (Int64), name."""
    family_names: pl.DataFrame
    """rank (Int64), name."""

    @cached_property
    def postcodes(self) -> pl.DataFrame:
        """Every known pair: postcode, commune (code), department; communes and districts of today only."""
        known = self.communes.filter(pl.col("kind") != "former")
        pairs = known.select(pl.col("postcodes").alias("postcode"), pl.col("code").alias("commune"), "department")
        return pairs.explode("postcode").drop_nulls("postcode").sort("postcode", "commune")

    @cached_property
    def agency_of(self) -> dict[str, str]:
        """Department → id of its regional agency; departments without one are absent."""
        with_one = self.departments.drop_nulls("agency")
        return dict(zip(with_one["code"], with_one["agency"], strict=True))


@cache
def load_reference() -> Reference:
    """The reference data that comes with Scellé. Raises `ReferenceDamagedError` when a file of it cannot be read."""
    numbers = {"since": pl.Int64(), "rank": pl.Int64()}
    return Reference(
        communes=_read("communes.parquet"),
        departments=_read("departments.csv"),
        regions=_read("regions.csv"),
        agencies=_read("agencies.csv"),
        funds=_read("funds.csv"),
        loinc=_read("loinc.csv"),
        countries=_read("countries.csv"),
        first_names=_read("first_names.csv").cast(numbers),  # type: ignore[arg-type]
        family_names=_read("family_names.csv").cast({"rank": pl.Int64()}),
    )


def _read(name: str) -> pl.DataFrame:
    try:
        with as_file(files("scelle.records").joinpath("data", name)) as path:
            if name.endswith(".parquet"):
                return pl.read_parquet(path)
            return pl.read_csv(path, infer_schema=False, null_values=[""])
    except (OSError, pl.exceptions.PolarsError):
        raise ReferenceDamagedError(file=name) from None
