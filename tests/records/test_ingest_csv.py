"""CSV: every form that systems write is found out; what is broken is set aside with its place and can be mended."""

import csv
import io
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records_ingest_kit import pdi_csv, pdi_row, read_text, rows_of, screening
from scelle.base.errors import ScelleError
from scelle.records.ingest import Reading, errors, read
from scelle.records.ingest.blocks import MAX_LINE
from scelle.records.ingest.sniff import sniff_delimiter
from scelle.records.ingest.structure import mend
from scelle.records.profile import load_profile, parse_profile

HEADER = "nom;prénom;ddn;résultat"
BODY = ["Lévêque;Zoé;02/01/1984;P", "Œuvré;Anaïs;13/05/1999;N", "Dupont;Jean;28/11/1950;I"]
TABLE = "\n".join([HEADER, *BODY, ""])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "mark", "shown"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("cp1252", b"", "cp1252"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_forms_are_found_out(
    tmp_path: Path, encoding: str, mark: bytes, shown: str, delimiter: str, newline: str
) -> None:
    text = TABLE.replace(";", delimiter).replace("\n", newline)
    reading, rows = read_text(tmp_path, mark + text.encode(encoding))
    found = reading.found.files[0]
    assert (found.format, found.encoding, found.bom) == ("csv", shown, bool(mark))
    assert (found.delimiter, found.newline, found.quote) == (delimiter, newline, "")
    assert rows["birth_name"].to_list() == ["Lévêque", "Œuvré", "Dupont"]
    assert rows["result"].to_list() == ["P", "N", "I"]
    assert rows["_row"].to_list() == [1, 2, 3]
    assert found.columns["birth_date"].patterns == ("%d/%m/%Y",)
    assert not found.columns["birth_date"].ambiguous
    assert not reading.rejects


def test_latin_1_with_control_characters_loses_nothing(tmp_path: Path) -> None:
    text = TABLE.replace("Dupont", "Du\x81pont").replace("Œ", "O")
    reading, rows = read_text(tmp_path, text.encode("latin-1"))
    assert reading.found.files[0].encoding == "latin-1"
    assert rows["birth_name"][2] == "Du\x81pont"


@pytest.mark.parametrize("late", ["cp1252", "utf-8"])
def test_an_encoding_that_shows_late_is_settled_then(tmp_path: Path, late: str) -> None:
    lines = [f"Dupont{n};Jean;28/11/1950;P" for n in range(400_000)]
    accents = [f"Lévêque{n};Zoé;28/11/1950;N" for n in range(50)]
    # between the places where samples are taken
    data = "\n".join([HEADER.replace("é", "e"), *lines[:60_000], *accents, *lines[60_000:], ""]).encode(late)
    reading, rows = read_text(tmp_path, data, batch_rows=20_000)
    assert rows.height == 400_050
    assert rows["birth_name"][60_049] == "Lévêque49"
    assert reading.found.files[0].encoding == late
    assert not reading.rejects


def test_quotes_line_ends_inside_fields_and_doubled_quotes(tmp_path: Path) -> None:
    text = 'nom;prenom;adresse;result\n"Du;pont";"Jean ""JJ""";"1 rue\nde la Paix";P\nA;B;"";N\n'
    reading, rows = read_text(tmp_path, text)
    assert reading.found.files[0].quote == '"'
    assert rows.select("birth_name", "first_names", "address_line", "result").rows() == [
        ("Du;pont", 'Jean "JJ"', "1 rue\nde la Paix", "P"),
        ("A", "B", None, "N"),
    ]
    assert not reading.rejects


def test_text_is_trimmed_and_blank_is_null(tmp_path: Path) -> None:
    _, rows = read_text(tmp_path, "nom;prenom;sexe\n Dupont ;  ;M\n")
    assert rows.select("birth_name", "first_names", "sex").rows() == [("Dupont", None, "M")]
    assert rows.schema == {
        **dict.fromkeys(screening().names, pl.String()),
        "_status": pl.String(),
        "_file": pl.UInt16(),
        "_row": pl.UInt32(),
    }


def test_small_blocks_give_the_same_rows(tmp_path: Path) -> None:
    source = [pdi_row(n) | {"Patient_street": f"1 rue\n{n}"} for n in range(500)]
    text = pdi_csv(source)
    _, whole = read_text(tmp_path, text)
    reading, small = read_text(tmp_path, text, batch_rows=7)
    assert small.equals(whole)
    assert small["address_line"].to_list() == [row["Patient_street"] for row in source]
    assert not reading.rejects
    assert max(batch.height for batch in read([tmp_path / "in.csv"], screening(), batch_rows=7).batches()) <= 7


def test_several_files_keep_their_numbers(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TABLE, "utf-8")
    rows = rows_of(read([tmp_path / "a.csv", tmp_path / "b.csv"], screening()))
    assert rows.select("_file", "_row").rows() == [(f, r) for f in (0, 1) for r in (1, 2, 3)]


# --- columns ------------------------------------------------------------------------------------------------------


def test_mapping_comes_before_names_and_aliases(tmp_path: Path) -> None:
    text = "nom;autre;result\nA;B;P\n"
    reading, rows = read_text(tmp_path, text, mapping={"autre": "birth_name", "nom": "used_name"})
    assert rows.select("birth_name", "used_name").rows() == [("B", "A")]
    assert reading.found.files[0].columns["birth_name"].how == "mapping"


@pytest.mark.parametrize(
    ("mapping", "why"),
    [({"nom": "nowhere"}, "not a column of the profile"), ({"absent": "nir"}, "not a column of the files")],
)
def test_a_mapping_to_or_from_nowhere_is_refused(tmp_path: Path, mapping: dict[str, str], why: str) -> None:
    with pytest.raises(errors.MappingError) as caught:
        read_text(tmp_path, TABLE, mapping=mapping)
    assert caught.value.facts["why"] == why


def test_names_that_come_twice_or_are_missing_stay_apart(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, "nom;nom;;result\nA;B;C;P\n")
    assert rows["birth_name"].to_list() == ["A"]
    assert reading.found.files[0].unmapped == {"nom (2)": 1, "column 3": 1}


def test_a_generic_profile_keeps_the_other_columns(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, "nom;Montant;_row\nA;12,50;x\n", profile=load_profile("generic"))
    assert reading.profile.has("Montant")
    assert rows.select("birth_name", "Montant").rows() == [("A", "12,50")]
    assert rows["_row"].to_list() == [1]


def test_the_time_of_sampling_stands_for_an_absent_date_of_collection(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, "nom;date_prelevement\nA;2021-03-04 08:30\n")
    assert rows["collection_date"].to_list() == ["2021-03-04 08:30"]
    assert reading.found.forms("collection_date", 0) == ("%Y-%m-%d %H:%M",)


# --- dates and numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "patterns", "ambiguous"),
    [
        (["1984-01-02", "1999-05-13"], ("%Y-%m-%d",), False),
        (["13/05/1999", "01/02/1984"], ("%d/%m/%Y",), False),
        (["05/13/1999", "01/02/1984"], ("%m/%d/%Y",), False),
        (["01/02/1984", "03/04/1985"], ("%d/%m/%Y",), True),
        (["13/05/1999", "05/13/1999"], ("%d/%m/%Y", "%m/%d/%Y"), True),
        (["19840102", "19990513"], ("%Y%m%d",), False),
        (["1984-01-02", "1999-05-13", "13/05/1999"], ("%Y-%m-%d", "%d/%m/%Y"), False),
        (["13.05.1999", "1.2.1984"], ("%d.%m.%Y",), False),
        (["13/05/99"], ("%d/%m/%y",), False),
        (["202106040725-0400"], ("%Y%m%d%H%M%z",), False),
        (["2021-06-04T07:25:00.123+02:00"], ("%Y-%m-%dT%H:%M:%S%.f%z",), False),
        (["2021-06-04T07:25:00Z"], ("%Y-%m-%dT%H:%M:%SZ",), False),
        (["04/06/2021 07h25", "14/06/2021 07h25"], ("%d/%m/%Y %Hh%M",), False),
        (["unknown", "n/a"], (), False),
    ],
)
@pytest.mark.parametrize("batch_rows", [1, 100_000])
def test_date_forms(
    tmp_path: Path, values: list[str], patterns: tuple[str, ...], ambiguous: bool, batch_rows: int
) -> None:
    text = "\n".join(["nom;ddn", *(f"A;{value}" for value in values * 40), ""])
    reading, _ = read_text(tmp_path, text, batch_rows=batch_rows)
    column = reading.found.files[0].columns["birth_date"]
    assert set(reading.found.forms("birth_date", 0)) == set(patterns)
    assert column.ambiguous == ambiguous
    if patterns and len(patterns) == 1:
        assert column.forms.total() == len(values) * 40
    assert ("note.date-forms birth_date" in reading.found.files[0].notes) == (len(patterns) > 1)


