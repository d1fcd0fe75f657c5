"""Who sees what: transfers, inventory, records (as a table), proofs, health."""

from collections.abc import Iterator

import pytest

from scelle.activity.record import commitment
from scelle.exchange.answers import RecordEntry
from scelle.exchange.errors import (
    CoverWrongError,
    OrganisationUnknownError,
    RoleMissingError,
    TransferNotFoundError,
    TransferRevokedError,
    TransferStateError,
)
from scelle.exchange.keys import Role
from scelle.exchange.refusals import CursorMalformedError, RecordErasedError, ReleaseMissingError
from scelle.ports import ACTIVITY
from scelle.server.service.sweeping import RECORDS_KEPT
from scelle.tlog.errors import InclusionProofWrongError
from server_kit import APHP, CNAM, DAY, HOUR, TRACING, Parcel, Person, Town, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def lived(place: Town) -> Parcel:
    """A transfer to everybody with one record of every kind: released, refused, opened, discarded, revoked for one."""
    world = place.world
    parcel = world.send(place.sender, place.everybody)
    world.release(place.clerk, parcel)
    world.opening.receipt(world.asker(place.clerk), parcel.transfer, world.receipt(place.clerk, parcel))
    world.opening.discard(world.asker(place.clerk), parcel.transfer, world.discard(place.clerk, parcel))
    world.release(place.agent, parcel)
    world.seat(place.insurer, TRACING, place.colleague, seated=False)
    with pytest.raises(Exception, match="seat"):
        world.release(place.colleague, parcel)
    freeze = world.freeze(place.insurer_officer, "desk", TRACING)
    world.opening.revoke(world.asker(place.officer), parcel.transfer, world.revoke(place.officer, parcel, CNAM))
    second = world.freeze(place.officer, "transfer", parcel.transfer)
    world.confirm(place.deputy, second, world.propose(place.officer, second))
    assert freeze != second
    world.clock.advance(7 * DAY)
    world.sweeper.round()
    return parcel


ALL = [
    "transfer.sealed",
    "share.released",  # clerk, of the insurer
    "transfer.opened",  # clerk
    "transfer.discarded",  # clerk
    "share.released",  # agent, of the agency
    "release.refused",  # colleague, of the insurer
    "frozen",  # the insurer's desk
    "transfer.revoked",
    "frozen",  # the transfer
    "lift.proposed",
    "lifted",
    "transfer.expired",
    "transfer.destroyed",
]

TABLE: dict[str, list[int]] = {
    # Who oversees the sender's organisation: everything but the freeze of another's desk.
    "officer": [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12],
    "hospital": [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12],
    # The sender: the same, through the transfer.
    "sender": [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12],
    # The insurer: its own people's releases, not the agency's.
    "insurer_officer": [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12],
    "clerk": [0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12],
    # The agency: its own.
    "agency": [0, 4, 7, 8, 9, 10, 11, 12],
    "agent": [0, 4, 7, 8, 9, 10, 11, 12],
    # The host: nothing, but for its auditors, who see everything.
    "host": [],
    "host_officer": [],
    "host_auditor": list(range(13)),
}


def test_records_by_who_asks(place: Town) -> None:
    world = place.world
    parcel = lived(place)
    assert world.all_kinds() == ALL
    for name, wanted in TABLE.items():
        assert world.record_kinds(getattr(place, name)) == [ALL[index] for index in wanted], name
    bystander = world.join(place.hospital, "Berthe Bystander", Role.SENDER)
    assert world.record_kinds(bystander) == []
    for stranger in (bystander, place.host, place.host_officer):
        with pytest.raises(TransferNotFoundError):
            world.record_kinds(stranger, transfer=parcel.transfer)
    assert (
        world.record_kinds(place.host_auditor, transfer=parcel.transfer)
        == [each for each in ALL if each != "x"][:6] + ALL[7:]
    )


def test_records_match_their_entries_and_are_paged(place: Town) -> None:
    world = place.world
    lived(place)
    asker, start = world.asker(place.host_auditor), 0
    found: list[RecordEntry] = []
    while True:
        page = world.oversight.records(asker, start=start, limit=4, transfer=None)
        found += page.records
        if page.next is None:
            break
        start = page.next
    assert [each.kind for each in found] == ALL
    trust = world.trust()
    for each in found:
        assert each.record is not None
        assert each.salt is not None
        proof = world.oversight.proof(asker, ACTIVITY, each.index)
        trust.accept_proof("activity", commitment(each.record, salt=each.salt), proof)
    with pytest.raises(InclusionProofWrongError):
        world.oversight.proof(asker, ACTIVITY, len(ALL))


