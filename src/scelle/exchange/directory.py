"""The directory: what the entries of the directory log amount to (spec/exchange.md §3).

Every client and the service replay the same entries through the same rules; who belongs to whom, who may do what
and which keys are valid is computed here and taken from nobody. Everything is remembered with the position from
which, and to which, it held, so that an act can be judged by the directory that its author saw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from scelle.age.hybrid import HybridRecipient
from scelle.base.errors import MalformedError
from scelle.base.ids import DeskId, Digest, KeyId, OrgId, desk_org
from scelle.exchange.entries import (
    AcceptSet,
    DeskCreate,
    DeskRemove,
    DeskSeat,
    MemberInvite,
    MemberJoin,
    OrganisationCreate,
    OrganisationInvite,
    ServiceInit,
    SubkeyAdd,
    entry_type,
)
from scelle.exchange.errors import (
    DeskEmptyError,
    DeskUnknownError,
    EntryRefusedError,
    KeyExpiredError,
    MemberUnknownError,
    OrganisationUnknownError,
    RoleMissingError,
)
from scelle.exchange.keys import Role, encryption_key_id, signing_key_id
from scelle.exchange.statement import Act, MemberAct, Seen, Statement, parse_statement, statement_kind
from scelle.tlog.tiles import MAX_ENTRY
from scelle.tlog.tree import Frontier, leaf_hash

SUBKEY_LIFETIME = 30 * 86400
"""Seconds for which an encryption subkey is written to, from its `not_before`."""

MEMBER_LIFETIME = 2 * 365 * 86400
"""Longest validity of a signing key, in seconds."""


@dataclass
class Span:
    """Positions for which something held: from entry `start` on, until entry `stop`."""

    start: int
    stop: int | None = None

    def covers(self, position: int) -> bool:
        """Whether it held for a directory of `position` entries."""
        return self.start < position and (self.stop is None or position <= self.stop)


def _held(spans: list[Span], at: int | None) -> bool:
    if at is None:
        return bool(spans) and spans[-1].stop is None
    return any(span.covers(at) for span in spans)


@dataclass
class Subkey:
    """An encryption key of a member."""

    key: KeyId
    member: KeyId
    recipient: bytes
    not_before: int
    not_after: int
    since: int


@dataclass
class Member:
    """A signing key that an organisation stands for. `since`: index of the entry that made it."""

    key: KeyId
    public: bytes
    organisation: OrgId
    roles: frozenset[Role]
    since: int
    not_after: int
    person_name: bytes
    person_email: bytes
    subkeys: list[Subkey] = field(default_factory=list)

    def subkey_at(self, now: int) -> Subkey | None:
        """The newest subkey that may be written to at a time."""
        valid = [each for each in self.subkeys if each.not_before <= now < each.not_after]
        return max(valid, key=lambda each: each.since) if valid else None


@dataclass
class Desk:
    """A named group inside an organisation."""

    desk: DeskId
    title: str
    span: Span
    seats: dict[KeyId, list[Span]] = field(default_factory=dict)


@dataclass
class Acceptance:
    """What an organisation said about from whom it accepts, while `span` held."""

    everyone: bool
    organisations: frozenset[OrgId]
    span: Span


@dataclass
class Organisation:
    """An organisation, its members and desks."""

    organisation: OrgId
    name: str
    since: int
    members: dict[KeyId, Member] = field(default_factory=dict)
    desks: dict[DeskId, list[Desk]] = field(default_factory=dict)
    acceptances: list[Acceptance] = field(default_factory=list)


@dataclass
class _Invite:
    organisation: OrgId
    expires: int
    roles: tuple[str, ...] = ()
    desks: tuple[Desk, ...] = ()
    used: bool = False


def _usable(recipient: bytes) -> bool:
    # One that is not would break the sending of everybody who seals to its owner's desk.
    try:
        HybridRecipient(recipient)
    except MalformedError:
        return False
    return True


class Directory:
    """The state after `size` entries. `append` is the only way to change it; it changes all or nothing."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.init: ServiceInit | None = None
        self.anchor: Digest | None = None
        self.organisations: dict[OrgId, Organisation] = {}
        self._members: dict[KeyId, Member] = {}
        self._subkeys: dict[KeyId, Subkey] = {}
        self._invites: dict[bytes, _Invite] = {}
        self._frontier = Frontier()
        self._roots: list[bytes] = [self._frontier.root()]
        self._entries: set[bytes] = set()
        self._rules: dict[str, Callable[[Any, bool], Callable[[], None]]] = {
            ServiceInit.KIND: self._service_init,
            OrganisationInvite.KIND: self._organisation_invite,
            OrganisationCreate.KIND: self._organisation_create,
            MemberInvite.KIND: self._member_invite,
            MemberJoin.KIND: self._member_join,
            SubkeyAdd.KIND: self._subkey_add,
            DeskCreate.KIND: self._desk_create,
            DeskRemove.KIND: self._desk_remove,
            DeskSeat.KIND: self._desk_seat,
            AcceptSet.KIND: self._accept_set,
        }

    # --- what is there --------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of entries replayed."""
        return len(self._roots) - 1

    def root_at(self, size: int) -> bytes:
        """Root of the directory log when it had `size` entries."""
        return self._roots[size]

    def root_after(self, entries: Sequence[bytes]) -> bytes:
        """Root that the directory log would have with these entries appended."""
        frontier = self._frontier.copy()
        frontier.append([leaf_hash(raw) for raw in entries])
        return frontier.root()

    @property
    def seen(self) -> Seen:
        """The directory as an act names it."""
        return Seen(size=self.size, root=self._roots[-1])

    def knows(self, seen: Seen) -> bool:
        """Whether what an act saw is a state that this directory went through."""
        return seen.size <= self.size and self._roots[seen.size] == seen.root

    @property
    def service(self) -> ServiceInit:
        """Entry 0. Raises EntryRefusedError while the directory is empty."""
        if self.init is None:
            raise EntryRefusedError(kind=ServiceInit.KIND, why="the directory is empty")
        return self.init

    def organisation(self, organisation: OrgId) -> Organisation:
        """Raises OrganisationUnknownError."""
        if organisation not in self.organisations:
            raise OrganisationUnknownError(organisation=organisation)
        return self.organisations[organisation]

    def member(self, key: KeyId) -> Member:
        """The member with a signing key. Raises MemberUnknownError."""
        if key not in self._members:
            raise MemberUnknownError(key=key)
        return self._members[key]

    def subkey(self, key: KeyId) -> Subkey | None:
        """The encryption key of an id."""
        return self._subkeys.get(key)

    def desk(self, desk: DeskId) -> Desk:
        """The desk of that name that exists now. Raises OrganisationUnknownError, DeskUnknownError."""
        found = self.organisation(desk_org(desk)).desks.get(desk)
        if not found or found[-1].span.stop is not None:
            raise DeskUnknownError(desk=desk)
        return found[-1]

    def require_role(self, key: KeyId, *roles: Role, now: int) -> Member:
        """The member, if its key is valid at `now` and it has one of the roles (any, when none is named).

        Raises MemberUnknownError, KeyExpiredError, RoleMissingError.
        """
        member = self.member(key)
        if now >= member.not_after:
            raise KeyExpiredError(key=key)
        if roles and not member.roles.intersection(roles):
            raise RoleMissingError(role=" / ".join(roles))
        return member

    def held_role(self, key: KeyId, role: Role, *, at: int) -> bool:
        """Whether a key had a role in the directory of `at` entries."""
        member = self._members.get(key)
        return member is not None and member.since < at and role in member.roles

    def seated(self, desk: DeskId, member: KeyId, *, at: int | None = None) -> bool:
        """Whether a member has a seat at a desk, now or in the directory of `at` entries."""
        organisation = self.organisations.get(desk_org(desk))
        if organisation is None:
            return False
        for each in organisation.desks.get(desk, ()):
            if _held([each.span], at) and _held(each.seats.get(member, []), at):
                return True
        return False

    def accepts(self, organisation: OrgId, sender: OrgId, *, at: int | None = None) -> bool:
        """Whether an organisation accepts transfers of another. One's own always; nobody else until it was said."""
        if organisation == sender:
            return True
        found = self.organisations.get(organisation)
        return found is not None and any(
            _held([each.span], at) and (each.everyone or sender in each.organisations) for each in found.acceptances
        )

    def recipients(self, desk: DeskId, *, now: int) -> list[tuple[Member, Subkey]]:
        """The members to address at a desk: seated, with the recipient's role and valid keys.

        Raises OrganisationUnknownError, DeskUnknownError, DeskEmptyError.
        """
        found = []
        for key, spans in self.desk(desk).seats.items():
            member = self._members[key]
            subkey = member.subkey_at(now)
            if _held(spans, None) and Role.RECIPIENT in member.roles and now < member.not_after and subkey:
                found.append((member, subkey))
        if not found:
            raise DeskEmptyError(desk=desk)
        return found

    def members_with(self, organisation: OrgId, *roles: Role, now: int) -> list[Member]:
        """The valid members of an organisation that have one of the roles."""
        members = self.organisation(organisation).members.values()
        return [each for each in members if now < each.not_after and each.roles.intersection(roles)]

    # --- growth ---------------------------------------------------------------------------------------------

    def append(self, raw: bytes, *, verified: bool = False) -> Act:
        """Apply the next entry. Raises EntryRefusedError, SignatureInvalidError and the errors of parsing.

        `verified`: signatures and keys were checked before (the entry stands under a root that this client verified).
        """
        change, act = self._judge(raw, verified)
        change()
        self._frontier.append([leaf_hash(raw)])
        self._roots.append(self._frontier.root())
        self._entries.add(sha256(raw).digest())
        return act

    def check(self, raw: bytes) -> Act:
        """Whether the entry could be appended; changes nothing. Raises as `append` does."""
        return self._judge(raw, False)[1]

    def _judge(self, raw: bytes, verified: bool) -> tuple[Callable[[], None], Act]:
        kind = statement_kind(raw)
        try:
            statement = parse_statement(raw, entry_type(kind), origin=self.origin)
        except MalformedError as error:
            raise EntryRefusedError(kind=kind[:40], why=str(error.facts.get("why", ""))) from None
        self._need(len(raw) <= MAX_ENTRY, kind, f"longer than {MAX_ENTRY} bytes")
        self._need(sha256(raw).digest() not in self._entries, kind, "it is there already")
        self._need((self.size == 0) == (kind == ServiceInit.KIND), kind, "entry 0 and no other begins the directory")
        act = statement.act
        if isinstance(act, MemberAct):
            self._need(self.knows(act.seen), kind, "its author saw another directory")
        return self._rules[kind](statement, verified), act

    @staticmethod
    def _need(condition: bool, kind: str, why: str) -> None:
        if not condition:
            raise EntryRefusedError(kind=kind, why=why)

    def _administrator(self, statement: Statement[Any], organisation: OrgId, verified: bool) -> None:
        kind, act = statement.act.KIND, statement.act
        self._need(len(statement.signers) == 1, kind, "not signed by one administrator")
        member = self._members.get(KeyId(statement.signers[0]))
        if member is None or member.organisation != organisation or Role.ADMINISTRATOR not in member.roles:
            raise EntryRefusedError(kind=kind, why="not signed by an administrator of the organisation")
        self._need(act.time < member.not_after, kind, "its author's key is past its validity")
        if not verified:
            statement.require(member.public)

    def _service_init(self, statement: Statement[ServiceInit], verified: bool) -> Callable[[], None]:
        act = statement.act
        if not verified:
            statement.require(act.service)

        def change() -> None:
            self.init = act
            self.anchor = statement.digest

        return change

    def _organisation_invite(self, statement: Statement[OrganisationInvite], verified: bool) -> Callable[[], None]:
        act = statement.act
        if not verified:
            statement.require(self.service.service)
        self._need(act.organisation not in self.organisations, act.KIND, "the organisation exists: ids are used once")
        self._need(act.invite not in self._invites, act.KIND, "the invite key was used before")
        invite = _Invite(act.organisation, act.expires)

        def change() -> None:
            self._invites[act.invite] = invite

        return change

    def _take_invite(self, act: OrganisationCreate | MemberJoin, *, roles: bool) -> _Invite:
        invite = self._invites.get(act.invite)
        if invite is None or invite.organisation != act.organisation or bool(invite.roles) != roles:
            raise EntryRefusedError(kind=act.KIND, why="there is no such invitation")
        self._need(not invite.used, act.KIND, "the invitation was used")
        self._need(act.time < invite.expires, act.KIND, "the invitation has lapsed")
        self._need(signing_key_id(act.key) not in self._members, act.KIND, "the key is there already")
        self._need(act.time < act.not_after <= act.time + MEMBER_LIFETIME, act.KIND, "the key's validity is too long")
        return invite

    def _enter(self, act: OrganisationCreate | MemberJoin, roles: tuple[str, ...]) -> Member:
        member = Member(
            key=signing_key_id(act.key),
            public=act.key,
            organisation=act.organisation,
            roles=frozenset(Role(role) for role in roles),
            since=self.size,
            not_after=act.not_after,
            person_name=act.person_name,
            person_email=act.person_email,
        )
        self._members[member.key] = member
        self.organisations[act.organisation].members[member.key] = member
        return member

    def _organisation_create(self, statement: Statement[OrganisationCreate], verified: bool) -> Callable[[], None]:
        act = statement.act
        invite = self._take_invite(act, roles=False)
        if not verified:
            statement.require(act.key, act.invite)
        self._need(act.organisation not in self.organisations, act.KIND, "the organisation exists: ids are used once")
        self._need(Role.ADMINISTRATOR in act.roles, act.KIND, "the first member must be an administrator")

        def change() -> None:
            invite.used = True
            self.organisations[act.organisation] = Organisation(act.organisation, act.name, self.size)
            self._enter(act, act.roles)

        return change

    def _member_invite(self, statement: Statement[MemberInvite], verified: bool) -> Callable[[], None]:
        act = statement.act
        self._administrator(statement, act.organisation, verified)
        self._need(act.invite not in self._invites, act.KIND, "the invite key was used before")
        self._need(len(set(act.desks)) == len(act.desks), act.KIND, "a desk stands twice")
        desks = tuple(self._own_desk(desk, act.organisation, act.KIND) for desk in act.desks)
        invite = _Invite(act.organisation, act.expires, act.roles, desks)

        def change() -> None:
            self._invites[act.invite] = invite

        return change

    def _member_join(self, statement: Statement[MemberJoin], verified: bool) -> Callable[[], None]:
        act = statement.act
        invite = self._take_invite(act, roles=True)
        if not verified:
            statement.require(act.key, act.invite)

        def change() -> None:
            invite.used = True
            member = self._enter(act, invite.roles)
            for desk in invite.desks:
                # Not the desk of that name: one that was removed since and made again begins without seats.
                if desk.span.stop is None:
                    desk.seats.setdefault(member.key, []).append(Span(self.size))

        return change

    def _subkey_add(self, statement: Statement[SubkeyAdd], verified: bool) -> Callable[[], None]:
        act = statement.act
        self._need(len(statement.signers) == 1, act.KIND, "not signed by one member")
        member = self._members.get(KeyId(statement.signers[0]))
        if member is None or member.organisation != act.organisation or act.time >= member.not_after:
            raise EntryRefusedError(kind=act.KIND, why="not signed by a valid member of the organisation")
        if not verified:
            statement.require(member.public)
            self._need(_usable(act.recipient), act.KIND, "not a usable hybrid key")
        key = encryption_key_id(act.recipient)
        self._need(key not in self._subkeys, act.KIND, "the key is there already")
        lifetime = act.not_after - act.not_before
        self._need(0 < lifetime <= SUBKEY_LIFETIME, act.KIND, "the key's validity is too long")

        def change() -> None:
            subkey = Subkey(key, member.key, act.recipient, act.not_before, act.not_after, self.size)
            member.subkeys.append(subkey)
            self._subkeys[key] = subkey

        return change

    def _own_desk(self, desk: DeskId, organisation: OrgId, kind: str) -> Desk:
        self._need(desk_org(desk) == organisation, kind, "the desk is another organisation's")
        found = self.organisations[organisation].desks.get(desk)
        if not found or found[-1].span.stop is not None:
            raise EntryRefusedError(kind=kind, why="there is no such desk")
        return found[-1]

    def _desk_create(self, statement: Statement[DeskCreate], verified: bool) -> Callable[[], None]:
        act = statement.act
        organisation = desk_org(act.desk)
        self._administrator(statement, organisation, verified)
        desks = self.organisations[organisation].desks
        found = desks.get(act.desk)
        self._need(not found or found[-1].span.stop is not None, act.KIND, "the desk exists")

        def change() -> None:
            desks.setdefault(act.desk, []).append(Desk(act.desk, act.title, Span(self.size)))

        return change

    def _desk_remove(self, statement: Statement[DeskRemove], verified: bool) -> Callable[[], None]:
        act = statement.act
        self._administrator(statement, desk_org(act.desk), verified)
        desk = self._own_desk(act.desk, desk_org(act.desk), act.KIND)

        def change() -> None:
            desk.span.stop = self.size

        return change

    def _desk_seat(self, statement: Statement[DeskSeat], verified: bool) -> Callable[[], None]:
        act = statement.act
        organisation = desk_org(act.desk)
        self._administrator(statement, organisation, verified)
        desk = self._own_desk(act.desk, organisation, act.KIND)
        self._need(act.member in self.organisations[organisation].members, act.KIND, "not a member of the organisation")
        spans = desk.seats.get(act.member, [])
        self._need(_held(spans, None) != act.seated, act.KIND, "the seat is so already")

        def change() -> None:
            if act.seated:
                desk.seats.setdefault(act.member, []).append(Span(self.size))
            else:
                spans[-1].stop = self.size

        return change

    def _accept_set(self, statement: Statement[AcceptSet], verified: bool) -> Callable[[], None]:
        act = statement.act
        self._administrator(statement, act.organisation, verified)
        known = self.organisations[act.organisation].acceptances
        fresh = Acceptance(act.everyone, frozenset(act.organisations), Span(self.size))

        def change() -> None:
            if known:
                known[-1].span.stop = self.size
            known.append(fresh)

        return change
