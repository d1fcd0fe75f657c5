"""`scelle directory`, `desk` and `accept`: who is there, who sits where, and who may send to whom."""

from typing import TYPE_CHECKING

from scelle.base.ids import OrgId, parse_org_id
from scelle.cli.grammar import Argument, Command, Option, UsageError, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session

if TYPE_CHECKING:
    from scelle.base.codec import Json
    from scelle.client.oversight import DeskView, OrganisationView
    from scelle.client.session import Session as Member
    from scelle.exchange.directory import Acceptance, Directory

_LONGEST_TITLE = 120
_EVERYBODY = "all"


class AcceptEveryoneError(UsageError):
    """Everybody is accepted: a single organisation cannot be taken out. Facts: `organisation`, `command`."""

    code = "usage.accept-everyone"


def split_view_warning(directory: "Directory", session: Session) -> list[str]:
    """What is said where nobody but the service vouches for its logs (protocol §2); nothing with a quorum."""
    policy = directory.service.policy
    if policy:
        from scelle.tlog.policy import NONE, parse_policy

        if parse_policy(policy).quorum != NONE:
            return []
    return [session.words("directory.no-quorum")]


# --- directory ----------------------------------------------------------------------------------------------------


def _directory(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import organisations

    with online(values, session, secrets=False) as member:
        views = organisations(member)
    words = session.words
    lines: list[str] = []
    for each in views:
        mine = each.organisation == member.home.config.organisation
        lines.append(words("directory.organisation", id=each.organisation, name=each.name, mine=int(mine)))
        lines.append(words("directory.members", n=each.members))
        if each.desks:
            shown = ", ".join(
                words("directory.desk", desk=desk.desk.partition("/")[2], n=len(desk.seats)) for desk in each.desks
            )
            lines.append(words("directory.desks", desks=shown))
        lines.append(words("directory.accepts", whom=_whom(session, each.acceptance)))
        if not mine:
            lines.append(words("directory.accepts-us" if each.accepts_us else "directory.refuses-us"))
    warning = split_view_warning(member.directory, session)
    size = member.directory.size
    lines += ["", words("directory.size", n=size), *warning]
    data: Json = {
        "size": size,
        "root": member.directory.seen.root.hex(),
        "host": member.directory.service.host,
        "witnessed": not warning,
        "organisations": [_organisation_data(each) for each in views],
    }
    return Result(data, lines)


def _whom(session: Session, acceptance: "Acceptance | None") -> str:
    if acceptance is not None and acceptance.everyone:
        return session.words("accept.everyone")
    if acceptance is None or not acceptance.organisations:
        return session.words("accept.nobody")
    return ", ".join(sorted(acceptance.organisations))


def _organisation_data(view: "OrganisationView") -> "Json":
    said = view.acceptance
    return {
        "organisation": view.organisation,
        "name": view.name,
        "members": view.members,
        "desks": [_desk_data(desk) for desk in view.desks],
        "accepts_everyone": said is not None and said.everyone,
        "accepts": [] if said is None else sorted(said.organisations),
        "accepts_us": view.accepts_us,
    }


def _desk_data(desk: "DeskView") -> "Json":
    return {"desk": desk.desk, "title": desk.title, "seats": list(desk.seats)}


# --- desk ---------------------------------------------------------------------------------------------------------


def _desk_list(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.people import People
    from scelle.client.oversight import organisations

    with online(values, session) as member:
        people = People(member)
        own = next(each for each in organisations(member) if each.organisation == member.home.config.organisation)
    words = session.words
    lines: list[str] = []
    for desk in own.desks:
        lines.append(words("desk.line", desk=desk.desk, title=desk.title))
        lines += [words("desk.seat", member=people.called(key)) for key in desk.seats]
        if not desk.seats:
            lines.append(words("desk.no-seat"))
    return Result({"desks": [_desk_data(desk) for desk in own.desks]}, lines or [words("desk.none")])


def _desk_add(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.people import People, own_desk
    from scelle.client.oversight import desk_add, desk_seat
    from scelle.exchange.errors import DeskUnknownError

    title = values.bounded("title", _LONGEST_TITLE) or ""
    who = values.optional("MEMBER")
    with online(values, session) as member:
        _require_administrator(member)
        desk = own_desk(values.text("DESK"), member.home.config.organisation)
        if who is not None:
            people = People(member)
            key = people.find(who)
            changed = not member.directory.seated(desk, key)
            if changed:
                desk_seat(member, desk, key, seated=True)
            line = session.words("desk.seated", desk=desk, member=people.called(key))
            return Result({"desk": desk, "member": key, "seated": True, "changed": changed}, [line])
        try:
            member.directory.desk(desk)
            changed = False
        except DeskUnknownError:
            desk_add(member, desk, title)
            changed = True
    line = session.words("desk.made" if changed else "desk.already", desk=desk)
    notes = [session.words("desk.next", desk=desk.partition("/")[2])] if changed else []
    return Result({"desk": desk, "changed": changed}, [line], notes)


def _desk_remove(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.people import People, own_desk
    from scelle.client.oversight import desk_remove, desk_seat

    who = values.optional("MEMBER")
    with online(values, session) as member:
        _require_administrator(member)
        desk = own_desk(values.text("DESK"), member.home.config.organisation)
        if who is None:
            desk_remove(member, desk)
            return Result({"desk": desk, "changed": True}, [session.words("desk.removed", desk=desk)])
        people = People(member)
        key = people.find(who)
        changed = member.directory.seated(desk, key)
        if changed:
            desk_seat(member, desk, key, seated=False)
    line = session.words("desk.unseated", desk=desk, member=people.called(key))
    return Result({"desk": desk, "member": key, "seated": False, "changed": changed}, [line])


def _require_administrator(member: "Member") -> None:
    """Say at once what the directory would refuse. Raises RoleMissingError."""
    from scelle.exchange.keys import Role

    member.directory.require_role(member.home.config.key, Role.ADMINISTRATOR, now=member.now())


# --- accept -------------------------------------------------------------------------------------------------------


def _accept(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import accept

    named = values.listed("from")
    with online(values, session) as member:
        _require_administrator(member)
        said = member.directory.organisation(member.home.config.organisation).acceptances
        before = said[-1] if said else None
        wanted = _wanted(before, named, remove=values.has("remove"))
        now = None if before is not None and before.everyone else _known(before)
        changed = before is None or wanted != now
        if changed:
            accept(member, wanted)
        after = member.directory.organisation(member.home.config.organisation).acceptances
    last = after[-1] if after else None
    line = session.words("accept.done", whom=_whom(session, last))
    organisations: list[Json] = [] if last is None else sorted(last.organisations)
    everyone = last is not None and last.everyone
    return Result({"everyone": everyone, "organisations": organisations, "changed": changed}, [line])


def _known(said: "Acceptance | None") -> tuple[OrgId, ...]:
    return () if said is None else tuple(sorted(said.organisations))


def _wanted(before: "Acceptance | None", named: list[str], *, remove: bool) -> tuple[OrgId, ...] | None:
    """From whom to accept from now on; None is everybody. Raises MalformedError, AcceptEveryoneError."""
    if _EVERYBODY in named:
        return () if remove else None
    organisations = {parse_org_id(text) for text in named}
    if before is not None and before.everyone:
        if remove:
            raise AcceptEveryoneError(organisation=min(organisations), command="accept")
        return None
    known = set(_known(before))
    return tuple(sorted(known - organisations if remove else known | organisations))


_DESK = Argument("DESK")
_MEMBER = Argument("MEMBER", required=False)

COMMANDS = (
    Command(("directory",), _directory),
    Command(("desk", "list"), _desk_list, (PASSPHRASE_FD,)),
    Command(("desk", "add"), _desk_add, (Option(("--title",), "TEXT"), PASSPHRASE_FD), (_DESK, _MEMBER)),
    Command(("desk", "remove"), _desk_remove, (PASSPHRASE_FD,), (_DESK, _MEMBER)),
    Command(
        ("accept",),
        _accept,
        (Option(("--from",), "ORGANISATIONS", many=True, required=True), Option(("--remove",)), PASSPHRASE_FD),
    ),
)
