"""Rejects as files that a person can mend and read again: the format of the source, and a list of reasons beside it."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from scelle.records.ingest.found import FileFound, Reject

_SUFFIX: Final = {"csv": ".csv", "hl7": ".hl7", "ndjson": ".ndjson", "fhir": ".ndjson", "fhir-ndjson": ".ndjson"}


def reject_files(
    file: FileFound, rejects: Sequence[Reject], *, header: str = "", say: Callable[[Reject], str] | None = None
) -> dict[str, bytes]:
    """Name → content of the files for the rejects of one source file: what to mend, and why (`….reasons.csv`).

    The first has the lines, messages or entries as they were, behind `header` (the source's own, for CSV); the other
    lists, for each in that order, its number there, place in the source, column, code, reason in words (by `say`) and
    the part at fault, masked. Names begin with that of the source. Empty when the file has no rejects.
    """
    own = [reject for reject in rejects if reject.file == file.number]
    if not own:
        return {}
    end = b"\r" if file.format == "hl7" else b"\n"
    lines = [header.encode("utf-8")] if header else []
    name = f"{Path(file.path).stem}-rejects"
    listing = io.StringIO()
    table = csv.writer(listing, delimiter=";", lineterminator="\n")
    table.writerow(("number", "file", "place", "field", "code", "reason", "shown"))
    for number, reject in enumerate(own, 1):
        lines.append(reject.raw)
        reason = say(reject) if say is not None else reject.reason
        table.writerow((number, Path(file.path).name, reject.place, reject.field, reject.code, reason, reject.shown))
    return {
        f"{name}{_SUFFIX[file.format]}": end.join([*lines, b""]),
        f"{name}.reasons.csv": listing.getvalue().encode("utf-8"),
    }
