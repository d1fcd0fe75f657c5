"""Each rule finds what it is for, spares what is right, and agrees with independent libraries."""

import random
import tomllib
from contextlib import suppress
from datetime import date, timedelta
from importlib.resources import files

import phonenumbers
import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from stdnum import luhn
from stdnum.fr import nir as peer

from records_rules_kit import NOW, PROFILE, checked, codes_of, raw
from scelle.records.checked import Checking, HeldTooManyError, Outcome
from scelle.records.profile import load_profile
from scelle.records.reference import load_reference
from scelle.records.rules import Settings, all_rules, rules_of
from scelle.records.rules.dates import oldest_kept
from scelle.records.synth import generate

CODES = {
    *("nir.form", "nir.key", "nir.sex", "nir.birth", "nir.place", "nir.provisional", "nir.shared", "ins.oid-test"),
    *("ins.traits", "rpps.key", "finess.key", "date.order", "date.future", "date.unreadable", "loinc.kind"),
    *("result.code", "kind.code", "phone.form", "email.form", "postcode.commune", "postcode.department"),
    *("sample.duplicate", "sample.corrected", "person.several-nir", "identity.missing", "result.missing"),
    *("route.missing", "retention.over", "value.unreadable"),
}


def nir(body: str) -> str:
    """A NIR with its right key."""
    return f"{body}{97 - int(body.replace('2A', '19').replace('2B', '18')) % 97:02}"


def test_the_catalogue() -> None:
    assert all_rules().keys() == CODES
    for rule in all_rules().values():
        assert set(rule.needs) <= set(PROFILE.names)
        assert set(rule.columns) <= set(PROFILE.names)
        assert all(not text.endswith(".") and text for text in rule.words.values())
    table = tomllib.loads(files("scelle.records").joinpath("rules/catalogue.toml").read_text("utf-8"))
    assert len(table["rule"]) == len(CODES)
    assert {rule.code for rule in rules_of(PROFILE)} == CODES


def test_a_sound_row_has_no_findings() -> None:
    found = checked([{}])
    assert codes_of(found) == set()
    assert not found.held[0]
    assert found.counts == {}


