"""`scelle index`: what indexes answer, and that a search for a person is written down without saying whom."""

import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exchange_kit import TRANSFER
from records_kit import SCREENING, typed_frame
from scelle.app.randomness import draw
from scelle.base.ids import KeyId, OrgId
from scelle.cli import main
from scelle.cli.index import FIND_LOG
from scelle.cli.terminal import Terminal
from scelle.client.dpo import INDEX_PREFIX
from scelle.client.home import Home, HomeConfig
from scelle.client.received import OpenedCopy, keep_copy
from scelle.client.vault import Vault
from scelle.records.blind import IndexKey
from scelle.records.index import IndexWriter

KEY = IndexKey("2020-09", bytes(range(32)))
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    Home.prepare(folder)
    Vault.create(folder, None, draw=draw).put(INDEX_PREFIX + KEY.epoch, KEY.key)
    config = HomeConfig(service="https://x", origin="x", organisation=OrgId("aphp"), key=KeyId("a" * 32))
    Home(folder, config).save(config)
    return folder


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def play(*argv: str, given: str = "", lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setattr(Terminal, "binary_in", io.BytesIO(given.encode()))
        status = main.run(["index", *argv, "--home", str(home), "--lang", lang])
        out, err = capsys.readouterr()
        return status, out, err

    return play


def write(folder: Path, *frames: pl.DataFrame, batch: str = "b1", key: IndexKey = KEY) -> str:
    folder.mkdir()
    writer = IndexWriter(key, SCREENING, batch=batch, transfers=("t1",), created=1_600_000_000)
    pieces = [piece for frame in frames for piece in writer.feed(frame)]
    for name, data in [*pieces, *writer.finish()]:
        (folder / name).write_bytes(data)
    return str(folder)


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    rows = typed_frame(900)
    half, more = rows.height // 2, 100
    first = write(tmp_path / "a", rows.head(half + more))
    return first, write(tmp_path / "b", rows.tail(rows.height - half), batch="b2")


def person(rows: pl.DataFrame) -> dict[str, Any]:
    names = ("birth_name", "first_names", "birth_date", "sex", "birth_place")
    row = rows.drop_nulls(names).filter(pl.col("sex") != "U").row(0, named=True)
    return {name: str(row[name]) for name in names}


def test_count_and_overlap(run: Run, two: Sequence[str]) -> None:
    status, out, err = run("count", *two, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert 800 < told["low"] <= told["high"] < 1000
    assert [each["batch"] for each in told["indexes"]] == ["b1", "b2"]
    assert "distinct persons" in run("count", *two)[1]
    assert json.loads(run("count", two[0], two[0], "--json")[1])["rows"] < told["rows"]  # each batch once
    status, out, _ = run("overlap", *two, "--json")
    assert 50 < json.loads(out)["low"] <= json.loads(out)["high"] < 300
    assert "They are in both indexes." in run("overlap", *two)[1]
    assert "Elles sont dans l’un et l’autre index." in run("overlap", *two, lang="fr")[1]


@pytest.mark.parametrize("fact", ["department", "month", "age-band", "minor"])
def test_count_by_a_fact_hides_small_cells(run: Run, two: Sequence[str], fact: str) -> None:
    status, out, _ = run("count", *two, "--by", fact)
    assert status == 0
    assert "persons at most" in out
    told = json.loads(run("count", *two, "--by", fact, "--json")[1])
    assert all(cell["persons"] is None or cell["persons"] >= told["least"] for cell in told["cells"])
    assert ("fewer than 11" in out) == any(cell["persons"] is None for cell in told["cells"])


def test_find_answers_and_is_written_down(run: Run, home: Path, two: Sequence[str]) -> None:
    sought = person(typed_frame(900))
    status, out, err = run("find", *two, "--request", "2026-17", given=json.dumps(sought), lang="en")
    assert status == 0
    assert "may be this person's" in out
    assert "all strict traits" in out
    assert FIND_LOG in err
    nobody = {**sought, "birth_name": "Personne", "sex": "f "}
    status, out, _ = run("find", *two, "--request", "2026-18", "--json", given=json.dumps(nobody))
    assert (status, json.loads(out)["rows"]) == (0, [])
    lines = (home / FIND_LOG).read_text("utf-8").splitlines()
    assert [json.loads(line)["request"] for line in lines] == ["2026-17", "2026-18"]
    assert json.loads(lines[0])["batches"] == ["b1", "b2"]
    assert sought["birth_name"] not in "".join(lines)
    assert sought["birth_name"] not in out + err


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "index.person"),
        ("[]", "index.person"),
        ('{"birth_name": 3}', "index.person"),
        ('{"shoe_size": "43"}', "index.person"),
        ('{"birth_date": "3 May"}', "index.person"),
        ('{"birth_name": "' + "x" * 70_000 + '"}', "index.person"),
        ("{}", "index.nothing-sought"),
    ],
)
def test_a_person_that_cannot_be_read_is_not_quoted(
    run: Run, home: Path, two: Sequence[str], given: str, code: str
) -> None:
    status, out, err = run("find", two[0], "--request", "1", "--json", given=given)
    assert (status, out, json.loads(err)["code"]) == (2, "", code)
    assert not any(text in err for text in ("3 May", "43", "xxx"))
    assert not (home / FIND_LOG).exists()


