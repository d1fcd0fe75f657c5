"""Faults planted in rows at a chosen rate, one in a row, each with the code of the rule that must find it."""

from typing import Final

import polars as pl

from scelle.records.synth.draw import at, below, chance, whole
from scelle.records.synth.people import nir

# How common each fault is among faults. The place of a code, from 1, is its number; 0 is no fault.
FAULTS: Final = {
    "nir.form": 8,
    "nir.key": 10,
    "nir.sex": 5,
    "nir.birth": 5,
    "nir.place": 4,
    "nir.provisional": 3,
    "nir.shared": 5,
    "person.several-nir": 6,
    "ins.traits": 4,
    "rpps.key": 5,
    "finess.key": 3,
    "date.order": 5,
    "date.future": 3,
    "date.unreadable": 6,
    "loinc.kind": 4,
    "result.code": 3,
    "kind.code": 3,
    "phone.form": 9,
    "email.form": 8,
    "postcode.commune": 6,
    "postcode.department": 5,
    "sample.duplicate": 8,
    "identity.missing": 2,
    "result.missing": 3,
    "route.missing": 2,
    "retention.over": 3,
}
NUMBER: Final = {code: number for number, code in enumerate(FAULTS, 1)}
DUPLICATE: Final = NUMBER["sample.duplicate"]
_DRAWN: Final = pl.Series([NUMBER[code] for code, share in FAULTS.items() for _ in range(share)], dtype=pl.UInt8)
_ACROSS: Final = ("nir.shared", "person.several-nir")
_NIR_MADE: Final = ("nir.sex", "nir.birth", "nir.place", "nir.provisional", "person.several-nir")


def fault_of(of: str, dirty: float) -> pl.Expr:
    """The number of the fault of a row, 0 for none, drawn from its mixed bits: a share `dirty` of rows has one."""
    which = at(_DRAWN, below(of, "which fault", len(_DRAWN)))
    return pl.when(chance(of, "fault", dirty)).then(which).otherwise(pl.lit(0, dtype=pl.UInt8))


def possible(fault: pl.Expr) -> pl.Expr:
    """The fault where the row has what it needs, else 0. Corrections have none."""

    def one_of(*codes: str) -> pl.Expr:
        return fault.is_in([NUMBER[code] for code in codes])

    own = pl.col("own") & pl.col("nir").is_not_null()
    placed = own & pl.col("birth_place").is_not_null()
    needs = (
        pl.when(pl.col("variant") == 1)
        .then(pl.lit(value=False))
        .when(one_of("nir.form", "nir.key", "nir.provisional"))
        .then(own)
        .when(one_of("nir.sex", "nir.birth"))  # a child's number that is not its own may be its parent's
        .then(own & ~pl.col("child"))
        .when(one_of("nir.place", "ins.traits"))
        .then(placed)
        .when(one_of("nir.shared"))
        .then(own & pl.col("other_nir").is_not_null() & (pl.col("other_nir") != pl.col("nir")))
        .when(one_of("person.several-nir"))
        .then(placed & (pl.col("test") > 0))
        .when(one_of("rpps.key"))
        .then(pl.col("prescriber_rpps").is_not_null())
        .when(one_of("phone.form"))
        .then(pl.col("phone").is_not_null())
        .when(one_of("email.form"))
        .then(pl.col("email").is_not_null())
        .when(one_of("postcode.commune"))
        .then(
            pl.col("postcode").is_not_null() & pl.col("commune").is_not_null() & pl.col("wrong_postcode").is_not_null()
        )
        .when(one_of("postcode.department"))
        .then(pl.col("postcode").is_not_null())
        .otherwise(pl.lit(value=True))
    )
    return pl.when(needs).then(fault).otherwise(pl.lit(0, dtype=pl.UInt8))


def _wrong_digit(column: str, last: int) -> pl.Expr:
    """The value with its last digit one more, so that its key is wrong."""
    digit = pl.col(column).str.slice(last, 1).cast(pl.UInt8)
    return pl.concat_str(pl.col(column).str.slice(0, last), ((digit + 1) % 10).cast(pl.String))


