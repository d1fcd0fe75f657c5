"""Parquet and NDJSON: tables whose columns have names already."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from scelle.records.ingest import forms
from scelle.records.ingest.blocks import utf8_blocks
from scelle.records.ingest.columns import ROW, map_columns, raw_frame
from scelle.records.ingest.errors import HeaderOnlyError, TableBrokenError
from scelle.records.ingest.found import FileFound, Reject, Rejects
from scelle.records.ingest.sniff import Sniffed
from scelle.records.profile import Profile

_SLICE: Final = 200_000
_BLOCK: Final = 32 << 20


class ParquetFile:
    """One Parquet file, read in slices of rows."""

    def __init__(self, path: Path, number: int, *, mapping: Mapping[str, str]) -> None:
        """Reads the schema. Raises TableBrokenError, HeaderOnlyError."""
        self.found = FileFound(path, number, "parquet")
        self._mapping = mapping
        try:
            self._scan = pl.scan_parquet(path, glob=False)
            schema = self._scan.collect_schema()
            self._height = int(self._scan.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            raise TableBrokenError(file=str(path), kind="Parquet") from None
        self._plain = {name: kind for name, kind in schema.items() if not (kind.is_nested() or kind == pl.Binary)}
        self.names = list(self._plain)
        self.found.unmapped.update({name: self._height for name in schema if name not in self._plain})
        if not self._height:
            raise HeaderOnlyError(file=str(path))

    def bind(self, profile: Profile) -> None:
        """Place the columns and find the date forms. Raises MappingError, ColumnsUnknownError."""
        self._profile = profile
        self._places = map_columns(self.names, profile, self.found, self._mapping)
        forms.prime(self._place(self._read(0, 5000)), profile, self.found)

    def _read(self, start: int, rows: int) -> pl.DataFrame:
        try:
            part = self._scan.slice(start, rows).select(
                *(self._text(name).alias(self._places[name]) for name in self._places),
                *(pl.col(name).count().alias(f"\0{name}") for name in self.found.unmapped if name in self._plain),
            )
            return part.collect().with_row_index(ROW, offset=start + 1)
        except (pl.exceptions.PolarsError, OSError):
            raise TableBrokenError(file=str(self.found.path), kind="Parquet") from None

    def _text(self, name: str) -> pl.Expr:
        """A typed column as text: days and times in ISO form (times of a zone in that zone's own hours)."""
        kind, column = self._plain[name], pl.col(name)
        if isinstance(kind, pl.Datetime):
            return column.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S")
        return column.cast(pl.String)

    def _place(self, frame: pl.DataFrame) -> pl.DataFrame:
        return raw_frame(frame, self._profile, self.found)

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:  # noqa: ARG002 (typed rows are whole)
        """Raw frames. Raises TableBrokenError."""
        for start in range(0, self._height, min(rows, _SLICE)):
            part = self._read(start, min(rows, _SLICE))
            for name in [n for n in self.found.unmapped if f"\0{n}" in part.columns]:
                self.found.unmapped[name] += int(part.get_column(f"\0{name}")[0])
            self.found.rows += part.height
            batch = self._place(part)
            forms.learn(batch, self._profile, self.found)
            yield batch


class NdjsonFile:
    """One file of JSON objects, one a line."""

    def __init__(self, path: Path, number: int, sniffed: Sniffed, *, mapping: Mapping[str, str]) -> None:
        """Finds the keys of the sample."""
        self.found = FileFound(path, number, "ndjson", encoding=sniffed.encoding, bom=sniffed.skip > 0)
        self._mapping = mapping
        self._sniffed = sniffed
        keys: dict[str, None] = {}
        for line in sniffed.sample.split("\n"):
            keys.update(dict.fromkeys(_object(line) or ()))
        self.names = list(keys)

    def bind(self, profile: Profile) -> None:
        """Place the keys and find the date forms. Raises MappingError, ColumnsUnknownError."""
        self._profile = profile
        self._places = map_columns(self.names, profile, self.found, self._mapping)
        lines = [line for line in self._sniffed.sample.split("\n") if _object(line) is not None][:5000]
        frame = self._frame([json.loads(line) for line in lines], list(range(1, len(lines) + 1)))
        forms.prime(self._place(frame), profile, self.found)

    def _frame(self, objects: list[dict[str, Any]], rows: list[int]) -> pl.DataFrame:
        data = {target: [_text(entry.get(name)) for entry in objects] for name, target in self._places.items()}
        return pl.DataFrame({ROW: rows, **data}, schema={ROW: pl.UInt32(), **dict.fromkeys(data, pl.String())})

    def _place(self, frame: pl.DataFrame) -> pl.DataFrame:
        return raw_frame(frame, self._profile, self.found)

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:
        """Raw frames; a line that is no JSON object is a reject. A key that comes late and has no place is counted."""
        objects: list[dict[str, Any]] = []
        numbers: list[int] = []
        line = row = 0
        sniffed = self._sniffed
        for block in utf8_blocks(self.found.path, skip=sniffed.skip, encoding=sniffed.encoding, size=_BLOCK):
            for raw in block.removesuffix(b"\n").split(b"\n"):
                line += 1
                if not raw.strip():
                    continue
                row += 1
                entry = _object(raw)
                if entry is None:
                    rejects.add(self.found, _broken(self.found.number, line, raw))
                    continue
                for name in entry.keys() - self._places.keys():
                    self.found.unmapped[name] += entry[name] is not None
                objects.append(entry)
                numbers.append(row)
                if len(objects) >= min(rows, _SLICE):
                    yield self._batch(objects, numbers)
                    objects, numbers = [], []
        if objects:
            yield self._batch(objects, numbers)

    def _batch(self, objects: list[dict[str, Any]], numbers: list[int]) -> pl.DataFrame:
        self.found.rows += len(objects)
        batch = self._place(self._frame(objects, numbers))
        forms.learn(batch, self._profile, self.found)
        return batch


def _object(line: str | bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _broken(file: int, line: int, raw: bytes) -> Reject:
    try:
        json.loads(raw)
        column = 1
    except json.JSONDecodeError as error:
        column = error.colno
    except (ValueError, RecursionError):
        column = 1
    return Reject(file, "line", line, "reject.json-line", raw, inside=f"character {column}", facts={"column": column})


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
