"""What reading finds out and what it sets aside: the facts that are shown before anything is sent.

`Found` grows while batches are read: it is complete when the last batch has been taken.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from scelle.records.ingest.errors import RejectsTooManyError

Format: TypeAlias = Literal["csv", "parquet", "xlsx", "ndjson", "hl7", "fhir", "fhir-ndjson"]
Unit: TypeAlias = Literal["line", "message", "entry", "row"]

MAX_REJECTS: Final = 200_000
"""Rejects of one reading; a file with more is of another form."""
MAX_REJECT_BYTES: Final = 128 << 20

_LETTER = re.compile(r"[^\W\d_]")


def mask(text: str, *, limit: int = 24) -> str:
    """The shape of a value without the value: letters become x, digits 9, the rest stays; cut at `limit`."""
    shape = re.sub(r"\d", "9", _LETTER.sub("x", text[: limit + 1]))
    return shape[:limit] + "…" if len(text) > limit else shape


@dataclass(frozen=True)
class Reject:
    """A line, message, entry or row that is not in any batch. Nothing of it is lost: `raw` is what was in the file.

    `number` is 1-based: the line in the file (the header is line 1), or the message or entry. `code` begins with
    "reject." and has its sentence in the word files, with `facts`. `shown` is the place at fault, masked. `raw` has the
    bytes of a line without its end, of a message with CR between segments, of an entry as JSON; in UTF-8 unless the
    encoding itself is at fault. `_file` of frames is `file`.
    """

    file: int
    unit: Unit
    number: int
    code: str
    raw: bytes = dataclasses.field(repr=False)
    inside: str = ""
    field: str = ""
    facts: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    shown: str = ""

    @property
    def place(self) -> str:
        """Where it is: `line 12`, `message 3, OBX 2`."""
        return f"{self.unit} {self.number}" + (f", {self.inside}" if self.inside else "")

    @property
    def reason(self) -> str:
        """Code and facts in one line, for files and logs."""
        said = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        return self.code.removeprefix("reject.") + (f" ({said})" if said else "")


@dataclass
class Note:
    """Something odd that did not keep anything from being read. `code` begins with "note." and has its sentence in the
    word files, with `said`; `number`: the line, row or message where it came first.
    """

    code: str
    number: int
    count: int = 1
    facts: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @property
    def said(self) -> dict[str, str | int]:
        """Facts of the sentence: those of the note, `count`, and `first` (the number)."""
        return {**self.facts, "count": self.count, "first": self.number}


@dataclass
class ColumnFound:
    """A source column that became a column of the profile. `how`: name, alias or mapping.

    `forms`: shapes of its dates as patterns of `strptime` (chrono's), day first where that is open, with the number of
    values seen; `patterns` are those to read by. `day_first`, `month_first`: a value over 12 was seen in that place.
    `decimal`: the mark of its decimal numbers, if it has any.
    """

    source: str
    name: str
    how: Literal["name", "alias", "mapping", "standard"]
    forms: Counter[str] = dataclasses.field(default_factory=Counter)
    day_first: bool = False
    month_first: bool = False
    decimal: str = ""

    @property
    def ambiguous(self) -> bool:
        """Whether day and month cannot be told apart: no value over 12, or some in both; day first is assumed."""
        return self.day_first == self.month_first and any(pattern.startswith("%d") for pattern in self.forms)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns to read by, most frequent first; when both orders occur, day first stands before month first."""
        patterns: list[str] = []
        for pattern, _ in self.forms.most_common():
            swapped = "%m" + pattern[2] + "%d" + pattern[5:]
            if not pattern.startswith("%d") or not self.month_first:
                patterns.append(pattern)
            elif self.day_first:
                patterns += [pattern, swapped]
            else:
                patterns.append(swapped)
        return tuple(patterns)


@dataclass
class FileFound:
    """What was found out about one file. `unmapped`: source columns or fields without a place, values counted."""

    path: Path
    number: int
    format: Format
    encoding: str = ""
    bom: bool = False
    delimiter: str = ""
    quote: str = ""
    newline: str = ""
    columns: dict[str, ColumnFound] = dataclasses.field(default_factory=dict)
    unmapped: Counter[str] = dataclasses.field(default_factory=Counter)
    missing: tuple[str, ...] = ()
    rows: int = 0
    notes: dict[str, Note] = dataclasses.field(default_factory=dict)

    def note(self, code: str, number: int, *, of: str = "", count: int = 1, **facts: str | int) -> None:
        """Count something odd; place and facts of the first are kept. `of`: kept apart by this (a column)."""
        key = f"{code} {of}".strip()
        known = self.notes.get(key)
        if known is None:
            self.notes[key] = Note(code, number, count, facts)
        else:
            known.count += count


@dataclass
class Found:
    """What was found out about all files of a reading, in their order."""

    files: list[FileFound]

    def forms(self, column: str, file: int) -> tuple[str, ...]:
        """Patterns of the dates of a profile column in one file, most frequent first; empty when it has none so far."""
        known = self.files[file].columns.get(column)
        return () if known is None else known.patterns


class Rejects(list[Reject]):
    """The rejects of a reading, bounded in number and size."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def add(self, file: FileFound, reject: Reject) -> None:
        """Keep one. Raises RejectsTooManyError past the bounds."""
        self.size += len(reject.raw)
        if len(self) >= MAX_REJECTS or self.size > MAX_REJECT_BYTES:
            raise RejectsTooManyError(file=str(file.path), count=len(self), kind=reject.code)
        self.append(reject)
