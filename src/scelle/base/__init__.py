"""Vocabulary that every room shares: errors, typed identifiers, strict codecs."""
