"""`scelle completion`: scripts for bash, zsh and fish, made from the grammar."""

from scelle.cli import catalogue
from scelle.cli.grammar import COMMON, Argument, Command, Option, Values
from scelle.cli.session import Result, Session
from scelle.cli.words import Words

_FILES = frozenset({"FILE", "DIR", "PATH"})


def _completion(values: Values, session: Session) -> Result:
    shell = values.text("SHELL")
    commands = [catalogue.load(name) for name in catalogue.COMMANDS]
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands, session.words)
    return Result({"shell": shell, "script": "\n".join(lines)}, lines)


def _flags(command: Command) -> str:
    return " ".join(flag for option in (*COMMON, *command.options) for flag in option.flags)


def _bash(commands: list[Command], words: Words) -> list[str]:  # noqa: ARG001 (bash shows no descriptions)
    groups = catalogue.groups()
    first = " ".join(dict.fromkeys(command.path[0] for command in commands))
    lines = ["_scelle() {", '  local word="${COMP_WORDS[COMP_CWORD]}" name="${COMP_WORDS[1]}" known=""']
    lines += [
        '  if [ "$COMP_CWORD" -eq 1 ]; then',
        f'    COMPREPLY=($(compgen -W "{first} --help --version" -- "$word")); return',
        "  fi",
    ]
    lines += ['  case "$name" in']
    for group, seconds in groups.items():
        chosen = f'COMPREPLY=($(compgen -W "{" ".join(seconds)}" -- "$word"))'
        lines += [f'    {group}) if [ "$COMP_CWORD" -eq 2 ]; then {chosen}; return; fi']
        lines += ['      name="$name ${COMP_WORDS[2]}";;']
    lines += ["  esac", '  case "$name" in']
    lines += [f'    "{command.name}") known="{_flags(command)}{_choices(command)}";;' for command in commands]
    lines += ["  esac", '  COMPREPLY=($(compgen -W "$known" -- "$word"))', "}"]
    return [*lines, "complete -o default -F _scelle scelle"]


def _choices(command: Command) -> str:
    return "".join(f" {choice}" for argument in command.arguments for choice in argument.choices)


def _zsh(commands: list[Command], words: Words) -> list[str]:
    """The script for bash, which zsh can run; descriptions would need a second one."""
    return ["#compdef scelle", "autoload -U +X bashcompinit && bashcompinit", *_bash(commands, words)]


def _fish(commands: list[Command], words: Words) -> list[str]:
    groups = catalogue.groups()
    lines = ["complete -c scelle -f"]
    lines += [
        f"complete -c scelle -n __fish_use_subcommand -a {name} -d {_quote(words.help(name))}"
        for name in dict.fromkeys(command.path[0] for command in commands)
    ]
    for command in commands:
        seen = f"__fish_seen_subcommand_from {command.path[0]}"
        if command.path[0] in groups:
            second = command.path[1]
            lines.append(
                f"complete -c scelle -n '{seen}; and not __fish_seen_subcommand_from "
                f"{' '.join(groups[command.path[0]])}' -a {second} -d {_quote(words.help(command.name))}"
            )
            seen += f"; and __fish_seen_subcommand_from {second}"
        lines += [
            _fish_option(seen, option, words.help(f"{command.name} {option.flags[0]}")) for option in command.options
        ]
        lines += [line for argument in command.arguments for line in _fish_argument(seen, argument)]
    return lines + [_fish_option("true", option, words.help(option.flags[0])) for option in COMMON]


def _fish_option(condition: str, option: Option, text: str) -> str:
    parts = [f"complete -c scelle -n '{condition}'"]
    parts += [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    if option.choices:
        parts.append(f"-x -a '{' '.join(option.choices)}'")
    elif option.value:
        parts.append("-r -F" if option.value in _FILES else "-x")
    return " ".join([*parts, f"-d {_quote(text)}"])


def _fish_argument(condition: str, argument: Argument) -> list[str]:
    if argument.choices:
        return [f"complete -c scelle -n '{condition}' -a '{' '.join(argument.choices)}'"]
    return [f"complete -c scelle -n '{condition}' -F"] if argument.name in _FILES else []


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


COMMANDS = (Command(("completion",), _completion, arguments=(Argument("SHELL", choices=("bash", "zsh", "fish")),)),)
