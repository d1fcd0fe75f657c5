"""Checking the logs from outside: whole replays, exported folders, single proofs, and what happened (spec/log.md §6-8).

A key is pinned before anything is read: from the home, or by whoever asks. What a folder or a service says about its
keys is compared with it and never taken.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from scelle.activity.record import SALT_SIZE, Record, commitment
from scelle.base.ids import TransferId
from scelle.client.connection import Connection
from scelle.client.disk import DiskExistsError, DiskMissingError, disk_errors
from scelle.client.errors import LogKeyDiffersError
from scelle.client.home import read_private
from scelle.client.log_replay import (
    ACTIVITY,
    DIRECTORY,
    LOGS,
    MAX_TILE,
    FolderLog,
    LogSource,
    ServedLog,
    log_of,
    no_keep,
    open_log,
    replay_log,
)
from scelle.client.progress import Progress, silent
from scelle.client.records import Checker, Signed, check_entry, read_record
from scelle.client.session import MAX_BUNDLE, Session
from scelle.exchange.answers import Proof, RecordEntry, RecordPage
from scelle.exchange.directory import Directory
from scelle.exchange.errors import RecordWrongError
from scelle.exchange.trust import Head
from scelle.tlog.checkpoint import Checkpoint
from scelle.tlog.errors import ProofMalformedError
from scelle.tlog.note import parse_vkey
from scelle.tlog.policy import NONE, Policy, PolicyLog
from scelle.tlog.tiles import WIDTH, Bundle, TileHashReader
from scelle.tlog.tlogproof import MAX_EXTRA, TlogProof, parse_tlog_proof
from scelle.tlog.tree import consistency_proof, leaf_hash

PAGE = 1000


@dataclass(frozen=True)
class RecordCounts:
    """Records of an activity log: had and right, lacked, found erased; and the signed statements that were verified."""

    had: int
    lacked: int
    erased: int
    statements: int


@dataclass(frozen=True)
class LogReport:
    """A log that holds: every entry and tile was recomputed. `known`: size of the head it was held against, if any.

    `organisations`, `members`: of the directory log. `records`: of the activity log.
    """

    log: str
    vkey: str
    size: int
    root: bytes
    tiles: int
    known: int | None = None
    organisations: int | None = None
    members: int | None = None
    records: RecordCounts | None = None


# --- replays ---------------------------------------------------------------------------------------------------


def _verify_directory(
    source: LogSource, vkey: str, *, known: Head | None, progress: Progress, keep: Callable[[str, bytes], None]
) -> tuple[LogReport, Directory]:
    directory = Directory(log_of(vkey)[0])

    def take(_start: int, entries: list[bytes]) -> None:
        for entry in entries:
            directory.append(entry)

    found = replay_log(source, vkey, known=known, take=take, keep=keep, progress=progress)
    if directory.size and directory.service.directory_log != vkey:
        raise LogKeyDiffersError(log=DIRECTORY)
    report = LogReport(
        log=DIRECTORY,
        vkey=vkey,
        size=found.checkpoint.size,
        root=found.checkpoint.root,
        tiles=found.tiles,
        known=None if known is None else known.size,
        organisations=len(directory.organisations),
        members=sum(len(each.members) for each in directory.organisations.values()),
    )
    return report, directory


class _Records:
    """Commitments of the records at hand, by index, until the replay reaches them."""

    def __init__(self) -> None:
        self._waiting: dict[int, bytes] = {}
        self.had = 0
        self.erased = 0
        self.statements = 0

    def add(self, index: int, record: bytes, salt: bytes) -> None:
        self._waiting[index] = commitment(record, salt=salt)

    def take(self, start: int, entries: list[bytes]) -> None:
        if not self._waiting:
            return
        for index, entry in enumerate(entries, start):
            wanted = self._waiting.pop(index, None)
            if wanted is not None:
                if wanted != entry:
                    raise RecordWrongError(why=f"entry {index}: the log holds another commitment")
                self.had += 1

    def counts(self, size: int) -> RecordCounts:
        if self._waiting:
            raise RecordWrongError(why=f"entry {min(self._waiting)}: a record beyond the log's end")
        lacked = size - self.had - self.erased
        return RecordCounts(had=self.had, lacked=lacked, erased=self.erased, statements=self.statements)


def _verify_activity(
    source: LogSource,
    vkey: str,
    records: _Records,
    *,
    known: Head | None,
    progress: Progress,
    keep: Callable[[str, bytes], None],
    opened: tuple[Checkpoint, bytes] | None = None,
) -> LogReport:
    found = replay_log(source, vkey, known=known, take=records.take, keep=keep, progress=progress, opened=opened)
    return LogReport(
        log=ACTIVITY,
        vkey=vkey,
        size=found.checkpoint.size,
        root=found.checkpoint.root,
        tiles=found.tiles,
        known=None if known is None else known.size,
        records=records.counts(found.checkpoint.size),
    )


# --- online -----------------------------------------------------------------------------------------------------


def verify_online(connection: Connection, vkey: str, *, progress: Progress = silent) -> LogReport:
    """Replay a log that a service serves to everybody, against a pinned key. Needs no membership.

    Raises the errors of logs (exit 17), EntryRefusedError for a directory that breaks its own rules, network errors.
    """
    log = log_of(vkey)[1]
    source = ServedLog(connection, log)
    if log == DIRECTORY:
        return _verify_directory(source, vkey, known=None, progress=progress, keep=no_keep)[0]
    return _verify_activity(source, vkey, _Records(), known=None, progress=progress, keep=no_keep)


def verify_as_member(session: Session, log: str, *, progress: Progress = silent) -> LogReport:
    """Replay a log against the key in the directory and the head that was verified last; then that head moves on.

    Of the activity log every record that one may read is held against its entry, and the statements inside against
    the directory. The session was synced. Raises as `verify_online` does, and RecordWrongError.
    """
    return _verify_session(session, log, keep=no_keep, record=_no_record, progress=progress)


def export(session: Session, folder: Path, *, progress: Progress = silent) -> tuple[LogReport, ...]:
    """Write both logs into a new folder, as a static web server serves them, with the records that one may read.

    Everything is verified on the way. Raises DiskExistsError when the folder is there, and as `verify_as_member`.
    """
    if folder.exists():
        raise DiskExistsError(path=str(folder))
    with disk_errors(folder):
        folder.mkdir(parents=True)
    try:
        return tuple(_export(session, folder, log, progress) for log in LOGS)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _export(session: Session, folder: Path, log: str, progress: Progress) -> LogReport:
    def keep(path: str, data: bytes) -> None:
        _write(folder / log / path, data)

    def record(index: int, salted: bytes) -> None:
        _write(folder / log / "records" / str(index), salted)

    keep("vkey", _pinned(session, log).encode() + b"\n")
    return _verify_session(session, log, keep=keep, record=record, progress=progress)


def _write(path: Path, data: bytes) -> None:
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _no_record(_index: int, _salted: bytes) -> None:
    pass


def _pinned(session: Session, log: str) -> str:
    service = session.directory.service
    return service.directory_log if log == DIRECTORY else service.activity_log


def _verify_session(
    session: Session,
    log: str,
    *,
    keep: Callable[[str, bytes], None],
    record: Callable[[int, bytes], None],
    progress: Progress,
) -> LogReport:
    vkey = _pinned(session, log)
    source = ServedLog(session.connection, log)
    if log == DIRECTORY:
        known = session.trust.directory_head
        return _verify_directory(source, vkey, known=known, progress=progress, keep=keep)[0]
    opened = open_log(source, vkey)
    records = _Records()
    with Checker(lambda: session.directory, grow=session.sync) as checker:
        for entry in _entries(session, 0, None):
            if entry.index >= opened[0].size:
                break
            if entry.record is None or entry.salt is None:
                records.erased += 1
                continue
            checker.add(entry.index, read_record(entry.record, entry.index))
            records.add(entry.index, entry.record, entry.salt)
            record(entry.index, entry.salt + entry.record)
        checker.finish()
    records.statements = checker.statements
    known = session.trust.activity
    report = _verify_activity(source, vkey, records, known=known, progress=progress, keep=keep, opened=opened)
    _follow(session, source, opened)
    return report


def _checked(session: Session, record: Record, index: int) -> tuple[Signed, ...]:
    """Check a record by the session's directory, brought up to date when that does not help at once."""
    try:
        return check_entry(record, index, session.directory)
    except RecordWrongError:
        size = session.directory.size
        session.sync()
        if session.directory.size == size:
            raise
        return check_entry(record, index, session.directory)


