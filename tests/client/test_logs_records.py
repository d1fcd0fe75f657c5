"""Records held against the directory: an act that nobody was allowed to make, or that nobody made, is found."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from exchange_kit import NOW, ORIGIN, OTHER_TRANSFER, SENDER, TRANSFER, World, cover, seed, small_world, subkey_id
from scelle.activity.record import (
    Frozen,
    Lifted,
    LiftProposed,
    Record,
    ReleaseRefused,
    ShareReleased,
    TransferDestroyed,
    TransferDiscarded,
    TransferOpened,
    TransferRevoked,
    TransferSealed,
)
from scelle.base.errors import ScelleError
from scelle.base.ids import FreezeId
from scelle.client.records import Checker, check_record, read_record
from scelle.exchange.acts import Discard, FreezeSet, LiftConfirm, LiftPropose, Receipt, Revoke, ShareRelease
from scelle.exchange.directory import Directory
from scelle.exchange.errors import RecordWrongError
from scelle.exchange.statement import Seen

FREEZE = FreezeId("c" * 25 + "a")
OTHER_FREEZE = FreezeId("d" * 25 + "a")


@pytest.fixture(scope="module")
def world() -> World:
    found = small_world()
    for name in ("olga", "otto"):
        found.invite(SENDER, name, "security-officer")
        found.join(SENDER, name)
    return found


def release(world: World, signer: str = "rita", **changes: Any) -> bytes:
    fields = {"transfer": TRANSFER, "cover": seed("cover"), "key": subkey_id("rita"), "recipient": bytes(1216)}
    return world.signed(ShareRelease, signer, **{**fields, **changes})


def freeze(world: World, signer: str = "olga", **changes: Any) -> bytes:
    fields = {"freeze": FREEZE, "organisation": SENDER, "scope": "transfer", "value": TRANSFER, "reason": b""}
    return world.signed(FreezeSet, signer, **{**fields, **changes})


def lifted(world: World, proposer: str = "olga", confirmer: str = "otto", **changes: Any) -> Lifted:
    proposal = world.signed(LiftPropose, proposer, freeze=FREEZE)
    fields = {"freeze": FREEZE, "proposal": sha256(proposal).digest(), **changes}
    return Lifted(time=NOW, freeze=FREEZE, proposal=proposal, statement=world.signed(LiftConfirm, confirmer, **fields))


def about(kind: type[Record], statement: bytes, **fields: Any) -> Record:
    return kind(time=NOW, transfer=TRANSFER, statement=statement, **fields)  # type: ignore[call-arg]


GOOD: list[Callable[[World], Record]] = [
    lambda w: about(TransferSealed, cover(w)),
    lambda w: about(ShareReleased, release(w), key=subkey_id("rita")),
    lambda w: about(ShareReleased, release(w, "sam", key=subkey_id("sam")), key=subkey_id("sam")),
    lambda w: about(ReleaseRefused, release(w), key=subkey_id("rita"), code="freeze.active"),
    lambda w: about(
        TransferOpened,
        w.signed(Receipt, "rita", transfer=TRANSFER, key=subkey_id("rita"), manifest=bytes(32), proof=bytes(32)),
        key=subkey_id("rita"),
    ),
    lambda w: about(
        TransferDiscarded,
        w.signed(Discard, "rita", transfer=TRANSFER, key=subkey_id("rita")),
        key=subkey_id("rita"),
    ),
    lambda w: about(TransferRevoked, w.signed(Revoke, "olga", transfer=TRANSFER, cover=bytes(32))),
    lambda w: Frozen(time=NOW, freeze=FREEZE, statement=freeze(w)),
    lambda w: LiftProposed(time=NOW, freeze=FREEZE, statement=w.signed(LiftPropose, "otto", freeze=FREEZE)),
    lifted,
    lambda w: TransferDestroyed(time=NOW, transfer=TRANSFER, reason="expired", shares=2, parts=2, size=9),
]

BAD: list[Callable[[World], Record]] = [
    lambda w: about(TransferSealed, cover(w, transfer=OTHER_TRANSFER)),
    lambda w: about(TransferSealed, cover(w, signer="rita")),
    lambda w: about(TransferSealed, cover(w, seen=Seen(size=3, root=w.directory.root_at(3)))),  # before sam joined
    lambda w: about(TransferSealed, cover(w, seen=Seen(size=9, root=bytes(32)))),
    lambda w: about(TransferSealed, cover(w, seen=Seen(size=1 << 40, root=bytes(32)))),
    lambda w: about(TransferSealed, release(w)),
    lambda w: about(TransferSealed, cover(w).replace(b'"expires":1', b'"expires":2')),
    lambda w: about(ShareReleased, release(w, "rob"), key=subkey_id("rita")),
    lambda w: about(ShareReleased, release(w), key=subkey_id("rob")),
    lambda w: about(ShareReleased, release(w, key=subkey_id("nobody")), key=subkey_id("nobody")),
    lambda w: about(ShareReleased, release(w, "nobody"), key=subkey_id("rita")),
    lambda w: about(TransferRevoked, w.signed(Revoke, "rita", transfer=TRANSFER, cover=bytes(32))),
    lambda w: Frozen(time=NOW, freeze=OTHER_FREEZE, statement=freeze(w)),
    lambda w: Frozen(time=NOW, freeze=FREEZE, statement=freeze(w, "sam")),
    lambda w: lifted(w, confirmer="olga"),
    lambda w: lifted(w, confirmer="sam"),
    lambda w: lifted(w, proposer="sam"),
    lambda w: lifted(w, proposal=bytes(32)),
    lambda w: lifted(w, freeze=OTHER_FREEZE),
]


@pytest.mark.parametrize("make", GOOD)
def test_good_records(world: World, make: Callable[[World], Record]) -> None:
    record = make(world)
    signed = check_record(record, world.directory)
    assert len(signed) == (0 if isinstance(record, TransferDestroyed) else 2 if isinstance(record, Lifted) else 1)
    assert read_record(record.to_bytes(), 0) == record


@pytest.mark.parametrize("make", BAD)
def test_bad_records(world: World, make: Callable[[World], Record]) -> None:
    with pytest.raises(ScelleError):
        check_record(make(world), world.directory)


def test_what_is_no_record() -> None:
    with pytest.raises(RecordWrongError):
        read_record(b"scelle/v1/record/transfer.eaten\n{}", 7)


def test_many_on_both_cores(world: World) -> None:
    with Checker(lambda: world.directory) as checker:
        for index in range(1100):
            checker.add(index, GOOD[1](world))
        checker.finish()
        assert checker.statements == 1100
        checker.add(5, BAD[0](world))
        with pytest.raises(RecordWrongError) as caught:
            checker.finish()
    assert "entry 5" in str(caught.value.facts["why"])


def test_an_act_that_saw_a_newer_directory(world: World) -> None:
    behind = Directory(ORIGIN)
    for raw in world.entries[:-1]:
        behind.append(raw)
    record = about(TransferSealed, cover(world))
    with Checker(lambda: behind) as checker:
        checker.add(0, record)
        with pytest.raises(RecordWrongError):
            checker.finish()
    with Checker(lambda: behind, grow=lambda: void(behind.append(world.entries[-1]))) as checker:
        checker.add(0, record)
        checker.finish()
    assert checker.statements == 1


def void(_: object) -> None:
    """Give nothing back."""
