"""Invitation codes: what a newcomer is given to join, in a text that survives e-mail and telephone.

A code carries whose invitation it is, the seed of a one-use Ed25519 invite key (the service knows only its public
key: joining is signed by the newcomer's own key *and* by this one), and the digest of the service's first directory
entry, so that nothing is trusted blindly on first use. Text form: `scelle1`, then groups of five base32 characters
(RFC 4648 §6, lower case) joined by hyphens, over: kind, length of the organisation id, the id, seed (32 bytes),
anchor (32 bytes), and the first 4 bytes of SHA-256 over all that (spec/exchange.md, joining). Reading ignores case,
hyphens and white space of every kind.
"""

import base64
import unicodedata
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, OrgId, parse_org_id
from scelle.exchange.errors import InvitationMalformedError, InvitationMistypedError, InvitationTruncatedError

_PREFIX = "scelle1"
_CHECKSUM_DOMAIN = b"scelle/v1/invitation\n"
_CHECKSUM = 4
_SEED = 32
_ANCHOR = 32
_LONGEST_TEXT = 4096
_LONGEST_ORG = 39
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


class InvitationKind(IntEnum):
    """Who invites whom."""

    ORGANISATION = 1
    """The operator invites an organisation that the service does not have yet."""

    MEMBER = 2
    """An administrator invites a member of their organisation."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to join as, or in, the organisation `org`.

    `seed`: of the invite key; a secret. `anchor`: SHA-256 of the service's directory entry 0. Raises
    MalformedError for parts of the wrong form.
    """

    kind: InvitationKind
    org: OrgId
    seed: bytes = field(repr=False)
    anchor: Digest

    def __post_init__(self) -> None:
        parse_org_id(self.org)
        if len(self.seed) != _SEED or len(self.anchor) != _ANCHOR:
            raise MalformedError(what="invitation", why="seed and anchor are 32 bytes each")

    def invite_key(self) -> Ed25519PrivateKey:
        """The one-use key that signs the joining statement beside the newcomer's own."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def _checksum(body: bytes) -> bytes:
    return sha256(_CHECKSUM_DOMAIN + body).digest()[:_CHECKSUM]


def _spell(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def encode_invitation(invitation: Invitation) -> str:
    """The code of an invitation. It is a secret until it is used."""
    org = invitation.org.encode("ascii")
    body = bytes((invitation.kind, len(org))) + org + invitation.seed + invitation.anchor
    text = _spell(body + _checksum(body))
    return "-".join((_PREFIX, *(text[start : start + 5] for start in range(0, len(text), 5))))


def _is_filler(char: str) -> bool:
    # Hyphens and white space in every variety that mail programs and text editors make of them.
    return char.isspace() or unicodedata.category(char) in ("Pd", "Cf", "Cc") or char == "\u2212"


def parse_invitation(code: str) -> Invitation:
    """Read an invitation code as a person may have typed or pasted it.

    Raises InvitationMalformedError (no code, or of a later version), InvitationTruncatedError (its end is
    missing), InvitationMistypedError (a wrong, missing or extra character).
    """
    text = "".join(char for char in code[:_LONGEST_TEXT] if not _is_filler(char)).lower()
    if not text.startswith(_PREFIX):
        raise InvitationMalformedError(why="prefix")
    text = text[len(_PREFIX) :]
    if not _ALPHABET.issuperset(text):
        raise InvitationMistypedError()
    data = base64.b32decode(text.ljust(max(8, -(-len(text) // 8) * 8), "a"), casefold=True)
    org_end = 2 + data[1]
    size = org_end + _SEED + _ANCHOR + _CHECKSUM
    wanted = (size * 8 + 4) // 5
    if org_end <= 2 + _LONGEST_ORG and len(text) < wanted:
        raise InvitationTruncatedError(missing=wanted - len(text))
    body, checksum = data[: size - _CHECKSUM], data[size - _CHECKSUM : size]
    if checksum != _checksum(body) or _spell(data[:size]) != text:
        raise InvitationMistypedError()
    try:
        return Invitation(
            kind=InvitationKind(body[0]),
            org=parse_org_id(body[2:org_end].decode("ascii")),
            seed=body[org_end : org_end + _SEED],
            anchor=Digest(body[org_end + _SEED :]),
        )
    except (ValueError, MalformedError):  # well spelled, but not by this version
        raise InvitationMalformedError(why="version") from None
