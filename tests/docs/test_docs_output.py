"""What pages show as printed is what the program prints today: each line comes from one of its sentences."""

import re

import pytest

from docs_kit import Page, pages
from scelle.cli.words import load

SHOWN = [each for each in pages() if each.name.startswith("docs/how-to/")]
ALL_SENTENCES = load("en", "view")
ERRORS = load("en", "errors")


def _pattern(sentence: str) -> str:
    """A regular expression for what a sentence can become; each line of it stands alone."""
    return ".*".join(re.escape(part) for part in re.split(r"\{[^{}]*\}", sentence))


def _patterns() -> "re.Pattern[str]":
    lines = [line for name, text in ALL_SENTENCES.items() if not name.startswith("frame.") for line in text.split("\n")]
    sentences = [line for line in lines if len(re.findall(r"[a-zA-Z]", re.sub(r"\{.*?\}", "", line))) > 3]
    sentences += [f"scelle: error: {sentence}" for sentence, _ in ERRORS.values()]
    sentences += [f"scelle: hint: {advice}" for _, advice in ERRORS.values() if advice]
    # A question is followed by what somebody types.
    return re.compile("|".join(f"(?:{_pattern(each)}{'(?: .*)?' if each.endswith(':') else ''})" for each in sentences))


SENTENCES = _patterns()
LABELS = {text for name, text in ALL_SENTENCES.items() if name.startswith("label.")}
COLUMNS = {text for name, text in ALL_SENTENCES.items() if name.startswith("column.")}


def _is_known(line: str, before: str) -> bool:
    cells = re.split(r" {2,}", line.strip())
    return bool(
        SENTENCES.fullmatch(line.strip())
        or SENTENCES.fullmatch(line)
        or (line.startswith("  ") and cells[0] in LABELS)  # "  label   value"
        or set(cells) <= COLUMNS
        or set(re.split(r" {2,}", before.strip())) <= COLUMNS  # a row under its header, or under another row
        or line.startswith(("scelle1-", "{", "    "))
        or re.fullmatch(r"[a-z0-9/-]+ {2,}\S.*", line)  # an id and what it is called
        or re.match(r"  (?:[a-z0-9-]+/[a-z0-9-]+: |ars-[a-z-]+ \d)", line)  # of a desk, of agencies
    )


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_printed_lines_are_sentences_of_the_program(page: Page) -> None:
    unknown = []
    for block in page.blocks("console"):
        before = ""
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ ") or not line.strip():
                before = ""
                continue
            if not _is_known(line, before):
                unknown.append(line)
            if set(re.split(r" {2,}", line.strip())) <= COLUMNS:
                before = line
    assert unknown == []


def test_the_patterns_do_not_take_anything() -> None:
    for line in ("Sent as parcel eo2cjo2f.", "frozen: everything", "scelle: error: no such thing", "Password:"):
        assert not _is_known(line, "")
    assert _is_known("Sent as transfer eo2cjo2f.", "")
