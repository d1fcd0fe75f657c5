"""Rows as Parquet, one file a batch (zstd, level 1), so that each can leave while the next is made."""

from io import BytesIO

import polars as pl


class ParquetWriter:
    """Files `name-0001.parquet`, `name-0002.parquet`, …, all with the same columns."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def write(self, view: pl.DataFrame) -> list[tuple[str, bytes]]:
        """The file of this batch; nothing for a batch without rows."""
        if not view.height:
            return []
        self._count += 1
        file = BytesIO()
        view.write_parquet(file, compression="zstd", compression_level=1)
        return [(f"{self._name}-{self._count:04}.parquet", file.getvalue())]

    def finish(self) -> list[tuple[str, bytes]]:
        """Nothing: every file is complete when it is made."""
        return []
