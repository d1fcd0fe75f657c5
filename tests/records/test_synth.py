"""Generated people are consistent, the same for a seed, and their faults are where the truth says."""

import hashlib
import os
import subprocess
import sys
from datetime import date
from typing import Any

import polars as pl
import pytest
from stdnum import luhn
from stdnum.fr import nir as stdnum_nir

from records_kit import DAYS, NOW, START, generated, typed_frame
from scelle.records.errors import PopulationError
from scelle.records.reference import load_reference
from scelle.records.synth import generate
from scelle.records.synth.draw import key, mixed, whole
from scelle.records.synth.faults import FAULTS
from scelle.records.synth.tables import LABS, PRESCRIBERS, tables
from scelle.records.synth.tables import luhn as check_digit


def all_of(people: int, **options: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    parts = list(generate(people, **options))
    return pl.concat([part.frame for part in parts]), pl.concat([part.truth for part in parts])


def digest(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()


def test_mixing_is_that_of_the_formula() -> None:
    def by_hand(index: int, salt: int) -> int:
        most = 2**64 - 1
        x = (index * 0x9E3779B97F4A7C15 + salt) & most
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & most
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & most
        return x ^ (x >> 31)

    indexes = [0, 1, 2, 2**31, 10**12]
    frame = pl.DataFrame({"n": indexes}, schema={"n": pl.UInt64})
    salt = key(42, "person")
    assert frame.select(mixed(pl.col("n"), salt)).to_series().to_list() == [by_hand(n, salt) for n in indexes]
    assert frame.select(whole(2**63) * whole(2))["literal"][0] == 0


def test_batches_change_nothing() -> None:
    one = all_of(13_001, seed=3, dirty=0.1, batch_people=1)
    two = all_of(13_001, seed=3, dirty=0.1, batch_people=8_192)
    whole_at_once = all_of(13_001, seed=3, dirty=0.1)
    for left, middle, right in zip(one, two, whole_at_once, strict=True):
        assert left.equals(middle)
        assert left.equals(right)
    assert one[0]["_row"].to_list() == list(range(1, one[0].height + 1))
    assert not all_of(13_001, seed=4, dirty=0.1)[0].equals(one[0])


def test_threads_and_versions_change_nothing() -> None:
    """The digest is of this version's output: it changes only when what is generated is meant to change."""
    frame, truth = all_of(3_000, seed=11, dirty=0.1)
    code = (
        "import hashlib\nfrom scelle.records.synth import generate\n"
        "for g in generate(3000, seed=11, dirty=0.1):\n"
        "    print(hashlib.sha256(g.frame.write_csv().encode()).hexdigest())\n"
        "    print(hashlib.sha256(g.truth.write_csv().encode()).hexdigest())\n"
    )
    alone = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "POLARS_MAX_THREADS": "1"}, capture_output=True, check=True
    )
    assert alone.stdout.decode().split() == [digest(frame), digest(truth)]
    assert digest(frame) == "0c12e3c22dc2a30c8566bb9d0d34cb4137f53945dcd078306407e4338be27c96"


def test_everything_is_right_where_nothing_is_planted() -> None:
    frame, truth = generated(6_000).frame, generated(6_000).truth
    assert set(truth["code"].drop_nulls()) == {"sample.corrected", "nir.shared"}
    assert truth["person"].n_unique() == 6_000
    assert 1.02 < frame.height / 6_000 < 1.1
    own = frame.filter(pl.col("nir").is_not_null() & pl.col("representative_name").is_null())
    for row in own.sample(400, seed=1).iter_rows(named=True):
        number = row["nir"]
        assert stdnum_nir.is_valid(number)
        assert number[0] == {"M": "1", "F": "2"}[row["sex"]]
        assert number[1:5] == row["birth_date"][2:4] + row["birth_date"][5:7]
        if row["birth_place"] and row["birth_place"][:2] not in ("2A", "2B"):
            assert number[5:10] == row["birth_place"]
    assert set(frame["nir_kind"].drop_nulls()) == {"test"}
    assert frame["email"].drop_nulls().str.contains(r"^[a-z]+\.[a-z]+\d*@example\.(org|com|net)$").all()
    assert frame["prescriber_rpps"].drop_nulls().map_elements(luhn.is_valid, return_dtype=pl.Boolean).all()


