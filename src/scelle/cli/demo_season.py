"""The season: a dataset of a whole generated population goes to the insurer and to all regional agencies.

`Truth` is what the generator says of its rows, worked out without the code that checks and sends them.
"""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from scelle.app.randomness import draw
from scelle.cli.demo_stage import Member, Ran, Running
from scelle.cli.demo_teller import BrokenOffError, Teller
from scelle.cli.words import SHORT
from scelle.records.reference import load_reference

CODE = re.compile(r"scelle1(?:-?[a-z2-7]+)+")
_AGENCY = "ars-idf"
_EPOCH = "demo-season"
_DAYS = 60  # the season ends two days ago, so that no date is of tomorrow and all are within three months
_SINCE = 62
_SEED = 1
_TOLD = 2  # recipients whose reasons are shown
_STAYS = ("identity.missing", "result.missing", "result.code", "route.missing", "retention.over")
_COLUMNS = ("sample_id", "department", "result", "test_kind", "test_loinc")


@dataclass(frozen=True)
class Truth:
    """The rows that the insurer must get, by the generator. `persons`: how many people these are."""

    cases: pl.DataFrame
    persons: int

    @classmethod
    def read(cls, source: Path, truth: Path) -> "Truth":
        """Positives by PCR or antigen, without those in which a fault was planted that keeps a row back.

        Where the kind of test was made unreadable, its LOINC code says whether it is a serology.
        """
        blood = load_reference().loinc.filter(pl.col("kind") == "serology")["code"].to_list()
        rows = pl.read_csv(source, separator=";", columns=list(_COLUMNS), infer_schema=False, row_index_name="_row")
        told = pl.read_parquet(truth).with_columns(pl.col("code").cast(pl.String))
        stay = told.filter(pl.col("code").is_in(_STAYS), "planted")
        rows = rows.with_columns(pl.col("_row") + 1)
        unnamed = told.filter(pl.col("code") == "kind.code", "planted")["_row"].to_list()
        serology = pl.col("test_loinc").is_in(blood).fill_null(False) & pl.col("_row").is_in(unnamed)
        serology |= pl.col("test_kind") == "serology"
        cases = rows.filter(pl.col("result") == "P", ~serology).join(stay, on="_row", how="anti")
        return cls(cases, told.join(cases, on="_row", how="semi")["person"].n_unique())

    def once_each(self, copy: pl.DataFrame) -> bool:
        """Whether a copy has each of these rows once, and no other."""
        return sorted(self.cases["sample_id"]) == sorted(copy["sample_id"])


def read_copy(folder: Path) -> pl.DataFrame:
    """The rows of an opened copy."""
    return pl.read_parquet(folder / "screening-result-*.parquet", missing_columns="raise")


def explained_rows(output: str, desk: str) -> int | None:
    """The number of rows that the table of views says for a desk."""
    for line in output.splitlines():
        cells = re.split(r" {2,}", line.strip())
        if len(cells) > 2 and (cells[0] == desk or (cells[0][-1:] == "…" and desk.startswith(cells[0][:-1]))):
            return int(re.sub(r"[^0-9]", "", cells[2]) or 0)
    return None


