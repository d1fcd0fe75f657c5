"""Pages lead to one another, and what they say about errors and settings is what the program says."""

import re
from pathlib import Path

import pytest

from docs_kit import ROOT, Page, page, pages
from scelle.app.settings import load_settings
from scelle.base.errors import all_error_classes
from scelle.cli.reference import import_everything
from scelle.records.profile import parse_profile
from scelle.server.service.events import Event

PAGES = pages()
NAMES = {each.name: each for each in PAGES}


def _target(origin: Page, link: str) -> tuple[str, str]:
    """The file that a link on a page leads to, by its path from the root, and the fragment."""
    path, _, fragment = link.partition("#")
    found = (ROOT / origin.name).parent / path if path else ROOT / origin.name
    return found.resolve().relative_to(ROOT).as_posix(), fragment


@pytest.mark.parametrize("origin", PAGES, ids=lambda each: each.name)
def test_links_lead_somewhere(origin: Page) -> None:
    for link in origin.links():
        name, fragment = _target(origin, link)
        assert (ROOT / name).exists(), f"{origin.name}: {link}"
        if fragment:
            assert fragment in NAMES[name].anchors(), f"{origin.name}: {link}"


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), ["docs/index.md"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in NAMES:
            # A link to a folder leads to every page in it.
            waiting += [each for each in NAMES if each not in reached and str(Path(each).parent) == name]
            continue
        reached.add(name)
        waiting += [_target(NAMES[name], link)[0] for link in NAMES[name].links()]
    assert set(NAMES) - reached == {"README.md"} - reached


def test_error_tables_agree_with_the_errors() -> None:
    import_everything()
    known = all_error_classes()
    seen = 0
    for each in PAGES:
        if not each.name.startswith("docs/how-to/"):
            continue
        for row in each.rows():
            code = re.fullmatch(r"`([a-z]+(?:[.-][a-z]+)*)`", row[0])
            if code is None or len(row) != 3 or not row[1].isdigit():
                continue
            seen += 1
            assert code[1] in known, f"{each.name}: {code[1]}"
            assert int(row[1]) == known[code[1]].exit_status, f"{each.name}: {code[1]}"
    assert seen > 20


def test_examples_of_settings_are_read(tmp_path: Path) -> None:
    blocks = [block for each in PAGES for block in each.blocks("toml")]
    profiles = [block for block in blocks if "[[column]]" in block]
    assert profiles
    assert [parse_profile(block, "example").columns for block in profiles]
    assert len(blocks) > len(profiles)
    for number, block in enumerate(block for block in blocks if block not in profiles):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        load_settings(file, {})


def test_the_operators_page_names_no_setting_and_no_event_that_does_not_exist() -> None:
    reference = page("docs/reference/settings.md")
    known = {row[0].strip("`") for row in reference.rows()}
    events = {event.label for event in Event}
    for code in page("docs/how-to/operator.md").inline():
        named = re.fullmatch(r"(?:limits|mail)\.([a-z_]+)|((?:listen|tls|sweep|log|data|public|behind)_[a-z_]+)", code)
        if named is not None and code not in events:
            assert (named[1] or named[2]) in known, code
