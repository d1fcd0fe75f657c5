"""What codes, identifiers and times of health messages stand for, shared by HL7 and FHIR."""

import re
from collections.abc import Mapping
from typing import Final

from scelle.records.ingest.columns import codes
from scelle.records.profile import Profile

LOINC: Final = re.compile(r"\d{1,5}-\d")
_TIME = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)?(?:(\d\d)(?:\.\d{1,9})?)?)?)?)?(?:([+-]\d\d)(\d\d))?")
_DEPARTMENT = re.compile(r"\d{2,3}|2[ABab]")
_FRANCE: Final = frozenset(("FR", "FRA", "FRANCE"))
_TRUTHS: Final = {"Y": "true", "YES": "true", "373066001": "true", "N": "false", "NO": "false", "373067005": "false"}


class Meanings:
    """The tables of one profile, looked up in any case."""

    def __init__(self, profile: Profile) -> None:
        self._results = self._table(profile, "result")
        self._codes = {name: self._table(profile, name) for name in ("sex", "ins_status")}
        self._truths = {**_TRUTHS, **codes()["values"]["boolean"]}
        self.questions: Mapping[str, str] = codes()["loinc"]["questions"]
        self.kinds: Mapping[str, str] = codes()["loinc"]["kinds"]
        self._identifiers: Mapping[str, str] = codes()["identifiers"]

    @staticmethod
    def _table(profile: Profile, name: str) -> dict[str, str]:
        if not profile.has(name):
            return {}
        known = dict(profile.column(name).synonyms)
        for code, said in codes()["values"].get(name, {}).items():
            known.setdefault(code.upper(), said)
        return known

    def result(self, *texts: str) -> str:
        """P, N, I or X for the first of these codes or words that is known; "" for none."""
        for text in texts:
            said = self._results.get(text.upper()) if text else None
            if said:
                return said
        return ""

    def truth(self, text: str) -> str | None:
        """The texts "true" or "false", "" for an answer that is none, or None for what is not known."""
        return self._truths.get(text.upper())

    def code(self, column: str, text: str) -> str:
        """The profile's code in the column `sex` or `ins_status`, or the text itself."""
        return self._codes[column].get(text.upper(), text)

    def answer(self, column: str, text: str) -> str:
        """The value of one of `OWN_COLUMNS`: dates in ISO form, truth values as "true" and "false"."""
        if column.endswith("_date"):
            return iso_time(text)
        truth = self.truth(text) if column == "known_contact" else None
        return text if truth is None else truth

    def identifier(self, *systems: str) -> str:
        """The kind of an identifier (nir, nia, test, rpps, finess) by its systems, OIDs or types; "" for another."""
        for system in systems:
            said = self._identifiers.get(system.lower().removeprefix("urn:oid:").rstrip("/")) if system else None
            if said:
                return said
        return ""


def department(state: str, country: str) -> str:
    """The department that the state of a French address names by its number; "" when it says anything else."""
    return state.upper() if country.upper() in _FRANCE and _DEPARTMENT.fullmatch(state) else ""


def professional(kind: str, number: str) -> str:
    """An RPPS or FINESS number without the digit that national directories put before it (8 RPPS, 1 FINESS)."""
    if kind == "rpps" and len(number) == 12 and number.startswith("8"):
        return number[1:]
    if kind == "finess" and len(number) == 10 and number.startswith("1"):
        return number[1:]
    return number


def iso_time(text: str) -> str:
    """A time of HL7 v2 (`YYYYMMDD[HH[MM[SS[.s]]]][+ZZZZ]`) in ISO 8601, to the second; what is no such time stays."""
    match = _TIME.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, zone, zone_minutes = match.groups()
    if day is None:
        return text
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date
    time = f"{date}T{hour}:{minute or '00'}:{second or '00'}"
    return f"{time}{zone}:{zone_minutes}" if zone else time


def first_names(given: str, further: str) -> str:
    """Given names in one text; the further ones sometimes begin with the first again."""
    if further == given or further.startswith(f"{given} "):
        return further
    return f"{given} {further}".strip()
