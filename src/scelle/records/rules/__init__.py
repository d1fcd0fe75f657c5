"""Rules on rows: what is wrong, doubtful or to know about each (spec/records.md, "Checking").

A rule has a code, a level and a sentence in both languages (`catalogue.toml`). `check` applies those that need one row
only; those across rows are in `scelle.records.across`. A row with findings is delivered with them; only a row without a
usable identity, result or route is held.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, reduce
from importlib.resources import files

import polars as pl

from scelle.records.normalise import PLACE, Normal, computed
from scelle.records.profile import Profile
from scelle.records.rules import contacts, dates, identity, results
from scelle.records.rules.batch import Batch, Level, Settings, Suspicion
from scelle.records.rules.lookups import Lookups

__all__ = ["Checked", "Lookups", "Rule", "Settings", "all_rules", "check", "rules_of"]


@dataclass(frozen=True)
class Rule:
    """One rule. `words`: its sentence by language; `holds`: a row with it is not delivered; `across`: needs all rows.

    `needs`: columns without which a profile does not have the rule; `columns`: where a reader should look.
    """

    code: str
    level: Level
    words: Mapping[str, str]
    columns: tuple[str, ...]
    needs: tuple[str, ...]
    holds: bool
    across: bool

    def at(self, level: Level) -> "Rule":
        """The same rule at another level (`Settings.levels`)."""
        return replace(self, level=level)


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the order of reports."""
    table = tomllib.loads(files("scelle.records").joinpath("rules/catalogue.toml").read_text("utf-8"))
    return {
        entry["code"]: Rule(
            code=entry["code"],
            level=entry["level"],
            words={"fr": entry["fr"], "en": entry["en"]},
            columns=tuple(entry["columns"]),
            needs=tuple(entry.get("needs", ())),
            holds=entry.get("holds", False),
            across=entry.get("across", False),
        )
        for entry in table["rule"]
    }


def rules_of(profile: Profile) -> tuple[Rule, ...]:
    """The rules that apply to a profile: those whose columns it has."""
    return tuple(rule for rule in all_rules().values() if profile.has(*rule.needs))


@dataclass(frozen=True)
class Checked:
    """Findings of one batch. `flags`: `_file`, `_row` and a Boolean column for each rule's code; `held`: per row.

    `counts`: rows by rule, of the rules that found any.
    """

    flags: pl.DataFrame
    held: pl.Series
    counts: Mapping[str, int]


def check(
    normal: Normal, profile: Profile, lookups: Lookups, *, now: date, settings: Settings | None = None
) -> Checked:
    """Apply the rules within a row to a batch, as of `now`. One pass; what is rare is judged on the rare rows."""
    batch = Batch(normal, profile, lookups, settings or Settings(), now)
    found: dict[str, Suspicion] = {}
    for room in (identity, results, dates, contacts):
        found.update(room.suspicions(batch))
    frame = batch.numbered
    marks = computed(frame, *(each.cheap.fill_null(False).alias(code) for code, each in found.items()))
    if marks.height != frame.height:  # only constants were asked for
        marks = marks.select(pl.all().extend_constant(False, frame.height - marks.height))
    judged = {code: _judge(frame, marks[code], each.exact) for code, each in found.items()}
    wanted = [rule for rule in rules_of(profile) if not rule.across and rule.code in judged]
    flags = pl.DataFrame([*(frame[name] for name in PLACE), *(judged[rule.code].alias(rule.code) for rule in wanted)])
    counts = {rule.code: int(flags[rule.code].sum()) for rule in wanted}
    return Checked(flags, _held(batch, flags, wanted), {code: count for code, count in counts.items() if count})


def _judge(frame: pl.DataFrame, suspects: pl.Series, exact: pl.Expr | None) -> pl.Series:
    if exact is None or not suspects.any():
        return suspects
    judged = frame.lazy().filter(suspects).select(exact.fill_null(False).alias("verdict")).collect(engine="in-memory")
    return suspects.scatter(suspects.arg_true(), judged.to_series())


def _held(batch: Batch, flags: pl.DataFrame, rules: list[Rule]) -> pl.Series:
    held = [flags[rule.code] for rule in rules if rule.holds]
    required = [column.name for column in batch.profile.columns if column.required]
    held += [batch.normal.frame[name].is_null() for name in required]
    if "route.missing" in flags.columns:
        held.append(_judge(batch.numbered, flags["route.missing"].clone(), ~contacts.sampled_somewhere(batch)))
    return reduce(lambda one, other: one | other, held, pl.repeat(False, flags.height, eager=True)).alias("held")
