"""Settings of a service: `service.toml`, then the environment (`SCELLE_…`), then defaults.

Strict: a key that is not a setting is an error that names it and its place. The reference of settings is made from
the fields below.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from scelle.base.errors import CallerError, Exit
from scelle.client.disk import disk_errors

FILE = "service.toml"
PREFIX = "SCELLE_"


class SettingsUnknownError(CallerError):
    """A key that is not a setting. Facts: `path` (file or environment), `name`."""

    code = "settings.unknown-key"
    exit_status = Exit.USAGE


class SettingsValueError(CallerError):
    """A setting with a value that it cannot have. Facts: `path`, `name`, `why`."""

    code = "settings.value"
    exit_status = Exit.USAGE


class SettingsFormError(CallerError):
    """The file is not TOML. Facts: `path`, `why`."""

    code = "settings.form"
    exit_status = Exit.USAGE


def _setting(text: str, default: Any = MISSING, *, low: int = 0, high: int = 1 << 53, choices: str = "") -> Any:
    """A field with its description, and the bounds of a number or the choices of a text."""
    return field(default=default, metadata={"text": text, "low": low, "high": high, "choices": choices.split()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on what clients send (section `[limits]`)."""

    max_transfer_bytes: int = _setting("sealed bytes of one transfer", 1 << 40, low=1)
    max_parts: int = _setting("sealed files of one transfer", 2048, low=1, high=2048)
    max_recipients: int = _setting("recipient keys of one transfer", 512, low=1, high=512)
    max_body_bytes: int = _setting("bytes of one request other than an upload", 8 << 20, low=4096)
    max_expiry_days: int = _setting("days that a transfer is held at most", 30, low=1, high=366)
    max_own_expiry_days: int = _setting(
        "days that something is held at most for the organisation that sent it", 400, low=1, high=3660
    )
    quota_bytes: int = _setting("sealed bytes that one organisation may have in the service", 1 << 41, low=1)
    max_open_transfers: int = _setting("transfers that one organisation may have in the service", 1000, low=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """How mail is handed over (section `[mail]`); without a host no mail is sent."""

    host: str = _setting("SMTP server; empty: no mail", "")
    port: int = _setting("its port", 587, low=1, high=65535)
    user: str = _setting("user name; empty: no authentication", "")
    password_file: str = _setting("file whose first line is the password", "")
    sender: str = _setting("address that mail comes from", "")
    language: str = _setting("language of the mails", "fr", choices="fr en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a service."""

    listen_address: str = _setting("address to listen on", "127.0.0.1")
    listen_port: int = _setting("port to listen on; 0: any free one", 8443, low=0, high=65535)
    public_url: str = _setting("address that members use, such as https://scelle.example.org")
    tls_certificate: str = _setting("PEM file of the certificate chain; empty: plain HTTP", "")
    tls_key: str = _setting("PEM file of the certificate's private key", "")
    behind_proxy: bool = _setting(
        "a proxy in front ends TLS; allows plain HTTP on addresses other than loopback", False
    )
    data_dir: str = _setting("folder of everything the service keeps", "data")
    sweep_seconds: int = _setting("seconds between two looks for what has expired", 60, low=1, high=3600)
    log_level: str = _setting("least severe event that is written", "info", choices="debug info warning error")
    limits: Limits = field(default_factory=Limits)
    mail: Mail = field(default_factory=Mail)


SECTIONS: dict[str, type] = {"": Settings, "limits": Limits, "mail": Mail}
"""Section names and the classes whose fields they hold."""


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings; a variable such as SCELLE_LISTEN_PORT or SCELLE_MAIL_HOST wins over the file.

    Relative paths in the settings are meant from the file's folder, and come back joined to it. Raises
    SettingsUnknownError, SettingsValueError, SettingsFormError or a file error.
    """
    given = _read(path)
    for section in SECTIONS:
        if section and not isinstance(given.setdefault(section, {}), dict):
            raise SettingsValueError(path=str(path), name=section, why="is a section")
    built: dict[str, dict[str, Any]] = {}
    for section, kind in SECTIONS.items():
        table = given[section] if section else {name: value for name, value in given.items() if name not in SECTIONS}
        built[section] = _section(section, kind, table, str(path), environ)
    settings = Settings(limits=Limits(**built["limits"]), mail=Mail(**built["mail"]), **built[""])
    _check_together(settings, str(path))
    return settings


def settings_of(kind: type) -> "list[Field[Any]]":
    """The fields of a section that are settings themselves, in order."""
    return [each for each in fields(kind) if "text" in each.metadata]


def variable(section: str, name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + (f"{section}_{name}" if section else name).upper()


def _read(path: Path) -> dict[str, Any]:
    with disk_errors(path):
        data = path.read_bytes()
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        why = str(failure) if isinstance(failure, tomllib.TOMLDecodeError) else "not UTF-8"
        raise SettingsFormError(path=str(path), why=why) from None


def _section(section: str, kind: type, table: dict[str, Any], path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    known = {each.name: each for each in settings_of(kind)}
    for name in table:
        if name not in known:
            raise SettingsUnknownError(path=path, name=f"{section}.{name}" if section else name)
    values: dict[str, Any] = {}
    for name, each in known.items():
        shown = f"{section}.{name}" if section else name
        text = environ.get(variable(section, name))
        if text is not None:
            values[name] = _checked(each, _from_text(each, text), variable(section, name), shown)
        elif name in table:
            values[name] = _checked(each, table[name], path, shown)
        elif each.default is MISSING:
            raise SettingsValueError(path=path, name=shown, why="is missing")
        else:
            values[name] = each.default
        if name in _PATHS and values[name]:
            values[name] = str(Path(path).parent / values[name])
    return values


_PATHS = frozenset({"tls_certificate", "tls_key", "data_dir", "password_file"})


def _from_text(each: "Field[Any]", text: str) -> object:
    """A variable's text as the type of its setting; text that does not fit is refused by `_checked`."""
    if each.type is int and text.isascii() and text.isdigit():
        return int(text)
    if each.type is bool:
        return {"true": True, "false": False}.get(text, text)
    return text


def _checked(each: "Field[Any]", value: object, path: str, name: str) -> str | int:
    kind = cast("type", each.type)
    if type(value) is not kind:
        wanted = {int: "is not a whole number", bool: "is not true or false", str: "is not a text"}[kind]
        raise SettingsValueError(path=path, name=name, why=wanted)
    low, high, choices = each.metadata["low"], each.metadata["high"], each.metadata["choices"]
    if kind is int and not low <= cast("int", value) <= high:
        raise SettingsValueError(path=path, name=name, why=f"is not from {low} to {high}")
    if choices and value not in choices:
        raise SettingsValueError(path=path, name=name, why=f"is not one of {', '.join(choices)}")
    return cast("str | int", value)


def _check_together(settings: Settings, path: str) -> None:
    """Rules between settings: TLS whole, and plain HTTP only where nobody listens in."""
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise SettingsValueError(path=path, name="tls_key", why="and tls_certificate go together")
    loopback = settings.listen_address in {"127.0.0.1", "::1", "localhost"}
    if not (settings.tls_certificate or loopback or settings.behind_proxy):
        raise SettingsValueError(path=path, name="tls_certificate", why="is needed beyond loopback without a proxy")
    if not settings.public_url.startswith(("https://", "http://")):
        raise SettingsValueError(path=path, name="public_url", why="is not a web address")
    if settings.mail.host and not settings.mail.sender:
        raise SettingsValueError(path=path, name="mail.sender", why="is missing")
