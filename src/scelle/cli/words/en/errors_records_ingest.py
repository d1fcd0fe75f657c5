"""Errors of reading records: sentence and advice by code."""

_AGAIN = "ask for the file again; nothing was sent"

WORDS = {
    "records.binary": (
        "{file} is not a table and not messages (it looks like {kind})",
        "give CSV, Parquet, XLSX, NDJSON, HL7 v2 or FHIR; unpack archives first",
    ),
    "records.document-too-large": (
        "{file} has {size:size}; a document that can only be read whole may have {limit:size}",
        "split it, or write one Bundle a line",
    ),
    "records.empty": ("{file} is empty", _AGAIN),
    "records.encoding": ("{file} is not sound {encoding}: see line {line:count}", _AGAIN),
    "records.file-unreadable": ("{file} cannot be read: {why}", "check the path and the rights"),
    "records.header-only": ("{file} has a header and no row", _AGAIN),
    "records.json": (
        "{file} is not a sound JSON document: line {line:count}, character {column:count}: {why}",
        "if it ends too early it was cut on the way; " + _AGAIN,
    ),
    "records.line-too-long": (
        "line {line:count} of {file} does not end within {limit:size}",
        "this is no table of records; check the line ends and the delimiter of messages",
    ),
    "records.mapping": (
        "the mapping of “{source}” to “{column}” does not work: {why}",
        "columns are named as in the header of the file and as in the profile",
    ),
    "records.no-columns": (
        "none of the {columns:count} columns of {file} is a column of {profile}",
        "check that the first line is the header, name another profile, or give a mapping",
    ),
    "records.table-broken": ("{file} is damaged: it cannot be opened as {kind}", _AGAIN),
    "records.too-many-rejects": (
        "reading {file} was stopped: {count:count} parts of it cannot be read ({kind})",
        "it is probably a file of another form; look at its first lines",
    ),
    "records.workbook-bomb": (
        "{file} was not opened: {why} (limit {limit:count})",
        "be wary of this workbook; have the table exported as CSV",
    ),
}
