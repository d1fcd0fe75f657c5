"""Files of the kind that laboratories send, made for tests: HL7 batches, the 63-column CSV, FHIR bundles."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from scelle.records.ingest import Reading, read
from scelle.records.profile import Profile, load_profile

PDI_COLUMNS = [
    "Patient_last_name", "Patient_first_name", "Patient_middle_name", "Patient_suffix", "Patient_ID",
    "Ordered_test_code", "Specimen_source_site_code", "Specimen_type_code", "Device_ID", "Instrument_ID", "Result_ID",
    "Corrected_result_ID", "Test_result_status", "Order_result_status", "Observation_result_status",
    "Test_result_code", "Illness_onset_date", "Specimen_collection_date_time", "Order_test_date", "Test_date",
    "Date_result_released", "Patient_race", "Patient_DOB", "Patient_gender", "Patient_ethnicity", "Patient_street",
    "Patient_street_2", "Patient_city", "Patient_state", "Patient_zip_code", "Patient_phone_number", "Patient_county",
    "Patient_email", "Patient_role", "Processing_mode_code", "Employed_in_healthcare", "Resident_congregate_setting",
    "First_test", "Symptomatic_for_disease", "Testing_lab_name", "Testing_lab_CLIA", "Testing_lab_street",
    "Testing_lab_street_2", "Testing_lab_city", "Testing_lab_state", "Testing_lab_zip_code",
    "Testing_lab_phone_number", "Testing_lab_county", "Organization_name", "Ordering_facility_name",
    "Ordering_facility_street", "Ordering_facility_street_2", "Ordering_facility_city", "Ordering_facility_state",
    "Ordering_facility_zip_code", "Ordering_facility_phone_number", "Ordering_facility_county",
    "Ordering_facility_email", "Ordering_provider_ID", "Ordering_provider_last_name", "Ordering_provider_first_name",
    "Ordering_provider_street", "Ordering_provider_street_2", "Ordering_provider_city", "Ordering_provider_state",
    "Ordering_provider_zip_code", "Ordering_provider_phone_number", "Ordering_provider_county",
]  # fmt: skip

RESULTS = {
    "260373001": "P", "840539006": "P", "840533007": "P", "462371000124108": "P", "720735008": "P",
    "260415000": "N", "260385009": "N", "895231008": "N",
    "419984006": "I", "125154007": "X", "455371000124106": "X",
    "840544004": "840544004", "840546002": "840546002", "840534001": "840534001",
}  # fmt: skip
"""Result codes that occur, and what they become; suspicion, exposure and vaccination are no results and stay."""

_NAMES = ("Dupont", "Müller", "Nguyễn", "Le Goff", "D’Arc", "Šimić", "Lévêque", "O'Brien")


def screening() -> Profile:
    return load_profile("screening-result")


def cdc_files(pattern: str) -> list[Path]:
    """The real files, where they are: $SCELLE_CDC, or ../shared/data/cdc beside the repository."""
    folder = os.environ.get("SCELLE_CDC")
    place = Path(folder) if folder else Path(__file__).parents[2] / "shared" / "data" / "cdc"
    return sorted(place.glob(pattern)) if place.is_dir() else []


def rows_of(reading: Reading) -> pl.DataFrame:
    """All rows of a reading in one frame."""
    batches = list(reading.batches())
    return pl.concat(batches) if batches else pl.DataFrame()


def read_text(folder: Path, text: str | bytes, *, name: str = "in.csv", **more: Any) -> tuple[Reading, pl.DataFrame]:
    """Write a file, read it with screening-result/1, and give the reading and its rows."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    reading = read([path], more.pop("profile", None) or screening(), **more)
    return reading, rows_of(reading)


def pdi_row(number: int) -> dict[str, str]:
    """One row of the 63-column CSV, different for each number, the same for the same one."""
    dice = Random(number)
    day = f"2021{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
    row = {name: f"{name[:3]}{number}" for name in PDI_COLUMNS}
    return row | {
        "Patient_last_name": dice.choice(_NAMES),
        "Patient_first_name": dice.choice(("Zoé", "Jean-Luc", "Anne, Marie", "Oé")),
        "Ordered_test_code": dice.choice(("94558-4", "94500-6", "94563-4", "95209-3")),
        "Result_ID": f"R{number:06}",
        "Test_result_status": dice.choice(("F", "C", "W", "")),
        "Test_result_code": dice.choice(list(RESULTS)),
        "Illness_onset_date": dice.choice((day, "")),
        "Specimen_collection_date_time": f"{day}0725-0400",
        "Date_result_released": day,
        "Patient_DOB": f"19{dice.randint(10, 99)}0{dice.randint(1, 9)}1{dice.randint(0, 9)}",
        "Patient_gender": dice.choice("MFUAN"),
        "Employed_in_healthcare": dice.choice(("Y", "N", "UNK")),
        "Resident_congregate_setting": dice.choice(("Y", "N", "UNK")),
        "Patient_email": f"p{number}@example.org",
        "Patient_street_2": "",
    }


