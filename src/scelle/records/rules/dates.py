"""Rules on dates: readable, in order, not in the future, within the source's retention."""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from scelle.records.profile import Retention
from scelle.records.rules.batch import Batch, Suspicion, Suspicions

_ORDER = ("birth_date", "sample_time", "result_time", "received_date")


def suspicions(batch: Batch) -> Suspicions:
    """What these rules find in a batch."""
    return dict([*_readable(batch), *_order(batch), *_future(batch), *_retention(batch)])


def _readable(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    bad = batch.unreadable(batch.of_type("date", "datetime"))
    yield "date.unreadable", Suspicion(pl.lit(False) if bad is None else bad)


def _order(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    """Birth, sample, result, reception; each against the next, and birth against all, for what lies between may lack.

    A date against a time is a comparison of days.
    """
    times = batch.of_type("datetime")
    present = [name for name in _ORDER if batch.has(name)]
    pairs = [*pairwise(present), *(("birth_date", name) for name in [*present[2:], "symptoms_onset"])]
    if "sample_time" in present and "received_date" in present:
        pairs.append(("sample_time", "received_date"))
    wrong = []
    for before, after in pairs:
        if batch.has(before, after):
            left, right = pl.col(before), pl.col(after)
            if (before in times) != (after in times):
                left, right = left.cast(pl.Date), right.cast(pl.Date)
            wrong.append((left > right).fill_null(False))
    if wrong:
        yield "date.order", Suspicion(pl.any_horizontal(wrong))


def _future(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    tomorrow = batch.now + timedelta(days=1)
    late = [(pl.col(name) >= tomorrow).fill_null(False) for name in batch.of_type("date", "datetime")]
    if late:
        yield "date.future", Suspicion(pl.any_horizontal(late))


def _retention(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    rule = batch.profile.retention
    if rule is not None:
        yield "retention.over", Suspicion(over(rule, batch.now))


def over(rule: Retention, now: date) -> pl.Expr:
    """Whether the source's retention of a row is over: the months since collection have passed before `now`."""
    collected = pl.col(rule.collected)
    past = collected < oldest_kept(now, rule.months)
    for longer in rule.longer:
        applies = pl.col(longer.column).is_in(list(longer.values)) & (collected >= date.fromisoformat(longer.since))
        kept = (collected >= oldest_kept(now, longer.months)).fill_null(False)
        past &= ~(applies.fill_null(False) & kept)
    return past


def oldest_kept(now: date, months: int) -> date:
    """The earliest date of collection from which `months` have not passed before `now`; the end of a month is kept."""
    day = now - timedelta(days=31 * months + 3)
    while _later(day, months) < now:
        day += timedelta(days=1)
    return day


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
