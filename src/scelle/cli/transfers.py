"""How transfers are shown: the lists of `inbox` and `sent`, and one transfer in full."""

from typing import TYPE_CHECKING

from scelle.cli.session import Session
from scelle.cli.terminal import pairs, table
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scelle.base.codec import Json
    from scelle.client.listing import TransferView
    from scelle.client.received import OpenedCopy
    from scelle.exchange.answers import RecipientStatus

NEWEST = 50
"""Transfers that a list shows unless everything is asked for."""

_ENDED = {"expired": "state.expired", "revoked": "state.revoked", "abandoned": "state.abandoned"}


def state_of(view: "TransferView", session: Session) -> str:
    """Where a transfer stands, in a word or two, for the one who asks."""
    words = session.words
    if view.problem is not None:
        return words("state.wrong")
    if view.state in {"destroying", "destroyed"}:
        return words(_ENDED.get(view.reason or "", "state.expired"))
    if view.state == "open":
        return words("state.sending")
    if view.frozen:
        return words("state.frozen")
    own = view.own
    if own is not None and own.desk is not None:
        return _recipient_state(own, session)
    addressed = [each for each in view.recipients if each.desk is not None]
    opened = sum(1 for each in addressed if each.opened is not None)
    return words("state.opened-by", n=opened, of=len(addressed))


def _recipient_state(status: "RecipientStatus", session: Session) -> str:
    for name in ("revoked", "discarded", "opened", "released"):
        if getattr(status, name) is not None:
            return session.words(_RECIPIENT[name])
    return session.words("state.new")


_RECIPIENT = {
    "revoked": "state.revoked",
    "discarded": "state.discarded",
    "opened": "state.opened",
    "released": "state.released",
}


def listed(views: "Sequence[TransferView]", session: Session, *, outgoing: bool) -> list[str]:
    """Lines of a list: whom it concerns, purpose, size, expiry and state."""
    words = session.words
    headers = [
        words("column.id"),
        words("column.to" if outgoing else "column.from"),
        words("column.purpose"),
        words("column.size"),
        words("column.expires"),
        words("column.state"),
    ]
    rows = []
    for view in views:
        desks = ", ".join(view.desks)
        rows.append(
            [
                view.transfer[:SHORT],
                _first(view.desks) if outgoing and desks else view.organisation,
                "" if view.note is None else view.note.purpose,
                words("cell.size", size=view.size if view.note is None else view.note.size),
                words("cell.stamp", at=view.expires),
                state_of(view, session),
            ]
        )
    lines = table(headers, rows, shorten=2, width=session.terminal.width)
    for view in views:
        if view.problem is not None:
            lines.append(words("transfer.wrong", transfer=view.transfer, text=words.error(view.problem)[0]))
    return lines


def _first(desks: "Sequence[str]") -> str:
    return desks[0] if len(desks) == 1 else f"{desks[0]} +{len(desks) - 1}"


def in_full(view: "TransferView", session: Session) -> list[str]:
    """Lines about one transfer."""
    words = session.words
    rows = [(words("label.from"), words("show.sender", organisation=view.organisation, key=view.sender))]
    rows.append((words("label.to"), ", ".join(view.desks)))
    if view.note is not None:
        rows.append((words("label.purpose"), view.note.purpose))
        rows.append((words("label.files"), words("show.files", n=view.note.files, size=view.note.size)))
    rows.append((words("label.sealed-size"), words("cell.size", size=view.size)))
    if view.sealed is not None and view.index is not None:
        rows.append((words("label.sent"), words("show.sent", at=view.sealed, index=view.index)))
    rows.append((words("label.expires"), words("cell.time", at=view.expires)))
    rows.append((words("label.state"), state_of(view, session)))
    for copy in _present(view):
        rows.append((words("label.copy"), str(copy.into)))
        if copy.until is not None:
            rows.append((words("label.copy-until"), words("cell.date", at=copy.until)))
    lines = [words("show.title", transfer=view.transfer), *pairs(rows)]
    addressed = [each for each in view.recipients if each.desk is not None]
    if addressed:
        lines += ["", words("show.recipients")]
        headers = [words("column.key"), words("column.desk"), words("column.state"), words("column.since")]
        cells = [
            [each.key[:SHORT], each.desk or "", _recipient_state(each, session), _since(each, session)]
            for each in addressed
        ]
        lines += [f"  {line}" for line in table(headers, cells, shorten=1, width=session.terminal.width)]
    return lines


def _present(view: "TransferView") -> "list[OpenedCopy]":
    """The copies that were opened here and whose deletion nobody attested."""
    return [copy for copy in view.copies if copy.placed and copy.discarded is None]


def _since(status: "RecipientStatus", session: Session) -> str:
    times = (status.revoked, status.discarded, status.opened, status.released)
    return next((session.words("cell.stamp", at=at) for at in times if at is not None), "")


def transfer_data(view: "TransferView") -> "Json":
    """The document of one transfer."""
    note = view.note
    return {
        "transfer": view.transfer,
        "organisation": view.organisation,
        "sender": view.sender,
        "desks": list(view.desks),
        "state": view.state,
        "reason": view.reason,
        "frozen": view.frozen,
        "created": view.created,
        "sealed": view.sealed,
        "expires": view.expires,
        "size": view.size,
        "index": view.index,
        "purpose": None if note is None else note.purpose,
        "files": None if note is None else note.files,
        "plain_size": None if note is None else note.size,
        "key": view.key,
        "copies": [{"folder": str(copy.into), "until": copy.until} for copy in _present(view)],
        "problem": None if view.problem is None else view.problem.code,
        "recipients": [each.to_json() for each in view.recipients],
    }
