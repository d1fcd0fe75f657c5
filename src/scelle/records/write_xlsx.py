"""Rows as XLSX workbooks, split at the row limit of a sheet; streamed, so that no plaintext lies in temporary files.

A workbook is a zip of a few small parts and one sheet (ECMA-376, SpreadsheetML). Texts are inline strings: a
spreadsheet never takes them for formulas. Dates are real dates.
"""

from datetime import date
from io import RawIOBase
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl

SHEET_ROWS: Final = 1_048_576
"""Rows that a sheet can have, its header included."""
CELL_LETTERS: Final = 32_767
"""Letters that a cell can have; what is longer is cut, and ends in an ellipsis."""

_AT_ONCE: Final = 50_000
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
        '<sheets><sheet name="rows" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
        "<fonts><font/></fonts><fills><fill/></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
        '<cellXfs><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs>'
        "</styleSheet>"
    ),
}
_ZERO: Final = date(1899, 12, 30)
_OLDEST: Final = date(1900, 3, 1)
"""Before this, spreadsheets count days differently: such dates are texts."""


class _Sink(RawIOBase):
    """Where a zip is written to: it cannot go back, and what is there can be taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


class _Workbook:
    """One workbook under way."""

    def __init__(self, name: str, columns: list[str]) -> None:
        self.name = name
        self.rows = 1
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=1)
        for path, text in _PARTS.items():
            self._zip.writestr(_entry(path), _HEAD + text)
        self._sheet = self._zip.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        header = pl.DataFrame({f"c{n}": [name] for n, name in enumerate(columns)})
        pane = '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/>'
        self._sheet.write(
            f'{_HEAD}<worksheet xmlns="{_MAIN}">{pane}</sheetView></sheetViews><sheetData>{_rows(header)}'.encode()
        )

    def add(self, part: pl.DataFrame) -> bytes:
        self._sheet.write(_rows(part).encode())
        self.rows += part.height
        return self._sink.taken()

    def close(self) -> bytes:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._zip.close()
        return self._sink.taken()


class XlsxWriter:
    """Workbooks `name-0001.xlsx`, …; the next one begins where a sheet is full (`sheet_rows`, header included)."""

    def __init__(self, name: str, *, sheet_rows: int = SHEET_ROWS) -> None:
        self._name = name
        self._most = sheet_rows
        self._count = 0
        self._book: _Workbook | None = None

    def write(self, view: pl.DataFrame) -> list[tuple[str, bytes]]:
        """The next pieces of the workbooks."""
        pieces, first = [], 0
        while first < view.height:
            if self._book is None:
                self._count += 1
                self._book = _Workbook(f"{self._name}-{self._count:04}.xlsx", view.columns)
            size = min(_AT_ONCE, self._most - self._book.rows, view.height - first)
            pieces.append((self._book.name, self._book.add(view.slice(first, size))))
            first += size
            if self._book.rows >= self._most:
                pieces += self.finish()
        return pieces

    def finish(self) -> list[tuple[str, bytes]]:
        """The end of the last workbook."""
        if self._book is None:
            return []
        book, self._book = self._book, None
        return [(book.name, book.close())]


def _entry(path: str) -> ZipInfo:
    entry = ZipInfo(path, _STAMP)
    entry.compress_type = ZIP_DEFLATED
    return entry


def _rows(part: pl.DataFrame) -> str:
    """The rows as XML, one text."""
    cells = [_cell(name, kind) for name, kind in part.schema.items()]
    rows = part.select(pl.concat_str([pl.lit("<row>"), *cells, pl.lit("</row>")])).to_series()
    return str(rows.str.join("").item())


def _cell(name: str, kind: pl.DataType) -> pl.Expr:
    value, empty = pl.col(name), pl.lit("<c/>")
    if kind == pl.Date():
        serial = (value.cast(pl.Int32) - (_ZERO - date(1970, 1, 1)).days).cast(pl.String)
        return _dated(value, value >= _OLDEST, serial, 1, "%Y-%m-%d")
    if isinstance(kind, pl.Datetime):
        days = value.cast(pl.Datetime("us")).dt.epoch("us") / 86_400_000_000 - (_ZERO - date(1970, 1, 1)).days
        return _dated(value, value >= _OLDEST, days.cast(pl.String), 2, "%Y-%m-%dT%H:%M:%S")
    if kind == pl.Boolean():
        cell = pl.when(value).then(pl.lit('<c t="b"><v>1</v></c>')).otherwise(pl.lit('<c t="b"><v>0</v></c>'))
        return pl.when(value.is_null()).then(empty).otherwise(cell)
    if kind.is_numeric():
        return pl.concat_str(pl.lit("<c><v>"), value.cast(pl.String), pl.lit("</v></c>")).fill_null("<c/>")
    return _text(value.cast(pl.String)).fill_null("<c/>")


def _dated(value: pl.Expr, countable: pl.Expr, serial: pl.Expr, style: int, form: str) -> pl.Expr:
    number = pl.concat_str(pl.lit(f'<c s="{style}"><v>'), serial, pl.lit("</v></c>"))
    return pl.when(countable).then(number).otherwise(_text(value.dt.strftime(form))).fill_null("<c/>")


def _text(text: pl.Expr) -> pl.Expr:
    long = pl.concat_str(text.str.head(CELL_LETTERS - 1), pl.lit("…"))
    cut = pl.when(text.str.len_chars() > CELL_LETTERS).then(long).otherwise(text)
    # Characters that XML cannot hold.
    sound = cut.str.replace_all("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]", "\ufffd")
    escaped = sound.str.replace_many(["&", "<", ">", "\r", "_x"], ["&amp;", "&lt;", "&gt;", "&#13;", "_x005F_x"])
    return pl.concat_str(pl.lit('<c t="inlineStr"><is><t xml:space="preserve">'), escaped, pl.lit("</t></is></c>"))
