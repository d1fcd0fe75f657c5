"""Delimited text (CSV): blocks go to polars whole; a block that is not sound is looked at line by line first."""

import csv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from scelle.records.ingest import forms
from scelle.records.ingest.blocks import utf8_blocks
from scelle.records.ingest.columns import ROW, map_columns, raw_frame, unique_names
from scelle.records.ingest.errors import EncodingError, HeaderOnlyError
from scelle.records.ingest.found import FileFound, Reject, Rejects
from scelle.records.ingest.sniff import Sniffed, eight_bit, sniff_delimiter
from scelle.records.ingest.structure import mend, quote_fault
from scelle.records.profile import Profile

MAX_BLOCK: Final = 32 << 20
MIN_BLOCK: Final = 4 << 10

_SAMPLE_LINES: Final = 200


class DelimitedFile:
    """One CSV file: what its head says on opening, its rows by `batches`."""

    def __init__(self, path: Path, number: int, sniffed: Sniffed, *, mapping: Mapping[str, str]) -> None:
        """Finds delimiter and header. Raises HeaderOnlyError, and EncodingError for a broken header."""
        if sniffed.newline == "\r":
            sniffed = replace(sniffed, head=sniffed.head.replace("\r", "\n"), sample=sniffed.sample.replace("\r", "\n"))
        self._sniffed = sniffed
        self._mapping = mapping
        start = len(sniffed.head) - len(sniffed.head.lstrip())
        start = sniffed.head.rfind("\n", 0, start) + 1
        lines = [line.rstrip("\r") for line in sniffed.head[start:].split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]]
        self.header = lines[0]
        blank = sniffed.head.count("\n", 0, start)
        if "\ufffd" in self.header and sniffed.encoding == "utf-8":
            raise EncodingError(file=str(path), encoding="utf-8", line=blank + 1)
        self._first_line = blank + 2
        end = sniffed.head.find("\n", start) + 1 or len(sniffed.head)
        self._skip = sniffed.skip + _size(sniffed.head[:end], sniffed.encoding)
        quote = '"' if '"' in sniffed.sample else ""
        delimiter = sniff_delimiter(lines, quote=quote) or ";"
        names = _names(self.header, delimiter)
        self.names = unique_names(names)
        self._first_name = names[0]
        self.found = FileFound(
            path,
            number,
            "csv",
            encoding=sniffed.encoding,
            bom=sniffed.skip > 0,
            delimiter=delimiter,
            quote=quote,
            newline=sniffed.newline,
        )
        if not sniffed.sample.partition(self.header)[2].strip():
            raise HeaderOnlyError(file=str(path))

    def bind(self, profile: Profile) -> None:
        """Place the columns and find the date forms of the sample. Raises MappingError, ColumnsUnknownError."""
        self._profile = profile
        self._places = map_columns(self.names, profile, self.found, self._mapping)
        header = self.header.encode("utf-8")
        sample = self._sniffed.sample.partition(self.header)[2].lstrip("\r\n").replace("\r\n", "\n").encode("utf-8")
        mended = mend(sample, delimiter=self.found.delimiter.encode(), width=len(self.names), header=header)
        frame = self._parse_records(mended.records)[0]
        if frame.height:
            for name, target in self._places.items():
                if target in self.found.columns:
                    values = frame.get_column(name).drop_nulls().head(2000).to_list()
                    self.found.columns[target].decimal = forms.decimal_mark(values)
            forms.prime(self._place(frame.with_row_index(ROW, offset=1)), profile, self.found)

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:
        """Raw frames of at most about `rows` rows. Raises what `utf8_blocks` raises, and RejectsTooManyError."""
        size = max(MIN_BLOCK, min(MAX_BLOCK, rows * self._sniffed.bytes_a_line))
        line, row, seen = self._first_line, 1, False
        encoding = self._sniffed.encoding
        blocks = utf8_blocks(self.found.path, skip=self._skip, encoding=encoding, size=size, line=line)
        for block in _ahead(blocks):
            if self._sniffed.newline == "\r":
                block = block.replace(b"\r", b"\n")
            block = self._late(block)
            quoted = b'"' in block
            if quoted:
                self.found.quote = '"'
            frame = None if b"\0" in block else self._parse(block)
            # without quotes every line is a row, and need not be counted
            lines = _count_lines(block) if frame is None or quoted else frame.height
            if frame is not None and self._sound(frame, block, lines, quoted=quoted):
                frame, records = frame.with_row_index(ROW, offset=row), frame.height
            else:
                lines = _count_lines(block)
                frame, records = self._mend(block, line, row, rejects)
            seen = seen or records > 0
            line += lines
            row += records
            if frame.height:
                self.found.rows += frame.height
                for name in self.found.unmapped:
                    self.found.unmapped[name] += frame.height - frame.get_column(name).null_count()
                batch = self._place(frame)
                self._formulas(block, batch)
                forms.learn(batch, self._profile, self.found)
                yield from batch.iter_slices(rows)
        if not seen:
            raise HeaderOnlyError(file=str(self.found.path))

    def _late(self, block: bytes) -> bytes:
        """Settles the encoding at the first block that is more than ASCII, when the samples were nothing else."""
        if self._sniffed.encoding != "ascii" or block.isascii():
            return block
        if self.found.encoding == "ascii":
            self.found.encoding = eight_bit([block])
        if self.found.encoding == "utf-8":
            return block
        return block.decode(self.found.encoding, "scelle-c1").encode("utf-8")

    def _mend(self, block: bytes, line: int, row: int, rejects: Rejects) -> tuple[pl.DataFrame, int]:
        """The sound rows of a block with their numbers, and how many rows it has with those set aside."""
        mended = mend(
            block, delimiter=self.found.delimiter.encode(), width=len(self.names), header=self.header.encode("utf-8")
        )
        for at in mended.marks:
            self.found.note("note.bom-inside", line + at)
        for at in mended.repeated:
            self.found.note("note.header-repeated", line + at)
        frame, refused = self._parse_records(mended.records)
        delimiter = self.found.delimiter.encode()
        faults = [*mended.faults, *(quote_fault(mended.lines[at], mended.records[at], delimiter) for at in refused)]
        lines = [line for at, line in enumerate(mended.lines) if at not in set(refused)]
        for fault in sorted(faults, key=lambda fault: fault.line):
            name = self.names[fault.column - 1] if 0 < fault.column <= len(self.names) else ""
            rejects.add(
                self.found,
                Reject(
                    self.found.number,
                    "line",
                    line + fault.line,
                    fault.code,
                    fault.raw.rstrip(b"\r"),
                    inside=f"column {fault.column}" if fault.column else "",
                    field=self._places.get(name, name),
                    facts=fault.facts,
                    shown=fault.shown,
                ),
            )
        order = sorted([*lines, *(fault.line for fault in faults)])
        place = {at: row + i for i, at in enumerate(order)}
        numbers = pl.Series(ROW, [place[at] for at in lines], dtype=pl.UInt32)
        return frame.insert_column(0, numbers), len(order)

    def _parse_records(self, records: list[bytes]) -> tuple[pl.DataFrame, list[int]]:
        """The records as a frame, and the indexes of those that polars still refuses, found by halving."""
        frame = self._parse(b"\n".join([*records, b""]) if records else b"")
        if frame is not None and frame.height == len(records):
            return frame, []
        if len(records) == 1:
            return pl.DataFrame(schema=dict.fromkeys(self.names, pl.String())), [0]
        half = len(records) // 2
        (first, bad), (second, more) = self._parse_records(records[:half]), self._parse_records(records[half:])
        return pl.concat([first, second]), [*bad, *(half + at for at in more)]

    def _parse(self, data: bytes) -> pl.DataFrame | None:
        """The block as text columns; None when polars finds it broken."""
        schema = dict.fromkeys(self.names, pl.String())
        if not data:
            return pl.DataFrame(schema=schema)
        try:
            return pl.read_csv(
                data,
                separator=self.found.delimiter,
                has_header=False,
                schema=schema,
                quote_char='"' if b'"' in data else None,
            )
        except pl.exceptions.PolarsError:
            return None

    def _sound(self, frame: pl.DataFrame, block: bytes, lines: int, *, quoted: bool) -> bool:
        """Whether every line became one row of all its fields. Polars has refused lines with too many."""
        if frame.height != lines:
            return False
        first = frame.to_series(0)
        if first.str.starts_with("\ufeff").any() or (first == self._first_name).any():
            return False
        if frame.to_series(-1).null_count() == 0:
            return True
        if quoted:
            return False
        return block.count(self.found.delimiter.encode()) == (len(self.names) - 1) * lines

    def _place(self, frame: pl.DataFrame) -> pl.DataFrame:
        return raw_frame(frame.select(ROW, *self._places).rename(self._places), self._profile, self.found)

    def _formulas(self, block: bytes, batch: pl.DataFrame) -> None:
        """Count cells that a spreadsheet would take for a formula; they stay as they are."""
        if b"=" not in block:
            return
        cells = pl.concat_list(pl.col(self._profile.names).str.starts_with("=").fill_null(value=False)).list.sum()
        counts = batch.select(ROW, cells.alias("cells")).filter(pl.col("cells") > 0)
        if counts.height:
            self.found.note("note.formula", int(counts.item(0, 0)), count=int(counts.get_column("cells").sum()))


def _count_lines(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _ahead(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the next one being read while the caller is busy with this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = pool.submit(next, blocks, None)
            yield block


def _names(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter))
    except csv.Error:  # a name of more than 128 KiB
        return header.split(delimiter)


def _size(text: str, encoding: str) -> int:
    """Bytes of a text in its encoding."""
    if encoding in {"cp1252", "latin-1"}:
        return len(text)
    return len(text.encode("utf-8" if encoding == "ascii" else encoding))
