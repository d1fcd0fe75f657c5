from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_kit import HOST, NOW, ORIGIN, signing
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.wire import text, wire
from scelle.exchange.entries import ENTRIES, AcceptSet, DeskCreate, entry_type
from scelle.exchange.errors import OriginWrongError, SignatureInvalidError
from scelle.exchange.keys import ENCRYPTION, SIGNING, SigningKey, signature_holds, signing_key_id
from scelle.exchange.statement import (
    MAX_STATEMENT,
    Act,
    MemberAct,
    Seen,
    Statement,
    parse_statement,
    sign_statement,
    statement_kind,
)
from scelle.tlog.errors import NoteMalformedError
from scelle.tlog.note import ED25519, NoteSignature, NoteVerifier, VerifierKey, key_id, parse_note, verify


@dataclass(frozen=True)
class Said(Act):
    """Something said."""

    KIND: ClassVar[str] = "said"
    words: str = wire(text(high=100))


@dataclass(frozen=True)
class Doubted(Act):
    """The same members under another kind."""

    KIND: ClassVar[str] = "doubted"
    words: str = wire(text(high=100))


ALICE, BOB = signing("alice"), signing("bob")
ACT = Said(time=NOW, nonce=bytes(16), words="déjà vu\u2028\x7f\n— x")
RAW = sign_statement(ACT, origin=ORIGIN, keys=[ALICE])
BOTH = sign_statement(ACT, origin=ORIGIN, keys=[ALICE, BOB])


def parsed(raw: bytes) -> Statement[Said]:
    return parse_statement(raw, Said, origin=ORIGIN)


@given(words=st.text(max_size=100), time=st.integers(0, 2**53 - 1), nonce=st.binary(min_size=16, max_size=16))
@settings(max_examples=50)
def test_both_directions(words: str, time: int, nonce: bytes) -> None:
    act = Said(time=time, nonce=nonce, words=words)
    raw = sign_statement(act, origin=ORIGIN, keys=[ALICE, BOB])
    statement = parsed(raw)
    assert (statement.act, statement.origin, statement.raw) == (act, ORIGIN, raw)
    assert statement.signers == (ALICE.id, BOB.id)
    assert statement_kind(raw) == "said"
    statement.require(ALICE.public, BOB.public)


def test_its_text_is_four_lines() -> None:
    lines = parse_note(RAW).text.decode().split("\n")
    assert lines[:3] == ["scelle/v1/said", ORIGIN, "ed25519"]
    assert lines[3].startswith('{"nonce":"AAAAAAAAAAAAAAAAAAAAAA==","time":1800000000,"words":"')
    assert lines[4:] == [""]


def test_its_signatures_are_those_of_signed_notes() -> None:
    note = parse_note(RAW)
    verifier = NoteVerifier(VerifierKey(ALICE.id, ED25519, ALICE.public))
    assert [found.key.name for found in verify(note, [verifier])] == [ALICE.id]


@pytest.mark.parametrize("publics", [(), (BOB.public,), (ALICE.public, ALICE.public), (ALICE.public, BOB.public)])
def test_exactly_the_signatures_that_are_asked_for(publics: tuple[bytes, ...]) -> None:
    parsed(RAW).require(ALICE.public)
    with pytest.raises(SignatureInvalidError):
        parsed(RAW).require(*publics)


def test_two_signatures_have_an_order() -> None:
    parsed(BOTH).require(ALICE.public, BOB.public)
    for publics in ((BOB.public, ALICE.public), (ALICE.public,), (BOB.public,)):
        with pytest.raises(SignatureInvalidError):
            parsed(BOTH).require(*publics)


def test_a_line_under_anothers_name_or_key_id_is_no_signature() -> None:
    note = parse_note(RAW)
    line = note.signatures[0]
    for wrong in (
        NoteSignature(BOB.id, line.key_id, line.signature),
        NoteSignature(line.name, bytes(4), line.signature),
        NoteSignature(line.name, line.key_id, bytes(64)),
        NoteSignature(line.name, line.key_id, line.signature + b"\0"),
        NoteSignature(line.name, line.key_id, line.signature[:-1]),
        NoteSignature(line.name, key_id(line.name, ED25519, BOB.public), BOB.sign(note.text)),
    ):
        raw = type(note)(note.text, (wrong,)).encode()
        with pytest.raises(SignatureInvalidError):
            parsed(raw).require(ALICE.public)


def test_another_origin() -> None:
    with pytest.raises(OriginWrongError) as caught:
        parse_statement(RAW, Said, origin="other.example")
    assert caught.value.facts == {"wanted": "other.example", "found": ORIGIN}


