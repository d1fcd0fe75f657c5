"""The real files of the public set, and made ones of the same kind: every field that has a place is in it.

The expected values are taken from the files by other means: the csv module, and the `hl7` library.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import hl7  # type: ignore[import-untyped]
import pytest

from records_ingest_kit import RESULTS, cdc_files, hl7_batch, oru, pdi_csv, pdi_row, rows_of, screening
from scelle.records.ingest import read
from scelle.records.ingest.errors import ColumnsUnknownError
from scelle.records.ingest.meaning import iso_time

PLACES = {
    "Patient_last_name": "birth_name",
    "Patient_first_name": "first_names",
    "Patient_DOB": "birth_date",
    "Patient_gender": "sex",
    "Patient_street": "address_line",
    "Patient_zip_code": "postcode",
    "Patient_phone_number": "phone",
    "Patient_email": "email",
    "Employed_in_healthcare": "health_professional",
    "Resident_congregate_setting": "collective_residence",
    "Illness_onset_date": "symptoms_onset",
    "Specimen_collection_date_time": "sample_time",
    "Date_result_released": "result_time",
    "Result_ID": "sample_id",
    "Ordered_test_code": "test_loinc",
    "Test_result_code": "result",
    "Test_result_status": "_status",
    "Testing_lab_name": "lab_name",
    "Testing_lab_phone_number": "lab_phone",
    "Ordering_provider_last_name": "prescriber_name",
    "Ordering_provider_phone_number": "prescriber_phone",
}


def check_pdi(path: Path) -> None:
    reading = read([path], screening())
    rows = rows_of(reading).to_dicts()
    with path.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    found = reading.found.files[0]
    assert (found.format, found.delimiter, found.rows) == ("csv", ",", len(wanted))
    assert len(rows) == len(wanted)
    assert not reading.rejects
    for number, (row, source) in enumerate(zip(rows, wanted, strict=True), 1):
        assert row["_row"] == number
        for name, place in PLACES.items():
            said: str | None = (source.get(name) or "").strip() or None
            if place == "result":
                said = RESULTS[said or ""]
            if place in {"health_professional", "collective_residence"} and said == "UNK":
                said = None
            assert row[place] == said, (number, name)
        assert row["collection_date"] == row["sample_time"]
    unplaced = {name: 0 for name in wanted[0] if name not in PLACES}
    for source in wanted:
        for name in unplaced:
            unplaced[name] += bool(source[name])
    assert dict(found.unmapped) == unplaced
    assert {"nir", "birth_place", "commune"} <= set(found.missing)
    assert found.columns["birth_date"].patterns == ("%Y%m%d",)
    assert found.columns["sample_time"].patterns == ("%Y%m%d%H%M%z",)


@pytest.mark.parametrize("path", cdc_files("pdi-*.csv"), ids=lambda path: path.name)
def test_real_csv(path: Path) -> None:
    check_pdi(path)


def test_made_csv(tmp_path: Path) -> None:
    path = tmp_path / "made.csv"
    path.write_text(pdi_csv([pdi_row(n) for n in range(120)]), "utf-8")
    check_pdi(path)


@pytest.mark.parametrize("path", cdc_files("livd-*.csv"), ids=lambda path: path.name)
def test_a_reference_table_is_no_results(path: Path) -> None:
    with pytest.raises(ColumnsUnknownError) as caught:
        read([path], screening())
    assert caught.value.facts == {"file": str(path), "profile": "screening-result/1", "columns": 60}


def peer_rows(data: str) -> list[dict[str, str]]:
    """What the first observation of every message says, taken apart by the `hl7` library."""
    out = []
    for piece in re.split(r"\r(?=MSH)", data.replace("\r\n", "\r").replace("\n", "\r")):
        if not piece.startswith("MSH"):
            continue
        lines = [line for line in piece.split("\r") if line[:3] not in {"BTS", "FTS", ""}]
        message = hl7.parse("\r".join(lines) + "\r")

        def get(name: str, *numbers: int, at: int = 1, message: hl7.Message = message) -> str:
            try:
                return str(message.extract_field(name, at, *numbers)).strip()
            except LookupError:
                return ""

        count = sum(line.startswith("OBX") for line in lines)
        answers = {get("OBX", 3, 1, 1, at=i): get("OBX", 5, 1, 1, at=i) for i in range(1, count + 1)}
        row = {
            "birth_name": get("PID", 5, 1, 1),
            "first_names": " ".join(filter(None, (get("PID", 5, 1, 2), get("PID", 5, 1, 3)))),
            "birth_date": iso_time(get("PID", 7))[:10],
            "sex": {"M": "M", "F": "F", "": ""}.get(get("PID", 8), "U"),
            "address_line": get("PID", 11, 1, 1),
            "postcode": get("PID", 11, 1, 5),
            "prescriber_name": " ".join(filter(None, (get("OBR", 16, 1, 2), get("OBR", 16, 1, 3)))),
            "result_code": get("OBX", 5, 1, 1),
            "_status": get("OBX", 11),
            "sample_time": iso_time(get("SPM", 17) or get("OBR", 7)),
            "result_time": iso_time(get("OBR", 22)),
            "health_professional": answers.get("95418-0", ""),
            "collective_residence": answers.get("95421-4", ""),
            "symptoms_onset": iso_time(answers.get("65222-2", ""))[:10],
        }
        if get("SPM", 2, 1, 2):
            row["sample_id"] = get("SPM", 2, 1, 2)
        out.append(row)
    return out


def check_oru(path: Path) -> None:
    reading = read([path], screening())
    rows = rows_of(reading).to_dicts()
    wanted = peer_rows(path.read_bytes().decode("utf-8"))
    assert not reading.rejects
    assert len(rows) == len(wanted) == reading.found.files[0].rows
    truths = {"Y": "true", "N": "false", "UNK": "", "": ""}
    for row, peer in zip(rows, wanted, strict=True):
        peer["result"] = RESULTS.get(peer["result_code"], {"NEGATIVE": "N"}.get(peer["result_code"], "?"))
        del peer["result_code"]
        for name in ("health_professional", "collective_residence"):
            peer[name] = truths[peer[name]]
        assert {name: row[name] or "" for name in peer} == peer
        assert row["test_loinc"]
        assert row["test_kind"]
        assert row["email"] is None or "@" in row["email"]
        assert row["phone"]
        assert row["lab_name"]
        assert row["nir"] is None
    found = reading.found.files[0]
    assert found.unmapped["PID-3 (other identifiers)"] >= len(rows)


@pytest.mark.parametrize(
    "path", [p for p in cdc_files("*.hl7") if p.name != "oru-20241015.hl7"], ids=lambda path: path.name
)
def test_real_messages(path: Path) -> None:
    check_oru(path)


def test_made_messages(tmp_path: Path) -> None:
    path = tmp_path / "made.hl7"
    path.write_text(hl7_batch([oru(n) for n in range(60)]), "utf-8", newline="")
    check_oru(path)


@pytest.mark.parametrize("path", cdc_files("oru-batch-covid-19.hl7"), ids=lambda path: path.name)
def test_real_batch_says_more_messages_than_it_has(path: Path) -> None:
    reading = read([path], screening())
    rows_of(reading)
    assert reading.found.files[0].notes["note.hl7-batch-count"].facts == {"said": 25, "there": 20}


@pytest.mark.parametrize("path", cdc_files("oru-20241015.hl7"), ids=lambda path: path.name)
def test_a_message_without_screening_result_is_set_aside_whole(path: Path) -> None:
    reading = read([path], screening())
    assert rows_of(reading).is_empty()
    (reject,) = reading.rejects
    assert (reject.place, reject.code) == ("message 1, OBX", "reject.hl7-no-result")
    assert reject.facts["observations"] == path.read_bytes().count(b"\nOBX|")
    assert reject.raw.replace(b"\r", b"\n").rstrip() == path.read_bytes().rstrip()
    counted = Counter({k: v for k, v in reading.found.files[0].unmapped.items() if k.startswith("OBX ")})
    assert counted.total() == reject.facts["observations"]
