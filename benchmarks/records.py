"""Checking a dataset: rules within rows and across rows, against the time polars needs only to parse the file.

Run by itself: `python -m benchmarks.records [people [folder]]`. The file is a generated population as CSV. Each figure
is the best of several rounds in which all contestants take turns, so that a busy machine slows all of them alike. Peers
that go row by row (pydantic, stdnum) are measured on part of the rows.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import polars as pl
from benchmarks.table import Row
from pydantic import AfterValidator, BaseModel, EmailStr, ValidationError, ValidationInfo, field_validator
from stdnum import luhn
from stdnum.fr import nir

from scelle.records.checked import Checking
from scelle.records.ingest import read
from scelle.records.profile import load_profile
from scelle.records.reference import load_reference
from scelle.records.rules import Settings
from scelle.records.rules.batch import NIR, nir_key_is_right, nir_numbers
from scelle.records.synth import generate
from scelle.records.synth.files import write_population

ROUNDS = 3
PEER_ROWS = 20_000
"""Rows that peers which go row by row are measured on."""

SEPARATOR = ";"
NOW = date(2020, 11, 20)
PARSE, READ = "polars, only parse the file", "read into batches"
IN_MEMORY = "rules within a row, once read"
WITHIN, ALL = "read, rules within a row", "read, all rules"
PYDANTIC, REPEATS = "pydantic, row by row", "duckdb, only distinct samples"


def _luhn(text: str) -> str:
    return luhn.validate(text)


class _Screening(BaseModel):
    """What pydantic checks of a row: types, codes, keys and order; nothing that needs reference data or other rows."""

    birth_name: str | None
    first_names: str | None
    sex: Literal["M", "F", "U"] | None
    birth_date: date | None
    birth_place: str | None
    nir: Annotated[str, AfterValidator(nir.validate)] | None
    postcode: str | None
    department: str | None
    email: EmailStr | None
    phone: str | None
    health_professional: bool | None
    collective_residence: bool | None
    known_contact: bool | None
    symptoms_onset: date | None
    prescriber_rpps: Annotated[str, AfterValidator(_luhn)] | None
    lab_finess: str | None
    sample_id: str | None
    collection_date: date | None
    sample_time: datetime | None
    received_date: date | None
    test_loinc: str | None
    test_kind: Literal["pcr", "antigen", "serology"] | None
    result: Literal["P", "N", "I", "X"]
    result_time: datetime | None

    @field_validator("result_time")
    @classmethod
    def _after_the_sample(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        sample = info.data.get("sample_time")
        if value is not None and sample is not None and value < sample:
            raise ValueError("before the sample")
        return value


def _parse(path: Path) -> None:
    pl.read_csv(path, separator=SEPARATOR, infer_schema=False)


def _read(path: Path) -> None:
    for _ in read([path], load_profile("screening-result/1")).batches():
        pass


def _check(path: Path, *, across: bool) -> None:
    reading = read([path], load_profile("screening-result/1"))
    checking = Checking(reading.profile, load_reference(), now=NOW, settings=Settings(demo=True), across=across)
    for _ in checking.each(reading.batches(), reading.found):
        pass
    checking.finish()


def _rules(batches: list[pl.DataFrame]) -> None:
    checking = Checking(load_profile("screening-result/1"), load_reference(), now=NOW, across=False)
    for _ in checking.each(batches):
        pass


def _pydantic(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        for row in islice(csv.DictReader(file, delimiter=SEPARATOR), PEER_ROWS):
            with suppress(ValidationError):
                _Screening.model_validate({name: value or None for name, value in row.items()})


def _repeats(path: Path) -> None:
    with duckdb.connect() as base:
        base.execute("SET threads = 2")
        question = "SELECT count(*), count(DISTINCT sample_id) FROM read_csv(?, all_varchar = true)"
        base.execute(question, [str(path)]).fetchall()


def _best(contestants: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, work in contestants.items():
            begun = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def _keys(path: Path) -> list[Row]:
    """The key of the NIR alone: numbers a second."""
    numbers = pl.read_csv(path, separator=SEPARATOR, infer_schema=False, columns=["nir"])["nir"].drop_nulls()
    part = numbers.head(PEER_ROWS * 5).to_list()

    def ours() -> None:
        pl.DataFrame(nir_numbers(numbers)).lazy().select(nir_key_is_right().sum()).collect(engine="in-memory")

    def loop() -> None:
        sum(nir.is_valid(number) for number in part)

    took = _best({NIR: ours, "stdnum": loop}, ROUNDS)
    mine, theirs = numbers.len() / took[NIR] / 1e6, len(part) / took["stdnum"] / 1e6
    return [
        Row("NIR keys", mine, "M/s", {"stdnum": mine / theirs}),
        Row("stdnum, NIR keys one by one", theirs, "M/s"),
    ]


def measure(people: int, *, rounds: int = ROUNDS, folder: Path | None = None) -> list[Row]:
    """Measure with a population of so many people; its file, some 400 bytes a person, goes into `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "population.csv"
        rows = write_population(generate(people, seed=1), path, "csv")
        batches = list(read([path], load_profile("screening-result/1")).batches())
        took = _best(
            {
                PARSE: lambda: _parse(path),
                READ: lambda: _read(path),
                IN_MEMORY: lambda: _rules(batches),
                WITHIN: lambda: _check(path, across=False),
                ALL: lambda: _check(path, across=True),
                REPEATS: lambda: _repeats(path),
                PYDANTIC: lambda: _pydantic(path),
            },
            rounds,
        )
        keys = _keys(path)
    took[PYDANTIC] *= rows / min(rows, PEER_ROWS)
    table = [Row(name, seconds, "s", {PARSE: seconds / took[PARSE]}) for name, seconds in took.items() if name != PARSE]
    table = [Row(PARSE, took[PARSE], "s"), *table]
    table = [
        Row(row.name, row.value, row.unit, {**row.ratios, PYDANTIC: row.value / took[PYDANTIC]})
        if row.name in (IN_MEMORY, WITHIN, ALL)
        else row
        for row in table
    ]
    return [Row("rows", rows / 1e6, "M"), *table, *keys]


if __name__ == "__main__":
    where = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    for line in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_400_000, folder=where):
        against = ", ".join(f"{ratio:.3g} × {base}" for base, ratio in line.ratios.items())
        print(f"{line.name:30} {line.value:9.2f} {line.unit:4} {against}")
