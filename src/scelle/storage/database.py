"""SQLite connections as the ledger needs them, and what its errors mean."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection

from scelle.ports import DiskFullError, StorageFaultError
from scelle.storage.errors import SchemaUnknownError
from scelle.storage.statements import schema_statements
from scelle.storage.tables import SCHEMA_VERSION

_WAIT_S = 10.0
"""How long a connection waits for another one's lock; only `scrub` and outside readers ever hold one."""


def connect_writer(path: Path) -> Connection:
    """The one connection that writes: what it commits is on the disk, and what it deletes is overwritten."""
    path.touch(mode=0o600)  # SQLite gives its other files the mode of this one
    db = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=256)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("PRAGMA cache_size = -65536")
    return db


def connect_reader(path: Path) -> Connection:
    """A connection that cannot write, nor make the file. It works beside the writer, in this process or another one."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",  # ro would fail where the journal has to be recovered first
        uri=True,
        timeout=_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    db.execute("PRAGMA query_only = ON")
    return db


def check_schema(db: Connection, path: Path) -> bool:
    """Whether the ledger has its tables (False: the file is new). Raises SchemaUnknownError for another version."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        return False
    if version != SCHEMA_VERSION:
        raise SchemaUnknownError(path=str(path), found=version, wanted=SCHEMA_VERSION)
    return True


def create_schema(db: Connection) -> None:
    """Make the tables, inside the transaction that is open."""
    for statement in schema_statements():
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def roll_back(db: Connection) -> None:
    """End the open transaction, if one is left, without keeping anything of it."""
    with suppress(sqlite3.Error):
        if db.in_transaction:
            db.execute("ROLLBACK")


def fault_of(error: sqlite3.Error, what: str) -> DiskFullError | StorageFaultError:
    """The error of the ports that an SQLite error stands for; `what` was being done."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return DiskFullError(what=what)
    return StorageFaultError(what=what, why=getattr(error, "sqlite_errorname", "") or type(error).__name__)
