"""The frame: what a command raises becomes an exit status and a sentence, and never more than that."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from scelle.cli import catalogue, main
from scelle.cli.grammar import Command, Values
from scelle.cli.session import Result, Session
from scelle.cli.terminal import pairs, safe, table
from scelle.client.connection import FROM_SERVICE
from scelle.exchange.errors import EntryRefusedError

Play = Callable[[Exception | BaseException | Result | None], int]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(outcome: BaseException | Result | None, *argv: str) -> int:
        def act(values: Values, session: Session) -> Result | None:
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(catalogue, "load", lambda name: Command(("lock",), act))
        return main.run(["--lang", "en", "lock", *argv])

    return run


def test_results(play: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    result = Result({"é": 1}, ["one", "two"])
    assert play(result) == 0
    assert capsys.readouterr() == ("one\ntwo\n", "")
    assert play(result, "--json") == 0
    assert capsys.readouterr() == ('{\n  "é": 1\n}\n', "")


def test_a_defect_tells_its_place_and_never_its_text(
    play: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCELLE_DEBUG", raising=False)
    assert play(ValueError("the secret")) == 1
    err = capsys.readouterr().err
    assert "ValueError at test_main.py:" in err
    assert "secret" not in err
    assert "report" in err
    assert play(ValueError("the secret"), "--json") == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "defect"
    assert "secret" not in str(problem)
    monkeypatch.setenv("SCELLE_DEBUG", "1")
    with pytest.raises(ValueError, match="the secret"):
        play(ValueError("the secret"))


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OSError(errno.ENOSPC, "x", "f"), 15, "disk.full"),
        (FileNotFoundError(errno.ENOENT, "x", "f"), 7, "disk.missing"),
        (PermissionError(errno.EACCES, "x", "f"), 14, "disk.denied"),
        (FileExistsError(errno.EEXIST, "x", "f"), 14, "disk.exists"),
        (OSError(errno.EIO, "x", "f"), 14, "disk.failed"),
    ],
)
def test_errors_of_the_system(
    play: Callable[..., int], capsys: pytest.CaptureFixture[str], failure: OSError, status: int, code: str
) -> None:
    assert play(failure, "--json") == status
    problem = json.loads(capsys.readouterr().err)
    assert problem.keys() == {"code", "title", "detail", "hint", "exit"}
    assert (problem["code"], problem["exit"]) == (code, status)
    assert problem["title"]
    assert problem["hint"]


def test_interrupted(play: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert play(KeyboardInterrupt()) == 130
    told = "interrupted; nothing half-done is in place, and the same command can be run again"
    assert capsys.readouterr().err == f"scelle: {told}\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m scelle.cli.main completion bash"
    reader = subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE)
    reader.wait()
    assert reader.stdin is not None
    done = subprocess.run(command.split(), stdout=reader.stdin, stderr=subprocess.PIPE, check=False)
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_frame_imports_nothing_heavy() -> None:
    code = (
        "import sys; from scelle.cli import main; main.run(['--help']); main.run(['lock', '--json']);"
        "heavy = {'httpx2', 'sqlalchemy', 'starlette', 'cryptography', 'rich', 'keyring', 'typer'};"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr == b""


def test_what_the_service_says_is_told_as_its_word(
    play: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    mine = EntryRefusedError(kind="desk.seat", why="the seat is so already")
    assert play(mine) == 21
    assert "stop using this service" in capsys.readouterr().err
    theirs = EntryRefusedError(kind="desk.seat", why="the seat is so already")
    theirs.add_note(FROM_SERVICE)
    assert play(theirs) == 21
    assert capsys.readouterr().err == (
        "scelle: error: the service says: this cannot be entered in the directory: the seat is so already\n"
        "scelle: hint: run the command again; if it stays so, look for an update of scelle or ask the operator\n"
    )


def test_safe() -> None:
    assert safe("Été, naïve “x” – 漢字\u00a0!") == "Été, naïve “x” – 漢字\u00a0!"
    assert safe("\x1b]0;x\x07\r\x9b\u2066\u200b\U000e0041\ud800") == (
        "\\x1b]0;x\\x07\\x0d\\x9b\\u2066\\u200b\\U000e0041\\ud800"
    )


def test_table() -> None:
    assert table(["id", "name"], [["1", "a\tb"], ["1000", ""]]) == ["id    name", "1     a\\x09b", "1000"]


def test_a_table_fits_when_one_column_may_be_shortened() -> None:
    lines = table(["id", "purpose", "state"], [["1" * 8, "p" * 100, "new"], ["2", "short", "opened"]], shorten=1)
    assert [len(line) for line in lines] == [79, 77, 80]
    assert lines[1].count("p") == 61
    assert "p…  new" in lines[1]
    wide = table(["id", "purpose"], [["1", "p" * 100]], shorten=1, width=200)
    assert "p" * 100 in wide[1]
    assert pairs([("a", "x"), ("bcd", "y\n")]) == ["  a    x", "  bcd  y\\n"]
