"""Sending a typed dataset at a real service: who gets which rows, what the index says, and what a failure leaves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.parties_kit import EVERYTHING, Parties, now
from flows.service_process_kit import running_service
from scelle.base.ids import DeskId, OrgId
from scelle.client import dataset_send, datasets
from scelle.client.dataset_plan import CosignMissingError
from scelle.client.dataset_rejects import HELD, open_rejects
from scelle.client.dataset_send import DatasetOrder, Summary, explain, marker_master, send_dataset
from scelle.client.dpo import DpoStatementError, cosign_view, index_key, issue_index_key, take_index_key
from scelle.client.errors import NetworkError
from scelle.client.opening import Opened, open_transfer
from scelle.client.oversight import accept, desk_add, desk_seat, inventory
from scelle.client.sending import commit
from scelle.client.session import Session
from scelle.exchange.errors import ManifestWrongError
from scelle.records.blind import IndexKey
from scelle.records.checked import HeldTooManyError
from scelle.records.index import decode
from scelle.records.index_queries import count
from scelle.records.markers import Candidate, find_copy
from scelle.records.reference import load_reference
from scelle.records.synth import generate
from scelle.records.synth.files import write_population
from scelle.records.view import ViewError

PEOPLE = 1_500
DPO, CNAM, IDF, ARA = DeskId("aphp/dpo"), DeskId("cnam/tracing"), DeskId("ars-idf/cases"), DeskId("ars-ara/cases")


def today() -> date:
    return datetime.fromtimestamp(now(), UTC).date()


@dataclass
class World:
    """`alice` sends for aphp and is its officer; bob is at the insurer, carol and dan at two regional agencies."""

    parties: Parties
    carol: Session
    dan: Session

    @property
    def alice(self) -> Session:
        self.parties.alice.sync()
        return self.parties.alice

    @property
    def bob(self) -> Session:
        self.parties.bob.sync()
        return self.parties.bob


def _seat(session: Session, desk: DeskId, *, accepts: OrgId | None = None) -> None:
    desk_add(session, desk, "Cases")
    desk_seat(session, desk, session.me.key, seated=True)
    if accepts is not None:
        accept(session, (accepts,))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("dataset")
    with running_service(folder, sweep_seconds=1) as service:
        parties = Parties(folder / "homes", service)
        try:
            carol = parties.enter(service.invite("ars-idf"), "Carol", EVERYTHING)
            dan = parties.enter(service.invite("ars-ara"), "Dan", EVERYTHING)
            _seat(carol, IDF, accepts=OrgId("aphp"))
            _seat(dan, ARA, accepts=OrgId("aphp"))
            parties.alice.sync()
            _seat(parties.alice, DPO)
            take_index_key(parties.alice, issue_index_key(parties.alice, "campaign-1"))
            yield World(parties, carol, dan)
        finally:
            parties.close()


@dataclass(frozen=True)
class Source:
    path: Path
    frame: pl.DataFrame
    """Raw, as generated."""
    truth: pl.DataFrame

    def persons(self, rows: pl.DataFrame) -> int:
        """How many people these rows are about."""
        return self.truth.join(rows, on="_row", how="semi")["person"].n_unique()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = tmp_path_factory.mktemp("population") / "results.csv"
    start = today() - timedelta(days=60)
    batches = list(generate(PEOPLE, seed=3, start=start, days=50, dirty=0.0))
    write_population(iter(batches), path, "csv")
    return Source(path, pl.concat([batch.frame for batch in batches]), pl.concat([batch.truth for batch in batches]))


def order(source: Path, *desks: tuple[DeskId, str | None], **changes: Any) -> DatasetOrder:
    made = DatasetOrder(
        paths=(source,),
        dataset="screening-result",
        desks=desks,
        routed=False,
        purpose="Results of the week",
        lasts=7 * 86400,
        rejects=source.with_name(f"{source.name}.rejects.age"),
        index_purpose="Subject index",
    )
    return replace(made, **changes)


def cases(source: Source, agency: str | None = None) -> pl.DataFrame:
    """The rows that are cases to call, by the generator's own columns."""
    found = source.frame.filter((pl.col("result") == "P") & (pl.col("test_kind") != "serology"))
    if agency is None:
        return found
    of_department = load_reference().agency_of
    return found.filter(pl.col("department").replace_strict(of_department, default=None) == agency)


