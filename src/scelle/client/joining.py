"""Joining a service with an invitation code, and inviting others (spec/exchange.md §3).

Joining writes its keys before it asks, so that an answer that was lost loses nothing: the same command again finds
the keys and goes on. The home's configuration is written last; until then there is no home.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scelle.base.ids import DeskId, KeyId
from scelle.client.connection import Connection
from scelle.client.home import Home, HomeConfig
from scelle.client.session import SIGNING_SECRET, Session, write_anchor
from scelle.client.vault import Vault
from scelle.exchange.answers import Contact, ContactPage, DirectoryAnswer, JoinRequest, ServiceInfo
from scelle.exchange.directory import MEMBER_LIFETIME
from scelle.exchange.entries import MemberInvite, MemberJoin, OrganisationCreate, person_commitment
from scelle.exchange.invitation import Invitation, InvitationKind, encode_invitation
from scelle.exchange.keys import Role, SigningKey
from scelle.exchange.statement import NONCE_SIZE, sign_statement

INVITATION_LASTS = 7 * 86400
"""Default validity of an invitation, in seconds."""

SALT_SIZE = 32


@dataclass(frozen=True)
class Person:
    """Who joins: kept by the service outside the log, committed to inside it."""

    name: str
    email: str


@dataclass(frozen=True)
class Newcomer:
    """What someone brings who joins. `organisation_name`, `roles`: for the first member of a new organisation only.

    The first member is always an administrator; the roles of an invited member are in the invitation.
    """

    person: Person
    organisation_name: str | None = None
    roles: tuple[Role, ...] = ()


def join(
    folder: Path,
    vault: Vault,
    connection: Connection,
    invitation: Invitation,
    newcomer: Newcomer,
    *,
    draw: Callable[[int], bytes],
    now: Callable[[], int],
) -> Session:
    """Become a member. The home folder is prepared, its configuration not yet written; it is when this returns."""
    if SIGNING_SECRET not in vault.names():
        vault.put(SIGNING_SECRET, draw(32))
    key = SigningKey(vault.get(SIGNING_SECRET))
    info = connection.ask("/v1/service", ServiceInfo)
    # The origin is believed only because entry 0, which the invitation's anchor names, is a statement made for it.
    home = Home(folder, HomeConfig(connection.url, info.origin, invitation.org, key.id))
    write_anchor(home, invitation.anchor)
    session = Session(home, connection, vault=vault, draw=draw, now=now)
    session.check_clock(info.time)
    session.sync()
    organisation = session.directory.organisations.get(invitation.org)
    if organisation is None or key.id not in organisation.members:
        salts = (draw(SALT_SIZE), draw(SALT_SIZE))
        statement = _joining_statement(session, invitation, newcomer, salts)
        contact = Contact(
            key=key.id,
            name=newcomer.person.name,
            name_salt=salts[0],
            email=newcomer.person.email,
            email_salt=salts[1],
        )
        answer = connection.tell("/v1/join", JoinRequest(statements=(statement,), contact=contact), DirectoryAnswer)
        session.accept_entries([statement], answer)
    session.renew_subkey()
    home.save(replace(home.config, roles=tuple(sorted(session.me.roles))))
    return session


def _joining_statement(
    session: Session, invitation: Invitation, newcomer: Newcomer, salts: tuple[bytes, bytes]
) -> bytes:
    invite = SigningKey(invitation.seed)
    now = session.now()
    common: dict[str, Any] = {
        "time": now,
        "nonce": session.draw(NONCE_SIZE),
        "organisation": invitation.org,
        "invite": invite.public,
        "key": session.key.public,
        "person_name": person_commitment(newcomer.person.name, salt=salts[0]),
        "person_email": person_commitment(newcomer.person.email, salt=salts[1]),
        "not_after": now + MEMBER_LIFETIME,
    }
    act: OrganisationCreate | MemberJoin
    if invitation.kind is InvitationKind.ORGANISATION:
        name = newcomer.organisation_name or invitation.org
        roles = tuple(sorted({Role.ADMINISTRATOR, *newcomer.roles}))
        act = OrganisationCreate(name=name, roles=roles, **common)
    else:
        act = MemberJoin(**common)
    return sign_statement(act, origin=session.trust.origin, keys=[session.key, invite])


def invite_member(
    session: Session, *, roles: tuple[Role, ...], desks: tuple[DeskId, ...], lasts: int = INVITATION_LASTS
) -> str:
    """Invite a member of one's own organisation; returns the code. `lasts`: seconds. The service never sees it."""
    seed = session.draw(32)
    organisation = session.home.config.organisation
    statement = session.act(
        MemberInvite,
        organisation=organisation,
        invite=SigningKey(seed).public,
        roles=tuple(sorted(roles)),
        desks=desks,
        expires=session.now() + lasts,
    )
    session.append([statement])
    invitation = Invitation(InvitationKind.MEMBER, organisation, seed, session.trust.anchor)
    return encode_invitation(invitation)


def contacts(session: Session) -> dict[KeyId, Person]:
    """Names and addresses of the members of one's own organisation that match their commitments."""
    page = session.connection.call("GET", "/v1/members", None, ContactPage)
    found = {}
    for contact in page.contacts:
        member = session.directory.member(contact.key)
        if (
            member.organisation == session.home.config.organisation
            and person_commitment(contact.name, salt=contact.name_salt) == member.person_name
            and person_commitment(contact.email, salt=contact.email_salt) == member.person_email
        ):
            found[contact.key] = Person(contact.name, contact.email)
    return found
