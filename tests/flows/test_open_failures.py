"""Receiving when something goes wrong, against a real service: which error, and that nothing is left."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.parties_kit import Parties, two_parties
from flows.service_process_kit import ORIGIN, running_service
from scelle.age.errors import ChunkError
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.age.stream import seal_chunks
from scelle.base.errors import ScelleError
from scelle.base.ids import KeyId, TransferId
from scelle.client import fetching, opening, seal_pipeline
from scelle.client.connection import Connection
from scelle.client.disk import DiskExistsError, DiskFullError
from scelle.client.errors import CopyThereError, FreezeUnknownError, NetworkError
from scelle.client.listing import TransferView, inbox, show
from scelle.client.opening import discard, open_transfer, reminders
from scelle.client.oversight import confirm, freeze, freezes, lift, revoke
from scelle.client.session import Session
from scelle.client.unpacking import Staging
from scelle.exchange.acts import ShareRelease
from scelle.exchange.answers import Released, TransferDetail
from scelle.exchange.errors import (
    ContentWrongError,
    FreezeStateError,
    FrozenError,
    LiftSameOfficerError,
    ManifestWrongError,
    RecordWrongError,
    RetentionExceededError,
    ShareWrongError,
    TransferExpiredError,
    TransferNotFoundError,
    TransferRevokedError,
)
from scelle.exchange.freeze import Scope, ScopeKind
from scelle.exchange.keys import Role
from scelle.exchange.manifest import Manifest
from scelle.exchange.statement import parse_statement
from scelle.tlog.errors import LogInconsistentError

MIB = 1 << 20
Download = Callable[..., None]


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    folder = tmp_path_factory.mktemp("failures")
    with running_service(folder, sweep_seconds=1) as service, two_parties(folder / "homes", service) as both:
        yield both


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (0.0,) * 5)


@pytest.fixture
def transfer(parties: Parties, tmp_path: Path) -> TransferId:
    path = tmp_path / "data.bin"
    path.write_bytes(os.urandom(20 * MIB + 5))
    return parties.sent(path).transfer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def listed(session: Session, transfer: TransferId) -> TransferView:
    return next(each for each in inbox(session) if each.transfer == transfer)


def altered(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, int, memoryview], None]) -> list[int]:
    """Let `change(path, offset, bytes)` alter or break downloads; returns the sizes that were asked for."""
    download = Connection.download
    asked: list[int] = []

    def changed(self: Connection, path: str, *, start: int, stop: int, into: Callable[[int], memoryview]) -> None:
        asked.append(stop - start)
        place = start
        view: memoryview | None = None

        def wrapped(most: int) -> memoryview:
            nonlocal place, view
            if view is not None:
                change(path, place, view)
                place += len(view)
            view = into(most)
            return view

        download(self, path, start=start, stop=stop, into=wrapped)
        if view is not None:
            change(path, place, view)

    monkeypatch.setattr(Connection, "download", changed)
    return asked


def test_goes_on_after_a_broken_connection(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[int] = []

    def change(path: str, place: int, view: memoryview) -> None:
        if place >= 5 * MIB and len(broken) < 3:
            broken.append(place)
            raise NetworkError(service="-", why="test")

    altered(monkeypatch, change)
    open_transfer(parties.bob, transfer, tmp_path / "into")
    assert (tmp_path / "into" / "data.bin").read_bytes() == (tmp_path / "data.bin").read_bytes()
    assert len(broken) == 3


def test_goes_on_in_another_command(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(path: str, place: int, view: memoryview) -> None:
        if place >= 18 * MIB:
            raise NetworkError(service="-", why="test")

    with monkeypatch.context() as patched:
        altered(patched, change)
        with pytest.raises(NetworkError):
            open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == []
    assert sum(path.stat().st_size for path in parties.spool(transfer)) >= 18 * MIB
    asked = altered(monkeypatch, lambda *_: None)
    open_transfer(parties.again(parties.bob), transfer, tmp_path / "into")
    assert names(tmp_path / "into") == ["data.bin"]
    assert sum(asked) < 4 * MIB
    assert not parties.spool(transfer)


def test_wrong_bytes_on_the_way(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(path: str, place: int, view: memoryview) -> None:
        if path.endswith("/1") and place == 3 * MIB:
            view[77] ^= 1

    with monkeypatch.context() as patched:
        altered(patched, change)
        with pytest.raises(ContentWrongError) as caught:
            open_transfer(parties.bob, transfer, tmp_path / "into")
    assert caught.value.facts["name"] == "part 1"
    assert names(tmp_path / "into") == []
    open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == ["data.bin"]


@pytest.mark.parametrize("place", [0, 200, 7 * MIB])
def test_wrong_bytes_on_the_disk(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    def interrupt(done: int, total: int | None = None) -> None:
        if done > 12 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_transfer(parties.bob, transfer, tmp_path / "into", progress=interrupt)
    assert not (tmp_path / "into").exists()
    with parties.spool(transfer)[-1].open("r+b") as spool:
        spool.seek(place)
        byte = spool.read(1)
        spool.seek(place)
        spool.write(bytes([byte[0] ^ 1]))
    open_transfer(parties.bob, transfer, tmp_path / "into")
    assert (tmp_path / "into" / "data.bin").read_bytes() == (tmp_path / "data.bin").read_bytes()


def during(parties: Parties, act: Callable[[], Any]) -> Callable[..., None]:
    """A progress that acts once, in the middle."""
    done_once = threading.Event()

    def progress(done: int, total: int | None = None) -> None:
        if done > 2 * MIB and not done_once.is_set():
            done_once.set()
            act()

    return progress


def test_frozen_in_the_middle(parties: Parties, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(80 * MIB))
    transfer = parties.sent(path).transfer
    alice = parties.alice
    carol = parties.invited(alice, "carol", Role.OFFICER)
    alice.sync()
    scope = Scope(ScopeKind.TRANSFER, transfer)
    with pytest.raises(FrozenError):
        open_transfer(
            parties.bob, transfer, tmp_path / "into", progress=during(parties, lambda: freeze(alice, scope, "a leak"))
        )
    assert names(tmp_path / "into") == []
    assert listed(parties.bob, transfer).frozen

    (view,) = [each for each in freezes(alice) if each.value == transfer]
    assert (view.state, view.reason, view.problem) == ("active", "a leak", None)
    foreign = next(each for each in freezes(parties.bob) if each.value == transfer)
    assert (foreign.reason, foreign.problem) == (None, None)
    with pytest.raises(FrozenError):  # nobody makes officers who lift
        parties.invited(alice, "dora", Role.OFFICER)
    with pytest.raises(FrozenError):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    again = freeze(carol, scope, "once more")[0]
    assert next(each for each in freezes(alice) if each.freeze == again).reason == "once more"
    for number in (again, view.freeze):
        assert lift(alice, number[:8])[0] == number
        with pytest.raises(LiftSameOfficerError):
            confirm(alice, number)
        assert confirm(carol, number)[0] == number
    with pytest.raises(FreezeStateError):
        confirm(carol, view.freeze)
    with pytest.raises(FreezeUnknownError):
        lift(alice, "zz")
    open_transfer(parties.bob, transfer, tmp_path / "into")


def test_revoked_in_the_middle(parties: Parties, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(80 * MIB))
    transfer = parties.sent(path).transfer
    with pytest.raises((TransferRevokedError, TransferNotFoundError)):
        open_transfer(
            parties.bob, transfer, tmp_path / "into", progress=during(parties, lambda: revoke(parties.alice, transfer))
        )
    assert names(tmp_path / "into") == []
    assert not parties.spool(transfer)
    with pytest.raises(TransferRevokedError):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    assert show(parties.bob, transfer).state in {"destroying", "destroyed"}


def test_expired(parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("x")
    transfer = parties.sent(tmp_path / "x", lasts=1).transfer
    expires = listed(parties.bob, transfer).expires
    bob = parties.again(parties.bob)
    while bob.now() < expires:
        threading.Event().wait(0.1)
    with pytest.raises(TransferExpiredError):
        open_transfer(bob, transfer, tmp_path / "into")
    monkeypatch.setattr(bob, "now", lambda: expires - 1)  # a clock that is behind: the service says so, too
    with pytest.raises(TransferExpiredError):
        open_transfer(bob, transfer, tmp_path / "into")


def test_only_the_receipt_is_missing(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Session.state

    def lost(self: Session, path: str, statement: bytes) -> Any:
        state(self, path, statement)
        raise NetworkError(service="-", why="the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(Session, "state", lost)
        with pytest.raises(NetworkError):
            open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == ["data.bin"]
    monkeypatch.setattr(opening, "_release", None)
    opened = open_transfer(parties.again(parties.bob), transfer, tmp_path / "elsewhere")
    assert opened.folder == (tmp_path / "into").resolve()
    (copy,) = listed(parties.bob, transfer).copies
    assert copy.receipted == opened.receipt_index
    with pytest.raises(CopyThereError):
        discard(parties.bob, transfer)
    (tmp_path / "into" / "data.bin").unlink()
    discard(parties.bob, transfer)


def test_power_cuts(parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into = tmp_path / "into"

    class PowerCutError(Exception):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "remove", lambda self: None)
        patched.setattr(opening, "keep_copy", cut)
        with pytest.raises(PowerCutError):
            open_transfer(parties.bob, transfer, into)
        (parties.bob.home.incoming / transfer / "staging").write_bytes(
            os.fsencode(next(path for path in into.iterdir()))
        )
    assert len(names(into)) == 1  # plaintext that nobody took away: the next command does
    (into / "data.bin").write_text("in the way")
    with pytest.raises(DiskExistsError):
        open_transfer(parties.bob, transfer, into)
    assert names(into) == ["data.bin"]
    (into / "data.bin").unlink()

    with monkeypatch.context() as patched:
        patched.setattr(Staging, "remove", lambda self: None)
        patched.setattr(Staging, "place", cut)
        patched.setattr(opening, "forget_copy", lambda *_: None)
        with pytest.raises(PowerCutError):
            open_transfer(parties.bob, transfer, into)
    assert len(names(into)) == 1
    monkeypatch.setattr(opening, "_release", None)
    open_transfer(parties.bob, transfer, into)
    assert names(into) == ["data.bin"]


def test_full_disk(parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiskFullError(path="-")

    monkeypatch.setattr("scelle.client.unpacking.write_all", full)
    with pytest.raises(DiskFullError):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == []


# --- senders who lie ----------------------------------------------------------------------------------------------


def lying(monkeypatch: pytest.MonkeyPatch, lie: Callable[[Manifest], Manifest]) -> None:
    encode = Manifest.encode

    def encoded(self: Manifest) -> bytes:
        return encode(lie(self))

    monkeypatch.setattr(Manifest, "encode", encoded)


def first(manifest: Manifest, **changes: Any) -> Manifest:
    return replace(manifest, files=(replace(manifest.files[0], **changes), *manifest.files[1:]))


def part(manifest: Manifest, **changes: Any) -> Manifest:
    return replace(manifest, parts=(replace(manifest.parts[0], **changes),))


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda m: first(m, sha256=bytes(32)), ContentWrongError),
        (lambda m: first(part(m, size=999, stored=999), size=999), ContentWrongError),
        (lambda m: first(part(m, size=1001, stored=1001), size=1001), ContentWrongError),
        (lambda m: first(part(m, size=5000, stored=5000), size=5000), ManifestWrongError),
        (lambda m: part(m, encoding="zstd"), ManifestWrongError),
        (lambda m: replace(m, parts=(*m.parts, *m.parts)), ManifestWrongError),
        (lambda m: replace(m, collected="2020-01-01", retention=86400), RetentionExceededError),
        (lambda m: replace(m, transfer=TransferId("a" * 26)), ManifestWrongError),
    ],
)
def test_lies_in_the_manifest(
    parties: Parties,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: Callable[[Manifest], Manifest],
    error: type[ScelleError],
) -> None:
    (tmp_path / "x").write_bytes(os.urandom(1000))
    with monkeypatch.context() as patched:
        lying(patched, lie)
        transfer = parties.sent(tmp_path / "x").transfer
    with pytest.raises(error):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == []
    assert names(parties.bob.home.receipts / transfer).count("copy.json") == 0


def test_a_name_that_climbs(parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with monkeypatch.context() as patched:
        lying(patched, lambda m: first(m, name="../../evil\u202egpj.exe"))
        transfer = parties.sent(tmp_path / "x").transfer
    opened = open_transfer(parties.bob, transfer, tmp_path / "a" / "into")
    assert len(opened.files) == 1
    for name in opened.files:
        assert (tmp_path / "a" / "into" / name).resolve().is_relative_to((tmp_path / "a" / "into").resolve())
    assert not (tmp_path / "evil").exists()


def test_chunks_that_the_sender_sealed_wrongly(
    parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(os.urandom(300_000))
    seal = seal_chunks

    def wrong(key: bytes, index: int, plaintext: memoryview, out: memoryview, *, last: bool) -> int:
        size = seal(key, index, plaintext, out, last=last)
        if len(plaintext) > 100_000:
            out[100_000] ^= 1
        return size

    with monkeypatch.context() as patched:
        patched.setattr(seal_pipeline, "seal_chunks", wrong)
        transfer = parties.sent(tmp_path / "x").transfer
    with pytest.raises(ChunkError):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    assert names(tmp_path / "into") == []


def test_every_copy_is_followed(parties: Parties, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    transfer = parties.sent(tmp_path / "x", collected="2026-11-20", retention=90 * 86400).transfer
    folders = [(tmp_path / name).resolve() for name in ("one", "two")]
    ends = [open_transfer(parties.bob, transfer, folder).until for folder in folders]
    until = ends[0]
    assert until is not None
    home = parties.bob.home
    assert [copy.into for copy in listed(parties.bob, transfer).copies] == folders
    assert [each.folder for each in reminders(home, now=until)] == folders
    for folder in reversed(folders):
        with pytest.raises(CopyThereError) as caught:
            discard(parties.bob, transfer)
        assert Path(str(caught.value.facts["path"])).parent in folders
        (folder / "x").unlink()
    discard(parties.bob, transfer)
    assert reminders(home, now=until) == []
    assert all(copy.discarded is not None for copy in listed(parties.bob, transfer).copies)


def test_reminders(parties: Parties, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    day = 86400
    transfer = parties.sent(tmp_path / "x", collected="2026-11-20", retention=90 * day).transfer
    opened = open_transfer(parties.bob, transfer, tmp_path / "into")
    assert opened.until is not None
    home = parties.bob.home
    assert reminders(home, now=opened.until - 1) == []
    assert [each.transfer for each in reminders(home, now=opened.until)] == [transfer]
    (tmp_path / "into" / "x").unlink()
    discard(parties.bob, transfer)
    assert reminders(home, now=opened.until) == []


SCRIPT = """
import sys, time
from pathlib import Path
from scelle.app.randomness import draw
from scelle.client.connection import Connection
from scelle.client.home import Home
from scelle.client.opening import open_transfer
from scelle.client.session import Session
from scelle.client.vault import Vault

