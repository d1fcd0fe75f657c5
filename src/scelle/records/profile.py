"""Dataset profiles: what the columns of a typed dataset are, declared in a TOML file (spec/records.md, "Profiles").

A profile is data. Those that come with Scellé are in `records/profiles/`; a file given by its path serves as well,
without code. What a profile says of a column: its type, its meaning, its code list, whether it identifies a person,
whether it is a channel to reach one, and which category of personal data (the CNIL's list, `data/categories.toml`)
it belongs to.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import polars as pl

from scelle.records.errors import ProfileMalformedError, ProfileUnknownError

Type: TypeAlias = Literal["text", "date", "datetime", "integer", "boolean", "code"]
Identity: TypeAlias = Literal["strict", "direct", "quasi", "none"]
Contact: TypeAlias = Literal["phone", "email", "address"]
Subject: TypeAlias = Literal["patient", "professional", "none"]
Words: TypeAlias = Mapping[str, str]
"""The same short text by language: `fr` and `en`."""

_POLARS: Final[dict[Type, pl.DataType]] = {
    "text": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "code": pl.String(),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PROFILE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PROFILE_KEYS: Final = {"name", "version", "others", "sample", "meaning", "retention", "column"}
_COLUMN_KEYS: Final = {
    *("name", "type", "fr", "en", "identity", "contact", "category", "subject", "aliases", "codes", "required"),
}


@dataclass(frozen=True)
class Column:
    """One column. `identity`: strict (one of the strict traits), direct (identifies alone), quasi (with others), none.

    `codes`: for type "code", each code with its meaning; `synonyms`: other spellings in upper case, and the codes
    themselves, to the code. `aliases`: other names that the column has in source files, in lower case. `required`:
    a row without it is held.
    """

    name: str
    type: Type
    meaning: Words
    identity: Identity = "none"
    contact: Contact | None = None
    category: str = "autres"
    subject: Subject = "none"
    aliases: tuple[str, ...] = ()
    codes: Mapping[str, Words] | tuple[()] = ()
    synonyms: Mapping[str, str] | tuple[()] = ()
    required: bool = False


@dataclass(frozen=True)
class Longer:
    """A longer retention: `months` when `column` holds one of `values` and collection was on `since` or later."""

    column: str
    values: tuple[str, ...]
    months: int
    since: str


@dataclass(frozen=True)
class Retention:
    """How long the source may keep a row: `months` from the date in column `collected`. `source`: who says so."""

    collected: str
    months: int
    longer: tuple[Longer, ...]
    source: str


@dataclass(frozen=True)
class Profile:
    """A declared kind of dataset. `others`: what happens to undeclared source columns: "keep" or "set-aside".

    `sample`: the column that names a sample or case, by which duplicates and corrections are found; None: none.
    """

    name: str
    version: int
    meaning: Words
    columns: tuple[Column, ...]
    retention: Retention | None = None
    sample: str | None = None
    others: Literal["keep", "set-aside"] = "set-aside"

    @property
    def id(self) -> str:
        """Name and version as manifests write them: `screening-result/1`."""
        return f"{self.name}/{self.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Types of a typed frame, in order."""
        return {column.name: _POLARS[column.type] for column in self.columns}

    @property
    def collected(self) -> str | None:
        """The column that sets retention, or None."""
        return None if self.retention is None else self.retention.collected

    def has(self, *names: str) -> bool:
        """Whether every one of these columns is declared."""
        return set(names) <= set(self.names)

    def column(self, name: str) -> Column:
        """The column of that name; `KeyError` when the profile has none (a defect of the caller)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def identifying(self, *kinds: Identity) -> tuple[str, ...]:
        """Names of the patient's columns that identify in one of these ways, in order."""
        return tuple(c.name for c in self.columns if c.identity in kinds and c.subject == "patient")

    def contacts(self, kind: Contact) -> tuple[str, ...]:
        """Names of the patient's columns that are this channel, in order."""
        return tuple(c.name for c in self.columns if c.contact == kind and c.subject == "patient")

    def with_others(self, names: Iterable[str]) -> "Profile":
        """The profile with these undeclared source columns kept as plain text; unchanged unless `others` is "keep"."""
        if self.others == "set-aside":
            return self
        known = set(self.names)
        more = [Column(n, "text", {"fr": n, "en": n}) for n in dict.fromkeys(names) if n not in known]
        return replace(self, columns=(*self.columns, *more))


