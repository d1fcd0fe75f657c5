"""The command `scelle`: finds the command, runs it, and renders what comes out of it, in one place.

Nothing heavy is imported here: a command's module is imported when it runs, and imports its work inside its
function. Results go to standard output, everything else to standard error; `--json` makes each one JSON document.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scelle.base.errors import Exit, PeerError, ScelleError
from scelle.cli import catalogue
from scelle.cli.grammar import COMMON, UnknownOptionError, UsageError, Values, parse
from scelle.cli.session import Result, Session
from scelle.cli.terminal import Terminal
from scelle.cli.words import LANGS, Lang, Words, choose_language


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit status; nothing is raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console that lacks a letter is no reason to fail
    terminal = Terminal(json="--json" in argv)
    words = Words(_language(argv))
    try:
        status = _dispatch(argv, terminal, words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        terminal.alarm(words("frame.interrupted"))
        return Exit.INTERRUPTED
    except ScelleError as failure:
        return _fail(failure, terminal, words)
    except OSError as failure:
        from scelle.client.disk import disk_error

        return _fail(disk_error(failure), terminal, words)
    except Exception as defect:  # noqa: BLE001 (the last net: it reports a defect without its text)
        return _defect(defect, terminal, words)


def _language(argv: Sequence[str]) -> Lang:
    """The language, found before the command line is read, because its errors need one."""
    for place, word in enumerate(argv):
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else None
        if word == "--lang" and place + 1 < len(argv):
            value = argv[place + 1]
        for lang in LANGS:
            if value == lang:
                return lang
    fallback = ""
    if sys.platform == "win32":
        import locale

        fallback = locale.getlocale()[0] or ""
    return choose_language(os.environ, fallback=fallback)


def _dispatch(argv: Sequence[str], terminal: Terminal, words: Words) -> int:
    if argv and argv[0] in {"--version", "-V"}:
        from importlib.metadata import version

        terminal.line(f"scelle {version('scelle')}")
        return Exit.OK
    name, rest = _split(argv)
    if not name or (name in catalogue.groups() and _pleads(rest)):
        from scelle.cli.help import group_page, overview

        _print(terminal, group_page(words, name) if name else overview(words))
        return Exit.OK if _HELP.intersection(rest) else Exit.USAGE
    if name in catalogue.groups():
        raise catalogue.unknown(f"{name} {rest[0]}")
    command = catalogue.load(name)
    values = parse(command, rest)
    if values.has("help"):
        from scelle.cli.help import command_page

        _print(terminal, command_page(words, command))
        return Exit.OK
    values.check_complete()
    terminal.quiet = values.has("quiet")
    result = command.run(values, Session(terminal=terminal, words=words, folder=_folder(values)))
    if result is not None:
        _render(result, terminal)
    return Exit.OK


_HELP = frozenset({"--help", "-h"})


def _split(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the command, of one word or two, and everything else; common options may stand before it.

    The name is empty when there is none. Raises UnknownOptionError for another option before the command.
    """
    common = {flag: option for option in COMMON for flag in option.flags}
    before, rest = [], list(argv)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        before.append(word)
        option = common.get(word.partition("=")[0])
        if option is None:
            raise UnknownOptionError(option=word, command="scelle")
        if option.value and "=" not in word and rest:
            before.append(rest.pop(0))
    double = " ".join(rest[:2])
    if double in catalogue.COMMANDS:
        return double, before + rest[2:]
    return (rest[0] if rest else ""), rest[1:] + before


def _pleads(words: Sequence[str]) -> bool:
    """Whether what follows a group names no second word: the group's page answers it."""
    return not words or words[0].startswith("-")


def _folder(values: Values) -> Path:
    from scelle.client.home import default_folder

    given = values.optional("home")
    return Path(given) if given else default_folder(os.environ)


def _print(terminal: Terminal, lines: Sequence[str]) -> None:
    for line in lines:
        terminal.line(line)


def _render(result: Result, terminal: Terminal) -> None:
    if terminal.json:
        terminal.line(json.dumps(result.data, ensure_ascii=False, indent=2))
    else:
        _print(terminal, result.lines)
        for note in result.notes:
            terminal.note(note)


def _fail(failure: ScelleError, terminal: Terminal, words: Words) -> int:
    sentence, advice = words.error(failure)
    if _said_by_service(failure):
        sentence, advice = _refusal(failure, sentence, advice, words)
    status = int(failure.exit_status)
    if terminal.json:
        _problem(terminal, failure.code, title=sentence, detail=str(failure), hint=advice, status=status)
    else:
        terminal.alarm(words("frame.error", text=sentence))
        if advice:
            terminal.alarm(words("frame.hint", text=advice))
        if isinstance(failure, UsageError) and "command" in failure.facts:
            command = str(failure.facts["command"]).removeprefix("scelle")
            terminal.alarm(words("frame.see", command=f"scelle {command}".rstrip()))
    return status


def _said_by_service(failure: ScelleError) -> bool:
    notes = getattr(failure, "__notes__", None)
    if not notes:
        return False
    from scelle.client.connection import FROM_SERVICE

    return FROM_SERVICE in notes


def _refusal(failure: ScelleError, sentence: str, advice: str, words: Words) -> tuple[str, str]:
    """What the service answered is told as its word; that *we* sent something wrong is no reason for an alarm."""
    if failure.code == "directory.entry-refused":
        sentence = words("frame.entry-refused", why=words.reason(str(failure.facts.get("why", "?"))))
    elif failure.code == "log.inclusion-wrong":
        sentence = words("frame.no-entry", index=failure.facts.get("index", "?"))
        return words("frame.service-says", text=sentence), words("frame.no-entry-hint")
    elif failure.code == "storage.fault":
        sentence = words("frame.storage-failed")
    if isinstance(failure, PeerError):
        advice = words("frame.refused-hint")
    return words("frame.service-says", text=sentence), advice


def _defect(defect: Exception, terminal: Terminal, words: Words) -> int:
    """An exception nobody meant: its type and place are told, its text is not (it could quote a secret)."""
    if os.environ.get("SCELLE_DEBUG") == "1":
        raise defect
    place = defect.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
    sentence = words("frame.defect", kind=type(defect).__name__, where=where)
    if terminal.json:
        detail = f"{type(defect).__name__} at {where}"
        _problem(terminal, "defect", title=sentence, detail=detail, hint=words("frame.report"), status=Exit.DEFECT)
    else:
        terminal.alarm(words("frame.error", text=sentence))
        terminal.alarm(words("frame.hint", text=words("frame.report")))
    return Exit.DEFECT


def _problem(terminal: Terminal, code: str, *, title: str, detail: str, hint: str, status: int) -> None:
    problem = {"code": code, "title": title, "detail": detail, "hint": hint, "exit": int(status)}
    terminal.alarm(json.dumps(problem, ensure_ascii=False))


if __name__ == "__main__":
    main()