folder, transfer, into = sys.argv[1:]
now = lambda: int(time.time())
home = Home.open(Path(folder))
connection = Connection(home.config.service, now=now, draw=draw)
session = Session(home, connection, vault=Vault.unlock_plain(home.folder, draw=draw), draw=draw, now=now)

def progress(done, total=None):
    if done > 12 << 20:
        print("far", flush=True)
        time.sleep(60)

open_transfer(session, transfer, Path(into), progress=progress)
"""


def test_killed_in_the_middle(parties: Parties, transfer: TransferId, tmp_path: Path) -> None:
    into = tmp_path / "into"
    arguments = [str(parties.bob.home.folder), transfer, str(into)]
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"far\n"
        process.kill()
    assert len(names(into)) == 1  # plaintext in a hidden folder
    opening.tidy(parties.bob.home, now=parties.bob.now())
    assert names(into) == []
    assert sum(path.stat().st_size for path in parties.spool(transfer)) >= 12 * MIB
    open_transfer(parties.again(parties.bob), transfer, into)
    assert names(into) == ["data.bin"]


# --- services who lie ---------------------------------------------------------------------------------------------


def other_cover(parties: Parties, transfer: TransferId) -> TransferDetail:
    path = f"/v1/transfers/{transfer}"
    return parties.bob.connection.call("GET", path, None, TransferDetail, since=parties.bob.since)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (lambda d, o: replace(d, envelope=o.envelope), "transfer.envelope-wrong"),
        (lambda d, o: replace(d, sealed=o.sealed), "record.wrong"),
        (lambda d, o: replace(d, sealed=replace(d.sealed, salt=bytes(32))), "log.inclusion-wrong"),
        (lambda d, o: replace(d, sealed=replace(d.sealed, proof=o.sealed.proof)), "log.inclusion-wrong"),
        (lambda d, o: replace(d, key=KeyId("ab" * 16)), "transfer.not-found"),
        (lambda d, o: o, "record.wrong"),
    ],
)
def test_a_service_that_lies_is_listed_as_such(
    parties: Parties,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: Callable[[TransferDetail, TransferDetail], TransferDetail],
    code: str,
) -> None:
    (tmp_path / "x").write_text("x")
    other = other_cover(parties, parties.sent(tmp_path / "x").transfer)
    transfer = parties.sent(tmp_path / "x", purpose="another").transfer
    call = Connection.call

    def lying_call(self: Connection, method: str, path: str, message: Any, answer: Any, **named: Any) -> Any:
        found = call(self, method, path, message, answer, **named)
        return lie(found, other) if path.endswith(transfer) else found

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "call", lying_call)
        view = listed(parties.bob, transfer)
        assert view.problem is not None
        assert view.problem.code == code
        with pytest.raises(ScelleError) as caught:
            open_transfer(parties.bob, transfer, tmp_path / "into")
        assert caught.value.code == code
    assert listed(parties.bob, transfer).problem is None


@pytest.mark.parametrize("what", ["share", "statement"])
def test_releases_that_are_not_what_was_asked(
    parties: Parties, transfer: TransferId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    answers: list[Released] = []
    call = Connection.call

    def lying_call(self: Connection, method: str, path: str, message: Any, answer: Any, **named: Any) -> Any:
        found = call(self, method, path, message, answer, **named)
        if answer is Released:
            answers.append(found)
            if what == "statement":
                return answers[0]
            one_use = HybridRecipient(parse_statement(message.statement, ShareRelease, origin=ORIGIN).act.recipient)
            wrong = seal_bytes(bytes(32), [one_use], file_key=FileKey(bytes(16)), nonce=bytes(16))
            return replace(found, share=wrong)
        return found

    if what == "statement":
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "call", lying_call)
            patched.setattr(opening, "_manifest", None)
            with pytest.raises(TypeError):
                open_transfer(parties.bob, transfer, tmp_path / "into")
    monkeypatch.setattr(Connection, "call", lying_call)
    with pytest.raises((ShareWrongError, RecordWrongError, LogInconsistentError)):
        open_transfer(parties.bob, transfer, tmp_path / "into")
    assert not (tmp_path / "into").exists()
