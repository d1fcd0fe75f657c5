"""The reference data that comes with Scellé is whole and fits together."""

from pathlib import Path

import polars as pl
import pytest

from scelle.records import reference
from scelle.records.errors import ReferenceDamagedError
from scelle.records.reference import load_reference


def test_eighteen_agencies_cover_the_departments_that_have_one() -> None:
    known = load_reference()
    assert known.agencies.height == 18
    assert set(known.agency_of.values()) == set(known.agencies["id"])
    idf = [code for code, agency in known.agency_of.items() if agency == "ars-idf"]
    assert sorted(idf) == ["75", "77", "78", "91", "92", "93", "94", "95"]
    assert {known.agency_of[code] for code in ("971", "977", "978")} == {"ars-guadeloupe"}
    assert known.agency_of["2A"] == "ars-corse"
    assert "987" not in known.agency_of
    assert known.departments.filter(pl.col("agency").is_not_null()).height == 103


def test_communes_have_one_code_each_and_their_department_is_known() -> None:
    known = load_reference()
    assert known.communes["code"].is_unique().all()
    assert set(known.communes["department"]) <= set(known.departments["code"])
    assert known.communes["population"].dtype == pl.UInt32
    paris = known.communes.row(by_predicate=pl.col("code") == "75056", named=True)
    assert "75019" in paris["postcodes"]
    districts = known.communes.filter(pl.col("kind") == "district")
    assert districts.height == 20 + 9 + 16


def test_postcodes_may_span_departments() -> None:
    pairs = load_reference().postcodes
    assert pairs.height > 30_000
    assert pairs.null_count().row(0) == (0, 0, 0)
    assert pairs.filter(pl.col("postcode") == "06260")["department"].n_unique() > 1


def test_loinc_and_funds() -> None:
    known = load_reference()
    kinds = dict(known.loinc.group_by("kind").len().iter_rows())
    assert kinds == {"pcr": 3, "antigen": 1, "serology": 6}
    assert set(known.funds["department"]) == set(known.agency_of)


def test_names_by_decade_and_sex() -> None:
    names = load_reference().first_names
    assert sorted(set(names["since"])) == list(range(1901, 2021, 10))
    assert names.group_by("since", "sex").len()["len"].to_list() == [150] * 24
    assert load_reference().family_names.height == 2_000


def test_a_damaged_installation_says_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "files", lambda _: tmp_path)
    load_reference.cache_clear()
    with pytest.raises(ReferenceDamagedError) as caught:
        load_reference()
    assert caught.value.facts == {"file": "communes.parquet"}
    monkeypatch.undo()
    load_reference.cache_clear()
