"""`scelle log verify`, `export`, `proof` and `tail`: the logs, checked and read."""

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.cli.directory import split_view_warning
from scelle.cli.grammar import Argument, Command, ExtraArgumentError, MissingOptionError, NumberError, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session
from scelle.cli.terminal import table
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scelle.base.codec import Json
    from scelle.client.logs import Happened, LogReport, ProvenEntry

_LOGS = ("directory", "activity")
_LAST = 20
_NAMES = {"directory": "log.directory", "activity": "log.activity"}


# --- verify -------------------------------------------------------------------------------------------------------


def _verify(values: Values, session: Session) -> Result:
    path = values.optional("PATH")
    if values.has("url"):
        if path is not None:
            raise ExtraArgumentError(argument=path, command="log verify")
        return _verify_url(values, session)
    if path is None:
        return _verify_online(values, session)
    place = Path(path)
    return _verify_proof(place, values, session) if place.is_file() else _verify_folder(place, values, session)


def _verify_online(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.logs import verify_as_member

    with online(values, session) as member:
        reports = []
        for log in _LOGS:
            with session.progress("progress.verify", counted=True, log=session.words(_NAMES[log])) as progress:
                reports.append(verify_as_member(member, log, progress=progress))
        warning = split_view_warning(member.directory, session)
    return _reported(reports, session, warning)


def _verify_url(values: Values, session: Session) -> Result:
    """A log that anybody may read, against keys that were pinned by other means."""
    from scelle.app.randomness import draw
    from scelle.client.connection import Connection
    from scelle.client.logs import verify_online

    if not values.has("key"):
        raise MissingOptionError(option="--key", command="log verify")
    connection = Connection(values.text("url"), now=session.clock.now, draw=draw)
    try:
        with session.progress("progress.verify-url", counted=True) as progress:
            reports = [verify_online(connection, key, progress=progress) for key in values.texts("key")]
    finally:
        connection.close()
    return _reported(reports, session, [session.words("log.no-quorum")])


def _verify_folder(folder: Path, values: Values, session: Session) -> Result:
    from scelle.cli.online import offline
    from scelle.client.logs import verify_folder

    known = None
    keys = values.texts("key")
    if not keys:
        _, trust = offline(session)
        keys = [trust.directory.service.directory_log]
        known = {"directory": trust.directory_head, "activity": trust.activity}
    with session.progress("progress.verify-folder", counted=True) as progress:
        reports = verify_folder(folder, keys, known=known, progress=progress)
    return _reported(reports, session, [session.words("log.no-quorum")])


def _reported(reports: "Sequence[LogReport]", session: Session, warning: list[str]) -> Result:
    words = session.words
    lines: list[str] = []
    data: list[Json] = []
    for report in reports:
        name = words(_NAMES[report.log])
        lines.append(words("log.holds", log=name, n=report.size, root=report.root.hex()[:16]))
        if report.known:
            lines.append(words("log.known", n=report.known))
        if report.organisations is not None and report.members is not None:
            lines.append(words("log.members", organisations=report.organisations, members=report.members))
        counts = report.records
        if counts is not None:
            lines.append(
                words(
                    "log.records",
                    had=counts.had,
                    statements=counts.statements,
                    lacked=counts.lacked,
                    erased=counts.erased,
                )
            )
        data.append(
            {
                "log": report.log,
                "vkey": report.vkey,
                "size": report.size,
                "root": report.root.hex(),
                "tiles": report.tiles,
                "known": report.known,
                "organisations": report.organisations,
                "members": report.members,
                "records": None
                if counts is None
                else {
                    "had": counts.had,
                    "lacked": counts.lacked,
                    "erased": counts.erased,
                    "statements": counts.statements,
                },
            }
        )
    return Result({"logs": data, "witnessed": not warning}, [*lines, *warning])


# --- export -------------------------------------------------------------------------------------------------------


def _export(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.logs import export

    folder = Path(values.text("DIR"))
    with online(values, session) as member:
        with session.progress("progress.export", counted=True) as progress:
            reports = export(member, folder, progress=progress)
        warning = split_view_warning(member.directory, session)
    found = _reported(reports, session, warning)
    return Result(found.data, [session.words("log.exported", folder=str(folder)), *found.lines])


# --- proof --------------------------------------------------------------------------------------------------------


def _proof(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.logs import proof

    text = values.text("INDEX")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NumberError(value=text, option="INDEX")
    log = values.optional("log") or "activity"
    path = Path(values.optional("output") or f"{log}-{int(text)}.tlog-proof")
    with online(values, session) as member:
        proven = proof(member, log, int(text), path)
    found = _proven(proven, session)
    lines = [session.words("proof.written", path=str(path)), *found.lines]
    return Result(found.data, lines, [session.words("proof.how", path=str(path))])


def _verify_proof(path: Path, values: Values, session: Session) -> Result:
    from scelle.cli.online import offline
    from scelle.client.logs import check_proof
    from scelle.tlog.errors import OriginMismatchError

    keys = values.texts("key")
    if not keys:
        service = offline(session)[1].directory.service
        keys = [service.directory_log, service.activity_log]
    for key in keys[:-1]:
        try:
            return _proven(check_proof(path, key), session)
        except OriginMismatchError:
            continue  # it is of another log: the next key tells
    return _proven(check_proof(path, keys[-1]), session)


def _proven(proven: "ProvenEntry", session: Session) -> Result:
    name = session.words(_NAMES[proven.log])
    line = session.words("proof.holds", index=proven.index, log=name, origin=proven.origin, n=proven.size)
    content = None if proven.content is None else proven.content.decode("utf-8", "backslashreplace")
    data: Json = {
        "log": proven.log,
        "origin": proven.origin,
        "index": proven.index,
        "size": proven.size,
        "content": content,
    }
    return Result(data, [line])


# --- tail ---------------------------------------------------------------------------------------------------------


_KINDS = {
    "transfer.sealed": "record.sealed",
    "share.released": "record.released",
    "release.refused": "record.refused",
    "transfer.opened": "record.opened",
    "transfer.discarded": "record.discarded",
    "transfer.revoked": "record.revoked",
    "transfer.expired": "record.expired",
    "transfer.destroyed": "record.destroyed",
    "frozen": "record.frozen",
    "lift.proposed": "record.lift-proposed",
    "lifted": "record.lifted",
}


def _tail(values: Values, session: Session) -> Result:
    from scelle.cli.online import online
    from scelle.client.listing import resolve
    from scelle.client.logs import tail

    start = _number(values, "from")
    most = _number(values, "last")
    if most is None and start is None:
        most = _LAST
    words = session.words
    with online(values, session) as member:
        given = values.optional("transfer")
        transfer = None if given is None else resolve(member, given)
        happened = deque(tail(member, start or 0, transfer=transfer), maxlen=most)
    if not happened:
        return Result({"records": []}, [words("tail.empty")])
    headers = [
        words("column.index"),
        words("column.time"),
        words("column.what"),
        words("column.about"),
        words("column.by"),
    ]
    rows = [
        [
            words("cell.plain", n=each.index),
            words("cell.stamp", at=each.time),
            words(_KINDS[each.kind]) if each.kind in _KINDS else each.kind,
            _about(each),
            _by(each, session),
        ]
        for each in happened
    ]
    return Result(
        {"records": [_happened_data(each) for each in happened]},
        table(headers, rows, shorten=4, width=session.terminal.width),
    )


def _number(values: Values, name: str) -> int | None:
    text = values.optional(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NumberError(value=text, option=f"--{name}")
    return int(text)


def _about(happened: "Happened") -> str:
    for name in ("transfer", "freeze"):
        found = getattr(happened.record, name, None)
        if found is not None:
            return str(found)[:SHORT]
    return ""


def _by(happened: "Happened", session: Session) -> str:
    if happened.record is None:
        return session.words("tail.erased")
    if not happened.signed:
        return session.words("tail.service")
    signed = happened.signed[0]
    return session.words("tail.member", organisation=signed.organisation, key=signed.member)


def _happened_data(happened: "Happened") -> "Json":
    return {
        "index": happened.index,
        "kind": happened.kind,
        "time": happened.time,
        "record": None if happened.record is None else happened.record.to_json(),
        "signed": [{"member": each.member, "organisation": each.organisation} for each in happened.signed],
    }


_KEY = Option(("--key",), "VKEY", many=True)

COMMANDS = (
    Command(
        ("log", "verify"),
        _verify,
        (_KEY, Option(("--url",), "URL"), PASSPHRASE_FD),
        (Argument("PATH", required=False),),
    ),
    Command(("log", "export"), _export, (PASSPHRASE_FD,), (Argument("DIR"),)),
    Command(
        ("log", "proof"),
        _proof,
        (Option(("--log",), "LOG", choices=_LOGS), Option(("--output", "-o"), "FILE"), PASSPHRASE_FD),
        (Argument("INDEX"),),
    ),
    Command(
        ("log", "tail"),
        _tail,
        (
            Option(("--from",), "INDEX"),
            Option(("--last", "-n"), "N"),
            Option(("--transfer",), "ID"),
            PASSPHRASE_FD,
        ),
    ),
)
