"""The wire codec: what a message writes it reads, and it reads nothing else."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.base.codec import MAX_INTEGER, decode_json, encode_json
from scelle.base.errors import MalformedError
from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.base.wire import (
    Message,
    boolean,
    data,
    desk_id,
    freeze_id,
    integer,
    key_id,
    many,
    nested,
    one_of,
    org_id,
    text,
    transfer_id,
    utf8,
    wire,
)


@dataclass(frozen=True)
class Inner(Message):
    """Something inside."""

    size: int = wire(integer(low=1, high=10))
    label: str | None = wire(text(low=1, high=4), optional=True)


@dataclass(frozen=True)
class Everything(Message):
    """One of each.

    And a second paragraph.
    """

    MAX_SIZE: ClassVar[int] = 4096
    organisation: OrgId = wire(org_id)
    desk: DeskId = wire(desk_id)
    key: KeyId = wire(key_id)
    transfer: TransferId = wire(transfer_id)
    freeze: FreezeId = wire(freeze_id)
    kind: str = wire(one_of("one", "two"))
    flag: bool = wire(boolean)
    count: int = wire(integer())
    word: str = wire(text(low=1, high=8))
    digest: bytes = wire(data(32))
    blob: bytes = wire(data(high=16))
    statement: bytes = wire(utf8(high=64))
    inner: Inner = wire(nested(Inner))
    list_: tuple[Inner, ...] = wire(many(nested(Inner), high=3))
    maybe: int | None = wire(integer(), optional=True)


IDS = st.from_regex(r"[a-z2-7]{25}[aeimquy4]", fullmatch=True)
ORGS = st.from_regex(r"[a-z][a-z0-9]{1,10}(-[a-z0-9]{1,5})?", fullmatch=True)
INNER = st.builds(Inner, size=st.integers(1, 10), label=st.none() | st.text(min_size=1, max_size=4))
MESSAGES = st.builds(
    Everything,
    organisation=ORGS.map(OrgId),
    desk=st.tuples(ORGS, ORGS).map(lambda pair: DeskId("/".join(pair))),
    key=st.from_regex(r"[0-9a-f]{32}", fullmatch=True).map(KeyId),
    transfer=IDS.map(TransferId),
    freeze=IDS.map(FreezeId),
    kind=st.sampled_from(["one", "two"]),
    flag=st.booleans(),
    count=st.integers(0, MAX_INTEGER),
    word=st.text(min_size=1, max_size=8),
    digest=st.binary(min_size=32, max_size=32),
    blob=st.binary(max_size=16),
    statement=st.text(max_size=64).map(str.encode),
    inner=INNER,
    list_=st.lists(INNER, max_size=3).map(tuple),
    maybe=st.none() | st.integers(0, MAX_INTEGER),
)

ONE = Everything(
    organisation=OrgId("cnam"),
    desk=DeskId("cnam/tracing"),
    key=KeyId("0" * 32),
    transfer=TransferId("a" * 26),
    freeze=FreezeId("a" * 26),
    kind="one",
    flag=True,
    count=1,
    word="é",
    digest=bytes(32),
    blob=b"x",
    statement="— x\n".encode(),
    inner=Inner(size=1),
    list_=(Inner(size=1, label="x"),),
    maybe=3,
)
NAMES = sorted(ONE.to_json())

# Values of another form for each member; none of them may be read.
WRONG: dict[str, list[Any]] = {
    "organisation": ["", "A", "a", "a--b", 1, None],
    "desk": ["cnam", "cnam/", "/x", None],
    "key": ["0" * 31, "0" * 33, "G" * 32, None],
    "transfer": ["a" * 25, "a" * 25 + "b", 7],
    "freeze": ["a" * 27, "A" * 26, []],
    "kind": ["three", "", None, ["one"], {"one": 1}],
    "flag": [0, 1, "true", None],
    "count": [-1, MAX_INTEGER + 1, True, "1", None],
    "word": ["", "123456789", 1, None, ["a"]],
    "digest": ["", "AA==", "A" * 43, "A" * 44, "é" * 44, 5],
    "blob": ["A", "AB==", "A" * 24, None],
    "statement": ["a" * 65, 1, None],
    "inner": [{}, [], {"size": 0}, {"size": 1, "other": 1}, {"size": 1, "label": None}, None],
    "list": [{}, [1], [{"size": 11}], [{"size": 1}] * 4, None],
    "maybe": [None, -1, "3", False],
}


@given(MESSAGES)
def test_both_directions(message: Everything) -> None:
    raw = message.encode()
    assert Everything.decode(raw) == message
    assert Everything.decode(raw).encode() == raw
    assert Everything.from_json(message.to_json()) == message


def test_an_absent_member_is_not_written() -> None:
    value = ONE.to_json()
    del value["maybe"]
    message = Everything.from_json(value)
    assert message.maybe is None
    assert message.to_json() == value


def test_a_trailing_underscore_is_not_written() -> None:
    assert "list" in NAMES
    assert "list_" not in NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name != "maybe"])
def test_a_missing_member_is_refused(name: str) -> None:
    value = ONE.to_json()
    del value[name]
    with pytest.raises(MalformedError) as caught:
        Everything.from_json(value)
    assert caught.value.facts["why"] == f"{name} is missing"


def test_every_member_has_wrong_values() -> None:
    assert sorted(WRONG) == NAMES == sorted(each.name.rstrip("_") for each in fields(Everything))


@pytest.mark.parametrize(("name", "wrong"), [(name, value) for name in NAMES for value in WRONG[name]])
def test_a_member_of_another_form_is_refused_and_named(name: str, wrong: Any) -> None:
    with pytest.raises(MalformedError) as caught:
        Everything.from_json({**ONE.to_json(), name: wrong})
    assert str(caught.value.facts["what"]).startswith(f"Everything: {name}")


@given(st.text(max_size=6).filter(lambda name: name not in NAMES))
def test_an_unknown_member_is_refused(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Everything.from_json({**ONE.to_json(), name: 1})
    assert "unknown member" in str(caught.value.facts["why"])


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        Everything.from_json(value)


def test_another_spelling_is_refused_unless_asked_for() -> None:
    raw = encode_json(ONE.to_json()).replace(b'"kind":', b'"kind": ')
    assert Everything.decode(raw, canonical=False) == ONE
    with pytest.raises(MalformedError):
        Everything.decode(raw)


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    raw = b" " * (4097 - len(ONE.encode())) + ONE.encode()
    assert Everything.decode(raw[1:], canonical=False) == ONE
    with pytest.raises(MalformedError) as caught:
        Everything.decode(raw, canonical=False)
    assert caught.value.facts["why"] == "longer than 4096 bytes"


def test_a_field_that_says_nothing_of_its_form_is_a_defect() -> None:
    @dataclass(frozen=True)
    class Careless(Message):
        plain: int = 0

    with pytest.raises(TypeError):
        Careless().to_json()


def test_the_schema_says_the_same() -> None:
    schema = Everything.json_schema()
    assert schema["description"] == "One of each."
    assert sorted(schema["properties"]) == NAMES
    assert sorted(schema["required"]) == [name for name in NAMES if name != "maybe"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["inner"] == {"$ref": "#/components/schemas/Inner"}
    assert schema["properties"]["count"] == {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}
    assert Everything.nested_messages() == {Everything, Inner}
    assert decode_json(encode_json(schema)) == schema
