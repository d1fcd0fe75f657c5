"""FHIR files, a Bundle or resources one a line, into raw frames."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from scelle.records.ingest.blocks import open_file, utf8_blocks
from scelle.records.ingest.errors import DocumentTooLargeError, EncodingError, JsonBrokenError
from scelle.records.ingest.fhir import Document
from scelle.records.ingest.found import FileFound, Reject, Rejects
from scelle.records.ingest.meaning import Meanings
from scelle.records.ingest.messages import MAX_BATCH, Rows, bind_standard
from scelle.records.ingest.sniff import Sniffed
from scelle.records.profile import Profile

MAX_DOCUMENT: Final = 256 << 20
"""Bytes of a Bundle, or of all lines of single resources, that are read at once; Bundles one a line have no such
bound.
"""

_BLOCK: Final = 8 << 20


class BundleFile:
    """One file of FHIR resources."""

    def __init__(self, path: Path, number: int, sniffed: Sniffed) -> None:
        self.found = FileFound(path, number, sniffed.format, encoding=sniffed.encoding, bom=sniffed.skip > 0)
        self.names: list[str] = []
        self._sniffed = sniffed

    def bind(self, profile: Profile) -> None:
        """Elements of the standard have their places. Raises ColumnsUnknownError for a profile without results."""
        self._profile = profile
        bind_standard(profile, self.found)

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:
        """Raw frames, `_row` counting the results of the file.

        Raises JsonBrokenError, EncodingError, DocumentTooLargeError, LineTooLongError, RejectsTooManyError.
        """
        pending = Rows(self._profile, self.found)
        documents = self._whole() if self._sniffed.format == "fhir" else self._lines(rejects)
        for entries in documents:
            document = Document(Meanings(self._profile), self.found.unmapped)
            for number, entry in entries:
                document.add(number, entry)
            for row in document.rows():
                pending.add(row)
                if len(pending) >= min(rows, MAX_BATCH):
                    yield pending.flush()
            for failure in document.failures:
                raw = json.dumps(failure.resource, ensure_ascii=False).encode()
                rejects.add(
                    self.found,
                    Reject(self.found.number, "entry", failure.entry, failure.code, raw, facts=failure.facts),
                )
        if len(pending):
            yield pending.flush()

    def _whole(self) -> Iterator[list[tuple[int, Any]]]:
        name = str(self.found.path)
        with open_file(self.found.path) as file:
            size = file.seek(0, 2)
            if size > MAX_DOCUMENT:
                raise DocumentTooLargeError(file=name, size=size, limit=MAX_DOCUMENT)
            file.seek(self._sniffed.skip)
            data = file.read()
        encoding = "utf-8" if self._sniffed.encoding == "ascii" else self._sniffed.encoding
        try:
            text = data.decode(encoding, "scelle-c1" if encoding == "cp1252" else "strict")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise EncodingError(file=name, encoding=encoding, line=line) from None
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            why = "ends too early" if error.pos >= len(text.rstrip()) else "not JSON"
            why = "ends too early" if error.msg.startswith("Unterminated string") else why
            raise JsonBrokenError(file=name, line=error.lineno, column=error.colno, why=why) from None
        except RecursionError:
            raise JsonBrokenError(file=name, line=1, column=1, why="nested too deep") from None
        yield _entries(value)

    def _lines(self, rejects: Rejects) -> Iterator[list[tuple[int, Any]]]:
        """Each Bundle by itself; single resources all together, as they refer to each other."""
        singles: list[tuple[int, Any]] = []
        size = number = 0
        sniffed = self._sniffed
        for block in utf8_blocks(self.found.path, skip=sniffed.skip, encoding=sniffed.encoding, size=_BLOCK):
            for raw in block.split(b"\n"):
                number += bool(raw.strip())
                if not raw.strip():
                    continue
                try:
                    value = json.loads(raw)
                except (ValueError, RecursionError) as error:
                    column = error.colno if isinstance(error, json.JSONDecodeError) else 1
                    facts: dict[str, str | int] = {"column": column}
                    rejects.add(
                        self.found,
                        Reject(self.found.number, "entry", number, "reject.json-line", raw.strip(), facts=facts),
                    )
                    continue
                if isinstance(value, dict) and value.get("resourceType") == "Bundle":
                    yield [(number, entry) for _, entry in _entries(value)]
                    continue
                size += len(raw)
                if size > MAX_DOCUMENT:
                    raise DocumentTooLargeError(file=str(self.found.path), size=size, limit=MAX_DOCUMENT)
                singles.append((number, value))
        if singles:
            yield singles


def _entries(value: Any) -> list[tuple[int, Any]]:
    """The entries of a Bundle, numbered from 1; of a list, its items; anything else is one entry."""
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        inner = value.get("entry")
        value = inner if isinstance(inner, list) else []
    return list(enumerate(value if isinstance(value, list) else [value], 1))
