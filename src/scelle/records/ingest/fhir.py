"""FHIR R4 resources, read plainly from JSON: a Bundle, or resources one a line.

Nothing is validated: a strict library refuses documents that can still be read. A row is an Observation with a known
test or result (a known test that is done may lack its result), with the Patient, Specimen, Practitioner and
Organization that it or its DiagnosticReport refers to inside the same Bundle. What has no place is counted by resource
type and element.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from scelle.records.ingest.columns import codes
from scelle.records.ingest.meaning import LOINC, Meanings, department, first_names, professional
from scelle.records.write_fhir import OWN_SYSTEM
from scelle.records.write_hl7 import OWN_COLUMNS

Json: TypeAlias = dict[str, Any]
Row: TypeAlias = dict[str, str]

_USED: Final[dict[str, frozenset[str]]] = {
    "Patient": frozenset(("identifier", "name", "telecom", "gender", "birthDate", "address", "contact", "extension")),
    "Observation": frozenset((
        "status", "code", "subject", "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued", "performer",
        "specimen", "valueCodeableConcept", "valueString", "valueBoolean", "valueDateTime", "interpretation", "basedOn",
        "extension",
    )),
    "DiagnosticReport": frozenset((
        "status", "code", "subject", "effectiveDateTime", "effectivePeriod", "issued", "performer", "specimen",
        "result", "conclusionCode", "resultsInterpreter", "basedOn", "identifier",
    )),
    "Practitioner": frozenset(("identifier", "name", "telecom")),
    "PractitionerRole": frozenset(("practitioner", "organization", "telecom")),
    "Organization": frozenset(("identifier", "name", "telecom")),
    "Specimen": frozenset(("identifier", "accessionIdentifier", "collection", "receivedTime", "subject")),
    "ServiceRequest": frozenset(("requester", "subject", "code", "identifier")),
}  # fmt: skip
"""Elements that are read; `id`, `meta`, `text` and the like say nothing of a person and are not counted."""

_SILENT: Final = frozenset(("resourceType", "id", "meta", "text", "language", "implicitRules", "contained"))
_INSIDE: Final = frozenset(("interpretation", "component", "hasMember", "dataAbsentReason"))
"""What an observation without a value may say instead."""
_BIRTH_PLACE: Final = "patient-birthPlace"


@dataclass
class Failure:
    """A resource that gave no row: its place among the entries, from 1, and why."""

    entry: int
    code: str
    resource: Any
    facts: dict[str, str | int] = field(default_factory=dict)


class Document:
    """The resources of one Bundle (or of lines taken together), to be read into rows."""

    def __init__(self, meanings: Meanings, unmapped: Counter[str]) -> None:
        self._meanings = meanings
        self._unmapped = unmapped
        self._index: dict[str, Json] = {}
        self._entries: list[tuple[int, Json]] = []
        self.failures: list[Failure] = []

    def add(self, number: int, entry: Any) -> None:
        """Add one entry of a Bundle, or a resource by itself. Inner Bundles are taken apart."""
        wrapped = isinstance(entry, dict) and "resourceType" not in entry
        resource = entry.get("resource") if wrapped else entry
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            self.failures.append(Failure(number, "reject.fhir-entry", entry))
            return
        kind = resource["resourceType"]
        if kind == "Bundle":
            for inner in _list(resource.get("entry")):
                self.add(number, inner)
            return
        self._entries.append((number, resource))
        if wrapped and isinstance(entry.get("fullUrl"), str):
            self._index[entry["fullUrl"]] = resource
        if isinstance(resource.get("id"), str):
            self._index[f"{kind}/{resource['id']}"] = resource

    def rows(self) -> Iterator[Row]:
        """The rows of all entries; `failures` has what gave none."""
        reports: dict[int, Json] = {}
        questions: dict[int, Row] = {}
        for _, resource in self._entries:
            self._count(resource)
            if resource["resourceType"] == "DiagnosticReport":
                for reference in _list(resource.get("result")):
                    observation = self._resolve(reference, resource)
                    if observation is not None:
                        reports[id(observation)] = resource
            elif resource["resourceType"] == "Observation":
                self._question(resource, questions)
        for number, resource in self._entries:
            kind = resource["resourceType"]
            if kind == "Observation":
                yield from self._observation(number, resource, reports.get(id(resource), {}), questions, resource)
            elif kind == "DiagnosticReport":
                inside = [r for r in _list(resource.get("contained")) if _kind(r) == "Observation"]
                for observation in inside:
                    self._question(
                        {**observation, "subject": observation.get("subject", resource.get("subject"))}, questions
                    )
                for observation in inside:
                    yield from self._observation(number, observation, resource, questions, resource)
                if not inside and not any(report is resource for report in reports.values()):
                    yield from self._observation(number, _as_observation(resource), resource, questions, resource)

    def _count(self, resource: Json) -> None:
        used = _USED.get(resource["resourceType"])
        if used is None:
            self._unmapped[resource["resourceType"][:40]] += 1
            return
        for name in resource.keys() - used - _SILENT:
            self._unmapped[f"{resource['resourceType']}.{name[:40]}"] += 1

    def _resolve(self, reference: Any, holder: Json) -> Json | None:
        """What a reference points to: in the holder (`#id`), by full URL, or by type and id at its end."""
        target = _dict(reference).get("reference")
        if not isinstance(target, str):
            return None
        if target.startswith("#"):
            for inner in _list(holder.get("contained")):
                if isinstance(inner, dict) and inner.get("id") == target[1:]:
                    return inner
            return None
        target = target.partition("/_history/")[0]
        return self._index.get(target) or self._index.get("/".join(target.split("/")[-2:]))

    def _first(self, references: Any, holder: Json, *kinds: str) -> Json:
        for reference in _list(references):
            found = self._resolve(reference, holder)
            if found is not None and _kind(found) in kinds:
                return found
        return {}

    def _patient_of(self, observation: Json, report: Json, holder: Json) -> Json:
        for source in (observation, report):
            patient = self._first(source.get("subject"), holder, "Patient")
            if patient:
                return patient
        return {}

    def _question(self, observation: Json, questions: dict[int, Row]) -> None:
        column = self._meanings.questions.get(_loinc(observation.get("code")))
        patient = self._resolve(observation.get("subject"), observation)
        if not column or patient is None:
            return
        said = _answer(observation)
        if column != "symptoms_onset":
            truth = self._meanings.truth(said)
            said = said if truth is None else truth
        questions.setdefault(id(patient), {}).setdefault(column, said[:10] if column == "symptoms_onset" else said)

    def _observation(
        self, number: int, observation: Json, report: Json, questions: dict[int, Row], holder: Json
    ) -> Iterator[Row]:
        meanings = self._meanings
        loinc = _loinc(observation.get("code"))
        if loinc in meanings.questions:
            if not meanings.questions[loinc]:
                self._unmapped[f"Observation {loinc}"] += 1
            return
        said = self._said(observation, known=loinc in meanings.kinds)
        status = codes()["fhir"]["status"].get(_text(observation.get("status")) or _text(report.get("status")), "")
        if not said and not (loinc in meanings.kinds and _is_empty(observation, status)):
            self.failures.append(Failure(number, "reject.fhir-no-result", holder))
            return
        patient = self._patient_of(observation, report, holder)
        if not patient:
            self.failures.append(Failure(number, "reject.fhir-no-patient", holder))
            return
        loinc = loinc or _loinc(report.get("code"))
        row = self._patient(patient) | questions.get(id(patient), {})
        kind = _own_kind(observation.get("code")) or meanings.kinds.get(loinc, "")
        row |= {"_status": status, "result": said, "test_loinc": loinc, "test_kind": kind}
        specimen = self._first(observation.get("specimen"), holder, "Specimen") or self._first(
            report.get("specimen"), holder, "Specimen"
        )
        collection = _dict(specimen.get("collection"))
        row["sample_time"] = next(
            filter(
                None,
                (
                    _text(collection.get("collectedDateTime"))
                    or _text(_dict(collection.get("collectedPeriod")).get("start")),
                    *(
                        _text(source.get("effectiveDateTime"))
                        or _text(source.get("effectiveInstant"))
                        or _text(_dict(source.get("effectivePeriod")).get("start"))
                        for source in (observation, report)
                    ),
                ),
            ),
            "",
        )
        row["collection_date"] = row["sample_time"][:10]
        row["result_time"] = _text(report.get("issued")) or _text(observation.get("issued"))
        row["sample_id"] = self._identifier(specimen, "accessionIdentifier", "identifier") or self._identifier(
            report, "identifier"
        )
        row |= self._prescriber(observation, report, holder) | self._laboratory(observation, report, holder)
        yield row | self._own(observation)

    def _own(self, observation: Json) -> Row:
        """The columns that are extensions of our own; others are counted."""
        row: Row = {}
        for entry in map(_dict, _list(observation.get("extension"))):
            system, _, name = _text(entry.get("url")).rpartition(":")
            if system == OWN_SYSTEM and name in OWN_COLUMNS:
                row[name] = self._meanings.answer(name, _answer(entry))
            else:
                self._unmapped["Observation.extension"] += 1
        return row

    def _said(self, observation: Json, *, known: bool) -> str:
        """P, N, I or X; for a known test also a code or text that is not known."""
        concept = _dict(observation.get("valueCodeableConcept"))
        texts = [code for code, _ in _codings(concept)] + [display for _, display in _codings(concept)]
        texts += [_text(concept.get("text")), _text(observation.get("valueString"))]
        if isinstance(observation.get("valueBoolean"), bool) and known:
            texts.append("POSITIVE" if observation["valueBoolean"] else "NEGATIVE")
        said = self._meanings.result(*texts)
        if not said and known:
            flags = [code for entry in _list(observation.get("interpretation")) for code, _ in _codings(entry)]
            said = self._meanings.result(*flags) or next(filter(None, texts), "")
        return said

    def _patient(self, patient: Json) -> Row:
        row: Row = {}
        for entry in map(_dict, _list(patient.get("identifier"))):
            types = [code for code, _ in _codings(entry.get("type"))]
            kind = self._meanings.identifier(_text(entry.get("system")), *types)
            if kind in {"nir", "nia", "test"} and "nir" not in row:
                row |= {"nir": _text(entry.get("value")), "nir_kind": kind}
            else:
                self._unmapped["Patient.identifier (other identifiers)"] += 1
        names = {_text(name.get("use")): name for name in map(_dict, reversed(_list(patient.get("name"))))}
        if names:
            legal = names.get("official") or names.get("usual") or next(reversed(names.values()))
            birth = names.get("maiden", legal)
            used = names.get("usual") or (legal if "maiden" in names else {})
            given = [_text(part) for part in _list(birth.get("given") or legal.get("given"))]
            row["birth_name"] = _text(birth.get("family")) or _text(birth.get("text"))
            row["first_names"] = first_names(given[0], " ".join(given[1:])) if given else ""
            if used is not birth:
                row["used_name"] = _text(used.get("family"))
        row["birth_date"] = _text(patient.get("birthDate"))
        row["sex"] = self._meanings.code("sex", _text(patient.get("gender")))
        address = next((a for a in map(_dict, _list(patient.get("address"))) if a.get("use") != "old"), {})
        row["address_line"] = ", ".join(filter(None, (_text(line) for line in _list(address.get("line")))))
        row["postcode"] = _text(address.get("postalCode"))
        row["commune"] = _insee(address)
        row["department"] = department(_text(address.get("state")), _text(address.get("country")))
        for name in ("city", "state", "country"):
            if address.get(name) and (name == "city" or not row["department"]):
                self._unmapped[f"Patient.address.{name}"] += 1
        for entry in map(_dict, _list(patient.get("extension"))):
            if _text(entry.get("url")).endswith(_BIRTH_PLACE):
                place = _dict(entry.get("valueAddress"))
                row["birth_place"] = _insee(place) or _text(place.get("city"))
            elif "identity-reliability" in _text(entry.get("url")):
                row["ins_status"] = self._meanings.code("ins_status", _reliability(entry))
        row |= _telecoms(patient)
        for contact in map(_dict, _list(patient.get("contact"))):
            row.setdefault("representative_name", _name(_dict(contact.get("name"))))
        return row

    def _identifier(self, resource: Json, *names: str) -> str:
        for name in names:
            for entry in map(_dict, _list(resource.get(name))):
                if entry.get("value"):
                    return _text(entry["value"])
        return ""

    def _prescriber(self, observation: Json, report: Json, holder: Json) -> Row:
        for source in (report, observation):
            request = self._first(source.get("basedOn"), holder, "ServiceRequest")
            person = self._first(request.get("requester"), request, "Practitioner", "PractitionerRole")
            if not person:
                person = self._first(source.get("resultsInterpreter"), holder, "Practitioner", "PractitionerRole")
            if not person:
                person = self._first(source.get("performer"), holder, "Practitioner", "PractitionerRole")
            if _kind(person) == "PractitionerRole":
                person = self._first(person.get("practitioner"), person, "Practitioner")
            if person:
                row = {"prescriber_name": _name(_dict(next(iter(_list(person.get("name"))), {})))}
                row["prescriber_rpps"] = self._number(person, "rpps")
                row["prescriber_phone"] = _telecoms(person).get("phone", "")
                return row
        return {}

    def _laboratory(self, observation: Json, report: Json, holder: Json) -> Row:
        for source in (observation, report):
            lab = self._first(source.get("performer"), holder, "Organization")
            if not lab:
                role = self._first(source.get("performer"), holder, "PractitionerRole")
                lab = self._first(role.get("organization"), role, "Organization")
            if lab:
                return {
                    "lab_name": _text(lab.get("name")),
                    "lab_finess": self._number(lab, "finess"),
                    "lab_phone": _telecoms(lab).get("phone", ""),
                }
        return {}

    def _number(self, resource: Json, wanted: str) -> str:
        """A professional number of one kind; other identifiers are counted."""
        said = ""
        for entry in map(_dict, _list(resource.get("identifier"))):
            types = [code for code, _ in _codings(entry.get("type"))]
            if self._meanings.identifier(_text(entry.get("system")), *types) == wanted and not said:
                said = professional(wanted, _text(entry.get("value")))
            else:
                self._unmapped[f"{_kind(resource)}.identifier (other identifiers)"] += 1
        return said


def _as_observation(report: Json) -> Json:
    """A report that says its result itself (`conclusionCode`), seen as an observation."""
    concept = next((c for c in map(_dict, _list(report.get("conclusionCode")))), {})
    return {**report, "valueCodeableConcept": concept}


def _list(value: Any) -> list[Any]:
    """Repeating elements as a list; a single one where a list belongs is taken as one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Text, trimmed; numbers where text belongs are taken as text."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _kind(resource: Any) -> str:
    return _text(_dict(resource).get("resourceType"))


