"""A ledger whose disk, commits or signatures fail: everyone is told, nothing is kept, and it goes on afterwards."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger_kit import (
    ORIGINS,
    adding,
    check_entry,
    commitment_of,
    declaring,
    entry,
    key_id,
    open_ledger,
    recipient_row,
    sign,
    sizes,
    transfer_id,
    transfer_row,
    verified_text,
)
from scelle.ports import ACTIVITY, DIRECTORY, DiskFullError, LogName, LogPosition, PartRow, StorageFaultError, Writing
from scelle.storage.audit import Finding, check_ledger
from scelle.storage.database import connect_writer
from scelle.storage.errors import SchemaUnknownError, StorageCorruptError, StorageInUseError
from scelle.storage.ledger import SqlLedger


class FaultyConnection:
    """A connection that fails at the next statement that begins with `fail_at`, before or after it took effect."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.fail_at: str | None = None
        self.after = False

    def _through(self, run: Callable[..., sqlite3.Cursor], sql: str, values: Any) -> sqlite3.Cursor:
        if self.fail_at is not None and sql.startswith(self.fail_at):
            self.fail_at = None
            if self.after:
                run(sql, values)
            raise sqlite3.OperationalError("disk I/O error")
        return run(sql, values)

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        return self._through(self.db.execute, sql, values)

    def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
        return self._through(self.db.executemany, sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


class Rig:
    """A ledger over a faulty connection and a signer that can be made to fail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection: FaultyConnection | None = None
        self.signing = True
        self.ledger = open_ledger(path, connect=self.connect, sign=self.sign)

    def connect(self, path: Path) -> Any:
        self.connection = FaultyConnection(connect_writer(path))
        return self.connection

    def sign(self, log: LogName, text: bytes) -> bytes:
        if not self.signing:
            raise RuntimeError("no key")
        return sign(log, text)

    def fail(self, at: str, *, after: bool = False) -> None:
        assert self.connection is not None
        self.connection.after = after
        self.connection.fail_at = at


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "ledger.sqlite")
    yield made
    made.ledger.close()
    assert check_ledger(made.path, origins=ORIGINS, verify=verified_text) == []


def batch(ledger: SqlLedger, *numbers: int) -> list[BaseException | None]:
    """Submit actions that share a transaction; what each future raised."""
    gate = threading.Event()
    held = ledger.submit(lambda w: gate.wait(10), alone=True)
    futures = [ledger.submit(adding(number, b"statement %d" % number)) for number in numbers]
    gate.set()
    held.result()
    return [future.exception() for future in futures]


@pytest.mark.parametrize(
    "at",
    [
        "BEGIN",
        "SAVEPOINT",
        "INSERT INTO statements",
        "RELEASE",
        "INSERT INTO activity",
        "INSERT INTO tiles",
        "INSERT OR REPLACE INTO heads",
        "COMMIT",
    ],
)
def test_a_failing_statement_fails_the_whole_transaction(rig: Rig, at: str) -> None:
    assert batch(rig.ledger, *range(255)) == [None] * 255
    before = rig.ledger.checkpoint(ACTIVITY)
    rig.fail(at)
    with pytest.raises(StorageFaultError):
        rig.ledger.submit(adding(255, b"statement")).result()
    assert rig.ledger.checkpoint(ACTIVITY) == before
    assert sizes(rig.ledger) == (0, 255)
    assert rig.ledger.submit(adding(255, b"statement")).result() == 255
    check_entry(rig.ledger, LogPosition(ACTIVITY, 255), commitment_of(entry(255)))


def test_every_caller_of_a_failed_commit_is_told(rig: Rig) -> None:
    def arm(writing: Writing) -> int:
        rig.fail("COMMIT")
        return 0

    def conflict(writing: Writing) -> int:
        raise KeyError("judged by what is not going to be kept")

    gate = threading.Event()
    held = rig.ledger.submit(lambda w: gate.wait(10), alone=True)
    futures = [rig.ledger.submit(action) for action in (arm, adding(0), declaring(b"statement"), conflict)]
    told: list[int] = []
    futures.append(rig.ledger.submit(adding(1), then=told.append))
    gate.set()
    held.result()
    assert {type(future.exception()) for future in futures} == {StorageFaultError}
    assert told == []
    assert sizes(rig.ledger) == (0, 0)
    assert batch(rig.ledger, 0, 1) == [None, None]


def test_a_commit_that_failed_after_it_took_effect_is_found_again(rig: Rig) -> None:
    rig.fail("COMMIT", after=True)
    with pytest.raises(StorageFaultError):
        rig.ledger.submit(adding(0, b"statement")).result()
    assert rig.ledger.submit(lambda w: w.log_size(ACTIVITY)).result() == 1
    check_entry(rig.ledger, LogPosition(ACTIVITY, 0), commitment_of(entry(0)))
    assert rig.ledger.read(lambda r: r.position_of(b"statement")) == LogPosition(ACTIVITY, 0)


def test_without_a_signature_nothing_is_kept(rig: Rig) -> None:
    before = rig.ledger.checkpoint(DIRECTORY)
    rig.signing = False
    with pytest.raises(StorageFaultError):
        rig.ledger.submit(declaring(b"statement")).result()
    with pytest.raises(StorageFaultError):
        rig.ledger.refresh()
    assert rig.ledger.checkpoint(DIRECTORY) == before
    assert rig.ledger.submit(lambda w: w.log_size(DIRECTORY)).result() == 0  # what needs no signature goes on
    rig.signing = True
    assert rig.ledger.submit(declaring(b"statement")).result() == 0


def test_a_full_disk_is_told_apart(rig: Rig) -> None:
    assert rig.connection is not None
    assert batch(rig.ledger, 0) == [None]
    (pages,) = rig.connection.execute("PRAGMA page_count").fetchone()
    rig.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = replace(entry(1), record=bytes(100_000))
    with pytest.raises(DiskFullError):
        rig.ledger.submit(lambda w: w.append_activity(big)).result()
    assert sizes(rig.ledger) == (0, 1)
    assert rig.ledger.submit(adding(1)).result() == 1
    rig.connection.execute("PRAGMA max_page_count = 100000")
    assert rig.ledger.submit(lambda w: w.append_activity(big)).result() == 2


def test_an_action_that_interrupts_is_its_callers_affair(rig: Rig) -> None:
    def act(writing: Writing) -> None:
        writing.append_activity(entry(0))
        raise KeyboardInterrupt

    assert isinstance(rig.ledger.submit(act).exception(), KeyboardInterrupt)
    assert rig.ledger.submit(adding(0)).result() == 0


def test_a_ledger_in_use_is_not_opened_again(tmp_path: Path) -> None:
    with closing(open_ledger(tmp_path / "ledger.sqlite")), pytest.raises(StorageInUseError):
        open_ledger(tmp_path / "ledger.sqlite")
    open_ledger(tmp_path / "ledger.sqlite").close()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageFaultError):
        open_ledger(tmp_path / "missing" / "ledger.sqlite")
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(StorageFaultError):
        open_ledger(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaUnknownError):
        open_ledger(path)
    with pytest.raises(SchemaUnknownError):
        check_ledger(path, origins=ORIGINS, verify=verified_text)
    with pytest.raises(StorageFaultError):
        check_ledger(tmp_path / "none.sqlite", origins=ORIGINS, verify=verified_text)
    assert not (tmp_path / "none.sqlite").exists()


def filled(path: Path) -> None:
    with closing(open_ledger(path)) as ledger:

        def act(writing: Writing) -> None:
            writing.append_directory(b"statement")
            for number in range(300):
                writing.append_activity(entry(number, transfer=transfer_id(1)))
            writing.insert_transfer(transfer_row(1, state="sealed", cover=b"c", sealed=1, sealed_index=5))
            writing.insert_transfer(transfer_row(2))
            writing.insert_part(PartRow(transfer_id(1), 0, 5))
            writing.insert_recipients([recipient_row(1, 1, slot=1)])

        ledger.submit(act).result()


def test_another_origin_is_not_opened(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.sqlite")
    with pytest.raises(StorageCorruptError):
        open_ledger(tmp_path / "ledger.sqlite", origin_activity="else.example/activity")


@pytest.mark.parametrize(
    ("sql", "where", "opens"),
    [
        ('DELETE FROM activity WHERE "index" = 299', "activity log", False),
        ('UPDATE activity SET commitment = zeroblob(32) WHERE "index" = 299', "activity log", False),
        ('UPDATE activity SET commitment = zeroblob(32) WHERE "index" = 3', "activity log", True),
        ("UPDATE activity SET record = x'00' WHERE \"index\" = 3", "entry 3", True),
        ('UPDATE activity SET salt = NULL WHERE "index" = 3', "entry 3", True),
        ("UPDATE tiles SET hashes = zeroblob(8192)", "activity log", False),
        ("DELETE FROM tiles", "activity log", False),
        ("UPDATE heads SET size = 299 WHERE log = 'activity'", "activity log", False),
        ("UPDATE heads SET note = zeroblob(9) WHERE log = 'directory'", "directory log", False),
        ("DELETE FROM heads WHERE log = 'directory'", "directory log", False),
        ("UPDATE directory SET statement = x'00'", "directory log", False),
        ("UPDATE transfers SET state = 'odd' WHERE size = 10", f"transfer {transfer_id(2)}", True),
        ("UPDATE transfers SET sealed_index = 300 WHERE sealed = 1", f"transfer {transfer_id(1)}", True),
        ("UPDATE transfers SET cover = NULL", f"transfer {transfer_id(1)}", True),
        ("UPDATE transfers SET state = 'destroying'", f"transfer {transfer_id(2)}", True),
        ("UPDATE transfers SET state = 'destroyed', destroyed = 1, reason = 'x'", f"transfer {transfer_id(1)}", True),
        ("DELETE FROM transfers", "recipients", True),
        ("UPDATE activity SET record = 'text' WHERE \"index\" = 3", "activity", True),
        ('UPDATE activity SET commitment = 7 WHERE "index" = 3', "activity", True),
        ("UPDATE transfers SET cover = 'text' WHERE sealed = 1", "transfers", True),
        ("UPDATE transfers SET sealed = 'soon' WHERE sealed = 1", "transfers", True),
    ],
)
def test_what_was_tampered_with_is_found(tmp_path: Path, sql: str, where: str, opens: bool) -> None:
    path = tmp_path / "ledger.sqlite"
    filled(path)
    assert check_ledger(path, origins=ORIGINS, verify=verified_text) == []
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql)
        db.commit()
    findings = check_ledger(path, origins=ORIGINS, verify=verified_text)
    assert where in {finding.where for finding in findings}
    assert all(isinstance(finding, Finding) and finding.why for finding in findings)
    if opens:
        open_ledger(path).close()
    else:
        with pytest.raises(StorageCorruptError):
            open_ledger(path)


def test_erased_content_is_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    secret = b"what nobody may find again"

    def keep(writing: Writing) -> None:
        writing.append_activity(replace(entry(0), record=secret))
        writing.insert_transfer(transfer_row(1))
        writing.insert_recipients([recipient_row(1, key, envelope=secret * 50) for key in range(200)])

    def erase(writing: Writing) -> None:
        writing.erase_records(before=10**9)
        writing.drop_envelopes(transfer_id(1))

    def found() -> bool:
        return any(secret in file.read_bytes() for file in tmp_path.iterdir())

    with closing(open_ledger(path)) as ledger:
        ledger.submit(keep).result()
        assert found()
        ledger.submit(erase).result()
        assert ledger.scrub()
        assert not found()
        # a reader that may still look at the past stands in the way
        ledger.submit(lambda w: w.insert_recipients([recipient_row(1, 900, envelope=secret)])).result()

        def query(reading: Any) -> bool:
            assert reading.recipient(transfer_id(1), key_id(900)) is not None
            ledger.submit(erase).result()
            return ledger.scrub()

        assert not ledger.read(query)
        assert ledger.scrub()
        assert not found()
