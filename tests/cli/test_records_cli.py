"""`scelle records`: what is said of files, and what never is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scelle.cli import main
from scelle.records.policy import load_policies
from scelle.records.profile import load_profile
from scelle.records.rules import all_rules

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def play(*argv: str, lang: str = "en") -> tuple[int, str, str]:
        status = main.run([*argv, "--lang", lang])
        out, err = capsys.readouterr()
        return status, out, err

    return play


def document(run: Run, *argv: str) -> dict[str, Any]:
    status, out, err = run(*argv, "--json")
    assert (status, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def generate(run: Run, *more: str, output: str = "r.csv", people: str = "300") -> dict[str, Any]:
    return document(run, "records", "generate", "--people", people, "--seed", "7", "--output", output, *more)


CHECK = ("records", "check", "--demo", "--now", "2020-09-01")


def test_the_same_seed_gives_the_same_file(run: Run, tmp_path: Path) -> None:
    first = generate(run, "--truth", "t.parquet")
    generate(run, output="again.csv")
    assert (tmp_path / "r.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert first["rows"] == len((tmp_path / "r.csv").read_text("utf-8").splitlines()) - 1
    assert pl.read_parquet(tmp_path / "t.parquet")["_row"].max() == first["rows"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.csv", "r.csv", "t.parquet"]


@pytest.mark.parametrize("form", ["csv", "parquet", "ndjson", "hl7", "fhir"])
def test_every_form_is_read_back(run: Run, form: str) -> None:
    made = generate(run, "--form", form, "--dirty", "0", output="rows", people="60")
    told = document(run, *CHECK, "rows")
    assert told["rows"] == made["rows"]
    assert told["files"][0]["format"].startswith(form)
    assert (told["rejects"], told["held"], told["stops"]) == ([], 0, False)


def test_the_form_is_that_of_the_name(run: Run) -> None:
    assert generate(run, output="r.parquet")["form"] == "parquet"
    assert generate(run, output="r.txt")["form"] == "csv"


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("mine", encoding="utf-8")
    argv = ("records", "generate", "--people", "9", "--seed", "1", "--output")
    status, _, err = run(*argv, "r.csv")
    assert (status, "exists already" in err) == (14, True)
    status, _, err = run(*argv, "new.csv", "--truth", "r.csv")
    assert (status, "exists already" in err) == (14, True)
    generate(run, output="s.csv", people="9")
    status, _, err = run(*CHECK, "s.csv", "--report", "r.csv")
    assert (status, "exists already" in err) == (14, True)
    assert (tmp_path / "r.csv").read_text("utf-8") == "mine"
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (("--people", "many"), 2, "is not a number, as --people needs"),
        (("--people", "0"), 2, "no population can be made so: people"),
        (("--people", "9", "--dirty", "101"), 2, "is not a number, as --dirty needs"),
        (("--people", "9", "--missing", "50"), 2, "no population can be made so: missing"),
        (("--people", "9", "--start", "2020-6-1"), 2, "is not a day, as --start needs"),
        (("--people", "9", "--start", "2020-02-30"), 2, "is not a day, as --start needs"),
    ],
)
def test_populations_that_cannot_be(run: Run, tmp_path: Path, argv: tuple[str, ...], status: int, said: str) -> None:
    found, _, err = run("records", "generate", "--seed", "1", "--output", "r.csv", *argv)
    assert (found, said in err) == (status, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(run: Run) -> None:
    status, _, err = run("records", "generate", "--people", "9", "--seed", "1", "--output", "no/r.csv")
    assert (status, "does not exist" in err) == (7, True)


def test_the_truth_is_what_checking_finds(run: Run, tmp_path: Path) -> None:
    generate(run, "--truth", "t.parquet", "--dirty", "20", people="900")
    truth = pl.read_parquet(tmp_path / "t.parquet").drop_nulls("code")
    planted = dict(truth.group_by(pl.col("code").cast(pl.String)).len().iter_rows())
    found = {each["code"]: each["count"] for each in document(run, *CHECK, "r.csv")["findings"]}
    for code in ("nir.key", "nir.form", "result.missing", "identity.missing", "sample.corrected"):
        assert found[code] >= planted[code] > 0


def test_the_summary_and_the_report_show_no_value(run: Run, tmp_path: Path) -> None:
    generate(run, "--dirty", "30")
    for lang in ("en", "fr"):
        for more in ((), ("--json",)):
            status, out, err = run(*CHECK, "r.csv", "--report", f"{lang}{len(more)}.html", *more, lang=lang)
            assert status == 0
            shown = out + err + (tmp_path / f"{lang}{len(more)}.html").read_text("utf-8")
            rows = pl.read_csv(tmp_path / "r.csv", separator=";", infer_schema=False)
            for column in ("nir", "email", "phone", "sample_id", "address_line"):
                assert not any(value in shown for value in rows[column].drop_nulls())


def test_a_file_with_too_many_held_rows_stops(run: Run, tmp_path: Path) -> None:
    rows = ["nom;prenom;resultat;date_prelevement", *(f"DURAND;LUC;{'P' if i else ''};2020-07-01" for i in range(9))]
    (tmp_path / "r.csv").write_text("\n".join(rows), encoding="utf-8")
    status, out, err = run(*CHECK, "r.csv", "--map", "resultat=result")
    assert status == 11
    assert "more than 5 %" in err
    assert "9 rows:" in out
    assert "can go" not in out
    status, out, err = run(*CHECK, "r.csv", "--map", "resultat=result", "--json")
    assert (status, json.loads(out)["stops"], json.loads(err)["code"]) == (11, True, "records.held-too-many")
    told = document(run, *CHECK, "r.csv", "--map", "resultat=result", "--held-share", "100")
    assert (told["stops"], told["held"]) == (False, 9)


def test_what_cannot_be_read_is_placed(run: Run, tmp_path: Path) -> None:
    lines = [f"{'DURAND' if i != 6 else 'MARTIN;EXTRA'};LUC;1970-01-0{i + 1}" for i in range(9)]
    (tmp_path / "r.csv").write_text("\n".join(["nom;prenom;date_naissance", *lines]), encoding="utf-8")
    status, out, err = run("records", "check", "--dataset", "generic", "r.csv")
    assert (status, err) == (0, "")
    assert "1 part of the files set aside" in out
    assert "r.csv, line 8, column 3: 4 fields instead of 3" in out
    _, out, _ = run("records", "check", "--dataset", "generic", "r.csv", lang="fr")
    assert "r.csv, ligne 8, colonne 3\u00a0: 4 champs au lieu de 3" in out
    told = document(run, "records", "check", "--dataset", "generic", "r.csv")
    assert (told["rejects"][0]["unit"], told["rejects"][0]["number"]) == ("line", 8)
    assert "MARTIN" not in str(told)


def test_several_files_are_named(run: Run) -> None:
    generate(run, "--dirty", "50", output="a.csv")
    generate(run, "--dirty", "50", output="b.csv")
    _, out, _ = run(*CHECK, "a.csv", "b.csv", "--held-share", "100")
    assert " of a.csv" in out
    assert out.count("numbered without the header") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [("nothing", "does not say which column is which"), ("=result", "does not say"), ("x=result", "does not work")],
)
def test_mappings_that_do_not_work(run: Run, text: str, said: str) -> None:
    generate(run, people="9")
    status, _, err = run(*CHECK, "r.csv", "--map", text)
    assert (status, said in err) == (2, True)


def test_files_that_are_no_records(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "other.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    assert [run(*CHECK, name)[0] for name in ("empty", "picture", "other.csv", "absent")] == [6, 6, 6, 14]
    assert run(*CHECK, "other.csv", "--dataset", "nothing")[0] == 7


def test_profiles(run: Run, tmp_path: Path) -> None:
    assert "screening-result/1  Results of screening tests" in run("records", "profiles")[1]
    listed = document(run, "records", "profiles")["profiles"]
    assert {each["profile"] for each in listed} >= {"generic/1", "screening-result/1"}
    _, out, _ = run("records", "profile", "screening-result", lang="fr")
    assert "Nom de naissance" in out
    assert "3 mois à compter de collection_date" in out
    told = document(run, "records", "profile", "screening-result/1")
    assert len(told["columns"]) == 35
    assert told["columns"][3]["codes"]["M"] == {"fr": "masculin", "en": "male"}
    assert document(run, "records", "profile", "generic")["retention"] is None
    assert run("records", "profile", "nothing")[0] == 7
    (tmp_path / "own.toml").write_text("name = 'own'\n", encoding="utf-8")
    assert run("records", "profile", "own.toml")[0] == 6


def test_the_specification_has_the_rules_and_columns_that_the_program_has() -> None:
    text = (Path(__file__).parents[2] / "spec" / "records.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    said = {cells[0].strip("`"): cells[1:] for cells in reversed(rows)}
    for rule in all_rules().values():
        more = (", holds" if rule.holds else "") + (", across rows" if rule.across else "")
        assert said[rule.code] == [rule.level + more, rule.words["en"]]
    for column in load_profile("screening-result/1").columns:
        assert said[column.name][0].partition(":")[0] == column.type
        assert said[column.name][2:] == [column.category, column.meaning["en"]]
    policies = load_policies()
    assert all(f"`{name}`" in text for name in policies)
