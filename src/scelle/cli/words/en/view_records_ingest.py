"""Why a line, message or entry was set aside, and what was odd in a file, by code."""

WORDS = {
    "note.bom-inside": "a byte order mark in the middle, from line {first:count}: files were put together",
    "note.date-forms": "more than one form of date in {column} ({forms}), from row {first:count}",
    "note.formula": "{count:count} {count:plural cell looks|cells look} like a formula",
    "note.header-repeated": "the header comes again at line {first:count}: files were put together",
    "note.hl7-batch-count": "the batch says {said:count} messages, {there:count} are there",
    "note.hl7-batch-delimiters": "the batch header at line {first:count} declares unusual delimiters",
    "note.hl7-batch-open": "the batch has no end ({segment}): messages may be missing",
    "note.hl7-broken-lines": (
        "{count:count} {count:plural line was|lines were} no segment, and read as part of the one before"
    ),
    "note.hl7-version": "messages of a version other than 2.3 to 2.5.1, from line {first:count}",
    "note.sheet-unread": "sheet {first:count} has another header, and was not read",
    "reject.csv-control": "a zero byte in column {column:count}",
    "reject.csv-delimiter": "the delimiter is {found}, not {wanted}",
    "reject.csv-encoding": "bytes that are no text in column {column:count}",
    "reject.csv-fields": "{fields:count} {fields:plural field|fields} instead of {wanted:count}",
    "reject.csv-quote": "a quote that is not closed, or inside a field, in column {column:count}",
    "reject.fhir-entry": "not a FHIR resource",
    "reject.fhir-no-patient": "a result without its Patient in the same Bundle",
    "reject.fhir-no-result": "an observation that is no test result this program knows",
    "reject.hl7-delimiters": "the delimiters that MSH declares are not those of the message",
    "reject.hl7-kind": "a message of type {kind}, not ORU^R01",
    "reject.hl7-no-patient": "a result message without patient (PID)",
    "reject.hl7-no-result": "none of its {observations:count} observations is a test result this program knows",
    "reject.hl7-stray": "text before the first message",
    "reject.hl7-truncated": "the batch ends within this message",
    "reject.json-line": "not a sound JSON object (character {column:count})",
}
