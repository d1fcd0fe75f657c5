"""Rows of screening-result/1 for tests of checking: one sound row, and frames of variants of it."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from scelle.records.normalise import normalise
from scelle.records.profile import load_profile
from scelle.records.reference import load_reference
from scelle.records.rules import Checked, Lookups, Settings, check

PROFILE = load_profile("screening-result/1")
LOOKUPS = Lookups.of(load_reference())
NOW = date(2020, 9, 20)

SOUND: Mapping[str, str | None] = {
    "birth_name": "Dupont",
    "first_names": "Jean-Pierre Marie",
    "sex": "M",
    "birth_date": "1984-12-03",
    "birth_place": "76451",
    "nir": "184127645108946",
    "nir_kind": "nir",
    "ins_status": "qualified",
    "postcode": "75011",
    "commune": "75056",
    "department": "75",
    "phone": "0612345678",
    "email": "a.b@example.org",
    "health_professional": "false",
    "prescriber_rpps": "10003456786",
    "lab_finess": "750712184",
    "sample_id": "S1",
    "collection_date": "2020-09-10",
    "sample_time": "2020-09-10T10:00:00",
    "received_date": "2020-09-11",
    "test_loinc": "94309-2",
    "test_kind": "pcr",
    "result": "P",
    "result_time": "2020-09-11T08:00:00",
}


def raw(rows: Sequence[Mapping[str, str | None]], *, first: int = 1, file: int = 0) -> pl.DataFrame:
    """A raw frame of the sound row with each of these changes."""
    blank: dict[str, str | None] = dict.fromkeys(PROFILE.names)
    frame = pl.DataFrame([{**blank, **SOUND, **row} for row in rows], schema=dict.fromkeys(PROFILE.names, pl.String))
    place = pl.int_range(first, first + len(rows), dtype=pl.UInt32).alias("_row")
    return frame.with_columns(pl.lit(file, pl.UInt16()).alias("_file"), place)


def checked(rows: Sequence[Mapping[str, str | None]], *, now: date = NOW, settings: Settings | None = None) -> Checked:
    """The findings in these variants of the sound row."""
    return check(normalise(raw(rows), PROFILE), PROFILE, LOOKUPS, now=now, settings=settings)


def codes_of(found: Checked, index: int = 0) -> set[str]:
    """Codes of the findings of one row."""
    return {code for code in found.flags.columns if not code.startswith("_") and found.flags[code][index]}