def pdi_csv(rows: Sequence[dict[str, str]], *, delimiter: str = ",") -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, PDI_COLUMNS, delimiter=delimiter, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def oru(number: int, *, status: str = "F", end: str = "\r", version: str = "2.5.1") -> str:
    """An ORU^R01 message as state laboratories send it: result, questions of the order, specimen."""
    row = pdi_row(number)
    lab = "Any lab&36D1332559&CLIA"
    question = f"||||||{status}|||20210604||||||||||Lab|||||QST"
    segments = [
        rf"MSH|^~\&|SENDER^1.2.3^ISO|Any lab^36D1332559^CLIA|TO|TO|20220526145955+0000||ORU^R01^ORU_R01|{number}|P"
        rf"|{version}|||NE|NE|USA|UNICODE UTF-8",
        "SFT|Centre|0.1|Stream|0.1||20220525",
        f"PID|1||{row['Patient_ID']}^^^{lab}^PI||{row['Patient_last_name']}^{row['Patient_first_name']}^^^^^L||"
        f"{row['Patient_DOB']}|{row['Patient_gender']}||2131-1|{row['Patient_street']}^^Town^IG^{row['Patient_zip_code']}"
        f"||(260)759-5016^PRN^PH^^1^260^7595016~^NET^Internet^{row['Patient_email']}|||||||||N",
        f"ORC|RE|{number}|F{number}|||||||||1234567893^Hane^Cornelius^^^^^^NPI||(285)138-9942^WPN^PH",
        f"OBR|1|{number}|F{number}|{row['Ordered_test_code']}^Test^LN|||202106041125+0000|||||||||1234567893^Hane^"
        f"Cornelius^^^^^^NPI|(285)138-9942^WPN^PH^^1^285^1389942|||||20210605000000+0000|||{status}",
        f"OBX|1|CWE|{row['Ordered_test_code']}^Test^LN||{row['Test_result_code']}^Text^SCT|||A|||{status}|||20210604"
        f"|36D1332559^Any lab^CLIA||||20210605||||{row['Testing_lab_name']}^^^^^CLIA^XX^^^36D1332559",
        f"OBX|2|CWE|95418-0^Employed^LN||{row['Employed_in_healthcare']}^x^HL70136{question}",
        f"OBX|3|CWE|95417-2^First test^LN||N^No^HL70136{question}",
        f"OBX|4|DT|65222-2^Onset^LN||{row['Illness_onset_date']}{question}",
        f"OBX|5|CWE|95421-4^Congregate^LN||{row['Resident_congregate_setting']}^x^HL70136{question}",
        f"SPM|1|{row['Result_ID']}&{lab}^{row['Result_ID']}&{lab}||440500007^Blood^SCT|||||||||||||"
        "202106041125+0000|202106041126+0000",
    ]
    return "".join(segment + end for segment in segments)


def hl7_batch(messages: Sequence[str], *, end: str = "\r", said: int | None = None) -> str:
    head = rf"FHS|^~\&|A|B|C|D|20220526{end}BHS|^~\&|A|B|C|D|20220526{end}"
    return f"{head}{''.join(messages)}BTS|{len(messages) if said is None else said}{end}FTS|1{end}"


def bundle(number: int, *, reference: str = "urn") -> dict[str, Any]:
    """A FHIR R4 Bundle of one result; `reference`: "urn" by fullUrl, "relative" by type and id, "absolute"."""
    row = pdi_row(number)

    def link(kind: str, ident: str) -> str:
        return {"urn": f"urn:uuid:{ident}", "relative": f"{kind}/{ident}"}.get(
            reference, f"https://x.example/{kind}/{ident}"
        )

    def entry(kind: str, ident: str, **more: Any) -> dict[str, Any]:
        return {"fullUrl": link(kind, ident), "resource": {"resourceType": kind, "id": ident, **more}}

    who = {"reference": link("Patient", f"pat-{number}")}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            entry(
                "Patient",
                f"pat-{number}",
                identifier=[{"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "184013612345607"}],
                name=[{"use": "official", "family": row["Patient_last_name"], "given": ["Zoé", "Marie"]}],
                telecom=[
                    {"system": "phone", "value": "+33601020304"},
                    {"system": "email", "value": row["Patient_email"]},
                ],
                gender={"M": "male", "F": "female"}.get(row["Patient_gender"], "unknown"),
                birthDate="1984-01-02",
                address=[{"line": ["1 rue de la Paix"], "postalCode": "75002", "city": "Paris"}],
            ),
            entry(
                "Observation",
                f"obs-{number}",
                status="final",
                code={"coding": [{"system": "http://loinc.org", "code": row["Ordered_test_code"]}]},
                subject=who,
                effectiveDateTime="2021-06-04T11:25:00+02:00",
                issued="2021-06-05T08:00:00+02:00",
                valueCodeableConcept={
                    "coding": [{"system": "http://snomed.info/sct", "code": row["Test_result_code"]}]
                },
                performer=[{"reference": link("Organization", f"lab-{number}")}],
                specimen={"reference": link("Specimen", f"spm-{number}")},
            ),
            entry(
                "DiagnosticReport",
                f"rep-{number}",
                status="final",
                code={"coding": [{"system": "http://loinc.org", "code": row["Ordered_test_code"]}]},
                subject=who,
                issued="2021-06-05T09:00:00+02:00",
                performer=[{"reference": link("Practitioner", f"doc-{number}")}],
                result=[{"reference": link("Observation", f"obs-{number}")}],
            ),
            entry(
                "Practitioner",
                f"doc-{number}",
                identifier=[{"system": "https://rpps.esante.gouv.fr", "value": "10001234567"}],
                name=[{"family": "Martin", "given": ["Paul"]}],
                telecom=[{"system": "phone", "value": "0140506070"}],
            ),
            entry(
                "Organization",
                f"lab-{number}",
                identifier=[{"system": "https://finess.esante.gouv.fr", "value": "750000018"}],
                name="Laboratoire de la Gare",
                telecom=[{"system": "phone", "value": "0140506071"}],
            ),
            entry(
                "Specimen",
                f"spm-{number}",
                subject=who,
                accessionIdentifier={"value": row["Result_ID"]},
                collection={"collectedDateTime": "2021-06-04T11:20:00+02:00"},
            ),
        ],
    }
