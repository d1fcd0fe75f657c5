"""Counts against the truth and against a plain model; overlaps, requests of persons, and breakdowns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, reduce
from operator import or_
from typing import Any

import polars as pl
import pytest

from records_index_kit import KEY, OTHER, index_of, index_of_rows
from records_kit import generated
from records_rules_kit import PROFILE
from scelle.records.index import Index, build
from scelle.records.index_queries import (
    IndexEpochsError,
    IndexKeyWrongError,
    IndexNothingSoughtError,
    PersonRange,
    Sought,
    by,
    count,
    find,
    overlap,
)
from scelle.records.normalise import normalise


@cache
def people(dirty: float = 0.1, missing: float = 0.1) -> tuple[pl.DataFrame, pl.Series]:
    """Typed rows, and who each is in truth."""
    made = generated(6_000, dirty=dirty, missing=missing)
    frame = normalise(made.frame, PROFILE).frame
    return frame, frame.join(made.truth.unique("_row"), on="_row", how="left", maintain_order="left")["person"]


def model(rows: Sequence[Mapping[str, Any]]) -> PersonRange:
    """The range by its definition, row by row."""
    known = [r for r in rows if r["traits_a"] is not None]
    parent: dict[Any, Any] = {}

    def top(node: Any) -> Any:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for row in known:
        traits = ("t", row["traits_a"], row["traits_b"])
        top(traits)
        if row["number_a"] is not None:
            parent[top(traits)] = top(("n", row["number_a"], row["number_b"]))
    low = len({top(("t", r["traits_a"], r["traits_b"])) for r in known})
    persons = {(r["person_a"], r["person_b"]) for r in rows if r["person_a"] is not None}
    high = len(persons) + sum(r["person_a"] is None for r in rows)
    return PersonRange(max(low, min(1, high)), high)


def test_whole_traits_are_counted_exactly() -> None:
    frame, truth = people(0.0, 0.0)
    assert frame.height > truth.n_unique()
    assert count([index_of(frame)]) == PersonRange(truth.n_unique(), truth.n_unique())


@pytest.mark.parametrize(("dirty", "missing"), [(0.0, 0.03), (0.1, 0.1), (0.5, 0.3)])
def test_the_true_number_is_in_the_range(dirty: float, missing: float) -> None:
    frame, truth = people(dirty, missing)
    found = count([index_of(frame)])
    assert found.low <= truth.n_unique() <= found.high
    assert found == model(build(frame, KEY, PROFILE).rows(named=True))
    assert found.high - found.low < frame.height * max(0.03, dirty)


def test_ten_overlapping_indexes() -> None:
    frame, truth = people()
    parts = [frame["_row"].hash(seed) % 100 < 34 for seed in range(10)]
    found = count([index_of(frame.filter(part)) for part in parts])
    anywhere = reduce(or_, parts)
    assert found.low <= truth.filter(anywhere).n_unique() <= found.high
    assert found == model([row for part in parts for row in build(frame.filter(part), KEY, PROFILE).rows(named=True)])


NO_PLACE: dict[str, str | None] = {"birth_place": None}
NO_NIR: dict[str, str | None] = {"nir": None}
OTHER_NIR: dict[str, str | None] = {"nir": "184127511100179"}
BARE: dict[str, str | None] = {"birth_place": None, "nir": None, "sample_id": None, "phone": None, "email": None}


@pytest.mark.parametrize(
    ("rows", "low", "high"),
    [
        ([{}], 1, 1),
        ([{}, {}], 1, 1),
        ([{}, {"birth_name": "Durand", "nir": None}], 2, 2),
        ([{}, {"birth_name": "Durand"}], 1, 2),  # one NIR and birth date: a slip, or twins under a parent's number
        ([{}, {"birth_place": "75056"}], 1, 2),  # namesakes, or a slip
        ([{}, NO_PLACE], 1, 2),
        ([NO_PLACE, NO_PLACE], 1, 1),  # the NIR tells
        ([{**NO_PLACE, **NO_NIR}, {**NO_PLACE, **NO_NIR}], 1, 1),  # the sample tells
        ([BARE, BARE], 1, 2),
        ([{"sex": "U"}], 1, 1),
        ([{"sex": "U"}, {}], 1, 2),
        ([{"sex": "U"}, {"birth_date": None}], 1, 2),
        # A chain: each two share their traits or their NIR.
        ([{}, {"birth_name": "Durand"}, {"birth_name": "Durand", "nir": None, "birth_place": None}], 1, 3),
        ([{}, OTHER_NIR, {**OTHER_NIR, "birth_name": "Durand"}], 1, 2),
    ],
)
def test_when_in_doubt_two(rows: list[dict[str, str | None]], low: int, high: int) -> None:
    index = index_of_rows(*rows)
    assert count([index]) == PersonRange(low, high)
    assert model(index.rows.collect().rows(named=True)) == PersonRange(low, high)


def test_nobody() -> None:
    assert count([]) == PersonRange(0, 0)
    empty = index_of(people()[0].clear())
    assert count([empty]) == PersonRange(0, 0)
    assert overlap([empty], [index_of_rows({})]) == PersonRange(0, 0)
    assert by([empty], "month").height == 0


def test_a_long_chain_of_numbers_is_one_group() -> None:
    index = index_of_rows({})
    row = index.rows.collect()
    length = 60
    links = pl.int_range(2, 2 + 2 * length, dtype=pl.UInt64, eager=True)
    chain = pl.concat([row] * (2 * length)).with_columns(
        (links // 2).alias("traits_a"), ((links + 1) // 2).alias("number_a"), links.alias("person_a")
    )
    assert count([Index(index.header, chain.lazy())]) == PersonRange(1, 2 * length)


def test_halves_that_agree_by_chance_do_not_settle() -> None:
    index = index_of_rows({}, {"birth_name": "Durand", "nir": "184127511100179"})
    rows = index.rows.collect()
    for half in ("traits_a", "number_a"):
        clash = rows.with_columns(pl.col(half).first())
        assert count([Index(index.header, clash.lazy())]) == PersonRange(2, 2), half


def test_overlap_against_the_truth() -> None:
    frame, truth = people()
    one, other = (frame["_row"].hash(seed) % 100 < 40 for seed in (1, 2))
    a, b = index_of(frame.filter(one)), index_of(frame.filter(other))
    both = len(set(truth.filter(one)) & set(truth.filter(other)))
    found = overlap([a], [b])
    assert found.low <= both <= found.high
    assert found.high - found.low < 0.05 * frame.height
    assert overlap([b], [a]) == found
    whole = overlap([a, b], [a])
    assert whole.low <= count([a]).low
    assert whole.high == count([a]).high


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ([{}], [{}], 1, 1),
        ([{}], [{"birth_name": "Durand", "nir": None}], 0, 0),
        ([{}], [NO_PLACE], 0, 1),
        ([{}], [{"birth_name": "Durand"}], 0, 1),
        ([{}, {"birth_name": "Durand", "nir": None}], [{}], 1, 1),
        ([{}], [{"sex": "U", "nir": None}], 0, 1),
    ],
)
def test_overlap_of_few(one: list[Any], other: list[Any], low: int, high: int) -> None:
    assert overlap([index_of_rows(*one)], [index_of_rows(*other)]) == PersonRange(low, high)


WHO = Sought("DUPONT", "Jean-Pierre", date(1984, 12, 3), "M", "76451", "1841276451089")


def test_a_persons_own_request() -> None:
    rows: list[dict[str, str | None]] = [
        {},
        NO_PLACE,
        {"birth_name": "Durand"},
        {"birth_place": "75056", "nir": None},
        {"birth_name": "Durand", "nir": None},
        {"birth_name": "Petit", "nir": None, "phone": None, "email": None, "sample_id": "S2"},
    ]
    indexes = [index_of_rows(*rows), index_of_rows(*reversed(rows))]
    found = find(indexes, WHO, KEY)
    matches = [(1, "strict"), (2, "traits"), (3, "number"), (4, "elsewhere")]
    assert found.filter(pl.col("index") == 0).select("_row", "matched").rows() == matches
    assert found.filter(pl.col("index") == 1).select("_row", "matched").rows() == [
        (7 - r, m) for r, m in reversed(matches)
    ]
    assert found.columns == ["index", "_file", "_row", "matched"]
    unplaced = find(indexes[:1], Sought("Dupont", "Jean-Pierre", date(1984, 12, 3), "M"), KEY)
    assert unplaced.select("_row", "matched").rows() == [(1, "traits"), (2, "traits"), (4, "traits")]
    by_phone = find(indexes[:1], Sought(phone="+33 6 12 34 56 78"), KEY)
    assert by_phone.select("_row", "matched").rows() == [(row, "phone") for row in (1, 2, 3, 4, 5)]
    assert find(indexes[:1], Sought(sample="s2", email="a.b@example.org"), KEY)["matched"].to_list() == (
        ["email"] * 5 + ["sample"]
    )
    assert find([], WHO, KEY).is_empty()


def test_everybody_finds_themselves_and_nobody_else() -> None:
    frame, truth = people(0.0, 0.03)
    index = index_of(frame)
    asking = frame.with_columns(truth.alias("person")).filter(pl.col("birth_place").is_not_null()).head(40)
    for row in asking.rows(named=True):
        sought = Sought(
            **{name: row[name] for name in ("birth_name", "first_names", "birth_date", "sex", "birth_place")}
        )
        found = find([index], sought, KEY)
        mine = frame.filter(truth == row["person"])
        assert set(found["_row"]) == set(
            mine.filter(pl.col("birth_name").is_not_null() & (pl.col("sex") != "U"))["_row"]
        )


def test_what_find_refuses() -> None:
    index = index_of_rows({})
    with pytest.raises(IndexKeyWrongError) as wrong:
        find([index], WHO, OTHER)
    assert wrong.value.facts == {"epoch": "2020-09", "given": "2020-10"}
    for nothing in (Sought(), Sought(birth_name="Dupont", phone="n/a"), Sought(nir="1841276451089")):
        with pytest.raises(IndexNothingSoughtError):
            find([index], nothing, KEY)
    assert "DUPONT" not in repr(WHO)
    assert "DUPONT" not in str(WHO)


def test_epochs_are_not_joined() -> None:
    one, other = index_of_rows({}), index_of_rows({}, key=OTHER)
    for act in (lambda: count([one, other]), lambda: overlap([one], [other]), lambda: by([one, other], "minor")):
        with pytest.raises(IndexEpochsError) as refused:
            act()
        assert refused.value.facts == {"epochs": "2020-09, 2020-10"}


def test_breakdowns_against_the_truth() -> None:
    frame, truth = people(0.0, 0.0)
    index = index_of(frame)
    cells = frame.select("department").with_columns(truth.alias("person"))
    true = Counter(row["department"] for row in cells.unique().rows(named=True))
    shown = by([index], "department", small=0)
    assert dict(shown.select("department", "persons").rows()) == true
    assert shown["rows"].sum() == frame.height
    guarded = by([index], "department")
    for department, persons, rows in guarded.rows():
        assert persons in (None, true[department])
        assert (persons is None) == (rows is None)
        assert persons is None or persons >= 11
    for column in ("month", "age_band", "minor"):
        assert by([index], column, small=0)["rows"].sum() == frame.height


def test_small_cells_cannot_be_worked_out_from_the_total() -> None:
    def named(number: int, department: str) -> list[dict[str, str | None]]:
        letters = [chr(65 + i // 26) + chr(65 + i % 26) for i in range(number)]
        return [{"birth_name": f"N {department} {x}", "nir": None, "department": department} for x in letters]

    shown = by([index_of_rows(*named(30, "75"), *named(20, "77"), *named(3, "78"))], "department")
    assert shown["persons"].to_list() == [30, None, None]  # one hidden cell would follow from the total
    shown = by([index_of_rows(*named(30, "75"), *named(2, "77"), *named(3, "78"))], "department")
    assert shown["persons"].to_list() == [None, None, None]  # five persons hidden are still few
    shown = by([index_of_rows(*named(30, "75"), *named(8, "77"), *named(9, "78"))], "department")
    assert shown["persons"].to_list() == [30, None, None]
    shown = by([index_of_rows(*named(30, "75"), *named(11, "77"))], "department")
    assert shown["persons"].to_list() == [30, 11]
