"""Rules across rows against plain Python, whatever the batches and parts."""

import random

import polars as pl
import pytest

from records_rules_kit import PROFILE, raw
from scelle.records import across
from scelle.records.across import Across
from scelle.records.normalise import normalise


def nir(order: int) -> str:
    body = f"1841276451{order:03}"
    return f"{body}{97 - int(body) % 97:02}"


def places(rows: list[dict[str, str | None]], size: int) -> dict[str, list[int]]:
    gathered = Across(PROFILE)
    for start in range(0, len(rows), size):
        gathered.add(gathered.keys(normalise(raw(rows[start : start + size]), PROFILE)))
    related = gathered.related()
    found = {**related.rows, "replaced": related.replaced}
    return {code: [at + 1 for at in rows.to_list()] for code, rows in found.items()}


def test_repeats_and_corrections() -> None:
    rows: list[dict[str, str | None]] = [
        {"sample_id": "A", "result": "P"},
        {"sample_id": "B", "result": "P", "result_time": "2020-09-11T08:00:00"},
        {"sample_id": "A", "result": "P"},
        {"sample_id": "B", "result": "N", "result_time": "2020-09-12T08:00:00"},
        {"sample_id": None, "result": "P"},
        {"sample_id": None, "result": "P"},
        {"sample_id": "A", "result": "P", "lab_finess": "010000024"},
        {"sample_id": "C", "result": None},
        {"sample_id": "C", "result": "P"},
        {"sample_id": "D", "result": "N", "result_time": "2020-09-12T08:00:00"},
        {"sample_id": "D", "result": "P", "result_time": "2020-09-11T08:00:00"},
        {"sample_id": "E", "test_kind": "serology", "test_loinc": "94563-4", "result": "P"},
        {"sample_id": "E", "result": "N"},
    ]
    for size in (1, 4, 100):
        found = places(rows, size)
        assert found["sample.duplicate"] == [3]
        assert found["sample.corrected"] == [2, 4, 10, 11]
        assert found["replaced"] == [2, 11]


def test_persons_and_numbers() -> None:
    rows: list[dict[str, str | None]] = [
        {"nir": nir(1), "birth_name": "Dupont"},
        {"nir": nir(1), "birth_name": "DUPONT", "first_names": "jean pierre"},
        {"nir": nir(2), "birth_name": "Dürand", "first_names": "Jean-Pierre, Paul"},
        {"nir": nir(3), "birth_name": "DURAND", "first_names": "JEAN-PIERRE"},
        {"nir": nir(4), "birth_name": "Martin", "birth_place": None},
        {"nir": nir(5), "birth_name": "Martin", "birth_place": None},
        {"nir": nir(6), "birth_name": "Martin"},
        {"nir": nir(7), "birth_name": "Petit", "birth_place": "76540"},
        {"nir": nir(8), "birth_name": "Petit"},
        {"nir": nir(9)[:-1] + "0", "birth_name": "Leroy"},
        {"nir": nir(9), "birth_name": "Leroy"},
        {"nir": nir(1), "birth_name": None},
    ]
    for size in (1, 5, 100):
        found = places(rows, size)
        # Without a comma or hyphen, Pierre is a second given name: another first name, another person.
        assert found["nir.shared"] == [1, 2]
        assert found["person.several-nir"] == [3, 4]


def test_corsica_is_not_the_department_it_is_counted_as() -> None:
    both = [f"1841219004{n:03}" for n in (89,)] + ["184122A004089"]
    keyed = [f"{body}{97 - int(body.replace('2A', '19')) % 97:02}" for body in both]
    rows: list[dict[str, str | None]] = [{"nir": number, "birth_name": f"N{number[5:7]}X"} for number in keyed]
    assert places(rows, 10)["nir.shared"] == []


@pytest.mark.parametrize("part", [7, 4_000_000])
def test_random_rows_against_plain_python(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(across, "PART", part)
    draw = random.Random(part)
    rows: list[dict[str, str | None]] = [
        {
            "sample_id": f"S{draw.randrange(60)}",
            "result": draw.choice("PNIX"),
            "result_time": f"2020-09-1{draw.randrange(5)}T0{draw.randrange(10)}:00:00",
            "nir": nir(draw.randrange(40)),
            "birth_name": draw.choice(["Ahn", "Bey", "Coé"]),
            "birth_date": f"198{draw.randrange(10)}-12-03",
            "birth_place": draw.choice(["76451", "75056", None]),
        }
        for _ in range(120)
    ]
    found = places(rows, 50)
    numbers = range(1, len(rows) + 1)
    by_sample: dict[str | None, list[int]] = {}
    by_nir: dict[str | None, set[object]] = {}
    by_person: dict[object, set[object]] = {}
    for row in rows:
        person = (row["birth_name"], row["birth_date"])
        by_nir.setdefault(row["nir"], set()).add(person)
        if row["birth_place"] is not None:
            by_person.setdefault((*person, row["birth_place"]), set()).add(row["nir"])
    for number, row in zip(numbers, rows, strict=True):
        by_sample.setdefault(row["sample_id"], []).append(number)

    def result(number: int) -> str | None:
        return rows[number - 1]["result"]

    duplicates, corrected, replaced = [], [], []
    for members in by_sample.values():
        duplicates += [n for n in members if result(n) in {result(m) for m in members if m < n}]
        if len({result(n) for n in members}) > 1:
            last = max(members, key=lambda n: (str(rows[n - 1]["result_time"]), n))
            corrected += members
            replaced += [n for n in members if result(n) != result(last)]
    assert found["sample.duplicate"] == sorted(duplicates)
    assert found["sample.corrected"] == sorted(corrected)
    assert found["replaced"] == sorted(replaced)
    shared = [n for n, row in zip(numbers, rows, strict=True) if len(by_nir[row["nir"]]) > 1]
    assert found["nir.shared"] == shared
    keys = [(row["birth_name"], row["birth_date"], row["birth_place"]) for row in rows]
    assert found["person.several-nir"] == [
        n for n, key in zip(numbers, keys, strict=True) if len(by_person.get(key, ())) > 1
    ]


def test_keys_are_compact() -> None:
    gathered = Across(PROFILE)
    gathered.add(gathered.keys(normalise(raw([{"sample_id": f"S{n}"} for n in range(5_000)]), PROFILE)))
    assert sum(frame.estimated_size() for frame in gathered._kept) / 5_000 < 48
    assert not any(frame.schema[name] == pl.String() for frame in gathered._kept for name in frame.columns)
