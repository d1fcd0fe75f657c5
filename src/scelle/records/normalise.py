"""From text as found to typed, normalised columns (spec/records.md, "Normalising").

`normalise` turns a raw frame of ingest (every column text) into a typed frame of the profile. What cannot be read
becomes null, or stays as it was where the type is text, and is marked in `Normal.unreadable`. Work that only a few
rows need is done on those rows: a clean file costs one pass.

The other functions are expressions over columns, for keys and comparisons: `normal_name`, `first_given_name`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import polars as pl

from scelle.records.profile import Column, Profile

PLACE = ("_file", "_row")
"""Columns that say where a row came from; they pass through unchanged."""

DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")
"""Forms of dates tried, in this order, where the source's own forms are not known."""

TIME_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y%m%d%H%M%S")
"""The same for times of day; after these, ISO 8601 with offsets, and dates alone, for midnight."""

_ISO = "ISO 8601"
_UNAMBIGUOUS = ("%Y-%m-%d", "%Y%m%d")
"""Tried last for what is left: nobody writes the month last in these."""

EARLIEST = date(1850, 1, 1)
"""A year before this is a slip of the pen, not a date: nobody in these files is that old."""

YES = ("true", "1", "oui", "o", "yes", "y", "vrai", "t", "x")
NO = ("false", "0", "non", "n", "no", "faux", "f")

_ZONE = r"(?:Z|[+-]\d{2}:?\d{2})$"
_HOME = "Europe/Paris"
"""Times with an offset are brought to the clock of this zone, in which the sources without one are written."""

_COMPACT = r"[\s.\u00a0-]"


class Found(Protocol):
    """What normalising needs to know of the source (`scelle.records.ingest.found.Found`)."""

    def forms(self, column: str, file: int) -> tuple[str, ...]:
        """The `strptime` forms in which a column's dates are written in a file, likeliest first; empty: not known."""


@dataclass(frozen=True)
class Normal:
    """A typed batch: `frame` has the profile's columns in its types, then `_file` and `_row`.

    `unreadable`: by column, which rows held something that could not be read as its type; columns without are absent.
    """

    frame: pl.DataFrame
    unreadable: Mapping[str, pl.Series]


def computed(frame: pl.DataFrame, *columns: pl.Expr) -> pl.DataFrame:
    """These columns, each computed in one pass by the engine that is quickest for a batch in memory."""
    return frame.lazy().select(*columns).collect(engine="in-memory")


def normal_name(name: pl.Expr) -> pl.Expr:
    """A name for comparing: upper case, no accents, apostrophes and hyphens as spaces, single spaces, trimmed."""
    bare = name.str.normalize("NFKD").str.replace_all(r"\p{M}+", "").str.to_uppercase()
    for ligature, letters in (("Œ", "OE"), ("Æ", "AE"), ("Ø", "O"), ("Ł", "L"), ("Đ", "D")):
        bare = bare.str.replace_all(ligature, letters, literal=True)
    return bare.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")


def first_given_name(names: pl.Expr) -> pl.Expr:
    """The first of several given names, which spaces or commas part (Jean-Pierre is one name), for comparing."""
    return normal_name(first_given(names))


def first_given(names: pl.Expr) -> pl.Expr:
    """The first of several given names as it is written; null when there is none."""
    return names.str.extract(r"^([^\s,;]+)", 1)


def normalise(raw: pl.DataFrame, profile: Profile, found: Found | None = None) -> Normal:
    """The typed frame of a raw one. `found` brings the forms of dates; without it, common ones are tried.

    Text keeps its spelling, trimmed, and nothing is null; numbers of category "nir" lose spaces, dots and hyphens and
    are in upper case; codes are spelled as the profile does, and kept as they are where it does not know them.
    """
    return with_forms(raw, profile, known_forms(raw, profile, found))


def with_forms(raw: pl.DataFrame, profile: Profile, forms: Mapping[str, tuple[str, ...]]) -> Normal:
    """`normalise`, with the forms of dates that `known_forms` gave: on any thread, while the source is read on."""
    columns = [column for column in profile.columns if column.name in raw.columns]
    first = computed(raw, *(_first_reading(column, forms) for column in columns), *(pl.col(name) for name in PLACE))
    missing = [pl.lit(None, dtype=profile.schema[c.name]).alias(c.name) for c in profile.columns if c not in columns]
    if missing:
        first = first.with_columns(missing).select(*profile.names, *PLACE)
    mended: dict[str, pl.Series] = {}
    unreadable: dict[str, pl.Series] = {}
    for column in columns:
        typed, bad = _second_reading(column, raw[column.name], first[column.name], forms)
        if typed is not first[column.name]:
            mended[column.name] = typed
        if bad is not None:
            unreadable[column.name] = bad
    frame = pl.DataFrame([mended.get(column.name, column) for column in first.get_columns()])
    return Normal(frame, unreadable)


def known_forms(raw: pl.DataFrame, profile: Profile, found: Found | None) -> dict[str, tuple[str, ...]]:
    """The forms to try for each column of dates: those of the source; without any, common ones."""
    forms: dict[str, tuple[str, ...]] = {}
    files = raw["_file"].unique().to_list() if found is not None else []
    for column in profile.columns:
        if column.type in ("date", "datetime"):
            known = [form for file in files if found is not None for form in found.forms(column.name, file)]
            common = DATE_FORMS if column.type == "date" else TIME_FORMS
            forms[column.name] = tuple(dict.fromkeys(known)) or common
    return forms


