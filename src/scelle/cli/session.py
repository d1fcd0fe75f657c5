"""What a command is given besides its values: the terminal, the words, the clock, and the way to one's secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scelle.app.clock import Clock, SystemClock
from scelle.base.codec import Json
from scelle.cli.terminal import Terminal
from scelle.cli.words import Words

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from scelle.cli.grammar import Values
    from scelle.client.home import Home
    from scelle.client.progress import Progress
    from scelle.client.vault import Vault


@dataclass(frozen=True, slots=True)
class Result:
    """What a command found: `data` is the document of `--json`, `lines` what a person reads.

    `notes`: remarks that follow on standard error, unless quiet or in JSON mode.
    """

    data: Json
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()


class Session:
    """One run of the command line."""

    def __init__(self, *, terminal: Terminal, words: Words, folder: Path, clock: Clock | None = None) -> None:
        """`folder`: the home folder, whether it exists or not."""
        self.terminal = terminal
        self.words = words
        self.folder = folder
        self.clock: Clock = clock or SystemClock()

    def note(self, sentence: str, /, **facts: str | int) -> None:
        """Say a sentence on standard error, unless quiet or in JSON mode."""
        self.terminal.note(self.words(sentence, **facts))

    def progress(
        self, key: str, /, *, total: int | None = None, counted: bool = False, **facts: str | int
    ) -> "AbstractContextManager[Progress]":
        """A bar that is named by a sentence of the view files; see `Terminal.progress`."""

        def shown(amount: int) -> str:
            return self.words("cell.count", n=amount) if counted else self.words("cell.size", size=amount)

        return self.terminal.progress(self.words(key, **facts), shown=shown, total=total, counted=counted)

    def home(self) -> "Home":
        """The member's home. Raises HomeMissingError."""
        from scelle.client.home import Home

        return Home.open(self.folder)

    def vault(self, values: "Values") -> "Vault":
        """The member's secrets, unlocked. Raises what `passphrase.open_vault` raises."""
        from scelle.cli.passphrase import open_vault

        return open_vault(self, values)
