"""Errors of sealed files: sentence and advice by code."""

_DAMAGED = "fetch the file again; nothing of it was written"

WORDS = {
    "age.armor": ("the text form of the sealed file is broken: {why}", _DAMAGED),
    "age.armor-truncated": ("the text form of the sealed file lacks its end", _DAMAGED),
    "age.chunk": ("the sealed file is corrupt (part {chunk})", _DAMAGED),
    "age.empty-chunk": ("the sealed file is corrupt: its last part {chunk} is empty", _DAMAGED),
    "age.header": ("the header of the sealed file is broken: {why}", _DAMAGED),
    "age.header-too-long": ("the header of the sealed file is longer than {limit:size}", "seal to fewer recipients"),
    "age.header-truncated": ("the sealed file ends inside its header", _DAMAGED),
    "age.hmac": ("the header of the sealed file was altered", _DAMAGED),
    "age.key-text": (
        "line {line} of the key file is no key: {why}",
        "check that this is the file you mean; the line itself is not shown, it may be a secret",
    ),
    "age.mixed-recipients": (
        "recipients of different strength do not go together in one file",
        "seal once to the age1pq1… keys and once to the others; a passphrase stands alone",
    ),
    "age.no-match": (
        "no key given here opens this file",
        "{passphrase:choose check the passphrase|give the identity file of one of its recipients with -i}",
    ),
    "age.not-age": ("this is not an age file", "check that it is the sealed file, and that it is not empty"),
    "age.range": ("the part asked for is outside the file, which has {size:size}", "ask for a part that it has"),
    "age.recipients": ("a file cannot be sealed to {count} recipients", "name one at least, and not thousands"),
    "age.stanza": ("the {type} entry in the header of the sealed file is broken: {why}", _DAMAGED),
    "age.trailing": ("there are bytes after the end of the sealed file", _DAMAGED),
    "age.truncated": ("the sealed file is truncated: part {chunk} is missing or cut", _DAMAGED),
    "age.version": ("this is an age file of version {version}, which this program does not know", "look for an update"),
    "age.work-factor": (
        "the file asks for more work than is allowed to try a passphrase (2^{limit})",
        "be wary of this file; have it sealed again by someone you trust",
    ),
}
