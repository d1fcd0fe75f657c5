"""Destroying on time, from wherever it was cut off; orphans; the clock; commits that were cut off."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scelle.activity.record import TransferDestroyed, TransferExpired, parse_record
from scelle.base.ids import Digest, ReleaseShare
from scelle.exchange.errors import TransferRevokedError
from scelle.ports import ACTIVITY, StorageFaultError
from scelle.server.service.sweeping import ORPHANS_EVERY, RECORDS_KEPT
from server_kit import APHP, CNAM, DAY, HOUR, NOW, Parcel, Town, World, town


class KilledError(BaseException):
    """The process ends here."""


class Fuse:
    """Counts calls that change something and kills at one of them: before it, or after it took effect."""

    def __init__(self) -> None:
        self.left = -1
        self.after = False
        self.burnt = False
        self.calls: list[str] = []

    def arm(self, left: int, *, after: bool) -> None:
        self.left, self.after, self.burnt = left, after, False

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        if self.burnt:
            raise KilledError(name)  # a dead process does nothing more
        self.calls.append(name)
        if self.left == 0 and not self.after:
            self.burnt = True
            raise KilledError(name)
        result = call()
        if self.left == 0:
            self.burnt = True
            raise KilledError(name)
        self.left -= 1
        return result


class Fused:
    """An adapter whose changes go through a fuse."""

    CHANGES = frozenset({"submit", "put", "erase", "delete", "begin", "append", "truncate", "sync"})

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in self.CHANGES:
            return found

        def changing(*args: Any, **options: Any) -> Any:
            def call() -> Any:
                result = found(*args, **options)
                if name == "submit":
                    result.exception()  # wait until it is durable, or refused
                return result

            return self._fuse.run(name, call)

        return changing


def fused() -> tuple[Town, Fuse]:
    fuse = Fuse()
    return town(World(wrap=lambda _, real: Fused(real, fuse))), fuse


def kill_somewhere(place: Town, fuse: Fuse, act: Callable[[], object], *, at: int, after: bool) -> bool:
    """Act, killed at the `at`-th change; then start a new service on what is left. Whether it was killed."""
    fuse.arm(at, after=after)
    with contextlib.suppress(KilledError):
        act()
    killed, fuse.burnt, fuse.left = fuse.burnt, False, -1
    place.world.start()
    return killed


def is_destroyed(world: World, parcel: Parcel, *, reason: str) -> None:
    row = world.read(lambda reading: reading.transfer(parcel.transfer))
    assert (row.state, row.reason) == ("destroyed", reason)
    recipients = world.read(lambda reading: reading.recipients(parcel.transfer))
    assert all(each.slot is None and each.envelope == b"" for each in recipients)
    assert world.real_keeper.count() == 0
    assert list(world.real_blobs.names()) == []
    kinds = world.all_kinds(parcel.transfer)
    assert kinds.count("transfer.destroyed") == 1
    assert kinds.count("transfer.expired") == (reason == "expired")
    assert kinds.count("transfer.revoked") == (reason == "revoked")


@pytest.mark.parametrize("after", [False, True])
def test_destroying_survives_a_kill_between_any_two_steps(*, after: bool) -> None:
    at, killed = 0, True
    while killed:
        place, fuse = fused()
        world = place.world
        parcel = world.send(place.sender, place.everybody)
        world.clock.advance(7 * DAY)
        killed = kill_somewhere(place, fuse, world.sweeper.round, at=at, after=after)
        world.sweeper.round()
        is_destroyed(world, parcel, reason="expired")
        world.close()
        at += 1
    assert at > 6  # the intent, erasing, clearing, each part, the entry, and what comes after


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("whole", [True, False])
def test_revoking_survives_a_kill_between_any_two_steps(*, whole: bool, after: bool) -> None:
    at, killed = 0, True
    while killed:
        place, fuse = fused()
        world = place.world
        parcel = world.send(place.sender, place.everybody)
        statement = world.revoke(place.sender, parcel, None if whole else CNAM)

        def revoke(world: World = world, place: Town = place, raw: bytes = statement, of: Parcel = parcel) -> None:
            world.opening.revoke(world.asker(place.sender), of.transfer, raw)

        killed = kill_somewhere(place, fuse, revoke, at=at, after=after)
        world.sweeper.round()
        if "transfer.revoked" not in world.all_kinds():
            revoke()  # the client asks again
        if whole:
            is_destroyed(world, parcel, reason="revoked")
        else:
            assert world.real_keeper.count() == 2
            assert world.open_share(place.agent, parcel) == parcel.seed
            with pytest.raises(TransferRevokedError):
                world.release(place.clerk, parcel)
        revoke()  # and once more, for the answer that was lost
        assert world.all_kinds().count("transfer.revoked") == 1
        world.close()
        at += 1
    assert at > 2


@pytest.mark.parametrize("after", [False, True])
def test_committing_survives_a_kill_between_any_two_steps(*, after: bool) -> None:
    at, killed = 0, True
    while killed:
        place, fuse = fused()
        world = place.world
        parcel = world.pack(place.sender, place.everybody)
        world.begin(place.sender, parcel)
        world.upload(place.sender, parcel)
        request = world.commit_request(place.sender, parcel)

        def commit(world: World = world, place: Town = place, of: Parcel = parcel, request: Any = request) -> None:
            world.sending.commit(world.asker(place.sender), of.transfer, request)

        killed = kill_somewhere(place, fuse, commit, at=at, after=after)
        world.sweeper.round()
        sealed = world.all_kinds() == ["transfer.sealed"]
        assert world.real_keeper.count() == (len(parcel.shares) if sealed else 0)  # no orphan is left
        world.commit(place.sender, parcel)
        assert world.all_kinds() == ["transfer.sealed"]
        assert world.open_share(place.clerk, parcel) == parcel.seed
        world.close()
        at += 1
    assert at > 3


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def test_destruction_is_recorded_with_what_was_destroyed(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody, files=[b"one", b"two"])
    world.clock.advance(7 * DAY - 1)
    world.sweeper.round()
    assert world.real_keeper.count() == 4
    world.clock.advance(1)
    world.sweeper.round()
    rows = world.read(lambda reading: reading.records(start=0, limit=99, organisation=CNAM))
    expired, destroyed = (parse_record(row.record) for row in rows[-2:])
    assert isinstance(expired, TransferExpired)
    assert isinstance(destroyed, TransferDestroyed)
    size = sum(map(len, parcel.parts))
    assert (destroyed.reason, destroyed.shares, destroyed.parts, destroyed.size) == ("expired", 4, 3, size)
    assert world.read(lambda reading: reading.usage(APHP)).transfers == 0


def test_a_freeze_postpones_nothing(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    world.freeze(place.host_officer, "service")
    world.freeze(place.officer, "transfer", parcel.transfer)
    world.clock.advance(7 * DAY)
    world.sweeper.round()
    is_destroyed(world, parcel, reason="expired")


def test_uploads_are_abandoned_after_a_day(place: Town) -> None:
    world = place.world
    parcel = world.pack(place.sender, place.tracing)
    world.begin(place.sender, parcel)
    world.upload(place.sender, parcel)
    world.clock.advance(DAY)
    world.sweeper.round()
    assert len(list(world.real_blobs.names())) == 2
    world.clock.advance(1)
    world.sweeper.round()
    row = world.read(lambda reading: reading.transfer(parcel.transfer))
    assert (row.state, row.reason) == ("destroyed", "abandoned")
    assert list(world.real_blobs.names()) == []
    assert world.all_kinds() == []


def test_orphans_are_erased_and_nothing_else(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.real_keeper.put([(Digest(b"o" * 32), ReleaseShare(b"s" * 32))])
    world.real_blobs.begin("aaaaaaaaaaaaaaaaaaaaaaaaaa/0")
    kept = set(world.real_blobs.names()) - {"aaaaaaaaaaaaaaaaaaaaaaaaaa/0"}
    world.sweeper.round()
    assert world.real_keeper.count() == 1
    assert set(world.real_blobs.names()) == kept
    assert world.events("orphans.erased")[0] | {"time": 0} == {
        "time": 0,
        "event": "orphans.erased",
        "shares": 1,
        "parts": 1,
    }


def test_shares_on_their_way_are_no_orphans(place: Town) -> None:
    world = place.world
    put = world.real_keeper.put

    def put_and_sweep(shares: Any) -> list[int]:
        found = put(shares)
        world.core.shares.sweep_orphans()
        return found

    world.real_keeper.put = put_and_sweep  # type: ignore[method-assign]
    parcel = world.send(place.sender, place.tracing)
    assert world.open_share(place.clerk, parcel) == parcel.seed


def test_after_a_storage_fault_shares_wait_for_the_sweeper(place: Town) -> None:
    """A commit whose outcome nobody knows must not erase what may be sealed."""
    world = place.world
    parcel = world.pack(place.sender, place.tracing)
    world.begin(place.sender, parcel)
    world.upload(place.sender, parcel)
    submit = world.real_ledger.submit

    def failing(action: Any, **options: Any) -> Any:
        future = submit(action, **options)
        if world.real_keeper.count():
            future.result()  # it was durable, and then the answer was lost
            raise StorageFaultError(what="commit", why="nobody knows")
        return future

    request = world.commit_request(place.sender, parcel)
    world.real_ledger.submit = failing  # type: ignore[method-assign]
    with pytest.raises(StorageFaultError):
        world.sending.commit(world.asker(place.sender), parcel.transfer, request)
    world.real_ledger.submit = submit  # type: ignore[method-assign]
    world.sweeper.round()
    assert world.real_keeper.count() == 1
    world.commit(place.sender, parcel)
    assert world.open_share(place.clerk, parcel) == parcel.seed


def test_one_fault_does_not_keep_the_rest_from_being_destroyed(place: Town) -> None:
    world = place.world
    bad, good = (world.send(place.sender, place.tracing) for _ in range(2))
    world.clock.advance(7 * DAY)
    delete = world.real_blobs.delete

    def failing(name: str) -> None:
        if name.startswith(bad.transfer):
            raise StorageFaultError(what="parts", why="no")
        delete(name)

    world.real_blobs.delete = failing  # type: ignore[method-assign]
    world.sweeper.round()
    assert world.read(lambda reading: reading.transfer(good.transfer)).state == "destroyed"
    assert world.read(lambda reading: reading.transfer(bad.transfer)).state == "destroying"
    assert world.real_keeper.count() == 0
    assert [each["error"] for each in world.events("sweep.failed")] == ["StorageFaultError"]
    world.clock.advance(HOUR)
    assert world.oversight.health().status == "red"
    world.real_blobs.delete = delete  # type: ignore[method-assign]
    world.sweeper.round()
    assert world.read(lambda reading: reading.transfer(bad.transfer)).state == "destroyed"
    assert world.oversight.health().status == "green"


def test_a_revocation_is_answered_even_when_erasing_fails(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    erase = world.real_keeper.erase

    def failing(slots: Any) -> None:
        raise StorageFaultError(what="shares", why="no")

    world.real_keeper.erase = failing  # type: ignore[method-assign]
    assert world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel))
    with pytest.raises(TransferRevokedError):
        world.release(place.clerk, parcel)
    world.real_keeper.erase = erase  # type: ignore[method-assign]
    world.sweeper.round()
    is_destroyed(world, parcel, reason="revoked")


def test_erasing_from_one_organisation_that_failed_is_made_good(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody)
    world.sweeper.round()
    erase = world.real_keeper.erase

    def failing(slots: Any) -> None:
        raise StorageFaultError(what="shares", why="no")

    world.real_keeper.erase = failing  # type: ignore[method-assign]
    world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel, CNAM))
    assert world.real_keeper.count() == 4
    world.real_keeper.erase = erase  # type: ignore[method-assign]
    world.clock.advance(ORPHANS_EVERY)
    world.sweeper.round()
    assert world.real_keeper.count() == 2


# --- the clock ----------------------------------------------------------------------------------------------


def test_while_the_clock_is_in_doubt_erasing_waits_a_day_at_most(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    revoked = world.send(place.sender, place.tracing)
    world.clock.set_wall(NOW + 8 * DAY)
    world.sweeper.round()
    assert world.real_keeper.count() == 2
    assert world.oversight.health().clock == "departed"
    assert world.events("clock.departed")[0]["seconds"] == 8 * DAY
    # What does not hang on the clock goes on.
    asker = world.asker(place.sender)
    world.opening.revoke(asker, revoked.transfer, world.revoke(place.sender, revoked))
    assert world.real_keeper.count() == 1
    world.clock.advance(DAY - 1)
    world.sweeper.round()
    assert world.real_keeper.count() == 1
    world.clock.advance(1)
    world.sweeper.round()
    assert world.real_keeper.count() == 0
    assert world.read(lambda reading: reading.transfer(parcel.transfer)).state == "destroyed"


def test_a_clock_that_came_back_is_believed_again(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    world.clock.set_wall(NOW + 8 * DAY)
    world.sweeper.round()
    world.clock.set_wall(NOW)
    world.sweeper.round()
    assert world.open_share(place.clerk, parcel) == parcel.seed
    assert world.oversight.health().status == "green"


# --- the rest of a round ------------------------------------------------------------------------------------


def test_records_are_erased_after_a_year_and_the_tree_stays(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.clock.advance(RECORDS_KEPT + 8 * DAY)
    world.sweeper.round()
    world.clock.advance(DAY)
    world.sweeper.round()
    rows = world.read(lambda reading: reading.records(start=0, limit=9, organisation=None))
    assert [row.record is None for row in rows] == [True, False, False]
    assert world.read(lambda reading: reading.log_size(ACTIVITY)) == 3


def test_a_round_without_work_says_so(place: Town) -> None:
    world = place.world
    world.sweeper.round()
    swept = world.events("swept")[-1]
    assert swept["count"] == 0
    assert world.oversight.health().sweep == world.clock.now()


def test_the_sweeper_runs_until_it_is_stopped(place: Town) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=place.world.sweeper.run, args=(stop,), kwargs={"seconds": 0.01})
    thread.start()
    while len(place.world.events("swept")) < 2:
        stop.wait(0.01)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