def opened(session: Session, summary: Summary, organisation: str, into: Path) -> Opened:
    session.sync()
    transfer = next(each.sent.transfer for each in summary.shipped if each.sent.desks[0].startswith(organisation + "/"))
    return open_transfer(session, transfer, into)


def held_at_service(world: World) -> int:
    return len(inventory(world.alice))


def test_each_gets_its_rows(world: World, source: Source, tmp_path: Path) -> None:
    summary = send_dataset(world.alice, order(source.path, (CNAM, None), (IDF, None), (ARA, None)))
    assert [each.view for each in summary.shipped] == ["insurer", "agency", "agency", "index"]
    copies = {}
    for session, name in ((world.bob, "cnam"), (world.carol, "ars-idf"), (world.dan, "ars-ara")):
        got = opened(session, summary, name, tmp_path / name)
        policy = "insurer" if name == "cnam" else "agency"
        copies[name] = pl.read_parquet(tmp_path / name / f"screening-result-{policy}-*.parquet")
        assert got.until is not None
        assert (got.dataset, got.view, got.batch) == ("screening-result/1", policy, summary.batch)
        assert got.rows == copies[name].height
    insured = copies["cnam"]
    assert sorted(insured["sample_id"]) == sorted(cases(source)["sample_id"])
    assert "prescriber_rpps" not in insured.columns
    for agency in ("ars-idf", "ars-ara"):
        assert sorted(copies[agency]["sample_id"]) == sorted(cases(source, agency)["sample_id"])
    references = [set(copy["row_ref"]) for copy in copies.values()]
    assert not references[0] & references[1]
    assert not references[1] & references[2]

    got = opened(world.alice, summary, "aphp", tmp_path / "index")
    index = decode({name: tmp_path / "index" / name for name in got.files})
    assert index.header.batch == summary.batch
    assert index.header.rows == insured.height
    assert set(index.header.transfers) == {each.sent.transfer for each in summary.shipped[:3]}
    persons = count([index])
    assert persons.low <= source.persons(cases(source)) <= persons.high

    held = index_key(world.alice, None)
    assert index.header.key_check == IndexKey(held.epoch, held.key).check
    candidates = [Candidate(index.header.batch, name, {0: source.frame.height}) for name in copies]
    hits = find_copy(list(copies["ars-ara"]["row_ref"].head(3)), marker_master(held), candidates)
    assert set(hits["organisation"]) == {"ars-ara"}


def test_explain_sends_nothing(world: World, source: Source) -> None:
    before = held_at_service(world)
    summary = explain(world.alice, order(source.path, (CNAM, None), routed=True))
    assert held_at_service(world) == before
    assert not list(world.alice.home.outgoing.iterdir())
    assert [target.organisation for target in summary.plan.targets] == ["cnam", "ars-ara", "ars-idf"]
    assert summary.copies[0].rows == cases(source).height
    assert len(summary.plan.unreached) == 16
    cases_elsewhere = cases(source, "ars-paca").height
    assert summary.unreached["ars-paca"] >= cases_elsewhere > 0
    assert summary.shipped == ()


def test_a_desk_gets_one_view(world: World, source: Source) -> None:
    with pytest.raises(ViewError):
        explain(world.alice, order(source.path, (CNAM, None), (CNAM, "retest")))


def test_what_must_not_go_leaves_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    batches = list(generate(300, seed=4, start=today() - timedelta(days=60), days=50, dirty=0.0))
    spoilt = [replace(each, frame=each.frame.with_columns(result=pl.lit(None, pl.String()))) for each in batches]
    write_population(iter(spoilt), path, "csv")
    before = held_at_service(world)
    asked = order(path, (CNAM, None))
    with pytest.raises(HeldTooManyError):
        send_dataset(world.alice, asked)
    assert held_at_service(world) == before
    assert not list(world.alice.home.outgoing.iterdir())
    names = open_rejects(world.alice.vault, asked.rejects, tmp_path / "mend")
    assert names == [HELD]
    held = pl.read_csv(tmp_path / "mend" / HELD, separator=";")
    assert held.columns == ["file", "row", "findings"]
    assert held.height >= 300


