"""Rows go to the agency of where people live, or of their collective place; nobody goes to all."""

import polars as pl
import pytest

from records_views_kit import REFERENCE, ROUTER, rows, whole
from scelle.records.profile import load_profile
from scelle.records.route import REASONS, route, unsettled

NOWHERE = {"department": None, "postcode": None, "commune": None}


@pytest.mark.parametrize(
    ("change", "department", "agency", "reason"),
    [
        ({}, "75", "ars-idf", "residence"),
        ({"department": "2B", "commune": "2B033", "postcode": "20200"}, "2B", "ars-corse", "residence"),
        ({"department": "977"}, "977", "ars-guadeloupe", "residence"),
        ({"department": "976"}, "976", "ars-mayotte", "residence"),
        ({"department": None, "commune": "13055"}, "13", "ars-paca", "residence-commune"),
        ({"department": "xx", "commune": "97411"}, "974", "ars-reunion", "residence-commune"),
        ({"department": None, "commune": None, "postcode": "20000"}, "2A", "ars-corse", "residence-postcode"),
        ({"department": None, "commune": None, "postcode": "97133"}, "977", "ars-guadeloupe", "residence-postcode"),
        (
            {"department": None, "commune": None, "postcode": "33 000"},
            "33",
            "ars-nouvelle-aquitaine",
            "residence-postcode",
        ),
        (
            {"collective_residence": "true", "commune": "69123", "postcode": "69003"},
            "69",
            "ars-ara",
            "collective-place",
        ),
        ({"collective_residence": "true", "commune": None, "postcode": None}, "75", "ars-idf", "residence"),
        (
            {"department": "99", "commune": "99109", "postcode": None, "lab_finess": "590000000"},
            "59",
            "ars-hdf",
            "abroad",
        ),
        ({"department": "987", "lab_finess": "130000000"}, "13", "ars-paca", "no-agency"),
        ({**NOWHERE, "lab_finess": "2A0000000"}, "2A", "ars-corse", "unknown"),
        ({**NOWHERE, "lab_finess": "972000000"}, "972", "ars-martinique", "unknown"),
        ({**NOWHERE, "lab_finess": None}, None, None, "unknown"),
    ],
)
def test_where_a_row_goes(change: dict[str, str | None], department: str, agency: str, reason: str) -> None:
    row = rows(change).row(0, named=True)
    assert (row["_department"], row["_agency"], row["_route_reason"]) == (department, agency, reason)
    assert row["_settled"] == (reason in REASONS[:4])


def test_every_department_with_an_agency_is_routed_to_it() -> None:
    codes = REFERENCE.departments["code"]
    frame = pl.DataFrame({"department": codes, "_file": pl.Series([0] * codes.len(), dtype=pl.UInt16)})
    routed = route(frame, REFERENCE)
    known = routed.filter("_settled")
    assert dict(zip(known["department"], known["_agency"], strict=True)) == REFERENCE.agency_of
    assert known["_agency"].n_unique() == 18
    assert set(routed.filter(~pl.col("_settled"))["_route_reason"]) == {"no-agency"}


def test_a_population_has_one_agency_a_row() -> None:
    frame = whole()
    assert frame.filter(pl.col("_agency").is_null() & (pl.col("_standing") != "held")).height == 0
    home = frame.filter(pl.col("_route_reason") == "residence")
    expected = home["department"].replace_strict(REFERENCE.agency_of)
    assert home["_agency"].cast(pl.String).equals(expected.alias("_agency"))
    listed = unsettled(frame)
    assert listed.height == frame.filter(~pl.col("_settled")).height > 0


def test_batches_without_these_columns_are_unknown() -> None:
    assert not load_profile("generic").has("department")
    frame = ROUTER.route(pl.DataFrame({"a": ["x", "y"]}))
    assert frame["_route_reason"].to_list() == ["unknown", "unknown"]
    assert ROUTER.route(frame.clear().select("a")).height == 0