CORSICAN = {"birth_place": "2A004", "nir": nir("184122A004089")}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"nir": "18412764510894"}, {"nir.form"}),
        ({"nir": "+84127645108946"}, {"nir.form"}),
        ({"nir": "18412764510894x"}, {"nir.form"}),
        ({"nir": "184127645108947"}, {"nir.key"}),
        ({"nir": nir("284127645108")}, {"nir.form"}),
        ({"nir": nir("2841276451089")}, {"nir.sex"}),
        ({"nir": nir("9841276451089")}, {"nir.sex"}),
        ({"nir": nir("1841376451089")}, {"nir.birth"}),
        ({"nir": nir("1851276451089")}, {"nir.birth"}),
        ({"nir": nir("1841176451089")}, {"nir.birth"}),
        ({"nir": nir("1842076451089")}, set()),
        ({"nir": nir("1849976451089")}, set()),
        ({"nir": nir("1844576451089")}, {"nir.birth"}),
        ({"nir": nir("1841200451089")}, {"nir.place"}),
        ({"nir": nir("1841276540089")}, set()),
        ({"nir": nir("1841275101089")}, {"nir.place"}),
        ({"nir": nir("7841276451089")}, {"nir.provisional"}),
        ({"nir_kind": "provisional"}, {"nir.provisional"}),
        ({"nir": None, "ins_status": None}, set()),
        (CORSICAN, set()),
        ({**CORSICAN, "nir": nir("184122B033089")}, {"nir.place"}),
        ({**CORSICAN, "nir": nir("1841219004089")}, {"nir.place"}),
        ({**CORSICAN, "birth_date": "1974-12-03", "nir": nir("1741220004089")}, set()),
        ({**CORSICAN, "nir": nir("1841220004089")}, {"nir.place"}),
        ({"birth_date": "1954-12-03", "birth_place": "92012", "nir": nir("1541275012089")}, set()),
        ({"birth_place": "92012", "nir": nir("1841275012089")}, {"nir.place"}),
        ({"birth_date": "1954-12-03", "birth_place": "99352", "nir": nir("1541291352089")}, set()),
        ({"birth_place": "97105", "nir": nir("1841297105089")}, set()),
        ({"birth_place": "99109", "nir": nir("1841299109089")}, set()),
        ({"birth_place": "97105", "nir": nir("1841297205089")}, {"nir.place"}),
        ({"nir_kind": "test"}, {"ins.oid-test"}),
        ({"birth_place": None}, {"ins.traits"}),
        ({"prescriber_rpps": "10003456787"}, {"rpps.key"}),
        ({"prescriber_rpps": "1000345678"}, {"rpps.key"}),
        ({"lab_finess": "750712185"}, {"finess.key"}),
        ({"lab_finess": "2A0000147"}, set()),
        ({"lab_finess": "2A0000148"}, {"finess.key"}),
        ({"result_time": "2020-09-09T08:00:00"}, {"date.order"}),
        ({"received_date": "2020-09-10"}, {"date.order"}),
        ({"received_date": "2020-09-21"}, {"date.future"}),
        ({"received_date": "demain"}, {"date.unreadable"}),
        ({"symptoms_onset": "1980-01-01"}, {"date.order"}),
        ({"test_loinc": "94558-4"}, {"loinc.kind"}),
        ({"test_loinc": "1-8"}, {"loinc.kind"}),
        ({"test_kind": "rapide"}, {"kind.code"}),
        ({"result": "Z"}, {"result.code"}),
        ({"sex": "Z"}, {"value.unreadable"}),
        ({"phone": "061234"}, {"phone.form"}),
        ({"lab_phone": "061234"}, {"phone.form"}),
        ({"email": "a@@example.org"}, {"email.form"}),
        ({"postcode": "69001"}, {"postcode.commune", "postcode.department"}),
        ({"postcode": "75O11"}, {"postcode.commune", "postcode.department"}),
        ({"postcode": "78400", "commune": "78146"}, {"postcode.department"}),
        ({"department": "2A", "postcode": "20090", "commune": "2A004"}, set()),
        ({"department": "2B", "postcode": "20090", "commune": "2A004"}, {"postcode.department"}),
        ({"department": "971", "postcode": "97100", "commune": "97105"}, set()),
        ({"department": "99", "postcode": "10115", "commune": None}, set()),
        ({"birth_name": None, "ins_status": None}, {"identity.missing"}),
        ({"birth_name": None, "used_name": "Durand", "ins_status": None}, set()),
        ({"first_names": None, "birth_date": None, "nir": None, "ins_status": None}, {"identity.missing"}),
        ({"result": None}, {"result.missing"}),
        ({"department": None, "postcode": None, "commune": None}, {"route.missing"}),
        ({"department": None}, set()),
        ({"department": "Paris", "commune": None}, {"postcode.department"}),
    ],
)
def test_rules(changes: dict[str, str | None], codes: set[str]) -> None:
    assert codes_of(checked([changes])) == codes


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"result": None}, True),
        ({"result": "Z"}, True),
        ({"birth_name": None}, True),
        ({"department": None, "postcode": None, "commune": None}, False),
        ({"department": None, "postcode": None, "commune": None, "lab_finess": None}, True),
        ({"nir": "1", "phone": "1", "email": "x", "birth_date": "?", "test_kind": "?", "sex": "?"}, False),
    ],
)
def test_only_rows_without_identity_result_or_route_are_held(changes: dict[str, str | None], held: bool) -> None:
    assert checked([changes]).held.to_list() == [held]


def test_a_minor_may_be_under_a_parents_nir() -> None:
    child = {"birth_date": "2012-05-06", "representative_name": "Dupont Anne", "nir": nir("2841276451089")}
    assert codes_of(checked([child])) == set()
    assert codes_of(checked([{**child, "representative_name": None}])) == {"nir.sex", "nir.birth"}
    own = {**child, "nir": nir("2120576451089")}
    assert codes_of(checked([own])) == {"nir.sex"}


def test_demonstration_requires_test_identities() -> None:
    found = checked([{}, {"nir_kind": "test"}, {"nir": None, "nir_kind": None}], settings=Settings(demo=True))
    assert found.flags["ins.oid-test"].to_list() == [True, False, False]


def test_retention() -> None:
    dates = ["2020-06-19", "2020-06-20", "2020-09-10"]
    found = checked([{"collection_date": day} for day in dates], now=date(2020, 9, 20))
    assert found.flags["retention.over"].to_list() == [True, False, False]
    rows = [{"collection_date": "2021-01-05", "result": result} for result in "PN"]
    assert checked(rows, now=date(2021, 6, 1)).flags["retention.over"].to_list() == [False, True]
    assert checked(rows, now=date(2021, 7, 6)).flags["retention.over"].to_list() == [True, True]


