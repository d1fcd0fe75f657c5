"""`scelle inbox`, `show`, `open` and `discard`: the recipient's side."""

from pathlib import Path

from scelle.cli.grammar import Argument, Command, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.words import SHORT

_NAMED = 10
"""Files that are named after opening; of more, the number is told."""


def _inbox(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.transfers import NEWEST, listed, transfer_data
    from scelle.client.listing import inbox

    everything = values.has("all")
    with online(values, session) as member:
        views = inbox(member, most=None if everything else NEWEST + 1)
    notes = []
    if not everything and len(views) > NEWEST:
        views = views[:NEWEST]
        notes.append(session.words("list.more", n=NEWEST))
    lines = listed(views, session, outgoing=False) if views else [session.words("inbox.empty")]
    return Result({"transfers": [transfer_data(view) for view in views]}, lines, notes)


def _show(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.cli.transfers import in_full, transfer_data
    from scelle.client.listing import show

    with online(values, session) as member:
        view = show(member, values.text("ID"))
    return Result(transfer_data(view), in_full(view, session))


def _open(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.home import OPENING_LOCK
    from scelle.client.listing import resolve
    from scelle.client.opening import open_transfer
    from scelle.client.received import opened_copies

    words = session.words
    with online(values, session) as member:
        transfer = resolve(member, values.text("ID"))
        earlier = opened_copies(member.home, transfer)
        with member.home.lock(OPENING_LOCK), session.progress("progress.open") as progress:
            opened = open_transfer(member, transfer, Path(values.text("into")), progress=progress)
    lines = [words("open.done", folder=str(opened.folder), n=len(opened.files), size=opened.size)]
    lines += [words("open.file", name=name) for name in opened.files[:_NAMED]]
    if len(opened.files) > _NAMED:
        lines.append(words("open.more", n=len(opened.files) - _NAMED))
    if opened.dataset is not None and opened.rows is not None:
        lines.append(
            words(
                "open.dataset",
                dataset=opened.dataset,
                view=opened.view or "",
                batch=opened.batch or "",
                n=opened.rows,
            )
        )
    lines.append(words("open.receipt", index=opened.receipt_index))
    if opened.until is not None:
        lines.append(words("open.until", until=opened.until, transfer=transfer[:SHORT]))
    notes = [
        words("open.earlier", folder=str(copy.into), transfer=transfer)
        for copy in earlier
        if copy.into != opened.folder and copy.discarded is None and copy.left is not None
    ]
    data = {
        "transfer": opened.transfer,
        "folder": str(opened.folder),
        "files": list(opened.files),
        "folders": list(opened.folders),
        "size": opened.size,
        "opened": opened.opened,
        "until": opened.until,
        "dataset": opened.dataset,
        "view": opened.view,
        "batch": opened.batch,
        "rows": opened.rows,
        "receipt_index": opened.receipt_index,
    }
    return Result(data, lines, notes)


def _discard(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.home import OPENING_LOCK
    from scelle.client.listing import resolve
    from scelle.client.opening import discard

    with online(values, session) as member:
        transfer = resolve(member, values.text("ID"))
        with member.home.lock(OPENING_LOCK):
            index = discard(member, transfer)
    line = session.words("discard.done", transfer=transfer[:SHORT], index=index)
    return Result({"transfer": transfer, "index": index}, [line])


_ID = Argument("ID")

COMMANDS = (
    Command(("inbox",), _inbox, (Option(("--all",)), PASSPHRASE_FD)),
    Command(("show",), _show, (PASSPHRASE_FD,), (_ID,)),
    Command(("open",), _open, (Option(("--into",), "DIR", required=True), PASSPHRASE_FD), (_ID,)),
    Command(("discard",), _discard, (PASSPHRASE_FD,), (_ID,)),
)
