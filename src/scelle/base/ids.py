"""Typed identifiers: distinct types for strings and bytes that must not be mixed.

Everything here is ASCII and has one spelling; parsers refuse the rest with MalformedError.
"""

import re
from typing import NewType

from scelle.base.errors import MalformedError

OrgId = NewType("OrgId", str)
"""An organisation: 2 to 39 characters of a-z, 0-9 and single inner hyphens, beginning with a letter."""

DeskId = NewType("DeskId", str)
"""A desk inside an organisation, `org/desk`; both parts have the form of an OrgId."""

KeyId = NewType("KeyId", str)
"""A public key: the first 16 bytes of SHA-256("scelle/v1/key-id" LF kind LF public key), 32 hex digits."""

TransferId = NewType("TransferId", str)
"""A transfer: 16 random bytes as 26 characters of lower-case base32 (RFC 4648 §6, no padding)."""

FreezeId = NewType("FreezeId", str)
"""A freeze: same form as a TransferId."""

ReleaseShare = NewType("ReleaseShare", bytes)
"""The 32-byte half `B_i` of a transfer's seed that the service holds."""

EnvelopeShare = NewType("EnvelopeShare", bytes)
"""The 32-byte half `A_i` of a transfer's seed that a recipient's envelope holds."""

TransferSeed = NewType("TransferSeed", bytes)
"""The 32-byte seed of the age hybrid identity `T` of a transfer."""

Digest = NewType("Digest", bytes)
"""A 32-byte SHA-256 digest."""

LeafHash = NewType("LeafHash", bytes)
"""RFC 6962 leaf hash: SHA-256(0x00 ‖ entry)."""

_ORG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_RANDOM = re.compile(r"[a-z2-7]{25}[aeimquy4]\Z")


def parse_org_id(text: str) -> OrgId:
    """Check the form of an organisation id. Raises MalformedError."""
    if not 2 <= len(text) <= 39 or not _ORG.match(text):
        raise MalformedError(what="organisation id", why="not 2 to 39 of a-z, 0-9 and inner hyphens")
    return OrgId(text)


def parse_desk_id(text: str) -> DeskId:
    """Check the form of a desk id, `org/desk`. Raises MalformedError."""
    org, slash, desk = text.partition("/")
    if not slash:
        raise MalformedError(what="desk", why="not of the form organisation/desk")
    parse_org_id(org)
    parse_org_id(desk)
    return DeskId(text)


def desk_org(desk: DeskId) -> OrgId:
    """The organisation that a desk belongs to."""
    return OrgId(desk.partition("/")[0])


def parse_key_id(text: str) -> KeyId:
    """Check the form of a key id. Raises MalformedError."""
    if not _KEY.match(text):
        raise MalformedError(what="key id", why="not 32 hexadecimal digits")
    return KeyId(text)


def _parse_random(text: str, what: str) -> str:
    if not _RANDOM.match(text):
        raise MalformedError(what=what, why="not 26 characters of base32")
    return text


def parse_transfer_id(text: str) -> TransferId:
    """Check the form of a transfer id. Raises MalformedError."""
    return TransferId(_parse_random(text, "transfer id"))


def parse_freeze_id(text: str) -> FreezeId:
    """Check the form of a freeze id. Raises MalformedError."""
    return FreezeId(_parse_random(text, "freeze id"))
