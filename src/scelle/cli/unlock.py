"""`scelle unlock` and `scelle lock`: keep the secrets open for a while, or not."""

from scelle.cli.grammar import Command, Option, Values
from scelle.cli.passphrase import PASSPHRASE_FD
from scelle.cli.session import Result, Session

_DEFAULT = "15m"


def _unlock(values: Values, session: Session) -> Result:
    from scelle.app.agent import start
    from scelle.client import agent, chain
    from scelle.exchange.retention import parse_duration

    seconds = parse_duration(values.optional("for") or _DEFAULT)
    vault = session.vault(values)
    agent.stop(session.folder)
    start(session.folder, vault.store_key, seconds=seconds)
    if values.has("remember"):
        chain.remember(session.folder, vault.store_key)
    until = session.clock.now() + seconds
    return Result({"unlocked": True, "until": until}, [session.words("unlock.done", until=until, left=seconds)])


def _lock(values: Values, session: Session) -> Result:
    from scelle.client import agent, chain

    stopped = agent.stop(session.folder)
    forgotten = values.has("forget") and chain.forget(session.folder)
    lines = [session.words("lock.done" if stopped else "lock.already")]
    if forgotten:
        lines.append(session.words("lock.forgotten"))
    return Result({"unlocked": False, "was_unlocked": stopped, "forgotten": forgotten}, lines)


COMMANDS = (
    Command(("unlock",), _unlock, (Option(("--for",), "SPAN"), Option(("--remember",)), PASSPHRASE_FD)),
    Command(("lock",), _lock, (Option(("--forget",)),)),
)
