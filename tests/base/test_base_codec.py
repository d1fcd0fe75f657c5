from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.base.codec import (
    MAX_DEPTH,
    MAX_INTEGER,
    decode_base64,
    decode_base64_raw,
    decode_json,
    encode_base64,
    encode_base64_raw,
    encode_json,
)
from scelle.base.errors import MalformedError
from scelle.base.ids import parse_desk_id, parse_freeze_id, parse_key_id, parse_org_id, parse_transfer_id

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_both_directions(value: Any) -> None:
    raw = encode_json(value)
    assert decode_json(raw) == value
    assert encode_json(decode_json(raw)) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1, "b":2}',
        b'{"b":1,"a":2}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a":-0}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u00e9"}',
    ],
)
def test_another_spelling_is_refused_where_bytes_are_signed(raw: bytes) -> None:
    decode_json(raw, canonical=False)
    with pytest.raises(MalformedError) as caught:
        decode_json(raw)
    assert caught.value.facts["why"] == "not canonical JSON"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"1.0",
        b"1e2",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"01",
        b'{"a":1,"a":1}',
        b"\xff",
        b'"\xed\xa0\x80"',
        b"'a'",
        b"[1,]",
        b'"\t"',
        str(MAX_INTEGER + 1).encode(),
        str(-MAX_INTEGER - 1).encode(),
        b"1" * 5000,
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b"[" * (MAX_DEPTH + 1) + b"1" + b"]" * (MAX_DEPTH + 1),
        b"[" * 100_000,
        b'\xef\xbb\xbf{"a":1}',
    ],
)
@pytest.mark.parametrize("canonical", [True, False])
def test_what_is_never_read(raw: bytes, canonical: bool) -> None:
    with pytest.raises(MalformedError):
        decode_json(raw, canonical=canonical)


def test_the_deepest_nesting() -> None:
    raw = b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
    assert encode_json(decode_json(raw)) == raw


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"x", {1: 2}, MAX_INTEGER + 1, "\ud800", {"\ud800": 1}, {"a": {2}}]
)
def test_what_is_never_written(value: Any) -> None:
    with pytest.raises(MalformedError):
        encode_json(value)


def test_members_are_sorted_by_code_point() -> None:
    assert encode_json({"é": 1, "z": 2, "Z": 3, "\U0001f600": 4, "\uffff": 5}) == (
        '{"Z":3,"z":2,"é":1,"\uffff":5,"\U0001f600":4}'.encode()
    )


@given(st.binary(max_size=40))
def test_base64_both_directions(data: bytes) -> None:
    assert decode_base64(encode_base64(data), size=len(data)) == data
    assert decode_base64_raw(encode_base64_raw(data), size=len(data)) == data


@given(st.text(alphabet="AQgwZz09/+=-_ \n", max_size=8))
def test_base64_has_one_spelling(text: str) -> None:
    for decode, encode in ((decode_base64, encode_base64), (decode_base64_raw, encode_base64_raw)):
        with suppress(MalformedError):
            assert encode(decode(text)) == text


@pytest.mark.parametrize("text", ["QR==", "QQ=", "QQ", "Q", "QQ==\n", "Q Q==", "QQ==QQ==", "é", "-_-_", "QQ==="])
def test_base64_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        decode_base64(text)


def test_base64_of_another_size() -> None:
    with pytest.raises(MalformedError):
        decode_base64(b64encode(bytes(31)).decode(), size=32)


@pytest.mark.parametrize("text", ["ap", "ap-hp", "a1-2-b", "a" * 39])
def test_organisations(text: str) -> None:
    assert parse_org_id(text) == text
    assert parse_desk_id(f"{text}/{text}") == f"{text}/{text}"


@pytest.mark.parametrize(
    "text", ["", "a", "A-b", "1a", "-ab", "ab-", "a--b", "a" * 40, "ab\n", "aé", "a_b", "a.b", "ab ", "аb"]
)
def test_organisations_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_org_id(text)
    with pytest.raises(MalformedError):
        parse_desk_id(f"cnam/{text}")
    with pytest.raises(MalformedError):
        parse_desk_id(f"{text}/cnam")


def test_desks_refused() -> None:
    for text in ("cnam", "cnam/a/b", "/", "cnam//tracing"):
        with pytest.raises(MalformedError):
            parse_desk_id(text)


def test_key_transfer_and_freeze_ids() -> None:
    assert parse_key_id("0123456789abcdef" * 2) == "0123456789abcdef" * 2
    for wrong in ("", "0" * 31, "0" * 33, "0" * 31 + "A", "0" * 31 + "g", "0" * 32 + "\n"):
        with pytest.raises(MalformedError):
            parse_key_id(wrong)
    for parse in (parse_transfer_id, parse_freeze_id):
        assert parse("z7" * 12 + "za") == "z7" * 12 + "za"
        for wrong in ("", "a" * 25, "a" * 27, "a" * 25 + "b", "A" * 26, "a" * 25 + "1", "a" * 26 + "\n"):
            with pytest.raises(MalformedError):
                parse(wrong)