def test_service_freezes_concern_everybody(place: Town) -> None:
    place.world.freeze(place.host_officer, "service")
    for who in (place.hospital, place.insurer_officer, place.agency, place.host_officer):
        assert place.world.record_kinds(who) == ["frozen"]
    assert place.world.record_kinds(place.clerk) == []


# --- transfers ----------------------------------------------------------------------------------------------


def boxes(place: Town, who: Person) -> dict[str, int]:
    found = {}
    for box in ("inbox", "sent", "organisation"):
        try:
            found[box] = len(place.world.opening.page(place.world.asker(who), box=box, cursor=None, limit=50).transfers)
        except RoleMissingError:
            found[box] = -1
    return found


def test_boxes(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.send(place.sender, place.everybody)
    world.begin(place.sender, world.pack(place.sender, place.tracing))
    assert boxes(place, place.sender) == {"inbox": 1, "sent": 3, "organisation": -1}
    assert boxes(place, place.officer) == {"inbox": 0, "sent": 0, "organisation": 3}
    assert boxes(place, place.clerk) == {"inbox": 2, "sent": 0, "organisation": -1}
    assert boxes(place, place.agent) == {"inbox": 1, "sent": 0, "organisation": -1}
    assert boxes(place, place.insurer_officer) == {"inbox": 0, "sent": 0, "organisation": 0}


def test_pages_follow_one_another(place: Town) -> None:
    world, asker = place.world, place.world.asker(place.clerk)
    sent = []
    for _ in range(5):
        sent.append(world.send(place.sender, place.tracing).transfer)
        world.clock.advance(1)
    found, cursor = [], None
    while True:
        page = world.opening.page(asker, box="inbox", cursor=cursor, limit=2)
        found += [each.transfer for each in page.transfers]
        cursor = page.next
        if cursor is None:
            break
    assert found == sent[::-1]
    for wrong in ("", "x", "1", "1.", f"-1.{sent[0]}", f"²{sent[0]}", f"9999999999999999.{sent[0]}", f"1.{sent[0]}x"):
        with pytest.raises(CursorMalformedError):
            world.opening.page(asker, box="inbox", cursor=wrong, limit=2)


def test_who_sees_a_transfer_and_which_recipients(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody)

    def seen(who: Person) -> tuple[int, bool]:
        detail = world.opening.detail(world.asker(who), parcel.transfer)
        return len(detail.summary.recipients), detail.envelope is not None

    assert seen(place.sender) == (4, True)
    assert seen(place.officer) == (4, False)
    assert seen(place.hospital) == (4, False)
    assert seen(place.clerk) == (2, True)
    assert seen(place.insurer) == (2, False)
    assert seen(place.agent) == (1, True)
    assert seen(place.host_auditor) == (4, False)
    bystander = world.join(place.insurer, "Berthe Bystander", Role.RECIPIENT)
    for who in (bystander, place.host, place.host_officer):
        with pytest.raises(TransferNotFoundError) as caught:
            seen(who)
        assert caught.value.facts == {}
    with pytest.raises(TransferNotFoundError):
        world.opening.detail(world.asker(place.sender), world.new_transfer())
    opened = world.pack(place.sender, place.tracing)
    world.begin(place.sender, opened)
    with pytest.raises(TransferStateError):
        world.opening.detail(world.asker(place.sender), opened.transfer)
    with pytest.raises(TransferNotFoundError):
        world.opening.detail(world.asker(place.clerk), opened.transfer)


def test_a_summary_says_what_is_frozen(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.everybody)
    world.freeze(place.insurer_officer, "desk", TRACING)

    def frozen(who: Person, box: str) -> bool:
        return world.opening.page(world.asker(who), box=box, cursor=None, limit=1).transfers[0].frozen

    assert frozen(place.sender, "sent")
    assert frozen(place.clerk, "inbox")
    assert not frozen(place.agent, "inbox")


def test_details_of_erased_records(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    world.clock.advance(RECORDS_KEPT + 8 * DAY)
    world.sweeper.round()
    with pytest.raises(RecordErasedError):
        world.opening.detail(world.asker(place.sender), parcel.transfer)


# --- revoking and attesting ---------------------------------------------------------------------------------


def test_who_may_revoke(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody)
    for who in (place.clerk, place.insurer_officer, place.hospital, place.host_auditor):
        with pytest.raises(RoleMissingError):
            world.opening.revoke(world.asker(who), parcel.transfer, world.revoke(who, parcel))
    with pytest.raises(TransferNotFoundError):
        world.opening.revoke(world.asker(place.host_officer), parcel.transfer, world.revoke(place.host_officer, parcel))
    raw = world.revoke(place.sender, parcel, place.host.organisation)
    with pytest.raises(OrganisationUnknownError):
        world.opening.revoke(world.asker(place.sender), parcel.transfer, raw)
    other = world.send(place.sender, place.tracing)
    mixed = world.revoke(place.sender, parcel)
    with pytest.raises(Exception, match="something else"):
        world.opening.revoke(world.asker(place.sender), other.transfer, mixed)
    world.opening.revoke(world.asker(place.officer), parcel.transfer, world.revoke(place.officer, parcel))
    with pytest.raises(TransferStateError):
        world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel))
    raw = world.revoke(place.sender, parcel, CNAM)
    with pytest.raises(TransferStateError):
        world.opening.revoke(world.asker(place.sender), parcel.transfer, raw)