def test_going_on_between_commits(world: World, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = order(source.path, (CNAM, None), (IDF, None))
    calls: list[object] = []

    def broken(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise NetworkError(service="s", why="gone")
        return commit(*args)

    monkeypatch.setattr(datasets, "commit", broken)
    with pytest.raises(NetworkError):
        send_dataset(world.alice, asked)
    monkeypatch.undo()
    assert len(list(world.alice.home.outgoing.iterdir())) == 2
    summary = send_dataset(world.alice, asked)
    assert {desk for each in summary.again for desk in each.desks} == {IDF, DPO}
    assert not list(world.alice.home.outgoing.iterdir())
    assert send_dataset(world.alice, asked).again == ()


def test_broken_off_before_the_commits_is_sent_anew(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = order(source.path, (CNAM, None), (IDF, None))
    monkeypatch.setattr(datasets, "_forget", lambda *_: None)
    monkeypatch.setattr(datasets, "commit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send_dataset(world.alice, asked)
    monkeypatch.undo()
    left = sorted(world.alice.home.outgoing.iterdir())
    assert len(left) == 3
    (left[0] / "commit.bin").unlink()  # as if the power had gone before the last was written
    before = held_at_service(world)
    summary = send_dataset(world.alice, asked)
    assert len(summary.shipped) == 3
    assert not list(world.alice.home.outgoing.iterdir())
    assert held_at_service(world) == before


def test_a_wider_view_needs_leave(world: World, source: Source, tmp_path: Path) -> None:
    asked = order(source.path, (CNAM, "all"))
    with pytest.raises(CosignMissingError):
        send_dataset(world.alice, asked)
    leave = cosign_view(
        world.alice, dataset="screening-result/1", view="all", desks=(CNAM,), legal_basis="CSP L3131-1", lasts=3600
    )
    with pytest.raises(CosignMissingError):
        send_dataset(world.alice, replace(asked, cosign=leave))
    with pytest.raises(DpoStatementError):
        send_dataset(world.alice, replace(asked, cosign=leave, legal_basis="another"))
    with pytest.raises(DpoStatementError):
        send_dataset(world.alice, replace(asked, desks=((IDF, "all"),), cosign=leave, legal_basis="CSP L3131-1"))
    summary = send_dataset(world.alice, replace(asked, cosign=leave, legal_basis="CSP L3131-1"))
    got = opened(world.bob, summary, "cnam", tmp_path / "all")
    assert got.rows == source.frame.height
    rows = pl.read_parquet(tmp_path / "all" / "screening-result-all-*.parquet")
    assert sorted(rows["sample_id"]) == sorted(source.frame["sample_id"])


def test_a_recipient_refuses_a_wider_view_without_leave(
    world: World, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_send, "check_leave", lambda *_args, **_named: None)
    summary = send_dataset(world.alice, order(source.path, (CNAM, "all")))
    with pytest.raises(ManifestWrongError):
        opened(world.bob, summary, "cnam", tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize(("form", "suffix"), [("csv", "csv"), ("xlsx", "xlsx"), ("ndjson", "ndjson")])
def test_formats(world: World, source: Source, tmp_path: Path, form: Any, suffix: str) -> None:
    summary = send_dataset(world.alice, order(source.path, (CNAM, None), form=form, index_purpose=None))
    assert [each.view for each in summary.shipped] == ["insurer"]
    opened(world.bob, summary, "cnam", tmp_path / "into")
    found = min((tmp_path / "into").glob(f"screening-result-insurer*.{suffix}"), key=lambda path: len(path.name))
    match form:
        case "csv":
            rows = pl.read_csv(found, separator=";", infer_schema=False)
        case "xlsx":
            rows = pl.read_excel(found)
        case _:
            rows = pl.read_ndjson(found)
    assert sorted(rows["sample_id"]) == sorted(cases(source)["sample_id"])
