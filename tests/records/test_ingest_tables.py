"""Workbooks, Parquet and NDJSON; bombs are refused before anything opens them."""

import io
import json
import struct
import zipfile
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from records_ingest_kit import read_text, rows_of, screening
from scelle.records.ingest import errors, read
from scelle.records.ingest.workbook import guard

HEADER = ["nom", "prenom", "ddn", "date_prelevement", "result", "montant"]


def workbook(path: Path, *sheets: list[list[Any]], formula: bool = False) -> Path:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"})
    for rows in sheets:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
        if formula:
            sheet.write_formula(len(rows), 0, "=1+1", None, 2)
            sheet.write(len(rows), 1, "F")
    book.close()
    return path


def test_workbook(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        HEADER,
        ["Lévêque", " Zoé ", date(1984, 1, 2), datetime(2021, 6, 4, 8, 30), "P", 12.5],  # noqa: DTZ001
        [None, None, None, None, None, None],
        ["Dupont", None, "1990-05-06", None, "N", 3],
    ]
    reading = read([workbook(tmp_path / "in.xlsx", rows)], screening())
    frame = rows_of(reading)
    assert frame.select("_row", "birth_name", "first_names", "birth_date", "sample_time", "result").rows() == [
        (1, "Lévêque", "Zoé", "1984-01-02", "2021-06-04 08:30:00", "P"),
        (3, "Dupont", None, "1990-05-06", None, "N"),
    ]
    found = reading.found.files[0]
    assert (found.format, found.unmapped, found.rows) == ("xlsx", {"montant": 2}, 2)
    assert found.columns["birth_date"].patterns == ("%Y-%m-%d",)
    assert found.columns["sample_time"].patterns == ("%Y-%m-%d %H:%M:%S",)


def test_sheets_of_one_header_are_read_together(tmp_path: Path) -> None:
    body = [["A", "a", None, None, "P", None], ["B", "b", None, None, "N", None]]
    path = workbook(tmp_path / "in.xlsx", [], [HEADER, *body], [HEADER, body[1], body[0]], [["Total", "x"], [2, 3]])
    reading = read([path], screening())
    frame = rows_of(reading)
    assert frame.select("_row", "birth_name").rows() == [(1, "A"), (2, "B"), (3, "B"), (4, "A")]
    assert reading.found.files[0].notes["note.sheet-unread"].said == {"count": 1, "first": 4}
    assert reading.found.files[0].unmapped["sheet 4"] == 2


def test_formulas_are_counted(tmp_path: Path) -> None:
    path = workbook(tmp_path / "in.xlsx", [HEADER, ["A", "a"]], [HEADER, ["B", "b"]], formula=True)
    reading = read([path], screening())
    assert rows_of(reading)["birth_name"].to_list() == ["A", "2", "B", "2"]
    assert reading.found.files[0].notes["note.formula"].count == 2


def test_a_workbook_of_a_header_only(tmp_path: Path) -> None:
    with pytest.raises(errors.HeaderOnlyError):
        read([workbook(tmp_path / "in.xlsx", [HEADER])], screening())
    with pytest.raises(errors.HeaderOnlyError):
        read([workbook(tmp_path / "in.xlsx", [])], screening())