def test_find_asks_at_a_terminal(run: Run, two: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sought = person(typed_frame(900))
    monkeypatch.setattr(Terminal, "can_ask", True)
    asked: list[str] = []

    known = {
        "Birth name:": sought["birth_name"],
        "First names:": sought["first_names"],
        "Birth date, as 1970-01-31:": sought["birth_date"],
        "Sex, M or F:": sought["sex"],
    }

    def answer(self: Terminal, prompt: str) -> str:
        asked.append(prompt)
        return str(known.get(prompt, ""))

    monkeypatch.setattr(Terminal, "ask", answer)
    status, out, _ = run("find", two[0], "--request", "1")
    assert (status, len(asked)) == (0, 9)
    assert "name, first name, birth date, sex" in out


def test_keys(run: Run, home: Path, two: Sequence[str], tmp_path: Path) -> None:
    status, out, _ = run("keys")
    assert status == 0
    assert KEY.check in out
    assert KEY.key.hex() not in run("keys", "--json")[1]
    other = write(tmp_path / "other", typed_frame(900), batch="b3", key=IndexKey("2020-10", bytes(32)))
    status, _, err = run("find", other, "--request", "1", "--json", given="{}")
    assert (status, json.loads(err)["code"]) == (20, "index.key-missing")
    status, _, err = run("count", two[0], other, "--json")
    assert json.loads(err)["code"] == "index.epochs"
    Vault.unlock_plain(home, draw=draw).remove(INDEX_PREFIX + KEY.epoch)
    assert "You hold no index key." in run("keys")[1]


def test_an_index_is_named_by_its_transfer(run: Run, home: Path, two: Sequence[str]) -> None:
    transfer = TRANSFER
    copy = OpenedCopy(
        transfer=transfer,
        key=KeyId("a" * 32),
        folder=os.fsencode(two[0]),
        staging="x",
        files=("index.json", "part-00001.parquet"),
        folders=(),
        size=1,
        opened=1_600_000_000,
        receipt=b"{}",
        placed=True,
    )
    keep_copy(Home.open(home), copy)
    assert json.loads(run("count", transfer[:8], "--json")[1]) == json.loads(run("count", two[0], "--json")[1])
    assert run("count", transfer[:3])[0] == 7
    for name in copy.files:
        (Path(two[0]) / name).unlink()
    assert run("count", transfer[:8])[0] == 7


def test_what_is_no_index(run: Run, two: Sequence[str], tmp_path: Path) -> None:
    status, _, err = run("count", "nowhere", "--json")
    assert (status, json.loads(err)["code"]) == (7, "index.not-there")
    (tmp_path / "bare").mkdir()
    status, _, err = run("count", str(tmp_path / "bare"), "--json")
    assert (status, json.loads(err)["code"]) == (6, "index.malformed")
    (Path(two[0]) / "part-00001.parquet").write_bytes(b"nothing")
    assert run("count", two[0])[0] == 6


@pytest.mark.parametrize("epoch", ["2026 q4", "x" * 41, "", "UPPER"])
def test_names_that_no_epoch_has(run: Run, epoch: str) -> None:
    status, _, err = run("issue", epoch, "--output", "key", "--json")
    assert (status, json.loads(err)["code"]) == (2, "index.epoch-name")
