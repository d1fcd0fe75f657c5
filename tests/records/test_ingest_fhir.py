"""FHIR: Bundles read plainly, also those that a strict library refuses; agreement with the library where it accepts."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from records_ingest_kit import RESULTS, bundle, pdi_row, read_text
from scelle.records.ingest import errors


def read_bundle(tmp_path: Path, value: Any, *, name: str = "in.json") -> Any:
    return read_text(tmp_path, json.dumps(value, ensure_ascii=False), name=name)


def first(value: dict[str, Any], kind: str) -> dict[str, Any]:
    resource: dict[str, Any] = next(e["resource"] for e in value["entry"] if e["resource"]["resourceType"] == kind)
    return resource


@pytest.mark.parametrize("reference", ["urn", "relative", "absolute"])
@pytest.mark.parametrize("number", range(6))
def test_each_field_of_a_bundle(tmp_path: Path, number: int, reference: str) -> None:
    value = bundle(number, reference=reference)
    reading, frame = read_bundle(tmp_path, value)
    (row,) = frame.to_dicts()
    source = pdi_row(number)
    assert not reading.rejects
    assert {k: v for k, v in row.items() if v is not None} == {
        "birth_name": source["Patient_last_name"],
        "first_names": "Zoé Marie",
        "sex": {"M": "M", "F": "F"}.get(source["Patient_gender"], "U"),
        "birth_date": "1984-01-02",
        "nir": "184013612345607",
        "nir_kind": "nir",
        "address_line": "1 rue de la Paix",
        "postcode": "75002",
        "phone": "+33601020304",
        "email": source["Patient_email"],
        "prescriber_name": "Martin Paul",
        "prescriber_rpps": "10001234567",
        "prescriber_phone": "0140506070",
        "lab_name": "Laboratoire de la Gare",
        "lab_finess": "750000018",
        "lab_phone": "0140506071",
        "sample_id": source["Result_ID"],
        "collection_date": "2021-06-04",
        "sample_time": "2021-06-04T11:20:00+02:00",
        "test_loinc": source["Ordered_test_code"],
        "test_kind": row["test_kind"],
        "result": RESULTS[source["Test_result_code"]],
        "result_time": "2021-06-05T09:00:00+02:00",
        "_status": "F",
        "_file": 0,
        "_row": 1,
    }
    assert reading.found.files[0].format == "fhir"
    assert reading.found.files[0].unmapped == {"Patient.address.city": 1}


@pytest.mark.parametrize("number", range(3))
def test_the_strict_library_reads_the_same(tmp_path: Path, number: int) -> None:
    value = bundle(number)
    strict: Any = Bundle.model_validate(value)
    patient = next(e.resource for e in strict.entry if e.resource.get_resource_type() == "Patient")
    observation = next(e.resource for e in strict.entry if e.resource.get_resource_type() == "Observation")
    _, frame = read_bundle(tmp_path, value)
    row = frame.to_dicts()[0]
    assert row["birth_name"] == patient.name[0].family
    assert row["birth_date"] == str(patient.birthDate)
    assert row["postcode"] == patient.address[0].postalCode
    assert row["test_loinc"] == observation.code.coding[0].code
    assert row["result"] == RESULTS[observation.valueCodeableConcept.coding[0].code]


def test_what_the_strict_library_refuses_is_read(tmp_path: Path) -> None:
    value = bundle(1)
    patient, observation = first(value, "Patient"), first(value, "Observation")
    patient["birthDate"] = "02/01/1984"
    patient["gender"] = "X"
    patient["name"] = patient["name"][0]  # one where a list belongs
    patient["address"][0]["postalCode"] = 75002
    patient["favouriteColour"] = "blue"
    del observation["status"]
    with pytest.raises(ValueError, match="validation error"):
        Bundle.model_validate(copy.deepcopy(value))
    reading, frame = read_bundle(tmp_path, value)
    (row,) = frame.to_dicts()
    assert (row["birth_date"], row["sex"], row["postcode"]) == ("02/01/1984", "X", "75002")
    assert row["birth_name"] == pdi_row(1)["Patient_last_name"]
    assert row["_status"] == "F"  # the report says it
    assert reading.found.files[0].unmapped["Patient.favouriteColour"] == 1
    assert reading.found.forms("birth_date", 0) == ("%d/%m/%Y",)


def test_names_birth_place_and_reliability_of_the_french_profile(tmp_path: Path) -> None:
    value = bundle(1)
    insee = {"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"}
    first(value, "Patient").update(
        name=[
            {"use": "usual", "family": "MARTIN"},
            {"use": "official", "family": "DUPONT", "given": ["ZOE", "ZOE MARIE"]},
        ],
        extension=[
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [{**insee, "valueCoding": {"code": "36044"}}]},
            },
            {
                "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability",
                "extension": [{"url": "identityStatus", "valueCoding": {"code": "VALI"}}],
            },
        ],
        contact=[{"name": {"family": "DUPONT", "given": ["ANNE"]}}],
    )  # fmt: skip
    _, frame = read_bundle(tmp_path, value)
    (row,) = frame.to_dicts()
    assert (row["birth_name"], row["used_name"], row["first_names"]) == ("DUPONT", "MARTIN", "ZOE MARIE")
    assert (row["birth_place"], row["ins_status"], row["representative_name"]) == ("36044", "validated", "DUPONT ANNE")


def test_questions_contained_resources_and_status(tmp_path: Path) -> None:
    value = bundle(2)
    patient, observation = first(value, "Patient"), first(value, "Observation")
    who = observation["subject"]
    questions: list[tuple[dict[str, Any], str]] = [
        ({"valueBoolean": True}, "95418-0"),
        ({"valueCodeableConcept": {"coding": [{"code": "N"}]}}, "95421-4"),
        ({"valueDateTime": "2021-06-01T08:00:00Z"}, "65222-2"),
        ({"valueString": "x"}, "95417-2"),
    ]
    for answer, code in questions:
        asked = {"resourceType": "Observation", "code": {"coding": [{"code": code}]}, "subject": who, **answer}
        value["entry"].insert(0, {"resource": asked})
    observation["status"] = "entered-in-error"
    report = first(value, "DiagnosticReport")
    report["contained"] = [{**patient, "id": "inner"}, {**observation, "id": "o", "subject": {"reference": "#inner"}}]
    report["result"] = [{"reference": "#o"}]
    value["entry"] = [e for e in value["entry"] if e["resource"] is not observation]
    reading, frame = read_bundle(tmp_path, value)
    (row,) = frame.to_dicts()
    assert not reading.rejects
    assert (row["_status"], row["result"]) == ("W", RESULTS[pdi_row(2)["Test_result_code"]])
    assert reading.found.files[0].unmapped["Observation 95417-2"] == 1


def test_a_report_that_says_its_result_itself(tmp_path: Path) -> None:
    value = bundle(3)
    report = first(value, "DiagnosticReport")
    del report["result"]
    report["conclusionCode"] = [{"coding": [{"code": "260415000"}]}]
    value["entry"] = [e for e in value["entry"] if e["resource"]["resourceType"] != "Observation"]
    _, frame = read_bundle(tmp_path, value)
    assert frame["result"].to_list() == ["N"]


# --- what does not map --------------------------------------------------------------------------------------------


def test_entries_without_row_are_set_aside_whole(tmp_path: Path) -> None:
    value = bundle(1)
    weight = {"resourceType": "Observation", "code": {"coding": [{"code": "29463-7"}]}, "valueQuantity": {"value": 70}}
    orphan = {**copy.deepcopy(first(value, "Observation")), "subject": {"reference": "Patient/absent"}, "id": "z"}
    value["entry"] += [{"resource": weight}, {"resource": orphan}, {"resource": 7}, "words", {}]
    reading, frame = read_bundle(tmp_path, value)
    assert frame.height == 1
    assert sorted((reject.place, reject.code) for reject in reading.rejects) == [
        ("entry 10", "reject.fhir-entry"),
        ("entry 11", "reject.fhir-entry"),
        ("entry 7", "reject.fhir-no-result"),
        ("entry 8", "reject.fhir-no-patient"),
        ("entry 9", "reject.fhir-entry"),
    ]
    assert {json.dumps(json.loads(r.raw)) for r in reading.rejects} >= {json.dumps(weight), json.dumps(orphan)}
    again, _ = read_text(tmp_path, reading.reject_files()["in-rejects.ndjson"], name="again.ndjson")
    assert len(again.rejects) == 5


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_cut_document_is_refused_with_its_place(tmp_path: Path, share: float) -> None:
    text = json.dumps(bundle(1), indent=1)
    cut = text[: int(len(text) * share)]
    with pytest.raises(errors.JsonBrokenError) as caught:
        read_text(tmp_path, cut, name="in.json")
    assert caught.value.facts["why"] == "ends too early"
    assert caught.value.facts["line"] == cut.count("\n") + 1


def test_damaged_and_nested_documents(tmp_path: Path) -> None:
    text = json.dumps(bundle(1), indent=1)
    with pytest.raises(errors.JsonBrokenError) as caught:
        read_text(tmp_path, text.replace('"entry": [', '"entry": ]'), name="in.json")
    assert (caught.value.facts["line"], caught.value.facts["why"]) == (4, "not JSON")
    with pytest.raises(errors.JsonBrokenError):
        read_text(tmp_path, '{"resourceType": "Bundle", "entry": ' + "[" * 200_000, name="in.json")


def test_a_document_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scelle.records.ingest.bundles.MAX_DOCUMENT", 1000)
    with pytest.raises(errors.DocumentTooLargeError):
        read_bundle(tmp_path, bundle(1))


@pytest.mark.parametrize("small", [1, 1000])
def test_bundles_one_a_line(tmp_path: Path, small: int) -> None:
    lines = [json.dumps(bundle(n), ensure_ascii=False) for n in range(20)]
    lines.insert(5, '{"resourceType": "Bundle", "entry": [')
    reading, frame = read_text(tmp_path, "\n".join([*lines, ""]), name="in.ndjson", batch_rows=small)
    assert frame["_row"].to_list() == list(range(1, 21))
    assert frame["birth_name"].to_list() == [pdi_row(n)["Patient_last_name"] for n in range(20)]
    assert [(r.place, r.code) for r in reading.rejects] == [("entry 6", "reject.json-line")]
    assert reading.found.files[0].format == "fhir-ndjson"


def test_resources_one_a_line_refer_to_each_other(tmp_path: Path) -> None:
    entries = [e["resource"] for n in range(10) for e in bundle(n, reference="relative")["entry"]]
    text = "\n".join(json.dumps(resource) for resource in reversed(entries))
    reading, frame = read_text(tmp_path, text, name="in.ndjson")
    assert sorted(frame["sample_id"].to_list()) == sorted(pdi_row(n)["Result_ID"] for n in range(10))
    assert not reading.rejects


def test_no_value_is_shown(tmp_path: Path) -> None:
    value = bundle(1)
    value["entry"].append({"resource": {"resourceType": "Observation", "valueString": "Zyxwvut"}})
    reading, _ = read_bundle(tmp_path, value)
    assert "Zyxwvut" not in repr(reading.rejects) + repr(reading.found)
