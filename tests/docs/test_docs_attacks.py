"""docs/attacks.md cites tests that exist, and says what is not tested."""

import re

from docs_kit import ROOT, page

PAGE = page("docs/attacks.md")
CITED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_cited_tests_exist() -> None:
    cited = CITED.findall(PAGE.text)
    assert len(cited) > 50
    for path, name in cited:
        file = ROOT / path
        assert file.exists(), path
        assert re.search(rf"^(?:async )?def {name}\(", file.read_text("utf-8"), re.MULTILINE), f"{path}::{name}"


def test_every_attack_has_a_property_and_a_test_or_says_that_it_has_none() -> None:
    rows = [row for row in PAGE.rows() if len(row) == 3 and row[0] != "attack" and set(row[0]) - set("-:")]
    assert len(rows) > 40
    for attack, stopped_by, shown_by in rows:
        assert stopped_by, attack
        assert CITED.search(shown_by) or shown_by.startswith("not tested yet"), attack


def test_no_test_is_spelled_otherwise() -> None:
    named = re.findall(r"test_\w+(?!\.py)\b", PAGE.text)
    files = {name.removesuffix(".py") for name in re.findall(r"test_\w+\.py", PAGE.text)}
    assert {name for name in named if name not in files} <= {name for _, name in CITED.findall(PAGE.text)}
