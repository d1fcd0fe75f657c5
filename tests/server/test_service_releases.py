"""Releases and downloads: what stands against them, retries, and what stops them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from scelle.activity.record import ReleaseRefused, ShareReleased, parse_record
from scelle.base.errors import MalformedError, ScelleError
from scelle.exchange.clockwatch import ClockError
from scelle.exchange.errors import (
    CoverWrongError,
    FrozenError,
    OriginWrongError,
    RequestReplayedError,
    SeatMissingError,
    SignatureInvalidError,
    TransferExpiredError,
    TransferNotFoundError,
    TransferRevokedError,
)
from scelle.exchange.refusals import DirectoryUnseenError, PartUnknownError, ReleaseMissingError, StatementClockError
from scelle.exchange.statement import Seen
from scelle.ports import Ledger, StorageFaultError
from scelle.tlog.errors import LogInconsistentError
from server_kit import APHP, CNAM, DAY, HOUR, TRACING, Parcel, Town, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


@pytest.fixture
def parcel(place: Town) -> Parcel:
    return place.world.send(place.sender, place.tracing)


def refused(place: Town, parcel: Parcel) -> ScelleError:
    with pytest.raises(ScelleError) as caught:
        place.world.release(place.clerk, parcel)
    return caught.value


def test_a_release_is_entered_and_proven(place: Town, parcel: Parcel) -> None:
    world = place.world
    statement = world.release_statement(place.clerk, parcel, world.one_use())
    released = world.release(place.clerk, parcel, statement)
    record = world.accepted(released.logged, ShareReleased)
    assert (record.key, record.statement) == (place.clerk.subkey, statement)
    assert [each["key"] for each in world.events("share.released")] == [place.clerk.subkey]


def test_the_same_statement_gives_the_same_entry_and_a_share_sealed_anew(place: Town, parcel: Parcel) -> None:
    world = place.world
    statement = world.release_statement(place.clerk, parcel, world.one_use())
    first = world.release(place.clerk, parcel, statement)
    world.clock.advance(HOUR)  # a retry may come late
    again = world.release(place.clerk, parcel, statement)
    assert (again.logged.record, again.logged.salt) == (first.logged.record, first.logged.salt)
    assert again.logged.proof.index == first.logged.proof.index
    assert again.share != first.share
    assert world.all_kinds(parcel.transfer) == ["transfer.sealed", "share.released"]


def test_a_retry_is_not_answered_with_the_share_once_it_may_not_be(place: Town, parcel: Parcel) -> None:
    world = place.world
    statement = world.release_statement(place.clerk, parcel, world.one_use())
    world.release(place.clerk, parcel, statement)
    world.freeze(place.officer, "transfer", parcel.transfer)
    with pytest.raises(FrozenError):
        world.release(place.clerk, parcel, statement)
    assert world.all_kinds(parcel.transfer).count("share.released") == 1
    assert world.events("release.withheld")[0]["code"] == "freeze.active"


def unseat(place: Town, parcel: Parcel) -> None:
    place.world.seat(place.insurer, TRACING, place.clerk, seated=False)


def freeze(place: Town, parcel: Parcel) -> None:
    place.world.freeze(place.officer, "organisation", APHP)


def expire(place: Town, parcel: Parcel) -> None:
    place.world.clock.advance(7 * DAY)


def revoke(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel))


def revoke_one(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel, CNAM))


def move_clock(place: Town, parcel: Parcel) -> None:
    place.world.clock.set_wall(place.world.clock.now() + HOUR)


OBJECTIONS: list[tuple[Callable[[Town, Parcel], None], type[ScelleError]]] = [
    (unseat, SeatMissingError),
    (freeze, FrozenError),
    (expire, TransferExpiredError),
    (revoke, TransferRevokedError),
    (revoke_one, TransferRevokedError),
    (move_clock, ClockError),
]


@pytest.mark.parametrize(("happens", "error"), OBJECTIONS)
def test_a_refused_release_is_logged(
    place: Town, parcel: Parcel, happens: Callable[[Town, Parcel], None], error: type[ScelleError]
) -> None:
    happens(place, parcel)
    assert type(refused(place, parcel)) is error
    rows = place.world.read(lambda reading: reading.records(start=0, limit=100, organisation=CNAM))
    records = [parse_record(row.record) for row in rows if row.kind == "release.refused"]
    assert [(each.key, each.code) for each in records if isinstance(each, ReleaseRefused)] == [
        (place.clerk.subkey, error.code)
    ]
    assert "share.released" not in place.world.all_kinds()


@pytest.mark.parametrize("happens", [unseat, freeze, expire, revoke, revoke_one, move_clock])
def test_a_running_share_is_withheld_when_it_happens_after_the_entry(
    place: Town, parcel: Parcel, happens: Callable[[Town, Parcel], None]
) -> None:
    """Between the entry and the answer: the share stays, the entry counts as released."""
    world = place.world
    blocker = world.core.releases
    gate, ready = threading.Event(), threading.Event()

    def wait() -> None:
        ready.set()
        gate.wait(10)

    waiting = [blocker.submit(wait) for _ in range(2)]
    statement = world.release_statement(place.clerk, parcel, world.one_use())
    answer = world.opening.release(world.asker(place.clerk), parcel.transfer, statement)
    while "share.released" not in world.all_kinds():
        ready.wait(0.01)
    happens(place, parcel)
    gate.set()
    with pytest.raises(ScelleError):
        answer.result()
    for each in waiting:
        each.result()
    assert len(world.events("release.withheld")) == 1
    assert world.events("share.released") == []


def test_refusals_are_logged_only_so_often(place: Town, parcel: Parcel) -> None:
    world = place.world
    freeze(place, parcel)
    for _ in range(world.limits.refusals_per_hour + 3):
        assert isinstance(refused(place, parcel), FrozenError)
    assert world.all_kinds().count("release.refused") == world.limits.refusals_per_hour
    world.clock.advance(HOUR)
    refused(place, parcel)
    assert world.all_kinds().count("release.refused") == world.limits.refusals_per_hour + 1


def test_a_refused_statement_can_be_granted_later(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.seat(place.insurer, TRACING, place.clerk, seated=False)
    statement = world.release_statement(place.clerk, parcel, world.one_use())
    with pytest.raises(SeatMissingError):
        world.release(place.clerk, parcel, statement)
    world.seat(place.insurer, TRACING, place.clerk, seated=True)
    assert world.release(place.clerk, parcel, statement).share


def test_strangers_learn_nothing_and_log_nothing(place: Town, parcel: Parcel) -> None:
    world = place.world
    nothing = world.pack(place.sender, place.tracing)
    for who in (place.agent, place.colleague, place.host_officer):
        for asked in (parcel, nothing):
            with pytest.raises(TransferNotFoundError) as caught:
                world.release(who, asked)
            assert caught.value.facts == {}
    # Another's key in one's own statement is nobody's.
    statement = world.release_statement(place.colleague, parcel, world.one_use(), key=place.clerk.subkey)
    with pytest.raises(TransferNotFoundError):
        world.release(place.colleague, parcel, statement)
    assert world.all_kinds() == ["transfer.sealed"]


def test_statements_are_checked(place: Town, parcel: Parcel) -> None:
    world, one_use = place.world, place.world.one_use()
    now = world.clock.now()
    other = world.send(place.sender, place.tracing)

    def attempt(**changes: object) -> None:
        world.release(place.clerk, parcel, world.release_statement(place.clerk, parcel, one_use, **changes))

    for off in (-301, 301):
        with pytest.raises(StatementClockError) as caught:
            attempt(time=now + off)
        assert caught.value.facts == {"time": now + off, "now": now}
    attempt(time=now - 300)
    with pytest.raises(DirectoryUnseenError):
        attempt(seen=Seen(size=3, root=bytes(32)))
    with pytest.raises(CoverWrongError):
        attempt(cover=bytes(32))
    with pytest.raises(MalformedError):
        attempt(transfer=other.transfer)
    with pytest.raises(MalformedError):
        attempt(recipient=bytes(1216))
    with pytest.raises(SignatureInvalidError):
        world.release(place.clerk, parcel, world.release_statement(place.colleague, parcel, one_use))
    with pytest.raises(MalformedError):
        world.release(place.clerk, parcel, world.receipt(place.clerk, parcel))
    statement = world.release_statement(place.clerk, parcel, one_use)
    with pytest.raises(OriginWrongError):
        world.release(place.clerk, parcel, statement.replace(b"scelle.example", b"another.example"))


def test_a_nonce_is_spent_once_and_a_foreign_checkpoint_refused_before_anything_changes(
    place: Town, parcel: Parcel
) -> None:
    world, asker = place.world, place.world.asker(place.clerk)
    world.opening.release(
        asker, parcel.transfer, world.release_statement(place.clerk, parcel, world.one_use())
    ).result()
    second = world.release_statement(place.clerk, parcel, world.one_use())
    with pytest.raises(RequestReplayedError):
        world.opening.release(asker, parcel.transfer, second).result()
    with pytest.raises(LogInconsistentError):
        world.opening.release(world.asker(place.clerk, since=99), parcel.transfer, second).result()
    assert world.all_kinds().count("share.released") == 1
    assert world.opening.release(world.asker(place.clerk, since=1), parcel.transfer, second).result().logged.proof


def test_the_senders_own_key_needs_no_seat(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, [*place.tracing, (None, place.sender)])
    assert world.open_share(place.sender, parcel) == parcel.seed


def test_nothing_is_released_when_the_entry_cannot_be_written(place: Town, parcel: Parcel) -> None:
    world = place.world

    class Broken:
        def __init__(self, real: Ledger) -> None:
            self.read, self.prove = real.read, real.prove

        def submit(self, action: object, **_: object) -> object:
            failed: Future[object] = Future()
            failed.set_exception(StorageFaultError(what="commit", why="no"))
            return failed

    real, world.core.ledger = world.core.ledger, Broken(world.core.ledger)  # type: ignore[assignment]
    with pytest.raises(StorageFaultError):
        world.release(place.clerk, parcel)
    world.core.ledger = real
    assert world.events("share.released") == []


def test_a_share_that_is_gone_is_expired(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.real_keeper.erase(list(world.real_keeper.held()))  # as after a restore without the slot file
    assert isinstance(refused(place, parcel), TransferExpiredError)


def test_a_release_after_closing_fails(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.core.releases.shutdown()
    with pytest.raises(StorageFaultError):
        world.release(place.clerk, parcel)


# --- downloads ----------------------------------------------------------------------------------------------


def test_downloads_need_a_release(place: Town, parcel: Parcel) -> None:
    world = place.world
    with pytest.raises(ReleaseMissingError):
        world.opening.download(world.asker(place.clerk), parcel.transfer, 1)
    world.release(place.clerk, parcel)
    world.opening.download(world.asker(place.clerk), parcel.transfer, 0).close()
    with pytest.raises(PartUnknownError):
        world.opening.download(world.asker(place.clerk), parcel.transfer, 2)
    for stranger in (place.colleague, place.agent, place.sender):
        with pytest.raises(TransferNotFoundError):
            world.opening.download(world.asker(stranger), parcel.transfer, 1)


def test_downloads_stop_and_do_not_begin_again(place: Town) -> None:
    world = place.world
    for happens in (freeze, expire, revoke, revoke_one):
        fresh = world.send(place.sender, place.tracing)
        world.release(place.clerk, fresh)
        reader = world.opening.download(world.asker(place.clerk), fresh.transfer, 1)
        assert reader.allowed()
        happens(place, fresh)
        assert not reader.allowed()
        reader.close()
        reader.close()
        with pytest.raises(ScelleError):
            world.opening.download(world.asker(place.clerk), fresh.transfer, 1)
        if happens is freeze:
            row = world.read(lambda reading: reading.freezes(active_only=True))[0]
            world.confirm(place.deputy, row.freeze, world.propose(place.officer, row.freeze))


def test_a_freeze_of_something_else_does_not_stop_a_download(place: Town, parcel: Parcel) -> None:
    world = place.world
    world.release(place.clerk, parcel)
    reader = world.opening.download(world.asker(place.clerk), parcel.transfer, 1)
    world.freeze(place.agency, "organisation", "ars-idf")
    world.freeze(place.insurer_officer, "key", place.colleague.key)
    assert reader.allowed()
    world.freeze(place.insurer_officer, "key", place.clerk.subkey)
    assert not reader.allowed()
    reader.close()


@pytest.mark.parametrize("scope", ["service", "organisation", "desk", "key", "transfer"])
def test_every_scope_stops_a_release(place: Town, parcel: Parcel, scope: str) -> None:
    world = place.world
    officer, value = {
        "service": (place.host_officer, ""),
        "organisation": (place.insurer_officer, CNAM),
        "desk": (place.insurer_officer, TRACING),
        "key": (place.officer, place.sender.key),
        "transfer": (place.insurer_officer, parcel.transfer),
    }[scope]
    freeze_id = world.freeze(officer, scope, value)
    error = refused(place, parcel)
    assert isinstance(error, FrozenError)
    assert error.facts == {"freeze": freeze_id}
