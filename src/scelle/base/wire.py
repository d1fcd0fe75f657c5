"""Messages: dataclasses whose fields say how they are written as JSON, read strictly, and described.

A field is declared with `wire(codec)`. A message reads exactly the members that it declares: one more, one less or
one of another form is a MalformedError that names it. The same declaration yields the JSON Schema of the API
description, so that the two cannot part ways.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

from scelle.base.codec import MAX_INTEGER, Json, decode_base64, decode_json, encode_base64, encode_json
from scelle.base.errors import MalformedError
from scelle.base.ids import parse_desk_id, parse_freeze_id, parse_key_id, parse_org_id, parse_transfer_id

T = TypeVar("T")
M = TypeVar("M", bound="Message")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How values of one type are written as JSON and read back. `decode` raises MalformedError."""

    encode: Callable[[T], Json]
    decode: Callable[[Json, str], T]
    schema: dict[str, Json]
    message: "type[Message] | None" = None
    """The message type nested in it, for the API description."""


def wire(codec: Codec[T], *, optional: bool = False) -> Any:
    """Declare a dataclass field. `optional`: absent when None."""
    metadata = {"codec": codec, "optional": optional}
    return field(default=None, metadata=metadata) if optional else field(metadata=metadata)


def _text(value: Json, what: str, low: int, high: int) -> str:
    if not isinstance(value, str):
        raise MalformedError(what=what, why="not a string")
    if not low <= len(value) <= high:
        raise MalformedError(what=what, why=f"not {low} to {high} characters")
    return value


def text(*, low: int = 0, high: int = 256) -> Codec[str]:
    """A string of `low` to `high` characters."""
    schema: dict[str, Json] = {"type": "string", "minLength": low, "maxLength": high}
    return Codec(lambda value: value, lambda value, what: _text(value, what, low, high), schema)


def _checked(parse: Callable[[str], T], pattern: str) -> Codec[T]:
    def decode(value: Json, what: str) -> T:
        try:
            return parse(_text(value, what, 1, 256))
        except MalformedError as error:
            raise MalformedError(what=what, why=str(error.facts["why"])) from None

    return Codec(lambda value: value, decode, {"type": "string", "pattern": pattern})


