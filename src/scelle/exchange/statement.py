"""Signed statements: what a member or the service says, kept byte for byte (spec/exchange.md §2).

A statement is a C2SP signed note. Its text is four lines: `scelle/v1/<kind>`, the service's origin, the suite, and
one line of canonical JSON. It carries exactly the signatures that its kind asks for, in order, and no other line:
so one act has one encoding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Generic, TypeVar

from scelle.base.codec import decode_json
from scelle.base.errors import MalformedError
from scelle.base.ids import Digest
from scelle.base.wire import Message, data, integer, nested, wire
from scelle.exchange.errors import OriginWrongError, SignatureInvalidError
from scelle.exchange.keys import SigningKey, signature_holds, signing_key_id
from scelle.tlog.note import ED25519, Note, NoteSignature, key_id, parse_note

PREFIX = "scelle/v1/"
SUITE = "ed25519"
MAX_STATEMENT = 1 << 20
"""Largest statement in bytes."""

NONCE_SIZE = 16


@dataclass(frozen=True)
class Seen(Message):
    """The directory checkpoint that the signer acted on."""

    size: int = wire(integer())
    root: bytes = wire(data(32))


@dataclass(frozen=True)
class Act(Message):
    """Base of what can be stated: when (unix seconds), and a nonce that makes each act its own."""

    KIND: ClassVar[str] = ""
    time: int = wire(integer())
    nonce: bytes = wire(data(NONCE_SIZE))


@dataclass(frozen=True)
class MemberAct(Act):
    """Base of the acts of members: they also name the directory checkpoint that the member saw."""

    seen: Seen = wire(nested(Seen))


A = TypeVar("A", bound=Act)


@dataclass(frozen=True)
class Statement(Generic[A]):
    """A statement whose form is right; `act` may be believed only after `require`."""

    act: A
    origin: str
    raw: bytes
    note: Note

    @property
    def digest(self) -> Digest:
        """SHA-256 over the statement as it is kept."""
        return Digest(sha256(self.raw).digest())

    def require(self, *publics: bytes) -> None:
        """Check that the statement carries exactly the signatures of these Ed25519 keys, in this order.

        Raises SignatureInvalidError.
        """
        if len(publics) != len(self.note.signatures):
            raise SignatureInvalidError(kind=self.act.KIND, key="?")
        for public, line in zip(publics, self.note.signatures, strict=True):
            name = signing_key_id(public)
            if (
                line.name != name
                or line.key_id != key_id(name, ED25519, public)
                or not signature_holds(public, line.signature, self.note.text)
            ):
                raise SignatureInvalidError(kind=self.act.KIND, key=name)

    @property
    def signers(self) -> tuple[str, ...]:
        """The names on the signature lines, not yet verified."""
        return tuple(line.name for line in self.note.signatures)


def sign_statement(act: Act, *, origin: str, keys: Sequence[SigningKey]) -> bytes:
    """Write and sign a statement; returns the bytes to keep."""
    text = "\n".join((PREFIX + act.KIND, origin, SUITE, act.encode().decode(), "")).encode()
    lines = tuple(NoteSignature(key.id, key_id(key.id, ED25519, key.public), key.sign(text)) for key in keys)
    return Note(text, lines).encode()


def statement_kind(raw: bytes) -> str:
    """The kind that the first line names. Raises MalformedError."""
    first = raw[:64].partition(b"\n")[0]
    if not first.startswith(PREFIX.encode()):
        raise MalformedError(what="statement", why="does not begin with " + PREFIX)
    return first[len(PREFIX) :].decode("ascii", "replace")


def parse_statement(raw: bytes, act: type[A], *, origin: str) -> Statement[A]:
    """Read a statement of a kind at an origin; signatures are not checked yet.

    Raises NoteMalformedError, MalformedError, OriginWrongError.
    """
    note = parse_note(raw, max_size=MAX_STATEMENT)
    lines = note.text.decode().split("\n")
    if len(lines) != 5 or lines[0] != PREFIX + act.KIND:
        raise MalformedError(what="statement", why=f"not a {act.KIND} statement")
    if lines[1] != origin:
        raise OriginWrongError(wanted=origin, found=lines[1][:100])
    if lines[2] != SUITE:
        raise MalformedError(what="statement", why="unknown suite")
    body = act.from_json(decode_json(lines[3].encode(), what=act.KIND), act.KIND)
    return Statement(body, origin, raw, note)