def test_corsicans_have_2a_and_2b_and_20_before_1976() -> None:
    frame, _ = all_of(60_000, seed=5, dirty=0, days=30)
    born = frame.filter(
        pl.col("birth_place").str.starts_with("2A") | pl.col("birth_place").str.starts_with("2B"),
        pl.col("nir").is_not_null(),
        pl.col("representative_name").is_null(),
    )
    young = pl.col("birth_date") >= "1976-01-01"
    assert born.filter(young).height > 20
    assert born.filter(young).select((pl.col("nir").str.slice(5, 5) == pl.col("birth_place")).all()).item()
    assert born.filter(~young).select((pl.col("nir").str.slice(5, 2) == "20").all()).item()
    assert all(stdnum_nir.is_valid(number) for number in born.filter(young)["nir"])


def test_places_fit_together() -> None:
    frame, pairs = generated(6_000).frame, load_reference().postcodes
    placed = frame.drop_nulls(["postcode", "commune"])
    assert placed.join(pairs, on=["postcode", "commune", "department"], how="anti").is_empty()
    assert set(frame["department"]) <= set(load_reference().agency_of)
    born = frame["birth_place"].drop_nulls()
    known = set(load_reference().communes["code"]) | set(load_reference().countries["code"])
    assert set(born) <= known


def test_dates_follow_each_other_and_codes_fit() -> None:
    frame = typed_frame(6_000)
    order = frame.select(
        (pl.col("birth_date") <= pl.col("collection_date")).all().alias("birth"),
        (pl.col("sample_time").dt.date() == pl.col("collection_date")).all().alias("collected"),
        (pl.col("sample_time") < pl.col("result_time")).all().alias("result"),
        (pl.col("result_time").dt.date() <= pl.col("received_date")).all().alias("received"),
        (pl.col("received_date") <= NOW).all().alias("now"),
        (pl.col("collection_date") >= START).all().alias("start"),
        (pl.col("symptoms_onset") <= pl.col("collection_date")).all().alias("onset"),
    )
    assert order.row(0) == (True,) * 7, order
    kinds = frame.select(code="test_loinc", kind="test_kind").unique()
    assert kinds.join(load_reference().loinc, on=["code", "kind"], how="anti").is_empty()
    assert set(frame["result"]) == {"P", "N", "I", "X"}
    assert 0.06 < (frame["result"] == "P").mean() < 0.12  # type: ignore[operator]
    assert frame["collection_date"].n_unique() >= DAYS


def test_households_share_and_children_are_under_a_parent() -> None:
    frame = generated(6_000, missing=0.0).frame
    truth = generated(6_000, missing=0.0).truth.select("_row", "person").unique()
    rows = frame.join(truth, on="_row")
    children = rows.filter(pl.col("representative_name").is_not_null())
    parents = rows.filter(pl.col("representative_name").is_null()).select(
        "nir",
        birth="birth_date",
        parent="person",
        name=pl.concat_str("birth_name", pl.lit(" "), "first_names"),
        home=pl.concat_str("address_line", "postcode"),
    )
    under = children.join(parents.unique("parent"), on="nir")
    assert 0.5 < under["person"].n_unique() / children["person"].n_unique() < 0.7
    mine = under.filter(pl.col("name") == pl.col("representative_name"))
    assert mine["person"].n_unique() / under["person"].n_unique() > 0.99
    assert (mine["home"] == mine["address_line"] + mine["postcode"]).all()
    assert (
        mine["birth_date"].str.slice(0, 4).cast(pl.Int32) - mine["birth"].str.slice(0, 4).cast(pl.Int32) >= 17
    ).all()
    shared = rows.group_by("phone").agg(pl.col("person").n_unique())
    assert (shared["person"] > 1).sum() > 500


