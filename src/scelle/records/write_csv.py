"""Rows as CSV for French spreadsheets: `;`, UTF-8, byte order mark on request, no cell that acts as a formula."""

import polars as pl

FORMULA = "^[=+\\-@\t\r\n]"
"""How a cell begins that a spreadsheet would take for a formula; such a cell gets an apostrophe in front."""

_DATE, _TIME = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text that looks like a formula, column names too."""
    changes = []
    for name, kind in frame.schema.items():
        if kind == pl.String() and frame[name].str.contains(FORMULA).any():
            text = pl.col(name)
            changes.append(
                pl.when(text.str.contains(FORMULA)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)
            )
    frame = frame.with_columns(changes)
    odd = frame.columns and pl.Series(frame.columns).str.contains(FORMULA).any()
    return frame.rename({name: f"'{name}" for name in frame.columns if name[:1] in "=+-@\t\r\n"}) if odd else frame


class CsvWriter:
    """One file, written as batches come."""

    def __init__(self, name: str, *, bom: bool = False) -> None:
        self._name = f"{name}.csv"
        self._bom = bom
        self._begun = False

    def write(self, view: pl.DataFrame) -> list[tuple[str, bytes]]:
        """The next piece of the file; the first one has the header. Nothing for a batch without rows."""
        if not view.height:
            return []
        text = neutralised(view).write_csv(
            separator=";",
            include_header=not self._begun,
            include_bom=self._bom and not self._begun,
            date_format=_DATE,
            datetime_format=_TIME,
            quote_style="necessary",
        )
        self._begun = True
        return [(self._name, text.encode())]

    def finish(self) -> list[tuple[str, bytes]]:
        """Nothing: the file is complete after every batch."""
        return []