class Season(Teller):
    """The step of the season. `_people`: how many are invented."""

    _people: int
    _url: str
    _aphp: Member
    _cnam: Member
    _ars: Member
    _population: Running

    def _generate(self) -> None:
        """Begin to generate, in the background: it is needed a few steps later."""
        start = datetime.fromtimestamp(self._clock.now(), UTC).date() - timedelta(days=_SINCE)
        self._population = self._stage.begin(
            [
                *("records", "generate", "--people", str(self._people), "--seed", str(_SEED)),
                *("--start", start.isoformat(), "--days", str(_DAYS)),
                *("--output", "saison.csv", "--truth", "verite.parquet"),
            ],
            member=self._aphp,
        )

    def _send_season(self) -> None:
        words = self._words
        agencies = sorted(load_reference().agencies["id"])
        self._step(words("demo.season"), words("demo.season.text", people=self._people, count=len(agencies)))
        self._join_agencies([each for each in agencies if each != _AGENCY])
        officer = self._colleague("dpo", "Hélène Marchand", "recipient,dpo")
        self._run("desk", "add", "dpo", "--title", "DPO", member=self._aphp, brief=True)
        self._run("desk", "add", "dpo", "Hélène Marchand", member=self._aphp, brief=True)
        self._run("index", "issue", _EPOCH, "--output", "saison.index", member=officer)
        self._run("index", "take", "../dpo/saison.index", member=self._aphp)
        generated = self._population.finish()
        self._shown(generated)
        self._must_end(generated)
        sent = self._run(
            *("send", "saison.csv", "--dataset", "screening-result", "--to", "cnam/tracing", "--to-routed"),
            *("--purpose", words("demo.season.purpose"), "--expires", "7d"),
            member=self._aphp,
            shorten=self._likewise,
        )
        self._say(words("demo.season.took", seconds=round(sent.seconds)), indent="   ")
        copies = sum(explained_rows(sent.out, f"{agency}/cases") is not None for agency in agencies)
        self._claim(words("demo.season.copies", count=copies), copies == len(agencies))
        truth = Truth.read(self._aphp.folder / "saison.csv", self._aphp.folder / "verite.parquet")
        insured = self._open_copy(self._cnam, sent, "cnam/tracing")
        self._claim(words("demo.season.once", count=truth.cases.height), truth.once_each(insured))
        regional = self._open_copy(self._ars, sent, f"{_AGENCY}/cases")
        self._claim(words("demo.season.region"), has_only_its_own(regional, insured))
        self._count(officer, truth)

    def _join_agencies(self, agencies: Sequence[str]) -> None:
        words = self._words
        began = time.monotonic()
        last = [self._join_agency(agency) for agency in agencies]
        for ran in last:
            if ran.status:
                self._shown(ran)
        seconds = round(time.monotonic() - began)
        self._claim(words("demo.season.joined", count=len(last), seconds=seconds), not any(ran.status for ran in last))
        if any(ran.status for ran in last):
            raise BrokenOffError

    def _join_agency(self, agency: str) -> Ran:
        """Invite an agency, let it join, and open its desk; the last command that ran."""
        stage, name = self._stage, f"Contact {agency}"
        member = stage.member(agency, "")
        ran = stage.run_here(["service", "invite", "--data", str(stage.data), agency])
        code = CODE.search(ran.out + ran.err)
        if code is None:
            return ran
        for words in (
            (
                *("join", self._url, "--code", code[0], "--name", name, "--email", f"contact@{agency}.example"),
                *("--organisation-name", agency, "--roles", "recipient", "--plaintext-keys"),
            ),
            ("desk", "add", "cases", "--title", "Cases"),
            ("desk", "add", "cases", name),
            ("accept", "--from", "aphp"),
        ):
            ran = stage.run_here(words, member=member)
            if ran.status:
                break
        return ran

    def _likewise(self, output: str) -> str:
        """What `send` printed, with the reasons of two recipients only: those of the agencies are alike."""
        lines = output.splitlines()
        title = self._words("dataset.left-out")
        if title not in lines:
            return output
        begin = lines.index(title) + 1
        end = lines.index("", begin)
        desks = [place for place in range(begin, end) if not lines[place].startswith("    ")]
        if len(desks) > _TOLD:
            lines[desks[_TOLD] : end] = [self._words("demo.season.likewise", count=len(desks) - _TOLD)]
        return "\n".join(lines)

    def _open_copy(self, member: Member, sent: Ran, desk: str) -> pl.DataFrame:
        transfer = self._newest("inbox", member)[:SHORT]
        self._run("open", transfer, "--into", "saison", member=member)
        copy = read_copy(member.folder / "saison")
        told = explained_rows(sent.out, desk)
        self._claim(self._words("demo.season.rows", who=member.who, count=copy.height), copy.height == told)
        return copy

    def _count(self, officer: Member, truth: Truth) -> None:
        transfer = self._newest("inbox", officer)[:SHORT]
        self._run("open", transfer, "--into", "index", member=officer)
        self._run("index", "count", "index", member=officer)
        counted = json.loads(self._stage.run(["index", "count", "index", "--json"], member=officer).out)
        low, high = counted["low"], counted["high"]
        self._claim(
            self._words("demo.season.persons", count=truth.persons, low=low, high=high), low <= truth.persons <= high
        )

    def _colleague(self, who: str, name: str, roles: str) -> Member:
        """Another member of the hospital group, unlocked."""
        member = self._stage.member(who, draw(12).hex())
        code = self._find(CODE, self._run("member", "invite", "--roles", roles, member=self._aphp, brief=True))
        self._run(
            *("join", self._url, "--code", code, "--name", name, "--email", f"{who}@aphp.example"),
            member=member,
            unlocking=True,
            hide=code,
            brief=True,
        )
        self._run("unlock", "--for", "15m", member=member, unlocking=True, brief=True)
        return member


def has_only_its_own(copy: pl.DataFrame, insured: pl.DataFrame) -> bool:
    """Whether an agency's rows are the insurer's rows whose department is of its region, for those that name one."""
    agency = pl.col("department").replace_strict(load_reference().agency_of, default=None)
    own = insured.filter(agency == _AGENCY)["sample_id"]
    mine = copy.filter(pl.col("department").is_not_null())
    return not mine.is_empty() and sorted(own) == sorted(mine["sample_id"])
