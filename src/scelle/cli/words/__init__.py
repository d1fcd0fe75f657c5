"""Every sentence for a person, per language, and how numbers, dates and names are put into them.

A language is a package (`en`, `fr`) whose modules each hold one dictionary `WORDS`. The name of a module begins with
what it holds: `errors_*` (error code to sentence and advice), `help_*` (help pages), `view_*` (what commands print),
`reason_*` (facts that are texts themselves, as errors spell them, to what a person reads). They are read when first
needed. Fields are those of `str.format`, with formats of our own after the colon:

`{size:size}` bytes · `{n:count}` a whole number · `{at:time}`, `{at:date}` and (for tables) `{at:stamp}` unix seconds ·
`{left:span}` seconds · `{key:short}` the first characters of an id ·
`{n:plural file|files}` the word that goes with a number · `{n:choose yes|no}` the text for not zero, or zero.

Texts put into a sentence are made safe for the terminal here, in one place.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from pkgutil import iter_modules
from string import Formatter
from typing import Any, Literal, TypeAlias, cast

from scelle.base.errors import Fact, ScelleError
from scelle.cli.terminal import safe

Lang: TypeAlias = Literal["en", "fr"]
LANGS: tuple[Lang, ...] = ("en", "fr")
Kind: TypeAlias = Literal["errors", "help", "view", "reason"]

_REASONS = frozenset({"why", "what", "role", "state", "event", "scope", "kind"})
"""Facts that are words themselves."""

_NUMBERS = frozenset({"size", "count", "time", "date", "stamp", "span", "plural", "choose"})
"""Formats of numbers: a fact that came through a problem of the service is a text of digits."""

_LATEST = 253_370_764_800  # the last year that a datetime has; who names a later time shall not stop the program

SHORT = 8
"""Characters of an id that a person is shown, and may type."""


def choose_language(environ: Mapping[str, str], *, fallback: str = "") -> Lang:
    """The language that the environment asks for (LC_ALL, LC_MESSAGES, LANG, then `fallback`); English otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            fallback = environ[name]
            break
    return "fr" if fallback.lower().startswith("fr") else "en"


def load(lang: Lang, kind: Kind) -> dict[str, Any]:
    """All words of one kind in one language. Raises TypeError when two modules hold the same key."""
    package = import_module(f"{__name__}.{lang}")
    merged: dict[str, Any] = {}
    for module in iter_modules(package.__path__):
        if module.name.startswith(f"{kind}_"):
            words = import_module(f"{package.__name__}.{module.name}").WORDS
            twice = merged.keys() & words.keys()
            if twice:
                raise TypeError(f"{lang}/{module.name}: {min(twice)} is there already")
            merged.update(words)
    if lang == "fr":
        return {key: _typeset(text) for key, text in merged.items()}
    return merged


def _typeset(text: Any) -> Any:
    """French puts a space that does not break before : ; ! ? and inside « »; the word files have plain spaces."""
    if isinstance(text, tuple):
        return tuple(_typeset(part) for part in text)
    for mark in ":;!?»":
        text = text.replace(f" {mark}", f"\u00a0{mark}")
    return text.replace("« ", "«\u00a0")


class Words:
    """The words of one language, loaded kind by kind."""

    def __init__(self, lang: Lang, *, zone: tzinfo | None = None) -> None:
        """`zone`: where times are shown; None is the computer's own."""
        self.lang: Lang = lang
        self._loaded: dict[Kind, dict[str, Any]] = {}
        self._form = _FORMS[lang](zone)

    def _of(self, kind: Kind) -> dict[str, Any]:
        if kind not in self._loaded:
            self._loaded[kind] = load(self.lang, kind)
        return self._loaded[kind]

    def __call__(self, key: str, /, **facts: Fact) -> str:
        """A sentence of the view files with its facts filled in."""
        return self._form.vformat(self._of("view")[key], (), facts)

    def help(self, key: str) -> str:
        """A text of the help files."""
        return cast("str", self._of("help")[key])

    def value(self, name: str) -> str:
        """How the value of an option is called in this language; the name itself when there is no other."""
        return cast("str", self._of("help").get(f"value {name}", name))

    def error(self, failure: ScelleError) -> tuple[str, str]:
        """Sentence and advice for an error; the bare code when this version has no words for it."""
        pair = self._of("errors").get(failure.code)
        if pair is None:
            return safe(str(failure)), ""
        facts = {name: self.reason(str(fact)) if name in _REASONS else fact for name, fact in failure.facts.items()}
        return self._form.vformat(pair[0], (), facts), self._form.vformat(pair[1], (), facts)

    def reason(self, text: str) -> str:
        """A fact that is a text, as a person reads it; as it is when nobody put it into words."""
        known = self._of("reason").get(text)
        if known is not None:
            return cast("str", known)
        for mark in (" / ", ": "):  # several words, or a name with what is wrong about it
            head, found, tail = text.partition(mark)
            if found:
                return self.reason(head) + mark + self.reason(tail)
        return text


