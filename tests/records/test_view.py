"""Each recipient gets exactly the rows and columns of its policy; what is left out is counted by reason."""

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from records_rules_kit import PROFILE
from records_views_kit import (
    AGENCIES,
    EVERYTHING,
    INSURER,
    POLICIES,
    REFERENCE,
    RETEST,
    STATISTICS,
    keys,
    population,
    rows,
    truth,
    whole,
)
from scelle.cli.words import LANGS, load
from scelle.records.policy import (
    Policy,
    PolicyMalformedError,
    PolicyUnknownError,
    load_policies,
    parse_policy,
    policy_named,
)
from scelle.records.profile import load_profile
from scelle.records.route import SAID as ROUTED
from scelle.records.view import (
    REASONS,
    SAID,
    SMALL_CELL,
    Explained,
    Recipient,
    ViewError,
    departments_of,
    derive,
    select,
    without_replaced,
)
from scelle.records.withdrawals import SAID as WITHDRAWN

PLACE = ["_file", "_row"]


def view(recipient: Recipient, frame: pl.DataFrame | None = None, explained: Explained | None = None) -> pl.DataFrame:
    given = whole() if frame is None else frame
    policy = POLICIES[recipient.policy]
    return derive(given, recipient, policy, profile=PROFILE, keys=keys(recipient.organisation), explained=explained)


def places(recipient: Recipient) -> set[tuple[int, int]]:
    return set(select(whole(), recipient, POLICIES[recipient.policy]).select(PLACE).iter_rows())


def cases() -> pl.DataFrame:
    """By the words of the domain: positives by PCR or antigen, of rows that are delivered.

    The kind is what the row says, else what its LOINC code says; when neither does, it is called about.
    """
    known = dict(zip(REFERENCE.loinc["code"], REFERENCE.loinc["kind"], strict=True))
    named = pl.when(pl.col("test_kind").is_in(["pcr", "antigen", "serology"])).then("test_kind")
    kind = pl.coalesce(named, pl.col("test_loinc").replace_strict(known, default=None, return_dtype=pl.String))
    called = (pl.col("result") == "P") & (kind.is_in(["pcr", "antigen"]) | kind.is_null())
    return whole().filter(called & (pl.col("_standing") == "deliver"))


def test_every_positive_goes_to_the_insurer_once() -> None:
    expected = set(cases().select(PLACE).iter_rows())
    assert places(INSURER) == expected
    got = view(INSURER)
    assert got.height == len(expected) > 500
    assert got["row_ref"].n_unique() == got.height
    assert set(got["result"]) == {"P"}
    assert "serology" not in set(got["test_kind"])
    reachable = cases().filter(pl.col("phone").is_not_null())
    assert got["phone"].drop_nulls().sort().equals(reachable["phone"].sort())


def test_no_sound_positive_is_kept_from_the_insurer() -> None:
    sound = truth().filter(pl.col("code").is_null() & ~pl.col("planted")).select("_row")
    positive = whole().filter((pl.col("result") == "P") & pl.col("test_kind").is_in(["pcr", "antigen"]))
    expected = set(positive.join(sound, on="_row", how="semi").select(PLACE).iter_rows())
    assert len(expected) > 500
    assert expected <= places(INSURER)


def test_agencies_share_the_cases_between_them() -> None:
    parts = {each.agency: places(each) for each in AGENCIES}
    assert sum(len(part) for part in parts.values()) == len(set().union(*parts.values())) == cases().height
    for agency, part in parts.items():
        mine = cases().filter(pl.col("_agency") == agency)
        assert part == set(mine.select(PLACE).iter_rows())
    idf = select(whole(), AGENCIES[9], POLICIES["agency"])
    assert AGENCIES[9].agency == "ars-idf"
    home = idf.filter(pl.col("_route_reason") == "residence")
    assert set(home["department"]) <= {"75", "77", "78", "91", "92", "93", "94", "95"}


def test_collective_places_go_to_the_agency_of_the_place() -> None:
    frame = rows({"collective_residence": "true", "department": "75", "commune": "69123", "postcode": "69003"})
    got = [each.agency for each in AGENCIES if view(each, frame).height]
    assert got == ["ars-ara"]


def test_retest_gets_what_has_no_result() -> None:
    got = view(RETEST)
    assert set(got["result"]) == {"I", "X"}
    assert places(RETEST).isdisjoint(places(INSURER))
    delivered = whole().filter((pl.col("_standing") == "deliver") & pl.col("result").is_in(["I", "X"]))
    assert got.height == delivered.height


@pytest.mark.parametrize("recipient", [INSURER, AGENCIES[0], RETEST, STATISTICS, EVERYTHING])
def test_no_column_beyond_the_policy(recipient: Recipient) -> None:
    policy = POLICIES[recipient.policy]
    named = [given.name for given in policy.columns] or list(PROFILE.names)
    got = view(recipient)
    assert got.columns == ["row_ref", *named, *(["flags"] if policy.flags else [])]
    for given in policy.columns:
        if given.form is None:
            assert got.schema[given.name] == PROFILE.schema[given.name]


