"""Telling: runs commands on the stage, shows them, and keeps what was claimed and whether it holds."""

import re
import time
from collections.abc import Callable
from textwrap import wrap

from scelle.base.codec import Json
from scelle.base.errors import Exit
from scelle.base.ids import TransferId
from scelle.cli.demo_stage import Member, Ran, Stage
from scelle.cli.session import Session
from scelle.cli.terminal import safe

_ID = re.compile(r"\b[a-z2-7]{25}[aeimquy4]\b")
_WIDTH = 96


class BrokenOffError(Exception):
    """A command did not do what the rest of the story needs."""


class Teller:
    """Tells steps on the terminal; `document` and `failed` say what was done and which claims do not hold."""

    def __init__(self, session: Session, stage: Stage) -> None:
        """`stage`: where commands run."""
        self.document: list[Json] = []
        self.failed: list[str] = []
        self.checks = 0
        self._words = session.words
        self._terminal = session.terminal
        self._clock = session.clock
        self._stage = stage
        self._began = time.monotonic()
        self._commands: list[Json] = []
        self._claims: list[Json] = []

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def _say(self, text: str = "", *, indent: str = "", mark: str = "") -> None:
        if not self._terminal.json:
            rest = indent + " " * len(mark)
            for line in wrap(text, _WIDTH, initial_indent=indent + mark, subsequent_indent=rest) or [""]:
                self._terminal.line(line)
            self._terminal.out.flush()

    def _step(self, title: str, text: str) -> None:
        self._commands, self._claims = [], []
        self.document.append(
            {"title": title, "begins": round(self.seconds, 1), "commands": self._commands, "claims": self._claims}
        )
        self._say()
        self._say(f"{len(self.document)}. {title}")
        self._say(text, indent="   ")

    def _claim(self, sentence: str, holds: bool) -> None:
        self.checks += 1
        self._claims.append({"claim": sentence, "holds": holds})
        if not holds:
            self.failed.append(sentence)
        self._say(sentence, indent="   ", mark="✓ " if holds else "✗ ")

    def _shown(self, ran: Ran, *, brief: bool = False, shorten: Callable[[str], str] = str) -> None:
        """`shorten`: shortens the output for people; the document has all of it."""
        output = ran.out + ran.err
        self._commands.append(
            {
                "who": ran.who,
                "command": ran.shown,
                "exit": ran.status,
                "seconds": round(ran.seconds, 2),
                "output": output.splitlines(),
            }
        )
        if self._terminal.json:
            return
        self._terminal.line(f"   {ran.who} $ {ran.shown}")
        if not brief or ran.status:
            for line in shorten(output).splitlines():
                self._terminal.line("      " + safe(line))
        self._terminal.out.flush()

    def _run(
        self,
        *words: str,
        member: Member | None = None,
        unlocking: bool = False,
        hide: str = "",
        brief: bool = False,
        status: int = Exit.OK,
        shorten: Callable[[str], str] = str,
    ) -> Ran:
        """Run and show a command. `status`: how it must end for the story to go on."""
        ran = self._stage.run(words, member=member, unlocking=unlocking, hide=(hide,))
        self._shown(ran, brief=brief, shorten=shorten)
        self._must_end(ran, status)
        return ran

    def _must_end(self, ran: Ran, status: int = Exit.OK) -> None:
        if ran.status != status:
            wanted = int(status)
            self._claim(self._words("demo.claim.status", command=ran.shown, status=ran.status, wanted=wanted), False)
            raise BrokenOffError

    def _find(self, pattern: "re.Pattern[str]", ran: Ran) -> str:
        """What a later command needs from the output of this one."""
        found = pattern.search(ran.out) or pattern.search(ran.err)
        if found is None:
            self._claim(self._words("demo.claim.output", command=ran.shown), False)
            raise BrokenOffError
        return found[0]

    def _newest(self, listing: str, member: Member) -> TransferId:
        """The whole id of the newest transfer or freeze: people see its beginning, which commands take as well."""
        ran = self._stage.run([listing, "--json"], member=member)
        return TransferId(self._find(_ID, ran))