org_id = _checked(parse_org_id, "^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
desk_id = _checked(parse_desk_id, "^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z][a-z0-9]*(-[a-z0-9]+)*$")
key_id = _checked(parse_key_id, "^[0-9a-f]{32}$")
transfer_id = _checked(parse_transfer_id, "^[a-z2-7]{25}[aeimquy4]$")
freeze_id = _checked(parse_freeze_id, "^[a-z2-7]{25}[aeimquy4]$")


def one_of(*values: str) -> Codec[str]:
    """One of a few fixed strings."""

    def decode(value: Json, what: str) -> str:
        if not isinstance(value, str) or value not in values:
            raise MalformedError(what=what, why="not one of " + ", ".join(values))
        return value

    return Codec(lambda value: value, decode, {"type": "string", "enum": list(values)})


def integer(*, low: int = 0, high: int = MAX_INTEGER) -> Codec[int]:
    """An integer from `low` to `high`."""

    def decode(value: Json, what: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise MalformedError(what=what, why=f"not an integer from {low} to {high}")
        return value

    return Codec(lambda value: value, decode, {"type": "integer", "minimum": low, "maximum": high})


def _boolean(value: Json, what: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedError(what=what, why="not true or false")
    return value


boolean: Codec[bool] = Codec(lambda value: value, _boolean, {"type": "boolean"})


def data(size: int | None = None, *, high: int = 1 << 20) -> Codec[bytes]:
    """Bytes as padded base64: exactly `size`, or at most `high`."""

    def decode(value: Json, what: str) -> bytes:
        limit = high if size is None else size
        found = decode_base64(_text(value, what, 0, (limit + 2) // 3 * 4), size=size, what=what)
        if len(found) > limit:
            raise MalformedError(what=what, why=f"longer than {limit} bytes")
        return found

    schema: dict[str, Json] = {"type": "string", "contentEncoding": "base64"}
    return Codec(encode_base64, decode, schema)


def utf8(*, high: int = 1 << 20) -> Codec[bytes]:
    """Bytes that are UTF-8 text, written as the string itself (signed notes)."""

    def decode(value: Json, what: str) -> bytes:
        return _text(value, what, 0, high).encode()

    return Codec(lambda value: value.decode(), decode, {"type": "string", "maxLength": high})


def many(item: Codec[T], *, low: int = 0, high: int = 4096) -> Codec[tuple[T, ...]]:
    """A list of `low` to `high` items."""

    def encode(values: Sequence[T]) -> Json:
        return [item.encode(value) for value in values]

    def decode(value: Json, what: str) -> tuple[T, ...]:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise MalformedError(what=what, why=f"not a list of {low} to {high}")
        return tuple(item.decode(each, what) for each in value)

    schema: dict[str, Json] = {"type": "array", "items": item.schema, "minItems": low, "maxItems": high}
    return Codec(encode, decode, schema, item.message)


def nested(kind: type[M]) -> Codec[M]:
    """Another message."""
    return Codec(
        lambda value: value.to_json(),
        kind.from_json,
        {"$ref": f"#/components/schemas/{kind.__name__}"},
        kind,
    )


_DECLARED: dict[type[Any], tuple[tuple[str, Codec[Any], bool], ...]] = {}


def _declared(kind: type[Any]) -> tuple[tuple[str, Codec[Any], bool], ...]:
    known = _DECLARED.get(kind)
    if known is not None:
        return known
    found = []
    for each in fields(kind):
        if "codec" not in each.metadata:
            raise TypeError(f"{kind.__name__}.{each.name} is not declared with wire()")
        found.append((each.name.rstrip("_"), each.metadata["codec"], each.metadata["optional"]))
    _DECLARED[kind] = tuple(found)
    return _DECLARED[kind]


@dataclass(frozen=True)
class Message:
    """Base of everything that travels as JSON. A trailing underscore of a field name is not written."""

    MAX_SIZE: ClassVar[int] = 1 << 20
    """Largest encoded size in bytes that `decode` accepts."""

    def to_json(self) -> dict[str, Json]:
        """The message as a JSON object."""
        result: dict[str, Json] = {}
        for (name, codec, optional), each in zip(_declared(type(self)), fields(self), strict=True):
            value = getattr(self, each.name)
            if value is None and optional:
                continue
            result[name] = codec.encode(value)
        return result

    @classmethod
    def from_json(cls, value: Json, what: str | None = None) -> Self:
        """Read a JSON object strictly. Raises MalformedError naming the member that is wrong."""
        what = what or cls.__name__
        if not isinstance(value, dict):
            raise MalformedError(what=what, why="not an object")
        found: dict[str, Any] = {}
        seen = 0
        for (name, codec, optional), each in zip(_declared(cls), fields(cls), strict=True):
            if name not in value:
                if not optional:
                    raise MalformedError(what=what, why=f"{name} is missing")
                continue
            seen += 1
            found[each.name] = codec.decode(value[name], f"{what}: {name}")
        if seen != len(value):
            known = {name for name, _, _ in _declared(cls)}
            raise MalformedError(what=what, why="unknown member " + min(set(value) - known)[:64])
        return cls(**found)

    def encode(self) -> bytes:
        """Canonical JSON bytes."""
        return encode_json(self.to_json(), what=type(self).__name__)

    @classmethod
    def decode(cls, raw: bytes, *, canonical: bool = True) -> Self:
        """Read from JSON bytes of at most MAX_SIZE. Raises MalformedError."""
        if len(raw) > cls.MAX_SIZE:
            raise MalformedError(what=cls.__name__, why=f"longer than {cls.MAX_SIZE} bytes")
        return cls.from_json(decode_json(raw, what=cls.__name__, canonical=canonical))

    @classmethod
    def json_schema(cls) -> dict[str, Json]:
        """JSON Schema 2020-12 of the message, for the API description."""
        declared = _declared(cls)
        return {
            "type": "object",
            "description": (cls.__doc__ or "").split("\n", 1)[0],
            "properties": {name: codec.schema for name, codec, _ in declared},
            "required": [name for name, _, optional in declared if not optional],
            "additionalProperties": False,
        }

    @classmethod
    def nested_messages(cls) -> "set[type[Message]]":
        """Every message type that this one contains, itself included."""
        found: set[type[Message]] = {cls}
        for _, codec, _ in _declared(cls):
            if codec.message is not None:
                found |= codec.message.nested_messages()
        return found
