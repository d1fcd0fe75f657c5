"""How long something may be held: durations, expiry, and what is overdue.

Times are unix seconds, durations seconds. A collection date counts from its first second in UTC.
"""

import re
from datetime import UTC, date, datetime

from scelle.exchange.errors import (
    CollectionDateError,
    DurationMalformedError,
    RetentionExceededError,
    RetentionOverError,
)

OVERDUE_AFTER = 15 * 60
"""Seconds past expiry after which something still held is an alarm: several rounds of the sweeper."""

_DURATION = re.compile(r"([1-9][0-9]{0,4})([dhm])\Z")
_UNITS = {"d": 86400, "h": 3600, "m": 60}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def parse_duration(text: str) -> int:
    """Seconds of a duration such as `7d`, `12h` or `90m`. Raises DurationMalformedError."""
    found = _DURATION.match(text)
    if found is None:
        raise DurationMalformedError(text=text[:40])
    return int(found[1]) * _UNITS[found[2]]


def parse_collection_date(text: str) -> date:
    """A collection date, `YYYY-MM-DD`. Raises CollectionDateError."""
    if not _DATE.match(text):
        raise CollectionDateError(text=text[:40])
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CollectionDateError(text=text) from None


def retention_end(collected: date, retention: int) -> int:
    """The first second at which data collected on a day must be gone, `retention` seconds after that day began."""
    return int(datetime(collected.year, collected.month, collected.day, tzinfo=UTC).timestamp()) + retention


def expiry(
    *, now: int, asked: int, service_maximum: int, collected: date | None = None, retention: int | None = None
) -> int:
    """When a transfer made now expires: the earliest of what was asked, the service's maximum and the source's end.

    `collected` and `retention` (seconds) belong together; without either, the source sets no limit. Raises
    CollectionDateError for a day that has not begun, RetentionOverError when the source's retention has ended.
    """
    expires = now + min(asked, service_maximum)
    if collected is None or retention is None:
        return expires
    if retention_end(collected, 0) > now + 86400:  # somewhere on earth it may already be that day
        raise CollectionDateError(text=collected.isoformat())
    end = retention_end(collected, retention)
    if end <= now:
        raise RetentionOverError(ended=end)
    return min(expires, end)


def check_expiry(expires: int, *, collected: date | None, retention: int | None) -> None:
    """The recipient's check of a transfer's expiry against the collection date in its manifest.

    Raises RetentionExceededError when the transfer would be held longer than its source allows.
    """
    if collected is None or retention is None:
        return
    latest = retention_end(collected, retention)
    if expires > latest:
        raise RetentionExceededError(expires=expires, latest=latest)


def overdue(expires: int, *, now: int) -> bool:
    """Whether something still held should long have been destroyed."""
    return now > expires + OVERDUE_AFTER
