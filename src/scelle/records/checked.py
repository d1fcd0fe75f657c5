"""A dataset checked from its first batch to its last: what is found, kept compact, and what it adds up to.

`Checking.add` takes each raw batch as it is read and hands back its typed rows with their flags, so that views can be
written at once; `Checking.finish` adds what only all rows together show. No value of any row is kept: places, counts,
and one number of flags a row.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.records.across import Across, Keys
from scelle.records.normalise import PLACE, Found, computed, known_forms, with_forms
from scelle.records.profile import Profile
from scelle.records.rules import Checked, Lookups, Rule, Settings, check, rules_of
from scelle.records.rules.lookups import Tables

EXAMPLES = 5
"""Places that are named for each rule."""

WORKERS = 2
"""Batches that `Checking.each` works on at a time; one more waits."""

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
        # Worked out once for each set of flags: there are far fewer than rows.
        sets = self.flagged.select("_flags").unique()
        sets = sets.with_columns(pl.concat_list(each).list.drop_nulls().alias("_codes"))
        return self.flagged.join(sets, on="_flags", how="left", maintain_order="left").select(*PLACE, "_held", "_codes")


@dataclass(frozen=True)
class Batch:
    """One batch, checked. `frame`: the typed rows; `checked`: flags per rule and which rows are held."""

    frame: pl.DataFrame
    checked: Checked


@dataclass(frozen=True)
class _Judged:
    """All that is worked out of one batch by itself."""

    batch: Batch
    keys: Keys | None
    marked: pl.DataFrame
    filled: Mapping[str, int]
    positives: pl.DataFrame


class Checking:
    """Checks batch after batch of one dataset. Memory: the keys of `Across`, and ten bytes a row."""

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
        self._filled: Counter[str] = Counter(dict.fromkeys(profile.names, 0))
        self._marked: list[pl.DataFrame] = []
        self._positives: list[pl.DataFrame] = []

    def add(self, raw: pl.DataFrame, found: Found | None = None) -> Batch:
        """Normalise and check one raw batch of ingest."""
        return self._take(self._judge(raw, known_forms(raw, self.profile, found)))

    def each(self, batches: Iterable[pl.DataFrame], found: Found | None = None) -> Iterator[Batch]:
        """Normalise and check all batches, in order, on other threads while the next are read; a few are under way."""
        with ThreadPoolExecutor(WORKERS) as pool:
            under_way: deque[Future[_Judged]] = deque()
            for raw in batches:
                # The forms of dates are asked here: reading changes what is found.
                under_way.append(pool.submit(self._judge, raw, known_forms(raw, self.profile, found)))
                if len(under_way) > WORKERS:
                    yield self._take(under_way.popleft().result())
            while under_way:
                yield self._take(under_way.popleft().result())

    def _judge(self, raw: pl.DataFrame, forms: Mapping[str, tuple[str, ...]]) -> _Judged:
        """Everything about one batch that needs no other; changes nothing, so that threads may do it."""
        normal = with_forms(raw, self.profile, forms)
        frame = normal.frame
        checked = check(normal, self.profile, self._lookups, now=self._now, settings=self._settings)
        bits = [
            pl.when(rule.code).then(pl.lit(1 << bit, pl.UInt32())).otherwise(pl.lit(0, pl.UInt32()))
            for bit, rule in enumerate(self._rules)
            if rule.code in checked.counts
        ]
        flags = pl.sum_horizontal(bits).cast(pl.UInt32) if bits else pl.repeat(0, frame.height, dtype=pl.UInt32)
        places = (pl.col(name) for name in PLACE)
        return _Judged(
            batch=Batch(frame, checked),
            keys=None if self._across is None else self._across.keys(normal),
            marked=computed(checked.flags, *places, flags.alias("_flags")).with_columns(checked.held.alias("_held")),
            filled={name: frame.height - frame[name].null_count() for name in self.profile.names},
            positives=_positives(frame, self.profile, self._lookups.departments),
        )

    def _take(self, judged: _Judged) -> Batch:
        if self._across is not None and judged.keys is not None:
            self._across.add(judged.keys)
        self._marked.append(judged.marked)
        self._filled.update(judged.filled)
        self._positives.append(judged.positives)
        return judged.batch

    def finish(self) -> Outcome:
        """Add what all rows show together. Called once, after the last batch."""
        schema = {"_file": pl.UInt16, "_row": pl.UInt32, "_flags": pl.UInt32, "_held": pl.Boolean}
        marked = pl.concat(self._marked) if self._marked else pl.DataFrame(schema=schema)
        self._marked.clear()
        rows = marked.height
        flags = marked["_flags"].rechunk()
        replaced = marked.clear().select(PLACE)
        if self._across is not None:
            related = self._across.related()
            for bit, rule in enumerate(self._rules):
                if rule.code in related.rows:
                    at = related.rows[rule.code]
                    flags = flags.scatter(at, flags.gather(at) + (1 << bit))
            replaced = marked[related.replaced].select(PLACE)
        flagged = marked.with_columns(flags).filter((pl.col("_flags") > 0) | pl.col("_held"))
        return Outcome(
            profile=self.profile,
            now=self._now,
            rows=rows,
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
    if not profile.has("result", "test_kind"):
        return pl.DataFrame(schema=_POSITIVES)
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
