"""Help pages, made from the grammar and the words; the same text is the reference."""

from textwrap import wrap

from scelle.cli import catalogue
from scelle.cli.grammar import COMMON, Argument, Command, Option
from scelle.cli.words import Words

WIDTH = 96


def overview(words: Words) -> list[str]:
    """The page of `scelle --help`: every command with its summary."""
    rows = []
    seen = set()
    groups = catalogue.groups()
    for name in catalogue.COMMANDS:
        first = name.partition(" ")[0]
        if first in seen:
            continue
        seen.add(first)
        shown = f"{first} {'|'.join(groups[first])}" if first in groups else first
        rows.append((shown, words.help(first)))
    return [
        words.help("title"),
        "",
        *_usage(words, f"scelle {words.value('COMMAND')} …"),
        "",
        words.help("heading commands"),
        *_columns(rows),
        "",
        words.help("heading common"),
        *_options(words, None, COMMON),
        "",
        *wrap(words.help("more"), WIDTH),
    ]


def group_page(words: Words, group: str) -> list[str]:
    """The page of a group: `scelle desk --help`."""
    rows = [(f"{group} {second}", words.help(f"{group} {second}")) for second in catalogue.groups()[group]]
    return [
        words.help(group),
        "",
        *_usage(words, f"scelle {group} {words.value('COMMAND')} …"),
        "",
        words.help("heading commands"),
        *_columns(rows),
    ]


def command_page(words: Words, command: Command) -> list[str]:
    """The page of one command."""
    lines = [words.help(command.name), "", *_usage(words, synopsis(words, command))]
    if command.arguments:
        rows = [
            (words.value(argument.name), words.help(f"{command.name} {argument.name}"))
            for argument in command.arguments
        ]
        lines += ["", words.help("heading arguments"), *_columns(rows)]
    if command.options:
        lines += ["", words.help("heading options"), *_options(words, command, command.options)]
    lines += ["", words.help("heading common"), *_options(words, None, COMMON)]
    return lines


def synopsis(words: Words, command: Command) -> str:
    """One line that shows how the command is written."""
    parts = ["scelle", command.name]
    parts += [f"{option.flags[0]} {words.value(option.value)}" for option in command.options if option.required]
    if any(not option.required for option in command.options):
        parts.append(f"[{words.value('OPTIONS')}]")
    parts += [_place(words, argument) for argument in command.arguments]
    return " ".join(parts)


def option_help(words: Words, command: Command | None, option: Option) -> str:
    """The help text of an option; without a command, of one that every command has."""
    text = words.help(f"{command.name} {option.flags[0]}" if command else option.flags[0])
    if option.choices:
        text += f" ({', '.join(option.choices)})"
    return text


def _place(words: Words, argument: Argument) -> str:
    shown = words.value(argument.name) + ("…" if argument.many else "")
    return shown if argument.required else f"[{shown}]"


def _usage(words: Words, line: str) -> list[str]:
    heading = words.help("heading usage")
    return wrap(f"{heading} {line}", WIDTH, subsequent_indent=" " * (len(heading) + 1))


def _options(words: Words, command: Command | None, options: tuple[Option, ...]) -> list[str]:
    rows = []
    for option in options:
        flags = ", ".join(sorted(option.flags, key=len))
        shown = f"{flags} {words.value(option.value)}" if option.value else flags
        rows.append((shown, option_help(words, command, option)))
    return _columns(rows)


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns; a left part too wide for its column stands on a line of its own."""
    left = min(max(len(shown) for shown, _ in rows), 28) + 4
    lines = []
    for shown, text in rows:
        parts = wrap(text, WIDTH - left) or [""]
        head = f"  {shown}"
        if len(head) > left - 2:
            lines.append(head)
            head = ""
        lines.append(f"{head:<{left}}{parts[0]}".rstrip())
        lines += [" " * left + part for part in parts[1:]]
    return lines
