"""XLSX workbooks: unpacked size checked before anything opens them, every sheet of the same header read."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from scelle.records.ingest import forms
from scelle.records.ingest.blocks import open_file
from scelle.records.ingest.columns import ROW, map_columns, raw_frame, unique_names
from scelle.records.ingest.errors import HeaderOnlyError, TableBrokenError, WorkbookBombError
from scelle.records.ingest.found import FileFound, Rejects
from scelle.records.profile import Profile

MAX_UNPACKED: Final = 1 << 30
"""Bytes that all parts of a workbook may have unpacked; a full sheet of a million rows and 35 columns stays below."""
MAX_RATIO: Final = 200
"""Unpacked to packed size of the whole; sheets of records are below 40."""
MAX_PARTS: Final = 10_000

_SMALL: Final = 8 << 20
_PIECE: Final = 1 << 16
_FORMULA = re.compile(rb"<f[ >/]")


def guard(path: Path) -> int:
    """Check the parts of a workbook by its directory and by unpacking them into nothing. Returns the formulas in its
    sheets.

    Raises:
        WorkbookBombError: more than is allowed, or a part that unpacks to more than the directory says.
        TableBrokenError: no readable ZIP file.
    """
    formulas = 0
    with open_file(path) as file:
        size = file.seek(0, 2)
        try:
            archive = zipfile.ZipFile(file)
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS:
                raise WorkbookBombError(file=str(path), why="too many parts", limit=MAX_PARTS)
            if total > MAX_UNPACKED or (total > _SMALL and total > MAX_RATIO * size):
                raise WorkbookBombError(file=str(path), why="too large unpacked", limit=MAX_UNPACKED)
            if sum(part.compress_size for part in parts) > size or len({p.header_offset for p in parts}) < len(parts):
                raise WorkbookBombError(file=str(path), why="parts overlap", limit=MAX_UNPACKED)
            for part in parts:
                sheet = part.filename.startswith("xl/worksheets/")
                tail = b""
                for piece in _unpacked(file, part, path):
                    if sheet:
                        window = tail + piece
                        formulas += len(_FORMULA.findall(window))
                        tail = window[-2:]
        except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, ValueError, OSError):
            raise TableBrokenError(file=str(path), kind="XLSX") from None
    return formulas


def _unpacked(file, part: zipfile.ZipInfo, path: Path) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    """The bytes of a part, refused as soon as they are more than the directory says (which readers may not check)."""
    file.seek(part.header_offset + 26)
    names, extra = struct.unpack("<HH", file.read(4))
    file.seek(part.header_offset + 30 + names + extra)
    left, done = part.compress_size, 0
    inflate = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    if inflate is None and part.compress_type != zipfile.ZIP_STORED:
        raise TableBrokenError(file=str(path), kind="XLSX")
    while left > 0 or (inflate is not None and inflate.unconsumed_tail):
        if inflate is None:
            piece = file.read(min(_PIECE, left))
            left -= len(piece)
        else:
            data = inflate.unconsumed_tail
            if not data:
                data = file.read(min(_PIECE, left))
                left -= len(data)
                if not data:
                    raise EOFError
            piece = inflate.decompress(data, _PIECE)
            if inflate.eof:
                left = 0
        if inflate is None and not piece:
            raise EOFError
        done += len(piece)
        if done > part.file_size:
            raise WorkbookBombError(file=str(path), why="a part is larger than it says", limit=part.file_size)
        yield piece
        if inflate is not None and inflate.eof:
            break


class WorkbookFile:
    """One XLSX workbook. The first sheet with cells gives the header; sheets with the same header follow it."""

    def __init__(self, path: Path, number: int, *, mapping: Mapping[str, str]) -> None:
        """Guards and opens. Raises WorkbookBombError, TableBrokenError, HeaderOnlyError."""
        self.found = FileFound(path, number, "xlsx")
        self._mapping = mapping
        formulas = guard(path)
        if formulas:
            self.found.note("note.formula", 0, count=formulas)
        self._sheets: list[tuple[str, pl.DataFrame]] = []
        self.names: list[str] = []
        try:
            book = fastexcel.read_excel(path)
            for index, name in enumerate(book.sheet_names):
                self._take(name, book, index)
        except fastexcel.FastExcelError:
            raise TableBrokenError(file=str(path), kind="XLSX") from None
        if not any(cells.height for _, cells in self._sheets):
            raise HeaderOnlyError(file=str(path))

    def _take(self, name: str, book: fastexcel.ExcelReader, index: int) -> None:
        sheet = book.load_sheet(index, header_row=None, dtypes="string")
        if not sheet.height or not sheet.width:
            return
        cells = sheet.to_polars()
        header = [str(value or "").strip() for value in cells.row(0)]
        while header and not header[-1]:
            header.pop()
        header = unique_names(header)
        if not self.names:
            self.names = header
        if header != self.names:
            self.found.unmapped[f"sheet {index + 1}"] += cells.height
            self.found.note("note.sheet-unread", index + 1)
            return
        cells = cells.select(cells.columns[: len(header)])
        cells.columns = header
        self._sheets.append((name, cells.slice(1)))

    def bind(self, profile: Profile) -> None:
        """Place the columns and find the date forms. Raises MappingError, ColumnsUnknownError."""
        self._profile = profile
        self._places = map_columns(self.names, profile, self.found, self._mapping)
        forms.prime(self._place(self._sheets[0][1].head(5000).with_row_index(ROW, offset=1)), profile, self.found)

    def _place(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Raw frame; cells that hold a day come as midnight, and lose it in columns of dates."""
        placed = frame.select(ROW, *self._places).rename(self._places)
        days = [c.name for c in self._profile.columns if c.type == "date" and c.name in placed.columns]
        placed = placed.with_columns(pl.col(days).str.strip_suffix(" 00:00:00")) if days else placed
        return raw_frame(placed, self._profile, self.found)

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:  # noqa: ARG002 (cells are whole)
        """Raw frames. A row's number counts all rows but headers, over all sheets; blank rows are left out."""
        row = 1
        for _, cells in self._sheets:
            for part in cells.iter_slices(rows):
                for name in [n for n in self.found.unmapped if n in part.columns]:
                    self.found.unmapped[name] += part.height - part.get_column(name).null_count()
                numbered = part.with_row_index(ROW, offset=row)
                row += part.height
                numbered = numbered.filter(~pl.all_horizontal(pl.col(self.names).is_null()))
                if numbered.height:
                    self.found.rows += numbered.height
                    batch = self._place(numbered)
                    forms.learn(batch, self._profile, self.found)
                    yield batch
