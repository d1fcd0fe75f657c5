"""Errors of views, policies and row references: sentence and advice by code."""

WORDS = {
    "marker.key": ("the key for row references cannot be used ({what})", "give the 32 bytes of the right key"),
    "policy.malformed": ("{file} is not a policy: {key}: {why}", "correct it there"),
    "policy.unknown": ("there is no policy “{policy}”", "name one of: {known}"),
    "view.refused": ("{desk} cannot get this view: {what}: {why}", "choose another policy, format or desk"),
}