def test_another_kind() -> None:
    with pytest.raises(MalformedError):
        parse_statement(RAW, Doubted, origin=ORIGIN)


def signed_text(text: str) -> bytes:
    note = parse_note(RAW)
    line = note.signatures[0]
    return type(note)(text.encode(), (NoteSignature(line.name, line.key_id, ALICE.sign(text.encode())),)).encode()


BODY = parse_note(RAW).text.decode().split("\n")[3]


@pytest.mark.parametrize(
    "text",
    [
        f"scelle/v1/said\n{ORIGIN}\ned25519+mldsa44\n{BODY}\n",
        f"scelle/v2/said\n{ORIGIN}\ned25519\n{BODY}\n",
        f"scelle/v1/said \n{ORIGIN}\ned25519\n{BODY}\n",
        f"scelle/v1/said\n{ORIGIN}\ned25519\n{BODY}\n\n",
        f"scelle/v1/said\n{ORIGIN}\ned25519\n{BODY}\nmore\n",
        f"scelle/v1/said\n{ORIGIN}\n{BODY}\n",
        f"scelle/v1/said\n{ORIGIN}\ned25519\n {BODY}\n",
        f'scelle/v1/said\n{ORIGIN}\ned25519\n{BODY[:-1]},"z":1}}\n',
        f"scelle/v1/said\n{ORIGIN}\ned25519\n[]\n",
        f"scelle/v1/said\n{ORIGIN}\ned25519\n\n",
    ],
)
def test_what_is_signed_has_one_form(text: str) -> None:
    with pytest.raises((MalformedError, NoteMalformedError)):
        parsed(signed_text(text))


@given(place=st.integers(0, len(BOTH) - 1), value=st.integers(0, 255))
@settings(max_examples=400)
def test_a_byte_altered_anywhere(place: int, value: int) -> None:
    raw = BOTH[:place] + bytes([value]) + BOTH[place + 1 :]
    if raw == BOTH:
        return
    with pytest.raises(ScelleError):
        parsed(raw).require(ALICE.public, BOB.public)


@given(place=st.integers(0, len(BOTH)), more=st.binary(min_size=1, max_size=3))
@settings(max_examples=200)
def test_a_byte_more_or_less(place: int, more: bytes) -> None:
    for raw in (BOTH[:place] + more + BOTH[place:], BOTH[: max(place - 1, 0)] + BOTH[place:]):
        if raw == BOTH:
            continue
        with pytest.raises(ScelleError):
            parsed(raw).require(ALICE.public, BOB.public)


def test_what_is_too_long() -> None:
    with pytest.raises(NoteMalformedError):
        parsed(RAW + bytes(MAX_STATEMENT))


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"scelle/v2/x\n", b"Scelle/v1/said\n"])
def test_what_is_no_statement(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        statement_kind(raw)
    with pytest.raises((MalformedError, NoteMalformedError)):
        parsed(raw)


def test_an_act_is_its_own_by_its_nonce() -> None:
    other = sign_statement(Said(time=NOW, nonce=bytes(15) + b"\1", words=ACT.words), origin=ORIGIN, keys=[ALICE])
    assert parsed(other).digest != parsed(RAW).digest


def test_members_say_what_they_saw() -> None:
    act = AcceptSet(
        time=1, nonce=bytes(16), seen=Seen(size=3, root=bytes(32)), organisation=HOST, everyone=True, organisations=()
    )
    assert isinstance(act, MemberAct)
    assert act.to_json()["seen"] == {"size": 3, "root": "A" * 43 + "="}


def test_every_kind_of_entry_is_known_by_its_name() -> None:
    assert all(entry_type(kind) is act and kind == act.KIND for kind, act in ENTRIES.items())
    assert entry_type("desk.create") is DeskCreate
    with pytest.raises(MalformedError):
        entry_type("desk.creat")


def test_keys() -> None:
    assert repr(ALICE) == f"SigningKey({ALICE.id})"
    assert signature_holds(ALICE.public, ALICE.sign(b"x"), b"x")
    assert not signature_holds(ALICE.public, ALICE.sign(b"x"), b"y")
    assert not signature_holds(b"\xff" * 32, ALICE.sign(b"x"), b"x")
    assert not signature_holds(b"short", b"", b"x")
    assert SigningKey(bytes(32)).id == signing_key_id(SigningKey(bytes(32)).public)
    assert SIGNING != ENCRYPTION
