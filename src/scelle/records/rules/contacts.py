"""Rules on where a person lives and how to reach them: telephone, e-mail, postcode, route."""

from collections.abc import Iterator

import polars as pl

from scelle.records.rules.batch import COMMUNE, POSTCODE, Batch, Suspicion, Suspicions
from scelle.records.rules.lookups import POSTCODE_BASE
from scelle.records.rules.numbers import department_number, department_of, digits

_OVERSEAS = "262|508|590|594|596|681|687|689"
"""Country codes of France overseas; 262 serves La Réunion and Mayotte."""

_APART = r"[\s.\-/()\u00a0\u202f]*"
"""What people write between digits."""


def _digits(low: int, high: int | None = None) -> str:
    return rf"(?:{_APART}[0-9]){{{low},{low if high is None else high}}}"


_DIALLED = (
    rf"^(?:tel:)?{_APART}(?:"
    rf"(?:0|(?:\+|0{_APART}0){_APART}3{_APART}3{_APART}0?){_APART}[1-9]{_digits(8)}"
    rf"|(?:\+|00){_APART}(?:(?:{_OVERSEAS}){_digits(6, 9)}|1{_APART}[2-9]{_digits(9)}"
    rf"|(?:2|3{_APART}[0124-9]|[4-9]){_digits(6, 13)})"
    rf"){_APART}$"
)
"""National numbers; abroad: overseas, North America, other countries (ITU-T E.164: at most 15 digits)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = rf"^{_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z]$"
_WIDE_ATOM = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+"
_WIDE_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?"
_WIDE_TOP = r"\p{L}[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}]"
_WIDE_EMAIL = rf"^{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*@(?:{_WIDE_LABEL}\.)+{_WIDE_TOP}$"
"""RFC 5322 dot-atoms with the letters of RFC 6531, labels of RFC 1035; no quoted parts and no address literals."""

_ABROAD = "99"


def suspicions(batch: Batch) -> Suspicions:
    """What these rules find in a batch."""
    return dict([*_channels(batch), *_postcode(batch), *_route(batch)])


def _channels(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    phones = [column.name for column in batch.profile.columns if column.contact == "phone"]
    if phones:
        odd = {name: pl.col(name).is_not_null() & ~_plain_phone(pl.col(name)) for name in phones}
        exact = [odd[name] & ~_can_be_dialled(pl.col(name)) for name in phones]
        yield "phone.form", Suspicion(pl.any_horizontal(odd.values()), pl.any_horizontal(exact))
    emails = [column.name for column in batch.profile.columns if column.contact == "email"]
    if emails:
        cheap = [~(pl.col(name).str.contains(_EMAIL) & (pl.col(name).str.len_bytes() <= 64)) for name in emails]
        exact = [~_is_email(pl.col(name)).fill_null(True) for name in emails]
        yield "email.form", Suspicion(pl.any_horizontal(cheap), pl.any_horizontal(exact))


def _plain_phone(text: pl.Expr) -> pl.Expr:
    """Ten digits that begin with a single 0, which is how nearly all are written."""
    number = text.cast(pl.Int64, strict=False)
    tens = (number >= 100_000_000) & (number <= 999_999_999)
    return (tens & (text.str.len_bytes() == 10) & text.str.starts_with("0")).fill_null(False)


def _can_be_dialled(text: pl.Expr) -> pl.Expr:
    return text.str.contains(_DIALLED)


def _is_email(text: pl.Expr) -> pl.Expr:
    local = text.str.split("@").list.first().str.len_bytes()
    return text.str.contains(_WIDE_EMAIL) & (local <= 64) & (text.str.len_bytes() <= 254) & ~text.str.contains("--@")


def _postcode(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    if not batch.has("postcode"):
        return
    given, number = pl.col("postcode").is_not_null(), pl.col(POSTCODE)
    if batch.has("commune"):
        commune = pl.col(COMMUNE)
        known = (commune * POSTCODE_BASE + number).is_in(batch.lookups.postcodes.implode()).fill_null(False)
        # A commune that merged is no longer known: then the department decides.
        near = (department_of(commune) == _prefix(number)).fill_null(False)
        excused = near & ~commune.is_in(batch.lookups.communes.implode())
        yield "postcode.commune", Suspicion(given & pl.col("commune").is_not_null() & ~known, ~excused)
    if batch.has("department"):
        department = pl.col("department")
        numbers = {code: department_number(code) for code in batch.lookups.departments}
        home = given & department.is_not_null() & (department != _ABROAD)
        begins = pl.col("postcode").str.starts_with(department).fill_null(False) & number.is_not_null()
        as_number = department.replace_strict(numbers, default=None, return_dtype=pl.Int64)
        pairs = batch.lookups.postcode_departments.implode()
        fits = (number * 1000 + as_number).is_in(pairs) | (_prefix(number) == as_number)
        yield "postcode.department", Suspicion(home & ~begins, ~fits.fill_null(False))


def _prefix(postcode: pl.Expr) -> pl.Expr:
    """The department that a postcode begins with, as `department_number` counts: 97400 is 974, 20600 is 2B."""
    short = postcode // 1000
    corsica = pl.when(postcode < 20_200).then(department_number("2A")).otherwise(department_number("2B"))
    return pl.when(short.is_in([97, 98])).then(postcode // 100).when(short == 20).then(corsica).otherwise(short)


def _route(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    """A known department, or a postcode or commune that has one, or a country: anything says where to send a row."""
    if batch.has("department", "postcode", "commune"):
        yield (
            "route.missing",
            Suspicion(
                ~pl.col("department").is_in([*batch.lookups.departments, _ABROAD]).fill_null(False), ~_resides(batch)
            ),
        )


def _resides(batch: Batch) -> pl.Expr:
    numbers = [department_number(code) for code in batch.lookups.departments]
    by_postcode = _prefix(pl.col(POSTCODE)).is_in(numbers).fill_null(False)
    by_commune = department_of(pl.col(COMMUNE)).is_in([*numbers, 99]).fill_null(False)
    return by_postcode | by_commune


def sampled_somewhere(batch: Batch) -> pl.Expr:
    """Whether the laboratory's FINESS number says a department: the provisional route of a row without residence."""
    if not batch.has("lab_finess"):
        return pl.lit(False)
    text = pl.col("lab_finess")
    codes = list(batch.lookups.departments)
    known = text.str.head(2).is_in(codes) | text.str.head(3).is_in(codes)
    return (known & digits(text.str.slice(2), 7).is_not_null()).fill_null(False)
