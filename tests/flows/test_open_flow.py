"""Receiving, against a real service: what arrives, what is proven, and what is left when it fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.parties_kit import Parties, two_parties
from flows.service_process_kit import running_service
from scelle.client.disk import DiskExistsError
from scelle.client.listing import inbox, resolve, sent, show
from scelle.client.opening import discard, open_transfer, reminders


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    folder = tmp_path_factory.mktemp("flow")
    with running_service(folder, sweep_seconds=1) as service, two_parties(folder / "homes", service) as both:
        yield both


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_what_was_sent_arrives(parties: Parties, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "a" / "b").mkdir(parents=True)
    (source / "a" / "b" / "é.csv").write_text("x" * 3000)
    (source / "none").write_bytes(b"")
    (source / "random.bin").write_bytes(os.urandom(9_000_001))
    (source / "zeros.bin").write_bytes(bytes(20_000_000))
    transfer = parties.sent(source).transfer

    listed = [each for each in inbox(parties.bob) if each.transfer == transfer]
    assert listed[0].note is not None
    assert listed[0].note.purpose == "Contacts of May"
    assert listed[0].problem is None
    assert listed[0].copies == ()
    assert transfer in [each.transfer for each in sent(parties.alice)]

    told: list[tuple[int, int | None]] = []
    into = tmp_path / "into"
    opened = open_transfer(parties.bob, transfer, into, progress=lambda done, total=None: told.append((done, total)))
    assert tree(into / "source") == tree(source)
    assert sorted(path.name for path in into.iterdir()) == ["source"]
    assert told[-1][0] == told[-1][1]
    assert opened.size == 29_003_001
    assert not parties.spool(transfer)
    view = show(parties.bob, transfer)
    assert view.own is not None
    assert view.own.opened is not None
    assert [copy.receipted for copy in view.copies] == [opened.receipt_index]
    assert show(parties.alice, transfer).recipients[0].opened is not None
    assert reminders(parties.bob.home, now=1 << 40) == []


def test_never_overwrites(parties: Parties, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("new")
    transfer = parties.sent(tmp_path / "list.csv").transfer
    into = tmp_path / "into"
    into.mkdir()
    (into / "list.csv").write_text("old")
    with pytest.raises(DiskExistsError):
        open_transfer(parties.bob, transfer, into)
    assert tree(into) == {"list.csv": b"old"}
    assert resolve(parties.bob, transfer[:8]) == transfer
    open_transfer(parties.again(parties.bob), transfer, tmp_path / "other")
    (tmp_path / "other" / "list.csv").unlink()
    discard(parties.bob, transfer)


def test_opened_twice(parties: Parties, tmp_path: Path) -> None:
    """A second copy has a release and a receipt of its own."""
    (tmp_path / "list.csv").write_text("new")
    transfer = parties.sent(tmp_path / "list.csv").transfer
    first = open_transfer(parties.bob, transfer, tmp_path / "one")
    with pytest.raises(DiskExistsError):
        open_transfer(parties.bob, transfer, tmp_path / "one")
    second = open_transfer(parties.bob, transfer, tmp_path / "two")
    assert second.receipt_index > first.receipt_index
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_the_sender_checks_its_own_copy(parties: Parties, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("new")
    transfer = parties.sent(tmp_path / "list.csv").transfer
    assert open_transfer(parties.alice, transfer, tmp_path / "mine").files == ("list.csv",)
