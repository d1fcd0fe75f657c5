"""Copies in every format hold the same rows; a spreadsheet runs nothing of them."""

import json
from collections import defaultdict
from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import polars as pl
import pytest

from records_rules_kit import PROFILE
from records_views_kit import EVERYTHING, INSURER, POLICIES, STATISTICS, keys, population, rows, whole
from scelle.records.copies import Copy
from scelle.records.markers import row_references
from scelle.records.view import Explained, Format, Recipient, derive, select
from scelle.records.write_csv import CsvWriter
from scelle.records.write_xlsx import CELL_LETTERS, XlsxWriter

NASTY = [
    "=1+1",
    "+33612345678",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "a;b",
    'say "x"',
    "é€𝄞",
    "line\nbreak",
    "_x0041_",
    "<&>",
]


def copied(recipient: Recipient, late: pl.DataFrame | None = None) -> tuple[dict[str, bytes], Explained]:
    copy = Copy(recipient, POLICIES[recipient.policy], PROFILE, keys=keys(recipient.organisation), name="rows")
    files: dict[str, list[bytes]] = defaultdict(list)
    order: list[str] = []
    for batch in population():
        for name, data in copy.feed(batch):
            files[name].append(data)
            order.append(name)
    for name, data in copy.finish(late):
        files[name].append(data)
        order.append(name)
    assert order == sorted(order, key=list(files).index), "pieces of one file are together"
    return {name: b"".join(parts) for name, parts in files.items()}, copy.explained


def expected(recipient: Recipient) -> tuple[pl.DataFrame, Explained]:
    explained = Explained(recipient, POLICIES[recipient.policy])
    policy = POLICIES[recipient.policy]
    given = derive(whole(), recipient, policy, profile=PROFILE, keys=keys(recipient.organisation), explained=explained)
    return given, explained


def as_format(recipient: Recipient, form: Format, *, bom: bool = False) -> Recipient:
    return replace(recipient, format=form, bom=bom)


@pytest.mark.parametrize("recipient", [INSURER, EVERYTHING, STATISTICS])
def test_parquet_holds_the_view(recipient: Recipient) -> None:
    files, explained = copied(recipient)
    view, whole_told = expected(recipient)
    assert pl.concat([pl.read_parquet(BytesIO(data)) for data in files.values()]).equals(view)
    assert explained.told() == whole_told.told()
    assert all(name.startswith("rows-00") for name in files)


def test_copies_differ_in_their_references_only() -> None:
    view = expected(INSURER)[0]
    other = expected(Recipient("msa/tracing", "insurer"))[0]
    assert view.drop("row_ref").equals(other.drop("row_ref"))
    assert set(view["row_ref"]).isdisjoint(other["row_ref"])


@pytest.mark.parametrize("bom", [False, True])
def test_csv(bom: bool) -> None:
    files, _ = copied(as_format(INSURER, "csv", bom=bom))
    data = files["rows.csv"]
    assert data.startswith(b"\xef\xbb\xbf" if bom else b"row_ref;")
    assert data.count(b"row_ref;") == 1
    read = pl.read_csv(data, separator=";", infer_schema=False)
    view = expected(INSURER)[0]
    assert read.height == view.height
    for name in ("row_ref", "birth_name", "flags", "phone"):
        plain = read[name].str.replace(r"^'([=+\-@])", "$1")
        assert plain.equals(view[name])
    assert read["birth_date"].str.to_date().equals(view["birth_date"])
    assert read["sample_time"].str.to_datetime(time_unit="us").equals(view["sample_time"])


def test_cells_that_look_like_formulas_are_neutralised() -> None:
    frame = pl.DataFrame({"a": NASTY, "=b": NASTY, "n": range(len(NASTY))})
    data = b"".join(piece for _, piece in CsvWriter("x").write(frame))
    read = pl.read_csv(data, separator=";", infer_schema=False)
    assert read.columns == ["a", "'=b", "n"]
    assert read["a"].to_list() == [f"'{text}" for text in NASTY[:6]] + NASTY[6:]
    assert read["n"].to_list() == [str(n) for n in range(len(NASTY))]


