"""Help pages of the commands about subject indexes."""

WORDS = {
    "index": "keys of subject indexes, and what indexes answer: how many persons, who is in two, where one is",
    "index issue": (
        "draw the index key of an epoch and write the statement that takes it to the senders (data-protection officer)"
    ),
    "index issue --output": (
        "new file for the statement; inside, the key is sealed to senders and officers of your organisation"
    ),
    "index issue --passphrase-fd": "read the passphrase from this file descriptor (its first line)",
    "index issue EPOCH": "name of the epoch, such as 2026-q4: a-z, 0-9, dot, hyphen; each is issued once",
    "index take": "take the index key that your data-protection officer issued, so that what you send is indexed",
    "index take --passphrase-fd": "read the passphrase from this file descriptor (its first line)",
    "index take FILE": "the statement",
    "index keys": "list the index keys that you hold, by epoch; the keys themselves are not shown",
    "index keys --passphrase-fd": "read the passphrase from this file descriptor (its first line)",
    "index count": "how many distinct persons are in indexes, as a range",
    "index count --by": "also count by this fact; cells of few persons are not shown",
    "index count INDEX": "folders that indexes were opened into, or ids of transfers that you opened",
    "index overlap": "how many persons are in both of two indexes",
    "index overlap A": "folder that an index was opened into, or id of its transfer",
    "index overlap B": "the other one",
    "index find": (
        "find the rows of a person who asks (GDPR, article 15); who it is, is asked, or read as JSON "
        "from standard input"
    ),
    "index find --request": "number of the request in your register; it goes into the log of searches. No name",
    "index find --passphrase-fd": "read the passphrase from this file descriptor (its first line)",
    "index find INDEX": "folders that indexes were opened into, or ids of transfers that you opened; all of one epoch",
}
