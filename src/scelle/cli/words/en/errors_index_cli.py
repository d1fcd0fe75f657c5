"""Errors of the commands about subject indexes: sentence and advice by code."""

WORDS = {
    "index.epoch-name": (
        "“{epoch}” cannot be the name of an epoch",
        "use a-z, 0-9, dot, hyphen and underscore, {most} characters at most, such as 2026-q4",
    ),
    "index.epoch-taken": (
        "there is an index key of epoch “{epoch}” already, and a second one would make its indexes useless",
        "officers: give the epoch another name; senders: ask the officers which key holds",
    ),
    "index.not-there": (
        "there is no folder “{name}”, and no opened transfer with that id whose files are still there",
        "open the index with “scelle open” first, then name its folder",
    ),
    "index.person": (
        "what was given of the person cannot be read (field {field})",
        (
            "give JSON with birth_name, first_names, birth_date as 1970-01-31, sex, birth_place, nir, phone, "
            "email or sample, each a text"
        ),
    ),
    "index.statement": (
        "{file} is not a statement that issues an index key",
        "ask your data-protection officer for the file again",
    ),
}
