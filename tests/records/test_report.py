"""Reports show places and counts, no identity, no small cell; the page needs nothing else."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_rules_kit import NOW, PROFILE, raw
from scelle.records.checked import Checking, Outcome
from scelle.records.reference import load_reference
from scelle.records.report import LEAST, Lang, as_json, departments, guarded, listing, report_words, season, summary
from scelle.records.report_page import page
from scelle.records.report_plots import ticks
from scelle.records.synth import generate

SOURCES = ["semaine <38>.csv", "b.csv"]


def outcome_of(*frames: pl.DataFrame, now: date = NOW) -> Outcome:
    checking = Checking(PROFILE, load_reference(), now=now)
    for frame in frames:
        checking.add(frame)
    return checking.finish()


@pytest.fixture(scope="module")
def generated() -> tuple[pl.DataFrame, Outcome]:
    frame = next(iter(generate(3_000, seed=8, dirty=0.2, start=date(2020, 9, 1), days=60))).frame
    return frame, outcome_of(frame, now=date(2020, 11, 20))


def test_summary() -> None:
    outcome = outcome_of(raw([{}, {"sample_id": "2", "result": None}]), raw([{"sample_id": "3", "phone": "1"}], file=1))
    said = summary(outcome, lang="fr", sources=SOURCES)
    assert (said.rows, said.sound, said.flagged, said.held) == (3, 1, 1, 1)
    lines = {line.code: line for line in said.lines}
    assert lines["result.missing"].places == ("semaine <38>.csv:2",)
    assert lines["result.missing"].holds
    assert lines["phone.form"].places == ("b.csv:1",)
    assert lines["phone.form"].sentence == "un numéro de téléphone ne peut pas être composé"
    assert lines.keys() == {"result.missing", "phone.form"}


def test_listing_names_places_and_codes() -> None:
    outcome = outcome_of(raw([{}, {"sample_id": "2", "result": None, "email": "x"}, {"sample_id": "3", "phone": "1"}]))
    assert listing(outcome, sources=SOURCES).rows() == [("semaine <38>.csv", 2, True, "result.missing email.form")]
    assert listing(outcome, sources=SOURCES, held_only=False)["row"].to_list() == [2, 3]
    assert outcome.rows_with("phone.form")["_row"].to_list() == [3]


def test_json_is_plain_and_whole(generated: tuple[pl.DataFrame, Outcome]) -> None:
    frame, outcome = generated
    found: dict[str, Any] = json.loads(json.dumps(as_json(outcome, sources=SOURCES)))
    assert found["rows"] == frame.height
    assert {each["code"] for each in found["findings"]} == {finding.rule.code for finding in outcome.findings}
    assert all(len(each["examples"]) == min(5, each["count"]) for each in found["findings"])
    assert found["filled"]["phone"] == frame.height - frame["phone"].null_count()
    assert all(count is None or count == 0 or count >= LEAST for count in found["positives"]["departments"].values())


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_shows_no_value_of_a_row(lang: Lang, generated: tuple[pl.DataFrame, Outcome]) -> None:
    frame, outcome = generated
    shown = page(outcome, lang=lang, sources=SOURCES) + json.dumps(as_json(outcome, sources=SOURCES))
    words = set(re.findall(r"[\w@.+-]+", shown))
    for column in ("birth_name", "nir", "phone", "email", "sample_id", "birth_date", "postcode", "prescriber_rpps"):
        values = {value for value in frame[column].drop_nulls().to_list() if len(value) > 4}
        days = {day.isoformat() for day in season(outcome).cells} if column == "birth_date" else set()
        assert not (values - days) & words, column


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_is_well_formed_and_needs_nothing_else(lang: Lang, generated: tuple[pl.DataFrame, Outcome]) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.seen: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)
            assert tag not in {"script", "link", "img", "iframe", "object", "embed"}
            assert not {name for name, _ in attrs} & {"src", "href", "onload", "action"}
            if tag not in {"meta", "br", "rect", "line"}:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in {"rect", "line"}:
                assert self.open.pop() == tag

    text = page(generated[1], lang=lang, sources=SOURCES)
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert {"svg", "table", "h1"} <= reader.seen
    assert not re.search(r"(?:https?:|//|@import|url\((?!#hatch\)))", text)
    assert "semaine &lt;38&gt;.csv" in text
    assert f'lang="{lang}"' in text


def test_an_empty_dataset_has_a_page() -> None:
    text = page(outcome_of(raw([{}]).clear()), lang="en", sources=["a.csv"])
    assert report_words("en")["nothing"] in text
    assert report_words("en")["findings_none"] in text


def test_what_stands_in_the_column_of_departments_is_not_shown() -> None:
    rows: list[dict[str, str | None]] = [{"sample_id": str(n), "department": "Mme Secret"} for n in range(9)]
    outcome = outcome_of(raw(rows))
    assert departments(outcome) == {"": 9}
    assert "Secret" not in page(outcome, lang="fr", sources=SOURCES)


def test_serology_is_no_case_and_dates_that_slip_do_not_stretch_the_season() -> None:
    rows: list[dict[str, str | None]] = [{"sample_id": f"a{n}"} for n in range(9)]
    rows += [{"sample_id": f"b{n}", "test_kind": "serology", "test_loinc": "94563-4"} for n in range(7)]
    rows += [{"sample_id": f"c{n}", "sample_time": "1999-01-01T00:00:00"} for n in range(6)]
    rows += [{"sample_id": f"d{n}", "sample_time": "2099-01-01T00:00:00"} for n in range(6)]
    over = season(outcome_of(raw(rows)))
    assert over.cells == {date(2020, 9, 10): 9}
    assert over.outside == 12
    assert over.step == 1


def test_a_long_season_is_told_by_week() -> None:
    rows: list[dict[str, str | None]] = [
        {"sample_id": f"{day}{n}", "sample_time": f"{day}T08:00:00"}
        for day in ("2020-01-01", "2020-09-10", "2020-09-08")
        for n in range(6)
    ]
    over = season(outcome_of(raw(rows)))
    assert over.step == 7
    assert over.cells[date(2019, 12, 30)] == 6
    assert over.cells[date(2020, 9, 7)] == 12
    assert sum(count or 0 for count in over.cells.values()) == 18


def test_small_cells() -> None:
    assert guarded({"a": 0, "b": 12, "c": 7}) == {"a": 0, "b": 12, "c": 7}
    assert guarded({"a": 3, "b": 12, "c": 7}) == {"a": None, "b": 12, "c": None}
    assert guarded({"a": 1, "b": 1, "c": 7, "d": 9}) == {"a": None, "b": None, "c": None, "d": 9}
    assert guarded({"a": 4}) == {"a": None}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=30))
def test_a_total_does_not_give_small_cells_away(counts: dict[str, int]) -> None:
    shown = guarded(counts)
    hidden = [counts[name] for name, count in shown.items() if count is None]
    assert all(count is None or count == counts[name] for name, count in shown.items())
    assert all(count is None or count == 0 or count >= LEAST for count in shown.values())
    if hidden and any(count for count in shown.values()):
        assert len(hidden) > 1
        assert sum(hidden) >= LEAST


@given(st.integers(0, 10**9))
def test_ticks_are_few_and_reach(most: int) -> None:
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= most
    assert 3 <= len(marks) <= 6
    assert len({b - a for a, b in pairwise(marks)}) == 1


def test_every_word_of_the_page_is_used_in_both_languages() -> None:
    assert report_words("en").keys() == report_words("fr").keys()
    code = files("scelle.records").joinpath("report_page.py").read_text("utf-8")
    used = set(re.findall(r"[\"']([a-z_]+)[\"']", code)) | {"level_error", "level_warning", "level_notice"}
    assert set(report_words("en")) <= used
