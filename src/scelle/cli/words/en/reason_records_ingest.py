"""Reasons of errors of reading that are English already: nothing to put otherwise."""

WORDS: dict[str, str] = {}
