"""Rules across rows, over all batches of a dataset: repeats, corrections, NIRs and persons that do not go together.

Of each row only compact keys are kept, 41 bytes in all, so that memory stays bounded: the NIR as its number, persons
and samples as digests of 96 bits (under one chance in 10^14 that two of 14 million rows are taken for each other by
accident; digests are never stored). Candidates are found by sorting or grouping 64-bit keys, part by part, and then
settled on the full digests. Nothing is sampled or estimated.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from scelle.records.normalise import Normal, computed, first_given, normal_name
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
    """What the rules across rows found: by rule, which rows, as their numbers from 0 in the order of adding, ascending.

    `replaced`: the rows whose result a later row of the same sample replaces.
    """

    rows: Mapping[str, pl.Series]
    replaced: pl.Series


@dataclass(frozen=True)
class Keys:
    """The keys of one batch; `Across.keys` makes them, on any thread, and `Across.add` gathers them in order."""

    frame: pl.DataFrame


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

    def keys(self, normal: Normal) -> Keys:
        """The keys of a typed batch; changes nothing."""
        frame = normal.frame
        keys: list[pl.Series] = []
        if self._sample is not None:
            keys += self._sample_keys(frame, self._sample)
        if self._persons:
            keys += self._person_keys(frame)
        return Keys(pl.DataFrame(keys))

    def add(self, keys: Keys) -> None:
        """Keep the keys of the next batch."""
        self._kept.append(keys.frame)

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
        if not self._kept:
            return Related({}, pl.Series(dtype=pl.UInt32))
        keys = pl.concat(self._kept, rechunk=False)
        rows: dict[str, pl.Series] = {}
        with ThreadPoolExecutor() as pool:
            samples = pool.submit(_samples, keys) if self._sample is not None else None
            shared = pool.submit(_shared, keys) if self._persons else None
            several = pool.submit(_several, keys) if self._persons and self._placed else None
            replaced = pl.Series(dtype=pl.UInt32)
            if samples is not None:
                rows["sample.duplicate"], rows["sample.corrected"], replaced = samples.result()
            if shared is not None:
                rows["nir.shared"] = shared.result()
            if several is not None:
                rows["person.several-nir"] = several.result()
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


AT = "at"
"""The number of a row, in the order of adding."""


def _where(keys: pl.DataFrame, condition: pl.Expr, *columns: str) -> pl.DataFrame:
    """Some columns, and the numbers, of the rows that meet a condition."""
    numbered = keys.lazy().select(*columns).with_row_index(AT)
    return numbered.filter(condition).collect(engine="in-memory")


def _samples(keys: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Rows that repeat an earlier one, rows of samples with several results, and those of them that no longer hold."""
    repeated = _repeated(keys["sample"])
    some = _where(keys, pl.col("sample").is_in(repeated.implode()), "sample", "sample2", "result", "time")
    of_sample = ["sample", "sample2"]
    again = some.filter(~pl.struct(*of_sample, "result").is_first_distinct())
    given = some.filter(pl.col("result") != _NO_RESULT).sort("time", AT)
    several = given.filter(pl.col("result").n_unique().over(of_sample) > 1)
    # The last by time of result holds, and by place where times are equal.
    replaced = several.filter(pl.col("result") != pl.col("result").last().over(of_sample))
    return again[AT], several[AT].sort(), replaced[AT].sort()


def _grouped(keys: pl.DataFrame, by: str, other: str) -> pl.Series:
    """The values of one key that go with more than one value of another; part by part, to bound memory."""
    parts = max(1, -(-keys.height // PART))
    found = []
    for part in range(parts):
        rows = keys.lazy() if parts == 1 else keys.lazy().filter(pl.col(by) % parts == part)
        several = rows.group_by(by).agg((pl.col(other).min() != pl.col(other).max()).alias("several"))
        found.append(several.filter("several").select(by).collect(engine="in-memory").to_series())
    return pl.concat(found)


def _shared(keys: pl.DataFrame) -> pl.Series:
    """Rows whose NIR goes with more than one person. Rows without the traits say nothing either way."""
    persons = _where(keys, pl.all_horizontal(pl.col("nir", "person").is_not_null()), "nir", "person")
    numbers = _grouped(persons.select("nir", "person"), "nir", "person")
    return _where_in(persons, "nir", numbers)


def _where_in(keys: pl.DataFrame, name: str, values: pl.Series) -> pl.Series:
    rows = keys.lazy().filter(pl.col(name).is_in(values.implode())).select(AT)
    return rows.collect(engine="in-memory").to_series()


def _several(keys: pl.DataFrame) -> pl.Series:
    """Rows of persons, by all five traits, who have more than one NIR. Without the place of birth: two persons."""
    columns = ("person", "person2", "place", "nir")
    whole = _where(keys, pl.all_horizontal(pl.col("person", "place", "nir").is_not_null()), *columns)
    suspects = _grouped(whole.select("person", "nir"), "person", "nir")
    some = whole.filter(pl.col("person").is_in(suspects.implode()))
    return some.filter(pl.col("nir").n_unique().over("person", "person2", "place") > 1)[AT].sort()
