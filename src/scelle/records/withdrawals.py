"""Withdrawals: what a correction takes out of a view is told to whoever got it (spec/records.md, "Withdrawals").

Of each row sent the sender keeps its blind sample id, the recipient and the row's reference, no content. When a later
batch holds the same sample and it is no longer in a recipient's view, that recipient is told the references.
"""

from collections.abc import Collection
from typing import Final

import polars as pl

from scelle.records.markers import keyed, row_references
from scelle.records.profile import Profile

SENT: Final = {
    "batch": pl.String(),
    "organisation": pl.String(),
    "sample": pl.String(),
    "row_ref": pl.String(),
    "positive": pl.Boolean(),
    "_file": pl.UInt16(),
    "_row": pl.UInt32(),
}
"""Columns of the frame of rows sent; `positive`: it was sent as a case to call."""

WITHDRAWN: Final = ("batch", "row_ref", "reason")
"""Columns of a withdrawal. `reason`: corrected (the sample has another result now), taken-back (it has none), or moved
(still a case, but another recipient's)."""

SAID: Final = {"corrected": "withdrawn.corrected", "taken-back": "withdrawn.taken-back", "moved": "withdrawn.moved"}
"""Reason → the key of its sentence."""

_NAMED_BY: Final = ("lab_finess", "test_loinc", "test_kind")
_SAMPLE_LENGTH: Final = 32


def blind_samples(frame: pl.DataFrame, profile: Profile, key: bytes) -> pl.Series:
    """`sample`: a keyed id of sample, laboratory and test, 32 hex digits; null where the row names no sample."""
    name = profile.sample
    if name is None:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("sample")
    more = [pl.col(each).fill_null("") for each in _NAMED_BY if profile.has(each)]
    text = pl.concat_str([pl.col(name), *more], separator="\n")
    return frame.select(keyed(text, key, _SAMPLE_LENGTH).alias("sample")).to_series()


def sent(
    taken: pl.DataFrame, profile: Profile, *, batch: str, organisation: str, row_key: bytes, sample_key: bytes
) -> pl.DataFrame:
    """What to keep of the rows of one copy (`Copy.taken`): a frame with the columns of `SENT`."""
    samples = blind_samples(taken, profile, sample_key)
    return pl.DataFrame(
        [
            samples,
            row_references(taken, row_key),
            (taken["_kind"] == "case").alias("positive"),
            taken["_file"],
            taken["_row"],
        ]
    ).select(pl.lit(batch).alias("batch"), pl.lit(organisation).alias("organisation"), *list(SENT)[2:])


def seen(frame: pl.DataFrame, profile: Profile, sample_key: bytes) -> pl.DataFrame:
    """What a prepared batch says of its samples: `sample`, `case`, `back` (taken back by the laboratory), place.

    Rows that are held, past retention or replaced say nothing.
    """
    rows = frame.filter(pl.col("_standing").cast(pl.String).is_in(["deliver", "taken-back"]))
    back = (rows["_standing"] == "taken-back").alias("back")
    case = (rows["_kind"] == "case").alias("case")
    told = pl.DataFrame([blind_samples(rows, profile, sample_key), case, back, rows["_file"], rows["_row"]])
    return told.drop_nulls("sample")


def withdraw(
    previous: pl.DataFrame,
    *,
    seen: pl.DataFrame,
    sent: pl.DataFrame,
    addressed: Collection[str],
    replaced: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """By organisation, the rows of its copies that no longer hold: `WITHDRAWN`. Organisations without any are absent.

    `previous`: rows of earlier batches still with their recipients; `seen`, `sent`: of all this batch; `addressed`:
    organisations for which this batch has views: the others are told only of positives that are none any more.
    `replaced`: places (`_file`, `_row`) of this batch that a later row of it corrects (`Outcome.replaced`): they may
    have gone already.
    """
    before, standing = previous.select(list(SENT)), sent
    if replaced is not None:
        place = ["_file", "_row"]
        before = pl.concat([before, sent.join(replaced, on=place, how="semi").select(list(SENT))])
        standing = sent.join(replaced, on=place, how="anti")
        seen = seen.join(replaced, on=place, how="anti")
    told = seen.group_by("sample").agg((pl.col("case") & ~pl.col("back")).any().alias("case"), pl.col("back").any())
    moved = pl.col("positive") & pl.col("case")
    gone = (
        before.drop_nulls("sample")
        .join(told, on="sample", how="inner", maintain_order="left")
        .join(standing, on=["organisation", "sample"], how="anti", maintain_order="left")
        .filter(pl.col("organisation").is_in(list(addressed)) | (pl.col("positive") & ~moved))
    )
    reason = pl.when(moved).then(pl.lit("moved")).when("back").then(pl.lit("taken-back")).otherwise(pl.lit("corrected"))
    listed = gone.select("organisation", "batch", "row_ref", reason.alias("reason")).unique(maintain_order=True)
    parts = listed.partition_by("organisation", as_dict=True, include_key=False, maintain_order=True)
    return {str(key[0]): part.select(WITHDRAWN) for key, part in parts.items()}
