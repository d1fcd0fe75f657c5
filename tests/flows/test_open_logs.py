"""Overseeing, against a real service: replays, exports, proofs, records; and what tampering looks like."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.parties_kit import DESK, Parties, two_parties
from flows.service_process_kit import running_service
from scelle.activity.record import ShareReleased, TransferSealed
from scelle.base.errors import ScelleError
from scelle.base.ids import DeskId, OrgId
from scelle.client.disk import DiskExistsError, DiskMissingError
from scelle.client.errors import LogKeyDiffersError
from scelle.client.logs import (
    check_proof,
    export,
    proof,
    tail,
    verify_as_member,
    verify_folder,
    verify_online,
)
from scelle.client.opening import open_transfer
from scelle.client.oversight import (
    accept,
    desk_add,
    desk_remove,
    desk_seat,
    inventory,
    members,
    organisations,
)
from scelle.exchange.errors import RecordWrongError
from scelle.exchange.trust import Head
from scelle.tlog.errors import LogInconsistentError, RootWrongError, SignatureWrongError, TileWrongError

ENTRIES = "activity/tile/entries/*.p/*"


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    folder = tmp_path_factory.mktemp("logs")
    with running_service(folder, sweep_seconds=1) as service, two_parties(folder / "homes", service) as both:
        (folder / "x").write_text("x")
        for number in range(3):
            transfer = both.sent(folder / "x").transfer
            open_transfer(both.bob, transfer, folder / f"into-{number}")
        yield both


@pytest.fixture(scope="module")
def exported(parties: Parties, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "logs"
    directory, activity = export(parties.alice, folder)
    assert (directory.organisations, directory.members) == (2, 2)
    assert activity.records is not None
    assert (activity.records.had, activity.records.lacked, activity.records.erased) == (activity.size, 0, 0)
    assert activity.records.statements == activity.size
    return folder


def vkeys(parties: Parties) -> tuple[str, str]:
    service = parties.alice.directory.service
    return service.directory_log, service.activity_log


def test_replayed_by_members_and_by_everybody(parties: Parties) -> None:
    directory, activity = vkeys(parties)
    assert verify_online(parties.alice.connection, directory).organisations == 2
    assert verify_online(parties.alice.connection, activity).size >= 9
    for log in ("directory", "activity"):
        report = verify_as_member(parties.bob, log)
        assert report.known is not None
        assert 0 < report.known <= report.size
    assert parties.bob.trust.activity.size == report.size


def test_a_log_that_was_rewritten(parties: Parties) -> None:
    bob = parties.again(parties.bob)
    bob.trust.activity = Head(size=3, root=bytes(32))
    with pytest.raises(LogInconsistentError):
        verify_as_member(bob, "activity")
    with pytest.raises(LogInconsistentError):
        list(tail(bob))
    bob.trust.activity = Head(size=1 << 30, root=bytes(32))
    with pytest.raises(LogInconsistentError):
        verify_as_member(bob, "activity")
    with pytest.raises(LogInconsistentError):
        list(tail(bob))


def test_folders_are_verified_offline(parties: Parties, exported: Path) -> None:
    directory, activity = vkeys(parties)
    both = verify_folder(exported, [directory])
    assert [report.log for report in both] == ["directory", "activity"]
    assert both[1].records is not None
    assert both[1].records.statements == both[1].size
    (alone,) = verify_folder(exported, [activity])
    assert alone.records is not None
    assert (alone.records.had, alone.records.statements) == (alone.size, 0)
    head = {"activity": parties.alice.trust.activity}
    assert verify_folder(exported, [directory, activity], known=head)[1].known == both[1].size
    with pytest.raises(LogInconsistentError):
        verify_folder(exported, [activity], known={"activity": Head(size=2, root=bytes(32))})
    with pytest.raises(DiskExistsError):
        export(parties.alice, exported)
    with pytest.raises(DiskMissingError):
        verify_folder(exported / "activity", [directory])


def flip(path: Path, place: int = 3) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def another_signature(path: Path) -> None:
    text = path.read_text()
    path.write_text(text[:-20] + ("A" if text[-20] != "A" else "B") + text[-19:])


def only(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


def without_records(folder: Path) -> None:
    shutil.rmtree(folder / "activity" / "records")
    flip(only(folder, ENTRIES), 40)


@pytest.mark.parametrize(
    ("tamper", "error"),
    [
        (lambda f: flip(only(f, ENTRIES), 40), RootWrongError),
        (without_records, RootWrongError),
        (lambda f: flip(only(f, "activity/tile/0/*.p/*")), TileWrongError),
        (lambda f: flip(only(f, "directory/tile/entries/*.p/*"), 400), RootWrongError),
        (lambda f: another_signature(f / "activity" / "checkpoint"), SignatureWrongError),
        (lambda f: flip(f / "activity" / "vkey", 10), LogKeyDiffersError),
        (lambda f: flip(f / "activity" / "records" / "2", 3), RecordWrongError),
        (lambda f: flip(f / "activity" / "records" / "2", 200), RecordWrongError),
        (lambda f: (f / "activity" / "records" / "0").rename(f / "activity" / "records" / "77"), RecordWrongError),
        (lambda f: (f / "activity" / "records" / "1").write_bytes(b"x"), RecordWrongError),
        (lambda f: (f / "activity" / "records" / "01").write_bytes(b"x"), RecordWrongError),
        (lambda f: only(f, "activity/tile/0/*.p/*").unlink(), DiskMissingError),
        (lambda f: (f / "directory" / "checkpoint").unlink(), DiskMissingError),
        (lambda f: shutil.copytree(f / "directory", f / "activity", dirs_exist_ok=True), ScelleError),
    ],
)
def test_tampered_folders(
    parties: Parties, exported: Path, tmp_path: Path, tamper: Callable[[Path], object], error: type[ScelleError]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    tamper(folder)
    with pytest.raises(error):
        verify_folder(folder, [vkeys(parties)[0]])


def test_a_damaged_folder_is_not_a_log_that_was_rewritten(parties: Parties, exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    flip(only(folder, ENTRIES), 40)
    with pytest.raises(RootWrongError):
        verify_folder(folder, [vkeys(parties)[0]], known={"activity": parties.alice.trust.activity})


def test_records_that_are_missing_are_counted(parties: Parties, exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    (folder / "activity" / "records" / "4").unlink()
    report = verify_folder(folder, [vkeys(parties)[0]])[1]
    assert report.records is not None
    assert report.records.lacked == 1


@pytest.mark.parametrize("log", ["directory", "activity"])
def test_proof_files(parties: Parties, tmp_path: Path, log: str) -> None:
    path = tmp_path / f"{log}-2.tlog-proof"
    vkey = dict(zip(("directory", "activity"), vkeys(parties), strict=True))[log]
    written = proof(parties.alice, log, 2, path)
    assert check_proof(path, vkey) == written
    assert written.content is not None
    assert written.content.startswith(b"scelle/v1/")
    with pytest.raises(DiskExistsError):
        proof(parties.alice, log, 2, path)
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines).replace("index 2", "index 3"))
    with pytest.raises(ScelleError):
        check_proof(path, vkey)
    with pytest.raises(ScelleError):
        check_proof(path, vkeys(parties)[0 if log == "activity" else 1])


def test_what_happened(parties: Parties) -> None:
    entries = list(tail(parties.alice))
    assert [entry.index for entry in entries] == list(range(len(entries)))
    sealed = [entry for entry in entries if isinstance(entry.record, TransferSealed)]
    assert {entry.signed[0].member for entry in sealed} == {parties.alice.me.key}
    released = next(entry for entry in entries if isinstance(entry.record, ShareReleased))
    assert released.signed[0].organisation == "cnam"
    assert list(tail(parties.alice, len(entries))) == []
    transfer = sealed[1].record.transfer if isinstance(sealed[1].record, TransferSealed) else None
    assert len(list(tail(parties.bob, transfer=transfer))) == 3


def test_an_act_that_nobody_signed(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log holds it, so only the signature inside tells."""
    monkeypatch.setattr("scelle.exchange.statement.signature_holds", lambda *_: False)
    with pytest.raises(RecordWrongError):
        list(tail(parties.alice))
    with pytest.raises(RecordWrongError):
        verify_as_member(parties.alice, "activity")


def test_the_directory(parties: Parties) -> None:
    bob = parties.bob
    desk = DeskId("cnam/appeals")
    desk_add(bob, desk, "Appeals")
    desk_seat(bob, desk, bob.me.key, seated=True)
    (view,) = [each for each in organisations(bob) if each.organisation == "cnam"]
    assert [each.desk for each in view.desks] == [desk, DESK]
    assert view.desks[0].seats == (bob.me.key,)
    assert view.accepts_us
    (me,) = members(bob)
    assert me.person is not None
    assert me.person.email == "bob@example.org"
    assert me.desks == (DESK, desk)
    assert me.writable
    desk_seat(bob, desk, bob.me.key, seated=False)
    desk_remove(bob, desk)
    accept(bob, None)
    assert bob.directory.accepts(OrgId("cnam"), OrgId("aphp"))
    accept(bob, (OrgId("aphp"),))
    assert len(inventory(bob)) == 3
