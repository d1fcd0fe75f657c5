"""What reaches a person's terminal: text made safe, lines, tables, progress bars, questions.

Everything that comes from outside (names of files and organisations, texts of the service) passes `safe` on its
way into a sentence, so that no control character, escape sequence or direction override is ever obeyed.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TextIO

from scelle.client.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_SPACES = "\u00a0\u202f"
_BAR_FROM = 8 << 20  # bytes; shorter work is over before a bar could be read
_BAR_FROM_COUNT = 1 << 14  # entries; likewise
_WIDTH = 80  # columns that a table fits, unless the terminal has more
_LEAST = 8  # columns that a shortened cell keeps


def safe(text: str) -> str:
    r"""The text with every character that does not print replaced by an escape such as `\x1b` or `\u202e`.

    Line breaks count as unprintable: a text from outside stays on its line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SPACES else _escape(c) for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return "\\n"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, shorten: int | None = None, width: int = _WIDTH
) -> list[str]:
    """Lines of a table with aligned columns, two spaces apart; no trailing blanks.

    `shorten`: the column whose cells are cut so that the lines fit the width.
    """
    lines = [list(headers), *[[safe(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    if shorten is not None:
        others = sum(widths) - widths[shorten] + 2 * (len(widths) - 1)
        widths[shorten] = min(widths[shorten], max(_LEAST, len(headers[shorten]), width - others))
        for line in lines:
            line[shorten] = cut(line[shorten], widths[shorten])
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def cut(text: str, width: int) -> str:
    """The text, with an ellipsis at its end when it is longer than the width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def pairs(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of labels and what they say, indented by two spaces, aligned."""
    width = max(len(label) for label, _ in rows)
    return [f"  {label.ljust(width)}  {safe(text)}".rstrip() for label, text in rows]


class Terminal:
    """The three standard streams, with what a command may do to them."""

    def __init__(self, *, quiet: bool = False, json: bool = False) -> None:
        self.quiet = quiet
        self.json = json
        self.out: TextIO = sys.stdout
        self.err: TextIO = sys.stderr

    def line(self, text: str) -> None:
        """A line of the result, on standard output."""
        self.out.write(text + "\n")

    def note(self, text: str) -> None:
        """A remark on standard error; left out when quiet or in JSON mode."""
        if not (self.quiet or self.json):
            self.alarm(text)

    def alarm(self, text: str) -> None:
        """A line on standard error that is always shown."""
        self.out.flush()
        self.err.write(text + "\n")
        self.err.flush()

    @property
    def out_is_terminal(self) -> bool:
        """Whether standard output is a terminal (binary data is not written to it)."""
        return self.out.isatty()

    @property
    def width(self) -> int:
        """Columns that a table may take."""
        if not self.out_is_terminal:
            return _WIDTH
        from shutil import get_terminal_size

        return max(_WIDTH, get_terminal_size().columns)

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer a question."""
        return sys.stdin is not None and sys.stdin.isatty() and self.err.isatty()

    @property
    def binary_in(self) -> BinaryIO:
        """Standard input as bytes."""
        return sys.stdin.buffer

    @property
    def binary_out(self) -> BinaryIO:
        """Standard output as bytes."""
        self.out.flush()
        return self.out.buffer

    def ask(self, prompt: str) -> str:
        """Ask for a line; call only when `can_ask`."""
        self.err.write(prompt + " ")
        self.err.flush()
        return sys.stdin.readline().strip()

    def ask_hidden(self, prompt: str) -> str:
        """Ask for a line without showing it; call only when `can_ask`."""
        from getpass import getpass

        try:
            return getpass(prompt + " ", stream=self.err)
        except KeyboardInterrupt:
            self.err.write("\n")  # the question is still on the line
            raise
        except EOFError:
            return ""

    @contextmanager
    def progress(
        self, label: str, *, shown: Callable[[int], str], total: int | None = None, counted: bool = False
    ) -> Iterator[Progress]:
        """A bar on standard error while long work goes on; nothing when nobody would see it.

        `shown`: how an amount reads; `total`: bytes, or entries when `counted`.
        """
        if self.quiet or self.json or not self.err.isatty():
            yield silent
            return
        bar = _LazyBar(label, total, self.err, shown, least=_BAR_FROM_COUNT if counted else _BAR_FROM)
        try:
            yield bar
        finally:
            bar.stop()


class _LazyBar:
    """A rich bar that appears once the work is known to be long."""

    def __init__(
        self, label: str, total: int | None, stream: TextIO, shown: Callable[[int], str], *, least: int
    ) -> None:
        self._shown = shown
        self._least = least
        self._label = label
        self._total = total
        self._stream = stream
        self._bar: Bar | None = None

    def __call__(self, done: int, total: int | None = None) -> None:
        self._total = self._total if total is None else total
        if self._bar is None:
            if (done if self._total is None else self._total) < self._least:
                return
            self._bar = self._start()
            self._task = self._bar.add_task(self._label, total=self._total, amount="")
        amount = self._shown(done) if self._total is None else f"{self._shown(done)} / {self._shown(self._total)}"
        self._bar.update(self._task, completed=done, total=self._total, amount=amount)

    def _start(self) -> "Bar":
        from rich import progress
        from rich.console import Console

        bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[amount]}", markup=False),
            progress.TimeRemainingColumn(),
            console=Console(file=self._stream),
            transient=True,
        )
        bar.start()
        return bar

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
