"""Rules on who a row is about: NIR (form, key, meaning), INS, usable identity (spec/records.md, "Identifiers")."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from scelle.records.rules.batch import BIRTH_PLACE, NIR, NIR_CORSICA, Batch, Suspicion, Suspicions, nir_key_is_right
from scelle.records.rules.numbers import CORSICA_NORTH, CORSICA_SOUTH, department_of

_BODY = 100
"""The NIR's last two digits are the key; what stands before is the body."""

MAJORITY = 19
"""Years until which a person may appear under a parent's NIR: 18, and one in which the sample may have been taken."""

PARENT = (12, 65)
"""Years between the births of a parent and a child."""

_STRICT = ("birth_name", "first_names", "birth_date", "sex", "birth_place")

_MOVED = (
    # Where people were born in what another department then was, by the last birth date for which it holds.
    (date(1968, 1, 1), (75,), (92, 93, 94)),
    (date(1968, 1, 1), (78,), (91, 92, 93, 94, 95)),
    (date(1976, 1, 1), (20,), (CORSICA_SOUTH, CORSICA_NORTH)),
    (date(1965, 1, 1), (91, 92, 93, 94, 95, 96), (99,)),
)


def suspicions(batch: Batch) -> Suspicions:
    """What these rules find in a batch."""
    return dict([*_nir(batch), *_ins(batch), *_usable(batch)])


def _nir(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    if not batch.has("nir"):
        return
    number = pl.col(NIR)
    body = number // _BODY
    yield "nir.form", Suspicion(pl.col("nir").is_not_null() & number.is_null())
    yield "nir.key", Suspicion(~nir_key_is_right())
    first = body // 10**12
    own = _own(batch, body)
    male, female = first.is_in([1, 3, 7]), first.is_in([2, 4, 8])
    if batch.has("sex"):
        sex = pl.col("sex")
        other = ((sex == "M").fill_null(False) & female) | ((sex == "F").fill_null(False) & male)
        yield "nir.sex", Suspicion(~(male | female) | other, ~(male | female) | own)
    provisional = first.is_in([3, 4, 7, 8])
    if batch.has("nir_kind"):
        provisional = provisional | ((pl.col("nir_kind") == "provisional") & number.is_not_null())
    yield "nir.provisional", Suspicion(provisional)
    if batch.has("birth_date"):
        yield "nir.birth", _birth(body, own)
    if batch.has("birth_place"):
        yield "nir.place", _place(body, own, known_date=batch.has("birth_date"))


def _own(batch: Batch, body: pl.Expr) -> pl.Expr:
    """Whether a NIR should be the person's own: not that of a minor with a representative, of a parent's year."""
    if not batch.has("representative_name", "birth_date"):
        return pl.lit(True)
    grown = date(batch.now.year - MAJORITY, batch.now.month, min(batch.now.day, 28))
    minor = pl.col("representative_name").is_not_null() & (pl.col("birth_date") > grown).fill_null(True)
    years = (pl.col("birth_date").dt.year() + 100 - body // 10**10 % 100) % 100
    return ~(minor & years.is_between(*PARENT).fill_null(True))


def _birth(body: pl.Expr, own: pl.Expr) -> Suspicion:
    """Year and month, but for records of birth that are incomplete: months 20 to 42, and from 50."""
    year, month = body // 10**10 % 100, body // 10**8 % 100
    born = pl.col("birth_date")
    plain = (month >= 1) & (month <= 12)
    incomplete = ((month >= 20) & (month <= 42)) | (month >= 50)
    other = born.is_not_null() & ((born.dt.year() % 100 != year) | (plain & (born.dt.month() != month)))
    return Suspicion(other | ~(plain | incomplete), ~(plain | incomplete) | own)


def _place(body: pl.Expr, own: pl.Expr, *, known_date: bool) -> Suspicion:
    """Department and commune of birth. Communes merge and are renumbered: only another department is a finding."""
    place = body // 1000 % 100_000
    said = pl.col(BIRTH_PLACE)
    cheap = (place != said).fill_null(True) & body.is_not_null()
    short = place // 1000
    letters = pl.when(short == 19).then(CORSICA_SOUTH).otherwise(CORSICA_NORTH)
    of_nir = pl.when(pl.col(NIR_CORSICA)).then(letters).otherwise(department_of(place))
    exists = of_nir.is_between(1, 99) & ~of_nir.is_in([97, 98]) | of_nir.is_between(971, 989)
    exists = (exists | pl.col(NIR_CORSICA)) & (place % 1000 != 0)
    of_said = department_of(said)
    same = of_nir == of_said
    for until, then, now in _MOVED:
        moved = of_nir.is_in(list(then)) & of_said.is_in(list(now))
        if known_date:
            moved &= (pl.col("birth_date") < until).fill_null(True)
        same |= moved
    return Suspicion(cheap | (pl.col(NIR_CORSICA)), ~exists | (own & ~same.fill_null(True)))


def _ins(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    if batch.has("nir_kind"):
        test = pl.col("nir_kind") == "test"
        if batch.settings.demo:
            numbered = pl.col("nir").is_not_null() if batch.has("nir") else pl.lit(True)
            yield "ins.oid-test", Suspicion(~test.fill_null(False) & numbered)
        else:
            yield "ins.oid-test", Suspicion(test)
    if batch.has("ins_status", "nir", *_STRICT):
        missing = pl.any_horizontal(pl.col(name).is_null() for name in ("nir", *_STRICT)) | (pl.col("sex") == "U")
        yield "ins.traits", Suspicion((pl.col("ins_status") == "qualified") & missing)


def _usable(batch: Batch) -> Iterator[tuple[str, Suspicion]]:
    """A name, and one thing that goes with it: a given name, a date of birth or a NIR."""
    names = [name for name in ("birth_name", "used_name") if batch.has(name)]
    rest = [name for name in ("first_names", "birth_date", "nir") if batch.has(name)]
    if names and rest:
        nameless = pl.all_horizontal(pl.col(name).is_null() for name in names)
        bare = pl.all_horizontal(pl.col(name).is_null() for name in rest)
        yield "identity.missing", Suspicion(nameless | bare)
