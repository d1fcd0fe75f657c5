"""Consistent people: households, names by birth and sex, NIR from sex, birth and place, addresses and channels.

Four numbers that follow each other make one or more households; a household's attributes are drawn from the number of
its first adult. Everything here is invented: phone numbers may by chance be somebody's, e-mail addresses are under
domains reserved for examples, and every NIR carries the test OID (`nir_kind` "test").
"""

from datetime import date
from typing import Final

import polars as pl

from scelle.records.synth.draw import at, below, chance, draw, key, mixed, whole
from scelle.records.synth.tables import FIRSTS, NAMES, PLACES, Tables, day_number

# How four people live together: for each pattern and place, how far back the first adult is, and the role.
_HEAD, _PARTNER, _CHILD = 0, 1, 2
_PATTERNS: Final = (
    ((0, 1, 2, 3), (_HEAD, _PARTNER, _CHILD, _CHILD)),
    ((0, 1, 2, 0), (_HEAD, _PARTNER, _CHILD, _HEAD)),
    ((0, 1, 0, 1), (_HEAD, _PARTNER, _HEAD, _PARTNER)),
    ((0, 1, 0, 0), (_HEAD, _PARTNER, _HEAD, _HEAD)),
    ((0, 0, 0, 0), (_HEAD, _HEAD, _HEAD, _HEAD)),
    ((0, 1, 0, 1), (_HEAD, _CHILD, _HEAD, _PARTNER)),
)
_COMMON: Final = (0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5)
_BACK: Final = pl.Series([back for p in _COMMON for back in _PATTERNS[p][0]], dtype=pl.UInt64)
_ROLE: Final = pl.Series([role for p in _COMMON for role in _PATTERNS[p][1]], dtype=pl.UInt8)
_PARENT: Final = pl.Series(
    [
        _CHILD in roles and place < roles.index(_CHILD)
        for p in _COMMON
        for roles in [_PATTERNS[p][1]]
        for place in range(4)
    ]
)
"""Whether a first adult has children: those of the patterns that stand before a child."""

OFFSET_OF_CORSICA: Final = {"2A": 19_000, "2B": 18_000}
_CORSICA_WAS_20_BEFORE: Final = date(1976, 1, 1)