def archive(path: Path, parts: dict[str, bytes], *, sizes: dict[str, int] | None = None) -> Path:
    """A ZIP file of these parts; `sizes` are lies about their unpacked sizes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"[Content_Types].xml": b"<x/>", **parts}.items():
            file.writestr(name, content)
    raw = bytearray(data.getvalue())
    for name, size in (sizes or {}).items():
        at = raw.rindex(b"PK\x01\x02", 0, raw.rindex(name.encode()))
        struct.pack_into("<I", raw, at + 24, size)
    path.write_bytes(raw)
    return path


def test_a_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = archive(tmp_path / "in.xlsx", {"xl/worksheets/sheet1.xml": bytes(64 << 20)})
    assert path.stat().st_size < 100_000
    with pytest.raises(errors.WorkbookBombError) as caught:
        read([path], screening())
    assert caught.value.facts["why"] == "too large unpacked"


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    name = "xl/worksheets/sheet1.xml"
    path = archive(tmp_path / "in.xlsx", {name: bytes(64 << 20)}, sizes={name: 1000})
    with pytest.raises(errors.WorkbookBombError) as caught:
        read([path], screening())
    assert caught.value.facts["why"] == "a part is larger than it says"


def test_parts_that_overlap_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "in.xlsx", {"xl/a.xml": zlib.compress(bytes(1000)), "xl/b.xml": b"b"})
    raw = bytearray(path.read_bytes())
    second = raw.rindex(b"PK\x01\x02")
    first = raw.rindex(b"PK\x01\x02", 0, second)
    raw[second + 42 : second + 46] = raw[first + 42 : first + 46]
    path.write_bytes(raw)
    with pytest.raises(errors.WorkbookBombError) as caught:
        guard(path)
    assert caught.value.facts["why"] == "parts overlap"


@pytest.mark.parametrize("cut", [200, 1000, -100])
def test_a_cut_workbook_is_refused(tmp_path: Path, cut: int) -> None:
    path = workbook(tmp_path / "in.xlsx", [HEADER, ["A", "a"]])
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises((errors.TableBrokenError, errors.FileBinaryError)):
        read([path], screening())


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(errors.TableBrokenError):
        read([archive(tmp_path / "in.xlsx", {"xl/nothing.xml": b"<x/>"})], screening())


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "nom": ["A", None, " B "],
            "ddn": [date(1984, 1, 2), date(1985, 1, 2), None],
            "date_prelevement": [datetime(2021, 6, 4, 8, 30, tzinfo=UTC)] * 3,
            "ps": [True, False, None],
            "result": pl.Series(["P", "N", "P"], dtype=pl.Categorical),
            "cp": [75001, 1000, None],
            "other": [1, None, 2],
            "nested": [[1], [2], None],
        }
    )
    path = tmp_path / "in.parquet"
    frame.write_parquet(path)
    reading = read([path], screening(), batch_rows=2)
    batches = list(reading.batches())
    assert [batch.height for batch in batches] == [2, 1]
    assert pl.concat(batches).select(
        "_row", "birth_name", "birth_date", "sample_time", "health_professional", "result", "postcode"
    ).rows() == [
        (1, "A", "1984-01-02", "2021-06-04 08:30:00", "true", "P", "75001"),
        (2, None, "1985-01-02", "2021-06-04 08:30:00", "false", "N", "1000"),
        (3, "B", None, "2021-06-04 08:30:00", None, "P", None),
    ]
    assert reading.found.files[0].unmapped == {"other": 2, "nested": 3}


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"nom": ["A"] * 10_000}).write_parquet(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(errors.TableBrokenError):
        read([path], screening())
    pl.DataFrame({"nom": []}).write_parquet(path)
    with pytest.raises(errors.HeaderOnlyError):
        read([path], screening())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_ndjson(tmp_path: Path, encoding: str) -> None:
    lines = [
        json.dumps({"nom": "Lévêque", "cp": 75001, "ps": True, "ddn": "02/01/1984", "autre": {"a": 1}}),
        '{"nom": "cut", "cp":',
        "",
        '["a list"]',
        json.dumps({"nom": " Dupont ", "cp": "01000", "late": 3, "autre": None}),
    ]
    reading, frame = read_text(tmp_path, "\n".join(lines).encode(encoding), name="in.ndjson", batch_rows=1)
    assert frame.select("_row", "birth_name", "postcode", "health_professional").rows() == [
        (1, "Lévêque", "75001", "true"),
        (4, "Dupont", "01000", None),
    ]
    assert [(r.place, r.code, r.raw) for r in reading.rejects] == [
        ("line 2, character 21", "reject.json-line", lines[1].encode()),
        ("line 4, character 1", "reject.json-line", lines[3].encode()),
    ]
    assert reading.found.files[0].unmapped == {"autre": 1, "late": 1}
    assert reading.found.forms("birth_date", 0) == ("%d/%m/%Y",)


def test_ndjson_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(errors.ColumnsUnknownError):
        read_text(tmp_path, '{"a": 1}\n{"a": 2}\n', name="in.ndjson")
