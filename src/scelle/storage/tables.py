"""The ledger's schema. Columns that hold a row of `scelle.ports` stand in the order of its fields."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, literal_column

SCHEMA_VERSION: Final = 1
"""Kept in SQLite's `user_version`; a ledger of another version is not opened."""

metadata = MetaData()

heads = Table(
    "heads",
    metadata,
    Column("log", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The newest signed checkpoint of each log."""

tiles = Table(
    "tiles",
    metadata,
    Column("log", Text, primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
)
"""Full hash tiles. Partial ones are derived when the ledger is opened, entry bundles when they are asked for."""

directory = Table(
    "directory",
    metadata,
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("statement", LargeBinary, nullable=False),
)

activity = Table(
    "activity",
    metadata,
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("time", Integer, nullable=False),
    Column("transfer", Text),
    Column("record", LargeBinary),
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
)
"""Entries of the activity log (`commitment`) and what stands behind them until it is erased."""

Index("activity_transfer", activity.c.transfer, activity.c.index, sqlite_where=activity.c.transfer.is_not(None))

readers = Table(
    "readers",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which organisations may read which record."""

statements = Table(
    "statements",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("log", Text, nullable=False),
    Column("index", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Where the entry that a statement produced stands, by the statement's SHA-256."""

nonces = Table(
    "nonces",
    metadata,
    Column("key", Text, primary_key=True),
    Column("nonce", LargeBinary, primary_key=True),
    Column("expires", Integer, nullable=False, index=True),
    sqlite_with_rowid=False,
)

transfers = Table(
    "transfers",
    metadata,
    Column("transfer", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("cover", LargeBinary),
    Column("sealed", Integer),
    Column("sealed_index", Integer),
    Column("reason", Text),
    Column("destroyed", Integer),
    Column("destroyed_index", Integer),
)

not_destroyed = transfers.c.state != literal_column("'destroyed'")
"""A literal, not a parameter: else SQLite could not see that the indexes on this condition apply."""

Index("transfers_sent", transfers.c.organisation, transfers.c.created, transfers.c.transfer)
Index("transfers_held", transfers.c.organisation, transfers.c.size, sqlite_where=not_destroyed)
Index("transfers_due", transfers.c.expires, sqlite_where=not_destroyed)

parts = Table(
    "parts",
    metadata,
    Column("transfer", Text, ForeignKey("transfers.transfer"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("length", Integer),
    sqlite_with_rowid=False,
)

recipients = Table(
    "recipients",
    metadata,
    Column("transfer", Text, ForeignKey("transfers.transfer"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("member", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("desk", Text),
    Column("slot", Integer),
    Column("envelope", LargeBinary, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Column("released", Integer),
    Column("opened", Integer),
    Column("discarded", Integer),
    Column("revoked", Integer),
)

Index("recipients_member", recipients.c.member, recipients.c.transfer)
Index("recipients_organisation", recipients.c.organisation, recipients.c.transfer)
Index("recipients_slot", recipients.c.slot, unique=True, sqlite_where=recipients.c.slot.is_not(None))

freezes = Table(
    "freezes",
    metadata,
    Column("freeze", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("time", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("index", Integer),
    Column("proposal", LargeBinary),
    Column("proposer", Text),
    Column("proposed", Integer),
    Column("lifted", Integer),
    Column("proposal_index", Integer),
)

contacts = Table(
    "contacts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("organisation", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("name_salt", LargeBinary, nullable=False),
    Column("email", Text, nullable=False),
    Column("email_salt", LargeBinary, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("transfer", Text, ForeignKey("transfers.transfer"), nullable=False, index=True),
    Column("key", Text, nullable=False),
    Column("due", Integer, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
)