@cache
def categories() -> Mapping[str, Mapping[str, Any]]:
    """The categories of personal data: code → `fr`, `en`, and `sensitive` (true) for those of GDPR article 9."""
    return tomllib.loads(files("scelle.records").joinpath("data/categories.toml").read_text("utf-8"))


def known_profiles() -> tuple[str, ...]:
    """Ids of the profiles that come with Scellé, sorted, as `name/version`."""
    folder = files("scelle.records").joinpath("profiles")
    stems = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple("/".join(stem.rsplit("-", 1)) for stem in stems)


def load_profile(name_or_path: str | Path) -> Profile:
    """A profile by its id (`screening-result/1`), its name (its newest version), or the path of a TOML file.

    Raises:
        ProfileUnknownError: neither a profile that comes with Scellé nor a file that can be read.
        ProfileMalformedError: the file does not say what a profile must; it names line and key.
    """
    wanted = str(name_or_path)
    if isinstance(name_or_path, str) and not wanted.endswith(".toml"):
        matches = [i for i in known_profiles() if wanted in (i, i.rsplit("/", 1)[0])]
        if matches:
            stem = max(matches, key=lambda i: int(i.rsplit("/", 1)[1])).replace("/", "-")
            text = files("scelle.records").joinpath(f"profiles/{stem}.toml").read_text("utf-8")
            return parse_profile(text, f"{stem}.toml")
    try:
        data = Path(name_or_path).read_bytes()
    except (OSError, ValueError):
        raise ProfileUnknownError(profile=wanted, known=", ".join(known_profiles())) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProfileMalformedError(file=wanted, line=line, key="", why="not UTF-8") from None
    return parse_profile(text, wanted)


def parse_profile(text: str, file: str) -> Profile:
    """A profile from the text of its TOML file; `file` is named in errors. Raises `ProfileMalformedError`."""
    try:
        table = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else len(text.splitlines())
        raise ProfileMalformedError(file=file, line=line, key="", why=str(error)) from None
    return _Reader(text, file).profile(table)


