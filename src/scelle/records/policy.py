"""View policies: which rows and columns a kind of recipient gets, declared in TOML (spec/records.md, "Views").

A policy is data: those that come with Scellé are in `records/policies/`, others in a folder of the operator's. The
vocabulary is closed: `ROWS` says which rows, `FORMS` in which form a column is given. What is not named is not sent.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from scelle.base.errors import CallerError, Exit

ROWS: Final = ("case", "retest", "own-agency")
"""case: positive by PCR or antigen; retest: indeterminate or not compliant; own-agency: routed to this agency."""

FORMS: Final = ("masked", "week", "age-band", "department", "pseudonym")
"""masked: the first five digits; week: its Monday; age-band: ten years, at collection; department: of residence, by
routing, null when not settled; pseudonym: of the strict traits without place, keyed for the recipient."""

EVERY: Final = "*"
"""As the only column: every column of the profile."""

_KEYS: Final = {"name", "profile", "fr", "en", "rows", "columns", "forms", "without", "cells", "flags", "wider"}


class PolicyMalformedError(CallerError):
    """A policy file does not say what a policy must. Facts: `file`, `key`, `why`."""

    code = "policy.malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class PolicyUnknownError(CallerError):
    """There is no policy of that name. Facts: `policy`, `known`."""

    code = "policy.unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


@dataclass(frozen=True)
class Given:
    """A column of a view: its name, the profile's column it is made from, and its form (None: as it is)."""

    name: str
    source: str
    form: str | None = None


@dataclass(frozen=True)
class Without:
    """Columns of the profile that are not in the view, and why, by language."""

    columns: tuple[str, ...]
    why: Mapping[str, str]


@dataclass(frozen=True)
class Cells:
    """Small cells: rows that share `by` with fewer than `least` distinct persons (themselves included) are left out."""

    by: tuple[str, ...]
    least: int


@dataclass(frozen=True)
class Policy:
    """One policy. `columns`: empty means every column of the profile; `profile`: its name, None for any.

    `flags`: whether findings are delivered with the rows. `wider`: needs a legal basis and the DPO's signature.
    """

    name: str
    title: Mapping[str, str]
    profile: str | None
    rows: tuple[str, ...]
    columns: tuple[Given, ...]
    without: tuple[Without, ...]
    cells: Cells | None
    flags: bool
    wider: bool

    @property
    def needs_cosign(self) -> bool:
        """Whether sending by this policy takes a coded legal basis and the second signature of the sender's DPO."""
        return self.wider

    @property
    def reshaped(self) -> bool:
        """Whether it has columns that the profile has not: formats with places of their own have none for them."""
        return any(given.form not in (None, "masked") for given in self.columns)


def load_policies(folder: Path | None = None) -> dict[str, Policy]:
    """The policies that come with Scellé, and over them those of a folder (`*.toml`), by name.

    Raises:
        PolicyMalformedError: a file cannot be read, or does not say what a policy must.
    """
    policies = dict(_builtin())
    if folder is not None:
        try:
            texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.toml"))}
        except (OSError, UnicodeDecodeError):
            raise PolicyMalformedError(file=str(folder), key="", why="cannot be read as text") from None
        for name, text in texts.items():
            policy = parse_policy(text, file=name)
            policies[policy.name] = policy
    return policies


def policy_named(policies: Mapping[str, Policy], name: str) -> Policy:
    """The policy of that name. Raises PolicyUnknownError."""
    if name not in policies:
        raise PolicyUnknownError(policy=name, known=", ".join(sorted(policies)))
    return policies[name]


@cache
def _builtin() -> Mapping[str, Policy]:
    folder = files("scelle.records").joinpath("policies")
    entries = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    parsed = (parse_policy(entry.read_text("utf-8"), file=entry.name) for entry in entries)
    return {policy.name: policy for policy in parsed}


def parse_policy(text: str, *, file: str) -> Policy:
    """A policy from the text of its TOML file. Raises PolicyMalformedError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyMalformedError(file=file, key="", why=str(error)) from None
    return _Reader(file).policy(table)


class _Reader:
    """Takes a parsed file apart, and says which key is wrong."""

    def __init__(self, file: str) -> None:
        self._file = file

    def fail(self, key: str, why: str) -> PolicyMalformedError:
        return PolicyMalformedError(file=self._file, key=key, why=why)

    def text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(key, "must be a text")
        return value

    def texts(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self.fail(key, "must be a list of texts")
        if len(set(value)) != len(value):
            raise self.fail(key, "names something twice")
        return tuple(value)

    def flag(self, table: Mapping[str, Any], key: str, *, default: bool) -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, "must be true or false")
        return value

    def known(self, table: Mapping[str, Any], keys: set[str]) -> None:
        strange = table.keys() - keys
        if strange:
            raise self.fail(min(strange), "is no key of a policy")

    def tables(self, table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.fail(key, "must be a list of tables")
        return value

    def policy(self, table: Mapping[str, Any]) -> Policy:
        self.known(table, _KEYS)
        rows = self.texts(table, "rows")
        for word in rows:
            if word not in ROWS:
                raise self.fail("rows", f"must be of {', '.join(ROWS)}")
        return Policy(
            name=self.text(table, "name"),
            title={"fr": self.text(table, "fr"), "en": self.text(table, "en")},
            profile=self.text(table, "profile") if "profile" in table else None,
            rows=rows,
            columns=self.columns(table),
            without=tuple(self.without(entry) for entry in self.tables(table, "without")),
            cells=self.cells(table),
            flags=self.flag(table, "flags", default=True),
            wider=self.flag(table, "wider", default=False),
        )

    def columns(self, table: Mapping[str, Any]) -> tuple[Given, ...]:
        names = self.texts(table, "columns")
        forms = table.get("forms", {})
        if not isinstance(forms, dict) or not all(isinstance(form, dict) for form in forms.values()):
            raise self.fail("forms", "must be a table of tables")
        if forms.keys() - set(names):
            raise self.fail("forms", "names a column that is not in columns")
        if names == (EVERY,):
            return ()
        if not names or EVERY in names:
            raise self.fail("columns", "must name columns, or be only *")
        return tuple(self.given(name, forms.get(name)) for name in names)

    def given(self, name: str, form: Mapping[str, Any] | None) -> Given:
        if form is None:
            return Given(name, name)
        self.known(form, {"from", "as"})
        if self.text(form, "as") not in FORMS:
            raise self.fail(f"forms.{name}", f"must be of {', '.join(FORMS)}")
        return Given(name, form.get("from", name), form["as"])

    def without(self, entry: Mapping[str, Any]) -> Without:
        self.known(entry, {"columns", "fr", "en"})
        return Without(self.texts(entry, "columns"), {"fr": self.text(entry, "fr"), "en": self.text(entry, "en")})

    def cells(self, table: Mapping[str, Any]) -> Cells | None:
        if "cells" not in table:
            return None
        entry = table["cells"]
        if not isinstance(entry, dict):
            raise self.fail("cells", "must be a table")
        self.known(entry, {"by", "least"})
        by, least = self.texts(entry, "by"), entry.get("least")
        if not isinstance(least, int) or isinstance(least, bool) or least < 2:
            raise self.fail("cells.least", "must be 2 or more")
        if not by or not set(by) <= set(table["columns"]) or "person" not in table["columns"]:
            raise self.fail("cells.by", "must name columns of the view, which must have person too")
        return Cells(by, least)
