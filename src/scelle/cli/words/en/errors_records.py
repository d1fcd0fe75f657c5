"""Errors of profiles, reference data and generated populations: sentence and advice by code."""

WORDS = {
    "population.refused": ("no population can be made so: {what}, {why}", "change that, then try again"),
    "profile.malformed": ("{file} is not a profile: line {line}, {key}: {why}", "correct it there"),
    "profile.unknown": ("there is no profile “{profile}”", "name a file, or one of: {known}"),
    "reference.damaged": ("the reference data {file} of this installation cannot be read", "install scelle again"),
    "records.held-too-many": (
        "{held:count} of {rows:count} rows would be held, more than {percent} % of them",
        "see what they have in common: the file as a whole is probably not what it should be",
    ),
}