def _follow(session: Session, source: LogSource, opened: tuple[Checkpoint, bytes]) -> TileHashReader:
    """Move the session's head of the activity log to a checkpoint, proven from tiles; reads nodes of its tree."""
    checkpoint, note = opened
    reader = TileHashReader(checkpoint.size, checkpoint.root, lambda tile: source.read(tile.path, MAX_TILE))
    before = session.trust.activity
    proof = []
    if before.size <= checkpoint.size:
        proof = consistency_proof(before.size, checkpoint.size, reader.read)
    session.trust.follow_activity(note, proof)
    session.save()
    return reader


def _entries(session: Session, start: int, transfer: TransferId | None, *, limit: int = PAGE) -> Iterator[RecordEntry]:
    """The records that one may read from an index on, as the service gives them, indices ascending."""
    place: int | None = start
    while place is not None:
        path = f"/v1/records?from={place}&limit={limit}" + (f"&transfer={transfer}" if transfer else "")
        page = session.connection.call("GET", path, None, RecordPage)
        for entry in page.records:
            if entry.index < place:
                raise RecordWrongError(why="records out of order")
            place = entry.index + 1
            yield entry
        if page.next is not None and page.next < place:
            raise RecordWrongError(why="records out of order")
        place = page.next


# --- folders ----------------------------------------------------------------------------------------------------


