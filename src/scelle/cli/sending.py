"""`scelle send`, `sent` and `revoke`: the sender's side."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.base.errors import Exit, RoadError
from scelle.base.ids import parse_desk_id, parse_org_id
from scelle.cli.datasets import OPTIONS as DATASET_OPTIONS
from scelle.cli.datasets import require_dataset, send_dataset
from scelle.cli.grammar import Argument, Command, MissingOptionError, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.terminal import pairs
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from scelle.base.ids import TransferId
    from scelle.client.outgoing import Order
    from scelle.client.sending import Sent

_LASTS = "7d"
_RETENTION = "90d"
_LONGEST_PURPOSE = 200
_LONGEST_BASIS = 80
_SLACK = 600  # seconds that sending itself may take before the expiry counts as shortened


class SendInterruptedError(RoadError):
    """Somebody stopped a sending that had begun; it is kept. Facts: `transfer`."""

    code = "send.interrupted"
    exit_status = Exit.INTERRUPTED
    http_status = 409


def _send(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.errors import NetworkError
    from scelle.client.sending import send

    if values.has("dataset"):
        return send_dataset(values, session)
    require_dataset(values)
    order = _order(values)
    words = session.words

    begun: list[TransferId] = []

    def began(transfer: "TransferId", again: bool) -> None:
        begun.append(transfer)
        if again:
            session.note("send.again", transfer=transfer)

    paths = [Path(path) for path in order.paths]
    try:
        with online(values, session) as member, session.progress("progress.send") as progress:
            sent = send(member, paths, order, progress=progress, began=began)
    except KeyboardInterrupt:
        if begun:
            raise SendInterruptedError(transfer=begun[-1]) from None
        raise
    except NetworkError:
        if begun:
            session.note("send.kept", transfer=begun[-1])
        raise
    rows = [
        (words("label.to"), words("send.to", desks=", ".join(sent.desks), n=sent.recipients)),
        (words("label.files"), words("show.files", n=sent.files, size=sent.size)),
        (words("label.sealed-size"), words("cell.size", size=sent.sealed_size)),
        (words("label.expires"), words("cell.time", at=sent.expires)),
        (words("label.entry"), words("cell.count", n=sent.index)),
    ]
    shorter = sent.expires < session.clock.now() + order.lasts - _SLACK
    notes = [words("send.shorter", expires=sent.expires)] if shorter else []
    return Result(_sent_data(sent), [words("send.done", transfer=sent.transfer), *pairs(rows)], notes)


def _order(values: Values) -> "Order":
    """What the person asked for. Raises errors of usage and of the forms of ids, dates and durations."""
    from scelle.client.outgoing import Order
    from scelle.exchange.retention import parse_collection_date, parse_duration

    collected, retention = values.optional("collected"), values.optional("retention")
    if collected is not None:
        collected = parse_collection_date(collected).isoformat()
        retention = retention or _RETENTION
    elif retention is not None:
        raise MissingOptionError(option="--collected", command="send")
    desks = tuple(parse_desk_id(text) for text in values.listed("to"))
    if not desks:
        raise MissingOptionError(option="--to", command="send")
    return Order(
        # Absolute, so that the same command is known again from another folder; links are followed when they are read.
        paths=tuple(os.path.abspath(path) for path in values.texts("PATH")),  # noqa: PTH100
        desks=desks,
        purpose=values.bounded("purpose", _LONGEST_PURPOSE) or "",
        lasts=parse_duration(values.optional("expires") or _LASTS),
        collected=collected,
        retention=None if retention is None else parse_duration(retention),
        legal_basis=values.bounded("legal-basis", _LONGEST_BASIS),
    )


def _sent_data(sent: "Sent") -> dict[str, object]:
    return {
        "transfer": sent.transfer,
        "desks": list(sent.desks),
        "recipients": sent.recipients,
        "files": sent.files,
        "size": sent.size,
        "sealed_size": sent.sealed_size,
        "expires": sent.expires,
        "index": sent.index,
    }


def _sent(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.transfers import NEWEST, listed, transfer_data
    from scelle.client.listing import sent

    everything = values.has("all")
    with online(values, session) as member:
        views = sent(member, most=None if everything else NEWEST + 1)
    notes = []
    if not everything and len(views) > NEWEST:
        views = views[:NEWEST]
        notes.append(session.words("list.more", n=NEWEST))
    lines = listed(views, session, outgoing=True) if views else [session.words("sent.empty")]
    return Result({"transfers": [transfer_data(view) for view in views]}, lines, notes)


def _revoke(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.listing import resolve
    from scelle.client.oversight import revoke

    given = values.optional("recipient")
    organisation = None if given is None else parse_org_id(given)
    with online(values, session) as member:
        transfer = resolve(member, values.text("ID"))
        done = revoke(member, transfer, organisation)
    if organisation is None:
        line = session.words("revoke.done", transfer=transfer[:SHORT], index=done.index)
    else:
        line = session.words("revoke.one", transfer=transfer[:SHORT], organisation=organisation, index=done.index)
    data = {"transfer": transfer, "recipient": organisation, "index": done.index, "time": done.time}
    return Result(data, [line])


COMMANDS = (
    Command(
        ("send",),
        _send,
        (
            Option(("--to", "-t"), "DESKS", many=True),
            Option(("--purpose", "-p"), "TEXT", required=True),
            Option(("--expires",), "SPAN"),
            Option(("--collected",), "DATE"),
            Option(("--retention",), "SPAN"),
            Option(("--legal-basis",), "CODE"),
            *DATASET_OPTIONS,
            PASSPHRASE_FD,
        ),
        (Argument("PATH", many=True),),
    ),
    Command(("sent",), _sent, (Option(("--all",)), PASSPHRASE_FD)),
    Command(
        ("revoke",),
        _revoke,
        (Option(("--recipient",), "ORGANISATION"), PASSPHRASE_FD),
        (Argument("ID"),),
    ),
)
