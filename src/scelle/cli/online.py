"""How a command reaches the service: keys unlocked, directory replayed, and a session that ends with the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scelle.cli.grammar import Values
from scelle.cli.session import Session

if TYPE_CHECKING:
    from scelle.client.home import Home
    from scelle.client.session import Session as Member
    from scelle.exchange.trust import Trust

_REMINDED = "reminded"
_DAY = 86400


@contextmanager
def online(values: Values, session: Session, *, secrets: bool = True) -> "Iterator[Member]":
    """The member at the service, with the directory brought up to date.

    `secrets`: whether the command signs or opens anything; without, no passphrase is asked. Raises HomeMissingError,
    what `passphrase.open_vault` raises, and what `Session.sync` of the client raises.
    """
    from scelle.app.randomness import draw
    from scelle.client.connection import Connection
    from scelle.client.session import Session as Member

    home = session.home()
    vault = session.vault(values) if secrets else None
    connection = Connection(home.config.service, now=session.clock.now, draw=draw)
    try:
        member = Member(home, connection, vault=vault, draw=draw, now=session.clock.now)
        member.sync()
        if secrets:
            _renew(member, session)
        _remind(home, session)
        yield member
    finally:
        connection.close()


def offline(session: Session) -> "tuple[Home, Trust]":
    """The member's home and what was verified before: nothing is asked of anybody. Raises HomeMissingError."""
    from scelle.client.session import stored_trust

    home = session.home()
    return home, stored_trust(home)[0]


def _renew(member: "Member", session: Session) -> None:
    """Announce a fresh encryption key when it is time. What a person asked for goes on when that fails."""
    from scelle.base.errors import ScelleError

    try:
        member.renew_subkey()
    except ScelleError as failure:
        session.note("renew.failed", code=failure.code)


def _remind(home: "Home", session: Session) -> None:
    """Once a day, name the opened copies whose source's retention has ended."""
    from scelle.client.received import COPIES

    if session.terminal.quiet or session.terminal.json or not any(home.receipts.glob(f"*/{COPIES}")):
        return
    from scelle.client.home import read_private, write_private
    from scelle.client.opening import reminders

    now = session.clock.now()
    told = (read_private(home.folder / _REMINDED) or b"").decode("ascii", "replace")
    if told.isdigit() and len(told) < 16 and now - _DAY < int(told) <= now:
        return
    found = reminders(home, now=now)
    for each in found:
        session.note("remind.copy", transfer=each.transfer, folder=str(each.folder), until=each.until)
    if found:
        write_private(home.folder / _REMINDED, str(now).encode())
