"""Help pages of inventory, freezes and the logs."""

_FD = "read the passphrase from this file descriptor (its first line)"
_FREEZE = "id of the freeze, or the beginning of it; “scelle freezes” lists them"

WORDS = {
    "inventory": "list everything that the service holds and that concerns your organisation",
    "inventory --passphrase-fd": _FD,
    "freeze": "cut off at once; one officer freezes, lifting it takes two",
    "freeze --reason": "why; only officers, DPOs and administrators of your organisation can read it",
    "freeze --passphrase-fd": _FD,
    "freeze SCOPE": (
        "what to stop, the narrowest first: a transfer, a key, a desk, your organisation (org), the whole service "
        "(officers of the host)"
    ),
    "freeze ID": "which transfer, key (or member) or desk; for org, your own when absent",
    "freezes": "list the freezes that concern your organisation",
    "freezes --all": "those that were lifted, too",
    "freezes --passphrase-fd": _FD,
    "lift": "propose to lift a freeze; another officer must confirm within 24 hours",
    "lift --passphrase-fd": _FD,
    "lift ID": _FREEZE,
    "confirm": "confirm another officer's proposal to lift a freeze",
    "confirm --passphrase-fd": _FD,
    "confirm ID": _FREEZE,
    "log": "check and read the logs",
    "log verify": "recompute both logs and check every entry, signature and record that you may read",
    "log verify --key": "public key of a log, for a folder, proof or service that is not that of your home",
    "log verify --url": "check the logs of this service without being a member; needs --key",
    "log verify --passphrase-fd": _FD,
    "log verify PATH": "an exported folder or a .tlog-proof file, checked offline; without, the service's own logs",
    "log export": "write both logs, and the records that you may read, into a new folder",
    "log export --passphrase-fd": _FD,
    "log export DIR": "the folder to make",
    "log proof": "write the proof that an entry is in a log, for checking offline",
    "log proof --log": "which log; activity by default",
    "log proof --output": "file to write; by default LOG-INDEX.tlog-proof",
    "log proof --passphrase-fd": _FD,
    "log proof INDEX": "index of the entry, as other commands print it",
    "log tail": "show what happened last, each record checked against the log",
    "log tail --from": "everything from this entry on",
    "log tail --last": "at most so many entries; by default 20",
    "log tail --transfer": "only what is about this transfer",
    "log tail --passphrase-fd": _FD,
}
