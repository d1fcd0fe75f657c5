"""SQLAlchemy Core statements, compiled once: running one is then a bare call of the driver."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from sqlite3 import Connection, Cursor
from typing import Any

from sqlalchemy import Select, Table, UpdateBase, bindparam, delete, insert, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from scelle.storage.tables import metadata

_DIALECT = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """A statement as SQL text with the names of its parameters in order."""

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        # parameters without a value are the caller's to give: a forgotten one must be a KeyError, not NULL
        self._given = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, db: Connection, **values: Any) -> Cursor:
        """Run with values by parameter name."""
        if self._given:
            values = self._given | values
        return db.execute(self.sql, [values[name] for name in self._names])

    def run_row(self, db: Connection, row: Sequence[Any]) -> Cursor:
        """Run with values in the order of the statement's parameters."""
        return db.execute(self.sql, row)

    def run_many(self, db: Connection, rows: Sequence[Sequence[Any]]) -> Cursor:
        """Run once for each row of values in the order of the statement's parameters."""
        return db.executemany(self.sql, rows)


def values_of(row_class: type) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives the fields of a row of that dataclass as a tuple."""
    found: Callable[[Any], tuple[Any, ...]] = attrgetter(*(field.name for field in fields(row_class)))
    return found


def insert_row(table: Table, *, or_ignore: bool = False, replace: bool = False) -> Prepared:
    """INSERT of a whole row, columns in the table's order."""
    statement = insert(table).values({column.name: bindparam(column.name) for column in table.columns})
    if or_ignore:
        statement = statement.prefix_with("OR IGNORE")
    if replace:
        statement = statement.prefix_with("OR REPLACE")
    return Prepared(statement)


def update_row(table: Table) -> Prepared:
    """UPDATE of a whole row by its primary key: the other columns in the table's order, then the key's."""
    statement = update(table).values(
        {column.name: bindparam(f"new_{column.name}") for column in table.columns if not column.primary_key}
    )
    for column in table.primary_key.columns:
        statement = statement.where(column == bindparam(column.name))
    return Prepared(statement)


def delete_rows(table: Table, *columns: str) -> Prepared:
    """DELETE of the rows whose named columns have the given values."""
    statement = delete(table)
    for name in columns:
        statement = statement.where(table.columns[name] == bindparam(name))
    return Prepared(statement)


def schema_statements() -> list[str]:
    """The SQL that makes every table and index."""
    found = []
    for table in metadata.sorted_tables:
        found.append(str(CreateTable(table).compile(dialect=_DIALECT)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        found += [str(CreateIndex(index).compile(dialect=_DIALECT)) for index in indexes]
    return found
