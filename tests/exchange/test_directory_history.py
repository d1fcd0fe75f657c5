"""What the directory answers, now and about the past."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_kit import (
    AUDIT,
    DAY,
    HOST,
    NOW,
    ORIGIN,
    RECIPIENT,
    SENDER,
    TRACING,
    World,
    replayed,
    signing,
    small_world,
    subkey_id,
)
from scelle.base.ids import DeskId, KeyId, OrgId
from scelle.exchange.directory import MEMBER_LIFETIME, SUBKEY_LIFETIME, Directory, Span
from scelle.exchange.entries import AcceptSet, DeskCreate, DeskRemove, DeskSeat, MemberInvite, SubkeyAdd
from scelle.exchange.errors import (
    DeskEmptyError,
    DeskUnknownError,
    EntryRefusedError,
    KeyExpiredError,
    MemberUnknownError,
    OrganisationUnknownError,
    RoleMissingError,
)
from scelle.exchange.keys import Role
from scelle.exchange.statement import Seen
from scelle.tlog.tree import leaf_hash
from tlog_kit import naive_root

RITA, ROB, SAM = signing("rita").id, signing("rob").id, signing("sam").id


def test_positions_count_entries() -> None:
    span = Span(3)
    assert [span.covers(position) for position in (3, 4, 99)] == [False, True, True]
    span = Span(3, 5)
    assert [span.covers(position) for position in (3, 4, 5, 6)] == [False, True, True, False]


def test_seats_at_positions() -> None:
    world = small_world()
    directory = world.directory
    seated_at = directory.size
    assert directory.seated(TRACING, ROB)
    world.seat(TRACING, "rob", seated=False)
    left_at = directory.size
    assert not directory.seated(TRACING, ROB)
    assert directory.seated(TRACING, ROB, at=seated_at)
    assert directory.seated(TRACING, ROB, at=left_at - 1)
    assert not directory.seated(TRACING, ROB, at=left_at)
    world.seat(TRACING, "rob")
    assert directory.seated(TRACING, ROB)
    assert not directory.seated(TRACING, ROB, at=left_at)
    assert not directory.seated(TRACING, ROB, at=directory.member(ROB).since)


def test_a_desk_that_is_made_again_has_no_seats() -> None:
    world = small_world()
    directory = world.directory
    world.invite(RECIPIENT, "ines", "recipient", desks=[TRACING])
    before = directory.size
    world.add(DeskRemove, RECIPIENT, desk=TRACING)
    assert not directory.seated(TRACING, ROB)
    with pytest.raises(DeskUnknownError):
        directory.desk(TRACING)
    world.add(DeskCreate, RECIPIENT, desk=TRACING, title="Again")
    world.join(RECIPIENT, "ines")  # invited to the desk of that name that was
    assert directory.desk(TRACING).title == "Again"
    assert directory.desk(TRACING).seats == {}
    assert not directory.seated(TRACING, ROB)
    assert directory.seated(TRACING, ROB, at=before)
    assert not directory.seated(TRACING, ROB, at=before + 1)
    with pytest.raises(DeskEmptyError):
        directory.recipients(TRACING, now=NOW)


def test_an_invitation_to_a_desk_that_is_gone_seats_nobody() -> None:
    world = small_world()
    world.invite(RECIPIENT, "ines", "recipient", desks=[TRACING])
    world.add(DeskRemove, RECIPIENT, desk=TRACING)
    world.join(RECIPIENT, "ines")
    assert not world.directory.seated(TRACING, signing("ines").id)


def test_roles_at_positions() -> None:
    directory = small_world().directory
    since = directory.member(SAM).since
    assert directory.held_role(SAM, Role.SENDER, at=since + 1)
    assert not directory.held_role(SAM, Role.SENDER, at=since)
    assert not directory.held_role(SAM, Role.RECIPIENT, at=since + 1)
    assert not directory.held_role(KeyId("0" * 32), Role.SENDER, at=directory.size)


def test_require_role() -> None:
    directory = small_world().directory
    assert directory.require_role(SAM, Role.SENDER, now=NOW).organisation == SENDER
    assert directory.require_role(SAM, Role.OFFICER, Role.SENDER, now=NOW).key == SAM
    assert directory.require_role(SAM, now=NOW + MEMBER_LIFETIME - 1).key == SAM
    with pytest.raises(KeyExpiredError):
        directory.require_role(SAM, now=NOW + MEMBER_LIFETIME)
    with pytest.raises(RoleMissingError) as caught:
        directory.require_role(SAM, Role.OFFICER, Role.DPO, now=NOW)
    assert caught.value.facts == {"role": "security-officer / dpo"}
    with pytest.raises(MemberUnknownError):
        directory.require_role(KeyId("0" * 32), now=NOW)


def test_acceptance_at_positions() -> None:
    world = small_world()
    directory = world.directory
    first = directory.size
    assert directory.accepts(RECIPIENT, SENDER)
    assert not directory.accepts(RECIPIENT, HOST)
    assert not directory.accepts(RECIPIENT, SENDER, at=first - 1)
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=False, organisations=())
    assert not directory.accepts(RECIPIENT, SENDER)
    assert directory.accepts(RECIPIENT, SENDER, at=first)
    assert directory.accepts(RECIPIENT, RECIPIENT)
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=True, organisations=())
    assert directory.accepts(RECIPIENT, HOST)
    assert not directory.accepts(RECIPIENT, HOST, at=first + 1)
    assert not directory.accepts(SENDER, RECIPIENT)
    assert not directory.accepts(OrgId("unknown"), SENDER)


def test_an_organisation_may_be_accepted_before_it_joins() -> None:
    world = small_world()
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=False, organisations=(OrgId("ars"),))
    assert world.directory.accepts(RECIPIENT, OrgId("ars"))


def test_recipients_of_a_desk() -> None:
    world = small_world()
    directory = world.directory
    assert [(m.key, s.key) for m, s in directory.recipients(TRACING, now=NOW)] == [
        (RITA, subkey_id("rita")),
        (ROB, subkey_id("rob")),
    ]
    world.seat(TRACING, "rita", seated=False)
    assert [member.key for member, _ in directory.recipients(TRACING, now=NOW)] == [ROB]
    world.seat(TRACING, RECIPIENT)  # the administrator is no recipient
    assert [member.key for member, _ in directory.recipients(TRACING, now=NOW)] == [ROB]
    for now in (NOW - 1, NOW + SUBKEY_LIFETIME, NOW + MEMBER_LIFETIME):
        with pytest.raises(DeskEmptyError):
            directory.recipients(TRACING, now=now)
    with pytest.raises(DeskUnknownError):
        directory.recipients(AUDIT, now=NOW)
    with pytest.raises(OrganisationUnknownError):
        directory.recipients(DeskId("unknown/desk"), now=NOW)


def test_the_newest_subkey_is_written_to() -> None:
    world = small_world()
    directory = world.directory
    world.now += DAY
    world.subkey(RECIPIENT, "rita", key="rita's second")
    fields = world.announcement(RECIPIENT, "rita's third")
    world.add(SubkeyAdd, "rita", **{**fields, "not_before": world.now + DAY, "not_after": world.now + 2 * DAY})
    member = directory.member(RITA)
    names = {NOW: "rita", NOW + DAY: "rita's second", NOW + 2 * DAY: "rita's third", NOW + 3 * DAY: "rita's second"}
    for now, name in names.items():
        found = member.subkey_at(now)
        assert found is not None
        assert found.key == subkey_id(name)
    assert member.subkey_at(NOW + SUBKEY_LIFETIME + DAY) is None
    known = directory.subkey(subkey_id("rita"))
    assert known is not None
    assert known.member == RITA
    assert directory.subkey(KeyId("0" * 32)) is None


def test_members_with_a_role() -> None:
    directory = small_world().directory
    assert [each.key for each in directory.members_with(RECIPIENT, Role.RECIPIENT, now=NOW)] == [RITA, ROB]
    assert [each.key for each in directory.members_with(RECIPIENT, Role.ADMINISTRATOR, now=NOW)] == [
        signing(RECIPIENT).id
    ]
    assert directory.members_with(RECIPIENT, Role.RECIPIENT, now=NOW + MEMBER_LIFETIME) == []
    with pytest.raises(OrganisationUnknownError):
        directory.members_with(OrgId("unknown"), Role.DPO, now=NOW)


# --- replay -----------------------------------------------------------------------------------------------


def test_roots() -> None:
    world = small_world()
    leaves = [leaf_hash(raw) for raw in world.entries]
    for size in range(len(leaves) + 1):
        root = naive_root(leaves[:size])
        assert world.directory.root_at(size) == root
        assert replayed(world.entries[:5]).root_after(world.entries[5:size]) == naive_root(leaves[: max(size, 5)])
        assert world.directory.knows(Seen(size=size, root=root))
    assert not world.directory.knows(Seen(size=2, root=naive_root(leaves[:3])))
    assert not world.directory.knows(Seen(size=len(leaves) + 1, root=naive_root(leaves)))


def state(directory: Directory) -> dict[str, Any]:
    return {
        "init": directory.init,
        "anchor": directory.anchor,
        "seen": directory.seen,
        "organisations": {name: asdict(each) for name, each in directory.organisations.items()},
    }


DESKS = [DeskId("cnam/a"), DeskId("cnam/b")]
STEPS = st.sampled_from(["make", "remove", "seat", "unseat", "accept", "invite", "join", "subkey", "wait"])


@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 5)), max_size=14), cut=st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_every_prefix_gives_the_same_state(steps: list[tuple[str, int]], cut: int) -> None:
    world = small_world()
    states = [state(world.directory)]
    for number, (step, which) in enumerate(steps):
        size = world.directory.size
        try:
            _take(world, step, which, number)
        except EntryRefusedError:
            assert world.directory.size == size
            assert state(world.directory) == states[-1]
            continue
        if world.directory.size > size:
            states.append(state(world.directory))
    begun = len(world.entries) - len(states) + 1
    for number in {0, cut % len(states), len(states) - 1}:
        prefix = world.entries[: begun + number]
        assert state(replayed(prefix)) == states[number]
        assert state(replayed(prefix, verified=True)) == states[number]


def _take(world: World, step: str, which: int, number: int) -> None:
    desk, name = DESKS[which % 2], ["rita", "rob", "cnam"][which % 3]
    if step == "make":
        world.add(DeskCreate, "cnam", desk=desk, title="")
    elif step == "remove":
        world.add(DeskRemove, "cnam", desk=desk)
    elif step in ("seat", "unseat"):
        world.add(DeskSeat, "cnam", desk=desk, member=signing(name).id, seated=step == "seat")
    elif step == "accept":
        world.add(AcceptSet, "cnam", organisation=RECIPIENT, everyone=which > 2, organisations=())
    elif step == "invite":
        world.add(MemberInvite, "cnam", **world.invitation(RECIPIENT, f"m{which}", "recipient", desks=[desk]))
    elif step == "join":
        world.join(RECIPIENT, f"m{which}")
    elif step == "subkey":
        world.subkey(RECIPIENT, "rita", key=f"rita {number % 3}")
    else:
        world.now += which * DAY


def test_another_origin_is_another_directory() -> None:
    assert Directory(ORIGIN).root_at(0) == Directory("other").root_at(0)
    assert Directory(ORIGIN).size == 0
