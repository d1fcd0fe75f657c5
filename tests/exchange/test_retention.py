from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.exchange.errors import (
    CollectionDateError,
    DurationMalformedError,
    RetentionExceededError,
    RetentionOverError,
)
from scelle.exchange.retention import (
    OVERDUE_AFTER,
    check_expiry,
    expiry,
    overdue,
    parse_collection_date,
    parse_duration,
    retention_end,
)

DAY = 86400
COLLECTED = date(2020, 7, 1)
START = 1_593_561_600  # 2020-07-01T00:00:00Z


@pytest.mark.parametrize(("text", "seconds"), [("7d", 7 * DAY), ("12h", 43200), ("90m", 5400), ("1m", 60)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "07d", "-1d", "1.5h", "7 d", "7D", "1w", "1d\n", "٧d", "123456d"])
def test_odd_durations(text: str) -> None:
    with pytest.raises(DurationMalformedError):
        parse_duration(text)


def test_collection_dates() -> None:
    assert parse_collection_date("2020-07-01") == COLLECTED
    for text in ("2020-7-1", "20200701", "2020-02-30", "01/07/2020", "2020-W27-3", ""):
        with pytest.raises(CollectionDateError):
            parse_collection_date(text)


def test_the_earliest_counts() -> None:
    now = START + 10 * DAY
    assert expiry(now=now, asked=7 * DAY, service_maximum=30 * DAY) == now + 7 * DAY
    assert expiry(now=now, asked=60 * DAY, service_maximum=30 * DAY) == now + 30 * DAY
    held = expiry(now=now, asked=60 * DAY, service_maximum=90 * DAY, collected=COLLECTED, retention=30 * DAY)
    assert held == START + 30 * DAY == retention_end(COLLECTED, 30 * DAY)


def test_what_must_not_be_sent_any_more() -> None:
    with pytest.raises(RetentionOverError) as caught:
        expiry(now=START + 30 * DAY, asked=60, service_maximum=60, collected=COLLECTED, retention=30 * DAY)
    assert caught.value.facts == {"ended": START + 30 * DAY}


def test_a_collection_date_in_the_future() -> None:
    assert expiry(now=START - 3600, asked=60, service_maximum=60, collected=COLLECTED, retention=DAY) == START - 3540
    with pytest.raises(CollectionDateError):
        expiry(now=START - DAY - 1, asked=60, service_maximum=60, collected=COLLECTED, retention=DAY)


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**6), st.integers(DAY, 10**8))
def test_what_a_sender_computes_a_recipient_accepts(asked: int, maximum: int, age: int, retention: int) -> None:
    now = START + age
    if now >= START + retention:
        return
    expires = expiry(now=now, asked=asked, service_maximum=maximum, collected=COLLECTED, retention=retention)
    assert now < expires <= now + min(asked, maximum)
    check_expiry(expires, collected=COLLECTED, retention=retention)


def test_a_transfer_held_longer_than_its_source_allows() -> None:
    check_expiry(START + DAY, collected=COLLECTED, retention=DAY)
    check_expiry(START + DAY + 1, collected=None, retention=DAY)
    with pytest.raises(RetentionExceededError) as caught:
        check_expiry(START + DAY + 1, collected=COLLECTED, retention=DAY)
    assert caught.value.facts == {"expires": START + DAY + 1, "latest": START + DAY}


def test_overdue() -> None:
    assert not overdue(1000, now=1000 + OVERDUE_AFTER)
    assert overdue(1000, now=1001 + OVERDUE_AFTER)