def _as_date(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_date(form, strict=False, cache=False)


def _as_time(text: pl.Expr, form: str) -> pl.Expr:
    if "%z" in form:
        return (
            text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
            .dt.convert_time_zone(_HOME)
            .dt.replace_time_zone(None)
        )
    if not any(part in form for part in ("%H", "%I", "%T", "%R")):
        return _as_date(text, form).cast(pl.Datetime("us"))
    return text.str.to_datetime(form, strict=False, time_unit="us", cache=False)


def _first_reading(column: Column, forms: Mapping[str, Sequence[str]]) -> pl.Expr:
    """One cheap reading of every row; `_second_reading` looks at what is left."""
    text = pl.col(column.name)
    match column.type:
        case "date":
            return _as_date(text, forms[column.name][0])
        case "datetime":
            return _as_time(text, forms[column.name][0])
        case "integer":
            return text.cast(pl.Int64, strict=False)
        case _:
            return text


def _second_reading(
    column: Column, text: pl.Series, typed: pl.Series, forms: Mapping[str, Sequence[str]]
) -> tuple[pl.Series, pl.Series | None]:
    """The typed column, and which rows could not be read; None when all could."""
    match column.type:
        case "text":
            return _compact(typed) if column.category == "nir" else typed, None
        case "code":
            return _codes(column, typed)
        case "date" | "datetime":
            typed = _dates(column, text, typed, forms)
        case "boolean":
            typed = _booleans(typed)
        case "integer":
            pass
    lost = typed.null_count() != text.null_count()
    return typed, typed.is_null() & text.is_not_null() if lost else None


def _dates(column: Column, text: pl.Series, typed: pl.Series, forms: Mapping[str, Sequence[str]]) -> pl.Series:
    more = [*forms[column.name][1:], *([_ISO] if column.type == "datetime" else []), *_UNAMBIGUOUS]
    for form in more:
        left = typed.is_null() & text.is_not_null()
        if not left.any():
            break
        some = pl.DataFrame([text.filter(left).alias("text")])
        if form == _ISO:
            # Offsets and fractions of seconds, in any of ISO 8601's spellings.
            zoned = pl.col("text").str.contains(_ZONE)
            plain = pl.col("text").str.replace(" ", "T", literal=True)
            offset = pl.when(zoned).then(plain.str.replace(r"Z$", "+0000").str.replace(r":(\d{2})$", "$1"))
            read = pl.coalesce(
                _as_time(offset, "%Y-%m-%dT%H:%M:%S%.f%z"),
                _as_time(pl.when(~zoned).then(plain), "%Y-%m-%dT%H:%M:%S%.f"),
                _as_time(pl.when(~zoned).then(plain), "%Y-%m-%dT%H:%M"),
            )
        else:
            read = (_as_date if column.type == "date" else _as_time)(pl.col("text"), form)
        typed = typed.clone().scatter(left.arg_true(), computed(some, read).to_series())
    readable = pl.col(typed.name) >= EARLIEST
    return computed(typed.to_frame(), pl.when(readable).then(pl.col(typed.name))).to_series()


def _booleans(text: pl.Series) -> pl.Series:
    name = pl.col(text.name)
    if computed(text.to_frame(), any_of(name, ["true", "false"]).all()).item():
        return computed(text.to_frame(), name == "true").to_series()
    spellings = [each for each in text.unique().to_list() if each is not None]
    yes = [each for each in spellings if each.lower() in YES]
    no = [each for each in spellings if each.lower() in NO]
    verdict = pl.when(any_of(name, yes)).then(True).when(any_of(name, no)).then(False)
    return computed(text.to_frame(), verdict.alias(text.name)).to_series()


def any_of(text: pl.Expr, values: Sequence[str]) -> pl.Expr:
    """Equal to one of a few values: comparing beats hashing while they are few."""
    if not values or len(values) > 12:
        return text.is_in(list(values))
    equal = text == values[0]
    for value in values[1:]:
        equal |= text == value
    return equal


def _codes(column: Column, text: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Codes as the profile spells them. Only spellings that occur are looked up, so that clean codes cost little."""
    other = computed(text.to_frame(), ~any_of(pl.col(text.name), list(column.codes))).to_series()
    if not other.any():
        return text, None
    strange = text.filter(other).unique()
    synonyms = dict(column.synonyms)
    known = pl.DataFrame(
        {"upper": list(synonyms), "code": list(synonyms.values())}, schema={"upper": pl.String, "code": pl.String}
    )
    spellings = pl.DataFrame({"spelling": strange, "upper": strange.str.to_uppercase()})
    meant = spellings.join(known, on="upper", how="left")
    change, unknown = meant.drop_nulls("code"), meant.filter(pl.col("code").is_null())["spelling"]
    if change.height:
        text = text.replace(change["spelling"], change["code"])
    return text, text.is_in(unknown.implode()).fill_null(False) if unknown.len() else None


def _compact(text: pl.Series) -> pl.Series:
    """Numbers as printed on a card, in groups and in small letters, to their own form."""
    untidy = text.cast(pl.Int64, strict=False).is_null() & text.is_not_null()
    if not untidy.any():
        return text
    tidy = text.filter(untidy).str.replace_all(_COMPACT, "").str.to_uppercase()
    return text.clone().scatter(untidy.arg_true(), tidy)
