"""File names that are safe on every system; the same result on every system (spec/exchange.md, names).

What a sender wrote into a manifest is never used as a path. `safe_paths` makes of it, for a whole transfer at once,
paths that stay inside the folder they are opened into, can be created on Linux, macOS and Windows alike, and never
fall together, not even where the file system ignores case or normalisation. Names that are safe stay as they are,
accents included. It replaces rather than refuses: a strange name is no reason to withhold a file.

Kept on purpose: a leading dot (`.config`; hidden is not harmful). Prefixed with `_`: a leading hyphen (an option, to
whoever types `rm *`) and the names that Windows reserves for devices.
"""

import re
import unicodedata
from collections.abc import Sequence

MAX_COMPONENT = 255
"""Bytes of UTF-8 in one component (the limit of common file systems)."""

MAX_EXTENSION = 24
"""Bytes of an extension that is kept when a name is shortened."""

MAX_DEPTH = 32
"""Components of a path."""

MAX_PATH = 800
"""Bytes of UTF-8 in a path, separators included: leaves room for the folder in a limit of 1,024."""

_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile(r'[<>:"|?*]|~(?=[0-9])')
# `~1`: Windows' short names, by which one file could be reached under the name of another.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Default-ignorable code points that are not of category Cf (Unicode, DerivedCoreProperties.txt).
_DEVICE = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9])\Z")
_BAD_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_-])?\Z")

SafePath = tuple[str, ...]


def sent_name(parts: Sequence[str]) -> str:
    """The name that a sender writes into the manifest for a file below the folder sent: NFC, `/` between parts.

    A separator inside a part (legal on some systems), a part that is no name (empty, `.`, `..`) and what is not
    Unicode text become `_`. Nothing else is changed: what is safe is for the recipient to decide.
    """
    cleaned = []
    for part in parts:
        text = "".join("_" if unicodedata.category(char) in ("Cs", "Cc") else char for char in part)
        text = unicodedata.normalize("NFC", _SEPARATORS.sub("_", text))
        cleaned.append("_" if text in ("", ".", "..") else text)
    return "/".join(cleaned) or "_"


def _character(char: str) -> str:
    category = unicodedata.category(char)
    if category in _BAD_CATEGORIES:
        return "_"
    return " " if category == "Zs" else char


def _split_extension(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem.strip(". ") or not extension or len(extension.encode()) > MAX_EXTENSION:
        return name, ""
    return stem, dot + extension


def _cut(text: str, size: int) -> str:
    return text.encode()[: max(size, 0)].decode("utf-8", "ignore")


def _shorten(name: str, *, suffix: str = "", has_extension: bool = True) -> str:
    """The name with `suffix` before its extension, at most MAX_COMPONENT bytes."""
    stem, extension = _split_extension(name) if has_extension else (name, "")
    stem = _cut(stem, MAX_COMPONENT - len((suffix + extension).encode()))
    if not suffix:
        stem = stem.rstrip(" .") or "_"
    return stem + suffix + extension


def _component(text: str) -> str:
    """One safe component; a fixed point of itself."""
    if not _PLAIN.match(text):
        text = unicodedata.normalize("NFC", text)
        text = "".join(map(_character, text))
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("_", _FORBIDDEN.sub("_", text)))
        text = text.strip(" ").rstrip(" .")
    if not text:
        return "_"
    stem = unicodedata.normalize("NFKC", text.partition(".")[0]).casefold().strip()
    if text[0] == "-" or _DEVICE.match(stem):
        text = "_" + text
    return _shorten(text) if len(text.encode()) > MAX_COMPONENT else text


def _fit(path: SafePath) -> SafePath:
    """Drop the folders nearest to the file until the path is neither too deep nor too long."""
    while len(path) > 1 and (len(path) > MAX_DEPTH or len("/".join(path).encode()) > MAX_PATH):
        path = (*path[:-2], path[-1])
    return path


def _clean(name: str) -> SafePath:
    parts = [part for part in _SEPARATORS.split(name) if part not in ("", ".")]
    return _fit(tuple(map(_component, parts)) or ("_",))


def _fold(component: str) -> str:
    """What two names share when any common file system might take them for the same."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", component).upper().casefold())
    return unicodedata.normalize("NFKC", text.casefold())


class _Tree:
    """The paths given out so far, by folded name: folders with the spelling seen first, and files."""

    def __init__(self) -> None:
        self.folders: dict[SafePath, str] = {}
        self.files: set[SafePath] = set()

    def place(self, path: SafePath) -> tuple[SafePath | None, int]:
        """Put a file at a path: (its final spelling, -1), or (None, the component where something is in the way)."""
        keys = tuple(map(_fold, path))
        last = len(path) - 1
        for depth in range(last):
            if keys[: depth + 1] in self.files:
                return None, depth
        if keys in self.files or keys in self.folders:
            return None, last
        spelled = tuple(self.folders.setdefault(keys[: depth + 1], path[depth]) for depth in range(last))
        self.files.add(keys)
        return (*spelled, path[last]), -1


def safe_paths(names: Sequence[str]) -> list[SafePath]:
    """Safe relative paths, one for each received name, in order; never two alike (see the module's text).

    The same names in the same order give the same paths everywhere. Applied to its own results (joined by `/`) it
    changes nothing. The first of several that fall together keeps its name, the others get ` (2)`, ` (3)`…;
    a name that stands in nobody's way keeps it against such numbered ones.
    """
    tree = _Tree()
    cleaned = [_clean(name) for name in names]
    found: dict[int, SafePath] = {}
    waiting: list[tuple[int, int]] = []
    for index, path in enumerate(cleaned):
        placed, blocked = tree.place(path)
        if placed is None:
            waiting.append((index, blocked))
        else:
            found[index] = placed
    numbers: dict[tuple[SafePath, int], int] = {}
    for index, blocked in waiting:
        path = cleaned[index]
        key = (tuple(map(_fold, path[: blocked + 1])), len(path) - 1 - blocked)
        number = numbers.get(key, 2)
        while True:
            suffix = f" ({number})"
            renamed = _shorten(path[blocked], suffix=suffix, has_extension=blocked == len(path) - 1)
            placed, _ = tree.place(_fit((*path[:blocked], renamed, *path[blocked + 1 :])))
            if placed is not None:
                break
            number += 1
        numbers[key] = number
        found[index] = placed
    return [found[index] for index in range(len(names))]
