"""A dataset checked from its first batch to its last: what is found, kept compact, and what it adds up to.

`Checking.add` takes each raw batch as it is read and hands back its typed rows with their flags, so that views can be
written at once; `Checking.finish` adds what only all rows together show. No value of any row is kept: places, counts,
and one number of flags a row.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.records.across import Across
from scelle.records.normalise import PLACE, Found, Normal, computed, normalise
from scelle.records.profile import Profile
from scelle.records.rules import Checked, Lookups, Rule, Settings, check, rules_of
from scelle.records.rules.lookups import Tables

EXAMPLES = 5
"""Places that are named for each rule."""

HELD_SHARE = 0.05
"""Share of held rows above which a file as a whole stops, unless the operator sets another."""

POSITIVE = "P"
CALLED_KINDS = ("pcr", "antigen")
"""Kinds of test of which a positive is called about; a positive serology is not a case."""


class HeldTooManyError(CallerError):
    """More rows would be held than the set share: the file as a whole stops. Facts: `held`, `rows`, `percent`."""

    code = "records.held-too-many"
    exit_status = Exit.REFUSED
    http_status = 422


@dataclass(frozen=True)
class Place:
    """Where a row is: index of its source file, and its 1-based row there."""

    file: int
    row: int


@dataclass(frozen=True)
class Finding:
    """What one rule found. `examples`: the first few places."""

    rule: Rule
    count: int
    examples: tuple[Place, ...]


@dataclass(frozen=True)
class Outcome:
    """Everything that checking a dataset found; holds no value of any row.

    `rows`, `held`: how many. `findings`: of every rule that applied, in the order of reports, zero counts included.
    `flagged`: `_file`, `_row`, `_flags` (bit n is rule n of `findings`) of each row with findings, `_held`.
    `replaced`: places of rows whose result a later row of the same sample replaces (they are not cases any more).
    `filled`: by column, rows with a value. `positives`: `day`, `department`, `count` of positives to call.
    """

    profile: Profile
    now: date
    rows: int
    held: int
    findings: tuple[Finding, ...]
    flagged: pl.DataFrame
    replaced: pl.DataFrame
    filled: Mapping[str, int]
    positives: pl.DataFrame

    def must_not_stop(self, share: float = HELD_SHARE) -> None:
        """Raises HeldTooManyError when more than `share` of the rows are held."""
        if self.held > share * self.rows:
            raise HeldTooManyError(held=self.held, rows=self.rows, percent=round(share * 100))

    def rows_with(self, code: str) -> pl.DataFrame:
        """Places (`_file`, `_row`) of the rows with a finding of this rule, in order."""
        bit = [finding.rule.code for finding in self.findings].index(code)
        return self.flagged.filter(pl.col("_flags") // (1 << bit) % 2 == 1).select(PLACE)

    def codes(self) -> pl.DataFrame:
        """The flagged rows with `_codes`, the list of their rules' codes, instead of `_flags`."""
        flags = pl.col("_flags")
        each = [
            pl.when(flags // (1 << bit) % 2 == 1).then(pl.lit(finding.rule.code))
            for bit, finding in enumerate(self.findings)
        ]
        return self.flagged.select(*PLACE, "_held", pl.concat_list(each).list.drop_nulls().alias("_codes"))


@dataclass(frozen=True)
class Batch:
    """One batch, checked. `frame`: the typed rows; `checked`: flags per rule and which rows are held."""

    frame: pl.DataFrame
    checked: Checked


class Checking:
    """Checks batch after batch of one dataset. Memory: keys of `Across`, and five bytes a flagged row."""

    def __init__(
        self,
        profile: Profile,
        tables: Tables,
        *,
        now: date,
        settings: Settings | None = None,
        across: bool = True,
    ) -> None:
        """`now`: the day as of which dates are judged. `across`: whether to apply the rules across rows too."""
        self.profile = profile
        self._now = now
        self._settings = settings or Settings()
        self._lookups = Lookups.of(tables)
        self._rules = [rule for rule in rules_of(profile) if across or not rule.across]
        self._across = Across(profile) if across else None
        self._rows = 0
        self._filled: Counter[str] = Counter(dict.fromkeys(profile.names, 0))
        self._flagged: list[pl.DataFrame] = []
        self._positives: list[pl.DataFrame] = []

    def add(self, raw: pl.DataFrame, found: Found | None = None) -> Batch:
        """Normalise and check one raw batch of ingest."""
        normal = normalise(raw, self.profile, found)
        checked = check(normal, self.profile, self._lookups, now=self._now, settings=self._settings)
        if self._across is not None:
            self._across.add(normal)
        self._count(normal, checked)
        return Batch(normal.frame, checked)

    def _count(self, normal: Normal, checked: Checked) -> None:
        frame = normal.frame
        self._rows += frame.height
        for name in self.profile.names:
            self._filled[name] += frame.height - frame[name].null_count()
        bits = [
            pl.col(rule.code).cast(pl.UInt32) * (1 << bit)
            for bit, rule in enumerate(self._rules)
            if rule.code in checked.counts
        ]
        flags = pl.sum_horizontal(bits).cast(pl.UInt32) if bits else pl.lit(0, pl.UInt32)
        places = (pl.col(name) for name in PLACE)
        marked = computed(
            checked.flags.with_columns(checked.held.alias("_held")), *places, flags.alias("_flags"), pl.col("_held")
        )
        self._flagged.append(marked.filter((pl.col("_flags") > 0) | pl.col("_held")))
        if self.profile.has("result", "test_kind"):
            self._positives.append(_positives(frame, self.profile, self._lookups.departments))

    def finish(self) -> Outcome:
        """Add what all rows show together. Called once, after the last batch."""
        schema = {"_file": pl.UInt16, "_row": pl.UInt32, "_flags": pl.UInt32, "_held": pl.Boolean}
        flagged = pl.concat(self._flagged) if self._flagged else pl.DataFrame(schema=schema)
        replaced = flagged.clear().select(PLACE)
        if self._across is not None:
            related = self._across.related()
            bits = {rule.code: bit for bit, rule in enumerate(self._rules)}
            more = [
                rows.select(*PLACE, pl.lit(1 << bits[code], pl.UInt32).alias("_flags"), pl.lit(False).alias("_held"))
                for code, rows in related.rows.items()
            ]
            replaced = related.replaced
            flagged = pl.concat([flagged, *more]).group_by(*PLACE).agg(pl.col("_flags").sum(), pl.col("_held").any())
        flagged = flagged.sort(*PLACE)
        return Outcome(
            profile=self.profile,
            now=self._now,
            rows=self._rows,
            held=int(flagged["_held"].sum()),
            findings=tuple(self._finding(rule, flagged, bit) for bit, rule in enumerate(self._rules)),
            flagged=flagged,
            replaced=replaced,
            filled=dict(self._filled),
            positives=_summed(self._positives),
        )

    def _finding(self, rule: Rule, flagged: pl.DataFrame, bit: int) -> Finding:
        rows = flagged.filter(pl.col("_flags") // (1 << bit) % 2 == 1)
        places = tuple(Place(file, row) for file, row in rows.head(EXAMPLES).select(PLACE).iter_rows())
        level = self._settings.levels.get(rule.code, rule.level)
        return Finding(rule if level == rule.level else rule.at(level), rows.height, places)


_POSITIVES = {"day": pl.Date, "department": pl.String, "count": pl.UInt32}


def _positives(frame: pl.DataFrame, profile: Profile, known: tuple[str, ...]) -> pl.DataFrame:
    """Positives that are called about, by day of sampling (or collection) and department of residence.

    Whatever else is written in the column of departments is null: it could be anything, a name too.
    """
    days = [pl.col(name).cast(pl.Date) for name in ("sample_time", profile.collected) if name and profile.has(name)]
    day = pl.coalesce(days) if days else pl.lit(None, pl.Date())
    written = pl.col("department") if profile.has("department") else pl.lit(None, pl.String())
    department = pl.when(written.is_in(list(known))).then(written)
    called = (pl.col("result") == POSITIVE) & pl.col("test_kind").is_in(list(CALLED_KINDS))
    cases = frame.lazy().filter(called).group_by(day.alias("day"), department.alias("department"))
    return cases.agg(pl.len().alias("count")).collect(engine="in-memory")


def _summed(parts: list[pl.DataFrame]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema=_POSITIVES)
    return pl.concat(parts).group_by("day", "department").agg(pl.col("count").sum()).sort("day", "department")
