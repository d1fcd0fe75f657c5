"""What reading found out about files of records, for people and programs; names and places, never a value of a row."""

from typing import TYPE_CHECKING

from scelle.cli.terminal import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scelle.base.codec import Json
    from scelle.cli.words import Words
    from scelle.records.ingest import FileFound, Found, Note, Reject

_FORMATS = {
    "csv": "CSV",
    "parquet": "Parquet",
    "xlsx": "XLSX",
    "ndjson": "NDJSON",
    "hl7": "HL7 v2",
    "fhir": "FHIR",
    "fhir-ndjson": "FHIR (NDJSON)",
}
_HEADED = ("csv", "xlsx")
_ENCODINGS = {"latin-1": "Latin-1", "cp1252": "Windows-1252"}
_INSIDE = {"column": "records.place-column", "character": "records.place-character"}
_UNITS = {
    "line": "records.place-line",
    "message": "records.place-message",
    "entry": "records.place-entry",
    "row": "records.place-row",
}
_PARTS = ("%d", "%m", "%Y", "%H", "%M", "%S", "%z")
_NAMED = 6
"""Names of columns, and rejects, that are told; of more, the number."""


def found_lines(file: "FileFound", words: "Words") -> list[str]:
    """One file: what it is, what was made of its columns and dates, and what is odd."""
    form = words("records.file", name=str(file.path), form=_FORMATS[file.format])
    if file.encoding:
        form += ", " + _ENCODINGS.get(file.encoding, file.encoding.upper())
    if file.bom:
        form += ", " + words("records.file-bom")
    if file.delimiter:
        mark = words("records.tab") if file.delimiter == "\t" else file.delimiter
        form += ", " + words("records.file-delimiter", mark=mark)
    numbered = "records.numbered" if file.format in _HEADED else "cell.count"
    rows = [(words("label.records-rows"), words(numbered, n=file.rows))]
    if file.columns:
        rows.append((words("label.records-columns"), words("records.columns", n=len(file.columns))))
    if file.unmapped:
        rows.append((words("label.records-unmapped"), _named(list(file.unmapped), words)))
    if file.missing:
        rows.append((words("label.records-missing"), _named(file.missing, words)))
    rows += [("" if number else words("label.records-dates"), text) for number, text in enumerate(_dates(file, words))]
    return [form, *pairs(rows), *(f"  {_noted(note, words)}" for note in file.notes.values())]


def _noted(note: "Note", words: "Words") -> str:
    said = note.said
    if "forms" in said:
        said["forms"] = _readable(str(said["forms"]), words)
    return words(note.code, **said)


def _named(names: "Sequence[str]", words: "Words") -> str:
    shown = ", ".join(names[:_NAMED])
    return words("records.and-more", names=shown, n=len(names) - _NAMED) if len(names) > _NAMED else shown


def _dates(file: "FileFound", words: "Words") -> list[str]:
    """Each way of writing dates, with the columns that have it."""
    by_form: dict[str, list[str]] = {}
    for name, column in file.columns.items():
        if column.forms:
            form = words("records.or").join(_readable(pattern, words) for pattern in column.patterns)
            if column.ambiguous:
                form = words("records.day-first", form=form)
            by_form.setdefault(form, []).append(name)
    return [words("records.dates-of", form=form, names=", ".join(names)) for form, names in by_form.items()]


def _readable(pattern: str, words: "Words") -> str:
    """`%d/%m/%Y` as a person writes it: DD/MM/YYYY."""
    for part, letters in zip(_PARTS, words("records.date-letters").split(), strict=True):
        pattern = pattern.replace(part, letters)
    return pattern


def reject_place(reject: "Reject", found: "Found", words: "Words") -> str:
    """Where a reject is: `results.csv, line 12`, `feed.hl7, message 3, OBX 2`."""
    place = words(_UNITS[reject.unit], n=reject.number)
    if reject.inside:
        unit, _, number = reject.inside.partition(" ")
        known = _INSIDE.get(unit)
        place += f", {words(known, n=int(number)) if known and number.isdigit() else reject.inside}"
    return f"{found.files[reject.file].path}, {place}"


def reject_lines(rejects: "Sequence[Reject]", found: "Found", words: "Words") -> list[str]:
    """How many parts of the files are in no row, and the first of them with place and reason."""
    if not rejects:
        return []
    lines = [words("records.rejects", n=len(rejects))]
    for reject in rejects[:_NAMED]:
        place, why = reject_place(reject, found, words), words(reject.code, **reject.facts)
        lines.append(words("records.reject", place=place, why=why))
    if len(rejects) > _NAMED:
        lines.append(words("records.rejects-more", n=len(rejects) - _NAMED))
    return lines


def found_data(file: "FileFound", words: "Words") -> "Json":
    """One file, for programs."""
    return {
        "path": str(file.path),
        "format": file.format,
        "encoding": file.encoding,
        "bom": file.bom,
        "delimiter": file.delimiter,
        "rows": file.rows,
        "columns": {
            name: {
                "source": column.name,
                "how": column.how,
                "dates": list(column.patterns),
                "ambiguous": column.ambiguous,
                "decimal": column.decimal,
            }
            for name, column in file.columns.items()
        },
        "unmapped": dict(file.unmapped),
        "missing": list(file.missing),
        "notes": [
            {"code": note.code, "number": note.number, "count": note.count, "text": _noted(note, words)}
            for note in file.notes.values()
        ],
    }


def reject_data(reject: "Reject", found: "Found", words: "Words") -> "Json":
    """One reject, for programs: place and reason."""
    return {
        "file": str(found.files[reject.file].path),
        "unit": reject.unit,
        "number": reject.number,
        "inside": reject.inside,
        "field": reject.field,
        "code": reject.code,
        "reason": words(reject.code, **reject.facts),
        "shown": reject.shown,
    }
