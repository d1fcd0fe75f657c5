"""`scelle seal` and `scelle unseal`: age files, without any service."""

import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from scelle.base.errors import CallerError, Exit
from scelle.cli.grammar import Argument, Command, MissingOptionError, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Session

if TYPE_CHECKING:
    from scelle.client.progress import Progress
    from scelle.client.seal import SealTo

_SCREENFUL = 1 << 20  # bytes; more is not read on a terminal


class BinaryToTerminalError(CallerError):
    """The output is not text, and standard output is a terminal."""

    code = "usage.binary-to-terminal"
    exit_status = Exit.USAGE
    http_status = 400


def _seal(values: Values, session: Session) -> None:
    from scelle.app.randomness import draw
    from scelle.client.seal import seal_file

    target = _target(values, session)
    armored = values.has("armor")
    if target is None and session.terminal.out_is_terminal and not armored:
        raise BinaryToTerminalError
    recipients = _seal_to(values, session)
    source = _source(values, session)
    with _progress(session, source, "progress.seal") as progress:
        seal_file(
            source,
            session.terminal.binary_out if target is None else target,
            recipients,
            draw=draw,
            armored=armored,
            overwrite=True,
            progress=progress,
        )


def _seal_to(values: Values, session: Session) -> "list[SealTo]":
    from scelle.cli.keyfiles import recipients_of
    from scelle.cli.passphrase import new_passphrase
    from scelle.client.seal import Passphrase

    if values.has("passphrase"):
        for other in ("recipient", "recipients-file", "identity"):
            values.at_most_one("passphrase", other)
        return [Passphrase(new_passphrase(session, values))]
    if not any(values.has(name) for name in ("recipient", "recipients-file", "identity")):
        raise MissingOptionError(option="--recipient", command="seal")
    return [*recipients_of(values, session)]


def _unseal(values: Values, session: Session) -> None:
    from scelle.cli.keyfiles import openers_of
    from scelle.client.seal import unseal_file

    target = _target(values, session)
    openers = openers_of(values, session)
    source = _source(values, session)
    with _progress(session, source, "progress.unseal") as progress:
        if target is None and session.terminal.out_is_terminal:
            screen = _Screen()
            unseal_file(source, screen, openers)
            session.terminal.out.write(screen.text())
        else:
            unseal_file(
                source,
                session.terminal.binary_out if target is None else target,
                openers,
                overwrite=True,
                progress=progress,
            )


class _Screen(io.BytesIO):
    """Holds what goes to a terminal until it is known to be text without control characters."""

    def write(self, data: object, /) -> int:
        size = super().write(data)  # type: ignore[arg-type]
        if self.tell() > _SCREENFUL:
            raise BinaryToTerminalError
        return size

    def text(self) -> str:
        try:
            text = self.getvalue().decode()
        except UnicodeDecodeError:
            raise BinaryToTerminalError from None
        if not all(line.isprintable() for line in text.replace("\t", " ").replace("\xa0", " ").splitlines()):
            raise BinaryToTerminalError
        return text


def _target(values: Values, session: Session) -> "Path | BinaryIO | None":
    """Where the output goes; None for standard output that nobody named."""
    out = values.optional("output")
    if out == "-":
        return session.terminal.binary_out
    return None if out is None else Path(out)


def _source(values: Values, session: Session) -> Path | BinaryIO:
    name = values.optional("FILE")
    return session.terminal.binary_in if name in {None, "-"} else Path(str(name))


def _progress(session: Session, source: Path | BinaryIO, key: str) -> "AbstractContextManager[Progress]":
    total = source.stat().st_size if isinstance(source, Path) and source.is_file() else None
    return session.progress(key, total=total)


_IN = (Argument("FILE", required=False),)
_OUT = Option(("--output", "-o"), "FILE")
_IDENTITY = Option(("--identity", "-i"), "FILE", many=True)
_PASSPHRASE = Option(("--passphrase", "-p"))

COMMANDS = (
    Command(
        ("seal",),
        _seal,
        (
            Option(("--recipient", "-r"), "RECIPIENT", many=True),
            Option(("--recipients-file", "-R"), "FILE", many=True),
            _IDENTITY,
            _PASSPHRASE,
            PASSPHRASE_FD,
            Option(("--armor", "-a")),
            _OUT,
        ),
        _IN,
    ),
    Command(("unseal",), _unseal, (_IDENTITY, _PASSPHRASE, PASSPHRASE_FD, _OUT), _IN),
)
