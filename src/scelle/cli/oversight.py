"""`scelle inventory`, `freeze`, `freezes`, `lift` and `confirm`: what is held, and the cut-off."""

from typing import TYPE_CHECKING

from scelle.base.errors import MalformedError
from scelle.base.ids import KeyId, OrgId, desk_org, parse_key_id, parse_org_id
from scelle.cli.grammar import Argument, Command, ExtraArgumentError, MissingArgumentError, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.terminal import table
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from scelle.cli.people import People
    from scelle.client.oversight import FreezeView
    from scelle.client.session import Session as Member
    from scelle.exchange.freeze import Scope

_LONGEST_REASON = 4000

LIFTERS = 2
"""Security officers that it takes to lift a freeze; they must be officers when it is set."""


# --- inventory ----------------------------------------------------------------------------------------------------


def _inventory(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import inventory

    with online(values, session) as member:
        items = sorted(inventory(member), key=lambda item: item.expires)
    words = session.words
    if not items:
        return Result({"items": []}, [words("inventory.empty")])
    headers = [
        words("column.id"),
        words("column.from"),
        words("column.size"),
        words("column.shares"),
        words("column.since"),
        words("column.expires"),
        words("column.state"),
    ]
    rows = [
        [
            item.transfer[:SHORT],
            item.organisation,
            words("cell.size", size=item.size),
            words("cell.count", n=item.shares),
            words("cell.stamp", at=item.created),
            words("cell.stamp", at=item.expires),
            words(_item_state(overdue=item.overdue, frozen=item.frozen, state=item.state)),
        ]
        for item in items
    ]
    overdue = sum(1 for item in items if item.overdue)
    lines = [*table(headers, rows, shorten=1, width=session.terminal.width)]
    lines.append(words("inventory.total", n=len(items), size=sum(item.size for item in items)))
    if overdue:
        lines.append(words("inventory.overdue", n=overdue))
    return Result({"items": [item.to_json() for item in items]}, lines)


def _item_state(*, overdue: bool, frozen: bool, state: str) -> str:
    if overdue:
        return "state.overdue"
    if state == "destroying":
        return "state.destroying"
    if frozen:
        return "state.frozen"
    return "state.sending" if state == "open" else "state.held"


# --- freeze -------------------------------------------------------------------------------------------------------


def _freeze(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import freeze
    from scelle.exchange.keys import Role

    reason = values.bounded("reason", _LONGEST_REASON) or ""
    kind, given = values.text("SCOPE"), values.optional("ID")
    if kind == "service" and given is not None:
        raise ExtraArgumentError(argument=given, command="freeze")
    if kind in {"transfer", "key", "desk"} and given is None:
        raise MissingArgumentError(argument="ID", command="freeze")
    with online(values, session) as member:
        scope = _scope(member, kind, given or "")
        freeze_id, done = freeze(member, scope, reason)
        own, now = member.home.config.organisation, session.clock.now()
        officers = len(member.directory.members_with(own, Role.OFFICER, now=now))
    lines = [
        session.words("freeze.done", scope=_scope_text(session, scope.kind, scope.value), freeze=freeze_id),
        session.words("freeze.what", index=done.index),
    ]
    data = {
        "freeze": freeze_id,
        "scope": str(scope.kind),
        "value": scope.value,
        "index": done.index,
        "time": done.time,
    }
    if officers < LIFTERS:
        return Result(data, lines, [session.words("freeze.for-good", organisation=own)])
    return Result(data, lines, [session.words("freeze.lifting", freeze=freeze_id)])


def _scope(member: "Member", kind: str, given: str) -> "Scope":
    """What to freeze, from what was typed. Raises errors of ids, of the directory, and of finding a transfer."""
    from scelle.cli.people import own_desk
    from scelle.client.listing import resolve
    from scelle.exchange.freeze import Scope, ScopeKind

    organisation = member.home.config.organisation
    if kind == "transfer":
        return Scope(ScopeKind.TRANSFER, resolve(member, given))
    if kind == "key":
        return Scope(ScopeKind.KEY, _key(member, given))
    if kind == "desk":
        desk = own_desk(given, organisation)
        if desk_org(desk) == organisation:
            member.directory.desk(desk)
        return Scope(ScopeKind.DESK, desk)
    if kind == "org":
        return Scope(ScopeKind.ORGANISATION, parse_org_id(given) if given else organisation)
    return Scope(ScopeKind.SERVICE)


def _key(member: "Member", given: str) -> KeyId:
    """A key of one's organisation by its beginning (of either kind), or by its owner's name; else a whole key id."""
    from scelle.cli.people import MemberAmbiguousError, People

    wanted = given.strip().lower()
    try:
        return parse_key_id(wanted)
    except MalformedError:
        pass
    own = member.directory.organisation(OrgId(member.home.config.organisation)).members.values()
    keys = {subkey.key for each in own for subkey in each.subkeys if subkey.key.startswith(wanted)}
    keys |= {each.key for each in own if each.key.startswith(wanted)}
    if len(keys) > 1:
        raise MemberAmbiguousError(name=given)
    return keys.pop() if keys else People(member).find(given)


_SCOPES = {
    "transfer": "scope.transfer",
    "key": "scope.key",
    "desk": "scope.desk",
    "organisation": "scope.organisation",
    "service": "scope.service",
}


def _scope_text(session: Session, kind: str, value: str) -> str:
    shown = value[:SHORT] if kind in {"transfer", "key"} else value
    return session.words(_SCOPES.get(kind, "scope.other"), value=shown)


# --- freezes ------------------------------------------------------------------------------------------------------


def _freezes(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.people import People
    from scelle.client.oversight import freezes

    with online(values, session) as member:
        views = freezes(member)
        if not values.has("all"):
            views = [view for view in views if view.state != "lifted"]
        people = People(member)
    lines: list[str] = []
    for view in views:
        lines += _freeze_lines(view, people, session)
    return Result({"freezes": [_freeze_data(view) for view in views]}, lines or [session.words("freezes.none")])


def _freeze_lines(view: "FreezeView", people: "People", session: Session) -> list[str]:
    words = session.words
    lines = [
        words("freezes.title", freeze=view.freeze, scope=_scope_text(session, view.scope, view.value)),
        words("freezes.by", organisation=view.organisation, officer=people.called(view.officer), at=view.time),
    ]
    if view.reason:
        lines.append(words("freezes.reason", reason=view.reason))
    if view.state == "proposed" and view.proposed is not None:
        officer = "" if view.proposer is None else people.called(view.proposer)
        lines.append(words("freeze.proposed", officer=officer, at=view.proposed))
        if view.organisation == people.organisation:
            lines.append(words("freezes.confirm", freeze=view.freeze))
    elif view.state == "lifted":
        lines.append(words("freeze.lifted", at=view.lifted or 0))
    if view.problem is not None:
        lines.append(words("freezes.wrong", text=words.error(view.problem)[0]))
    return lines


def _freeze_data(view: "FreezeView") -> dict[str, object]:
    return {
        "freeze": view.freeze,
        "scope": view.scope,
        "value": view.value,
        "organisation": view.organisation,
        "officer": view.officer,
        "time": view.time,
        "state": view.state,
        "reason": view.reason,
        "proposed": view.proposed,
        "proposer": view.proposer,
        "lifted": view.lifted,
        "problem": None if view.problem is None else view.problem.code,
    }


# --- lift and confirm ---------------------------------------------------------------------------------------------


def _lift(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import lift

    with online(values, session) as member:
        freeze_id, done = lift(member, values.text("ID"))
    line = session.words("lift.done", freeze=freeze_id, index=done.index)
    notes = [session.words("lift.next", freeze=freeze_id)]
    return Result({"freeze": freeze_id, "index": done.index, "time": done.time}, [line], notes)


def _confirm(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.oversight import confirm

    with online(values, session) as member:
        freeze_id, done = confirm(member, values.text("ID"))
    line = session.words("confirm.done", freeze=freeze_id, index=done.index)
    return Result({"freeze": freeze_id, "index": done.index, "time": done.time}, [line])


_ID = Argument("ID")

COMMANDS = (
    Command(("inventory",), _inventory, (PASSPHRASE_FD,)),
    Command(
        ("freeze",),
        _freeze,
        (Option(("--reason",), "TEXT", required=True), PASSPHRASE_FD),
        (
            Argument("SCOPE", choices=("transfer", "key", "desk", "org", "service")),
            Argument("ID", required=False),
        ),
    ),
    Command(("freezes",), _freezes, (Option(("--all",)), PASSPHRASE_FD)),
    Command(("lift",), _lift, (PASSPHRASE_FD,), (_ID,)),
    Command(("confirm",), _confirm, (PASSPHRASE_FD,), (_ID,)),
)
