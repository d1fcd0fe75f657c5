"""What a command line may say: commands, options and arguments as values, and one strict reader for them.

The same values feed the reader, the help pages in both languages, the reference and shell completion, so that
they cannot disagree. Reading is strict: unknown, repeated and missing things are errors of their own, long options
are never abbreviated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from scelle.base.errors import CallerError, Exit

if TYPE_CHECKING:
    from scelle.cli.session import Result, Session

Run: TypeAlias = "Callable[[Values, Session], Result | None]"


class UsageError(CallerError):
    """The words after `scelle` do not make a command."""

    exit_status = Exit.USAGE
    http_status = 400


class UnknownCommandError(UsageError):
    """No command has this name. Facts: `name`."""

    code = "usage.unknown-command"


class NearCommandError(UsageError):
    """No command has this name, but one has a name close to it. Facts: `name`, `near`."""

    code = "usage.near-command"


class UnknownOptionError(UsageError):
    """The command has no such option. Facts: `option`, `command`."""

    code = "usage.unknown-option"


class MissingValueError(UsageError):
    """An option that needs a value stands last. Facts: `option`, `command`."""

    code = "usage.missing-value"


class NeedlessValueError(UsageError):
    """A switch was given a value. Facts: `option`, `command`."""

    code = "usage.needless-value"


class RepeatedOptionError(UsageError):
    """An option that is given once was given again. Facts: `option`, `command`."""

    code = "usage.repeated-option"


class MissingOptionError(UsageError):
    """A required option is absent. Facts: `option`, `command`."""

    code = "usage.missing-option"


class MissingArgumentError(UsageError):
    """A required argument is absent. Facts: `argument`, `command`."""

    code = "usage.missing-argument"


class ExtraArgumentError(UsageError):
    """One argument too many. Facts: `argument`, `command`."""

    code = "usage.extra-argument"


class ChoiceError(UsageError):
    """A value is not among those allowed. Facts: `value`, `option`, `choices`."""

    code = "usage.choice"


class TextLengthError(UsageError):
    """A text is empty or too long. Facts: `option`, `most` (characters)."""

    code = "usage.text-length"


class NumberError(UsageError):
    """A value is not a number. Facts: `value`, `option`."""

    code = "usage.number"


class ConflictError(UsageError):
    """Two options exclude each other. Facts: `first`, `second`."""

    code = "usage.conflict"


@dataclass(frozen=True, slots=True)
class Option:
    """An option: `flags` with the long one first; `value` names its value, empty for a switch."""

    flags: tuple[str, ...]
    value: str = ""
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The long flag without its hyphens; commands read the option under this name."""
        return self.flags[0].lstrip("-")


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument, shown and read under `name` (upper case); only the last one may be `many`."""

    name: str
    many: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its path (`("desk", "list")`), what runs it, and what it takes besides `COMMON`."""

    path: tuple[str, ...]
    run: Run
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()

    @property
    def name(self) -> str:
        """The path as one types it."""
        return " ".join(self.path)


COMMON = (
    Option(("--json",)),
    Option(("--home",), "DIR"),
    Option(("--lang",), "LANG", choices=("fr", "en")),
    Option(("--quiet", "-q")),
    Option(("--help", "-h")),
)
"""Options of every command."""


class Values:
    """What was given on the command line, by name; asking for a name that the command does not declare is a defect."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._given: dict[str, list[str]] = {option.name: [] for option in (*COMMON, *command.options)}
        self._given.update({argument.name: [] for argument in command.arguments})

    def add(self, name: str, value: str) -> None:
        """Note one value (the empty string for a switch)."""
        self._given[name].append(value)

    def has(self, name: str) -> bool:
        """Whether an option or argument was given."""
        return bool(self._given[name])

    def text(self, name: str) -> str:
        """The value of a required option or argument."""
        return self._given[name][0]

    def optional(self, name: str) -> str | None:
        """The value of an optional option or argument, None when it was not given."""
        return self._given[name][0] if self._given[name] else None

    def texts(self, name: str) -> list[str]:
        """Every value of an option or argument that may be given several times."""
        return list(self._given[name])

    def listed(self, name: str) -> list[str]:
        """Every value of an option whose values may also stand in one, with commas between; each once, in order."""
        parts = [part.strip() for value in self._given[name] for part in value.split(",")]
        return list(dict.fromkeys(part for part in parts if part))

    def bounded(self, name: str, most: int) -> str | None:
        """The value of an option, None when it was not given. Raises TextLengthError when it is empty or too long."""
        value = self.optional(name)
        if value is not None and not 1 <= len(value.strip()) <= most:
            raise TextLengthError(option=f"--{name}", most=most)
        return None if value is None else value.strip()

    def at_most_one(self, *names: str) -> None:
        """Refuse two of these options together. Raises ConflictError."""
        given = [name for name in names if self._given[name]]
        if len(given) > 1:
            raise ConflictError(first=f"--{given[0]}", second=f"--{given[1]}")

    def check_complete(self) -> None:
        """Raises MissingOptionError or MissingArgumentError for what the command needs and did not get."""
        for argument in self.command.arguments:
            if argument.required and not self._given[argument.name]:
                raise MissingArgumentError(argument=argument.name, command=self.command.name)
        for option in self.command.options:
            if option.required and not self._given[option.name]:
                raise MissingOptionError(option=option.flags[0], command=self.command.name)


def parse(command: Command, words: Sequence[str]) -> Values:
    """Read the words that follow a command's name. Raises a UsageError; call `check_complete` on the answer."""
    return _Reader(command, words).read()


class _Reader:
    """One pass over the words of a command line."""

    def __init__(self, command: Command, words: Iterable[str]) -> None:
        self._command = command
        self._words = list(words)
        self._values = Values(command)
        self._flags = {flag: option for option in (*COMMON, *command.options) for flag in option.flags}
        self._places = list(command.arguments)

    def read(self) -> Values:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                for rest in self._words:
                    self._argument(rest)
                break
            if word.startswith("--"):
                flag, equals, value = word.partition("=")
                self._option(flag, value if equals else None)
            elif word.startswith("-") and word != "-":
                self._short(word)
            else:
                self._argument(word)
        return self._values

    def _find(self, flag: str) -> Option:
        option = self._flags.get(flag)
        if option is None:
            raise UnknownOptionError(option=flag, command=self._command.name)
        return option

    def _short(self, word: str) -> None:
        """`-a`, `-ap` (two switches), `-oFILE` or `-o FILE`."""
        for place in range(1, len(word)):
            flag = f"-{word[place]}"
            if self._find(flag).value:
                self._option(flag, word[place + 1 :] or None)
                return
            self._option(flag, None)

    def _option(self, flag: str, value: str | None) -> None:
        option = self._find(flag)
        if not option.value:
            if value is not None:
                raise NeedlessValueError(option=flag, command=self._command.name)
            value = ""
        elif value is None:
            if not self._words:
                raise MissingValueError(option=flag, command=self._command.name)
            value = self._words.pop(0)
        if option.choices and value not in option.choices:
            raise ChoiceError(value=value, option=flag, choices=", ".join(option.choices))
        if option.value and not option.many and self._values.has(option.name):
            raise RepeatedOptionError(option=flag, command=self._command.name)
        self._values.add(option.name, value)

    def _argument(self, value: str) -> None:
        if not self._places:
            raise ExtraArgumentError(argument=value, command=self._command.name)
        place = self._places[0]
        if place.choices and value not in place.choices:
            raise ChoiceError(value=value, option=place.name, choices=", ".join(place.choices))
        self._values.add(place.name, value)
        if not place.many:
            self._places.pop(0)
