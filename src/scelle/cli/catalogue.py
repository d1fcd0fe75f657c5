"""Every command by name, and the module that holds it: only the module of the command that runs is imported."""

from importlib import import_module

from scelle.cli.grammar import Command, NearCommandError, UnknownCommandError, UsageError

COMMANDS: dict[str, str] = {
    "join": "scelle.cli.joining",
    "whoami": "scelle.cli.joining",
    "members": "scelle.cli.joining",
    "directory": "scelle.cli.directory",
    "member invite": "scelle.cli.joining",
    "desk list": "scelle.cli.directory",
    "desk add": "scelle.cli.directory",
    "desk remove": "scelle.cli.directory",
    "accept": "scelle.cli.directory",
    "send": "scelle.cli.sending",
    "cosign": "scelle.cli.datasets",
    "sent": "scelle.cli.sending",
    "inbox": "scelle.cli.inbox",
    "show": "scelle.cli.inbox",
    "open": "scelle.cli.inbox",
    "discard": "scelle.cli.inbox",
    "revoke": "scelle.cli.sending",
    "inventory": "scelle.cli.oversight",
    "freeze": "scelle.cli.oversight",
    "freezes": "scelle.cli.oversight",
    "lift": "scelle.cli.oversight",
    "confirm": "scelle.cli.oversight",
    "log verify": "scelle.cli.log",
    "log export": "scelle.cli.log",
    "log proof": "scelle.cli.log",
    "log tail": "scelle.cli.log",
    "records check": "scelle.cli.records",
    "records profiles": "scelle.cli.records",
    "records profile": "scelle.cli.records",
    "records generate": "scelle.cli.records",
    "records rejects": "scelle.cli.datasets",
    "index issue": "scelle.cli.index",
    "index take": "scelle.cli.index",
    "index keys": "scelle.cli.index",
    "index count": "scelle.cli.index",
    "index overlap": "scelle.cli.index",
    "index find": "scelle.cli.index",
    "unlock": "scelle.cli.unlock",
    "lock": "scelle.cli.unlock",
    "keygen": "scelle.cli.keygen",
    "seal": "scelle.cli.seal",
    "unseal": "scelle.cli.seal",
    "completion": "scelle.cli.completion",
    "service init": "scelle.cli.service",
    "service run": "scelle.cli.service",
    "service invite": "scelle.cli.service",
    "service check": "scelle.cli.service",
    "demo": "scelle.cli.demo",
}
"""Command name to module, in the order of the help page. A module lists its commands in `COMMANDS`."""


def groups() -> dict[str, list[str]]:
    """The names that are followed by a second word (`desk`), with those words, in the order of the help page."""
    found: dict[str, list[str]] = {}
    for name in COMMANDS:
        first, space, second = name.partition(" ")
        if space:
            found.setdefault(first, []).append(second)
    return found


def load(name: str) -> Command:
    """Import the module of a command and return the command. Raises UnknownCommandError or NearCommandError."""
    if name not in COMMANDS:
        raise unknown(name)
    commands: tuple[Command, ...] = import_module(COMMANDS[name]).COMMANDS
    return next(command for command in commands if command.name == name)


def unknown(name: str) -> UsageError:
    """The error for a name that no command has, with the nearest one that exists."""
    from difflib import get_close_matches

    near = get_close_matches(name, [*COMMANDS, *groups()], n=1)
    return NearCommandError(name=name, near=near[0]) if near else UnknownCommandError(name=name)
