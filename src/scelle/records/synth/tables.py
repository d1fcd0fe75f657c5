"""What people and tests are drawn from: names, places, laboratories and prescribers, as tables to look up by number."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import polars as pl

from scelle.records.reference import Reference, load_reference
from scelle.records.synth.draw import key

NAMES: Final = 1 << 13
FIRSTS: Final = 1 << 10
"""Entries for each ten years of birth and sex."""
PLACES: Final = 1 << 17
LABS: Final = 24
"""Laboratories in each department."""
PRESCRIBERS: Final = 60
DAYS: Final = 1 << 10
_CITIES: Final = ("13055", "69123", "75056")
"""Communes whose births and people are counted by district."""
_FIRST_DAY: Final = date(1900, 1, 1)
_STREETS: Final = [
    "de la République",
    "des Lilas",
    "Victor-Hugo",
    "du Moulin",
    "des Écoles",
    "Jean-Jaurès",
    "de la Gare",
    "Pasteur",
    "du Château",
    "des Tilleuls",
    "de l'Église",
    "de la Paix",
    "des Acacias",
    "du Stade",
    "Voltaire",
    "des Peupliers",
    "de la Fontaine",
    "Gambetta",
    "des Vignes",
    "du Port",
    "Émile-Zola",
    "des Cerisiers",
    "du Lavoir",
    "Jules-Ferry",
    "de la Mairie",
    "des Jardins",
    "du Général-Leclerc",
    "des Érables",
    "Molière",
    "de l'Abbaye",
    "des Prés",
    "Louis-Blanc",
]
_WAYS: Final = ("rue", "avenue", "boulevard", "chemin", "allée", "place", "impasse", "rue")
_HOMES: Final = [
    "Les Tilleuls",
    "Les Jardins d'Automne",
    "Le Clos Fleuri",
    "Bel Air",
    "Les Glycines",
    "La Roseraie",
    "Le Grand Chêne",
    "Les Magnolias",
    "Saint-Joseph",
    "Le Belvédère",
    "Les Hortensias",
    "La Source",
    "Les Mimosas",
    "Résidence du Parc",
    "Le Verger",
    "Les Oliviers",
]
_LAB_NAMES: Final = ("Biolab", "Labo Central", "Cerbalys", "BioRive", "Analys", "Unilab", "Biogroupe", "LaboSanté")


@dataclass(frozen=True)
class Tables:
    """Look-up tables. The tables of names and places repeat an entry as often as it is common."""

    families: pl.Series
    firsts: pl.Series
    """`FIRSTS` entries for each cell: (ten years since 1901) × 2 + (1 for women)."""
    slugs: pl.Series
    """The first names as an e-mail address spells them, in the same places as `firsts`."""
    family_slugs: pl.Series
    places: pl.Series
    """Numbers of communes, as often as they have people."""
    communes: pl.DataFrame
    """By number: code, department, first (place in `postcodes`), count, department_number, other (a wrong postcode)."""
    postcodes: pl.Series
    countries: pl.Series
    departments: pl.Series
    labs: pl.DataFrame
    """By department_number × `LABS`: name, finess, phone."""
    prescribers: pl.DataFrame
    """By department_number × `PRESCRIBERS`: name, rpps, phone."""
    streets: pl.Series
    homes: pl.Series
    dates: pl.Series
    """Every date from 1900 on as text, by days since."""
    minutes: pl.Series
    """Every minute of a day as `HH:MM:00`."""
    loinc: pl.DataFrame
    """By number: code, kind."""


def day_number(day: date) -> int:
    """The place of a day in `Tables.dates`."""
    return (day - _FIRST_DAY).days


def luhn(digits: str) -> str:
    """The check digit that makes `digits` right by Luhn's rule; letters count as A = 1, B = 2 (FINESS in Corsica)."""
    values = [int(c) if c.isdigit() else ord(c) - 64 for c in reversed(digits)]
    doubled = [sum(divmod(2 * v, 10)) if place % 2 == 0 else v for place, v in enumerate(values)]
    return str(-sum(doubled) % 10)


def spread(weights: pl.Series, size: int) -> pl.Series:
    """Numbers of entries, `size` in all, each as often as its weight says: what a uniform draw then looks up."""
    sums = weights.cast(pl.Float64).cum_sum()
    points = (pl.Series(range(size)).cast(pl.Float64) + 0.5) / size * float(sums[-1])
    return pl.Series(sums.search_sorted(points, side="right")).cast(pl.UInt32)


