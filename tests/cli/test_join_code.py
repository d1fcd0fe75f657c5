"""Where an invitation code comes from, and what is said about one that others can see."""

import io
from pathlib import Path

import pytest

from scelle.cli import catalogue
from scelle.cli.grammar import parse
from scelle.cli.joining import _code
from scelle.cli.session import Session
from scelle.cli.terminal import Terminal
from scelle.cli.words import Words


class Somebody(Terminal):
    """A terminal with a person at it, or a pipe."""

    def __init__(self, *, there: bool) -> None:
        super().__init__()
        self.there = there

    @property
    def can_ask(self) -> bool:
        return self.there

    @property
    def binary_in(self) -> io.BytesIO:
        return io.BytesIO(b"from standard input\n")

    def ask_hidden(self, prompt: str) -> str:
        return f"typed after {prompt}"


@pytest.mark.parametrize(
    ("there", "arguments", "code", "noted"),
    [
        (True, [], "typed after Invitation code (not shown):", False),
        (True, ["--code", "-"], "typed after Invitation code (not shown):", False),
        (True, ["--code", "scelle1-x"], "scelle1-x", True),
        (False, ["--code", "scelle1-x"], "scelle1-x", False),
        (False, ["--code", "-"], "from standard input\n", False),
        (False, [], "from standard input\n", False),
    ],
)
def test_codes(capsys: pytest.CaptureFixture[str], there: bool, arguments: list[str], code: str, noted: bool) -> None:
    session = Session(terminal=Somebody(there=there), words=Words("en"), folder=Path("home"))
    values = parse(catalogue.load("join"), ["https://x.example", *arguments])
    assert _code(values, session) == code
    assert ("list of processes" in capsys.readouterr().err) == noted
