"""Checking a ledger against itself, beside the running service: one snapshot, nothing written."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from sqlalchemy import Integer, LargeBinary, Select, Table, Text, and_, bindparam, func, literal_column, select

from scelle.activity.record import commitment
from scelle.base.errors import ScelleError
from scelle.base.ids import TransferId
from scelle.ports import ACTIVITY, DIRECTORY, LogName, StorageFaultError, TransferRow
from scelle.storage.database import check_schema, connect_reader, fault_of
from scelle.storage.reading import SqlReading, log_entries
from scelle.storage.statements import Prepared
from scelle.storage.tables import activity, metadata, tiles, transfers
from scelle.storage.tree import load_head
from scelle.tlog.checkpoint import parse_checkpoint
from scelle.tlog.tiles import WIDTH, Tile, TileGrower
from scelle.tlog.tree import leaf_hashes

Verify = Callable[[LogName, bytes], bytes]
"""Checks the signatures of a log's note and returns its text; raises a ScelleError when they do not hold."""

_STORAGE_CLASSES = {Integer: "integer", Text: "text", LargeBinary: "blob"}
"""How SQLite stores the values of a column; by itself it takes any value into any column."""


def _wrong_types(table: Table) -> Prepared:
    """How many values of each column of a table are of another type than the column's."""
    counts: list[Any] = []
    for column in table.columns:
        wrong = func.typeof(column) != literal_column(f"'{_STORAGE_CLASSES[type(column.type)]}'")
        counts.append(func.coalesce(func.sum(and_(column.is_not(None), wrong) if column.nullable else wrong), 0))
    statement: Select[Any] = select(*counts)
    return Prepared(statement)


_WRONG_TYPES = {table: _wrong_types(table) for table in metadata.sorted_tables}
_TILES = Prepared(select(tiles.c.level, tiles.c.index, tiles.c.hashes).where(tiles.c.log == bindparam("log")))
_RECORDS = Prepared(
    select(activity.c.index, activity.c.record, activity.c.salt, activity.c.commitment).order_by(activity.c.index)
)
_TRANSFERS = Prepared(select(transfers).order_by(transfers.c.created, transfers.c.transfer))
_ABOUT = Prepared(select(activity.c.transfer).where(activity.c.index == bindparam("index")))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be. `where`: a log, an entry or a transfer; `why`: for the operator."""

    where: str
    why: str


def check_ledger(path: Path, *, origins: Mapping[LogName, str], verify: Verify) -> list[Finding]:
    """What does not hold in a ledger; empty when everything does.

    Recomputes both logs from their entries against the signed checkpoints and every stored tile, every record
    against its commitment, and every transfer against its parts, recipients and entries. Works while the service
    runs. Raises StorageFaultError when there is no ledger to read, SchemaUnknownError.
    """
    with _snapshot(path) as db:
        return _types(db) or [
            *_file(db),
            *_log(db, DIRECTORY, origins[DIRECTORY], verify),
            *_log(db, ACTIVITY, origins[ACTIVITY], verify),
            *_records(db),
            *_transfers(db),
        ]


def check_types(path: Path) -> list[Finding]:
    """Values of a ledger that are of another type than their columns; until there is none, nothing else is read.

    Raises StorageFaultError when there is no ledger to read, SchemaUnknownError.
    """
    with _snapshot(path) as db:
        return _types(db)


@contextmanager
def _snapshot(path: Path) -> Iterator[Connection]:
    try:
        with closing(connect_reader(path)) as db:
            db.execute("BEGIN")
            if not check_schema(db, path):
                raise StorageFaultError(what="checking the ledger", why="it has no tables")
            yield db
    except sqlite3.Error as error:
        raise fault_of(error, "checking the ledger") from error


def _types(db: Connection) -> list[Finding]:
    found = []
    for table, statement in _WRONG_TYPES.items():
        for column, count in zip(table.columns, statement.run(db).fetchone(), strict=True):
            if count:
                found.append(Finding(table.name, f"{count} of its values in {column.name} are of another type"))
    return found


def _file(db: Connection) -> Iterator[Finding]:
    for (found,) in db.execute("PRAGMA quick_check(20)"):
        if found != "ok":
            yield Finding("database", str(found))
    for table, _, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield Finding(str(table), f"a row refers to none in {parent}")


def _log(db: Connection, log: LogName, origin: str, verify: Verify) -> Iterator[Finding]:
    where = f"{log} log"
    try:
        size, root, note = load_head(db, log)
        checkpoint = parse_checkpoint(verify(log, note))
    except ScelleError as error:
        yield Finding(where, f"the checkpoint does not hold: {error}")
        return
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, size, root):
        yield Finding(where, "the signed checkpoint is of another origin, size or root")
    grower = TileGrower()
    wanted: dict[Tile, bytes] = {}
    while entries := log_entries(db, log, grower.size, grower.size + WIDTH):
        wanted.update(grower.append(leaf_hashes(entries)))
    if (grower.size, grower.root()) != (checkpoint.size, checkpoint.root):
        yield Finding(where, f"the {grower.size} entries are not those of the checkpoint of size {checkpoint.size}")
    stored = {Tile(level, index): data for level, index, data in _TILES.run(db, log=log)}
    for tile in sorted(wanted.keys() | stored.keys()):
        if wanted.get(tile) != stored.get(tile):
            yield Finding(where, f"{tile.path} is not made of the entries")


def _records(db: Connection) -> Iterator[Finding]:
    for index, record, salt, leaf in _RECORDS.run(db):
        if (record is None) != (salt is None):
            yield Finding(f"entry {index}", "record and salt were not erased together")
        elif record is not None and commitment(record, salt=salt) != leaf:
            yield Finding(f"entry {index}", "the record is not the one committed to")


def _transfers(db: Connection) -> Iterator[Finding]:
    reading = SqlReading(db)
    for values in _TRANSFERS.run(db):
        row = TransferRow(*values)
        for why in (*_state(row), *_entries(db, row), *_belongings(reading, row)):
            yield Finding(f"transfer {row.transfer}", why)


def _state(row: TransferRow) -> Iterator[str]:
    if row.state not in {"open", "sealed", "destroying", "destroyed"}:
        yield "its state is unknown"
    was_sealed = row.sealed is not None
    if (row.cover is not None) != was_sealed or (row.sealed_index is not None) != was_sealed:
        yield "cover, time and entry of sealing do not go together"
    if (row.state == "open" and was_sealed) or (row.state == "sealed" and not was_sealed):
        yield "its state does not go with its sealing"
    if (row.destroyed is not None) != (row.state == "destroyed"):
        yield "its state does not go with its destruction"
    if row.state in {"destroying", "destroyed"} and row.reason is None:
        yield "it is destroyed for no reason"


def _entries(db: Connection, row: TransferRow) -> Iterator[str]:
    for index in (row.sealed_index, row.destroyed_index):
        if index is not None and _ABOUT.run(db, index=index).fetchone() != (row.transfer,):
            yield f"entry {index} is not about it"


def _belongings(reading: SqlReading, row: TransferRow) -> Iterator[str]:
    transfer = TransferId(row.transfer)
    if row.state == "destroyed":
        if reading.parts(transfer):
            yield "destroyed, and has parts"
        if any(recipient.slot is not None for recipient in reading.recipients(transfer)):
            yield "destroyed, and has release shares"