def verify_folder(
    folder: Path,
    vkeys: Sequence[str],
    *,
    known: dict[str, Head] | None = None,
    progress: Progress = silent,
) -> tuple[LogReport, ...]:
    """Replay exported logs, offline. `vkeys`: the pinned keys: the directory's, which names the other, or one alone.

    Records in the folder are held against their entries; the statements inside them against the directory, when the
    folder has it. `known`: heads verified before, by log. Raises the errors of logs, RecordWrongError,
    LogKeyDiffersError, DiskMissingError for a log or file that is not there.
    """
    pinned = {log_of(vkey)[1]: vkey for vkey in vkeys}
    known = known or {}
    reports = []
    directory: Directory | None = None
    if DIRECTORY in pinned:
        source = _folder_log(folder, DIRECTORY, pinned[DIRECTORY])
        head = known.get(DIRECTORY)
        report, directory = _verify_directory(source, pinned[DIRECTORY], known=head, progress=progress, keep=no_keep)
        reports.append(report)
        named = directory.service.activity_log
        if pinned.setdefault(ACTIVITY, named) != named:
            raise LogKeyDiffersError(log=ACTIVITY)
    if ACTIVITY in pinned and ((folder / ACTIVITY).is_dir() or not reports):
        source = _folder_log(folder, ACTIVITY, pinned[ACTIVITY])
        records = _folder_records(folder / ACTIVITY / "records", directory)
        head = known.get(ACTIVITY)
        reports.append(_verify_activity(source, pinned[ACTIVITY], records, known=head, progress=progress, keep=no_keep))
    return tuple(reports)


def _folder_log(folder: Path, log: str, vkey: str) -> FolderLog:
    found = read_private(folder / log / "vkey") if (folder / log).is_dir() else None
    if found is None:
        raise DiskMissingError(path=str(folder / log / "vkey"))
    if found != vkey.encode() + b"\n":
        raise LogKeyDiffersError(log=log)
    return FolderLog(folder / log)


def _folder_records(folder: Path, directory: Directory | None) -> _Records:
    records = _Records()
    if not folder.is_dir():
        return records
    with Checker(lambda: directory or Directory("")) as checker:
        for path in folder.iterdir():
            if not path.name.isascii() or not path.name.isdigit() or str(int(path.name)) != path.name:
                raise RecordWrongError(why=f"a file named {path.name[:40]} among the records")
            index = int(path.name)
            salted = read_private(path) or b""
            if len(salted) <= SALT_SIZE:
                raise RecordWrongError(why=f"entry {index}: cut short")
            salt, raw = salted[:SALT_SIZE], salted[SALT_SIZE:]
            if directory is not None:
                checker.add(index, read_record(raw, index))
            records.add(index, raw, salt)
        checker.finish()
    records.statements = checker.statements
    return records


# --- one entry --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProvenEntry:
    """An entry that a proof file proves. `content`: the directory's statement, or the record, when it is there."""

    log: str
    origin: str
    index: int
    size: int
    content: bytes | None