def people(first: int, count: int, tables: Tables, *, seed: int, start: date, missing: float) -> pl.DataFrame:
    """The people of numbers `first` to `first` + `count` − 1 (`first` a multiple of 4), as of the day `start`.

    One row each, in order: `person`, the person's columns of screening-result/1 with dates as numbers of days
    (`tables.dates`), and what faults need of the NIR. `missing`: the share of values left out of each optional column.
    """
    frame = pl.select(person=pl.int_range(first, first + count, dtype=pl.UInt64))
    frame = frame.with_columns(
        h=mixed(pl.col("person"), key(seed, "person")),
        q=mixed(pl.col("person") // whole(4), key(seed, "four")),
    ).with_columns(cell=below("q", "pattern", len(_COMMON)) * whole(4) + pl.col("person") % whole(4))
    frame = frame.with_columns(head=pl.col("person") - at(_BACK, pl.col("cell")), role=at(_ROLE, pl.col("cell")))
    frame = frame.with_columns(
        hh=mixed(pl.col("head"), key(seed, "household")),
        ph=mixed(pl.col("head"), key(seed, "person")),
        parent=at(_PARENT, pl.col("cell")),
    )
    # Lazily, so that what several columns share is made once.
    lazy = _numbers(_names(_births(frame.lazy(), tables, start), tables))
    return _contacts(lazy.collect().lazy(), tables, first, missing).collect()


def _births(frame: pl.LazyFrame, tables: Tables, start: date) -> pl.LazyFrame:
    child, today = pl.col("role") == _CHILD, day_number(start)
    # The first adult of a household with children is 25 to 54, else 20 to 97 the oldest more rare.
    alone = whole(20) + below("hh", "age", 60) + below("hh", "age more", 18)
    age_of_head = pl.when(pl.col("parent") | child).then(whole(25) + below("hh", "age", 30)).otherwise(alone)
    frame = frame.with_columns(age=age_of_head.cast(pl.Int64))
    partner = pl.max_horizontal(pl.col("age") + below("h", "apart", 11).cast(pl.Int64) - 5, pl.lit(20, dtype=pl.Int64))
    # Nobody comes of age during the season: who is a child is one in every row.
    oldest = pl.min_horizontal(pl.col("age") - 18, pl.lit(17, dtype=pl.Int64))
    years = (draw("h", "child") * oldest.cast(pl.UInt64) // whole(1 << 32)).cast(pl.Int64)
    age = pl.when(child).then(years).when(pl.col("role") == _PARTNER).then(partner).otherwise(pl.col("age"))
    same = draw("h", "sex") < whole(1 << 31)
    opposite = (draw("ph", "sex") < whole(1 << 31)) ^ chance("h", "other couple", 0.96)
    codes = tables.communes["code"]
    home = at(tables.places, below("hh", "home", PLACES))
    anywhere = at(tables.places, below("h", "birth anywhere", PLACES))
    local = draw("h", "born where") < pl.when(child).then(whole(round(0.8 * 2**32))).otherwise(
        whole(round(0.45 * 2**32))
    )
    abroad = ~child & chance("h", "abroad", 0.1)
    abroad_code = at(tables.countries, below("h", "country", len(tables.countries)))
    frame = frame.with_columns(
        day=(today - 1 - age * 1461 // 4 - below("h", "day", 365).cast(pl.Int64)),
        woman=pl.when(pl.col("role") == _PARTNER).then(opposite).otherwise(same),
        home=home,
        age=age,
        child=child,
    )
    place = (
        pl.when(abroad).then(abroad_code).otherwise(at(codes, pl.when(local).then(pl.col("home")).otherwise(anywhere)))
    )
    return frame.with_columns(birth_place=place)


def _names(frame: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    years = pl.lit(tables.dates.str.slice(0, 4).cast(pl.Int64)).gather(pl.col("day").cast(pl.UInt32))
    frame = frame.with_columns(year=years)
    tens = ((pl.col("year") - 1901) // 10).clip(0, 11).cast(pl.UInt64)
    woman = pl.col("woman").cast(pl.UInt64)
    cell = (tens * whole(2) + woman) * whole(FIRSTS)
    own = pl.when("child").then(below("ph", "family", NAMES)).otherwise(below("h", "family", NAMES))
    frame = frame.with_columns(
        first_number=cell + below("h", "first", FIRSTS),
        second_number=cell + below("h", "second", FIRSTS),
        family=own,
    )
    first, second = at(tables.firsts, pl.col("first_number")), at(tables.firsts, pl.col("second_number"))
    two = chance("h", "two names", 0.4) & (first != second)
    married = (pl.col("role") == _PARTNER) & pl.col("woman") & chance("h", "married name", 0.5)
    return frame.with_columns(
        birth_name=at(tables.families, pl.col("family")),
        used_name=pl.when(married).then(at(tables.families, below("ph", "family", NAMES))),
        first_names=pl.when(two).then(pl.concat_str(first, pl.lit(" "), second)).otherwise(first),
        sex=pl.when("woman").then(pl.lit("F")).otherwise(pl.lit("M")),
    )


def _numbers(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The person's own NIR, and its parts: `digit`, `month_of` (yymm), `place`, `order`."""
    corsican = pl.col("birth_place").str.slice(0, 2).is_in(list(OFFSET_OF_CORSICA))
    early = pl.col("day") < day_number(_CORSICA_WAS_20_BEFORE)
    once = pl.when(corsican & early).then(pl.concat_str(pl.lit("20"), pl.col("birth_place").str.slice(2)))
    frame = frame.with_columns(
        digit=pl.when("woman").then(whole(2)).otherwise(whole(1)),
        month_of=pl.col("year").cast(pl.UInt64) % whole(100) * whole(100) + month_of(pl.col("day")),
        place=once.otherwise(pl.col("birth_place")),
        order=whole(1) + below("h", "order", 980),
    )
    return frame.with_columns(nir=nir(pl.col("digit"), pl.col("month_of"), pl.col("place"), pl.col("order")))


def month_of(day: pl.Expr) -> pl.Expr:
    """The month of a number of days (`tables.dates`)."""
    since_1970 = day - day_number(date(1970, 1, 1))
    return since_1970.cast(pl.Int32).cast(pl.Date).dt.month().cast(pl.UInt64)


def nir(digit: pl.Expr, month: pl.Expr, place: pl.Expr, order: pl.Expr) -> pl.Expr:
    """A NIR of 13 characters and its key: 97 − (n mod 97), with 2A as 19 and 2B as 18."""
    head = digit * whole(10_000) + month
    wanted = place.str.replace("2A", "19", literal=True).str.replace("2B", "18", literal=True).cast(pl.UInt64)
    number = (head * whole(100_000) + wanted) * whole(1_000) + order
    tail = whole(100_000) + order * whole(100) + (whole(97) - number % whole(97))
    return pl.concat_str(head.cast(pl.String), place, tail.cast(pl.String).str.slice(1))


def _contacts(frame: pl.LazyFrame, tables: Tables, first: int, missing: float) -> pl.LazyFrame:
    child = pl.col("child")
    head = pl.col("head") - whole(first)
    # A child who has no card of its own is known under a parent's number: minors under 16, mostly.
    under_parent = child & chance("h", "under parent", 0.6)
    of_head = {name: pl.col(name).gather(head.cast(pl.UInt32)) for name in ("nir", "birth_name", "first_names")}
    representative = pl.concat_str(of_head["birth_name"], pl.lit(" "), of_head["first_names"])
    lost = {name: chance("h", f"no {name}", share * missing) for name, share in _LEFT_OUT.items()}
    numbered = ~lost["nir"]
    table = tables.communes
    home = pl.col("home")
    postcode = at(
        tables.postcodes, at(table["first"], home) + draw("hh", "post") * at(table["count"], home) // whole(1 << 32)
    )
    old = (pl.col("age") >= 78) & ~pl.col("parent") & chance("h", "care home", 0.25)
    residence = old | (~child & chance("h", "collective", 0.004))
    number = whole(1) + below("hh", "street number", 120)
    street = at(tables.streets, below("hh", "street", len(tables.streets)))
    own_phone = ~child & chance("h", "own phone", 0.55)
    owner = pl.when(own_phone).then(pl.col("h")).otherwise(pl.col("ph"))
    frame = frame.with_columns(
        nir=pl.when(numbered).then(pl.when(under_parent).then(of_head["nir"]).otherwise(pl.col("nir"))),
        birth_place=pl.when(~lost["birth_place"]).then(pl.col("birth_place")),
        own=numbered & ~under_parent,
        representative_name=pl.when(child).then(representative),
        address_line=pl.when(~lost["address_line"]).then(pl.concat_str(number.cast(pl.String), pl.lit(" "), street)),
        postcode=pl.when(~lost["postcode"]).then(postcode),
        commune=pl.when(~lost["commune"]).then(at(table["code"], home)),
        department=at(table["department"], home),
        department_number=at(table["department_number"], home),
        wrong_postcode=at(table["other"], home),
        owner=owner,
        health_professional=~child & (pl.col("age") < 67) & chance("h", "works in health", 0.05),
        collective_residence=residence,
        residence_name=pl.when(residence).then(at(tables.homes, below("hh", "home name", len(tables.homes)))),
    )
    qualified = pl.col("own") & pl.col("birth_place").is_not_null()
    known = below("h", "status", 100)
    status = pl.when(~qualified).then(pl.lit("provisional")).when(known < whole(60)).then(pl.lit("qualified"))
    less = pl.when(known < whole(75)).then(pl.lit("validated")).when(known < whole(85)).then(pl.lit("recovered"))
    mobile = whole(600_000_000) + below("owner", "phone", 170_000_000)
    mobile = mobile + pl.when(mobile >= whole(700_000_000)).then(whole(30_000_000)).otherwise(whole(0))
    digits = mobile.cast(pl.String)
    spelt = below("h", "spelling", 100)
    pairs = [digits.str.slice(place, 2) for place in (1, 3, 5, 7)]
    spaced = pl.concat_str(
        pl.lit("0"), digits.str.slice(0, 1), *(part for pair in pairs for part in (pl.lit(" "), pair))
    )
    plain = pl.when(spelt < whole(90)).then(pl.concat_str(pl.lit("0"), digits))
    phone = plain.when(spelt < whole(96)).then(pl.concat_str(pl.lit("+33"), digits)).otherwise(spaced)
    reserved = pl.Series(["@example.org", "@example.com", "@example.net"])
    email = pl.concat_str(
        at(tables.slugs, pl.col("first_number")),
        pl.lit("."),
        at(tables.family_slugs, pl.col("family")),
        (pl.col("person") % whole(9_973)).cast(pl.String),
        at(reserved, below("h", "domain", 3)),
    )
    reachable = ~child & chance("h", "has email", 0.65)
    return frame.with_columns(
        nir_kind=pl.when(pl.col("nir").is_not_null()).then(pl.lit("test")),
        ins_status=status.otherwise(less.otherwise(pl.lit("provisional"))),
        phone=pl.when(~lost["phone"]).then(phone),
        email=pl.when(reachable).then(email),
    ).drop("q", "cell", "ph", "hh", "owner", "parent", "first_number", "second_number", "family")


_LEFT_OUT: Final = {"nir": 1.0, "birth_place": 2.0, "address_line": 1.0, "postcode": 0.4, "commune": 3.0, "phone": 0.8}
"""How much more or less often than `missing` says each column is left out."""
