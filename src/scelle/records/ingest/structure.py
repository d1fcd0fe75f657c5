"""Blocks of delimited text that are not sound: which lines are at fault, and the block without them.

Polars refuses a whole block for one broken line, and fills short lines with nulls. This looks at every line of such a
block, once, and gives the sound part back; sound blocks never come here.
"""

from dataclasses import dataclass, field
from typing import Final

from scelle.records.ingest.blocks import MAX_LINE
from scelle.records.ingest.found import mask

MAX_RECORD_LINES: Final = 200
"""Most lines that one record may take by line ends inside quotes; an open quote is not searched further."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Fault:
    """A line set aside: its number within the block (from 0), its bytes, why, and where (0: not in one column)."""

    line: int
    raw: bytes
    code: str
    column: int = 0
    facts: dict[str, str | int] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True)
class Mended:
    """The sound records of a block. `lines`: for each, its line within the block."""

    records: list[bytes]
    lines: list[int]
    faults: list[Fault]
    marks: list[int]
    repeated: list[int]


def mend(block: bytes, *, delimiter: bytes, width: int, header: bytes) -> Mended:
    """Set the unsound lines of a block aside.

    `width`: fields of a record. `header`: the header line; where it comes again (files put together) it is left out,
    and counted in `repeated`. A byte order mark at the start of a line is taken off, and counted in `marks`.
    """
    lines = block.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    out = Mended([], [], [], [], [])
    number = 0
    while number < len(lines):
        line, first = lines[number], number
        number += 1
        if line.startswith(_BOM):
            line = line[3:]
            out.marks.append(first)
        if line.rstrip(b"\r") == header:
            out.repeated.append(first)
            continue
        if not line.strip():
            continue
        if line.count(b'"') % 2:
            joined = _join(lines, first, delimiter, width)
            if joined is None:
                out.faults.append(quote_fault(first, line, delimiter))
                continue
            line, number = joined
        fault = _fault(first, line, delimiter, width)
        if fault is None:
            out.records.append(line)
            out.lines.append(first)
        else:
            out.faults.append(fault)
    return out


def _join(lines: list[bytes], first: int, delimiter: bytes, width: int) -> tuple[bytes, int] | None:
    """The record that a line with an open quote begins, and the number of the line after it; None: the quote stays
    open.
    """
    record = lines[first]
    for number in range(first + 1, min(first + MAX_RECORD_LINES, len(lines))):
        record += b"\n" + lines[number]
        if len(record) > MAX_LINE:
            return None
        if lines[number].count(b'"') % 2:
            return (record, number + 1) if _split(record, delimiter) == width else None
    return None


def _split(record: bytes, delimiter: bytes) -> int | None:
    """Number of fields by the rules of quotes (RFC 4180); None when a quote is not where quotes are allowed."""
    if b'"' not in record:
        return record.count(delimiter) + 1
    fields, at, end = 0, 0, len(record.removesuffix(b"\r"))
    while True:
        fields += 1
        if record[at : at + 1] == b'"':
            at += 1
            while True:
                at = record.find(b'"', at)
                if at < 0:
                    return None
                if record[at + 1 : at + 2] != b'"':
                    break
                at += 2
            at += 1
            if at < end and record[at : at + 1] != delimiter:
                return None
        else:
            stop = record.find(delimiter, at, end)
            stop = end if stop < 0 else stop
            if b'"' in record[at:stop]:
                return None
            at = stop
        if at >= end:
            return fields
        at += 1


def _fault(number: int, line: bytes, delimiter: bytes, width: int) -> Fault | None:
    if b"\0" in line:
        column = line[: line.index(b"\0")].count(delimiter) + 1
        return Fault(number, line, "reject.csv-control", column, {"column": column})
    if not line.isascii():
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            column = line[: error.start].count(delimiter) + 1
            field = line.split(delimiter)[column - 1].decode("ascii", "replace")
            return Fault(number, line, "reject.csv-encoding", column, {"column": column}, mask(field))
    fields = _split(line, delimiter)
    if fields is None:
        return quote_fault(number, line, delimiter)
    if fields == width:
        return None
    for other in (b";", b",", b"\t", b"|"):
        if other != delimiter and fields == 1 and width > 1 and _split(line, other) == width:
            return Fault(
                number, line, "reject.csv-delimiter", 0, {"found": other.decode(), "wanted": delimiter.decode()}
            )
    return Fault(number, line, "reject.csv-fields", min(fields, width), {"fields": fields, "wanted": width})


def quote_fault(number: int, line: bytes, delimiter: bytes) -> Fault:
    """The fault of a line whose quotes do not pair: at the first one inside a field, else at the last one."""
    at = next(
        (i for i, byte in enumerate(line) if byte == 0x22 and i and line[i - 1 : i] not in {delimiter, b'"'}),
        line.rfind(b'"'),
    )
    column = line[:at].count(delimiter) + 1
    return Fault(number, line, "reject.csv-quote", column, {"column": column})
