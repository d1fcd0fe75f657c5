"""Rows as HL7 v2.5.1 messages ORU^R01, one message for each row, alone or in a batch file (FHS/BHS).

Takes typed frames, and raw ones whose dates are ISO texts; columns that are absent or null leave their field empty.
Places of fields follow HL7 2.5.1 and, for the identity, the French profile of IHE PAM (INS in PID-3, birth place as an
address of type BDL, reliability in PID-32). Columns that HL7 has no place for are answers (OBX) under a coding
system of our own, `99SCELLE`, with the column's name as code, so that nothing is lost on the way.
"""

from collections.abc import Iterable
from typing import BinaryIO, Final

import polars as pl

OWN: Final = "99SCELLE"
"""Coding system of the answers whose code is a column's name."""
OWN_COLUMNS: Final = ("known_contact", "residence_name", "lab_phone", "collection_date", "received_date")
QUESTIONS: Final = {
    "health_professional": "95418-0",
    "collective_residence": "95421-4",
    "symptoms_onset": "65222-2",
}
"""Column → LOINC code of the question asked with an order."""
RESULTS: Final = {
    "P": ("260373001", "Detected"),
    "N": ("260415000", "Not detected"),
    "I": ("419984006", "Inconclusive"),
    "X": ("125154007", "Specimen unsatisfactory for evaluation"),
}
"""Result → its SNOMED CT code and text."""
OIDS: Final = {"nir": "1.2.250.1.213.1.4.8", "nia": "1.2.250.1.213.1.4.9", "test": "1.2.250.1.213.1.4.10"}
"""Kind of number → OID of its assigning authority; a provisional number goes without."""
RPPS_OID, FINESS_OID = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
_STATUS: Final = {"qualified": "QUAL", "validated": "VALI", "recovered": "RECUP", "provisional": "PROV"}
_ESCAPES: Final = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "&": "\\T\\",
    "~": "\\R\\",
    "\r": "\\X0D\\",
    "\n": "\\X0A\\",
}
_AT_ONCE: Final = 131_072
"""Rows whose messages, of about a kilobyte each, are in memory at the same time."""
_HEAD: Final = r"FHS|^~\&|Scelle" + "\r" + r"BHS|^~\&|Scelle" + "\r"