def spoil(rows: pl.DataFrame, departments: pl.Series) -> pl.DataFrame:
    """Rows (a few, with `fault` > 0 and text columns as they will be written) with their fault in them."""
    if rows.is_empty():
        return rows

    def is_(*codes: str) -> pl.Expr:
        return pl.col("fault").is_in([NUMBER[code] for code in codes])

    def put(column: str, *cases: tuple[str, pl.Expr]) -> pl.Expr:
        value = pl.col(column)
        for code, wrong in cases:
            value = pl.when(is_(code)).then(wrong).otherwise(value)
        return value.alias(column)

    digit = (
        pl.when(is_("nir.sex"))
        .then(whole(3) - pl.col("digit"))
        .when(is_("nir.provisional"))
        .then(pl.col("digit") + whole(6))
        .otherwise(pl.col("digit"))
    )
    # Half a year later: another month, and so never the month of birth.
    month = pl.col("month_of") % whole(100)
    other_month = pl.col("month_of") - month + (month + whole(5)) % whole(12) + whole(1)
    other_place = pl.concat_str(pl.lit("00"), pl.col("place").str.slice(2))
    made = nir(
        digit,
        pl.when(is_("nir.birth")).then(other_month).otherwise(pl.col("month_of")),
        pl.when(is_("nir.place")).then(other_place).otherwise(pl.col("place")),
        pl.when(is_("person.several-nir")).then(pl.col("order") + whole(1)).otherwise(pl.col("order")),
    )
    key = (pl.col("nir").str.slice(13, 2).cast(pl.UInt8) % 97 + 1).cast(pl.String).str.zfill(2)
    nothing = pl.lit(None, dtype=pl.String)
    far = pl.concat_str(pl.lit("2099"), pl.col("received_date").str.slice(4, 3), pl.lit("-01"))
    dates = ("collection_date", "sample_time", "result_time", "received_date", "symptoms_onset")
    over = {name: ("retention.over", _long_before(name)) for name in dates}
    unreadable = pl.lit(pl.Series(["31/02/1975", "inconnue", "1958-13-45", "??/??/1964"]))
    which = below("t", "unreadable", 4).cast(pl.UInt32)
    elsewhere = pl.lit(departments).gather(
        ((pl.col("department_number") + whole(11)) % whole(len(departments))).cast(pl.UInt32)
    )
    return rows.with_columns(
        put(
            "nir",
            *((code, made) for code in _NIR_MADE),
            ("nir.form", pl.col("nir").str.slice(0, 12)),
            ("nir.key", pl.concat_str(pl.col("nir").str.slice(0, 13), key)),
            ("nir.shared", pl.col("other_nir")),
            ("identity.missing", nothing),
        ),
        put("nir_kind", ("identity.missing", nothing)),
        put("birth_name", ("identity.missing", nothing)),
        put("used_name", ("identity.missing", nothing)),
        put("first_names", ("identity.missing", nothing)),
        put("birth_date", ("identity.missing", nothing), ("date.unreadable", unreadable.gather(which))),
        put("birth_place", ("ins.traits", nothing)),
        put("ins_status", ("ins.traits", pl.lit("qualified"))),
        put("prescriber_rpps", ("rpps.key", _wrong_digit("prescriber_rpps", 10))),
        put("lab_finess", ("finess.key", _wrong_digit("lab_finess", 8)), ("route.missing", nothing)),
        put("test_loinc", ("loinc.kind", _other_kind())),
        put("test_kind", ("kind.code", pl.lit("rapide"))),
        put("result", ("result.code", pl.lit("Z")), ("result.missing", nothing)),
        put("phone", ("phone.form", pl.col("phone").str.slice(0, 7)), ("route.missing", nothing)),
        put("email", ("email.form", pl.col("email").str.replace("@", "@@")), ("route.missing", nothing)),
        put("postcode", ("postcode.commune", pl.col("wrong_postcode")), ("route.missing", nothing)),
        put("department", ("postcode.department", elsewhere), ("route.missing", nothing)),
        put("commune", ("route.missing", nothing), ("postcode.department", nothing)),
        put("address_line", ("route.missing", nothing)),
        *(put(name, over[name]) for name in ("collection_date", "sample_time", "symptoms_onset")),
        put("result_time", ("date.order", _long_before("sample_time")), over["result_time"]),
        put("received_date", ("date.future", far), over["received_date"]),
    )


def _long_before(name: str) -> pl.Expr:
    """The same day four years before: 29 February stays a day."""
    return pl.concat_str((pl.col(name).str.slice(0, 4).cast(pl.UInt32) - 4).cast(pl.String), pl.col(name).str.slice(4))


def _other_kind() -> pl.Expr:
    """A LOINC code of another kind of test."""
    return pl.when(pl.col("test_kind") == "antigen").then(pl.lit("94500-6")).otherwise(pl.lit("94558-4"))


def truth_of(rows: pl.DataFrame) -> pl.DataFrame:
    """What the rules must find in final rows: `_row`, `person`, `test`, `code`, `planted`.

    A sound row has one line without code, not planted. A fault that came to nothing (a number shared with somebody
    whose own rows were spoilt) is a line without code, planted. Corrected samples, shared numbers and persons under
    several numbers are findings of every row concerned, planted or not.
    """
    fault = pl.col("fault")
    planted = rows.filter((fault > 0) & ((fault != DUPLICATE) | (pl.col("variant") == 2)))
    codes = pl.lit(pl.Series([None, *FAULTS], dtype=pl.String))
    across = fault.is_in([NUMBER[code] for code in _ACROSS])
    lines = [
        _lines(planted.filter(~across), codes.gather(fault.cast(pl.UInt32)), pl.lit(value=True)),
        *(_lines(part, pl.lit(code), fault == NUMBER.get(code, 0)) for code, part in _related(rows).items()),
    ]
    found = pl.concat(lines).select("_row").unique()
    rest = rows.join(found, on="_row", how="anti")
    lines.append(_lines(rest, pl.lit(None, dtype=pl.String), across))
    return pl.concat(lines).sort("_row", "code")


def _lines(rows: pl.DataFrame, code: pl.Expr, planted: pl.Expr) -> pl.DataFrame:
    return rows.select("_row", "person", "test", code=code, planted=planted)


def _related(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows that a rule across rows must find, by its code."""
    corrected = rows.filter(pl.col("variant") == 1).select("sample_id").unique()
    unknown = pl.col("fault").is_in([NUMBER[code] for code in ("identity.missing", "date.unreadable")])
    numbered = rows.filter(~unknown & pl.col("nir").is_not_null())
    lent = numbered.filter(~pl.col("own") | (pl.col("fault") == NUMBER["nir.shared"])).select("nir").unique()
    sharing = numbered.join(lent, on="nir", how="semi")
    made = pl.col("fault").is_in([NUMBER[code] for code in (*_ACROSS, *_NIR_MADE)])
    spoilt = pl.col("fault").is_in([NUMBER[code] for code in ("nir.form", "nir.key")])
    several = numbered.filter(made).select("person").unique()
    known = numbered.filter(~spoilt & pl.col("birth_place").is_not_null()).join(several, on="person", how="semi")
    return {
        "sample.corrected": rows.join(corrected, on="sample_id", how="semi"),
        "nir.shared": sharing.filter(pl.col("person").n_unique().over("nir") > 1),
        "person.several-nir": known.filter(pl.col("nir").n_unique().over("person") > 1),
    }