def test_xlsx_reopened() -> None:
    files, _ = copied(as_format(INSURER, "xlsx"))
    assert list(files) == ["rows-0001.xlsx"]
    read = pl.read_excel(BytesIO(files["rows-0001.xlsx"]), engine="calamine")
    view = expected(INSURER)[0]
    assert read.columns == view.columns
    assert read["birth_name"].equals(view["birth_name"])
    assert read["phone"].cast(pl.String).equals(view["phone"])
    assert read["birth_date"].cast(pl.Date).equals(view["birth_date"])
    assert read["sample_time"].dt.round("1s").dt.cast_time_unit("us").equals(view["sample_time"])
    assert read["health_professional"].equals(view["health_professional"])


def test_xlsx_is_split_at_its_row_limit() -> None:
    writer = XlsxWriter("x", sheet_rows=101)
    files: defaultdict[str, bytes] = defaultdict(bytes)
    frame = pl.DataFrame({"n": range(250), "t": [f"={n}" for n in range(250)]})
    for part in (frame.head(30), frame.slice(30)):
        for name, data in writer.write(part):
            files[name] += data
    for name, data in writer.finish():
        files[name] += data
    sheets = [pl.read_excel(BytesIO(data), engine="calamine") for data in files.values()]
    assert [sheet.height for sheet in sheets] == [100, 100, 50]
    assert pl.concat(sheets).equals(frame)
    assert writer.finish() == []


def test_xlsx_holds_any_text_and_no_formula() -> None:
    frame = pl.DataFrame({"t": [*NASTY, None, "x" * (CELL_LETTERS + 5), "bell\x07"], "d": None})
    writer = XlsxWriter("x")
    data = b"".join(piece for _, piece in [*writer.write(frame), *writer.finish()])
    with ZipFile(BytesIO(data)) as book:
        assert book.testzip() is None
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    read = pl.read_excel(BytesIO(data), engine="calamine", infer_schema_length=0, drop_empty_rows=False)["t"].to_list()
    assert read[: len(NASTY)] == NASTY
    assert read[-3] is None
    assert read[-2] == "x" * (CELL_LETTERS - 1) + "…"
    assert read[-1] == "bell\ufffd"


def test_ndjson() -> None:
    files, _ = copied(as_format(INSURER, "ndjson"))
    lines = [json.loads(line) for line in files["rows.ndjson"].splitlines()]
    view = expected(INSURER)[0]
    assert [line["row_ref"] for line in lines] == view["row_ref"].to_list()
    assert lines[0]["birth_date"] == view["birth_date"][0].isoformat()
    assert lines[0]["sample_time"] == view["sample_time"][0].isoformat()


def test_fhir_bundles_carry_reference_and_flags() -> None:
    files, _ = copied(as_format(INSURER, "fhir"))
    bundles = [json.loads(line) for line in files["rows-fhir.ndjson"].splitlines()]
    view = expected(INSURER)[0]
    assert [bundle["id"] for bundle in bundles] == view["row_ref"].to_list()
    for bundle, flags in zip(bundles, view["flags"], strict=True):
        assert bundle["type"] == "collection"
        assert [tag["code"] for tag in bundle.get("meta", {}).get("tag", [])] == (flags or "").split()


def test_a_copy_without_rows_has_no_files() -> None:
    frame = rows({"result": "N"})
    for form in ("parquet", "csv", "xlsx", "ndjson", "fhir"):
        copy = Copy(as_format(INSURER, form), POLICIES["insurer"], PROFILE, keys=keys("cnam"), name="x")
        assert copy.feed(frame) == []
        assert copy.finish() == []
        assert copy.explained.rows == 0
    empty = Copy(STATISTICS, POLICIES["epidemiology"], PROFILE, keys=keys("spf"), name="x")
    assert empty.feed(frame) == []
    assert empty.finish() == []


def test_findings_across_rows_follow_at_the_end() -> None:
    chosen = whole().select("_file", "_row", pl.lit(["nir.shared", "nir.key"]).alias("_codes"))
    files, _ = copied(INSURER, chosen.head(2_000))
    told = pl.read_csv(files["rows-flags.csv"], separator=";")
    sent = whole().head(2_000).join(cases_sent(), on=["_file", "_row"], how="semi")
    assert told["row_ref"].equals(row_references(sent, keys("cnam").rows))
    assert set(told["flags"]) == {"nir.shared nir.key"}


def cases_sent() -> pl.DataFrame:
    return select(whole(), INSURER, POLICIES["insurer"])