class _Reader:
    """Turns the tables of one file into values, and knows the line of each table for its errors."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.heads = [n for n, line in enumerate(self.lines, 1) if re.match(r"\s*\[\[\s*column\s*\]\]", line)]
        self.at: int | None = None

    def fail(self, key: str, why: str) -> ProfileMalformedError:
        """The error for a key: at its own line where that can be told, else at the line of its table."""
        first, last = 1, len(self.lines)
        if self.at is not None:
            first = self.heads[self.at] if self.at < len(self.heads) else 0
            last = self.heads[self.at + 1] - 1 if self.at + 1 < len(self.heads) else last
        line = first if self.at is not None else 0
        named = re.compile(rf"\s*(\[\[?\s*)?{re.escape(key.rpartition('.')[2])}\b\s*(=|\.|\])")
        for number in range(max(first, 1), last + 1):
            if named.match(self.lines[number - 1]):
                line = number
                break
        return ProfileMalformedError(file=self.file, line=line, key=key, why=why)

    def of(self, table: dict[str, Any], key: str, kind: type, *, default: Any = None) -> Any:
        value = table.get(key, default)
        if value is None:
            raise self.fail(key, "missing")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(key, f"must be {_KINDS[kind]}")
        return value

    def one_of(self, table: dict[str, Any], key: str, allowed: Iterable[str], default: str | None = None) -> Any:
        value = self.of(table, key, str, default=default)
        if value not in allowed:
            raise self.fail(key, f"must be one of: {', '.join(sorted(allowed))}")
        return value

    def texts(self, table: dict[str, Any], key: str) -> tuple[str, ...]:
        values = self.of(table, key, list, default=[])
        if not all(isinstance(value, str) and value for value in values):
            raise self.fail(key, "must be a list of texts")
        return tuple(values)

    def known(self, table: dict[str, Any], keys: set[str], within: str = "") -> None:
        for key in table:
            if key not in keys:
                raise self.fail(f"{within}{key}", "not a key of profiles")

    def words(self, table: dict[str, Any]) -> Words:
        return {"fr": self.of(table, "fr", str), "en": self.of(table, "en", str)}

    def profile(self, table: dict[str, Any]) -> Profile:
        self.known(table, _PROFILE_KEYS)
        name = self.of(table, "name", str)
        if not _PROFILE_NAME.fullmatch(name) or len(name) > 63:
            raise self.fail("name", "must be a-z, 0-9 and single hyphens")
        version = self.of(table, "version", int)
        if version < 1:
            raise self.fail("version", "must be 1 or more")
        columns = self.columns(table)
        names = {column.name for column in columns}
        sample = table.get("sample")
        if sample is not None and sample not in names:
            raise self.fail("sample", "is not a column of this profile")
        return Profile(
            name=name,
            version=version,
            meaning=self.words(self.of(table, "meaning", dict)),
            columns=columns,
            retention=self.retention(table, columns),
            sample=sample,
            others=self.one_of(table, "others", ("keep", "set-aside"), "set-aside"),
        )

    def columns(self, table: dict[str, Any]) -> tuple[Column, ...]:
        columns: dict[str, Column] = {}
        taken: dict[str, str] = {}
        for number, entry in enumerate(self.of(table, "column", list)):
            self.at = number
            if not isinstance(entry, dict):
                raise self.fail("column", "must be a table")
            column = self.column(entry)
            if column.name in columns:
                raise self.fail("name", f"{column.name} is declared twice")
            columns[column.name] = column
            for alias in (column.name, *column.aliases):
                if taken.setdefault(alias, column.name) != column.name:
                    raise self.fail("aliases", f"{alias} also stands for {taken[alias]}")
        self.at = None
        if not columns:
            raise self.fail("column", "a profile has at least one column")
        return tuple(columns.values())

    def column(self, entry: dict[str, Any]) -> Column:
        self.known(entry, _COLUMN_KEYS)
        name = self.of(entry, "name", str)
        if not _NAME.fullmatch(name):
            raise self.fail("name", "must be a-z, 0-9 and underscores, beginning with a letter")
        kind: Type = self.one_of(entry, "type", get_args(Type))
        contact = self.one_of(entry, "contact", get_args(Contact)) if "contact" in entry else None
        codes, synonyms = self.codes(entry) if kind == "code" else ((), ())
        if kind != "code" and "codes" in entry:
            raise self.fail("codes", "only a column of type code has codes")
        return Column(
            name=name,
            type=kind,
            meaning=self.words(entry),
            identity=self.one_of(entry, "identity", get_args(Identity), "none"),
            contact=contact,
            category=self.one_of(entry, "category", categories(), "autres"),
            subject=self.one_of(entry, "subject", get_args(Subject), "none"),
            aliases=tuple(alias.lower() for alias in self.texts(entry, "aliases")),
            codes=codes,
            synonyms=synonyms,
            required=self.of(entry, "required", bool, default=False),
        )

    def codes(self, entry: dict[str, Any]) -> tuple[Mapping[str, Words], Mapping[str, str]]:
        codes: dict[str, Words] = {}
        synonyms: dict[str, str] = {}
        for code, says in self.of(entry, "codes", dict).items():
            if not isinstance(says, dict):
                raise self.fail(f"codes.{code}", "must be a table with fr and en")
            self.known(says, {"fr", "en", "synonyms"}, f"codes.{code}.")
            codes[code] = self.words(says)
            for spelling in (code, *self.texts(says, "synonyms")):
                if synonyms.setdefault(spelling.upper(), code) != code:
                    raise self.fail(f"codes.{code}", f"{spelling} also stands for {synonyms[spelling.upper()]}")
        if not codes:
            raise self.fail("codes", "a column of type code has codes")
        return codes, synonyms

    def retention(self, table: dict[str, Any], columns: tuple[Column, ...]) -> Retention | None:
        if "retention" not in table:
            return None
        entry = self.of(table, "retention", dict)
        self.known(entry, {"collected", "months", "source", "longer"}, "retention.")
        collected = self.of(entry, "collected", str)
        by_name = {column.name: column for column in columns}
        if collected not in by_name or by_name[collected].type not in ("date", "datetime"):
            raise self.fail("retention.collected", "must be a column of dates of this profile")
        longer = []
        for case in self.of(entry, "longer", list, default=[]):
            if not isinstance(case, dict):
                raise self.fail("retention.longer", "must be a table")
            self.known(case, {"column", "values", "months", "since"}, "retention.longer.")
            if self.of(case, "column", str) not in by_name:
                raise self.fail("retention.longer", "names a column that is not of this profile")
            since = self.of(case, "since", str, default="0001-01-01")
            if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", since):
                raise self.fail("retention.longer", "since must be a date like 2021-01-01")
            longer.append(Longer(case["column"], self.texts(case, "values"), self.months(case), since))
        return Retention(collected, self.months(entry), tuple(longer), self.of(entry, "source", str))

    def months(self, entry: dict[str, Any]) -> int:
        months: int = self.of(entry, "months", int)
        if not 1 <= months <= 1200:
            raise self.fail("months", "must be from 1 to 1200")
        return months


_KINDS: Final[dict[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
