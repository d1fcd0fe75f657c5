"""Where passphrases come from: a file descriptor or a question, never an argument, never the environment."""

import os

from scelle.app.randomness import draw
from scelle.base.errors import CallerError, Exit
from scelle.cli.grammar import Option, UsageError, Values
from scelle.cli.session import Session
from scelle.client.vault import (
    LEAST_PASSPHRASE,
    ShortPassphraseError,
    Vault,
    VaultCorruptError,
    VaultMissingError,
    is_plain,
    is_there,
)

PASSPHRASE_FD = Option(("--passphrase-fd",), "N")
"""For every command that may unlock the vault or ask for a passphrase; its help text is the same everywhere."""

_LONGEST = 4096  # bytes


class DescriptorError(UsageError):
    """No passphrase can be read from the file descriptor. Facts: `number`, as it was given."""

    code = "usage.passphrase-fd"


class PassphraseNeededError(CallerError):
    """A passphrase is needed, and nobody is there to ask: no agent, no descriptor, no terminal."""

    code = "passphrase.needed"
    exit_status = Exit.LOCKED
    http_status = 409


class PassphraseMismatchError(CallerError):
    """The passphrase that was typed twice was not the same."""

    code = "passphrase.mismatch"
    exit_status = Exit.USAGE
    http_status = 400


def given_passphrase(values: Values) -> str | None:
    """The first line of the file descriptor named on the command line; None when none is named.

    Raises DescriptorError.
    """
    text = values.optional(PASSPHRASE_FD.name)
    if text is None:
        return None
    line = bytearray()
    try:
        number = int(text)
        while not line.endswith(b"\n") and len(line) < _LONGEST:
            byte = os.read(number, 1)  # not a byte more than the line: the rest may be for someone else
            if not byte:
                break
            line += byte
        passphrase = line.rstrip(b"\r\n").decode()
    except (OSError, ValueError, OverflowError):
        raise DescriptorError(number=text) from None
    if not passphrase:
        raise DescriptorError(number=text)
    return passphrase


def ask_passphrase(session: Session, question: str = "ask.passphrase") -> str:
    """Ask for a passphrase. Raises PassphraseNeededError when nobody is there to ask."""
    if not session.terminal.can_ask:
        raise PassphraseNeededError
    return session.terminal.ask_hidden(session.words(question))


def new_passphrase(session: Session, values: Values) -> str:
    """A passphrase for something new: from the descriptor, or asked twice.

    Raises ShortPassphraseError, PassphraseMismatchError or PassphraseNeededError.
    """
    passphrase = given_passphrase(values)
    if passphrase is None:
        passphrase = ask_passphrase(session, "ask.new-passphrase")
        if len(passphrase) >= LEAST_PASSPHRASE and ask_passphrase(session, "ask.again") != passphrase:
            raise PassphraseMismatchError
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ShortPassphraseError(least=LEAST_PASSPHRASE)
    return passphrase


def open_vault(session: Session, values: Values) -> Vault:
    """The member's secrets: by the descriptor when one is named, else the agent, the keyring, or a question.

    Raises VaultMissingError, WrongPassphraseError, PassphraseNeededError or VaultCorruptError.
    """
    folder = session.folder
    if not is_there(folder):
        raise VaultMissingError(path=str(folder))
    if is_plain(folder):
        if not session.terminal.json:
            session.terminal.alarm(session.words("vault.plain"))
        return Vault.unlock_plain(folder, draw=draw)
    passphrase = given_passphrase(values)
    if passphrase is None:
        vault = _held(session)
        if vault is not None:
            return vault
        passphrase = ask_passphrase(session)
    return Vault.unlock(folder, passphrase, draw=draw)


def _held(session: Session) -> Vault | None:
    """The vault opened with a key that the agent or the keyring holds."""
    from scelle.client import agent, chain

    for held in (agent.stored_key, chain.recall):
        key = held(session.folder)
        if key is not None:
            try:
                return Vault(session.folder, key, draw=draw)
            except VaultCorruptError:
                continue  # the key of a vault that was here before; a passphrase will tell
    return None
