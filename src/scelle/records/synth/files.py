"""A generated population as files: CSV, Parquet, NDJSON, HL7 or FHIR, and the truth beside as Parquet or CSV."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import polars as pl
from polars.io.plugins import register_io_source

from scelle.records.errors import PopulationError
from scelle.records.synth import Generated
from scelle.records.synth.faults import FAULTS
from scelle.records.write_fhir import write_fhir
from scelle.records.write_hl7 import write_hl7

Form: TypeAlias = Literal["csv", "parquet", "ndjson", "hl7", "fhir"]
FORMS: Final[tuple[Form, ...]] = ("csv", "parquet", "ndjson", "hl7", "fhir")
_CODES: Final = pl.Enum([*FAULTS, "sample.corrected"])


def write_population(batches: Iterator[Generated], path: Path, form: Form, *, truth: Path | None = None) -> int:
    """Writes the rows of the batches to `path`, and the truth to `truth` (.parquet or .csv); how many rows.

    Memory is that of one batch, and some 16 bytes a row for the truth.

    Raises:
        PopulationError: the file cannot be written.
    """
    kept: list[pl.DataFrame] = []
    count = 0

    def frames() -> Iterator[pl.DataFrame]:
        nonlocal count
        for batch in batches:
            count += batch.frame.height
            if truth is not None:
                kept.append(batch.truth.with_columns(pl.col("code").cast(_CODES)))
            yield batch.frame

    try:
        if form == "parquet":
            _parquet(frames(), path)
        else:
            with path.open("wb") as file:
                _WRITERS[form](frames(), file)
        if truth is not None:
            found = pl.concat(kept)
            if truth.suffix == ".csv":
                found.write_csv(truth)
            else:
                found.write_parquet(truth, compression="zstd", compression_level=1)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise PopulationError(what=str(path), why=type(error).__name__) from None
    return count


def _csv(frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
    for number, frame in enumerate(frames):
        frame.drop("_file", "_row").write_csv(file, separator=";", include_header=number == 0)


def _ndjson(frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
    for frame in frames:
        frame.drop("_file", "_row").write_ndjson(file)


def _hl7(frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
    write_hl7(frames, file, ids="_row", processing="T")


def _fhir(frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
    write_fhir(frames, file, ids="_row")


_WRITERS: Final[dict[str, Callable[[Iterator[pl.DataFrame], BinaryIO], None]]] = {
    "csv": _csv,
    "ndjson": _ndjson,
    "hl7": _hl7,
    "fhir": _fhir,
}


def _parquet(frames: Iterator[pl.DataFrame], path: Path) -> None:
    """Row groups of one batch each, written as they come."""
    first = next(frames).drop("_file", "_row")

    def source(*_: Any) -> Iterator[pl.DataFrame]:
        yield first
        for frame in frames:
            yield frame.drop("_file", "_row")

    lazy = register_io_source(source, schema=first.schema)
    lazy.sink_parquet(path, compression="zstd", compression_level=1)