def test_repeats_keep_the_person_and_corrections_the_sample() -> None:
    frame, truth = generated(6_000).frame, generated(6_000).truth
    rows = frame.join(truth.select("_row", "person", "test").unique(), on="_row")
    again = rows.filter(pl.col("test") > 0)
    assert again.height > 150
    traits = ("birth_name", "first_names", "birth_date", "nir", "phone", "address_line")
    for name in traits:
        assert rows.group_by("person").agg(pl.col(name).n_unique())[name].max() == 1
    corrected = rows.join(truth.filter(pl.col("code") == "sample.corrected"), on="_row", how="semi")
    samples = corrected.sort("_row").group_by("sample_id", maintain_order=True).agg("result", "result_time", "_row")
    assert samples.height > 5
    for results, times in zip(samples["result"], samples["result_time"], strict=True):
        assert len(results) == 2
        assert results[0] != results[1]
        assert times[0] < times[1]
    assert rows.group_by("sample_id").len().filter(pl.col("len") > 1).height == samples.height


def test_every_fault_is_planted_and_changes_what_it_says() -> None:
    parts = generated(20_000, dirty=0.25)
    frame, truth = parts.frame, parts.truth
    assert set(truth["code"].drop_nulls()) == {*FAULTS, "sample.corrected"}
    planted = truth.filter("planted")
    assert 0.2 < planted["_row"].n_unique() / frame.height < 0.26

    def of(code: str) -> pl.DataFrame:
        return frame.join(planted.filter(pl.col("code") == code), on="_row", how="semi")

    sound = truth.filter(pl.col("code").is_null(), ~pl.col("planted"))
    assert frame.join(sound, on="_row", how="semi").filter(pl.col("result").is_null()).is_empty()
    assert all(len(number) == 12 for number in of("nir.form")["nir"])
    assert not any(stdnum_nir.is_valid(number) for number in of("nir.key")["nir"])
    for code in ("nir.sex", "nir.birth", "nir.provisional"):
        assert all(int(stdnum_nir.calc_check_digits(n[:13])) == int(n[13:]) for n in of(code)["nir"]), code
    assert set(of("nir.provisional")["nir"].str.slice(0, 1)) == {"7", "8"}
    assert of("rpps.key")["prescriber_rpps"].str.len_chars().unique().to_list() == [11]
    assert not any(luhn.is_valid(number) for number in of("rpps.key")["prescriber_rpps"])
    assert (of("date.order")["result_time"] < of("date.order")["sample_time"]).all()
    assert (of("date.future")["received_date"] > "2099").all()
    assert set(of("result.code")["result"]) == {"Z"}
    assert of("result.missing")["result"].null_count() == of("result.missing").height
    assert of("identity.missing")["birth_name"].null_count() == of("identity.missing").height
    assert of("retention.over")["collection_date"].str.slice(0, 4).unique().to_list() == ["2016"]
    copies = of("sample.duplicate").drop("_row")
    assert frame.drop("_row").is_duplicated().sum() == 2 * copies.height
    pairs = load_reference().postcodes
    wrong = of("postcode.commune")
    assert wrong.join(pairs, on=["postcode", "commune"], how="semi").is_empty()
    wrong = of("postcode.department")
    assert wrong.join(pairs, on=["postcode", "department"], how="semi").is_empty()


def test_professionals_have_valid_numbers() -> None:
    made = tables()
    assert made.labs.height == len(made.departments) * LABS
    assert made.labs["finess"].is_unique().all()
    assert made.prescribers.height == len(made.departments) * PRESCRIBERS
    assert made.prescribers["rpps"].is_unique().all()
    assert all(luhn.is_valid(number) for number in made.prescribers["rpps"])
    assert set(made.labs["finess"].str.len_chars()) == {9}
    digits = made.labs.filter(~pl.col("finess").str.contains("[AB]"))
    assert all(luhn.is_valid(number) for number in digits["finess"])
    assert check_digit("2A000001") == check_digit("21000001")


@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("people", {"people": 0}),
        ("people", {"people": 10**9}),
        ("dirty", {"dirty": 1.5}),
        ("days", {"days": 0}),
        ("start", {"start": date(1800, 1, 1)}),
        ("missing", {"missing": -0.1}),
    ],
)
def test_numbers_out_of_range_are_refused(what: str, options: dict[str, Any]) -> None:
    with pytest.raises(PopulationError) as caught:
        generate(**{"people": 10, "seed": 1, **options})
    assert caught.value.facts["what"] == what


@pytest.mark.parametrize("people", [1, 2, 3, 5])
def test_a_handful(people: int) -> None:
    frame, truth = all_of(people, seed=2, dirty=1.0)
    assert truth["person"].n_unique() == people
    assert frame.height == truth["_row"].n_unique()