def test_revoking_from_one_organisation_leaves_the_others(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody)
    world.opening.revoke(world.asker(place.sender), parcel.transfer, world.revoke(place.sender, parcel, CNAM))
    assert world.real_keeper.count() == 2
    for who in (place.clerk, place.colleague):
        with pytest.raises(TransferRevokedError):
            world.release(who, parcel)
    assert world.open_share(place.agent, parcel) == parcel.seed
    again = world.revoke(place.sender, parcel, CNAM)
    world.opening.revoke(world.asker(place.sender), parcel.transfer, again)


def test_receipts_and_discards(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    asker = world.asker

    def receipt(**changes: object) -> object:
        raw = world.receipt(place.clerk, parcel, **changes)
        return world.opening.receipt(asker(place.clerk), parcel.transfer, raw)

    with pytest.raises(ReleaseMissingError):
        receipt()
    with pytest.raises(ReleaseMissingError):
        world.opening.discard(asker(place.clerk), parcel.transfer, world.discard(place.clerk, parcel))
    world.release(place.clerk, parcel)
    with pytest.raises(CoverWrongError):
        receipt(manifest=bytes(32))
    with pytest.raises(TransferNotFoundError):
        receipt(key=place.colleague.subkey)
    raw = world.receipt(place.clerk, parcel)
    first = world.opening.receipt(asker(place.clerk), parcel.transfer, raw)
    world.clock.advance(HOUR)
    again = world.opening.receipt(asker(place.clerk), parcel.transfer, raw)
    assert again.proof.index == first.proof.index
    opened = world.read(lambda reading: reading.recipients(parcel.transfer))[0].opened
    receipt()  # opened a second time: recorded, and the first time counts
    assert world.read(lambda reading: reading.recipients(parcel.transfer))[0].opened == opened
    world.clock.advance(8 * DAY)
    world.sweeper.round()
    receipt()
    world.opening.discard(asker(place.clerk), parcel.transfer, world.discard(place.clerk, parcel))
    assert world.all_kinds().count("transfer.opened") == 3


# --- inventory and health -----------------------------------------------------------------------------------


def test_inventory(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    world.send(place.sender, place.everybody)
    world.begin(place.sender, world.pack(place.sender, place.tracing))

    def held(who: Person) -> list[tuple[int, int]]:
        page = world.oversight.inventory(world.asker(who), cursor=None, limit=50)
        return [(each.parts, each.shares) for each in page.items]

    every = [(0, 0), (2, 4), (2, 1)]
    assert sorted(held(place.sender)) == sorted(every)
    assert sorted(held(place.officer)) == sorted(every)
    assert sorted(held(place.host_officer)) == sorted(every)
    assert sorted(held(place.insurer_officer)) == [(2, 1), (2, 4)]
    assert held(place.agency) == [(2, 4)]
    for who in (place.clerk, place.agent):
        with pytest.raises(RoleMissingError):
            held(who)
    first = world.oversight.inventory(world.asker(place.officer), cursor=None, limit=2)
    assert len(first.items) == 2
    second = world.oversight.inventory(world.asker(place.officer), cursor=first.next, limit=2)
    assert len(second.items) == 1
    assert second.next is None
    world.clock.advance(7 * DAY)
    world.sweeper.round()
    assert held(place.officer) == []
    assert held(place.sender) == []


def test_health_is_red_when_the_sweeper_does_not_come(place: Town) -> None:
    world = place.world
    assert world.oversight.health().status == "green"
    world.send(place.sender, place.tracing, lasts=HOUR)
    world.clock.advance(2 * HOUR)
    health = world.oversight.health()
    assert (health.status, health.overdue, health.sweep) == ("red", 1, 0)
    world.sweeper.round()
    assert world.oversight.health().status == "green"


def test_the_logs_are_served(place: Town) -> None:
    world = place.world
    world.send(place.sender, place.tracing)
    assert world.oversight.checkpoint("activity").startswith(b"scelle.example/log/activity\n1\n")
    assert world.oversight.tile("activity", 0, 0, 1) is not None
    assert world.oversight.tile("activity", 0, 0, 2) is None
    assert APHP in world.trust().directory.organisations
