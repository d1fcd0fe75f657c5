"""What the documentation tells people to type is what the program takes."""

import pytest

from docs_kit import GENERATED, Page, command_lines, pages
from scelle.cli import catalogue
from scelle.cli.grammar import Command, UsageError, parse

WRITTEN = [page for page in pages() if not page.name.startswith(GENERATED)]


def _find(words: list[str]) -> tuple[Command, list[str]] | None:
    """The command that the words name, and what follows its name; None for `--help`, `--version` and groups."""
    if not words or words[0].startswith("-"):
        return None
    double = " ".join(words[:2])
    if double in catalogue.COMMANDS:
        return catalogue.load(double), words[2:]
    if len(words) == 1 and words[0] in catalogue.groups():
        return None
    return catalogue.load(words[0]), words[1:]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_command_lines_in_blocks_are_complete(page: Page) -> None:
    for block in [*page.blocks("console"), *page.blocks("sh"), *page.blocks("")]:
        for words in command_lines(block):
            try:
                found = _find(words)
                if found is not None:
                    parse(*found).check_complete()
            except UsageError as error:
                pytest.fail(f"{page.name}: scelle {' '.join(words)}: {error}")


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_commands_named_in_sentences_exist(page: Page) -> None:
    for code in page.inline():
        for words in command_lines(code) if code.startswith("scelle ") else ():
            try:
                found = _find(words)
                if found is not None:
                    parse(*found)
            except UsageError as error:
                pytest.fail(f"{page.name}: `{code}`: {error}")


def test_every_command_is_shown_in_use() -> None:
    shown = set()
    for page in WRITTEN:
        for block in [*page.blocks("console"), *page.blocks("sh"), *page.blocks("")]:
            for words in command_lines(block):
                found = _find(words)
                if found is not None:
                    shown.add(found[0].name)
    assert set(catalogue.COMMANDS) - shown == set()


def test_command_lines_are_found_as_a_shell_reads_them() -> None:
    block = """
    $ scelle send "my folder" --to a/b \\
        --purpose x   # a comment
    $ cat code.txt | scelle join https://x --code-file -
    $ sudo -u scelle scelle service check --data /srv && scelle whoami > me.txt
    scelle: error: this is what it prints
    Opened by scelle itself
    """
    assert list(command_lines(block)) == [
        ["send", "my folder", "--to", "a/b", "--purpose", "x"],
        ["join", "https://x", "--code-file", "-"],
        ["service", "check", "--data", "/srv"],
        ["whoami"],
    ]
