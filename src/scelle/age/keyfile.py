"""Keys as text: identity files as age-keygen writes them, recipients files, identity files under a passphrase."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from scelle.age import hybrid
from scelle.age.armor import dearmor, looks_armored
from scelle.age.errors import KeyTextError
from scelle.age.file import open_bytes
from scelle.age.header import Identity
from scelle.age.hybrid import HybridIdentity, HybridRecipient
from scelle.age.x25519 import X25519Identity, X25519Recipient
from scelle.base.errors import MalformedError

AnyIdentity: TypeAlias = HybridIdentity | X25519Identity
AnyRecipient: TypeAlias = HybridRecipient | X25519Recipient

MAX_KEY_TEXT = 1 << 24
"""Longest key file that is read, in bytes."""

_MAGIC = b"age-encryption.org/"


def parse_recipient(text: str) -> AnyRecipient:
    """Read `age1pq1…` or `age1…`. Raises MalformedError."""
    if text.startswith(hybrid.RECIPIENT_PREFIX + "1"):
        return HybridRecipient.parse(text)
    return X25519Recipient.parse(text)


def parse_identity(text: str) -> AnyIdentity:
    """Read `AGE-SECRET-KEY-PQ-1…` or `AGE-SECRET-KEY-1…`. Raises MalformedError."""
    if text.startswith(hybrid.IDENTITY_PREFIX + "1"):
        return HybridIdentity.parse(text)
    return X25519Identity.parse(text)


def encode_identity_file(identity: AnyIdentity, *, now: int) -> str:
    """The text of an identity file: two comments and the secret. `now`: Unix seconds."""
    created = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"# created: {created}\n# public key: {identity.recipient()}\n{identity.encode()}\n"


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    if len(data) > MAX_KEY_TEXT:
        raise KeyTextError(line=0, why="the file is too long")
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise KeyTextError(line=number, why="not text") from None
        if text and not text.startswith("#"):
            yield number, text


def parse_identities(data: bytes) -> list[AnyIdentity]:
    """The identities of an identity file, one a line, with comments and blank lines.

    Raises KeyTextError, naming the line and never its content, also when there is none.
    """
    found: list[AnyIdentity] = []
    for number, text in _lines(data):
        try:
            found.append(parse_identity(text))
        except MalformedError as error:
            raise KeyTextError(line=number, why=str(error.facts["why"])) from None
    if not found:
        raise KeyTextError(line=0, why="no identity")
    return found


def parse_recipients(data: bytes) -> list[AnyRecipient]:
    """The recipients of a recipients file, one a line, with comments and blank lines. Raises KeyTextError."""
    found: list[AnyRecipient] = []
    for number, text in _lines(data):
        try:
            found.append(parse_recipient(text))
        except MalformedError as error:
            raise KeyTextError(line=number, why=str(error.facts["why"])) from None
    if not found:
        raise KeyTextError(line=0, why="no recipient")
    return found


def is_sealed(data: bytes) -> bool:
    """Whether an identity file is itself an age file, to be opened before it is parsed."""
    return data.startswith(_MAGIC) or looks_armored(data)


def open_identities(data: bytes, identities: Sequence[Identity]) -> list[AnyIdentity]:
    """The identities of a sealed identity file, binary or armored. Raises AgeError or KeyTextError."""
    return parse_identities(open_bytes(dearmor(data) if looks_armored(data) else data, identities))
