"""Results of HL7 v2 ORU^R01 messages (v2.3 to 2.5.1): one row for each observation that is a test result.

Field numbers are those of the standard. Questions asked with the order (employment, residence, onset of symptoms) go to
the rows of their patient; answers under our own coding system (`write_hl7`) to those of their order. What has no column
is counted by field, or by LOINC code for observations.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from scelle.records.ingest.hl7 import Message, get
from scelle.records.ingest.meaning import LOINC, Meanings, department, first_names, iso_time, professional
from scelle.records.write_hl7 import OWN, OWN_COLUMNS

Row = dict[str, str]

VERSIONS: Final = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
_CODED: Final = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_TEXTS: Final = frozenset({"ST", "TX", "FT", ""})
_DONE: Final = frozenset({"F", "C"})
"""Status of observations that should have a result by now."""
_PENDING: Final = frozenset({"I", "N", "O", "R", "S", "U"})

_USED: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset((1, 2, 7, 9, 10, 11, 12, 18)),
    "PID": frozenset((1, 3, 5, 7, 8, 11, 13, 14, 23, 32)),
    "NK1": frozenset((1, 2, 3)),
    "ORC": frozenset((1, 2, 3, 12, 14)),
    "OBR": frozenset((1, 2, 3, 4, 7, 16, 17, 22)),
    "OBX": frozenset((1, 2, 3, 5, 8, 11, 14, 15, 19, 23, 29)),
    "SPM": frozenset((1, 2, 17)),
}
"""Fields that are read; the others are counted when they hold something."""


@dataclass
class Read:
    """What one message gave. `wrong`: code of the reason when there is no row; `where`: the segment at fault."""

    rows: list[Row] = field(default_factory=list)
    wrong: str = ""
    where: str = ""
    facts: dict[str, str | int] = field(default_factory=dict)


@dataclass
class _Order:
    """An OBR with its observations and specimen."""

    obr: list[str]
    orc: list[str]
    observations: list[list[str]] = field(default_factory=list)
    specimen: list[str] = field(default_factory=list)


@dataclass
class _Patient:
    pid: list[str]
    kin: list[list[str]] = field(default_factory=list)
    orders: list[_Order] = field(default_factory=list)


class ResultReader:
    """Reads messages into rows, and counts what has no place."""

    def __init__(self, meanings: Meanings, unmapped: Counter[str]) -> None:
        self._meanings = meanings
        self._unmapped = unmapped

    def read(self, message: Message) -> Read:
        """The rows of one message, or why it has none."""
        header = message.segments[0]
        kind = message.parts(get(header, 9))
        if kind[0] != "ORU" or get(kind, 1) not in {"R01", ""}:
            # the type is a code of the standard; anything else is not shown
            shown = kind[0] if kind[0].isascii() and kind[0].isalpha() and len(kind[0]) == 3 else "?"
            return Read(wrong="reject.hl7-kind", where="MSH-9", facts={"kind": shown})
        patients = self._groups(message)
        if not patients:
            return Read(wrong="reject.hl7-no-patient", where="PID")
        read = Read()
        observed = 0
        for patient in patients:
            base = self._patient(message, patient)
            base["received_date"] = iso_time(get(header, 7))[:10]
            questions: Row = {}
            rows: list[Row] = []
            for order in patient.orders:
                observed += len(order.observations)
                rows += self._order(message, header, order, questions)
            read.rows += [{**base, **questions, **row} for row in rows]
        if not read.rows:
            read.wrong, read.where, read.facts = "reject.hl7-no-result", "OBX", {"observations": observed}
        return read

    def _order(self, message: Message, header: list[str], order: _Order, questions: Row) -> list[Row]:
        """The rows of one order. When all that it has is a known test without a result, that is a row, too: whoever
        checks the rows says that the result is missing, and whose.
        """
        rows: list[Row] = []
        own: Row = {}
        empty: list[str] | None = None
        for obx in order.observations:
            if self._own(message, obx, own) or self._question(message, obx, questions):
                continue
            said = self._said(message, order, obx)
            if said:
                rows.append(self._row(message, header, order, obx, said))
            elif empty is None and self._is_empty(message, obx):
                empty = obx
            else:
                self._unmapped[f"OBX {self._code(message, get(obx, 3)) or '?'}"] += 1
        if empty is not None and not rows:
            rows.append(self._row(message, header, order, empty, ""))
        elif empty is not None:
            self._unmapped[f"OBX {self._code(message, get(empty, 3))}"] += 1
        return [{**row, **own} for row in rows]

    def _own(self, message: Message, obx: list[str], own: Row) -> bool:
        """Whether an observation is a column under our own coding system; its answer is put in place."""
        parts = message.parts(get(obx, 3))
        if get(parts, 2) != OWN or parts[0] not in OWN_COLUMNS:
            return False
        own[parts[0]] = self._meanings.answer(parts[0], message.text(message.parts(get(obx, 5))[0]))
        return True

    def _is_empty(self, message: Message, obx: list[str]) -> bool:
        """Whether this is a known test that is done and says nothing at all."""
        known = self._code(message, get(obx, 3)) in self._meanings.kinds
        return known and not (get(obx, 5) or get(obx, 8)) and message.parts(get(obx, 11))[0].strip() in _DONE

    def _groups(self, message: Message) -> list[_Patient]:
        patients: list[_Patient] = []
        orc: list[str] = []
        for segment in message.segments:
            name = segment[0]
            self._count(segment)
            if name == "PID":
                patients.append(_Patient(segment))
                orc = []
            elif not patients:
                continue
            elif name == "NK1":
                patients[-1].kin.append(segment)
            elif name == "ORC":
                orc = segment
            elif name == "OBR":
                patients[-1].orders.append(_Order(segment, orc))
            elif patients[-1].orders and name == "OBX":
                patients[-1].orders[-1].observations.append(segment)
            elif patients[-1].orders and name == "SPM" and not patients[-1].orders[-1].specimen:
                patients[-1].orders[-1].specimen = segment
        return patients

    def _count(self, segment: list[str]) -> None:
        used = _USED.get(segment[0])
        if used is None:
            self._unmapped[segment[0]] += 1
            return
        for number, text in enumerate(segment):
            if text and number and number not in used and text != '""':
                self._unmapped[f"{segment[0]}-{number}"] += 1

    def _patient(self, message: Message, patient: _Patient) -> Row:
        pid, text = patient.pid, message.text
        row: Row = {}
        other = 0
        for parts in message.repetitions(get(pid, 3)):
            authority = get(parts, 3)
            kind = self._meanings.identifier(
                message.sub(authority, 2), message.sub(authority, 1), text(get(parts, 4))
            ) or ("nir" if get(parts, 4) in {"NH", "INS-NIR"} else "")
            if kind in {"nir", "nia", "test"} and "nir" not in row:
                row["nir"] = text(parts[0])
                row["nir_kind"] = kind
            else:
                other += 1
        if other:
            self._unmapped["PID-3 (other identifiers)"] += other
        row |= self._name(message, get(pid, 5))
        row["birth_date"] = iso_time(get(pid, 7))[:10]
        row["sex"] = self._meanings.code("sex", text(get(pid, 8)))
        for parts in message.repetitions(get(pid, 11)):
            if get(parts, 6) in {"BDL", "N"}:
                row["birth_place"] = text(get(parts, 8)) or text(get(parts, 4))
            elif "address_line" not in row:
                street = ", ".join(filter(None, (message.sub(parts[0], 1), text(get(parts, 1)))))
                row |= {"address_line": street, "postcode": text(get(parts, 4)), "commune": text(get(parts, 8))}
                row["department"] = department(text(get(parts, 3)), text(get(parts, 5)))
                for number, what in ((2, "city"), (3, "state"), (5, "country")):
                    if get(parts, number) and (number == 2 or not row["department"]):
                        self._unmapped[f"PID-11.{number + 1} ({what})"] += 1
        row.setdefault("birth_place", text(message.parts(get(pid, 23))[0]))
        for number in (13, 14):
            for parts in message.repetitions(get(pid, number)):
                phone, email = self._telecom(message, parts)
                if phone:
                    row.setdefault("phone", phone)
                if email:
                    row.setdefault("email", email)
        row["ins_status"] = self._meanings.code("ins_status", text(message.parts(get(pid, 32))[0]))
        for kin in patient.kin:
            name = message.parts(get(kin, 2))
            row.setdefault("representative_name", f"{message.sub(name[0], 1)} {text(get(name, 1))}".strip())
        return row

    @staticmethod
    def _name(message: Message, raw: str) -> Row:
        """XPN: with a maiden name (M) or a display name (D), birth name and name in use are told apart."""
        by_type: dict[str, list[str]] = {}
        for parts in message.repetitions(raw):
            by_type.setdefault(get(parts, 6), parts)
        if not by_type:
            return {}
        legal = by_type.get("L") or next(iter(by_type.values()))
        birth = by_type.get("M", legal)
        used = by_type.get("D") or (legal if "M" in by_type else [])
        given = get(birth, 1) or get(legal, 1)
        row = {
            "birth_name": message.sub(birth[0], 1),
            "first_names": first_names(message.text(given), message.text(get(birth, 2) or get(legal, 2))),
        }
        if used:
            row["used_name"] = message.sub(used[0], 1)
        return row

    @staticmethod
    def _telecom(message: Message, parts: list[str]) -> tuple[str, str]:
        """XTN: phone and e-mail address of one repetition."""
        text = message.text
        if get(parts, 1) == "NET" or get(parts, 2) in {"Internet", "X.400", "NET"}:
            return "", text(get(parts, 3)) or text(parts[0])
        if get(parts, 2) in {"FX", "BP", "MD"}:
            return "", ""
        built = "".join(text(get(parts, number)) for number in (5, 6))
        country = text(get(parts, 4))
        if built and country not in {"", "1"}:
            built = f"+{country.lstrip('+')}{built}"
        return text(parts[0]) or text(get(parts, 11)) or built, text(get(parts, 3))

    def _code(self, message: Message, raw: str) -> str:
        """The LOINC code of a coded field, from its code or its alternate; "" when it has none."""
        parts = message.parts(raw)
        for code, system in ((0, 2), (3, 5)):
            said = message.text(get(parts, code))
            if LOINC.fullmatch(said) and (get(parts, system) in {"LN", "LOINC"} or code == 0):
                return said
        return ""

    def _question(self, message: Message, obx: list[str], answers: Row) -> bool:
        """Whether an observation is a question of the order; its answer is put in place or counted."""
        code = self._code(message, get(obx, 3))
        column = self._meanings.questions.get(code)
        if column is None and get(obx, 29) not in {"QST", "SCI"}:
            return False
        if not column or column in answers:
            self._unmapped[f"OBX {code or '?'}"] += 1
            return True
        parts = message.parts(get(obx, 5))
        said = message.text(parts[0])
        if column == "symptoms_onset":
            answers[column] = iso_time(said)[:10]
        else:
            truth = self._meanings.truth(said)
            answers[column] = said if truth is None else truth
        return True

    def _said(self, message: Message, order: _Order, obx: list[str]) -> str:
        """P, N, I or X; for a known test also a code or text that is not known; "" for no result."""
        text, meanings = message.text, self._meanings
        code = self._code(message, get(obx, 3))
        status = message.parts(get(obx, 11))[0].strip()
        parts = [text(part) for part in message.parts(get(obx, 5))]
        kind = message.parts(get(obx, 2))[0]
        said = ""
        if kind in _CODED:
            said = meanings.result(parts[0], get(parts, 3), get(parts, 1), get(parts, 4))
        elif kind in _TEXTS and (code in meanings.kinds or self._alone(message, order, obx)):
            said = meanings.result(" ".join(parts[0].split()))
        if not said and code in meanings.kinds:
            flag = message.parts(get(obx, 8))[0]
            said = meanings.result(flag if flag in {"POS", "NEG", "IND"} else "")
            said = said or ("X" if status == "X" and not parts[0] else parts[0] or get(parts, 1))
        return "" if status in _PENDING and not parts[0] else said

    def _row(self, message: Message, header: list[str], order: _Order, obx: list[str], said: str) -> Row:
        obr, code = order.obr, self._code(message, get(obx, 3))
        loinc = code or self._code(message, get(obr, 4))
        test = message.parts(get(obx, 3))
        kind = message.text(get(test, 3)) if get(test, 5) == OWN else self._meanings.kinds.get(loinc, "")
        row = {"_status": message.parts(get(obx, 11))[0].strip(), "result": said}
        row |= {"test_loinc": loinc, "test_kind": kind}
        row["sample_id"] = self._sample(message, order)
        sampled = get(order.specimen, 17) or get(obr, 7) or get(obx, 14)
        row["sample_time"] = iso_time(message.parts(sampled)[0])
        row["collection_date"] = row["sample_time"][:10]
        row["result_time"] = iso_time(get(obr, 22) or get(obx, 19) or get(header, 7))
        return row | self._prescriber(message, order) | self._laboratory(message, header, obx)

    def _alone(self, message: Message, order: _Order, obx: list[str]) -> bool:
        """Whether a text is the one answer to its order: a comment with the word "negative" is no result."""
        answers = [o for o in order.observations if self._code(message, get(o, 3)) not in self._meanings.questions]
        asked = message.parts(get(order.obr, 4))[0]
        return len(answers) == 1 or (asked != "" and message.parts(get(obx, 3))[0] == asked)

    @staticmethod
    def _sample(message: Message, order: _Order) -> str:
        """Specimen id (SPM-2, the filler's before the placer's), else the filler's or placer's order number."""
        specimen = message.parts(get(order.specimen, 2))
        for raw in (get(specimen, 1), get(specimen, 0)):
            if message.sub(raw, 1):
                return message.sub(raw, 1)
        for raw in (get(order.obr, 3), get(order.orc, 3), get(order.obr, 2), get(order.orc, 2)):
            if raw:
                return message.text(message.parts(raw)[0])
        return ""

    def _prescriber(self, message: Message, order: _Order) -> Row:
        text = message.text
        raw = get(order.obr, 16) or get(order.orc, 12)
        row: Row = {}
        people = message.repetitions(raw)
        if people:
            parts = people[0]
            row["prescriber_name"] = f"{message.sub(get(parts, 1), 1)} {text(get(parts, 2))}".strip()
            authority = get(parts, 8)
            kind = self._meanings.identifier(message.sub(authority, 2), message.sub(authority, 1), text(get(parts, 12)))
            if kind == "rpps":
                row["prescriber_rpps"] = professional(kind, text(parts[0]))
            elif parts[0]:
                self._unmapped["OBR-16.1 (other identifiers)"] += 1
        for repetition in message.repetitions(get(order.obr, 17) or get(order.orc, 14)):
            phone, _ = self._telecom(message, repetition)
            if phone:
                row.setdefault("prescriber_phone", phone)
        return row

    def _laboratory(self, message: Message, header: list[str], obx: list[str]) -> Row:
        """Performing organisation (OBX-23), else the producer (OBX-15), else the sending facility (MSH-4)."""
        text = message.text
        xon, producer = message.parts(get(obx, 23)), message.parts(get(obx, 15))
        name = text(xon[0]) or text(get(producer, 1))
        row = {"lab_name": name or message.text(message.parts(get(header, 4))[0])}
        authority = get(xon, 5)
        candidates = (
            (self._meanings.identifier(message.sub(authority, 2), message.sub(authority, 1), text(get(xon, 6))),
             text(get(xon, 9)) or text(get(xon, 2))),
            (self._meanings.identifier(text(get(producer, 2))), text(producer[0])),
        )  # fmt: skip
        for kind, number in candidates:
            if kind == "finess" and number:
                row.setdefault("lab_finess", professional(kind, number))
        if "lab_finess" not in row and any(number for _, number in candidates):
            self._unmapped["OBX-23.10 (other identifiers)"] += 1
        return row
