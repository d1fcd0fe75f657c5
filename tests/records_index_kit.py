"""Indexes of generated people and of made-up rows, for tests of subject indexes."""

from collections.abc import Mapping

import polars as pl

from records_rules_kit import PROFILE, raw
from scelle.records.blind import IndexKey
from scelle.records.index import Index, IndexWriter, decode
from scelle.records.normalise import normalise

KEY = IndexKey("2020-09", bytes(range(32)))
OTHER = IndexKey("2020-10", bytes(range(1, 33)))


def index_of(frame: pl.DataFrame, *, key: IndexKey = KEY) -> Index:
    """The index of a typed frame."""
    writer = IndexWriter(key, PROFILE, batch="b", transfers=["t"], created=0)
    return decode(dict([*writer.feed(frame), *writer.finish()]))


def index_of_rows(*rows: Mapping[str, str | None], key: IndexKey = KEY) -> Index:
    """The index of variants of the sound row."""
    return index_of(normalise(raw(rows), PROFILE).frame, key=key)
