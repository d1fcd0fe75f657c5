"""What subject indexes answer: how many persons, who is in several, where one is (spec/records.md, "Queries").

Counts are exact and come as a range. High: when in doubt two persons, so that nobody goes untold. Low: rows that may
be one person's count as one. The true number is in between wherever traits that are given are right; a person whose
name is misspelt in one of two rows counts twice, unless the NIR tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import polars as pl

from scelle.base.errors import CallerError, Exit
from scelle.records.blind import IndexKey, halves, texts_of
from scelle.records.index import SCHEMA, WHOLE, Index

Breakdown: TypeAlias = Literal["department", "month", "age_band", "minor"]

SMALL: Final = 11
"""Cells of fewer persons are not shown, unless asked for: they could point at somebody."""


PERSON: Final = halves("person")
TRAITS: Final = halves("traits")
NUMBER: Final = halves("number")
_MIX: Final = 0xC2B2AE3D27D4EB4F
"""An odd factor, not the one with which `person` is made, so that what is mixed in twice does not cancel out."""

_GROUP: Final = ("group", "alone_a", "alone_b")
FOUND: Final = {"index": pl.UInt32(), "_file": pl.UInt16(), "_row": pl.UInt32(), "matched": pl.String()}


class IndexEpochsError(CallerError):
    """Indexes of different epochs cannot be joined: that goes through a source. Facts: `epochs`."""

    code = "index.epochs"
    exit_status = Exit.REFUSED
    http_status = 409


class IndexKeyWrongError(CallerError):
    """The key given is not the one that the index was made with. Facts: `epoch`, `given`."""

    code = "index.wrong-key"
    exit_status = Exit.WRONG_KEY
    http_status = 409


class IndexNothingSoughtError(CallerError):
    """Nothing was given by which a person could be found: too few traits. No facts."""

    code = "index.nothing-sought"
    exit_status = Exit.USAGE
    http_status = 400


@dataclass(frozen=True)
class PersonRange:
    """How many distinct persons: at least `low`, at most `high`."""

    low: int
    high: int


@dataclass(frozen=True)
class Sought:
    """The person who asks (GDPR article 15), as a source would write it. Shown without its values."""

    birth_name: str | None = None
    first_names: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    birth_place: str | None = None
    nir: str | None = None
    phone: str | None = None
    email: str | None = None
    sample: str | None = None

    def __repr__(self) -> str:
        return "Sought(…)"


def count(indexes: Sequence[Index]) -> PersonRange:
    """Distinct persons over all these indexes. Raises IndexEpochsError when they are not of one epoch.

    One pass groups rows by their traits. Groups in which person and NIR agree are settled; the few others, and NIRs
    that go with several persons, are looked at id by id. A settled group rests on 128 bits, as ids do: one half of
    the traits, and one number in which person and NIR are mixed.
    """
    rows = _joined(indexes)
    person, number = pl.col("person_a"), pl.col("number_a")
    mark = (person * pl.lit(_MIX, pl.UInt64) + number.fill_null(0)).fill_null(0)
    groups = (
        rows.group_by("traits_a")
        .agg(mark.min().alias("least"), mark.max().alias("most"), number.max())
        .filter(pl.col("traits_a").is_not_null())
        .collect(engine="streaming")
    )
    agreed = (pl.col("least") == pl.col("most")) & (pl.col("least") > 0)
    settled, others = groups.filter(agreed), groups.filter(~agreed)["traits_a"]
    some = rows.filter(pl.col("traits_a").is_in(others.implode()) | pl.col("traits_a").is_null())
    doubtful = some.select(*TRAITS, *PERSON, *NUMBER).collect()
    named = doubtful.filter(pl.col("traits_a").is_not_null())
    pairs = named.select("traits_a", "number_a").unique()["number_a"]
    numbers = pl.concat([settled["number_a"], pairs]).drop_nulls().sort()
    links = _linked(_where(rows, "number_a", numbers.filter(numbers == numbers.shift(1)).unique()))
    high = settled.height + _persons(doubtful)
    low = settled.height + named.select(TRAITS).n_unique() - links.height + links["group"].n_unique()
    return PersonRange(max(low, min(high, 1)), high)


def overlap(a: Sequence[Index], b: Sequence[Index]) -> PersonRange:
    """Distinct persons who are both in one of `a` and in one of `b`. Raises IndexEpochsError.

    Low: who has the same id on both sides. High: who may be the same by traits or NIR, and rows that may be anyone's.
    """
    rows = _joined([*a, *b])
    sides = [_tuples(_joined(side)) for side in (a, b)]
    known = rows.filter(pl.col("traits_a").is_not_null() & pl.col("number_a").is_not_null())
    pairs = known.select(*TRAITS, *NUMBER).unique().collect(engine="streaming")
    links = _linked(_where(pairs.lazy(), "number_a", pairs.filter(pairs["number_a"].is_duplicated())["number_a"]))
    named, unnamed = [], 0
    for side in sides:
        with_group = side.join(links, on=TRAITS, how="left").with_columns(
            # A person whom no NIR links to others is a group alone, named by the traits.
            pl.when(pl.col("group").is_null()).then(pl.col("traits_a")).alias("alone_a"),
            pl.when(pl.col("group").is_null()).then(pl.col("traits_b")).alias("alone_b"),
        )
        named.append(with_group.filter(pl.col("traits_a").is_not_null()))
        unnamed += int(side.filter(pl.col("traits_a").is_null())["rows"].sum())
    mine, theirs = named
    sure = mine.filter(pl.col("person_a").is_not_null()).join(theirs, on=PERSON, how="semi")
    low = sure.select(_GROUP).n_unique()
    high = min(
        _persons(one.join(other, on=_GROUP, how="semi", nulls_equal=True))
        for one, other in ((mine, theirs), (theirs, mine))
    )
    most = min(count(a).high, count(b).high)
    return PersonRange(low, min(high + unnamed, most))


def find(indexes: Sequence[Index], sought: Sought, key: IndexKey) -> pl.DataFrame:
    """Rows that may be this person's: `index` (position in `indexes`), `_file`, `_row`, `matched`.

    `matched`, the best of: strict; traits (the place of birth is missing on one side); number; elsewhere (the traits,
    but born in another place: perhaps somebody else); sample, phone and email, which others may share.

    Raises:
        IndexKeyWrongError: an index was made with another key, which would find nobody.
        IndexNothingSoughtError: no id can be made of what was given.
    """
    for index in indexes:
        if index.header.key_check != key.check:
            raise IndexKeyWrongError(epoch=index.header.epoch, given=key.epoch)
    found = [_found(index, sought, key, place) for place, index in enumerate(indexes)]
    return pl.concat(found) if found else pl.DataFrame(schema=FOUND)


def by(indexes: Sequence[Index], column: Breakdown, *, small: int = SMALL) -> pl.DataFrame:
    """`column`, `persons` (when in doubt two) and `rows`, sorted by `column`; who is in two cells counts in both.

    Cells of fewer than `small` persons are null, and so are the next smallest, until what is missing from the total
    is at least two cells and `small` persons. With `small=0` everything is shown: for the DPO's own use.
    """
    rows = _joined(indexes)
    nobody = pl.col("person_a").is_null()
    cells = (
        rows.group_by(column, *PERSON)
        .agg(pl.len().alias("rows"))
        .group_by(column)
        .agg(pl.when(nobody).then(pl.col("rows")).otherwise(1).sum().alias("persons"), pl.col("rows").sum())
        .collect(engine="streaming")
        .sort("persons", column)
    )
    hidden, missing = 0, 0
    for persons in cells["persons"]:
        if persons >= small and (hidden == 0 or (hidden > 1 and missing >= small)):
            break
        hidden, missing = hidden + 1, missing + persons
    shown = pl.int_range(pl.len()) >= hidden
    return cells.with_columns(pl.when(shown).then(pl.col(name)).alias(name) for name in ("persons", "rows")).sort(
        column
    )


def _joined(indexes: Sequence[Index]) -> pl.LazyFrame:
    """The rows of all, which must be of one epoch and made with one key."""
    if len({(index.header.epoch, index.header.key_check) for index in indexes}) > 1:
        raise IndexEpochsError(epochs=", ".join(sorted({index.header.epoch for index in indexes})))
    return pl.concat([index.rows for index in indexes]) if indexes else pl.LazyFrame(schema=SCHEMA)


def _where(rows: pl.LazyFrame, column: str, values: pl.Series) -> pl.LazyFrame:
    """The rows that have one of these values; no row is read when there are none."""
    return rows.filter(pl.col(column).is_in(values.implode())) if values.len() else rows.clear()


def _persons(rows: pl.DataFrame) -> int:
    """Distinct persons of rows; each row without a person is one by itself (`rows` says of how many, if there)."""
    alone = rows.filter(pl.col("person_a").is_null())
    others = alone["rows"].sum() if "rows" in alone.columns else alone.height
    return rows.filter(pl.col("person_a").is_not_null()).select(PERSON).n_unique() + int(others)


def _tuples(rows: pl.LazyFrame) -> pl.DataFrame:
    """The different persons, traits and NIRs of rows, and of how many `rows`."""
    return rows.group_by(*PERSON, *TRAITS).agg(pl.len().alias("rows")).collect(engine="streaming")


def _linked(rows: pl.LazyFrame) -> pl.DataFrame:
    """The traits of rows that a NIR links to others, with the number of their `group`: who may be one person."""
    known = rows.filter(pl.col("traits_a").is_not_null() & pl.col("number_a").is_not_null())
    edges = known.select(*TRAITS, *NUMBER).unique().collect()
    edges = edges.with_columns(pl.struct(TRAITS).rank("dense").alias("group"))
    while edges.height:
        lower = edges.with_columns(pl.col("group").min().over(NUMBER)).with_columns(pl.col("group").min().over(TRAITS))
        if lower["group"].equals(edges["group"]):
            break
        edges = lower
    return edges.select(*TRAITS, "group").unique()


def _found(index: Index, sought: Sought, key: IndexKey, place: int) -> pl.DataFrame:
    """Matches in one index, with its position."""
    given = {name: [value] for name, value in vars(sought).items() if name != "sex" or "sex" in index.header.columns}
    dates = {"birth_date": pl.Date()}
    frame = pl.DataFrame(given, schema={name: dates.get(name, pl.String()) for name in given})
    ids = key.ids(texts_of(frame)).row(0, named=True)

    def same(kind: str, column: str | None = None) -> pl.Expr:
        pair = zip(halves(column or kind), halves(kind), strict=True)
        return pl.all_horizontal(pl.col(mine) == pl.lit(ids[theirs], pl.UInt64) for mine, theirs in pair)

    if all(value is None for value in ids.values()):
        raise IndexNothingSoughtError
    placed = (pl.col("tier") == WHOLE) & pl.lit(ids["strict_a"] is not None)
    matched = (
        pl.when(same("strict", "person") & (pl.col("tier") == WHOLE))
        .then(pl.lit("strict"))
        .when(same("traits") & ~placed)
        .then(pl.lit("traits"))
        .when(same("number"))
        .then(pl.lit("number"))
        .when(same("traits"))
        .then(pl.lit("elsewhere"))
    )
    for channel in ("sample", "phone", "email"):
        matched = matched.when(same(channel)).then(pl.lit(channel))
    rows = index.rows.select(pl.lit(place, pl.UInt32).alias("index"), "_file", "_row", matched.alias("matched"))
    return rows.filter(pl.col("matched").is_not_null()).collect(engine="streaming").sort("_file", "_row")
