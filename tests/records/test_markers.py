"""References are stable, differ between copies, and lead back to copy and row with the master key only."""

import hashlib
import hmac

import polars as pl
import pytest

from records_views_kit import MASTER, whole
from scelle.records.markers import Candidate, MarkerKeyError, copy_key, copy_keys, find_copy, row_references


def test_a_reference_is_that_of_the_formula() -> None:
    frame = whole().head(3)
    key = copy_key(MASTER, batch="b1", organisation="cnam")
    assert key == hmac.new(MASTER, b"scelle/v1/records-marker\ncopy\nb1\ncnam", hashlib.sha256).digest()
    by_hand = hmac.new(key.hex().encode(), b"0:2", hashlib.sha256).hexdigest()[:32]
    assert row_references(frame, key)[1] == by_hand


def test_copies_and_batches_have_references_of_their_own() -> None:
    frame = whole()
    named = [("b1", "cnam"), ("b1", "ars-idf"), ("b2", "cnam")]
    series = [row_references(frame, copy_key(MASTER, batch=b, organisation=o)) for b, o in named]
    assert pl.concat(series).n_unique() == 3 * frame.height
    again = row_references(frame.reverse(), copy_key(MASTER, batch="b1", organisation="cnam")).reverse()
    assert again.equals(series[0])


def test_a_leaked_part_names_its_copy() -> None:
    frame = whole()
    leaked = row_references(frame, copy_key(MASTER, batch="b1", organisation="ars-idf")).gather([5, 700, 5])
    copies = [Candidate(b, o, {0: frame.height}) for b in ("b0", "b1") for o in ("cnam", "ars-idf")]
    texts = [f" {text.upper()} " for text in leaked] + ["no reference"]
    found = find_copy(texts, MASTER, copies).sort("_row")
    assert found.select("batch", "organisation").unique().rows() == [("b1", "ars-idf")]
    assert found["_row"].to_list() == frame["_row"].gather([5, 700]).to_list()
    assert find_copy(texts, bytes(32), copies).height == 0


def test_keys_must_be_whole() -> None:
    for master, batch in ((b"short", "b"), (MASTER, ""), (MASTER, "a\nb")):
        with pytest.raises(MarkerKeyError):
            copy_keys(master, batch=batch, organisation="cnam")
