"""One recipient's copy of a dataset, made batch after batch: its view, in the format it wants, as pieces of files."""

from typing import Protocol

import polars as pl

from scelle.records.markers import CopyKeys, row_references
from scelle.records.normalise import PLACE
from scelle.records.policy import Policy
from scelle.records.profile import Profile
from scelle.records.view import SMALL_CELL, Explained, Recipient, count_sent, guard, select, shape
from scelle.records.write_csv import CsvWriter
from scelle.records.write_ndjson import FhirWriter, NdjsonWriter
from scelle.records.write_parquet import ParquetWriter
from scelle.records.write_xlsx import XlsxWriter

Piece = tuple[str, bytes]
"""Name of a file of the copy, and its next bytes: consecutive pieces of one name are one file."""


class Writer(Protocol):
    """What turns rows of a view into files."""

    def write(self, view: pl.DataFrame) -> list[Piece]:
        """The next pieces."""

    def finish(self) -> list[Piece]:
        """The last pieces."""


def writer_of(recipient: Recipient, name: str) -> Writer:
    """The writer of a recipient's format."""
    match recipient.format:
        case "csv":
            return CsvWriter(name, bom=recipient.bom)
        case "xlsx":
            return XlsxWriter(name)
        case "ndjson":
            return NdjsonWriter(name)
        case "fhir":
            return FhirWriter(name)
        case "parquet":
            return ParquetWriter(name)


class Copy:
    """Feed prepared batches, in order; each answers with the pieces that are ready. A copy without rows has no files.

    `explained`: what it came to so far. `taken`: the prepared rows that the last `feed` sent (for `withdrawals.sent`).
    Views that guard small cells keep their rows, some 40 bytes each, and write them all at the end.
    """

    def __init__(self, recipient: Recipient, policy: Policy, profile: Profile, *, keys: CopyKeys, name: str) -> None:
        """`name`: stem of its files. The caller has checked `recipient.must_fit`."""
        self.explained = Explained(recipient, policy)
        self.taken: pl.DataFrame | None = None
        self._profile = profile
        self._keys = keys
        self._name = name
        self._writer = writer_of(recipient, name)
        self._places: list[pl.DataFrame] = []
        self._kept: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> list[Piece]:
        """The pieces of one prepared batch (`view.prepared`)."""
        recipient, policy = self.explained.recipient, self.explained.policy
        rows = select(frame, recipient, policy, self.explained)
        if policy.cells is not None:
            self._kept.append(self._compact(rows))
            return []
        view = shape(rows, policy, self._profile, keys=self._keys, explained=self.explained)
        self.taken = rows
        if policy.flags:
            self._places.append(rows.select(PLACE))
        return self._writer.write(view)

    def finish(self, late: pl.DataFrame | None = None) -> list[Piece]:
        """The last pieces. `late`: findings that only all rows showed, `_file`, `_row`, `_codes` (`Outcome.codes`).

        Rows sent that have such codes are listed in `name-flags.csv`, reference and codes, all of them.
        """
        pieces = self._guarded() if self._kept else []
        pieces += self._writer.finish()
        if late is not None and self._places:
            pieces += self._late(late)
        return pieces

    def _compact(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What is needed of rows at the end: places, what sets retention, and the view without its references."""
        policy, rule = self.explained.policy, self._profile.retention
        view = shape(rows, policy, self._profile, keys=self._keys).drop("row_ref")
        texts = [name for name, kind in view.schema.items() if kind == pl.String() and name != "person"]
        view = view.with_columns(pl.col(texts).cast(pl.Categorical), pl.col("person").str.decode("hex"))
        dates = [] if rule is None else [rule.collected, *(longer.column for longer in rule.longer)]
        more = rows.select(*PLACE, *(pl.col(name).alias(f"_{name}") for name in dict.fromkeys(dates)))
        return more.with_columns(pl.col(pl.String).cast(pl.Categorical)).hstack(view.get_columns())

    def _guarded(self) -> list[Piece]:
        kept = pl.concat(self._kept)
        self._kept = []
        keep = guard(kept, self.explained.policy)
        if not keep.all():
            self.explained.left_out[SMALL_CELL] += int((~keep).sum())
        kept = kept.filter(keep)
        pieces: list[Piece] = []
        for part in kept.iter_slices(500_000):
            dates = part.select(pl.selectors.starts_with("_") - pl.selectors.by_name(*PLACE))
            dates = dates.rename(lambda name: name[1:]).with_columns(pl.col(pl.Categorical).cast(pl.String))
            count_sent(self.explained, dates, self._profile)
            columns = part.select(~pl.selectors.starts_with("_")).with_columns(
                pl.col(pl.Categorical).cast(pl.String), pl.col("person").bin.encode("hex")
            )
            view = pl.DataFrame([row_references(part, self._keys.rows), *columns.get_columns()])
            self.explained.columns = tuple(view.columns)
            pieces += self._writer.write(view)
        return pieces

    def _late(self, late: pl.DataFrame) -> list[Piece]:
        sent = pl.concat(self._places)
        codes = late.filter(pl.col("_codes").list.len() > 0).select(*PLACE, pl.col("_codes").list.join(" "))
        flagged = sent.join(codes, on=PLACE, how="inner", maintain_order="left")
        if not flagged.height:
            return []
        told = pl.DataFrame([row_references(flagged, self._keys.rows), flagged["_codes"].alias("flags")])
        return CsvWriter(f"{self._name}-flags").write(told)
