"""Help pages of sending and receiving."""

_FD = "read the passphrase from this file descriptor (its first line)"
_ID = "id of the transfer, or the beginning of it"
_ALL = "list all, not only the newest 50"

WORDS = {
    "send": "seal files and folders and send them to desks; the same command goes on after an interruption",
    "send --to": "desks of organisations, with commas between: cnam/tracing,ars-idf/cases",
    "send --purpose": "one line that tells the recipients what this is; the service cannot read it",
    "send --expires": "how long it can be opened: 7d, 12h, 90m; by default 7d; the service may allow less",
    "send --collected": "day on which the data was collected, YYYY-MM-DD; the expiry never exceeds its retention",
    "send --retention": (
        "how long the source lets this data be kept from that day; 90d by default, which the rule of your source "
        "should replace"
    ),
    "send --legal-basis": "code of the legal basis, for the recipients",
    "send --passphrase-fd": _FD,
    "send PATH": "files and folders to send; a folder keeps its tree",
    "sent": "list the transfers that you sent, and what became of them",
    "sent --all": _ALL,
    "sent --passphrase-fd": _FD,
    "revoke": "take a transfer back: nobody can open it any more, and it is destroyed",
    "revoke --recipient": "take it back from this organisation alone",
    "revoke --passphrase-fd": _FD,
    "revoke ID": _ID,
    "inbox": "list the transfers that were sent to you",
    "inbox --all": _ALL,
    "inbox --passphrase-fd": _FD,
    "show": "show one transfer, checked against the log",
    "show --passphrase-fd": _FD,
    "show ID": _ID,
    "open": "open a transfer into a folder; the opening is logged; the same command goes on after an interruption",
    "open --into": "folder for the files; nothing in it is overwritten",
    "open --passphrase-fd": _FD,
    "open ID": _ID,
    "discard": "attest, signed and logged, that you have deleted an opened copy",
    "discard --passphrase-fd": _FD,
    "discard ID": _ID,
}