def test_a_second_form_far_down_is_seen_and_placed(tmp_path: Path) -> None:
    lines = [f"A{n};13/05/1999" for n in range(3000)]
    lines[2500] = "A;1999-05-13"
    reading, _ = read_text(tmp_path, "\n".join(["nom;ddn", *lines, ""]), batch_rows=100)
    assert reading.found.forms("birth_date", 0) == ("%d/%m/%Y", "%Y-%m-%d")


def test_every_pattern_reads_with_polars(tmp_path: Path) -> None:
    for value in ("1984-01-02", "02/01/1984", "19840102", "2.1.1984", "02/01/84"):
        reading, rows = read_text(tmp_path, f"nom;ddn\nA;{value}\n")
        (pattern,) = reading.found.forms("birth_date", 0)
        assert str(rows["birth_date"].str.to_date(pattern)[0]) == "1984-01-02"


def test_decimal_mark(tmp_path: Path) -> None:
    profile = parse_profile(
        'name = "x"\nversion = 1\nmeaning = {fr = "x", en = "x"}\n'
        '[[column]]\nname = "a"\ntype = "text"\nfr = "a"\nen = "a"\n'
        '[[column]]\nname = "b"\ntype = "text"\nfr = "b"\nen = "b"\n',
        "x.toml",
    )
    reading, _ = read_text(tmp_path, "a;b\n12,5;1.5\n3;2\n", profile=profile)
    assert {name: c.decimal for name, c in reading.found.files[0].columns.items()} == {"a": ",", "b": "."}