class _Fields:
    """Expressions for the fields of one frame: text, escaped, empty where there is nothing."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._types = frame.schema

    def of(self, name: str) -> pl.Expr:
        """The column as HL7 writes it; the empty text where it is absent or null."""
        return self.nullable(name).fill_null("")

    def nullable(self, name: str) -> pl.Expr:
        kind = self._types.get(name)
        column = pl.col(name)
        if kind is None:
            return pl.lit(None, dtype=pl.String)
        if kind == pl.Date():
            return column.dt.strftime("%Y%m%d")
        if isinstance(kind, pl.Datetime):
            return column.dt.strftime("%Y%m%d%H%M%S")
        if kind == pl.Boolean():
            return pl.when(column).then(pl.lit("Y")).when(~column).then(pl.lit("N"))
        if kind != pl.String():
            return column.cast(pl.String)
        if name.endswith(("_date", "_time", "_onset")):
            plain = column.str.replace_all(r"^(\d{4})-(\d{2})-(\d{2})", "$1$2$3")
            return plain.str.replace(r"^(\d{8})[T ](\d{2}):(\d{2}):(\d{2})$", "$1$2$3$4")
        if name in ("health_professional", "collective_residence", "known_contact"):
            return column.replace({"true": "Y", "false": "N"})
        return column.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))

    def mapped(self, name: str, table: dict[str, str]) -> pl.Expr:
        return self.of(name).replace(table)

    def with_(self, name: str, *parts: str | pl.Expr) -> pl.Expr:
        """The parts joined where the column has a value, else the empty text."""
        return pl.when(self.nullable(name).is_not_null()).then(_joined(*parts)).otherwise(pl.lit(""))


def _joined(*parts: str | pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def hl7_messages(frame: pl.DataFrame, *, ids: str, processing: str = "P") -> pl.Series:
    """One message for each row, segments ended by CR. `ids`: the column that gives MSH-10; `processing`: MSH-11."""
    f = _Fields(frame)
    given, more = _given(f)
    by = (f.of("prescriber_rpps"), "^", f.of("prescriber_name"), f"^^^^^^^ANS&{RPPS_OID}&ISO^L^^^RPPS")
    prescriber = f.with_("prescriber_name", *by)
    test = _joined(f.of("test_loinc"), "^^LN^", f.of("test_kind"), f"^^{OWN}")
    codes = {code: f"{snomed}^{text}^SCT" for code, (snomed, text) in RESULTS.items()}
    finess = _joined(f"^^^^^ANS&{FINESS_OID}&ISO^FINEG^^^", f.of("lab_finess"))
    authority = {kind: f"ASIP-SANTE-INS-{kind.upper()}&{oid}&ISO" for kind, oid in OIDS.items()}
    used = f.with_("used_name", "~", f.of("used_name"), "^", given, "^", more, "^^^^D")
    born = f.with_("birth_place", "~^^^^^^BDL^^", f.of("birth_place"))
    mail = f.with_("email", "~^NET^Internet^", f.of("email"))
    segments: list[str | pl.Expr] = [
        *("MSH|^~\\&|Scelle|", f.of("lab_name"), "^", f.of("lab_finess"), "^FINEG|||", f.of("received_date")),
        *("||ORU^R01^ORU_R01|", pl.col(ids).cast(pl.String), f"|{processing}|2.5.1|||||FRA|UNICODE UTF-8\r"),
        *("PID|1||", f.with_("nir", f.of("nir"), "^^^", f.mapped("nir_kind", authority), "^INS"), "||"),
        *(f.of("birth_name"), "^", given, "^", more, "^^^^L", used, "||", f.of("birth_date"), "|", f.of("sex"), "|||"),
        *(
            f.of("address_line"),
            "^^^",
            f.of("department"),
            "^",
            f.of("postcode"),
            "^FRA^H^^",
            f.of("commune"),
            born,
            "||",
        ),
        *(f.with_("phone", "^PRN^PH^^^^^^^^^", f.of("phone")), mail, "|" * 19, f.mapped("ins_status", _STATUS), "\r"),
        f.with_("representative_name", "NK1|1|", f.of("representative_name"), "|GRD^Guardian^HL70063\r"),
        *("ORC|RE||", f.of("sample_id"), "|" * 9, prescriber, "||", f.of("prescriber_phone"), "\r"),
        *("OBR|1||", f.of("sample_id"), "|", test, "|||", f.of("sample_time"), "|" * 9, prescriber, "|"),
        *(f.of("prescriber_phone"), "|" * 5, f.of("result_time"), "|||F\r"),
        *(
            "OBX|1|CWE|",
            test,
            "||",
            f.nullable("result").replace(codes).fill_null(""),
            "||||||F|||",
            f.of("sample_time"),
        ),
        *("|||||", f.of("result_time"), "||||", f.of("lab_name"), finess, "\r"),
    ]
    number = 2
    for name, code in QUESTIONS.items():
        kind, tail = ("DT", "") if name == "symptoms_onset" else ("CWE", "^^HL70136")
        answer = (f"OBX|{number}|{kind}|{code}^^LN||", f.of(name), f"{tail}||||||F\r")
        segments.append(f.with_(name, *answer))
        number += 1
    for name in OWN_COLUMNS:
        segments.append(f.with_(name, f"OBX|{number}|ST|{name}^^{OWN}||", f.of(name), "||||||F\r"))
        number += 1
    segments += ["SPM|1|^", f.of("sample_id"), "|" * 15, f.of("sample_time"), "\r"]
    # Lazily, so that what several fields share is made once.
    return frame.lazy().select(_joined(*segments).alias("message")).collect().to_series()


def _given(f: _Fields) -> tuple[pl.Expr, pl.Expr]:
    """The first of the first names, and the others."""
    names = f.of("first_names")
    return names.str.extract(r"^(\S*)", 1), names.str.extract(r"^\S*\s+(.*)$", 1).fill_null("")


def write_hl7(frames: Iterable[pl.DataFrame], file: BinaryIO, *, ids: str, processing: str = "P") -> int:
    """A batch file of the messages of these frames; how many messages it holds."""
    file.write(_HEAD.encode())
    count = 0
    for frame in frames:
        for part in frame.iter_slices(_AT_ONCE):
            messages = hl7_messages(part, ids=ids, processing=processing)
            messages.to_frame().write_csv(file, include_header=False, line_terminator="", quote_style="never")
            count += messages.len()
    file.write(f"BTS|{count}\rFTS|1\r".encode())
    return count
