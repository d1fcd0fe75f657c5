"""Strict codecs: base64 (RFC 4648 §4, padded and raw) and canonical JSON.

Every decoder accepts exactly what its encoder writes: one value has one encoding, so that a digest over bytes
and a digest over the value they stand for cannot part ways.
"""

import binascii
import json
from base64 import b64encode
from typing import Any, TypeAlias

from scelle.base.errors import MalformedError

Json: TypeAlias = Any  # str | int | bool | None | list[Json] | dict[str, Json]; checked by `canonical`

MAX_DEPTH = 16
"""Deepest nesting of a JSON value that is read."""

MAX_INTEGER = 2**53 - 1
"""Largest integer written or read (RFC 7493 §2.2)."""


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode("ascii")


def decode_base64(text: str, *, size: int | None = None, what: str = "base64") -> bytes:
    """Decode padded standard base64, refusing any other spelling of the same bytes.

    `size`: the exact number of bytes wanted. Raises MalformedError.
    """
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError):
        raise MalformedError(what=what, why="not base64") from None
    if encode_base64(data) != text:
        raise MalformedError(what=what, why="not canonical base64")
    if size is not None and len(data) != size:
        raise MalformedError(what=what, why=f"{len(data)} bytes instead of {size}")
    return data


def encode_base64_raw(data: bytes) -> str:
    """Standard base64 without padding (the form of the age format)."""
    return encode_base64(data).rstrip("=")


def decode_base64_raw(text: str, *, size: int | None = None, what: str = "base64") -> bytes:
    """Decode unpadded standard base64, refusing padding and non-zero trailing bits. Raises MalformedError."""
    if text.endswith("="):
        raise MalformedError(what=what, why="padded base64")
    return decode_base64(text + "=" * (-len(text) % 4), size=size, what=what)


def _check_text(value: str, what: str) -> None:
    # An escaped lone surrogate is a Python string that no encoder takes: it must not travel further than this.
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedError(what=what, why="not Unicode text") from None


def _check(value: Json, depth: int, what: str) -> None:
    if depth > MAX_DEPTH:
        raise MalformedError(what=what, why=f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        _check_text(value, what)
        return
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise MalformedError(what=what, why="integer out of range")
        return
    if isinstance(value, list):
        for item in value:
            _check(item, depth + 1, what)
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise MalformedError(what=what, why="a member name is not a string")
            _check_text(name, what)
            _check(item, depth + 1, what)
        return
    raise MalformedError(what=what, why=f"a {type(value).__name__} is not allowed")


def encode_json(value: Json, *, what: str = "JSON") -> bytes:
    """Canonical JSON: UTF-8, no white space, members sorted by code point, integers only, no NaN.

    Raises MalformedError for floats, over-large integers, deep nesting and lone surrogates.
    """
    _check(value, 0, what)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("member twice")
    return found


def _refuse(token: str) -> None:
    raise ValueError(f"number {token}")


def _integer(token: str) -> int:
    if len(token) > 17:
        raise ValueError("integer out of range")
    return int(token)


def decode_json(data: bytes, *, what: str = "JSON", canonical: bool = True) -> Json:
    """Decode JSON bytes; with `canonical`, only the one spelling that `encode_json` writes is accepted.

    Floats, NaN, members given twice, deep nesting and what is not Unicode text are always refused.
    Raises MalformedError.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        raise MalformedError(what=what, why="not strict JSON") from None
    _check(value, 0, what)
    if canonical and encode_json(value, what=what) != data:
        raise MalformedError(what=what, why="not canonical JSON")
    return value


class Fields:
    """Reads the members of a decoded JSON object by name and type; what is left over is an error.

    A reader that asks for each member it knows and then calls `done` accepts exactly its own format.
    """

    def __init__(self, value: Json, what: str) -> None:
        if not isinstance(value, dict):
            raise MalformedError(what=what, why="not an object")
        self._left: dict[str, Json] = dict(value)
        self.what = what

    def bad(self, name: str, why: str) -> MalformedError:
        """The error for a member that has the wrong form."""
        return MalformedError(what=self.what, why=f"{name}: {why}")

    def take(self, name: str) -> Json:
        """A member of any type. Raises MalformedError when it is absent."""
        if name not in self._left:
            raise self.bad(name, "missing")
        return self._left.pop(name)

    def has(self, name: str) -> bool:
        """Whether a member is present and not yet taken."""
        return name in self._left

    def text(self, name: str, *, max_length: int = 4096) -> str:
        """A string member of at most `max_length` characters."""
        value = self.take(name)
        if not isinstance(value, str):
            raise self.bad(name, "not a string")
        if len(value) > max_length:
            raise self.bad(name, f"longer than {max_length}")
        return value

    def integer(self, name: str, *, low: int = 0, high: int = MAX_INTEGER) -> int:
        """An integer member between `low` and `high`."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.bad(name, f"not an integer from {low} to {high}")
        return value

    def boolean(self, name: str) -> bool:
        """A boolean member."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.bad(name, "not true or false")
        return value

    def data(self, name: str, *, size: int | None = None) -> bytes:
        """A base64 member, of exactly `size` bytes when given."""
        return decode_base64(self.text(name, max_length=1 << 24), size=size, what=f"{self.what}: {name}")

    def items(self, name: str, *, max_items: int = 4096) -> list[Json]:
        """A list member of at most `max_items`."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) > max_items:
            raise self.bad(name, f"not a list of at most {max_items}")
        return value

    def texts(self, name: str, *, max_items: int = 4096, max_length: int = 256) -> list[str]:
        """A list of strings."""
        found = self.items(name, max_items=max_items)
        for item in found:
            if not isinstance(item, str) or len(item) > max_length:
                raise self.bad(name, "not a list of short strings")
        return list(found)

    def object(self, name: str) -> "Fields":
        """A nested object."""
        return Fields(self.take(name), f"{self.what}: {name}")

    def objects(self, name: str, *, max_items: int = 4096) -> "list[Fields]":
        """A list of nested objects."""
        return [Fields(item, f"{self.what}: {name}") for item in self.items(name, max_items=max_items)]

    def done(self) -> None:
        """Refuse members that nobody asked for."""
        if self._left:
            raise MalformedError(what=self.what, why=f"unknown member {min(self._left)}")
