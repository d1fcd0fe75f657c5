"""Freezing at once, lifting by two, and who hears of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from scelle.activity.record import Frozen, Lifted
from scelle.base.errors import MalformedError
from scelle.exchange.acts import FreezeSet, LiftConfirm
from scelle.exchange.answers import DirectoryRequest
from scelle.exchange.entries import MemberInvite
from scelle.exchange.errors import (
    FreezeForeignError,
    FreezeStateError,
    FrozenError,
    LiftLapsedError,
    LiftOfficerError,
    LiftSameOfficerError,
    RequestReplayedError,
    RoleMissingError,
    TransferNotFoundError,
)
from scelle.exchange.keys import Role
from scelle.exchange.refusals import FreezeNotFoundError
from scelle.ports import StateConflictError, StorageFaultError
from server_kit import APHP, ARS, CLUSTERS, CNAM, DAY, HOST, HOUR, TRACING, Person, Town, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def test_freezing_and_lifting_by_two_officers(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    freeze, raw = world.freeze_statement(place.officer, "organisation", APHP)
    logged = world.freezing.freeze(world.asker(place.officer), raw)
    assert world.accepted(logged, Frozen).freeze == freeze
    with pytest.raises(FrozenError):
        world.release(place.clerk, parcel)
    proposal = world.propose(place.officer, freeze)
    with pytest.raises(FrozenError):
        world.release(place.clerk, parcel)
    with pytest.raises(LiftSameOfficerError):
        world.confirm(place.officer, freeze, proposal)
    logged = world.confirm(place.deputy, freeze, proposal)
    assert world.accepted(logged, Lifted).proposal == proposal
    assert world.open_share(place.clerk, parcel) == parcel.seed


def test_a_freeze_survives_a_restart(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    world.freeze(place.officer, "organisation", APHP)
    world.restart()
    with pytest.raises(FrozenError):
        world.release(place.clerk, parcel)


def test_a_retry_gives_the_same_entry_and_does_not_freeze_again(place: Town) -> None:
    world = place.world
    freeze, raw = world.freeze_statement(place.officer, "organisation", APHP)
    first = world.freezing.freeze(world.asker(place.officer), raw)
    world.confirm(place.deputy, freeze, world.propose(place.officer, freeze))
    world.clock.advance(HOUR)
    again = world.freezing.freeze(world.asker(place.officer), raw)
    assert (again.record, again.proof.index) == (first.record, first.proof.index)
    assert world.core.freezes.current == ()
    assert world.all_kinds() == ["frozen", "lift.proposed", "lifted"]


def test_lifting_again_gives_the_same_entries(place: Town) -> None:
    world = place.world
    freeze = world.freeze(place.officer, "organisation", APHP)
    proposal = world.propose(place.officer, freeze)
    world.freezing.lift(world.asker(place.officer), freeze, proposal)
    with pytest.raises(FreezeStateError):
        world.propose(place.deputy, freeze)
    world.confirm(place.deputy, freeze, proposal)
    with pytest.raises(FreezeStateError):
        world.confirm(place.deputy, freeze, proposal)
    assert world.all_kinds() == ["frozen", "lift.proposed", "lifted"]


def test_a_freeze_holds_before_it_is_durable_and_even_when_it_fails(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    world.release(place.clerk, parcel)
    reader = world.opening.download(world.asker(place.clerk), parcel.transfer, 1)
    seen: list[bool] = []
    submit = world.real_ledger.submit

    def failing(action: Any, **options: Any) -> Any:
        seen.append(reader.allowed())
        raise StorageFaultError(what="commit", why="no")

    world.real_ledger.submit = failing  # type: ignore[method-assign]
    _, raw = world.freeze_statement(place.officer, "transfer", parcel.transfer)
    with pytest.raises(StorageFaultError):
        world.freezing.freeze(world.asker(place.officer), raw)
    world.real_ledger.submit = submit  # type: ignore[method-assign]
    assert seen == [False]
    assert world.core.freezes.current == ()
    reader.close()
    world.freezing.freeze(world.asker(place.officer), raw)
    assert len(world.core.freezes.current) == 1


def test_who_may_freeze_what(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    everything = [
        ("service", ""),
        ("organisation", CNAM),
        ("desk", TRACING),
        ("key", place.clerk.key),
        ("key", place.clerk.subkey),
        ("transfer", parcel.transfer),
    ]
    for who in (place.insurer, place.clerk, place.sender):
        for scope, value in everything:
            with pytest.raises(RoleMissingError):
                world.freeze(who, scope, value)
    for scope, value in everything[1:5]:
        with pytest.raises(FreezeForeignError):
            world.freeze(place.officer, scope, value)
    for officer in (place.officer, place.insurer_officer, place.agency):
        with pytest.raises(FreezeForeignError):
            world.freeze(officer, "service")
        with pytest.raises(FreezeForeignError):
            world.freeze(officer, "key", "0" * 32)
    with pytest.raises(TransferNotFoundError):
        world.freeze(place.agency, "transfer", parcel.transfer)
    with pytest.raises(TransferNotFoundError):
        world.freeze(place.officer, "transfer", world.new_transfer())
    for scope, value in (("service", "x"), ("desk", CNAM), ("key", "x"), ("organisation", "X"), ("transfer", "x")):
        with pytest.raises(MalformedError):
            world.freeze(place.officer, scope, value)
    assert world.core.freezes.current == ()
    for scope, value in everything[1:]:
        world.freeze(place.insurer_officer, scope, value)
    world.freeze(place.host_officer, "service")
    assert len(world.core.freezes.current) == len(everything)


def test_a_freeze_is_for_the_own_organisation_with_a_fresh_id(place: Town) -> None:
    world = place.world
    freeze, raw = world.freeze_statement(place.officer, "organisation", APHP)
    asker = world.asker(place.officer)
    world.freezing.freeze(asker, raw)
    fields: dict[str, Any] = {"scope": "organisation", "value": APHP, "reason": b""}
    taken = world.act(place.officer, FreezeSet, freeze=freeze, organisation=APHP, **fields)
    with pytest.raises(StateConflictError):
        world.freezing.freeze(world.asker(place.officer), taken)
    foreign = world.act(place.officer, FreezeSet, freeze=world.new_transfer(), organisation=HOST, **fields)
    with pytest.raises(FreezeForeignError):
        world.freezing.freeze(world.asker(place.officer), foreign)
    _, other = world.freeze_statement(place.officer, "organisation", APHP)
    with pytest.raises(RequestReplayedError):
        world.freezing.freeze(asker, other)


def test_who_sees_a_freeze(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    freezes = {
        "desk": world.freeze(place.insurer_officer, "desk", TRACING),
        "transfer": world.freeze(place.officer, "transfer", parcel.transfer),
        "own": world.freeze(place.agency, "desk", CLUSTERS),
        "service": world.freeze(place.host_officer, "service"),
    }

    def seen(who: Person) -> list[str]:
        names = {value: name for name, value in freezes.items()}
        return [names[each.freeze] for each in world.freezing.list(world.asker(who)).freezes]

    assert seen(place.sender) == ["service", "transfer"]
    assert seen(place.clerk) == ["service", "transfer", "desk"]
    assert seen(place.agent) == ["service", "own"]
    assert seen(place.host) == ["service"]
    # What does not concern an organisation does not exist for it; what does, is still another's to lift.
    with pytest.raises(FreezeNotFoundError):
        world.propose(place.agency, freezes["desk"])
    with pytest.raises(FreezeNotFoundError):
        world.propose(place.agency, world.new_transfer())  # type: ignore[arg-type]
    with pytest.raises(LiftOfficerError):
        world.propose(place.insurer_officer, freezes["transfer"])
    with pytest.raises(LiftOfficerError):
        world.propose(place.sender, freezes["transfer"])


def test_freezes_of_one_second_are_listed_newest_first(place: Town) -> None:
    world = place.world
    made = []
    for _ in range(6):
        parcel = world.send(place.sender, place.tracing)
        made.append(world.freeze(place.officer, "transfer", parcel.transfer))
    assert len({each.time for each in world.freezing.list(world.asker(place.officer)).freezes}) == 1
    assert [each.freeze for each in world.freezing.list(world.asker(place.officer)).freezes] == made[::-1]


def test_a_proposal_lapses(place: Town) -> None:
    world = place.world
    freeze = world.freeze(place.officer, "organisation", APHP)
    proposal = world.propose(place.officer, freeze)
    world.clock.advance(DAY)
    assert world.freezing.list(world.asker(place.officer)).freezes[0].state == "active"
    with pytest.raises(LiftLapsedError):
        world.confirm(place.deputy, freeze, proposal)
    second = world.propose(place.deputy, freeze)
    with pytest.raises(LiftLapsedError):  # the proposal before is not the one that stands
        world.confirm(place.officer, freeze, proposal)
    world.freeze(place.deputy, "key", place.sender.key)  # news: someone froze more
    with pytest.raises(LiftLapsedError):
        world.confirm(place.officer, freeze, second)
    world.confirm(place.officer, freeze, world.propose(place.deputy, freeze))


def test_confirming_without_a_proposal(place: Town) -> None:
    world = place.world
    freeze = world.freeze(place.officer, "organisation", APHP)
    with pytest.raises(FreezeStateError):
        world.confirm(place.deputy, freeze, b"")
    raw = world.act(place.agency, LiftConfirm, freeze=freeze, proposal=bytes(32))
    with pytest.raises(FreezeNotFoundError):
        world.freezing.confirm(world.asker(place.agency), freeze, raw)


def test_officers_made_after_the_freeze_do_not_lift_it_and_one_administrator_makes_none(place: Town) -> None:
    world = place.world
    freeze = world.freeze(place.agency, "desk", CLUSTERS)
    invitation: dict[str, Any] = {
        "organisation": ARS,
        "invite": place.agent.signing.public,
        "roles": (Role.OFFICER.value,),
        "desks": (),
        "expires": world.clock.now() + DAY,
    }
    raw = world.act(place.agency, MemberInvite, **invitation)
    with pytest.raises(FrozenError) as caught:
        world.joining.append(world.asker(place.agency), DirectoryRequest(statements=(raw,)))
    assert caught.value.facts == {"freeze": freeze}
    world.join(place.agency, "Armelle Agent", Role.RECIPIENT)
    world.join(place.hospital, "Odile Officer", Role.OFFICER)  # another organisation is not hindered


def test_the_service_says_when_all_of_it_is_frozen(place: Town) -> None:
    world = place.world
    assert not world.joining.info().frozen
    world.freeze(place.officer, "organisation", APHP)
    assert not world.joining.info().frozen
    world.freeze(place.host_officer, "service")
    assert world.joining.info().frozen
