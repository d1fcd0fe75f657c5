"""Identity and recipients files named on a command line; `-` is standard input."""

from collections.abc import Sequence
from pathlib import Path

from scelle.age.header import FileKey, Identity, Stanza
from scelle.age.keyfile import (
    MAX_KEY_TEXT,
    AnyIdentity,
    AnyRecipient,
    is_sealed,
    open_identities,
    parse_identities,
    parse_recipient,
    parse_recipients,
)
from scelle.age.scrypt import TYPE, ScryptIdentity
from scelle.cli.grammar import Values
from scelle.cli.passphrase import ask_passphrase, given_passphrase
from scelle.cli.session import Session
from scelle.client.seal import read_key_file


class AskedPassphrase:
    """An identity that asks for its passphrase when a file wants one, and not before."""

    def __init__(self, values: Values, session: Session) -> None:
        self._values = values
        self._session = session

    def unwrap(self, stanzas: Sequence[Stanza]) -> FileKey | None:
        """See `scelle.age.header.Identity`."""
        if all(stanza.type != TYPE for stanza in stanzas):
            return None
        return ScryptIdentity(passphrase_of(self._values, self._session)).unwrap(stanzas)


def passphrase_of(values: Values, session: Session) -> str:
    """The passphrase of something that exists: from the descriptor, or asked once."""
    given = given_passphrase(values)
    return ask_passphrase(session) if given is None else given


def identities_of(name: str, values: Values, session: Session) -> list[AnyIdentity]:
    """The identities of a file, which may be under a passphrase. Raises KeyTextError, AgeError and file errors."""
    data = _read(name, session)
    if is_sealed(data):
        return open_identities(data, [AskedPassphrase(values, session)])
    return parse_identities(data)


def recipients_of(values: Values, session: Session) -> list[AnyRecipient]:
    """Every recipient that `-r`, `-R` and `-i` name. Raises MalformedError, KeyTextError, AgeError, file errors."""
    found = [parse_recipient(text) for text in values.texts("recipient")]
    for name in values.texts("recipients-file"):
        found += parse_recipients(_read(name, session))
    for name in values.texts("identity"):
        found += [identity.recipient() for identity in identities_of(name, values, session)]
    return found


def openers_of(values: Values, session: Session) -> list[Identity]:
    """What opens a file: the identities of `-i`; a passphrase with `-p`, or when no `-i` is given."""
    found: list[Identity] = []
    for name in values.texts("identity"):
        found += identities_of(name, values, session)
    if values.has("passphrase") or not found:
        found.append(AskedPassphrase(values, session))
    return found


def _read(name: str, session: Session) -> bytes:
    if name == "-":
        return session.terminal.binary_in.read(MAX_KEY_TEXT + 1)
    return read_key_file(Path(name))
