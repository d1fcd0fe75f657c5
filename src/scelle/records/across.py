"""Rules across rows, over all batches of a dataset: repeats, corrections, NIRs and persons that do not go together.

Of each row only compact keys are kept, 47 bytes in all, so that memory stays bounded: the NIR as its number, persons
and samples as digests of 96 bits (under one chance in 10^14 that two of 14 million rows are taken for each other by
accident; digests are never stored). Candidates are found by sorting or grouping 64-bit keys, part by part, and then
settled on the full digests. Nothing is sampled or estimated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from scelle.records.normalise import PLACE, Normal, computed, first_given, normal_name
from scelle.records.profile import Profile
from scelle.records.rules.batch import NIR, NIR_CORSICA, nir_key_is_right, nir_numbers
from scelle.records.rules.numbers import cog_number

PART = 4_000_000
"""Rows that are grouped at once."""

_SEEDS = (0x5CE11E, 0x9E3779B97F4A7C15)
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_TRAITS = ("birth_name", "first_names", "birth_date", "sex")
_NO_RESULT, _OTHER_RESULT = 254, 255
_CORSICA = 10**16
"""Set apart from NIRs of departments 19 and 18, as which 2A and 2B are counted."""


@dataclass(frozen=True)
class Related:
    """What the rules across rows found: by rule, the places (`_file`, `_row`) of the rows, in order.

    `replaced`: places of the rows whose result a later row of the same sample replaces.
    """

    rows: Mapping[str, pl.DataFrame]
    replaced: pl.DataFrame


class Across:
    """Gathers the keys of batch after batch; `related` then answers for all of them."""

    def __init__(self, profile: Profile) -> None:
        """Which keys are kept depends on the columns that the profile has."""
        self._sample = profile.sample if profile.has("result") else None
        self._of_sample = [name for name in ("lab_finess", "test_loinc", "test_kind") if profile.has(name)]
        codes = profile.column("result").codes if profile.has("result") else ()
        self._results = {code: number for number, code in enumerate(codes)}
        self._timed = profile.has("result_time")
        self._persons = profile.has("nir", *_TRAITS)
        self._placed = profile.has("birth_place")
        self._kept: list[pl.DataFrame] = []

    def add(self, normal: Normal) -> None:
        """Keep the keys of a typed batch."""
        frame = normal.frame
        keys = [frame[name] for name in PLACE]
        if self._sample is not None:
            keys += self._sample_keys(frame, self._sample)
        if self._persons:
            keys += self._person_keys(frame)
        self._kept.append(pl.DataFrame(keys))

    def _sample_keys(self, frame: pl.DataFrame, sample: str) -> list[pl.Series]:
        """A sample is named by its id, within a laboratory; one sample may serve several tests."""
        names = [sample, *self._of_sample]
        known = pl.col(sample).is_not_null()
        result = pl.col("result").replace_strict(self._results, default=_OTHER_RESULT, return_dtype=pl.UInt8)
        time = pl.col("result_time").dt.epoch("s") if self._timed else pl.lit(0, pl.Int64())
        return computed(
            frame,
            pl.when(known).then(_mixed([pl.col(name).hash(_SEEDS[0]) for name in names])).alias("sample"),
            _upper_half(_mixed([pl.col(name).hash(_SEEDS[1]) for name in names])).alias("sample2"),
            pl.when(pl.col("result").is_null()).then(pl.lit(_NO_RESULT, pl.UInt8)).otherwise(result).alias("result"),
            time.cast(pl.UInt32, strict=False).fill_null(0).alias("time"),
        ).get_columns()

    def _person_keys(self, frame: pl.DataFrame) -> list[pl.Series]:
        """A person is the strict traits, normalised; where one of the first four is missing there is no person.

        A NIR with a wrong key is a slip, and no other NIR.
        """
        name = _hashed(frame["birth_name"], normal_name)
        first = _hashed(computed(frame, first_given(pl.col("first_names"))).to_series(), normal_name)
        born, sex = computed(frame, pl.col("birth_date").cast(pl.Int32), pl.col("sex")).get_columns()
        number, corsica = nir_numbers(frame["nir"])
        digests = {"n1": name[0], "n2": name[1], "f1": first[0], "f2": first[1], "born": born, "sex": sex}
        traits = pl.DataFrame([number, corsica, *(digest.alias(key) for key, digest in digests.items())])
        known = pl.all_horizontal(pl.col("n1", "f1", "born", "sex").is_not_null()) & (pl.col("sex") != "U")
        one, two = (
            _mixed([pl.col(f"n{n}"), pl.col(f"f{n}"), pl.col("born").hash(seed), pl.col("sex").hash(seed)])
            for n, seed in zip((1, 2), _SEEDS, strict=True)
        )
        keys = computed(
            traits,
            pl.when(known).then(one).alias("person"),
            pl.when(known).then(_upper_half(two)).alias("person2"),
            pl.when(nir_key_is_right()).then(pl.col(NIR) + pl.col(NIR_CORSICA).cast(pl.Int64) * _CORSICA).alias("nir"),
        ).get_columns()
        if self._placed:
            keys.append(cog_number(frame["birth_place"]).cast(pl.UInt32).alias("place"))
        return keys

    def related(self) -> Related:
        """What holds between all rows added so far."""
        rows: dict[str, pl.DataFrame] = {}
        replaced = pl.DataFrame(schema={"_file": pl.UInt16, "_row": pl.UInt32})
        if not self._kept:
            return Related(rows, replaced)
        keys = pl.concat(self._kept, rechunk=False)
        if self._sample is not None:
            rows["sample.duplicate"], rows["sample.corrected"], replaced = _samples(keys)
        if self._persons:
            rows["nir.shared"] = _shared(keys)
            if self._placed:
                rows["person.several-nir"] = _several(keys)
        return Related(rows, replaced)


def _mixed(hashes: list[pl.Expr]) -> pl.Expr:
    """One digest of several: a sum with odd factors, modulo 2^64."""
    terms = [each * pl.lit(factor, pl.UInt64) for each, factor in zip(hashes, _FACTORS, strict=False)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _upper_half(digest: pl.Expr) -> pl.Expr:
    return (digest // (1 << 32)).cast(pl.UInt32)


def _hashed(text: pl.Series, form: Callable[[pl.Expr], pl.Expr]) -> tuple[pl.Series, pl.Series]:
    """Two digests of a normalised text; each spelling is normalised once, for names repeat."""
    found = form(pl.col("text"))
    spellings = (
        text.unique().drop_nulls().alias("text").to_frame().with_columns(pl.when(found != "").then(found).alias("form"))
    )
    known = pl.col("form").is_not_null()
    table = spellings.select(
        "text", *(pl.when(known).then(pl.col("form").hash(seed)).alias(f"h{seed}") for seed in _SEEDS)
    )
    rows = text.alias("text").to_frame().lazy()
    joined = rows.join(table.lazy(), on="text", how="left", maintain_order="left").collect(engine="in-memory")
    return joined[f"h{_SEEDS[0]}"], joined[f"h{_SEEDS[1]}"]


def _repeated(keys: pl.Series) -> pl.Series:
    """The values that occur more than once. By sorting: one copy of the column, no table of all its values."""
    ordered = keys.drop_nulls().sort()
    return ordered.filter(ordered == ordered.shift(1)).unique()


def _samples(keys: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows that repeat an earlier one, rows of samples with several results, and those of them that no longer hold."""
    repeated = _repeated(keys["sample"])
    some = (
        keys.filter(pl.col("sample").is_in(repeated.implode()))
        .select(*PLACE, "sample", "sample2", "result", "time")
        .sort(*PLACE)
    )
    of_sample = ["sample", "sample2"]
    again = some.filter(~pl.struct(*of_sample, "result").is_first_distinct())
    given = some.filter(pl.col("result") != _NO_RESULT).sort("time", *PLACE)
    several = given.filter(pl.col("result").n_unique().over(of_sample) > 1)
    # The last by time of result holds, and by place where times are equal.
    replaced = several.filter(pl.col("result") != pl.col("result").last().over(of_sample))
    return again.select(PLACE), several.select(PLACE).sort(*PLACE), replaced.select(PLACE).sort(*PLACE)


