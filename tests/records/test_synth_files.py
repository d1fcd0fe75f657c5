"""Generated populations as files; the messages and bundles are ones that other libraries read."""

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fhir.resources.R4B.bundle import Bundle

from records_kit import SCREENING, generated, raw_frame, typed_frame
from scelle.records.errors import PopulationError
from scelle.records.synth import generate
from scelle.records.synth.files import Form, write_population
from scelle.records.write_fhir import fhir_bundles, write_fhir
from scelle.records.write_hl7 import hl7_messages, write_hl7

hl7: Any = import_module("hl7")  # it has no types


def batches(**options: Any) -> Any:
    return generate(9_000, seed=2, batch_people=4_096, **options)


def test_csv_parquet_and_ndjson_say_the_same(tmp_path: Path) -> None:
    wanted = pl.concat([part.frame for part in batches()]).drop("_file", "_row")
    truth = pl.concat([part.truth for part in batches()])
    csv, parquet, ndjson = (tmp_path / f"p.{form}" for form in ("csv", "parquet", "ndjson"))
    assert write_population(batches(), csv, "csv", truth=tmp_path / "t.csv") == wanted.height
    assert write_population(batches(), parquet, "parquet", truth=tmp_path / "t.parquet") == wanted.height
    assert write_population(batches(), ndjson, "ndjson") == wanted.height
    assert csv.read_bytes().startswith(b"birth_name;used_name;first_names;")
    assert pl.read_csv(csv, separator=";", infer_schema=False).equals(wanted)
    assert pl.read_parquet(parquet).equals(wanted)
    assert pl.read_ndjson(ndjson, schema=wanted.schema).equals(wanted)
    assert pl.read_parquet(tmp_path / "t.parquet").cast({"code": pl.String}).equals(truth)
    assert pl.read_csv(tmp_path / "t.csv").height == truth.height


def test_hl7_batch_is_read_by_another_library(tmp_path: Path) -> None:
    path = tmp_path / "p.hl7"
    count = write_population(batches(dirty=0.05), path, "hl7")
    text = path.read_bytes().decode()
    assert text.endswith(f"BTS|{count}\rFTS|1\r")
    messages = text.split("MSH|")[1:]
    assert len(messages) == count
    for message in messages[:50]:
        parsed = hl7.parse("MSH|" + message.split("BTS|")[0])
        assert str(parsed["MSH"][0][9]) == "ORU^R01^ORU_R01"
        assert str(parsed["MSH"][0][11]) == "T"


def test_fields_of_a_message_are_where_they_belong() -> None:
    frame = typed_frame()
    wanted = ["nir", "used_name", "birth_place", "phone", "email", "prescriber_name", "symptoms_onset", "commune"]
    row = frame.drop_nulls(wanted).head(1)
    value = row.row(0, named=True)
    message = hl7.parse(hl7_messages(row, ids="_row")[0])
    pid, obx = message["PID"][0], message["OBX"]
    assert str(pid[3]) == f"{value['nir']}^^^ASIP-SANTE-INS-TEST&1.2.250.1.213.1.4.10&ISO^INS"
    legal, used = (str(name).split("^") for name in pid[5])
    assert legal[0] == value["birth_name"]
    assert " ".join(legal[1:3]).strip() == value["first_names"]
    assert (used[0], used[6]) == (value["used_name"], "D")
    assert str(pid[7]) == value["birth_date"].strftime("%Y%m%d")
    home, birth = (str(address).split("^") for address in pid[11])
    assert (home[0], home[3], home[4]) == (value["address_line"], value["department"], value["postcode"])
    assert home[8] == value["commune"]
    assert (birth[6], birth[8]) == ("BDL", value["birth_place"])
    phone, mail = (str(line).split("^") for line in pid[13])
    assert (phone[11], mail[3]) == (value["phone"], value["email"])
    assert str(pid[32]) in {"PROV", "QUAL", "VALI", "RECUP"}
    assert str(message["ORC"][0][12]).split("^")[0] == value["prescriber_rpps"]
    assert str(message["OBR"][0][7]) == value["sample_time"].strftime("%Y%m%d%H%M%S")
    assert str(obx[0][3]).split("^")[0] == value["test_loinc"]
    assert str(obx[0][19]) == value["result_time"].strftime("%Y%m%d%H%M%S")
    lab = str(obx[0][23]).split("^")
    assert (lab[0], lab[9]) == (value["lab_name"], value["lab_finess"])
    answers = {str(line[3]).split("^")[0]: str(line[5]).split("^")[0] for line in obx[1:]}
    assert answers["65222-2"] == value["symptoms_onset"].strftime("%Y%m%d")
    assert answers["known_contact"] == {True: "Y", False: "N"}[value["known_contact"]]
    assert str(message["SPM"][0][2]) == f"^{value['sample_id']}"