@pytest.mark.parametrize("policy", ["insurer", "agency", "retest", "epidemiology"])
def test_every_column_is_given_or_its_absence_explained(policy: str) -> None:
    told = [name for without in POLICIES[policy].without for name in without.columns]
    given = [each.source for each in POLICIES[policy].columns if each.form != "pseudonym"]
    assert Counter(told + given) == Counter(PROFILE.names)


def test_numbers_are_masked_unless_the_policy_gives_them() -> None:
    frame = rows({}, {"nir": "Dupont 84"}, {"nir": None})
    assert view(INSURER, frame)["nir"].to_list() == ["18412**********", "********", None]
    assert view(EVERYTHING, frame)["nir"].to_list()[0] == "184127645108946"
    hidden = view(INSURER)["nir"].drop_nulls()
    assert hidden.str.contains(r"^(\d{5})?\*+$").all()


def test_flagged_rows_are_delivered_flagged() -> None:
    explained = Explained(INSURER, POLICIES["insurer"])
    got = view(INSURER, rows({}, {"nir": "184127645108900", "phone": "12"}), explained)
    assert got.height == 2
    assert got["flags"][0] is None
    assert set(got["flags"][1].split()) == {"nir.key", "phone.form"}
    assert (explained.rows, explained.flagged) == (2, 1)


def test_each_row_is_sent_or_left_out_for_one_reason() -> None:
    for recipient in (INSURER, RETEST, STATISTICS, EVERYTHING, *AGENCIES):
        explained = Explained(recipient, POLICIES[recipient.policy])
        got = view(recipient, None, explained)
        assert explained.rows == got.height
        assert explained.rows + explained.left_out.total() == whole().height
        assert set(explained.left_out) <= set(REASONS)
        told = explained.told()
        assert told["columns"] == got.columns


def test_held_old_and_withdrawn_rows_are_left_out() -> None:
    explained = Explained(INSURER, POLICIES["insurer"])
    frame = rows(
        {},
        {"birth_name": None, "first_names": None, "nir": None, "birth_date": None},
        {"collection_date": "2020-06-19", "sample_time": "2020-06-19T10:00:00"},
        {},
        {"test_kind": "serology", "test_loinc": "94563-4"},
        {"result": "N"},
        {"test_kind": None},
        {"test_kind": None, "test_loinc": None},
        status=[None, None, None, "W", "F", "C", None, None],
    )
    frame = without_replaced(frame, frame.slice(6, 1).select(PLACE))
    assert view(INSURER, frame, explained).height == 2
    expected = ("held", "past-retention", "taken-back", "replaced", "serology", "not-positive")
    assert explained.left_out == dict.fromkeys(expected, 1)
    assert explained.earliest == date(2020, 9, 10)
    assert explained.kept_until == date(2020, 12, 10)


def test_positives_from_2021_are_kept_longer() -> None:
    day = {"collection_date": "2021-02-28", "sample_time": "2021-02-28T10:00:00", "received_date": "2021-03-01"}
    frame = rows({**day, "result": "P"})
    explained = Explained(EVERYTHING, POLICIES["all"])
    view(EVERYTHING, frame, explained)
    assert explained.kept_until == date(2021, 8, 28)
    view(EVERYTHING, rows({**day, "result": "N"}), explained)
    assert (explained.earliest, explained.kept_until) == (date(2021, 2, 28), date(2021, 5, 28))


def test_unsettled_rows_still_reach_the_insurer() -> None:
    frame = rows({"department": "99", "commune": "99109", "postcode": None}, {})
    explained = Explained(INSURER, POLICIES["insurer"])
    assert view(INSURER, frame, explained).height == 2
    assert explained.unsettled == 1
    assert [each.agency for each in AGENCIES if view(each, frame.head(1)).height] == ["ars-idf"]


def test_desks_of_an_insurer_by_fund() -> None:
    paris = Recipient("cnam/paris", "insurer", departments=departments_of(["cpam-75"], REFERENCE))
    codes = [code for code in REFERENCE.departments["code"] if code != "75"]
    others = Recipient("cnam/others", "insurer", departments=tuple(codes), unplaced=True)
    one, two = places(paris), places(others)
    assert not one & two
    assert one | two == places(INSURER)
    nowhere = rows({"department": "99", "commune": "99109", "postcode": None, "lab_finess": None})
    assert (view(paris, nowhere).height, view(others, nowhere).height) == (0, 1)


def test_statistics_hold_no_identity_and_no_small_cell() -> None:
    explained = Explained(STATISTICS, POLICIES["epidemiology"])
    got = view(STATISTICS, None, explained)
    cells = got.group_by("week", "age_band", "sex", "department").agg(pl.col("person").n_unique())
    assert got.height > 0
    assert cells["person"].min() >= 5  # type: ignore[operator]
    assert explained.left_out[SMALL_CELL] == whole().filter(pl.col("_standing") == "deliver").height - got.height
    assert set(got["week"].dt.weekday()) == {1}
    assert got["age_band"].drop_nulls().str.contains(r"^(\d?0-\d?9|90\+)$").all()
    identities = whole().select("birth_name", "nir", "phone", "email", "sample_id").unpivot()["value"].drop_nulls()
    texts = got.select(pl.col(pl.String)).unpivot()["value"].drop_nulls()
    assert not texts.is_in(identities.implode()).any()


