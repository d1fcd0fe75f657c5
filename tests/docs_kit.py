"""The documentation as tests read it: pages, their code blocks, command lines, links and headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

GENERATED = "docs/reference/"
"""Pages made from the program by `make reference`; they hold synopses, not command lines."""

_FENCE = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_OPERATORS = frozenset("|&;<>()")


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `name` is its path from the root of the project."""

    name: str
    text: str

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks of a language (empty: those without one)."""
        return [found[2] for found in _FENCE.finditer(self.text) if found[1] == language]

    def inline(self) -> list[str]:
        """The pieces of code within sentences."""
        return [" ".join(found.split()) for found in _INLINE.findall(self.prose)]

    def links(self) -> list[str]:
        """Where links lead, except to the web."""
        found = _LINK.findall(_INLINE.sub("", self.prose))
        return [target for target in found if not target.startswith(("http://", "https://", "mailto:"))]

    def anchors(self) -> set[str]:
        """The fragments that lead to headings, spelled as forges spell them."""
        titles = (re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()) for title in _HEADING.findall(self.prose))
        return {title.strip().replace(" ", "-") for title in titles}

    def rows(self) -> Iterator[list[str]]:
        """Every row of every table, cell by cell."""
        for line in self.prose.splitlines():
            if line.startswith("|"):
                yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def pages() -> list[Page]:
    """README.md and everything below docs/ and spec/."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "spec").rglob("*.md"))]
    return [Page(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]


def page(name: str) -> Page:
    """One page by its path from the root."""
    return Page(name, (ROOT / name).read_text("utf-8"))


def command_lines(block: str) -> Iterator[list[str]]:
    """The words after `scelle` of every command in a block, as a shell would hand them over.

    In a block with prompts (`$ `) the other lines are what commands print; without, a command line begins with
    `scelle` or `sudo`. Lines may go on after a backslash; commands may be joined by pipes.
    """
    lines = block.replace("\\\n", " ").splitlines()
    prompted = [line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ ")]
    for line in prompted or [line.strip() for line in lines if re.match(r"\s*(scelle|sudo) ", line)]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        simple: list[list[str]] = [[]]
        for word in lexer:
            if set(word) <= _OPERATORS:
                simple.append([])
            else:
                simple[-1].append(word)
        for words in simple:
            if words[:2] == ["sudo", "-u"]:
                del words[:3]
            if words[:1] == ["scelle"]:
                yield words[1:]