def proof(session: Session, log: str, index: int, path: Path) -> ProvenEntry:
    """Write the proof of an entry into a new file, verified. The session was synced.

    Raises DiskExistsError, and what the service answers for an entry that is not there.
    """
    if path.exists():
        raise DiskExistsError(path=str(path))
    found = session.connection.call("GET", f"/v1/proof/{log}/{index}", None, Proof, since=session.since)
    if found.index != index:
        raise RecordWrongError(why="the proof of another entry")
    extra: bytes | None = None
    if log == ACTIVITY:
        for entry in _entries(session, index, None, limit=1):
            if entry.index == index and entry.record is not None and entry.salt is not None:
                extra = entry.salt + entry.record
            break
        leaf = _bundle_entry(session, log, index) if extra is None else sha256(extra).digest()
    else:
        leaf = extra = _bundle_entry(session, log, index)
    session.trust.accept_proof(log, leaf, found)
    session.save()
    if extra is not None and len(extra) > MAX_EXTRA:
        extra = None
    _write(path, TlogProof(index, found.inclusion, found.checkpoint, extra).encode())
    return check_proof(path, _pinned(session, log), entry=leaf)


def _bundle_entry(session: Session, log: str, index: int) -> bytes:
    """An entry as the log serves it, to be proven by the caller."""
    from scelle.tlog.tiles import decode_bundle

    source = ServedLog(session.connection, log)
    checkpoint, _ = open_log(source, _pinned(session, log))
    first = index // WIDTH * WIDTH
    if index >= checkpoint.size:
        raise RecordWrongError(why="the log has no such entry")
    bundle = Bundle(index // WIDTH, min(WIDTH, checkpoint.size - first))
    return decode_bundle(source.read(bundle.path, MAX_BUNDLE), bundle)[index - first]


def check_proof(path: Path, vkey: str, *, entry: bytes | None = None) -> ProvenEntry:
    """Check a proof file offline against a pinned key; `entry` when the file does not hold what it proves.

    Raises ProofMalformedError, InclusionProofWrongError and the errors of checkpoints, or a file error.
    """
    with disk_errors(path), path.open("rb") as file:
        raw = file.read(4 * MAX_EXTRA)
    found = parse_tlog_proof(raw)
    origin, log = log_of(vkey)
    if found.extra is not None:
        entry = found.extra if log == DIRECTORY else sha256(found.extra).digest()
    if entry is None:
        raise ProofMalformedError(what=str(path), why="it does not hold the entry that it proves")
    policy = Policy((PolicyLog(parse_vkey(vkey)),), (), (), NONE)
    accepted = found.verify(leaf_hash(entry), policy)
    content = found.extra
    if content is not None and log == ACTIVITY:
        content = content[SALT_SIZE:]
    return ProvenEntry(log=log, origin=origin, index=found.index, size=accepted.checkpoint.size, content=content)


# --- what happened ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Happened:
    """An entry of the activity log that one may read. `record`: None once erased. `signed`: who stated it."""

    index: int
    kind: str
    time: int
    record: Record | None
    signed: tuple[Signed, ...]


def tail(session: Session, since: int = 0, *, transfer: TransferId | None = None) -> Iterator[Happened]:
    """The records from an index on, up to the log's present end, each held against the log and the directory.

    The session was synced. Raises RecordWrongError, the errors of logs, and network errors.
    """
    source = ServedLog(session.connection, ACTIVITY)
    opened = open_log(source, _pinned(session, ACTIVITY))
    size = opened[0].size
    reader = _follow(session, source, opened)
    number, entries = -1, list[bytes]()
    for entry in _entries(session, since, transfer):
        if entry.index >= size:
            return
        if entry.record is None or entry.salt is None:
            yield Happened(entry.index, entry.kind, entry.time, None, ())
            continue
        if entry.index // WIDTH != number:
            number = entry.index // WIDTH
            bundle = Bundle(number, min(WIDTH, size - number * WIDTH))
            entries = reader.entries(bundle, source.read(bundle.path, MAX_BUNDLE))
        if commitment(entry.record, salt=entry.salt) != entries[entry.index % WIDTH]:
            raise RecordWrongError(why=f"entry {entry.index}: the log holds another commitment")
        record = read_record(entry.record, entry.index)
        signed = _checked(session, record, entry.index)
        if transfer is not None and getattr(record, "transfer", None) != transfer:
            raise RecordWrongError(why=f"entry {entry.index}: about another transfer")
        yield Happened(entry.index, record.KIND, record.time, record, signed)