class _Form(Formatter):
    """`str.format` with the formats of the words; a fact that is not there shows as a question mark."""

    group = ","
    point = "."
    units: tuple[str, ...] = ("B", "kB", "MB", "GB", "TB", "PB")
    spans: tuple[str, ...] = ("d", "h", "min", "s")
    months: tuple[str, ...] = ()

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:  # noqa: ARG002 (Formatter's signature)
        return kwargs.get(key, "?")

    def format_field(self, value: Any, format_spec: str) -> str:
        name, _, rest = format_spec.partition(" ")
        if isinstance(value, str):
            if name == "short":
                return safe(value[:SHORT])
            if name not in _NUMBERS or not value.isascii() or not value.isdigit() or len(value) > 16:
                return safe(value)
            value = int(value)
        if name in {"plural", "choose"}:
            one, _, other = rest.partition("|")
            return one if (bool(value) if name == "choose" else self.is_one(value)) else other
        return str(getattr(self, f"as_{name or 'plain'}")(value))

    def is_one(self, number: int) -> bool:
        return number == 1

    def as_plain(self, number: int) -> str:
        return str(number)

    def as_count(self, number: int) -> str:
        return f"{number:,}".replace(",", self.group)

    def as_size(self, size: int) -> str:
        scaled, unit = float(size), 0
        while scaled >= 999.5 and unit < len(self.units) - 1:
            scaled, unit = scaled / 1000, unit + 1
        number = f"{scaled:.0f}" if unit == 0 or scaled >= 99.95 else f"{scaled:.1f}"
        return f"{number.replace('.', self.point)}\u00a0{self.units[unit]}"

    def as_span(self, seconds: int) -> str:
        """The two largest parts: `2 d 3 h`, `14 min`, `45 s`."""
        parts = []
        for length, unit in zip((86400, 3600, 60, 1), self.spans, strict=True):
            number, seconds = divmod(seconds, length)
            if number:
                parts.append(f"{number}\u00a0{unit}")
        return " ".join(parts[:2]) or f"0\u00a0{self.spans[-1]}"

    def _moment(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(min(seconds, _LATEST), UTC).astimezone(self._zone)

    def as_date(self, seconds: int) -> str:
        at = self._moment(seconds)
        return f"{at.day}\u00a0{self.months[at.month - 1]}\u00a0{at.year}"

    def as_stamp(self, seconds: int) -> str:
        """The same width everywhere, for tables: `2026-11-28 14:02`."""
        return f"{self._moment(seconds):%Y-%m-%d\u00a0%H:%M}"

    def as_time(self, seconds: int) -> str:
        at = self._moment(seconds)
        return f"{self.as_date(seconds)}, {at.hour:02}:{at.minute:02}"


class _English(_Form):
    months = (
        "January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December",
    )  # fmt: skip


class _French(_Form):
    group = "\u00a0"
    point = ","
    units = ("o", "ko", "Mo", "Go", "To", "Po")
    spans = ("j", "h", "min", "s")
    months = (
        "janvier", "février", "mars", "avril", "mai", "juin", "juillet",
        "août", "septembre", "octobre", "novembre", "décembre",
    )  # fmt: skip

    def is_one(self, number: int) -> bool:
        return number < 2

    def as_date(self, seconds: int) -> str:
        shown = super().as_date(seconds)
        return "1er" + shown[1:] if shown.startswith("1\u00a0") else shown

    def as_time(self, seconds: int) -> str:
        at = self._moment(seconds)
        return f"{self.as_date(seconds)} à {at.hour}\u00a0h\u00a0{at.minute:02}"


_FORMS: dict[Lang, type[_Form]] = {"en": _English, "fr": _French}
