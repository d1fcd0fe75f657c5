"""Activity records and their commitments."""

from hashlib import sha256
from typing import Any

import pytest

from exchange_kit import NOW, SALT, TRANSFER, subkey_id
from scelle.activity.record import RECORDS, AboutTransfer, Record, commitment, parse_record
from scelle.base.errors import MalformedError

COMMON: dict[str, Any] = {"time": NOW, "transfer": TRANSFER}
KEYED: dict[str, Any] = {**COMMON, "key": subkey_id("rita"), "statement": "— note\n".encode()}
FROZEN: dict[str, Any] = {"time": NOW, "freeze": "f" * 25 + "a", "statement": b"x"}

FIELDS: dict[str, dict[str, Any]] = {
    "transfer.sealed": {**COMMON, "statement": b"x"},
    "share.released": KEYED,
    "release.refused": {**KEYED, "code": "freeze.active"},
    "transfer.opened": KEYED,
    "transfer.discarded": KEYED,
    "transfer.revoked": {**COMMON, "statement": b"x"},
    "transfer.expired": COMMON,
    "transfer.destroyed": {**COMMON, "reason": "expired", "shares": 2, "parts": 3, "size": 4},
    "frozen": FROZEN,
    "lift.proposed": FROZEN,
    "lifted": {**FROZEN, "proposal": b"y"},
}


def test_every_kind_is_here() -> None:
    assert set(FIELDS) == set(RECORDS)


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_both_directions(kind: str) -> None:
    record = RECORDS[kind](**FIELDS[kind])
    raw = record.to_bytes()
    assert raw.startswith(b"scelle/v1/record/" + kind.encode() + b"\n{")
    assert parse_record(raw) == record
    assert parse_record(raw).to_bytes() == raw
    assert isinstance(record, AboutTransfer) == ("transfer" in FIELDS[kind])


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_a_member_more_or_less(kind: str) -> None:
    import json

    record = RECORDS[kind](**FIELDS[kind])
    value = record.to_json()
    for wrong in ({**value, "name": "x"}, *({k: v for k, v in value.items() if k != gone} for gone in value)):
        raw = f"scelle/v1/record/{kind}\n".encode() + json.dumps(wrong, sort_keys=True, separators=(",", ":")).encode()
        with pytest.raises(MalformedError):
            parse_record(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"scelle/v1/record/transfer.expired",
        b"scelle/v1/record/transfer.expired\n",
        b"scelle/v1/record/transfer.expire\n{}",
        b"scelle/v2/record/transfer.expired\n{}",
        b"scelle/v1/transfer.expired\n{}",
        b"scelle/v1/record/\xff\n{}",
        RECORDS["transfer.expired"](**COMMON).to_bytes() + b"\n",
        RECORDS["transfer.expired"](**COMMON).to_bytes().replace(b",", b", "),
    ],
)
def test_what_is_no_record(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_record(raw)


def test_two_kinds_with_the_same_members_are_different_bytes() -> None:
    opened, discarded = (RECORDS[kind](**KEYED) for kind in ("transfer.opened", "transfer.discarded"))
    assert opened.to_json() == discarded.to_json()
    assert commitment(opened.to_bytes(), salt=SALT) != commitment(discarded.to_bytes(), salt=SALT)


def test_commitment() -> None:
    raw = RECORDS["transfer.expired"](**COMMON).to_bytes()
    assert commitment(raw, salt=SALT) == sha256(SALT + raw).digest()
    for salt in (b"", SALT[:-1], SALT + b"\0"):
        with pytest.raises(MalformedError):
            commitment(raw, salt=salt)


def test_records_name_no_person() -> None:
    allowed = {
        "time",
        "transfer",
        "key",
        "code",
        "statement",
        "reason",
        "shares",
        "parts",
        "size",
        "freeze",
        "proposal",
    }
    assert {name for kind in RECORDS.values() for name in kind.json_schema()["properties"]} == allowed
    assert Record.MAX_SIZE == 3 << 20