def test_typed_and_raw_frames_give_the_same() -> None:
    typed, raw = typed_frame(300), raw_frame(300)
    assert hl7_messages(typed, ids="_row").equals(hl7_messages(raw, ids="_row"))
    assert fhir_bundles(typed, ids="_row").equals(fhir_bundles(raw, ids="_row"))


def test_delimiters_are_escaped_and_columns_may_be_absent() -> None:
    frame = pl.DataFrame({"birth_name": ['A|B^C&D~E\\F\r"G"\n'], "id": [1]})
    message = hl7_messages(frame, ids="id")[0]
    assert r"PID|1||||A\F\B\S\C\T\D\R\E\E\F\X0D\"G\X0A\"^" not in message
    assert 'A\\F\\B\\S\\C\\T\\D\\R\\E\\E\\F\\X0D\\"G"\\X0A\\^' in message
    assert message.count("\r") == 6
    bundle = json.loads(fhir_bundles(frame, ids="id")[0])
    assert bundle["entry"][0]["resource"]["name"] == [{"use": "official", "family": 'A|B^C&D~E\\F\r"G"\n'}]


def test_fhir_bundles_pass_a_strict_library() -> None:
    for line in fhir_bundles(typed_frame(400), ids="_row"):
        bundle: Any = Bundle.model_validate_json(line)
        kinds = [entry.resource.get_resource_type() for entry in bundle.entry]
        assert kinds.count("Patient") == kinds.count("DiagnosticReport") == 1
        urls = {entry.fullUrl for entry in bundle.entry}
        assert bundle.entry[kinds.index("DiagnosticReport")].resource.subject.reference in urls


def test_fhir_file_is_one_bundle_a_line(tmp_path: Path) -> None:
    path = tmp_path / "p.ndjson"
    count = write_population(batches(dirty=0.1), path, "fhir")
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == count
    frame = pl.concat([part.frame for part in batches(dirty=0.1)])
    values = frame.row(17, named=True)
    bundle = json.loads(lines[17])
    by_id = {entry["resource"]["id"]: entry["resource"] for entry in bundle["entry"]}
    assert by_id["specimen"]["accessionIdentifier"]["value"] == values["sample_id"]
    own = {entry["url"].rpartition(":")[2]: entry for entry in by_id["result"]["extension"]}
    assert own["known_contact"]["valueBoolean"] == (values["known_contact"] == "true")
    assert own["received_date"]["valueDateTime"] == values["received_date"]
    assert by_id["organization"]["identifier"][0]["value"] == values["lab_finess"]
    assert "null" not in lines[17]


def test_no_frames_still_make_a_batch() -> None:
    file = io.BytesIO()
    assert write_hl7([], file, ids="_row") == 0
    assert file.getvalue().split(b"\r")[-3:] == [b"BTS|0", b"FTS|1", b""]
    empty = generated().frame.clear()
    assert write_hl7([empty], file, ids="_row") == write_fhir([empty], file, ids="_row") == 0
    assert set(SCREENING.names) < set(empty.columns)


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    forms: tuple[Form, ...] = ("csv", "parquet")
    for form in forms:
        with pytest.raises(PopulationError):
            write_population(batches(), tmp_path / "no" / "where", form)
