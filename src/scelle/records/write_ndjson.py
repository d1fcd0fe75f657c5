"""Rows as lines of JSON, and as FHIR bundles, one a line."""

from io import BytesIO

import polars as pl

from scelle.records.write_fhir import fhir_bundles

FLAG_SYSTEM = "urn:scelle:flag"
"""Coding system of the tags of a bundle that name the findings in its row."""

_AT_ONCE = 65_536
_HEAD = '"type":"collection",'


class NdjsonWriter:
    """One file, written as batches come. Dates and times as ISO 8601, what is missing as null."""

    def __init__(self, name: str) -> None:
        self._name = f"{name}.ndjson"

    def write(self, view: pl.DataFrame) -> list[tuple[str, bytes]]:
        """The next lines of the file."""
        if not view.height:
            return []
        file = BytesIO()
        times = [
            pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%S")
            for column, kind in view.schema.items()
            if isinstance(kind, pl.Datetime)
        ]
        view.with_columns(times).write_ndjson(file)
        return [(self._name, file.getvalue())]

    def finish(self) -> list[tuple[str, bytes]]:
        """Nothing: the file is complete after every batch."""
        return []


class FhirWriter:
    """One file of FHIR R4 bundles; `Bundle.id` is the row's reference, and the findings are tags in `Bundle.meta`."""

    def __init__(self, name: str) -> None:
        self._name = f"{name}-fhir.ndjson"

    def write(self, view: pl.DataFrame) -> list[tuple[str, bytes]]:
        """The next lines of the file, in pieces that keep memory flat."""
        return [(self._name, _bundles(part)) for part in view.iter_slices(_AT_ONCE) if part.height]

    def finish(self) -> list[tuple[str, bytes]]:
        """Nothing: the file is complete after every batch."""
        return []


def _bundles(part: pl.DataFrame) -> bytes:
    bundles = fhir_bundles(part, ids="row_ref")
    if "flags" in part.columns:
        tags = pl.concat_str(
            pl.lit(f'{_HEAD}"meta":{{"tag":[{{"system":"{FLAG_SYSTEM}","code":"'),
            pl.col("flags").str.replace_all(" ", f'"}},{{"system":"{FLAG_SYSTEM}","code":"', literal=True),
            pl.lit('"}]},'),
        )
        # The head is of fixed length: 32 digits of reference in it.
        whole, end = pl.col("bundle"), len(f'{{"resourceType":"Bundle","id":"{"0" * 32}",')
        tagged = pl.concat_str(whole.str.slice(0, end), tags, whole.str.slice(end + len(_HEAD)))
        both = pl.DataFrame([bundles, part["flags"]])
        flagged = pl.col("flags").is_not_null()
        bundles = both.select(pl.when(flagged).then(tagged).otherwise(whole).alias("bundle")).to_series()
    file = BytesIO()
    bundles.to_frame().write_csv(file, include_header=False, quote_style="never")
    return file.getvalue()