def _by_rank(names: pl.Series, size: int, flat: int) -> pl.Series:
    return names.gather(spread(pl.Series([1000 / (rank + flat) for rank in range(len(names))]), size))


def _slug(names: pl.Series) -> pl.Series:
    bare = names.to_frame("n").select(
        pl.col("n").str.normalize("NFKD").str.to_lowercase().str.replace_all("[^a-z]", "")
    )
    return bare.to_series()


def _communes(reference: Reference) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    with_agency = sorted(reference.agency_of)
    pool = reference.communes.filter(
        (pl.col("kind") != "former")
        & ~pl.col("code").is_in(_CITIES)
        & (pl.col("postcodes").list.len() > 0)
        & (pl.col("population") > 0)
        & pl.col("department").is_in(with_agency)
    ).sort("code")
    counts = pool["postcodes"].list.len()
    neighbour = pl.col("postcodes").list.first()
    ahead = [neighbour.shift(-n).over("department") for n in (1, 2, 3, 5, 8, 13)]
    back = [neighbour.shift(n).over("department") for n in (1, 2, 3, 5, 8, 13)]
    differs = [pl.when(~pl.col("postcodes").list.contains(other)).then(other) for other in (*ahead, *back)]
    numbers = {code: number for number, code in enumerate(with_agency)}
    table = pool.select(
        "code",
        "department",
        (counts.cum_sum() - counts).cast(pl.UInt64).alias("first"),
        counts.cast(pl.UInt64).alias("count"),
        pl.col("department").replace_strict(numbers, return_dtype=pl.UInt64).alias("department_number"),
        pl.coalesce(differs).alias("other"),
    )
    return table, pool["postcodes"].explode(), spread(pool["population"], PLACES)


def _professionals(departments: list[str], families: pl.Series, firsts: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    labs, prescribers = [], []
    for place, code in enumerate(departments):
        for number in range(LABS):
            body = f"{code[:2]}{place:02d}{number:03d}9"[:8]
            line = f"0{place % 5 + 1}{key('lab', place, number) % 10**8:08d}"
            name = f"{_LAB_NAMES[(place + number) % len(_LAB_NAMES)]} {code}-{number + 1}"
            labs.append((name, body + luhn(body), line))
        for number in range(PRESCRIBERS):
            bits = key("prescriber", place, number)
            body = f"1000{place * PRESCRIBERS + number:06d}"
            name = f"{families[bits % NAMES]} {firsts[(bits >> 20) % len(firsts)]}"
            prescribers.append((name, body + luhn(body), f"0{place % 5 + 1}{(bits >> 32) % 10**8:08d}"))
    return (
        pl.DataFrame(labs, schema=["name", "finess", "phone"], orient="row"),
        pl.DataFrame(prescribers, schema=["name", "rpps", "phone"], orient="row"),
    )


def tables_of(reference: Reference) -> Tables:
    """The tables made from the reference data."""
    families = _by_rank(reference.family_names["name"], NAMES, 30)
    cells = [
        _by_rank(reference.first_names.filter((pl.col("since") == since) & (pl.col("sex") == sex))["name"], FIRSTS, 8)
        for since in range(1901, 2021, 10)
        for sex in ("M", "F")
    ]
    firsts = pl.concat(cells)
    communes, postcodes, places = _communes(reference)
    departments = sorted(reference.agency_of)
    labs, prescribers = _professionals(departments, families, firsts)
    every_day = pl.date_range(_FIRST_DAY, _FIRST_DAY + timedelta(days=365 * 210), eager=True)
    return Tables(
        families=families,
        firsts=firsts,
        slugs=_slug(firsts),
        family_slugs=_slug(families),
        places=places,
        communes=communes,
        postcodes=postcodes,
        countries=reference.countries["code"],
        departments=pl.Series(departments),
        labs=labs,
        prescribers=prescribers,
        streets=pl.Series([f"{way} {street}" for way in _WAYS for street in _STREETS]),
        homes=pl.Series(_HOMES),
        dates=every_day.dt.to_string("%Y-%m-%d"),
        minutes=pl.Series([f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(1440)]),
        loinc=reference.loinc.sort("kind", "code").select("code", "kind"),
    )


@cache
def tables() -> Tables:
    """The tables made from the reference data that comes with Scellé."""
    return tables_of(load_reference())
