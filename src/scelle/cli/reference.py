"""Writes the reference pages: `python -m scelle.cli.reference docs/reference`. A test compares them with the tree."""

import sys
from dataclasses import MISSING
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import scelle
from scelle.app.settings import SECTIONS, settings_of, variable
from scelle.base.errors import Exit, all_error_classes
from scelle.cli import catalogue
from scelle.cli.help import command_page, overview
from scelle.cli.words import Words, load

_GENERATED = "<!-- Made by `make reference`; do not edit. -->"


def import_everything() -> None:
    """Import every module of the package, so that every error class is registered."""
    for module in walk_packages(scelle.__path__, "scelle."):
        import_module(module.name)


def commands_page() -> str:
    """`commands.md`: the help page of every command."""
    words = Words("en")
    parts = ["# Commands", "", _GENERATED, "", "```", *overview(words), "```"]
    for name in catalogue.COMMANDS:
        page = command_page(words, catalogue.load(name))
        end = page.index(words.help("heading common")) - 1  # the same on every page, and shown above
        parts += ["", f"## scelle {name}", "", "```", *page[:end], "```"]
    return "\n".join(parts) + "\n"


def errors_page() -> str:
    """`errors.md`: exit statuses, and every error code with its sentence and advice."""
    import_everything()
    words = load("en", "errors")
    parts = [
        "# Errors",
        "",
        _GENERATED,
        "",
        "Facts stand in braces. `--json` prints the code.",
        "",
        "## Exit statuses",
        "",
    ]
    parts += ["| status | meaning |", "|---:|---|"]
    parts += [f"| {status.value} | {status.name.lower().replace('_', ' ')} |" for status in Exit]
    parts += ["", "## Codes", "", "| code | exit | HTTP | sentence | advice |", "|---|---:|---:|---|---|"]
    for code, kind in all_error_classes().items():
        sentence, advice = (_cell(text) for text in words[code])
        parts.append(f"| `{code}` | {kind.exit_status.value} | {kind.http_status} | {sentence} | {advice} |")
    return "\n".join(parts) + "\n"


def settings_page() -> str:
    """`settings.md`: every setting of a service."""
    parts = ["# Settings of a service", "", _GENERATED, ""]
    parts += ["`service.toml` in the data folder; a variable of the environment wins over it. Unknown keys are errors."]
    for section, kind in SECTIONS.items():
        parts += ["", f"## [{section}]" if section else "## At the top of the file", ""]
        parts += ["| setting | default | variable | meaning |", "|---|---|---|---|"]
        for each in settings_of(kind):
            default = "required" if each.default is MISSING else f"`{_toml(each.default)}`"
            text = each.metadata["text"]
            if each.metadata["choices"]:
                text += f" ({', '.join(each.metadata['choices'])})"
            parts.append(f"| `{each.name}` | {default} | `{variable(section, each.name)}` | {_cell(text)} |")
    return "\n".join(parts) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


PAGES = {"commands.md": commands_page, "errors.md": errors_page, "settings.md": settings_page}
"""File name to what makes it."""


def main() -> None:
    """Write all pages into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
