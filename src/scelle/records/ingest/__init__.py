"""Reading of records: files of any known format into raw frames of a profile, nothing lost (spec/records.md,
"Reading").

`read` opens the files and finds out what they are; `Reading.batches` gives their rows. What cannot be read as a row is
in `Reading.rejects` afterwards; what is odd but did not stop anything is in the notes of `Reading.found`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import polars as pl

from scelle.records.ingest.bundles import BundleFile
from scelle.records.ingest.columns import FILE, ROW, STATUS, check_mapping, leftover
from scelle.records.ingest.delimited import DelimitedFile
from scelle.records.ingest.found import ColumnFound, FileFound, Found, Note, Reject, Rejects
from scelle.records.ingest.mending import reject_files
from scelle.records.ingest.messages import MessageFile
from scelle.records.ingest.sniff import sniff
from scelle.records.ingest.tables import NdjsonFile, ParquetFile
from scelle.records.ingest.workbook import WorkbookFile
from scelle.records.profile import Profile

__all__ = (
    "FILE",
    "ROW",
    "STATUS",
    "ColumnFound",
    "FileFound",
    "Found",
    "Note",
    "Reading",
    "Reject",
    "read",
)

_Source: TypeAlias = BundleFile | DelimitedFile | MessageFile | NdjsonFile | ParquetFile | WorkbookFile


class Reading:
    """Files that were opened. `profile`: the profile, with the columns of the files that it keeps as plain text."""

    def __init__(self, sources: Sequence[_Source], profile: Profile, batch_rows: int) -> None:
        self._sources = sources
        self._rows = batch_rows
        self.profile = profile
        self.found = Found([source.found for source in sources])
        self.rejects = Rejects()

    def batches(self) -> Iterator[pl.DataFrame]:
        """Raw frames, in the order of files and rows: the profile's columns as text, `_status`, `_file`, `_row`.

        A frame has rows of one file. `found` and `rejects` are complete after the last. To be called once.

        Raises:
            PeerError, RoadError: see `scelle.records.ingest.errors`.
        """
        for source in self._sources:
            yield from source.batches(self.rejects, rows=self._rows)

    def reject_files(self) -> dict[str, bytes]:
        """Name → content of files in which the rejects can be mended, to be read again afterwards."""
        out: dict[str, bytes] = {}
        for source in self._sources:
            header = source.header if isinstance(source, DelimitedFile) else ""
            out |= reject_files(source.found, self.rejects, header=header)
        return out


def read(
    paths: Sequence[Path], profile: Profile, *, mapping: Mapping[str, str] | None = None, batch_rows: int = 500_000
) -> Reading:
    """Open files and find out what they are; rows are read by `Reading.batches`.

    `mapping`: source column → profile column, where names and aliases do not tell (HL7 and FHIR need none).
    `batch_rows`: most rows of a frame; blocks of text are at most 32 MiB, so frames may have fewer.

    Raises:
        CallerError: the mapping names a column that is not there.
        PeerError: a file that cannot be read as records at all.
        RoadError: a file that the system does not give.
    """
    mapping = mapping or {}
    sources = [_open(path, number, mapping) for number, path in enumerate(paths)]
    if mapping:
        check_mapping({name for source in sources for name in source.names}, mapping)
    others = [name for source in sources for name in leftover(source.names, profile, mapping)]
    profile = profile.with_others(others)
    for source in sources:
        source.bind(profile)
    return Reading(sources, profile, batch_rows)


def _open(path: Path, number: int, mapping: Mapping[str, str]) -> _Source:
    sniffed = sniff(path)
    match sniffed.format:
        case "parquet":
            return ParquetFile(path, number, mapping=mapping)
        case "xlsx":
            return WorkbookFile(path, number, mapping=mapping)
        case "ndjson":
            return NdjsonFile(path, number, sniffed, mapping=mapping)
        case "hl7":
            return MessageFile(path, number, sniffed)
        case "csv":
            return DelimitedFile(path, number, sniffed, mapping=mapping)
        case _:
            return BundleFile(path, number, sniffed)
