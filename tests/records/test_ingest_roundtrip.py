"""What our own writers write, our own reading gives back: the same raw frames, column by column, in every format."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from records_kit import DAYS, SCREENING, START
from scelle.records.ingest import Reading, read
from scelle.records.synth import Generated, generate
from scelle.records.synth.files import FORMS, Form, write_population

TIMES = ("sample_time", "result_time")


def batches() -> Iterator[Generated]:
    return generate(2_000, seed=7, start=START, days=DAYS, dirty=0.1, batch_people=1_024)


def read_back(path: Path) -> tuple[Reading, pl.DataFrame]:
    reading = read([path], SCREENING)
    return reading, pl.concat(list(reading.batches()))


@pytest.mark.parametrize("form", FORMS)
def test_every_column_comes_back(tmp_path: Path, form: Form) -> None:
    wanted = pl.concat([batch.frame for batch in batches()])
    assert all(wanted[name].drop_nulls().len() for name in SCREENING.names)
    write_population(batches(), tmp_path / "population", form)
    reading, frame = read_back(tmp_path / "population")
    assert not reading.rejects
    found = reading.found.files[0]
    assert found.missing == ()
    assert set(found.columns) == set(SCREENING.names)
    if form == "fhir":  # times of FHIR have the offset that France has in summer, and reading keeps what is there
        assert all(frame[name].str.ends_with("+02:00").all() for name in TIMES)
        frame = frame.with_columns(pl.col(TIMES).str.strip_suffix("+02:00"))
    for name in (*SCREENING.names, "_file", "_row"):
        assert frame[name].equals(wanted[name]), name


@pytest.mark.parametrize("form", ["hl7", "fhir"])
def test_nothing_of_a_person_is_left_over(tmp_path: Path, form: Form) -> None:
    write_population(batches(), tmp_path / "population", form)
    reading, _ = read_back(tmp_path / "population")
    said = {
        "MSH-3",
        "MSH-4",
        "MSH-17",
        "OBR-25",
        "PID-11.6 (country)",
        "ServiceRequest.status",
        "ServiceRequest.intent",
    }
    assert set(reading.found.files[0].unmapped) <= said


MSH = r"MSH|^~\&|APP|LAB^1^L|TO|TO|20210605120000||ORU^R01|1|P|2.5"
OBX = "OBX|1|CWE|94500-6^PCR^LN||{said}||||||{status}"


def message(tmp_path: Path, *observations: str, address: str = "") -> tuple[Reading, list[dict[str, object]]]:
    pid = f"PID|1||1^^^X^PI||Dupont^Zoé||19840102|F|||{address}"
    text = "".join(part + "\r" for part in (MSH, pid, "OBR|1||F1|94500-6^PCR^LN", *observations))
    path = tmp_path / "in.hl7"
    path.write_bytes(text.encode())
    reading = read([path], SCREENING)
    return reading, [row for batch in reading.batches() for row in batch.to_dicts()]


@pytest.mark.parametrize(
    ("address", "department"),
    [
        ("^^^75^75002^FRA", "75"),
        ("^^^2a^20000^FR", "2A"),
        ("^^^971^97100^FRA", "971"),
        ("^^^Bretagne^35000^FRA", None),
        ("^^^75^75002^USA", None),
        ("^^^75^75002", None),
    ],
)
def test_only_numbers_of_french_addresses_are_departments(tmp_path: Path, address: str, department: str | None) -> None:
    reading, (row,) = message(tmp_path, OBX.format(said="N", status="F"), address=address)
    assert row["department"] == department
    assert ("PID-11.4 (state)" in reading.found.files[0].unmapped) == (department is None)


def test_other_codes_under_our_system_are_counted(tmp_path: Path) -> None:
    own = "OBX|2|ST|{}^^99SCELLE||{}||||||F"
    observations = [own.format("birth_name", "Petit"), own.format("known_contact", "Y"), own.format("lab_phone", "01")]
    reading, (row,) = message(tmp_path, OBX.format(said="N", status="F"), *observations)
    assert (row["birth_name"], row["known_contact"], row["lab_phone"]) == ("Dupont", "true", "01")
    assert reading.found.files[0].unmapped["OBX ?"] == 1


@pytest.mark.parametrize(
    ("observations", "results"),
    [
        ([("", "F")], [None]),
        ([("", "I")], []),
        ([("", "F"), ("", "C")], [None]),
        ([("", "F"), ("260415000", "F")], ["N"]),
    ],
)
def test_a_test_that_is_done_without_a_result_is_a_row(
    tmp_path: Path, observations: list[tuple[str, str]], results: list[str | None]
) -> None:
    reading, rows = message(tmp_path, *(OBX.format(said=said, status=status) for said, status in observations))
    assert [row["result"] for row in rows] == results
    assert [reject.code for reject in reading.rejects] == ([] if rows else ["reject.hl7-no-result"])
