"""What the service tells: mails and events, and what is in none of them."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from scelle.ports import MailDelayedError, MailRefusedError
from scelle.server.service.events import FIELDS, Event, EventRefusedError, Events
from scelle.server.service.letters import LETTERS
from server_kit import ADDRESS, DAY, HOUR, Town, World, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def mails(place: Town) -> list[tuple[str, str]]:
    """Run a round; who got what since the last one."""
    world = place.world
    world.outbox.sent.clear()
    world.sweeper.round()
    return sorted((each["to"].split("@")[0], each["message_id"].split(".")[1]) for each in world.outbox.sent)


def test_who_is_told_and_when(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.everybody)
    assert mails(place) == [("amir", "arrived"), ("claire", "arrived"), ("colin", "arrived")]
    assert mails(place) == []
    world.clock.advance(4 * HOUR - 1)
    assert mails(place) == []
    world.clock.advance(1)
    assert mails(place) == [("sophie", "unopened")]
    world.clock.advance(6 * DAY - 4 * HOUR - 1)
    assert mails(place) == []
    world.clock.advance(1)
    assert mails(place) == [("sophie", "expiring")]
    world.clock.advance(DAY)
    assert mails(place) == []


def test_a_short_transfer_is_told_in_its_last_quarter(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing, lasts=2 * HOUR)
    mails(place)
    world.clock.advance(90 * 60 - 1)
    assert mails(place) == []
    world.clock.advance(1)
    assert mails(place) == [("sophie", "expiring")]


def test_nobody_is_told_of_what_was_opened_or_taken_back(place: Town) -> None:
    world = place.world
    opened, revoked = (world.send(place.sender, place.tracing) for _ in range(2))
    world.release(place.clerk, opened)
    world.opening.receipt(world.asker(place.clerk), opened.transfer, world.receipt(place.clerk, opened))
    world.opening.revoke(world.asker(place.sender), revoked.transfer, world.revoke(place.sender, revoked))
    assert mails(place) == []
    world.clock.advance(6 * DAY)
    assert mails(place) == []
    assert world.read(lambda reading: reading.mails_due(now=10**12, limit=9)) == []


def test_delayed_mail_is_tried_again_and_refused_mail_dropped(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.outbox.failure = MailDelayedError(why="busy")
    assert mails(place) == []
    world.clock.advance(60)
    assert mails(place) == []
    world.outbox.failure = None
    assert mails(place) == []
    world.clock.advance(120)
    assert mails(place) == [("claire", "arrived")]
    world.outbox.failure = MailRefusedError(status=550)
    world.send(place.sender, place.tracing)
    assert mails(place) == []
    world.outbox.failure = None
    world.clock.advance(HOUR)
    assert mails(place) == []
    assert [each["code"] for each in world.events("mail.dropped")] == ["mail.refused"]
    assert len(world.events("mail.delayed")) == 2


def test_mail_is_given_up_in_the_end(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.outbox.failure = MailDelayedError(why="down")
    for _ in range(30):
        mails(place)
        world.clock.advance(HOUR)
    assert world.events("mail.dropped")[0]["kind"] == "arrived"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_mail_says_a_reference_and_the_address_and_nothing_else(language: str) -> None:
    place = town(World(language=language))
    world = place.world
    parcel = world.send(place.sender, place.everybody, files=[b"positives.csv"])
    world.sweeper.round()
    world.clock.advance(6 * DAY)
    world.sweeper.round()
    kinds = {each["message_id"].split(".")[1] for each in world.outbox.sent}
    assert kinds == {"arrived", "unopened", "expiring"}
    for mail in world.outbox.sent:
        text = mail["subject"] + mail["body"]
        assert parcel.transfer[:8] in text
        assert parcel.transfer not in text
        assert ADDRESS in text
        letter = LETTERS[language][mail["message_id"].split(".")[1]]
        assert text == (letter.subject + letter.body).format(reference=parcel.transfer[:8], address=ADDRESS)
    world.close()


def test_letters_exist_in_every_language_and_fit_a_subject_line() -> None:
    assert {tuple(letters) for letters in LETTERS.values()} == {("arrived", "unopened", "expiring")}
    for letters in LETTERS.values():
        for letter in letters.values():
            assert len(letter.subject) < 100
            assert letter.subject.isprintable()


# --- events -------------------------------------------------------------------------------------------------


def test_events_name_nobody(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody, files=[b"name;result"])
    world.open_share(place.clerk, parcel)
    world.opening.receipt(world.asker(place.clerk), parcel.transfer, world.receipt(place.clerk, parcel))
    freeze = world.freeze(place.officer, "transfer", parcel.transfer)
    world.confirm(place.deputy, freeze, world.propose(place.officer, freeze))
    world.clock.advance(8 * DAY)
    world.sweeper.round()
    text = world.event_stream.getvalue()
    for who in world.people.values():
        for word in (*who.name.split(), who.email):
            assert word.lower() not in text.lower()
    for secret in ("a purpose", "name;result", "Organisation", "desk", "sealed reason"):
        assert secret not in text
    assert {"transfer.sealed", "share.released", "frozen", "lifted", "transfer.destroyed", "swept"} <= {
        each["event"] for each in world.events()
    }


def test_the_vocabulary_is_closed() -> None:
    stream = io.StringIO()
    events = Events(stream, now=lambda: 7)
    events(Event.SERVICE_STOPPED)
    assert json.loads(stream.getvalue()) == {"time": 7, "event": "service.stopped"}
    wrong: list[tuple[Event, dict[str, Any]]] = [
        (Event.SERVICE_STOPPED, {"size": 1}),
        (Event.SERVICE_STARTED, {"size": 1}),
        (Event.SERVICE_STARTED, {"size": 1, "count": "1"}),
        (Event.SERVICE_STARTED, {"size": -1, "count": 1}),
        (Event.SERVICE_STARTED, {"size": True, "count": 1}),
        (Event.TRANSFER_OPENED, {"transfer": "positives.csv", "key": "0" * 32}),
        (Event.TRANSFER_OPENED, {"transfer": "a" * 26, "key": "sophie"}),
        (Event.RELEASE_REFUSED, {"transfer": "a" * 26, "key": "0" * 32, "code": "sophie"}),
        (Event.DEFECT, {"reference": "sophie@ap-hp.example", "error": "ValueError"}),
        (Event.DEFECT, {"reference": "0" * 8, "error": "cannot open /home/sophie"}),
    ]
    for event, values in wrong:
        with pytest.raises(EventRefusedError) as caught:
            events(event, **values)
        assert "sophie" not in str(caught.value)
    assert len(stream.getvalue().splitlines()) == 1
    for event in Event:
        assert set(event.fields) <= set(FIELDS)


def test_nothing_secret_is_shown(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    shown = " ".join(map(repr, (world.core.__dict__, vars(world.core.intake), vars(world.core.shares))))
    assert parcel.seed.hex() not in shown
    assert "AGE-SECRET" not in shown
    for share in parcel.shares:
        assert repr(bytes(share))[2:-1] not in shown
