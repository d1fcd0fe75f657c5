"""A correction is told to whoever got the row, and to nobody else."""

from collections.abc import Mapping, Sequence

import polars as pl

from records_rules_kit import PROFILE
from records_views_kit import AGENCIES, EVERYTHING, INSURER, MASTER, POLICIES, RETEST, keys, rows
from scelle.records.markers import sample_key
from scelle.records.view import Recipient, select
from scelle.records.withdrawals import SENT, seen, sent, withdraw

KEY = sample_key(MASTER)
IDF = next(each for each in AGENCIES if each.agency == "ars-idf")
PACA = next(each for each in AGENCIES if each.agency == "ars-paca")
NOTHING = pl.DataFrame(schema=SENT)
MARSEILLE = {"department": "13", "commune": "13055", "postcode": "13001"}


def taken(frame: pl.DataFrame, batch: str, *recipients: Recipient) -> pl.DataFrame:
    return pl.concat(
        [
            sent(
                select(frame, each, POLICIES[each.policy]),
                PROFILE,
                batch=batch,
                organisation=each.organisation,
                row_key=keys(each.organisation, batch).rows,
                sample_key=KEY,
            )
            for each in recipients
        ]
    )


def correction(
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    *recipients: Recipient,
    status: Sequence[str] | None = None,
    addressed: Sequence[Recipient] | None = None,
) -> dict[str, list[str]]:
    """Organisation → reasons, when the second batch corrects the first."""
    first, second = rows(before), rows(after, status=status)
    previous = taken(first, "b1", *recipients)
    asked = recipients if addressed is None else tuple(addressed)
    now = taken(second, "b2", *asked) if asked else NOTHING
    organisations = [each.organisation for each in asked]
    told = withdraw(previous, seen=seen(second, PROFILE, KEY), sent=now, addressed=organisations)
    for organisation, listed in told.items():
        mine = previous.filter(pl.col("organisation") == organisation)
        assert listed["row_ref"].to_list() == mine["row_ref"].to_list()
        assert set(listed["batch"]) == {"b1"}
    return {organisation: listed["reason"].to_list() for organisation, listed in told.items()}


def test_a_positive_that_is_none_is_withdrawn() -> None:
    told = correction({}, {"result": "N"}, INSURER, IDF, PACA, RETEST)
    assert told == {"cnam": ["corrected"], "ars-idf": ["corrected"]}


def test_who_is_not_addressed_this_time_is_told_too() -> None:
    assert correction({}, {"result": "N"}, INSURER, addressed=[]) == {"cnam": ["corrected"]}
    assert correction({}, {}, INSURER, addressed=[]) == {}
    assert correction({"result": "N"}, {"result": "N"}, EVERYTHING, addressed=[]) == {}


def test_a_row_that_moves_is_withdrawn_where_it_was() -> None:
    assert correction({}, MARSEILLE, INSURER, IDF, PACA) == {"ars-idf": ["moved"]}


def test_a_result_taken_back() -> None:
    assert correction({}, {}, INSURER, status=["W"]) == {"cnam": ["taken-back"]}


def test_what_stands_is_not_withdrawn() -> None:
    assert correction({}, {"phone": "0699999999"}, INSURER, IDF) == {}
    assert correction({}, {"sample_id": "S2", "result": "N"}, INSURER) == {}
    assert correction({}, {"lab_finess": "130000009", "result": "N"}, INSURER) == {}
    assert correction({}, {"result": "N"}, EVERYTHING) == {}
    assert correction({}, {"result": "N", "sample_id": None}, INSURER) == {}


def test_a_retest_that_has_its_result() -> None:
    assert correction({"result": "I"}, {"result": "P"}, RETEST, INSURER) == {"ap-hp": ["corrected"]}


def test_corrected_within_a_batch_after_it_left() -> None:
    frame = rows({}, {"result": "N", "result_time": "2020-09-11T09:00:00"})
    now = taken(frame, "b2", INSURER, IDF, PACA)
    replaced = frame.head(1).select("_file", "_row")
    told = withdraw(
        NOTHING, seen=seen(frame, PROFILE, KEY), sent=now, addressed=["cnam", "ars-idf", "ars-paca"], replaced=replaced
    )
    assert {organisation: listed["reason"].to_list() for organisation, listed in told.items()} == {
        "cnam": ["corrected"],
        "ars-idf": ["corrected"],
    }
    assert told["cnam"]["row_ref"].to_list() == now.filter(pl.col("organisation") == "cnam")["row_ref"].to_list()


def test_what_is_kept_tells_nothing_of_the_sample() -> None:
    kept = taken(rows({}), "b1", INSURER)
    assert "S1" not in str(kept.rows())
    assert kept.schema == pl.Schema(SENT)
