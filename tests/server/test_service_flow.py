"""The flow from joining to destruction, through the use cases alone."""

from collections.abc import Iterator

import pytest

from scelle.activity.record import TransferDiscarded, TransferOpened, TransferSealed
from scelle.exchange.errors import (
    TransferExpiredError,
)
from server_kit import DAY, Town, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def test_a_transfer_from_sending_to_destruction(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.everybody)
    for who in (place.clerk, place.colleague, place.agent, place.sender):
        assert world.open_share(who, parcel) == parcel.seed
    reader = world.opening.download(world.asker(place.clerk), parcel.transfer, 1)
    buffer = memoryview(bytearray(reader.size))
    assert reader.read_into(0, buffer) == len(parcel.parts[1])
    assert bytes(buffer) == parcel.parts[1]
    assert reader.allowed()
    reader.close()
    logged = world.opening.receipt(world.asker(place.clerk), parcel.transfer, world.receipt(place.clerk, parcel))
    assert world.accepted(logged, TransferOpened).key == place.clerk.subkey
    logged = world.opening.discard(world.asker(place.clerk), parcel.transfer, world.discard(place.clerk, parcel))
    assert world.accepted(logged, TransferDiscarded).key == place.clerk.subkey
    world.clock.advance(7 * DAY)
    world.sweeper.round()
    assert world.real_keeper.count() == 0
    assert list(world.real_blobs.names()) == []
    assert world.all_kinds(parcel.transfer) == [
        "transfer.sealed",
        *["share.released"] * 4,
        "transfer.opened",
        "transfer.discarded",
        "transfer.expired",
        "transfer.destroyed",
    ]
    detail = world.opening.detail(world.asker(place.sender), parcel.transfer)
    assert detail.destroyed is not None
    assert detail.envelope is None
    assert world.accepted(detail.sealed, TransferSealed).statement == parcel.statement
    with pytest.raises(TransferExpiredError):
        world.release(place.clerk, parcel)
