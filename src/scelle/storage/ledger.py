"""The `Ledger` on SQLite: state and both logs in one file, one writer, any number of readers on snapshots."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryDirectory
from typing import TypeVar

from scelle.ports import ACTIVITY, DIRECTORY, Inclusion, LogName, LogPosition, Reading, StorageFaultError, Writing
from scelle.storage.database import (
    check_schema,
    connect_reader,
    connect_writer,
    create_schema,
    fault_of,
    roll_back,
)
from scelle.storage.errors import StorageCorruptError
from scelle.storage.ownership import Ownership
from scelle.storage.reading import SqlReading, log_entries
from scelle.storage.tree import Head, PublishedTree, load_tile, load_tree, store_head
from scelle.storage.writer import Job, Sign, Writer, signed_head
from scelle.storage.writing import SqlWriting
from scelle.tlog.checkpoint import parse_checkpoint
from scelle.tlog.errors import LogError
from scelle.tlog.note import parse_note
from scelle.tlog.tiles import WIDTH, TileGrower, encode_bundle

T = TypeVar("T")

MEMORY = ":memory:"
"""In place of a path: a ledger that is gone once closed (a scratch folder, not synced)."""

LOCK_NAME = "service.lock"
"""The file beside the ledger that says who owns the data directory."""

_SCRUB_WAIT_MS = 1000


class SqlLedger:
    """`scelle.ports.Ledger`, exactly."""

    def __init__(
        self,
        path: Path,
        writer_db: Connection,
        logs: dict[LogName, tuple[TileGrower, Head]],
        origins: dict[LogName, str],
        sign: Sign,
    ) -> None:
        """See `open`."""
        self._path = path
        self._idle: list[Connection] = []
        self._closed = False
        self._resources = ExitStack()
        self._trees = {log: PublishedTree(log, head, self._load_tile) for log, (_, head) in logs.items()}
        growers = {log: grower for log, (grower, _) in logs.items()}
        self._writer = Writer(writer_db, growers, self._trees, origins, sign)

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        origin_directory: str,
        origin_activity: str,
        sign: Sign,
        connect: Callable[[Path], Connection] = connect_writer,
    ) -> "SqlLedger":
        """Open a ledger, or make one where none is, and own its directory until closed.

        `sign` signs the text of a log's checkpoint and returns the note; it is called in the writer's thread, and
        here for a new ledger. `connect` makes the writing connection. Raises StorageInUseError, SchemaUnknownError,
        StorageCorruptError (the logs do not have the roots that were signed, or have other origins),
        StorageFaultError, DiskFullError.
        """
        origins: dict[LogName, str] = {DIRECTORY: origin_directory, ACTIVITY: origin_activity}
        with ExitStack() as stack:
            try:
                if str(path) == MEMORY:
                    path = Path(stack.enter_context(TemporaryDirectory(prefix="scelle-"))) / "ledger.sqlite"
                file = Path(path)
                stack.callback(Ownership(file.with_name(LOCK_NAME)).close)
                db = stack.enter_context(closing(connect(file)))
                logs = _take_up(db, file, origins, sign)
            except sqlite3.Error as error:
                raise fault_of(error, "opening the ledger") from error
            except OSError as error:
                raise StorageFaultError(what="opening the ledger", why=error.strerror or "") from error
            ledger = cls(file, db, logs, origins, sign)
            ledger._resources = stack.pop_all()
            return ledger

    def submit(
        self, action: Callable[[Writing], T], *, alone: bool = False, then: Callable[[T], None] | None = None
    ) -> "Future[T]":
        """Run an action in the writer's next transaction."""
        job = Job(action, alone, then)
        self._writer.submit(job)
        return job.future

    def _borrow(self) -> Connection:
        if self._closed:
            raise StorageFaultError(what="ledger", why="closed")
        try:
            return self._idle.pop()
        except IndexError:
            return connect_reader(self._path)

    def _give_back(self, db: Connection) -> None:
        roll_back(db)
        self._idle.append(db)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _read_rows(self, query: Callable[[Connection], T]) -> T:
        try:
            db = self._borrow()
            try:
                db.execute("BEGIN")
                return query(db)
            finally:
                self._give_back(db)
        except sqlite3.Error as error:
            raise fault_of(error, "reading") from error

    def read(self, query: Callable[[Reading], T]) -> T:
        """Run a query on a consistent snapshot, from any thread."""
        return self._read_rows(lambda db: query(SqlReading(db)))

    def _load_tile(self, log: LogName, level: int, index: int) -> bytes:
        return self._read_rows(lambda db: load_tile(db, log, level, index))

    def checkpoint(self, log: LogName) -> bytes:
        """The newest signed checkpoint."""
        return self._trees[log].head.note

    def refresh(self) -> None:
        """Sign both checkpoints anew."""
        job = Job(SqlWriting.ask_for_signatures, alone=True)
        self._writer.submit(job)
        job.future.result()

    def prove(self, position: LogPosition, *, since: int = 0) -> Inclusion:
        """Prove an entry under the newest checkpoint, with consistency from an earlier size."""
        return self._trees[position.log].prove(position.index, since)

    def tile(self, log: LogName, level: int, index: int, width: int) -> bytes | None:
        """A hash tile, or with level -1 an entry bundle; None when the log is too small."""
        tree = self._trees[log]
        if level != -1:
            return tree.hash_tile(level, index, width)
        start = index * WIDTH
        if index < 0 or not 0 < width <= min(WIDTH, tree.head.size - start):
            return None
        return encode_bundle(self._read_rows(lambda db: log_entries(db, log, start, start + width)))

    def scrub(self) -> bool:
        """Empty the write-ahead log, where pages of before a deletion may stand."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
                db.execute(f"PRAGMA busy_timeout = {_SCRUB_WAIT_MS}")
                busy: int = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise fault_of(error, "scrubbing") from error
        return not busy

    def close(self) -> None:
        """Finish what was submitted, then close."""
        self._writer.close()
        self._closed = True
        self._close_idle()
        self._resources.close()


def _take_up(
    db: Connection, path: Path, origins: dict[LogName, str], sign: Sign
) -> dict[LogName, tuple[TileGrower, Head]]:
    db.execute("BEGIN IMMEDIATE")
    try:
        if check_schema(db, path):
            return {log: _checked_tree(db, log, origin) for log, origin in origins.items()}
        create_schema(db)
        logs = {}
        for log, origin in origins.items():
            grower = TileGrower()
            logs[log] = grower, signed_head(log, grower, origin, sign)
            store_head(db, log, logs[log][1])
        db.execute("COMMIT")
        return logs
    finally:
        roll_back(db)


def _checked_tree(db: Connection, log: LogName, origin: str) -> tuple[TileGrower, Head]:
    grower, head = load_tree(db, log)
    try:
        checkpoint = parse_checkpoint(parse_note(head.note).text)
    except LogError as error:
        raise StorageCorruptError(what=f"{log} log", why=error.code) from error
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, head.size, head.root):
        raise StorageCorruptError(what=f"{log} log", why="the checkpoint is of another tree or origin")
    return grower, head
