"""Rows as FHIR R4: for each row one Bundle (type collection), as NDJSON, one bundle a line.

A bundle holds Patient, DiagnosticReport, Observation and Specimen, and, where the row has them, Practitioner with
ServiceRequest, and Organization; answers to questions are further Observations, and columns without a place in FHIR
extensions of the result. Takes typed frames, and raw ones whose dates are ISO texts. What is null or absent is left
out. Texts that are no dates stay as they are: whoever reads judges.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final

import polars as pl

from scelle.records.write_hl7 import OIDS, OWN_COLUMNS, QUESTIONS, RESULTS

OWN_SYSTEM: Final = "urn:scelle:column"
"""Before the name of a column: URLs of the extensions that hold what FHIR has no place for."""
INSEE: Final = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"
RELIABILITY: Final = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability"
BIRTH_PLACE: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
RPPS_SYSTEM, FINESS_SYSTEM = "https://rpps.esante.gouv.fr", "https://finess.esante.gouv.fr"
_GENDERS: Final = {"M": "male", "F": "female", "U": "unknown"}
_STATUS: Final = {"qualified": "QUAL", "validated": "VALI", "recovered": "RECUP", "provisional": "PROV"}
_HOME: Final = "Europe/Paris"
_BOOLEANS: Final = ("health_professional", "collective_residence", "known_contact")
_AT_ONCE: Final = 65_536
"""Rows whose bundles, of some four kilobytes each, are in memory at the same time."""
_ORDERED: Final = '"status":"completed","intent":"order","requester":{"reference":"urn:scelle:practitioner"}'
_SAMPLED: Final = '"status":"final","specimen":{"reference":"urn:scelle:specimen"}'
_REPORTED: Final = '"status":"final","result":[{"reference":"urn:scelle:result"}]'
_OWN: Final = [name for name in OWN_COLUMNS if name != "lab_phone"]
"""Columns that are extensions of the result. The laboratory's phone is the Organization's."""


class _Parts:
    """Expressions for pieces of JSON of one frame; a piece whose column is null or absent is null."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._types = frame.schema

    def of(self, name: str, table: dict[str, str] | None = None) -> pl.Expr:
        """The value as it stands between quotes, or null."""
        kind = self._types.get(name)
        column = pl.col(name)
        if kind is None:
            return pl.lit(None, dtype=pl.String)
        if kind == pl.Date():
            return column.dt.strftime("%Y-%m-%d")
        if isinstance(kind, pl.Datetime) or (kind == pl.String() and name.endswith("_time")):
            return _instant(column, kind)
        if kind == pl.Boolean():
            return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
        text = column if kind == pl.String() else column.cast(pl.String)
        if table is not None:
            text = text.replace(table)
        return text.str.replace_many(["\\", '"', "\n", "\r", "\t"], ["\\\\", '\\"', "\\n", "\\r", "\\t"])