def test_age_is_that_at_collection() -> None:
    policy = POLICIES["epidemiology"]
    born = {
        "1984-09-10": "30-39",
        "1980-09-10": "40-49",
        "1980-09-11": "30-39",
        "1900-01-01": "90+",
        "2021-01-01": None,
    }
    frame = rows(*({"birth_date": day} for day in born))
    given = [derive(frame[n], STATISTICS, _open(policy.name), profile=PROFILE, keys=keys("spf")) for n in range(5)]
    assert [each["age_band"][0] for each in given] == list(born.values())


def _open(name: str) -> Policy:
    return replace(POLICIES[name], cells=None)


def test_pseudonyms_follow_a_person_and_differ_between_recipients() -> None:
    policy = _open("epidemiology")
    frame = rows(
        {}, {"birth_name": "DUPONT", "first_names": "jean pierre"}, {"first_names": "Jean-Pierre"}, {"sex": None}
    )
    mine = derive(frame, STATISTICS, policy, profile=PROFILE, keys=keys("spf"))["person"]
    later = derive(frame, STATISTICS, policy, profile=PROFILE, keys=keys("spf", "b2"))["person"]
    theirs = derive(frame, STATISTICS, policy, profile=PROFILE, keys=keys("other"))["person"]
    assert mine[0] == mine[2] != mine[1]
    assert mine.equals(later)
    assert set(mine).isdisjoint(theirs)


def test_batches_give_the_same_as_the_whole() -> None:
    parts = pl.concat([view(INSURER, part) for part in population()])
    assert parts.equals(view(INSURER))


def test_recipients_that_cannot_get_a_view_are_refused() -> None:
    wrong = [
        (Recipient("ars-idf/cases", "agency"), PROFILE),
        (Recipient("ars-idf/cases", "agency", agency="ars-nowhere"), PROFILE),
        (Recipient("cnam/x", "insurer", departments=("20",)), PROFILE),
        (Recipient("cnam/x", "epidemiology", format="fhir"), PROFILE),
        (Recipient("cnam/x", "insurer", format="doc"), PROFILE),  # type: ignore[arg-type]
        (Recipient("cnam/x", "insurer"), load_profile("generic")),
    ]
    for recipient, profile in wrong:
        with pytest.raises(ViewError):
            recipient.must_fit(POLICIES[recipient.policy], profile, REFERENCE)
    for recipient in (INSURER, *AGENCIES, RETEST, STATISTICS, EVERYTHING):
        recipient.must_fit(POLICIES[recipient.policy], PROFILE, REFERENCE)
    with pytest.raises(ViewError):
        departments_of(["cpam-xx"], REFERENCE)


def test_only_the_wider_view_needs_a_second_signature() -> None:
    assert {name for name, policy in POLICIES.items() if policy.needs_cosign} == {"all"}
    with pytest.raises(PolicyUnknownError):
        policy_named(POLICIES, "everything")


GOOD = 'name = "x"\nfr = "x"\nen = "x"\nrows = ["case"]\ncolumns = ["sex", "person"]\n'


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        GOOD.replace('"case"', '"cases"'),
        GOOD.replace('"sex", "person"', '"sex", "*"'),
        GOOD.replace('"sex", "person"', '"sex", "sex"'),
        GOOD.replace('"sex", "person"', ""),
        GOOD.replace('name = "x"', "name = 3"),
        GOOD + "wider = 1",
        GOOD + "colour = 1",
        GOOD + "[forms]\nnir = { as = 'masked' }",
        GOOD + "[forms]\nsex = { as = 'shredded' }",
        GOOD + "[forms]\nsex = 3",
        GOOD + "[cells]\nby = ['sex']\nleast = 1",
        GOOD + "[cells]\nby = ['age']\nleast = 5",
        GOOD + "without = [3]",
        GOOD + "[[without]]\ncolumns = ['nir']\nfr = 'x'",
    ],
)
def test_malformed_policies_are_refused(text: str) -> None:
    parse_policy(GOOD, file="good.toml")
    with pytest.raises(PolicyMalformedError):
        parse_policy(text, file="bad.toml")


def test_policies_of_a_folder_come_over_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    (tmp_path / "insurer.toml").write_text(GOOD.replace('"x"', '"insurer"', 1))
    policies = load_policies(tmp_path)
    assert [given.name for given in policies["insurer"].columns] == ["sex", "person"]
    assert {"x", "all"} <= policies.keys()
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(PolicyMalformedError):
        load_policies(tmp_path)


def test_every_reason_has_its_words() -> None:
    for lang in LANGS:
        words = load(lang, "view")
        assert {*SAID.values(), *ROUTED.values(), *WITHDRAWN.values()} <= words.keys()
