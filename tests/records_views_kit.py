"""Prepared frames for tests of views: generated populations with their truth, and variants of one sound row."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import polars as pl

from records_rules_kit import LOOKUPS, PROFILE, raw
from scelle.records.markers import CopyKeys, copy_keys
from scelle.records.normalise import normalise
from scelle.records.policy import load_policies
from scelle.records.reference import load_reference
from scelle.records.route import Router
from scelle.records.rules import check
from scelle.records.synth import Generated, generate
from scelle.records.view import Recipient, prepared

REFERENCE = load_reference()
ROUTER = Router(REFERENCE)
POLICIES = load_policies()
MASTER = bytes(range(32))
LATER = date(2020, 9, 20)


def keys(organisation: str, batch: str = "b1") -> CopyKeys:
    return copy_keys(MASTER, batch=batch, organisation=organisation)


def ready(frame: pl.DataFrame, *, now: date = LATER, status: Sequence[str | None] | None = None) -> pl.DataFrame:
    """A raw frame, normalised, checked and prepared."""
    normal = normalise(frame, PROFILE)
    checked = check(normal, PROFILE, LOOKUPS, now=now)
    told = None if status is None else pl.Series(status, dtype=pl.String)
    return prepared(normal.frame, checked, PROFILE, ROUTER, status=told, kinds=REFERENCE.loinc)


def rows(*changes: Mapping[str, str | None], status: Sequence[str | None] | None = None) -> pl.DataFrame:
    """The sound row with each of these changes, prepared."""
    return ready(raw(changes), status=status)


@cache
def _generated() -> tuple[Generated, ...]:
    return tuple(generate(12_000, seed=11, start=date(2020, 7, 1), days=56, dirty=0.05, batch_people=4_096))


@cache
def population() -> tuple[pl.DataFrame, ...]:
    """Three prepared batches of a generated season of eight weeks, none past its retention."""
    return tuple(ready(each.frame, now=date(2020, 9, 25)) for each in _generated())


def truth() -> pl.DataFrame:
    """What was planted in the rows of `population`."""
    return pl.concat([each.truth for each in _generated()])


@cache
def whole() -> pl.DataFrame:
    return pl.concat(population())


INSURER = Recipient("cnam/tracing", "insurer")
EVERYTHING = Recipient("cnam/research", "all")
STATISTICS = Recipient("spf/numbers", "epidemiology")
RETEST = Recipient("ap-hp/retest", "retest")
AGENCIES = tuple(Recipient(f"{each}/cases", "agency", agency=each) for each in ROUTER.agencies)
