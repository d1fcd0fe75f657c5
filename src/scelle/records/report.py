"""What checking found, for people and programs: summary lines, JSON, and the listing of held and flagged rows.

None of them shows a value of any row: places (file and row) and counts only. Counts of positives are guarded against
small cells. The page with plots is in `report_page`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

import polars as pl

from scelle.base.codec import Json
from scelle.records.checked import Finding, Outcome
from scelle.records.rules.batch import Level

Lang: TypeAlias = Literal["en", "fr"]

LEAST = 5
"""Counts of persons' results below this are not shown."""

DAYS_SHOWN = 366
"""Days before the last one that the season goes back; a slip in a date shall not stretch it."""

BY_DAY = 200
"""Days above which the season is told by week."""


@dataclass(frozen=True)
class Line:
    """One line of the summary: a rule that found something. `places`: the first few, as `name of file:row`."""

    code: str
    level: Level
    sentence: str
    count: int
    holds: bool
    places: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """The terminal's summary, as data. `flagged`: rows delivered with findings; `lines`: in the order of rules."""

    rows: int
    held: int
    flagged: int
    lines: tuple[Line, ...]

    @property
    def sound(self) -> int:
        """Rows without findings."""
        return self.rows - self.held - self.flagged


def summary(outcome: Outcome, *, lang: Lang, sources: Sequence[str]) -> Summary:
    """What a terminal shows. `sources`: names of the source files, by their index in `_file`."""
    return Summary(
        rows=outcome.rows,
        held=outcome.held,
        flagged=outcome.flagged.height - outcome.held,
        lines=tuple(
            Line(
                code=finding.rule.code,
                level=finding.rule.level,
                sentence=finding.rule.words[lang],
                count=finding.count,
                holds=finding.rule.holds,
                places=tuple(f"{sources[place.file]}:{place.row}" for place in finding.examples),
            )
            for finding in outcome.findings
            if finding.count
        ),
    )


def as_json(outcome: Outcome, *, sources: Sequence[str]) -> dict[str, Json]:
    """The report for programs (`spec/records.md`, "Report"). Hidden counts are null."""

    def of(finding: Finding) -> dict[str, Json]:
        places: list[Json] = [{"file": place.file, "row": place.row} for place in finding.examples]
        rule = finding.rule
        return {
            "code": rule.code,
            "level": rule.level,
            "holds": rule.holds,
            "count": finding.count,
            "examples": places,
            "en": rule.words["en"],
            "fr": rule.words["fr"],
        }

    over = season(outcome)
    cells: dict[str, Json] = {day.isoformat(): count for day, count in over.cells.items()}
    positives: dict[str, Json] = {
        "least": LEAST,
        "days": over.step,
        "cells": cells,
        "outside": over.outside,
        "departments": dict(departments(outcome)),
    }
    return {
        "profile": outcome.profile.id,
        "now": outcome.now.isoformat(),
        "sources": list(sources),
        "rows": outcome.rows,
        "held": outcome.held,
        "flagged": outcome.flagged.height - outcome.held,
        "replaced": outcome.replaced.height,
        "findings": [of(finding) for finding in outcome.findings],
        "filled": dict(outcome.filled),
        "positives": positives,
    }


def listing(outcome: Outcome, *, sources: Sequence[str], held_only: bool = True) -> pl.DataFrame:
    """Rows that are held (or all that are flagged): `file`, `row`, `held`, `codes` parted by spaces. No values."""
    rows = outcome.codes()
    if held_only:
        rows = rows.filter("_held")
    names = dict(enumerate(sources))
    return rows.select(
        pl.col("_file").replace_strict(names, return_dtype=pl.String).alias("file"),
        pl.col("_row").alias("row"),
        pl.col("_held").alias("held"),
        pl.col("_codes").list.join(" ").alias("codes"),
    )


@dataclass(frozen=True)
class Season:
    """Positives over time, the same cells wherever they are shown: no difference of two tables gives one away.

    `cells`: first day of each `step` days → count, None where hidden. `outside`: on other days, or
    without one.
    """

    step: int
    cells: Mapping[date, int | None]
    outside: int | None


def season(outcome: Outcome) -> Season:
    """Positives by day of sampling, or by week where there are more than BY_DAY days; small cells guarded."""
    table = outcome.positives.drop_nulls("day").filter(pl.col("day") <= outcome.now)
    total = int(outcome.positives["count"].sum())
    if table.is_empty():
        return Season(1, {}, guarded({"": total})[""])
    last = table.select(pl.col("day").max()).item()
    table = table.filter(pl.col("day") > last - timedelta(days=DAYS_SHOWN))
    first = table.select(pl.col("day").min()).item()
    step = 7 if (last - first).days > BY_DAY else 1
    if step == 7:
        first -= timedelta(days=first.weekday())
        table = table.with_columns(pl.col("day").dt.truncate("1w"))
    sums = dict(table.group_by("day").agg(pl.col("count").sum()).iter_rows())
    every = [first + timedelta(days=step * index) for index in range((last - first).days // step + 1)]
    # What lies outside is one more cell: the total of the other table would give it away.
    counts = {**{day.isoformat(): int(sums.get(day, 0)) for day in every}, "": total - sum(sums.values())}
    shown = guarded(counts)
    return Season(step, {day: shown[day.isoformat()] for day in every}, shown[""])


def departments(outcome: Outcome) -> dict[str, int | None]:
    """Positives by department of residence, in order; small cells guarded; "" is unknown."""
    table = outcome.positives.group_by("department").agg(pl.col("count").sum()).sort("department", nulls_last=True)
    return guarded({"" if code is None else str(code): int(count) for code, count in table.iter_rows()})


def guarded(counts: Mapping[str, int], *, least: int = LEAST) -> dict[str, int | None]:
    """Counts with small cells hidden (None), and more of them where a total would give the hidden ones away.

    Hidden: each count from 1 to `least` - 1; then the next smallest, until at least two are hidden that make up
    `least` together, so that the difference to a total says nothing of one of them. Zero is shown.
    """
    order = sorted((count, name) for name, count in counts.items() if count)
    hidden = {name for count, name in order if count < least}
    if hidden:
        for count, name in order:
            if len(hidden) >= 2 and sum(counts[each] for each in hidden) >= least:
                break
            if count >= least:
                hidden.add(name)
    return {name: None if name in hidden else count for name, count in counts.items()}


@cache
def report_words(lang: Lang) -> Mapping[str, str]:
    """Words of the report page in one language."""
    text = files("scelle.records").joinpath("report_words.toml").read_text("utf-8")
    words: Mapping[str, str] = tomllib.loads(text)[lang]
    return words
