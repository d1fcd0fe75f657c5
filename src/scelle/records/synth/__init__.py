"""A synthetic population and its tests: consistent people, a season of results, faults with the truth beside them.

Deterministic for a seed: every value is drawn from seed, number and field (`draw`), so neither threads nor the size of
batches change anything. What is drawn: `people`, `samples`, `faults`; files: `files`. No value is a real person's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from scelle.records.errors import PopulationError
from scelle.records.profile import load_profile
from scelle.records.synth.draw import whole
from scelle.records.synth.faults import possible, spoil, truth_of
from scelle.records.synth.people import people as people_of
from scelle.records.synth.samples import BLOCK, orders, tests
from scelle.records.synth.tables import Tables, tables

__all__ = ["MOST_PEOPLE", "Generated", "generate"]

MOST_PEOPLE = 100_000_000
"""More people than there are to imitate."""

_TOLD = ("_row", "person", "test", "variant", "fault", "own")
"""What the truth needs of a row besides its columns."""


@dataclass(frozen=True)
class Generated:
    """One batch. `frame`: a raw frame of screening-result/1 (every column text, then `_file`, `_row`).

    `truth`: `_row`, `person` (UInt64: who it is), `test` (which of the person's), `code` of the rule that must find
    something in the row, `planted` (false: comes with the population, as a parent's NIR does). A row with several
    findings has as many lines; a line without code that is not planted is a sound row's. By chance, a few people in
    ten thousand have the same NIR as somebody else: no truth tells of those.
    """

    frame: pl.DataFrame
    truth: pl.DataFrame


def generate(
    people: int,
    *,
    seed: int,
    start: date = date(2020, 6, 1),
    days: int = 120,
    dirty: float = 0.02,
    missing: float = 0.03,
    batch_people: int = 131_072,
    file: int = 0,
) -> Iterator[Generated]:
    """Batches of about 1.05 rows for each of `people`, tested in the `days` from `start`, in order of `_row`.

    `dirty`: share of rows with a planted fault. `missing`: about the share left out of each optional column.
    `batch_people` only bounds memory. `file` is the number in `_file`.

    Raises:
        PopulationError: a number out of range.
    """
    for what, right in (
        ("people", 1 <= people <= MOST_PEOPLE),
        ("days", 1 <= days <= 1_000),
        ("start", 1950 <= start.year <= 2060),
        ("dirty", 0 <= dirty <= 1),
        ("missing", 0 <= missing <= 0.3),
    ):
        if not right:
            raise PopulationError(what=what, why="out of range")
    return _batches(people, seed, start, days, dirty, missing, max(1, batch_people // BLOCK) * BLOCK, file)


def _batches(
    count: int, seed: int, start: date, days: int, dirty: float, missing: float, step: int, file: int
) -> Iterator[Generated]:
    at_hand, columns, done = tables(), load_profile("screening-result/1").names, 0
    for first in range(0, count, step):
        size = min(step, count - first)
        persons = people_of(first, size, at_hand, seed=seed, start=start, missing=missing)
        order = orders(first, size, seed=seed, dirty=dirty)
        rows = _rows(persons, order, at_hand, first, seed=seed, start=start, days=days)
        row = pl.int_range(done + 1, done + 1 + rows.height, dtype=pl.UInt32)
        rows = rows.with_columns(row.alias("_row"), possible(pl.col("fault")).alias("fault"))
        done += rows.height
        # Faults are put into a few rows apart; then each row is taken from where it now stands.
        faulty = spoil(rows.filter(pl.col("fault") > 0), at_hand.departments)
        number = pl.col("fault").gt(0).cum_sum().cast(pl.UInt32) + (rows.height - 1)
        place = pl.when(pl.col("fault") > 0).then(number).otherwise(pl.int_range(rows.height, dtype=pl.UInt32))
        now_at = rows.select(place).to_series()
        written = pl.concat([part.select(*columns, *_TOLD) for part in (rows, faulty)])[now_at]
        yield Generated(
            written.select(*columns, pl.lit(file, dtype=pl.UInt16).alias("_file"), "_row"),
            truth_of(written.select(*_TOLD, "nir", "birth_place", "sample_id")),
        )


def _rows(
    persons: pl.DataFrame, order: pl.DataFrame, at_hand: Tables, first: int, *, seed: int, start: date, days: int
) -> pl.DataFrame:
    """Rows with their person's columns and their test's, everything that is written as text."""
    mine = order.select((pl.col("person") - whole(first)).cast(pl.UInt32)).to_series()
    whose = persons.rename({"day": "birth_day"}).drop("person", "h")[mine]
    # Somebody else nearby, for a number that is not the person's own.
    other = order.select((pl.col("person") ^ whole(2)) - whole(first)).to_series()
    other = other.set(other >= persons.height, None).cast(pl.UInt32)
    rows = pl.concat([order, whose], how="horizontal").with_columns(persons["nir"].gather(other).alias("other_nir"))
    rows = tests(rows, at_hand, seed=seed, start=start, days=days)

    def on(day: str) -> pl.Expr:
        return pl.lit(at_hand.dates).gather(pl.col(day).cast(pl.UInt32))

    def when(day: str, minute: str) -> pl.Expr:
        return pl.concat_str(on(day), pl.lit("T"), pl.lit(at_hand.minutes).gather(pl.col(minute).cast(pl.UInt32)))

    yes = {
        name: pl.when(name).then(pl.lit("true")).otherwise(pl.lit("false"))
        for name in ("health_professional", "collective_residence", "known_contact")
    }
    return rows.with_columns(
        birth_date=on("birth_day"),
        collection_date=on("day"),
        sample_time=when("day", "minute"),
        result_time=when("done_day", "done_minute"),
        received_date=on("received"),
        symptoms_onset=on("onset"),
        **yes,
    )
