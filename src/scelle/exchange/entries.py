"""What directory entries say: the acts that make organisations, members, keys and desks (spec/exchange.md §3)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Final

from scelle.base.errors import MalformedError
from scelle.base.ids import DeskId, Digest, KeyId, OrgId
from scelle.base.wire import boolean, data, desk_id, integer, key_id, many, one_of, org_id, text, utf8, wire
from scelle.exchange.keys import ROLES
from scelle.exchange.statement import Act, MemberAct

HYBRID_RECIPIENT_SIZE: Final = 1216
"""Bytes of an age hybrid public key (MLKEM768-X25519)."""


def person_commitment(value: str, *, salt: bytes) -> Digest:
    """Salted commitment to a member's name or address: all that the directory says about a person."""
    return Digest(sha256(b"scelle/v1/person\n" + salt + value.encode()).digest())


@dataclass(frozen=True)
class ServiceInit(Act):
    """Entry 0: the host organisation, the keys of both logs and of the service, the witness policy.

    Signed by the service key. Its SHA-256 is the trust anchor that every invitation carries.
    """

    KIND: ClassVar[str] = "service.init"
    host: OrgId = wire(org_id)
    directory_log: str = wire(text(low=1, high=400))
    """vkey of the directory log."""
    activity_log: str = wire(text(low=1, high=400))
    service: bytes = wire(data(32))
    policy: bytes = wire(utf8(high=16384))
    """tlog-policy text; empty when no cosignatures are asked for."""


@dataclass(frozen=True)
class OrganisationInvite(Act):
    """A new organisation may join with the private half of `invite`, once, until `expires`. By the service key."""

    KIND: ClassVar[str] = "organisation.invite"
    organisation: OrgId = wire(org_id)
    invite: bytes = wire(data(32))
    expires: int = wire(integer())


@dataclass(frozen=True)
class OrganisationCreate(Act):
    """An organisation joins with its first administrator's key. Signed by that key and by the invite key."""

    KIND: ClassVar[str] = "organisation.create"
    organisation: OrgId = wire(org_id)
    name: str = wire(text(low=1, high=120))
    invite: bytes = wire(data(32))
    key: bytes = wire(data(32))
    roles: tuple[str, ...] = wire(many(one_of(*ROLES), low=1, high=len(ROLES)))
    person_name: bytes = wire(data(32))
    """Salted commitment to the member's name."""
    person_email: bytes = wire(data(32))
    not_after: int = wire(integer())


@dataclass(frozen=True)
class MemberInvite(MemberAct):
    """Someone may become a member with the private half of `invite`, once. Signed by an administrator."""

    KIND: ClassVar[str] = "member.invite"
    organisation: OrgId = wire(org_id)
    invite: bytes = wire(data(32))
    roles: tuple[str, ...] = wire(many(one_of(*ROLES), low=1, high=len(ROLES)))
    desks: tuple[DeskId, ...] = wire(many(desk_id, high=64))
    expires: int = wire(integer())


@dataclass(frozen=True)
class MemberJoin(Act):
    """An invited member's key; roles and desks are those of the invitation. Signed by the key and the invite key."""

    KIND: ClassVar[str] = "member.join"
    organisation: OrgId = wire(org_id)
    invite: bytes = wire(data(32))
    key: bytes = wire(data(32))
    person_name: bytes = wire(data(32))
    person_email: bytes = wire(data(32))
    not_after: int = wire(integer())


@dataclass(frozen=True)
class SubkeyAdd(MemberAct):
    """An encryption key of a member, to be used from `not_before` until `not_after`. Signed by the member."""

    KIND: ClassVar[str] = "subkey.add"
    organisation: OrgId = wire(org_id)
    recipient: bytes = wire(data(HYBRID_RECIPIENT_SIZE))
    not_before: int = wire(integer())
    not_after: int = wire(integer())


@dataclass(frozen=True)
class DeskCreate(MemberAct):
    """A desk begins to exist. Signed by an administrator of its organisation."""

    KIND: ClassVar[str] = "desk.create"
    desk: DeskId = wire(desk_id)
    title: str = wire(text(high=120))


@dataclass(frozen=True)
class DeskRemove(MemberAct):
    """A desk ceases to exist; its name may be used again, by a new desk without seats."""

    KIND: ClassVar[str] = "desk.remove"
    desk: DeskId = wire(desk_id)


@dataclass(frozen=True)
class DeskSeat(MemberAct):
    """A member takes (`seated`) or leaves a seat at a desk. Signed by an administrator."""

    KIND: ClassVar[str] = "desk.seat"
    desk: DeskId = wire(desk_id)
    member: KeyId = wire(key_id)
    seated: bool = wire(boolean)


@dataclass(frozen=True)
class AcceptSet(MemberAct):
    """From whom an organisation accepts transfers; replaces what it said before. Signed by an administrator."""

    KIND: ClassVar[str] = "accept.set"
    organisation: OrgId = wire(org_id)
    everyone: bool = wire(boolean)
    organisations: tuple[OrgId, ...] = wire(many(org_id))


ENTRIES: Final[dict[str, type[Act]]] = {
    kind.KIND: kind
    for kind in (
        ServiceInit,
        OrganisationInvite,
        OrganisationCreate,
        MemberInvite,
        MemberJoin,
        SubkeyAdd,
        DeskCreate,
        DeskRemove,
        DeskSeat,
        AcceptSet,
    )
}


def entry_type(kind: str) -> type[Act]:
    """The act that a directory entry of a kind states. Raises MalformedError for a kind that is not known."""
    if kind not in ENTRIES:
        raise MalformedError(what="directory entry", why="of a kind that this version does not know")
    return ENTRIES[kind]