def _parts(keys: pl.DataFrame, by: str) -> list[pl.DataFrame]:
    """The rows that have this key, in parts such that equal keys are in one part."""
    parts = -(-keys.height // PART)
    known = pl.col(by).is_not_null()
    if parts <= 1:
        return [keys.filter(known)]
    return [keys.filter(known & (pl.col(by) % parts == part)) for part in range(parts)]


def _shared(keys: pl.DataFrame) -> pl.DataFrame:
    """Rows whose NIR goes with more than one person. Rows without the traits say nothing either way."""
    persons = keys.lazy().filter(pl.col("person").is_not_null()).select(*PLACE, "nir", "person").collect()
    narrow = persons.select("nir", "person")
    shared = [
        part.group_by("nir")
        .agg((pl.col("person").min() != pl.col("person").max()).alias("several"))
        .filter("several")["nir"]
        for part in _parts(narrow, "nir")
    ]
    numbers = pl.concat(shared)
    return persons.filter(pl.col("nir").is_in(numbers.implode())).select(PLACE).sort(*PLACE)


def _several(keys: pl.DataFrame) -> pl.DataFrame:
    """Rows of persons, by all five traits, who have more than one NIR. Without the place of birth: two persons."""
    whole = pl.col("place").is_not_null() & pl.col("nir").is_not_null() & pl.col("person").is_not_null()
    narrow = keys.filter(whole).select("person", "nir")
    suspects = pl.concat(
        [
            part.group_by("person")
            .agg((pl.col("nir").min() != pl.col("nir").max()).alias("several"))
            .filter("several")["person"]
            for part in _parts(narrow, "person")
        ]
    )
    some = keys.filter(whole & pl.col("person").is_in(suspects.implode()))
    several = pl.col("nir").n_unique().over("person", "person2", "place") > 1
    return some.filter(several).select(PLACE).sort(*PLACE)
