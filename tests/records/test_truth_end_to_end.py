"""A population with planted faults, written as a file of messages, read back and checked: every fault is found."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import polars as pl

from records_kit import SCREENING
from scelle.records.checked import Checking, Outcome
from scelle.records.ingest import Found, read
from scelle.records.reference import load_reference
from scelle.records.rules import Settings
from scelle.records.synth import Generated, generate
from scelle.records.synth.faults import FAULTS
from scelle.records.synth.files import write_population

START, NOW = date(2020, 9, 1), date(2020, 11, 20)
HOLDING = ("identity.missing", "result.missing", "result.code", "route.missing")


def batches() -> Iterator[Generated]:
    return generate(3_000, seed=11, start=START, days=40, dirty=0.2)


def checked(raw: Iterable[pl.DataFrame], found: Found | None = None) -> Outcome:
    checking = Checking(SCREENING, load_reference(), now=NOW, settings=Settings(demo=True))
    for _ in checking.each(raw, found):
        pass
    return checking.finish()


def test_planted_faults_are_found_in_messages_and_no_sound_row_is_held(tmp_path: Path) -> None:
    path = tmp_path / "population.hl7"
    count = write_population(batches(), path, "hl7", truth=tmp_path / "truth.parquet")
    truth = pl.read_parquet(tmp_path / "truth.parquet").cast({"code": pl.String})
    reading = read([path], SCREENING)
    outcome = checked(reading.batches(), reading.found)
    assert not reading.rejects
    assert outcome.rows == count

    found = outcome.codes().explode("_codes").select("_row", code="_codes")
    wanted = truth.drop_nulls("code").select("_row", "code")
    assert wanted["code"].n_unique() == len(FAULTS) + 1
    missed = wanted.join(found, on=["_row", "code"], how="anti")
    # Some postcodes belong to two departments: the wrong one that is planted may be the postcode's own.
    right = pl.concat([batch.frame for batch in batches()]).filter(
        pl.col("postcode").str.starts_with(pl.col("department"))
    )
    right = right.select("_row", pl.lit("postcode.department").alias("code"))
    assert missed.join(right, on=["_row", "code"], how="anti").is_empty(), missed
    assert missed.height <= 1

    sound = truth.filter(pl.col("code").is_null(), ~pl.col("planted"))
    held = outcome.flagged.filter("_held")
    assert held.join(sound, on="_row", how="semi").is_empty()
    assert set(held["_row"]) == set(truth.filter(pl.col("code").is_in(HOLDING))["_row"])


def test_messages_have_the_findings_of_the_rows_they_were_made_of(tmp_path: Path) -> None:
    path = tmp_path / "population.hl7"
    write_population(batches(), path, "hl7")
    reading = read([path], SCREENING)
    outcome, direct = checked(reading.batches(), reading.found), checked(batch.frame for batch in batches())
    assert outcome.flagged.equals(direct.flagged)
    assert outcome.replaced.equals(direct.replaced)
    assert outcome.filled == direct.filled
    assert outcome.positives.equals(direct.positives)