def test_the_last_day_kept() -> None:
    assert oldest_kept(date(2020, 5, 29), 3) == date(2020, 2, 29)
    assert oldest_kept(date(2020, 5, 31), 3) == date(2020, 3, 1)
    assert oldest_kept(date(2020, 6, 1), 3) == date(2020, 3, 1)
    day = date(2019, 1, 1)
    for _ in range(800):
        kept = oldest_kept(day, 6)
        assert timedelta(days=180) <= day - kept <= timedelta(days=185)
        day += timedelta(days=1)


def test_the_key_of_the_nir_is_that_of_stdnum() -> None:
    draw = random.Random(5)
    bodies = [f"{draw.randrange(10**13):013}" for _ in range(400)]
    bodies += [f"{draw.randrange(10**5):05}{draw.choice(['2A', '2B'])}{draw.randrange(10**6):06}" for _ in range(200)]
    numbers = [f"{body}{draw.randrange(1, 98):02}" for body in bodies] + [nir(body) for body in bodies]
    flags = checked([{"nir": number} for number in numbers]).flags
    for number, form, key in zip(numbers, flags["nir.form"], flags["nir.key"], strict=True):
        assert (not form and not key) == peer.is_valid(number), number


def test_luhn_is_that_of_stdnum() -> None:
    draw = random.Random(6)
    rows = [
        {"prescriber_rpps": f"{draw.randrange(10**11):011}", "lab_finess": f"{draw.randrange(10**9):09}"}
        for _ in range(1500)
    ]
    flags = checked(rows).flags
    for row, rpps, finess in zip(rows, flags["rpps.key"], flags["finess.key"], strict=True):
        assert rpps != luhn.is_valid(row["prescriber_rpps"])
        assert finess != luhn.is_valid(row["lab_finess"])


