"""Structured events of the service: a closed vocabulary, one JSON object per line.

An event carries ids, sizes, counts, durations and error codes, and nothing else can be put into it: each field has
one form, and a value of another form is a defect. So no name, address, file name or key gets into what operators
collect.
"""

import json
import re
import threading
from collections.abc import Callable
from enum import Enum
from typing import Final, TextIO

from scelle.base.errors import error_class


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_RANDOM_ID = _matches("[a-z2-7]{26}")

FIELDS: Final[dict[str, Callable[[object], bool]]] = {
    "transfer": _RANDOM_ID,
    "freeze": _RANDOM_ID,
    "key": _matches("[0-9a-f]{32}"),
    "organisation": _matches("[a-z][a-z0-9-]{1,38}"),
    "code": lambda value: isinstance(value, str) and error_class(value) is not None,
    "kind": lambda value: value in ("arrived", "unopened", "expiring"),
    "reason": lambda value: value in ("expired", "revoked", "abandoned"),
    "scope": lambda value: value in ("service", "organisation", "desk", "key", "transfer"),
    "method": lambda value: value in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    "route": _matches("/(?:[a-z0-9_.-]+|\\{[a-z]+\\}|/)*"),
    "reference": _matches("[0-9a-f]{8,32}"),
    "error": _matches("[A-Za-z]{1,60}"),
    "status": _is_count,
    "milliseconds": _is_count,
    "seconds": _is_count,
    "bytes": _is_count,
    "count": _is_count,
    "size": _is_count,
    "parts": _is_count,
    "shares": _is_count,
}
"""The form of every field. `route` is a template from the routes' table; `error` the name of an exception's class."""


class Event(Enum):
    """What can be said; the value is the event's name and the fields that it has, all of them."""

    SERVICE_STARTED = ("service.started", "size", "count")
    SERVICE_STOPPED = ("service.stopped",)
    REQUEST_SERVED = ("request.served", "method", "route", "status", "milliseconds")
    DEFECT = ("defect", "reference", "error")
    DIRECTORY_GROWN = ("directory.grown", "size", "count")
    TRANSFER_BEGUN = ("transfer.begun", "transfer", "organisation", "bytes")
    TRANSFER_SEALED = ("transfer.sealed", "transfer", "organisation", "bytes", "parts", "shares")
    SHARE_RELEASED = ("share.released", "transfer", "key")
    RELEASE_REFUSED = ("release.refused", "transfer", "key", "code")
    RELEASE_WITHHELD = ("release.withheld", "transfer", "key", "code")
    TRANSFER_OPENED = ("transfer.opened", "transfer", "key")
    TRANSFER_DISCARDED = ("transfer.discarded", "transfer", "key")
    TRANSFER_REVOKED = ("transfer.revoked", "transfer", "key")
    TRANSFER_DESTROYED = ("transfer.destroyed", "transfer", "reason", "shares", "parts", "bytes")
    FROZEN = ("frozen", "freeze", "scope", "organisation", "key")
    LIFT_PROPOSED = ("lift.proposed", "freeze", "key")
    LIFTED = ("lifted", "freeze", "key")
    CLOCK_DEPARTED = ("clock.departed", "seconds")
    SWEPT = ("swept", "count", "milliseconds")
    SWEEP_FAILED = ("sweep.failed", "error")
    ORPHANS_ERASED = ("orphans.erased", "shares", "parts")
    MAIL_SENT = ("mail.sent", "transfer", "kind")
    MAIL_DELAYED = ("mail.delayed", "transfer", "kind", "code")
    MAIL_DROPPED = ("mail.dropped", "transfer", "kind", "code")

    @property
    def label(self) -> str:
        """The event's name."""
        return str(self.value[0])

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it carries."""
        return tuple(self.value[1:])


class EventRefusedError(ValueError):
    """An event was given fields or values that it does not have: a defect of the caller."""


class Events:
    """Writes events to a stream, one line each. May be called from any thread."""

    def __init__(self, stream: TextIO, *, now: Callable[[], int]) -> None:
        self._stream = stream
        self._now = now
        self._lock = threading.Lock()

    def __call__(self, event: Event, **values: str | int) -> None:
        """Write one event. Raises EventRefusedError for other fields or values than the vocabulary allows."""
        if set(values) != set(event.fields):
            raise EventRefusedError(f"{event.label}: not its fields")
        for name, value in values.items():
            if not FIELDS[name](value):
                raise EventRefusedError(f"{event.label}: {name}")
        ordered = {name: values[name] for name in event.fields}
        line = json.dumps({"time": self._now(), "event": event.label, **ordered}, separators=(",", ":"))
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
