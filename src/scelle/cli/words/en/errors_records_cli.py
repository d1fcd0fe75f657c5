"""Errors of the commands about datasets: sentence and advice by code."""

WORDS = {
    "records.no-row": (
        "no row could be read: {count:count} {count:plural part was|parts were} set aside",
        "look at the reasons above; the file is probably of another form",
    ),
    "usage.day": ("“{value}” is not a day, as {option} needs", "write it as 2026-03-14"),
    "usage.mapping": (
        "“{value}” does not say which column is which",
        "write it as SOURCE=COLUMN, the file's column first",
    ),
}