# --- bad input ----------------------------------------------------------------------------------------------------


def refused(tmp_path: Path, data: bytes | str) -> ScelleError:
    with pytest.raises(ScelleError) as caught:
        read_text(tmp_path, data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "records.empty"),
        (b"  \r\n\n", "records.empty"),
        (b"\xef\xbb\xbf", "records.empty"),
        (b"\0" * 100, "records.empty"),
        (b"nom;prenom\n", "records.header-only"),
        (b"nom;prenom", "records.header-only"),
        (b"nom;prenom\n\n\n", "records.header-only"),
        (b"\x7fELF" + bytes(range(256)) * 20, "records.binary"),
        (bytes(range(256)) * 20, "records.binary"),
        (b"%PDF-1.7\n", "records.binary"),
        (b"\x1f\x8b\x08", "records.binary"),
        (b"PK\x03\x04 some archive", "records.binary"),
        (b"PAR1 nothing", "records.table-broken"),
        (b"a;b\n1;2\n", "records.no-columns"),
        (TABLE.encode("utf-16-le")[:-1] + b"\xd8", "records.encoding"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    assert refused(tmp_path, data).code == code


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(errors.FileUnreadableError) as caught:
        read([tmp_path / "absent.csv"], screening())
    assert caught.value.facts["why"] == "No such file or directory"


def test_an_endless_line_is_never_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:  # a sparse gigabyte behind some sound rows
        file.write(TABLE.encode() + b"x" * (3 * MAX_LINE))
        file.truncate(1 << 30)
    reading = read([path], screening(), batch_rows=1000)
    with pytest.raises(errors.LineTooLongError) as caught:
        rows_of(reading)
    assert caught.value.facts == {"file": str(path), "line": 5, "limit": MAX_LINE}


def test_one_endless_line_alone(tmp_path: Path) -> None:
    error = refused(tmp_path, b"nom;prenom" * (MAX_LINE // 2))
    assert (error.code, error.facts["line"]) == ("records.line-too-long", 1)


def rejects_of(reading: Reading) -> list[tuple[str, str, bytes]]:
    return [(reject.place, reject.code, reject.raw) for reject in reading.rejects]


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_ragged_rows(tmp_path: Path, batch_rows: int) -> None:
    lines = [*BODY, "short;row", *BODY, "too;long;a;row;indeed", *BODY, "", "one", *BODY]
    reading, rows = read_text(tmp_path, "\n".join([HEADER, *lines, ""]), batch_rows=batch_rows)
    assert rejects_of(reading) == [
        ("line 5, column 2", "reject.csv-fields", b"short;row"),
        ("line 9, column 4", "reject.csv-fields", b"too;long;a;row;indeed"),
        ("line 14, column 1", "reject.csv-fields", b"one"),
    ]
    assert reading.rejects[0].facts == {"fields": 2, "wanted": 4}
    assert rows.height == 12
    assert rows["_row"].to_list() == [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15]


def test_a_short_row_is_seen_though_the_last_column_may_be_empty(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, "nom;prenom;tel\nA;B;\nC;D\nE;F;\n")
    assert rejects_of(reading) == [("line 3, column 2", "reject.csv-fields", b"C;D")]
    assert rows["birth_name"].to_list() == ["A", "E"]


def test_mixed_delimiters(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, TABLE + "Petit,Luc,01/01/1990,P\n" + "\n".join(BODY))
    assert rejects_of(reading) == [("line 5", "reject.csv-delimiter", b"Petit,Luc,01/01/1990,P")]
    assert reading.rejects[0].facts == {"found": ",", "wanted": ";"}
    assert rows.height == 6


@pytest.mark.parametrize("bad", ['"Petit;Luc;1990-01-01;P', 'Pe"tit;Luc;1990-01-01;P', '"Pe"tit;Luc;1990-01-01;P'])
def test_broken_quotes_cost_their_own_line_only(tmp_path: Path, bad: str) -> None:
    quoted = '"Grand";"A;B";"01/02/1990";P'
    reading, rows = read_text(tmp_path, "\n".join([HEADER, *BODY, quoted, bad, *BODY, quoted, ""]))
    assert rejects_of(reading) == [("line 6, column 1", "reject.csv-quote", bad.encode())]
    assert rows.height == 8
    assert rows["first_names"].to_list().count("A;B") == 2


def test_broken_encoding_costs_its_own_line_only(tmp_path: Path) -> None:
    good = "\n".join([HEADER, *BODY * 30, ""]).encode()
    bad = "Fâcheux 123;Zoé;01/01/1990;P".encode("latin-1")
    reading, rows = read_text(tmp_path, good + bad + b"\n" + good.partition(b"\n")[2])
    (reject,) = reading.rejects
    assert (reject.place, reject.code, reject.raw) == ("line 92, column 1", "reject.csv-encoding", bad)
    assert (reject.field, reject.shown) == ("birth_name", "x�xxxxx 999")
    assert rows.height == 180


def test_a_zero_byte(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, TABLE * 20 + "a;b\0;c;P\n")
    assert rejects_of(reading)[-1] == ("line 81, column 2", "reject.csv-control", b"a;b\0;c;P")
    assert rows.height == 60


def test_files_put_together_have_header_and_mark_in_the_middle(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    reading, rows = read_text(tmp_path, mark + TABLE.encode() + mark + TABLE.encode() + mark + BODY[0].encode() + b"\n")
    found = reading.found.files[0]
    assert rows["birth_name"].to_list() == ["Lévêque", "Œuvré", "Dupont"] * 2 + ["Lévêque"]
    assert (found.notes["note.bom-inside"].count, found.notes["note.bom-inside"].number) == (2, 5)
    assert found.notes["note.header-repeated"].said == {"count": 1, "first": 5}
    assert not reading.rejects


def test_cells_that_look_like_formulas_are_counted_and_kept(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, "nom;prenom\nA;B\n=1+1;=HYPERLINK(x)\nC;D=E\n")
    assert reading.found.files[0].notes["note.formula"].said == {"count": 2, "first": 2}
    assert rows["birth_name"].to_list() == ["A", "=1+1", "C"]


def test_rejects_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scelle.records.ingest.found.MAX_REJECTS", 100)
    error = refused(tmp_path, TABLE + "bad\n" * 200)
    assert (error.code, error.facts["count"]) == ("records.too-many-rejects", 100)


def test_rejects_can_be_mended_and_read_again(tmp_path: Path) -> None:
    reading, rows = read_text(tmp_path, TABLE + "Petit;Luc;13/01/1990\nGrand,Max,13/01/1990,N\n", name="lot.csv")
    files = reading.reject_files()
    assert set(files) == {"lot-rejects.csv", "lot-rejects.reasons.csv"}
    reasons = list(csv.DictReader(io.StringIO(files["lot-rejects.reasons.csv"].decode()), delimiter=";"))
    assert [(r["number"], r["file"], r["place"], r["code"]) for r in reasons] == [
        ("1", "lot.csv", "line 5, column 3", "reject.csv-fields"),
        ("2", "lot.csv", "line 6", "reject.csv-delimiter"),
    ]
    mended = files["lot-rejects.csv"].replace(b"1990\n", b"1990;P\n").replace(b",", b";")
    again, more = read_text(tmp_path, mended)
    assert not again.rejects
    assert more.select("birth_name", "result").rows() == [("Petit", "P"), ("Grand", "N")]
    assert rows.height == 3


def test_no_value_is_in_an_error_a_reject_or_a_note(tmp_path: Path) -> None:
    planted = "Zyxwvut"
    data = f'{HEADER}\n{BODY[0]}\n{planted};x\n{planted};y;z;{planted};w\n"{planted};1;2;3\n={planted};1;2;P\n'
    reading, _ = read_text(tmp_path, data)
    assert len(reading.rejects) == 3
    assert planted not in repr(reading.rejects)
    assert planted not in repr(reading.found)
    assert planted not in reading.reject_files()["in-rejects.reasons.csv"].decode()
    assert planted not in str(refused(tmp_path, f"{planted};x\n1;2\n"))  # a file without header


# --- properties ---------------------------------------------------------------------------------------------------

CELL = st.text(st.sampled_from("aé;,\"\n'= x"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12), small=st.booleans())
def test_what_the_csv_module_writes_is_read(
    tmp_path_factory: Any, rows: list[tuple[str, str, str]], small: bool
) -> None:
    folder = tmp_path_factory.mktemp("p")
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
    table.writerow(("nom", "prenom", "adresse"))
    table.writerows([("n" + a, "p" + b, "a" + c) for a, b, c in rows])
    reading, frame = read_text(folder, text.getvalue(), batch_rows=1 if small else 1000)
    assert not reading.rejects
    assert frame.select("birth_name", "first_names", "address_line").rows() == [
        tuple((key + value).strip(" ") for key, value in zip("npa", row, strict=True)) for row in rows
    ]


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_rows_or_one_of_our_errors(tmp_path_factory: Any, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("p")
    for prefix in (b"", b"nom;prenom;sexe\nA;B;M\n"):
        with suppress(ScelleError):
            read_text(folder, prefix + data)


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(st.text(st.sampled_from('ab;"'), max_size=8), max_size=12))
def test_no_line_is_lost_in_mending(lines: list[str]) -> None:
    block = "".join(line + "\n" for line in lines).encode()
    mended = mend(block, delimiter=b";", width=3, header=b"h1;h2;h3")
    taken = sum(record.count(b"\n") + 1 for record in mended.records) + len(mended.faults)
    blank = sum(not line.strip() for line in lines)
    assert len(lines) - blank <= taken <= len(lines)


def test_delimiters_inside_quotes_do_not_count() -> None:
    assert sniff_delimiter(["a;b", '"x,y,z";1', '"x,y,z";2'], quote='"') == ";"
    assert sniff_delimiter(["a"], quote="") == ""


@pytest.mark.slow
def test_memory_is_flat(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from scelle.records.ingest import read; from scelle.records.profile import load_profile\n"
        "rows = sum(b.height for b in read([Path(sys.argv[1])], load_profile('screening-result')).batches())\n"
        "print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )

    def peak(blocks: int) -> int:
        path = tmp_path / "big.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER + "\n")
            for _ in range(blocks):
                file.write("\n".join(BODY * 40_000) + "\n")
        answer = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
        rows, mebibytes = map(int, answer.stdout.split())
        assert rows == 120_000 * blocks
        return mebibytes

    # How much a batch takes depends on the allocator and the cores; that four times the rows take no more does not.
    assert peak(100) < 1.4 * peak(25)
