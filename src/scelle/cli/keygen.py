"""`scelle keygen`: a fresh key pair as an age identity file."""

from typing import TYPE_CHECKING

from scelle.cli.grammar import Argument, Command, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session

if TYPE_CHECKING:
    from scelle.client.seal import Passphrase


def _keygen(values: Values, session: Session) -> Result:
    from pathlib import Path

    from scelle.app.randomness import draw
    from scelle.client.seal import encode_identity, make_identity, write_private

    values.at_most_one("pq", "x25519")
    if values.has("convert"):
        return _convert(values, session)
    out = values.optional("output")
    identity = make_identity(draw=draw, classic=values.has("x25519"))
    passphrase = _passphrase(values, session)
    data = encode_identity(identity, now=session.clock.now(), passphrase=passphrase, draw=draw)
    public = str(identity.recipient())
    if out is not None:
        write_private(Path(out), data)
        session.note("keygen.public", key=public)
        return Result({"public_key": public, "file": out})
    if not session.terminal.out_is_terminal:
        session.note("keygen.public", key=public)
    text = data.decode("ascii")
    return Result({"public_key": public, "identity": text}, text.splitlines())


def _passphrase(values: Values, session: Session) -> "Passphrase | None":
    if not values.has("passphrase"):
        return None
    from scelle.cli.passphrase import new_passphrase
    from scelle.client.seal import Passphrase

    return Passphrase(new_passphrase(session, values))


def _convert(values: Values, session: Session) -> Result:
    """The public keys of an identity file."""
    from scelle.cli.keyfiles import identities_of

    found = identities_of(values.optional("FILE") or "-", values, session)
    public = [str(identity.recipient()) for identity in found]
    return Result({"public_keys": public}, public)


COMMANDS = (
    Command(
        ("keygen",),
        _keygen,
        (
            Option(("--output", "-o"), "FILE"),
            Option(("--pq",)),
            Option(("--x25519",)),
            Option(("--passphrase", "-p")),
            Option(("--convert", "-y")),
            PASSPHRASE_FD,
        ),
        (Argument("FILE", required=False),),
    ),
)
