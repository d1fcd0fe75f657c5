"""`scelle service init | run | invite | check`: what an operator does."""

from typing import TYPE_CHECKING

from scelle.base.errors import CallerError, Exit
from scelle.cli.grammar import Argument, Command, Option, UsageError, Values
from scelle.cli.session import Result, Session

if TYPE_CHECKING:
    from scelle.app.service import Ready

_DATA = Option(("--data",), "DIR", required=True)
_LISTEN = "127.0.0.1:8443"


class ListenAddressError(UsageError):
    """Where to listen is not of the form HOST:PORT. Facts: `text`."""

    code = "usage.listen"


class CheckFailedError(CallerError):
    """A check of the service's data found what must not be. Facts: `count`."""

    code = "service.check-failed"
    exit_status = Exit.LOG


def _init(values: Values, session: Session) -> Result:
    from pathlib import Path
    from urllib.parse import urlsplit

    from scelle.app.randomness import draw
    from scelle.app.service import init

    address, port = _listen(values.optional("listen") or _LISTEN)
    certificate, key = values.optional("cert"), values.optional("key")
    shown = f"[{address}]" if ":" in address else address
    url = values.optional("url") or f"{'https' if certificate else 'http'}://{shown}:{port}"
    made = init(
        Path(values.text("data")),
        origin=values.optional("origin") or urlsplit(url).netloc,
        host_org=values.text("host-org"),
        public_url=url,
        listen=(address, port),
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
        behind_proxy=values.has("behind-proxy"),
        now=session.clock.now(),
        draw=draw,
    )
    words = session.words
    lines = [
        words("service.made", origin=made.origin, path=str(made.settings)),
        words("service.anchor", anchor=made.anchor.hex()),
        words("service.keys"),
        words("service.next", organisation=made.host, folder=values.text("data")),
    ]
    data = {"origin": made.origin, "anchor": made.anchor.hex(), "host": made.host, "settings": str(made.settings)}
    return Result(data, lines)


def _listen(text: str) -> tuple[str, int]:
    address, colon, port = text.rpartition(":")
    if not (colon and address and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ListenAddressError(text=text)
    return address.removeprefix("[").removesuffix("]"), int(port)


def _run(values: Values, session: Session) -> None:
    import json
    import sys
    from pathlib import Path

    from scelle.app.randomness import draw
    from scelle.app.service import run

    def ready(service: "Ready") -> None:
        terminal, anchor = session.terminal, service.anchor.hex()
        if terminal.json:
            terminal.line(json.dumps({"url": service.url, "origin": service.origin, "anchor": anchor}))
        else:
            terminal.line(session.words("service.ready", url=service.url, origin=service.origin, anchor=anchor))
        terminal.out.flush()

    run(Path(values.text("data")), clock=session.clock, draw=draw, ready=ready, events_to=sys.stderr)


def _invite(values: Values, session: Session) -> Result:
    from pathlib import Path

    from scelle.app.randomness import draw
    from scelle.app.service import INVITATION_LIFETIME, invite
    from scelle.exchange.retention import parse_duration

    expires = values.optional("expires")
    made = invite(
        Path(values.text("data")),
        values.text("ORG"),
        lifetime=parse_duration(expires) if expires else INVITATION_LIFETIME,
        now=session.clock.now(),
        draw=draw,
    )
    session.note("service.invited", organisation=made.organisation, until=made.expires)
    data = {"code": made.code, "organisation": made.organisation, "expires": made.expires}
    return Result(data, [made.code])


def _check(values: Values, session: Session) -> Result:
    import json
    from pathlib import Path

    from scelle.app.checking import check

    found = check(Path(values.text("data")))
    data = {"findings": [{"where": each.where, "why": each.why} for each in found]}
    if not found:
        return Result(data, [session.words("service.sound")])
    if session.terminal.json:
        session.terminal.line(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        for each in found:
            session.terminal.line(session.words("service.finding", where=each.where, why=each.why))
    raise CheckFailedError(count=len(found))


COMMANDS = (
    Command(
        ("service", "init"),
        _init,
        (
            _DATA,
            Option(("--host-org",), "ORG", required=True),
            Option(("--origin",), "NAME"),
            Option(("--url",), "URL"),
            Option(("--listen",), "HOST:PORT"),
            Option(("--cert",), "FILE"),
            Option(("--key",), "FILE"),
            Option(("--behind-proxy",)),
        ),
    ),
    Command(("service", "run"), _run, (_DATA,)),
    Command(("service", "invite"), _invite, (_DATA, Option(("--expires",), "SPAN")), (Argument("ORG"),)),
    Command(("service", "check"), _check, (_DATA,)),
)
