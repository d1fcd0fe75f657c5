"""The one error root of the project, its three branches, and the exit statuses.

A branch says whose move it is: `CallerError` (yours: do something else), `PeerError` (theirs: what came from
outside is wrong), `RoadError` (the road: network, disk or clock). Each leaf class has a stable code, an exit
status for the command line and a status for HTTP (RFC 9457 problems). Sentences and advice for people are in
the word files (`scelle.cli.words`), keyed by the code; an error carries only *facts*: short plain values that
the sentence names. Facts never hold a key, a passphrase or content.
"""

from enum import IntEnum
from typing import ClassVar, TypeAlias

Fact: TypeAlias = str | int

_BY_CODE: dict[str, "type[ScelleError]"] = {}


class Exit(IntEnum):
    """Exit statuses of the command line (documented in docs/reference/errors.md)."""

    OK = 0
    DEFECT = 1
    USAGE = 2
    WRONG_KEY = 3
    CORRUPT = 4
    TRUNCATED = 5
    MALFORMED = 6
    NOT_FOUND = 7
    EXPIRED = 8
    FROZEN = 9
    REVOKED = 10
    REFUSED = 11
    UNKNOWN_ORGANISATION = 12
    NETWORK = 13
    STORAGE = 14
    DISK_FULL = 15
    CLOCK = 16
    LOG = 17
    LOCKED = 18
    LIMIT = 19
    STATE = 20
    SERVICE = 21
    UNSUPPORTED = 22
    INTERRUPTED = 130


class ScelleError(Exception):
    """Root of every error that Scellé raises on purpose.

    Subclasses that set `code` are leaves: they are registered under it, once. `facts` are the named values that
    the sentence for a person needs (a path, a size, a name), never a secret.
    """

    code: ClassVar[str] = ""
    exit_status: ClassVar[Exit] = Exit.DEFECT
    http_status: ClassVar[int] = 500

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        code = cls.__dict__.get("code")
        if code is None:
            return
        if code in _BY_CODE:
            raise TypeError(f"error code {code} is taken by {_BY_CODE[code].__name__}")
        _BY_CODE[code] = cls

    def __init__(self, **facts: Fact) -> None:
        super().__init__()
        self.facts = facts

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code} ({shown})" if shown else self.code


class CallerError(ScelleError):
    """The caller's move: a wrong argument, a missing right, a state that does not allow the act."""


class PeerError(ScelleError):
    """What came from outside is wrong: bytes that do not parse, do not verify, or contradict themselves."""


class RoadError(ScelleError):
    """The road between: network, disk, clock. Trying again later may help."""


def error_class(code: str) -> type[ScelleError] | None:
    """The leaf class registered under a code, or None when this version does not know it."""
    return _BY_CODE.get(code)


def all_error_classes() -> dict[str, type[ScelleError]]:
    """Every registered leaf by code, sorted; the word files and the reference are held against it."""
    return dict(sorted(_BY_CODE.items()))


class MalformedError(PeerError):
    """Bytes that do not have the form their format asks for. Facts: `what`, `why`."""

    code = "malformed"
    exit_status = Exit.MALFORMED
    http_status = 400
