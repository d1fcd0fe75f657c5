"""Vectors for other implementers, computed apart from this code, in both directions (tests/vectors/exchange.json)."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scelle.activity.record import TransferExpired, commitment, parse_record
from scelle.base.codec import encode_json
from scelle.base.ids import KeyId, ReleaseShare, TransferId, TransferSeed
from scelle.exchange.entries import entry_type, person_commitment
from scelle.exchange.keys import SigningKey, encryption_key_id, signing_key_id
from scelle.exchange.manifest import Manifest, decode_manifest
from scelle.exchange.padding import padded_size
from scelle.exchange.sealing import (
    Envelope,
    TransferNote,
    note_digest,
    pack,
    receipt_proof,
    share_commitment,
    slot_owner,
    split_seed,
    transfer_key_digest,
    unpack,
    xor,
)
from scelle.exchange.segments import SegmentHasher, combine
from scelle.exchange.statement import parse_statement, sign_statement, statement_kind
from scelle.tlog.tree import leaf_hash

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "exchange.json").read_text("utf-8"))


def raw(text: str) -> bytes:
    return b64decode(text, validate=True)


def test_key_ids() -> None:
    signing, encryption = VECTORS["keys"]
    assert SigningKey(raw(signing["seed"])).public == raw(signing["public"])
    assert SigningKey(raw(signing["seed"])).id == signing_key_id(raw(signing["public"])) == signing["id"]
    assert encryption_key_id(raw(encryption["public"])) == encryption["id"]


@pytest.mark.parametrize("vector", VECTORS["statements"], ids=lambda vector: vector["kind"])
def test_statements(vector: dict[str, Any]) -> None:
    kind = entry_type(vector["kind"])
    keys = [SigningKey(raw(seed)) for seed in vector["seeds"]]
    act = kind.from_json(vector["act"])
    statement = vector["statement"].encode()
    assert sign_statement(act, origin=vector["origin"], keys=keys) == statement
    assert statement_kind(statement) == vector["kind"]
    parsed = parse_statement(statement, kind, origin=vector["origin"])
    parsed.require(*(key.public for key in keys))
    assert parsed.act == act
    assert parsed.signers == tuple(key.id for key in keys)


def test_person() -> None:
    vector = VECTORS["person"]
    assert person_commitment(vector["value"], salt=raw(vector["salt"])) == raw(vector["commitment"])


def test_note_and_transfer_key() -> None:
    vector = VECTORS["note"]
    assert note_digest(TransferNote.from_json(vector["note"]), salt=raw(vector["salt"])) == raw(vector["digest"])
    vector = VECTORS["transfer_key"]
    assert transfer_key_digest(raw(vector["public"])) == raw(vector["digest"])


def test_share() -> None:
    vector = VECTORS["share"]
    transfer, key = TransferId(vector["transfer"]), KeyId(vector["key"])
    share, seed = ReleaseShare(raw(vector["share"])), TransferSeed(raw(vector["seed"]))
    assert split_seed(seed, share) == raw(vector["envelope_share"])
    assert xor(raw(vector["envelope_share"]), share) == seed
    assert share_commitment(transfer, key, share) == raw(vector["commitment"])
    assert slot_owner(transfer, key) == raw(vector["slot_owner"])


def test_envelope() -> None:
    vector = VECTORS["envelope"]
    plaintext = raw(vector["plaintext"])
    envelope = Envelope.decode(unpack(plaintext))
    assert envelope.encode() == vector["json"].encode()
    assert pack(envelope.encode()) == plaintext


def test_receipt() -> None:
    vector = VECTORS["receipt"]
    seed = TransferSeed(raw(vector["seed"]))
    assert receipt_proof(seed, [raw(digest) for digest in vector["files"]]) == raw(vector["proof"])


def test_manifest() -> None:
    vector = VECTORS["manifest"]
    manifest = Manifest.decode(vector["json"].encode())
    assert decode_manifest(manifest.encode(), manifest.transfer) == manifest
    assert manifest.encode() == vector["json"].encode() == encode_json(json.loads(vector["json"]))
    packed = pack(manifest.encode())
    assert (len(packed), sha256(packed).digest()) == (vector["plaintext_size"], raw(vector["plaintext_sha256"]))


def test_padded_sizes() -> None:
    assert [[size, padded_size(size)] for size, _ in VECTORS["padded_sizes"]] == VECTORS["padded_sizes"]


@pytest.mark.parametrize("vector", VECTORS["segments"], ids=lambda vector: str(vector["zeros"]))
def test_segments(vector: dict[str, Any]) -> None:
    hasher = SegmentHasher()
    hasher.feed(bytes(vector["zeros"]))
    assert hasher.digests() == raw(vector["digests"])
    assert hasher.digest() == combine(raw(vector["digests"])) == raw(vector["digest"])


def test_record() -> None:
    vector = VECTORS["record"]
    record = parse_record(vector["record"].encode())
    assert isinstance(record, TransferExpired)
    assert record.to_bytes() == vector["record"].encode()
    entry = commitment(record.to_bytes(), salt=raw(vector["salt"]))
    assert (entry, leaf_hash(entry)) == (raw(vector["commitment"]), raw(vector["leaf_hash"]))
