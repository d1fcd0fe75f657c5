"""The one writer: a thread that runs waiting actions in shared transactions (group commit) and signs what grew."""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from sqlite3 import Connection
from typing import Any, Final, TypeAlias

from scelle.base.errors import ScelleError
from scelle.ports import LogName, StorageFaultError
from scelle.storage.database import fault_of, roll_back
from scelle.storage.tree import Head, PublishedTree, load_tree, store_head, store_tiles
from scelle.storage.writing import SqlWriting
from scelle.tlog.checkpoint import Checkpoint
from scelle.tlog.tiles import TileGrower
from scelle.tlog.tree import leaf_hashes

Sign: TypeAlias = Callable[[LogName, bytes], bytes]
"""Signs a checkpoint's text with the keys of its log; returns the note."""

MAX_BATCH: Final = 256
"""Most actions that share a transaction."""

# an action's own mistakes, after which the transaction goes on; every other SQLite error ends it
_OF_THE_ACTION = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)


@dataclass(slots=True)
class Job:
    """An action that waits, and whom to tell."""

    action: Callable[[SqlWriting], Any]
    alone: bool = False
    then: Callable[[Any], None] | None = None
    future: "Future[Any]" = field(default_factory=Future)


_STOP: Final = Job(lambda _: None, alone=True)


@dataclass(frozen=True, slots=True)
class _Raised:
    error: BaseException


class Writer:
    """Owns the writing connection. Everything but `submit` and `close` runs in its thread."""

    def __init__(
        self,
        db: Connection,
        growers: Mapping[LogName, TileGrower],
        trees: Mapping[LogName, PublishedTree],
        origins: Mapping[LogName, str],
        sign: Sign,
    ) -> None:
        self._db = db
        self._trees = trees
        self._origins = origins
        self._sign = sign
        # None: to be loaded in the next transaction, because the one before failed half-way
        self._growers: dict[LogName, TileGrower] | None = dict(growers)
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="scelle-ledger", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put an action in the queue. Raises StorageFaultError once closed."""
        with self._gate:
            if self._closed:
                raise StorageFaultError(what="ledger", why="closed")
            self._queue.put(job)

    def close(self) -> None:
        """Finish what is in the queue and stop. May be called twice."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(_STOP)
        self._thread.join()
        self._db.close()

    def _run(self) -> None:
        held: Job | None = None
        while True:
            job = held or self._queue.get()
            held = None
            if job is _STOP:
                return
            batch = [job]
            while not job.alone and len(batch) < MAX_BATCH:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                if following.alone:
                    held = following
                    break
                batch.append(following)
            self._perform([job for job in batch if job.future.set_running_or_notify_cancel()])

    def _perform(self, jobs: list[Job]) -> None:
        try:
            outcomes = self._transact(jobs)
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller of the batch must hear of it
            roll_back(self._db)
            self._growers = None
            for job in jobs:
                job.future.set_exception(_fault(error))
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, _Raised):
                job.future.set_exception(outcome.error)
                continue
            try:
                if job.then is not None:
                    job.then(outcome)
            except BaseException as error:  # noqa: BLE001 - a defect of the caller must not end the writer
                job.future.set_exception(error)
            else:
                job.future.set_result(outcome)

    def _transact(self, jobs: list[Job]) -> list[Any]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        if self._growers is None:
            self._growers = self._reload()
        writing = SqlWriting(db, {log: grower.size for log, grower in self._growers.items()})
        outcomes = [_outcome(job, writing) for job in jobs]
        writing.flush()
        heads = {
            log: self._grow(log, grower, writing.entries[log])
            for log, grower in self._growers.items()
            if writing.entries[log] or writing.sign_again
        }
        db.execute("COMMIT")
        for log, head in heads.items():
            self._trees[log].head = head
        return outcomes

    def _reload(self) -> dict[LogName, TileGrower]:
        growers = {}
        for log, tree in self._trees.items():
            growers[log], tree.head = load_tree(self._db, log)  # what was told to have failed may have been kept
        return growers

    def _grow(self, log: LogName, grower: TileGrower, entries: list[bytes]) -> Head:
        store_tiles(self._db, log, grower.append(leaf_hashes(entries)))
        head = signed_head(log, grower, self._origins[log], self._sign)
        store_head(self._db, log, head)
        return head


def signed_head(log: LogName, grower: TileGrower, origin: str, sign: Sign) -> Head:
    """The checkpoint of a tree as it stands, signed."""
    root = grower.root()
    note = sign(log, Checkpoint(origin, grower.size, root).encode())
    return Head(grower.size, root, note, dict(grower.partials()))


def _outcome(job: Job, writing: SqlWriting) -> Any:
    try:
        return writing.perform(job.action)
    except _OF_THE_ACTION as error:
        return _Raised(error)
    except sqlite3.Error:
        raise
    except BaseException as error:  # noqa: BLE001 - it is the caller's, who gets it through the future
        return _Raised(error)


def _fault(error: Exception) -> ScelleError:
    fault: ScelleError
    if isinstance(error, sqlite3.Error):
        fault = fault_of(error, "commit")
    elif isinstance(error, ScelleError):
        fault = StorageFaultError(what="commit", why=error.code)
    else:
        fault = StorageFaultError(what="commit", why=type(error).__name__)
    fault.__cause__ = error
    return fault
