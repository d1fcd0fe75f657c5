"""Errors of subject indexes: sentence and advice by code."""

WORDS = {
    "index.epochs": (
        "these indexes are of different epochs and cannot be joined: {epochs}",
        "ask one epoch at a time, or go through a source that has the persons",
    ),
    "index.key-refused": ("the index key of epoch “{epoch}” cannot be used: {why}", "ask the DPO for it again"),
    "index.malformed": ("{what} is no sound subject index: {why}", "take another copy of it"),
    "index.nothing-sought": (
        "too little was given to look for a person",
        "give birth name, first name, birth date and sex, or NIR and birth date, or a phone, e-mail or sample",
    ),
    "index.refused": ("a dataset of {profile} cannot be indexed: {why}", "name its columns in a profile"),
    "index.wrong-key": (
        "the key of epoch “{given}” is not the one that this index of epoch “{epoch}” was made with",
        "take the key of that epoch",
    ),
}
