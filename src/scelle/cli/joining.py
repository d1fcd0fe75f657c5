"""`scelle join`, `whoami`, `members` and `member invite`: becoming a member, and who the members are."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.cli.grammar import Argument, ChoiceError, Command, MissingOptionError, Option, UsageError, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.terminal import pairs

if TYPE_CHECKING:
    from scelle.client.joining import Newcomer
    from scelle.client.vault import Vault
    from scelle.exchange.directory import Directory
    from scelle.exchange.directory import Member as Listed
    from scelle.exchange.invitation import Invitation
    from scelle.exchange.keys import Role

_LONGEST_CODE = 4096
_LONGEST_NAME = 120
_LONGEST_ADDRESS = 254


class InvitedError(UsageError):
    """The invitation itself says what the option would say. Facts: `option`, `command`."""

    code = "usage.invited"


# --- join ---------------------------------------------------------------------------------------------------------


def _join(values: Values, session: Session) -> Result:
    from scelle.app.randomness import draw
    from scelle.client.connection import Connection, check_address
    from scelle.client.home import Home, HomeExistsError, HomeMissingError
    from scelle.client.joining import join
    from scelle.exchange.answers import ServiceInfo
    from scelle.exchange.invitation import parse_invitation

    url = check_address(values.text("URL"))
    with suppress(HomeMissingError):
        config = Home.open(session.folder).config
        raise HomeExistsError(path=str(session.folder), organisation=config.organisation, service=config.service)
    values.at_most_one("code", "code-file")
    invitation = parse_invitation(_code(values, session))
    newcomer = _newcomer(values, session, invitation)
    connection = Connection(url, now=session.clock.now, draw=draw)
    try:
        connection.ask("/v1/service", ServiceInfo)  # a mistyped address is told before a passphrase is thought of
        Home.prepare(session.folder)
        vault = _vault(values, session)
        member = join(session.folder, vault, connection, invitation, newcomer, draw=draw, now=session.clock.now)
    finally:
        connection.close()
    words = session.words
    me = member.me
    config = member.home.config
    lines = [
        words("join.done", organisation=config.organisation, service=config.service),
        *pairs(
            [
                (words("label.roles"), roles_of(session, me.roles)),
                (words("label.key"), words("key.until", key=me.key, until=me.not_after)),
                (words("label.home"), str(session.folder)),
            ]
        ),
    ]
    data = {
        "organisation": config.organisation,
        "service": config.service,
        "origin": config.origin,
        "roles": sorted(me.roles),
        "key": me.key,
        "not_after": me.not_after,
        "home": str(session.folder),
    }
    return Result(data, lines, _what_next(me, session))


def _code(values: Values, session: Session) -> str:
    """The invitation code: a question that does not show it, a file, standard input (`-`), or an argument."""
    given = values.optional("code")
    if given is not None and given != "-":
        if session.terminal.can_ask:
            session.note("join.code-seen")
        return given
    name = values.optional("code-file")
    if name == "-" or (name is None and not session.terminal.can_ask):
        return session.terminal.binary_in.read(_LONGEST_CODE).decode("utf-8", "replace")
    if name is None:
        return session.terminal.ask_hidden(session.words("ask.code"))
    with Path(name).open("rb") as file:
        return file.read(_LONGEST_CODE).decode("utf-8", "replace")


def _newcomer(values: Values, session: Session, invitation: "Invitation") -> "Newcomer":
    from scelle.client.joining import Newcomer, Person
    from scelle.exchange.invitation import InvitationKind

    first = invitation.kind is InvitationKind.ORGANISATION
    for option in ("organisation-name", "roles"):
        if values.has(option) and not first:
            raise InvitedError(option=f"--{option}", command="join")
    name = _name(values, session)
    email = values.bounded("email", _LONGEST_ADDRESS)
    if email is None:
        email = session.terminal.ask(session.words("ask.email")) if session.terminal.can_ask else ""
    organisation = values.bounded("organisation-name", _LONGEST_NAME)
    if first and organisation is None and session.terminal.can_ask:
        organisation = session.terminal.ask(session.words("ask.organisation-name", organisation=invitation.org)) or None
    return Newcomer(Person(name, email[:_LONGEST_ADDRESS]), organisation, roles_given(values))


def _name(values: Values, session: Session) -> str:
    given = values.bounded("name", _LONGEST_NAME)
    if given is None and session.terminal.can_ask:
        given = session.terminal.ask(session.words("ask.name"))[:_LONGEST_NAME]
    if not given:
        raise MissingOptionError(option="--name", command="join")
    return given


def roles_given(values: Values) -> "tuple[Role, ...]":
    """The roles of `--roles`. Raises ChoiceError."""
    from scelle.exchange.keys import ROLES, Role

    found = []
    for text in values.listed("roles"):
        if text not in ROLES:
            raise ChoiceError(value=text, option="--roles", choices=", ".join(ROLES))
        found.append(Role(text))
    return tuple(found)


def _vault(values: Values, session: Session) -> "Vault":
    """A new vault; the one that an interrupted joining left is opened instead."""
    from scelle.app.randomness import draw
    from scelle.cli.passphrase import new_passphrase, open_vault
    from scelle.client.vault import Vault, is_there

    if is_there(session.folder):
        return open_vault(session, values)
    if values.has("plaintext-keys"):
        values.at_most_one("plaintext-keys", PASSPHRASE_FD.name)
        if not session.terminal.json:
            session.terminal.alarm(session.words("vault.plain"))
        return Vault.create(session.folder, None, draw=draw)
    return Vault.create(session.folder, new_passphrase(session, values), draw=draw)


def _what_next(me: "Listed", session: Session) -> list[str]:
    from scelle.exchange.keys import Role

    if Role.ADMINISTRATOR in me.roles:
        return [session.words("join.next-administrator")]
    return [session.words("join.next-recipient")] if Role.RECIPIENT in me.roles else []


def roles_of(session: Session, roles: "frozenset[Role]") -> str:
    """Roles in the order in which they are always listed."""
    from scelle.exchange.keys import ROLES

    return ", ".join(session.words.reason(role) for role in ROLES if role in roles)


# --- whoami -------------------------------------------------------------------------------------------------------


def _whoami(values: Values, session: Session) -> Result:  # noqa: ARG001 (every command takes values)
    from scelle.cli.directory import split_view_warning
    from scelle.cli.online import offline

    home, trust = offline(session)
    config, words, directory = home.config, session.words, trust.directory
    me = directory.member(config.key)
    organisation = directory.organisation(config.organisation)
    desks = _desks(directory, me)
    warning = split_view_warning(directory, session)
    subkey = me.subkey_at(session.clock.now())
    state = _vault_state(session)
    rows = [
        (words("label.organisation"), f"{organisation.name} ({config.organisation})"),
        (words("label.service"), f"{config.service} ({config.origin})"),
        (words("label.roles"), roles_of(session, me.roles)),
        (words("label.desks"), ", ".join(desks) or words("none")),
        (words("label.key"), words("key.until", key=me.key, until=me.not_after)),
        (
            words("label.encryption-key"),
            words("key.none") if subkey is None else words("key.until", key=subkey.key, until=subkey.not_after),
        ),
        (words("label.vault"), words(_VAULT_STATES[state])),
        (words("label.home"), str(session.folder)),
    ]
    data = {
        "organisation": config.organisation,
        "organisation_name": organisation.name,
        "service": config.service,
        "origin": config.origin,
        "roles": sorted(me.roles),
        "desks": list(desks),
        "key": me.key,
        "not_after": me.not_after,
        "encryption_key": None if subkey is None else subkey.key,
        "encryption_not_after": None if subkey is None else subkey.not_after,
        "vault": state,
        "home": str(session.folder),
        "directory_size": directory.size,
        "witnessed": not warning,
    }
    expired = session.clock.now() >= me.not_after
    notice = [words("whoami.expired")] if expired else []
    return Result(data, [*pairs(rows), *notice, *warning])


_VAULT_STATES = {
    "plain": "vault.state-plain",
    "unlocked": "vault.state-unlocked",
    "keyring": "vault.state-keyring",
    "locked": "vault.state-locked",
    "missing": "vault.state-missing",
}


def _vault_state(session: Session) -> str:
    """Whether commands would ask for a passphrase; found out without opening anything."""
    from scelle.client import agent, chain
    from scelle.client.vault import is_plain, is_there

    if not is_there(session.folder):
        return "missing"
    if is_plain(session.folder):
        return "plain"
    if (session.folder / agent.DESCRIPTION).exists() and agent.stored_key(session.folder) is not None:
        return "unlocked"
    return "keyring" if chain.is_remembered(session.folder) else "locked"


def _desks(directory: "Directory", listed: "Listed") -> list[str]:
    """The desks that a member has a seat at, by the name they have inside their organisation."""
    desks = directory.organisation(listed.organisation).desks
    return sorted(desk.partition("/")[2] for desk in desks if directory.seated(desk, listed.key))


# --- members ------------------------------------------------------------------------------------------------------


def _members(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import members

    with online(values, session) as member:
        views = members(member)
    words = session.words
    now = session.clock.now()
    lines: list[str] = []
    data = []
    for view in views:
        each, person = view.member, view.person
        desks = [desk.partition("/")[2] for desk in view.desks]
        name = words("members.nameless") if person is None else person.name
        if person is not None and person.email:
            name += f" <{person.email}>"
        mine = each.key == member.home.config.key
        lines += [
            words("members.name", key=each.key, name=name, mine=int(mine)),
            words("members.roles", roles=roles_of(session, each.roles)),
        ]
        if desks:
            lines.append(words("members.desks", desks=", ".join(desks)))
        if now >= each.not_after:
            lines.append(words("members.expired", until=each.not_after))
        elif not view.writable:
            lines.append(words("members.no-encryption-key"))
        data.append(
            {
                "key": each.key,
                "name": None if person is None else person.name,
                "email": None if person is None else person.email,
                "roles": sorted(each.roles),
                "desks": list(view.desks),
                "not_after": each.not_after,
                "writable": view.writable,
                "self": mine,
            }
        )
    return Result({"organisation": member.home.config.organisation, "members": data}, lines)


def _invite(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.people import own_desk
    from scelle.client.joining import INVITATION_LASTS, invite_member
    from scelle.exchange.keys import Role
    from scelle.exchange.retention import parse_duration

    roles = roles_given(values)
    if not roles:
        raise MissingOptionError(option="--roles", command="member invite")
    given = values.optional("expires")
    lasts = INVITATION_LASTS if given is None else parse_duration(given)
    with online(values, session) as member:
        organisation = member.home.config.organisation
        member.directory.require_role(member.me.key, Role.ADMINISTRATOR, now=session.clock.now())
        desks = tuple(own_desk(text, organisation) for text in values.listed("desk"))
        for desk in desks:
            member.directory.desk(desk)
        until = session.clock.now() + lasts
        code = invite_member(member, roles=roles, desks=desks, lasts=lasts)
    data = {"code": code, "roles": sorted(roles), "desks": list(desks), "expires": until}
    return Result(data, [code], [session.words("invite.how", until=until, url=member.home.config.service)])


COMMANDS = (
    Command(
        ("join",),
        _join,
        (
            Option(("--code",), "CODE"),
            Option(("--code-file",), "FILE"),
            Option(("--name",), "NAME"),
            Option(("--email",), "ADDRESS"),
            Option(("--organisation-name",), "TEXT"),
            Option(("--roles",), "ROLES", many=True),
            Option(("--plaintext-keys",)),
            PASSPHRASE_FD,
        ),
        (Argument("URL"),),
    ),
    Command(("whoami",), _whoami),
    Command(("members",), _members, (PASSPHRASE_FD,)),
    Command(
        ("member", "invite"),
        _invite,
        (
            Option(("--roles",), "ROLES", many=True, required=True),
            Option(("--desk",), "DESK", many=True),
            Option(("--expires",), "SPAN"),
            PASSPHRASE_FD,
        ),
    ),
)
