"""Tests over a season: whose, when, where, of which kind, with which result; repeats, corrections and duplicates."""

from datetime import date
from math import cos, pi
from typing import Final

import polars as pl

from scelle.records.synth.draw import UNIT, at, below, chance, draw, key, mixed, whole
from scelle.records.synth.faults import DUPLICATE, fault_of
from scelle.records.synth.tables import DAYS, LABS, PRESCRIBERS, Tables, day_number, spread

BLOCK: Final = 4_096
"""People whose rows are mixed with each other: batches are whole blocks, so that they do not change the order."""
FIRST, CORRECTION, COPY = 0, 1, 2
"""What a row is: the first result of a sample, a later and other result, or the same row again."""
_LIMIT: Final = 1 << 40
_KINDS: Final = ("pcr",) * 17 + ("antigen",) * 2 + ("serology",)
_CODES: Final = {"pcr": (8, 2), "antigen": (1, 1), "serology": (4, 2)}
"""How common the first code of a kind is, and each other one."""


def orders(first: int, count: int, *, seed: int, dirty: float) -> pl.DataFrame:
    """The rows of these people in their order: `person`, `test` (0 is the person's first), `variant`, `t`, `fault`."""
    person = pl.int_range(first, first + count, dtype=pl.UInt64)
    base = pl.select(person=person).with_columns(h=mixed(pl.col("person"), key(seed, "tests")))
    repeats = base.filter(chance("h", "again", 0.04))
    more = repeats.filter(chance("h", "again and again", 0.12))
    tests = [part.with_columns(test=whole(n)) for n, part in enumerate((base, repeats, more))]
    rows = pl.concat(tests).with_columns(
        t=mixed(pl.col("person") * whole(8) + pl.col("test"), key(seed, "test")), variant=whole(FIRST)
    )
    rows = rows.with_columns(fault=fault_of("t", dirty), slot=draw("t", "slot"))
    later = pl.col("slot") + (whole(UNIT - 1) - pl.col("slot")) * draw("t", "later") // whole(UNIT)
    positive = draw("t", "result") < whole(_POSITIVE)
    mended = (positive & chance("t", "corrected", 0.02)) | (~positive & chance("t", "corrected", 0.0005))
    corrections = rows.filter(mended & (pl.col("fault") == 0)).with_columns(variant=whole(CORRECTION), slot=later)
    copies = rows.filter(pl.col("fault") == DUPLICATE).with_columns(variant=whole(COPY), slot=later)
    rows = pl.concat([rows, corrections, copies])
    # Copies and corrections come after what they repeat: their slot is not smaller, and equal slots keep this order.
    block = pl.col("person") // whole(BLOCK)
    return rows.sort(block * whole(UNIT) + pl.col("slot"), maintain_order=True).drop("h", "slot")


_POSITIVE: Final = round(0.09 * UNIT)
_UNDECIDED: Final = round(0.096 * UNIT)
_UNFIT: Final = round(0.101 * UNIT)


def _season(days: int) -> pl.Series:
    """Days of the season, as often as tests are done: two waves."""
    weights = [1.2 - cos(4 * pi * (day + 0.5) / days) + 0.5 * day / days for day in range(days)]
    return spread(pl.Series(weights), DAYS * 8)


def tests(rows: pl.DataFrame, tables: Tables, *, seed: int, start: date, days: int) -> pl.DataFrame:
    """Adds the columns of the test to rows that have their person's: dates as days, times with `…_minute`."""
    season, today = _season(days), day_number(start)
    kinds = pl.Series(_KINDS)
    codes = {
        kind: tables.loinc.filter(pl.col("kind") == kind)["code"].to_list() for kind in ("pcr", "antigen", "serology")
    }
    common = {
        kind: pl.Series([code for n, code in enumerate(codes[kind]) for _ in range(_CODES[kind][min(n, 1)])])
        for kind in codes
    }
    # The tests of one person are weeks apart; the first is drawn for the person, not for the test.
    rows = rows.with_columns(
        p=mixed(pl.col("person"), key(seed, "season")),
        v=mixed(pl.col("t"), key("variant")) ^ pl.col("variant"),
        test_kind=at(kinds, below("t", "kind", len(kinds))),
        corrected=pl.col("variant") == CORRECTION,
    ).with_columns(
        day=at(season, below("p", "day", len(season))).cast(pl.Int64) + today + pl.col("test").cast(pl.Int64) * 16,
        minute=whole(8 * 60) + below("t", "minute", 11 * 60),
        first=draw("t", "result"),
    )
    took = whole(240) + below("t", "took", 36 * 60) + pl.when("corrected").then(whole(2_880)).otherwise(whole(0))
    done = pl.col("minute") + took
    of_kind = {kind: at(table, below("t", "loinc", len(table))) for kind, table in common.items()}
    quick = pl.when(pl.col("test_kind") == "antigen").then(of_kind["antigen"]).otherwise(of_kind["serology"])
    was = pl.col("first")
    undecided = pl.when(was < whole(_UNDECIDED)).then(pl.lit("I")).when(was < whole(_UNFIT)).then(pl.lit("X"))
    result = (
        pl.when(pl.col("corrected"))
        .then(pl.when(was < whole(_POSITIVE)).then(pl.lit("N")).otherwise(pl.lit("P")))
        .when(was < whole(_POSITIVE))
        .then(pl.lit("P"))
        .otherwise(undecided.otherwise(pl.lit("N")))
    )
    lab = pl.col("department_number") * whole(LABS) + below("t", "lab", LABS)
    by = pl.col("department_number") * whole(PRESCRIBERS) + below("t", "prescriber", PRESCRIBERS)
    prescribed = pl.when(chance("t", "prescribed", 0.75)).then(by)
    number = (pl.col("person") * whole(8) + pl.col("test")) * whole(0x9E3779B97F4A7C15) % whole(_LIMIT)
    onset = pl.when(chance("t", "symptoms", 0.3)).then(pl.col("day") - below("t", "onset", 7).cast(pl.Int64))
    return rows.with_columns(
        result=result,
        test_loinc=pl.when(pl.col("test_kind") == "pcr").then(of_kind["pcr"]).otherwise(quick),
        done_day=pl.col("day") + (done // whole(1440)).cast(pl.Int64),
        done_minute=done % whole(1440),
        received=pl.col("day") + (done // whole(1440)).cast(pl.Int64) + below("t", "received", 2).cast(pl.Int64),
        onset=onset,
        known_contact=chance("t", "contact", 0.2),
        sample_id=pl.concat_str(pl.lit("S"), (whole(1_000_000_000_000) + number).cast(pl.String)),
        prescriber_name=at(tables.prescribers["name"], prescribed),
        prescriber_rpps=at(tables.prescribers["rpps"], prescribed),
        prescriber_phone=at(tables.prescribers["phone"], prescribed),
        lab_name=at(tables.labs["name"], lab),
        lab_finess=at(tables.labs["finess"], lab),
        lab_phone=at(tables.labs["phone"], lab),
    )
