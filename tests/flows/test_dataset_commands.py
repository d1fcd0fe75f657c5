"""`scelle send --dataset`, `cosign` and `records rejects` as they are typed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.parties_kit import DESK, Parties, now
from flows.service_process_kit import running_service
from scelle.base.ids import DeskId
from scelle.cli.main import run
from scelle.client.dpo import issue_index_key, take_index_key
from scelle.client.oversight import desk_add, desk_seat
from scelle.records.synth import generate
from scelle.records.synth.files import write_population


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    folder = tmp_path_factory.mktemp("commands")
    with running_service(folder, sweep_seconds=1) as service:
        found = Parties(folder / "homes", service)
        desk_add(found.alice, DeskId("aphp/dpo"), "Officers")
        desk_seat(found.alice, DeskId("aphp/dpo"), found.alice.me.key, seated=True)
        take_index_key(found.alice, issue_index_key(found.alice, "c1"))
        try:
            yield found
        finally:
            found.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "results.csv"
    start = datetime.fromtimestamp(now(), UTC).date() - timedelta(days=60)
    write_population(generate(400, seed=5, start=start, days=50, dirty=0.05), path, "csv")
    with path.open("ab") as file:
        file.write(b"one;field;too;few\n")
    return path


def scelle(parties: Parties, *words: str | Path, who: str = "Alice") -> int:
    return run([*map(str, words), "--home", str(parties.folder / who), "--lang", "en"])


def test_explain_then_send(parties: Parties, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("send", "--dataset", "screening-result", source, "--to", DESK, "-p", "Results", "--held-share", "50")
    assert scelle(parties, *asked, "--explain") == 0
    told = capsys.readouterr().out
    assert "Nothing was sent." in told
    assert "without birth_place" in told
    assert all(len(line) <= 80 for line in told.splitlines())

    assert scelle(parties, *asked, "--json") == 0
    sent = json.loads(capsys.readouterr().out)
    assert sent["rejected"] == 1
    assert sent["recipients"][0]["desks"] == [DESK]
    assert sent["recipients"][0]["rows"] > 0
    assert sent["index"]["rows"] == sent["recipients"][0]["rows"]

    assert scelle(parties, "records", "rejects", sent["rejects"], "--into", tmp_path / "mend") == 0
    assert (tmp_path / "mend" / "held.csv").exists()
    assert b"one;field;too;few" in (tmp_path / "mend" / "results-rejects.csv").read_bytes()
    capsys.readouterr()

    assert scelle(parties, "open", sent["recipients"][0]["transfer"], "--into", tmp_path / "in", who="Bob") == 0
    assert "view insurer" in capsys.readouterr().out


def test_a_wider_view(parties: Parties, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave = tmp_path / "leave.note"
    wide = ("send", "--dataset", "screening-result", source, "--to", f"{DESK}=all", "-p", "All", "--held-share", "50")
    assert scelle(parties, *wide) == 3 or "needs a legal basis" in capsys.readouterr().err
    what = ("--dataset", "screening-result", "--view", "all", "--to", DESK, "--legal-basis", "CSP")
    assert scelle(parties, "cosign", *what, "--output", leave) == 0
    assert scelle(parties, *wide, "--legal-basis", "CSP", "--cosign", leave, "--no-index") == 0
    captured = capsys.readouterr()
    assert "nobody can say later" in captured.err
    assert "Sent as batch" in captured.out


@pytest.mark.parametrize(
    "words",
    [
        ("send", "x.csv", "--to", DESK, "-p", "x", "--explain"),
        ("send", "x.csv", "--dataset", "screening-result", "-p", "x"),
        ("send", "x.csv", "--dataset", "screening-result", "--to", DESK, "-p", "x", "--collected", "2026-01-01"),
        ("send", "x.csv", "--dataset", "screening-result", "--to", DESK, "-p", "x", "--epoch", "c", "--no-index"),
        ("send", "x.csv", "--dataset", "screening-result", "--to", DESK, "-p", "x", "--map", "a"),
        ("send", "x.csv", "--dataset", "screening-result", "--to", DESK, "-p", "x", "--held-share", "101"),
    ],
)
def test_usage(parties: Parties, words: tuple[str, ...]) -> None:
    assert scelle(parties, *words) == 2