def test_phones_that_phonenumbers_takes_are_taken() -> None:
    shown = []
    for region in ("FR", "GP", "MQ", "GF", "RE", "YT", "DE", "GB", "US", "BE", "MA"):
        for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            forms = [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
            if region in ("FR", "GP", "MQ", "GF", "RE", "YT"):
                forms.append(phonenumbers.PhoneNumberFormat.NATIONAL)
            shown += [phonenumbers.format_number(number, form) for form in forms]
    shown += ["06.12.34.56.78", "06-12-34-56-78", "0033612345678", "+33 (0)6 12 34 56 78", "tel:+33612345678"]
    flags = checked([{"phone": phone} for phone in shown]).flags["phone.form"]
    assert [phone for phone, bad in zip(shown, flags, strict=True) if bad] == []


def test_phones_that_phonenumbers_refuses_are_refused() -> None:
    shown = [
        "0",
        "1234",
        "061234567",
        "06123456789",
        "0012345678",
        "+3361234567",
        "+33",
        "+",
        "abc",
        "0612345x78",
        "+0612",
    ]
    shown += ["06 12 34 56", "0000000000", "++33612345678"]
    flags = checked([{"phone": phone} for phone in shown]).flags["phone.form"]
    for phone, bad in zip(shown, flags, strict=True):
        assert bad, phone
        with suppress(phonenumbers.NumberParseException):
            assert not phonenumbers.is_valid_number(phonenumbers.parse(phone, "FR")) or phone in LENIENT


LENIENT = {"++33612345678"}
"""What phonenumbers mends."""


@pytest.mark.parametrize(
    "address",
    [
        *("a@b.fr", "jean.dupont@example.org", "o'neil+tag@sub.example.co.uk", "élise@exemple.fr", "a@exämple.de"),
        *("a@b", "@b.fr", "a@", "a b@c.fr", "a@b..fr", ".a@b.fr", "a.@b.fr", "a..b@c.fr", "a@-b.fr", "a@b-.fr"),
        *("a@b.fr.", "a@@b.fr", "a,b@c.fr", "a@b_c.fr", "x" * 64 + "@example.org"),
        *("a@" + "b" * 63 + ".fr", "a@" + "b" * 64 + ".fr", "a(b)@c.fr", "a@b.c1", "a;b@c.fr"),
    ],
)
def test_addresses_are_judged_as_email_validator_does(address: str) -> None:
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
        right = True
    except EmailNotValidError:
        right = False
    assert ("email.form" in codes_of(checked([{"email": address}]))) != right


def test_addresses_that_no_server_takes() -> None:
    for address in ("x" * 65 + "@example.org", "a@b.f", f"{'x' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.fr"):
        assert codes_of(checked([{"email": address}])) == {"email.form"}


def judged(people: int, *, dirty: float) -> tuple[Outcome, pl.DataFrame]:
    checking = Checking(PROFILE, load_reference(), now=date(2020, 11, 20), settings=Settings(demo=True))
    truth = []
    for batch in generate(people, seed=11, start=date(2020, 9, 1), days=40, dirty=dirty, batch_people=8192):
        checking.add(batch.frame)
        truth.append(batch.truth)
    return checking.finish(), pl.concat(truth)


def test_every_planted_fault_is_found_and_no_sound_row_is_held() -> None:
    outcome, truth = judged(20_000, dirty=0.1)
    found = outcome.codes().explode("_codes").select("_row", code="_codes")
    wanted = truth.drop_nulls("code").select("_row", "code")
    missed = wanted.join(found, on=["_row", "code"], how="anti")
    assert missed.is_empty(), missed
    assert wanted["code"].n_unique() == len(CODES - {"ins.oid-test", "value.unreadable"})
    sound = truth.filter(pl.col("code").is_null())
    held = outcome.flagged.filter("_held")
    assert held.join(sound, on="_row", how="semi").is_empty()
    holding = truth.filter(pl.col("code").is_in(["identity.missing", "result.missing", "result.code", "route.missing"]))
    assert held.height == holding["_row"].n_unique() == outcome.held
    # What is found in sound rows is what another row's fault shows of them.
    extra = found.join(truth, on=["_row", "code"], how="anti").join(sound, on="_row", how="semi")
    share = extra.filter(~pl.col("code").is_in(["person.several-nir", "nir.shared"])).height / sound.height
    assert share < 0.001, extra["code"].value_counts()


def test_clean_people_have_next_to_no_findings() -> None:
    outcome, truth = judged(8_000, dirty=0)
    assert outcome.held == 0
    natural = {"nir.shared", "sample.corrected"}
    assert sum(f.count for f in outcome.findings if f.rule.code not in natural) < 0.002 * truth.height


def test_a_file_stops_only_above_its_share_of_held_rows() -> None:
    checking = Checking(PROFILE, load_reference(), now=NOW)
    checking.add(raw([{"sample_id": f"S{n}", "result": None if n < 3 else "P"} for n in range(20)]))
    outcome = checking.finish()
    assert outcome.held == 3
    outcome.must_not_stop(0.15)
    with pytest.raises(HeldTooManyError) as error:
        outcome.must_not_stop(0.1)
    assert error.value.facts == {"held": 3, "rows": 20, "percent": 10}


def test_levels_follow_the_settings() -> None:
    settings = Settings(levels={"rpps.key": "error"})
    checking = Checking(PROFILE, load_reference(), now=NOW, settings=settings)
    checking.add(raw([{"prescriber_rpps": "10003456787"}]))
    found = {finding.rule.code: finding for finding in checking.finish().findings}
    assert found["rpps.key"].rule.level == "error"
    assert found["rpps.key"].count == 1
    assert found["finess.key"].rule.level == "warning"
    assert all_rules()["rpps.key"].level == "warning"


def test_other_profiles_have_the_rules_whose_columns_they_have() -> None:
    generic = load_profile("generic/1")
    checking = Checking(generic, load_reference(), now=NOW)
    frame = raw([{}, {"phone": "1", "birth_date": "?"}, {"birth_name": None}]).select(
        *(name for name in generic.names if name in PROFILE.names), "_file", "_row"
    )
    checking.add(frame)
    found = {finding.rule.code: finding.count for finding in checking.finish().findings if finding.count}
    assert found["phone.form"] == 1
    assert found["date.unreadable"] == 1
    assert "result.missing" not in found


def test_an_empty_dataset() -> None:
    checking = Checking(PROFILE, load_reference(), now=NOW)
    assert checking.finish().rows == 0
    checking = Checking(PROFILE, load_reference(), now=NOW)
    checking.add(raw([{}]).clear())
    outcome = checking.finish()
    assert (outcome.rows, outcome.held, outcome.flagged.height) == (0, 0, 0)
    outcome.must_not_stop()


def test_batches_of_any_size_say_the_same() -> None:
    frame = next(iter(generate(1_500, seed=3, dirty=0.2))).frame
    outcomes = []
    for size in (frame.height, 97):
        checking = Checking(PROFILE, load_reference(), now=NOW)
        parts = [frame.slice(start, size) for start in range(0, frame.height, size)]
        if size < frame.height:
            rows = [batch.frame["_row"] for batch in checking.each(parts)]
            assert pl.concat(rows).equals(frame["_row"])
        else:
            checking.add(frame)
        outcomes.append(checking.finish())
    one, many = outcomes
    assert one.flagged.equals(many.flagged)
    assert one.findings == many.findings
    assert one.filled == many.filled
    assert one.positives.equals(many.positives)
