"""Profiles are data: what comes with Scellé is sound, a file given by path serves, and errors name line and key."""

from pathlib import Path

import polars as pl
import pytest

from scelle.records.errors import ProfileMalformedError, ProfileUnknownError
from scelle.records.profile import categories, known_profiles, load_profile, parse_profile

MINE = """\
name = "visits"
version = 2
others = "keep"

[meaning]
fr = "Visites"
en = "Visits"

[[column]]
name = "patient"
type = "text"
fr = "Patient"
en = "Patient"
identity = "direct"
subject = "patient"

[[column]]
name = "way"
type = "code"
fr = "Moyen"
en = "Way"
[column.codes]
phone = { fr = "téléphone", en = "phone", synonyms = ["TEL"] }
visit = { fr = "visite", en = "visit" }
"""


def test_screening_result_is_what_the_design_says() -> None:
    profile = load_profile("screening-result/1")
    assert profile == load_profile("screening-result")
    assert (profile.id, len(profile.columns)) == ("screening-result/1", 35)
    assert profile.identifying("strict") == ("birth_name", "first_names", "sex", "birth_date", "birth_place")
    assert profile.contacts("phone") == ("phone",)
    assert profile.schema["sample_time"] == pl.Datetime("us")
    assert profile.sample == "sample_id"
    retention = profile.retention
    assert retention is not None
    assert (profile.collected, retention.months) == ("collection_date", 3)
    assert [(case.values, case.months, case.since) for case in retention.longer] == [(("P",), 6, "2021-01-01")]
    assert dict(profile.column("nir_kind").synonyms)["1.2.250.1.213.1.4.10"] == "test"
    assert profile.with_others(["more"]) is profile


@pytest.mark.parametrize("name", known_profiles())
def test_every_profile_here_is_sound(name: str) -> None:
    profile = load_profile(name)
    assert profile.id == name
    for column in profile.columns:
        assert column.category in categories()
        assert (column.type == "code") == bool(column.codes)
        assert set(column.codes) == set(dict(column.synonyms).values())


def test_a_file_by_path_serves_without_code(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    profile = load_profile(str(path))
    assert profile == load_profile(path)
    assert (profile.id, profile.names, profile.retention) == ("visits/2", ("patient", "way"), None)
    assert profile.collected is None
    assert dict(profile.column("way").synonyms) == {"PHONE": "phone", "TEL": "phone", "VISIT": "visit"}
    wider = profile.with_others(["way", "note", "note"])
    assert wider.names == ("patient", "way", "note")
    assert wider.column("note").category == "autres"


@pytest.mark.parametrize("name", ["nothing", "screening-result/2", "no/such/file.toml", "\0.toml"])
def test_unknown(name: str) -> None:
    with pytest.raises(ProfileUnknownError) as caught:
        load_profile(name)
    assert caught.value.facts["profile"] == name


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('name = "visits"', "name = visits", 1, ""),
        ('name = "visits"', 'name = "Visits"', 1, "name"),
        ("version = 2", "version = true", 2, "version"),
        ("version = 2", "version = 0", 2, "version"),
        ("version = 2\n", "", 0, "version"),
        ('others = "keep"', 'others = "lose"', 3, "others"),
        ('others = "keep"', 'sample = "none"', 3, "sample"),
        ('others = "keep"', "colour = 1", 3, "colour"),
        ('fr = "Visites"', "fr = 3", 6, "fr"),
        ('name = "patient"', 'name = "Patient!"', 10, "name"),
        ('type = "text"', 'type = "string"', 11, "type"),
        ('identity = "direct"', 'identity = "secret"', 14, "identity"),
        ('identity = "direct"', 'category = "secret"', 14, "category"),
        ('subject = "patient"', 'aliases = ["way"]', 17, "aliases"),
        ('subject = "patient"', "aliases = [1]", 15, "aliases"),
        ('subject = "patient"', "codes = {}", 15, "codes"),
        ('name = "way"', 'name = "patient"', 18, "name"),
        ('en = "Way"', 'en = "Way"\nwhat = 1', 22, "what"),
        ('["TEL"]', '["visit"]', 24, "codes.visit"),
        ('["TEL"]', '"TEL"', 17, "synonyms"),
        ('others = "keep"', 'retention = { collected = "way", months = 3, source = "me" }', 0, "retention.collected"),
    ],
)
def test_errors_name_line_and_key(old: str, new: str, line: int, key: str) -> None:
    with pytest.raises(ProfileMalformedError) as caught:
        parse_profile(MINE.replace(old, new, 1), "mine.toml")
    facts = caught.value.facts
    assert (facts["file"], facts["line"], facts["key"]) == ("mine.toml", line, key), facts["why"]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'name = "x"\nversion = 1 # \xe9')
    with pytest.raises(ProfileMalformedError) as caught:
        load_profile(path)
    assert caught.value.facts["line"] == 2