def _codings(concept: Any) -> list[tuple[str, str]]:
    """Code and display of each coding of a concept."""
    return [(_text(c.get("code")), _text(c.get("display"))) for c in map(_dict, _list(_dict(concept).get("coding")))]


def _loinc(concept: Any) -> str:
    for coding in map(_dict, _list(_dict(concept).get("coding"))):
        code = _text(coding.get("code"))
        if LOINC.fullmatch(code) and "loinc" in _text(coding.get("system") or "loinc").lower():
            return code
    return ""


def _own_kind(concept: Any) -> str:
    """The kind of test under our own system."""
    for coding in map(_dict, _list(_dict(concept).get("coding"))):
        if coding.get("system") == f"{OWN_SYSTEM}:test_kind":
            return _text(coding.get("code"))
    return ""


def _answer(holder: Json) -> str:
    """The `value[x]` of an answer, as text."""
    if isinstance(holder.get("valueBoolean"), bool):
        return str(holder["valueBoolean"]).lower()
    concept = _dict(holder.get("valueCodeableConcept"))
    said = _text(holder.get("valueDateTime")) or _text(holder.get("valueString"))
    return said or next((c for c, _ in _codings(concept)), "") or _text(concept.get("text"))


def _is_empty(observation: Json, status: str) -> bool:
    """Whether an observation that is done says nothing at all."""
    holds = any(name.startswith("value") or name in _INSIDE for name in observation)
    return status in {"F", "C"} and not holds


def _insee(address: Json) -> str:
    """The INSEE code that French profiles put into an extension of an address (on the address or on its city)."""
    for holder in (address, _dict(address.get("_city"))):
        for entry in map(_dict, _list(holder.get("extension"))):
            if "insee" in _text(entry.get("url")).lower():
                return _text(_dict(entry.get("valueCoding")).get("code")) or _text(entry.get("valueString"))
    return ""


def _reliability(extension: Json) -> str:
    for entry in map(_dict, _list(extension.get("extension"))):
        code = _text(_dict(entry.get("valueCoding")).get("code"))
        if code:
            return code
    return _text(_dict(extension.get("valueCoding")).get("code"))


def _telecoms(resource: Json) -> Row:
    row: Row = {}
    for entry in map(_dict, _list(resource.get("telecom"))):
        system = _text(entry.get("system"))
        if system in {"phone", "sms", "email"}:
            row.setdefault("email" if system == "email" else "phone", _text(entry.get("value")).removeprefix("tel:"))
    return row


def _name(name: Json) -> str:
    built = " ".join([_text(name.get("family")), *(_text(part) for part in _list(name.get("given")))]).strip()
    return built or _text(name.get("text"))