def _instant(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """A time with the offset that the clocks of France have then: FHIR has no times without. Else the text as it is."""
    naive = column if kind != pl.String() else column.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us")
    aware = naive.dt.replace_time_zone(_HOME, ambiguous="earliest", non_existent="null")
    written = aware.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    return pl.coalesce(written, column if kind == pl.String() else column.dt.strftime("%Y-%m-%dT%H:%M:%S+01:00"))


def _text(*parts: str | pl.Expr) -> pl.Expr:
    """The parts joined; null where one is."""
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def _all(pieces: Sequence[pl.Expr | str], before: str, after: str) -> pl.Expr:
    """The pieces that are not null, parted by commas, between these; null where there is none (a `str` always is)."""
    given = [pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces]
    joined = _text(before, pl.concat_str(given, separator=",", ignore_nulls=True), after)
    if any(isinstance(piece, str) for piece in pieces):
        return joined
    none = pl.all_horizontal(piece.is_null() for piece in given)
    return pl.when(~none).then(joined)


def _entry(kind: str, id_: str, pieces: Sequence[pl.Expr | str]) -> pl.Expr:
    """An entry of the bundle: the resource with these fields, under a URL that the others refer to."""
    head = f'{{"fullUrl":"urn:scelle:{id_}","resource":{{"resourceType":"{kind}","id":"{id_}"'
    return _all([head, *pieces], "", "}}")


def _field(name: str, value: pl.Expr) -> pl.Expr:
    return _text(f'"{name}":"', value, '"')


def fhir_bundles(frame: pl.DataFrame, *, ids: str) -> pl.Series:
    """One Bundle for each row, as JSON on one line. `ids`: the column that gives `Bundle.id`."""
    p = _Parts(frame)
    patient, by, lab = '"subject":{"reference":"urn:scelle:patient"}', p.of("prescriber_name"), p.of("lab_name")
    entries = [
        _patient(p),
        _person_of(p, "Practitioner", "practitioner", by, RPPS_SYSTEM, "prescriber_rpps", "prescriber_phone"),
        _person_of(p, "Organization", "organization", lab, FINESS_SYSTEM, "lab_finess", "lab_phone"),
        pl.when(by.is_not_null()).then(_entry("ServiceRequest", "request", [_ORDERED, patient])),
        _specimen(p, patient),
        _observation(p, patient),
        _report(p, patient, lab),
    ]
    for name, code in QUESTIONS.items():
        asked = f'"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}}'
        entry = _entry("Observation", name.replace("_", "-"), [asked, patient, _value(p, name)])
        entries.append(pl.when(p.of(name).is_not_null()).then(entry))
    resource_id = pl.col(ids).cast(pl.String)
    head = _text('{"resourceType":"Bundle","id":"', resource_id, '","type":"collection",')
    bundle = _text(head, _all(entries, '"entry":[', "]}"))
    # Lazily, so that what several pieces share is made once.
    return frame.lazy().select(bundle.alias("bundle")).collect().to_series()


def _patient(p: _Parts) -> pl.Expr:
    first = p.of("first_names").str.replace_all(r"\s+", '","')
    given = _text('"given":["', first, '"]')
    systems = {kind: f"urn:oid:{oid}" for kind, oid in OIDS.items()}
    kind = p.of("nir_kind", systems)
    system = _field("system", pl.when(kind.str.starts_with("urn:")).then(kind))
    number = _all([system, _field("value", p.of("nir"))], '"identifier":[{', "}]")
    commune = _text(f'"extension":[{{"url":"{INSEE}","valueCoding":{{"code":"', p.of("commune"), '"}}]')
    address = _all(
        [
            commune,
            _text('"line":["', p.of("address_line"), '"]'),
            _field("state", p.of("department")),
            _field("postalCode", p.of("postcode")),
            _field("country", pl.when(p.of("department").is_not_null()).then(pl.lit("FR"))),
        ],
        '"address":[{"use":"home",',
        "}]",
    )
    place = _text(
        f'{{"url":"{BIRTH_PLACE}","valueAddress":{{"extension":[{{"url":"{INSEE}","valueCoding":{{"code":"',
        p.of("birth_place"),
        '"}}]}}',
    )
    status = f'{{"url":"{RELIABILITY}","extension":[{{"url":"identityStatus","valueCoding":{{"code":"'
    reliability = _text(status, p.of("ins_status", _STATUS), '"}}]}')
    names = [
        _all([_field("family", p.of("birth_name")), given], '{"use":"official",', "}"),
        _all([_field("family", p.of("used_name"))], '{"use":"usual",', "}"),
    ]
    reached = [
        _text('{"system":"phone","value":"', p.of("phone"), '"}'),
        _text('{"system":"email","value":"', p.of("email"), '"}'),
    ]
    return _entry(
        "Patient",
        "patient",
        [
            _all([place, reliability], '"extension":[', "]"),
            pl.when(p.of("nir").is_not_null()).then(number),
            _all(names, '"name":[', "]"),
            _all(reached, '"telecom":[', "]"),
            _field("gender", p.of("sex", _GENDERS)),
            _field("birthDate", p.of("birth_date")),
            address,
            _text('"contact":[{"name":{"text":"', p.of("representative_name"), '"}}]'),
        ],
    )


def _person_of(p: _Parts, kind: str, id_: str, name: pl.Expr, system: str, number: str, phone: str) -> pl.Expr:
    named = _text('"name":[{"text":"', name, '"}]') if kind == "Practitioner" else _field("name", name)
    whole = _entry(
        kind,
        id_,
        [
            _text(f'"identifier":[{{"system":"{system}","value":"', p.of(number), '"}]'),
            named,
            _text('"telecom":[{"system":"phone","value":"', p.of(phone), '"}]'),
        ],
    )
    return pl.when(name.is_not_null()).then(whole)


def _specimen(p: _Parts, patient: str) -> pl.Expr:
    return _entry(
        "Specimen",
        "specimen",
        [
            patient,
            _text('"accessionIdentifier":{"value":"', p.of("sample_id"), '"}'),
            _text('"collection":{"collectedDateTime":"', p.of("sample_time"), '"}'),
        ],
    )


def _code(p: _Parts) -> pl.Expr:
    loinc = _text('{"system":"http://loinc.org","code":"', p.of("test_loinc"), '"}')
    kind = _text(f'{{"system":"{OWN_SYSTEM}:test_kind","code":"', p.of("test_kind"), '"}')
    return pl.coalesce(_all([loinc, kind], '"code":{"coding":[', "]}"), pl.lit('"code":{"text":"?"}'))


def _observation(p: _Parts, patient: str) -> pl.Expr:
    table = {
        code: f'"system":"http://snomed.info/sct","code":"{snomed}","display":"{text}"'
        for code, (snomed, text) in RESULTS.items()
    }
    result = p.of("result")
    known = result.replace_strict(table, default=None, return_dtype=pl.String)
    value = _text('"valueCodeableConcept":{"coding":[{', pl.coalesce(known, _field("code", result)), "}]}")
    own = [_text(f'{{"url":"{OWN_SYSTEM}:{name}",', _value(p, name), "}") for name in _OWN]
    extension = _all(own, '"extension":[', "]")
    return _entry("Observation", "result", [extension, _SAMPLED, patient, *_tested(p), value])


def _value(p: _Parts, name: str) -> pl.Expr:
    """The `value[x]` of an answer."""
    if name in _BOOLEANS:
        return _text('"valueBoolean":', p.of(name))
    return _field("valueDateTime" if name.endswith(("_onset", "_date")) else "valueString", p.of(name))


def _report(p: _Parts, patient: str, lab: pl.Expr) -> pl.Expr:
    performer = pl.lit('"performer":[{"reference":"urn:scelle:organization"}]')
    return _entry(
        "DiagnosticReport",
        "report",
        [
            _REPORTED,
            patient,
            _text('"identifier":[{"value":"', p.of("sample_id"), '"}]'),
            *_tested(p),
            pl.when(p.of("prescriber_name").is_not_null()).then(
                pl.lit('"basedOn":[{"reference":"urn:scelle:request"}]')
            ),
            pl.when(lab.is_not_null()).then(performer),
        ],
    )


def _tested(p: _Parts) -> list[pl.Expr]:
    """What result and report both say: the test and its times."""
    return [_code(p), _field("effectiveDateTime", p.of("sample_time")), _field("issued", p.of("result_time"))]


def write_fhir(frames: Iterable[pl.DataFrame], file: BinaryIO, *, ids: str) -> int:
    """NDJSON of the bundles of these frames; how many bundles it holds."""
    count = 0
    for frame in frames:
        for part in frame.iter_slices(_AT_ONCE):
            bundles = fhir_bundles(part, ids=ids)
            bundles.to_frame().write_csv(file, include_header=False, quote_style="never")
            count += bundles.len()
    return count
