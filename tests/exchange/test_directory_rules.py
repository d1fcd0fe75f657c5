"""Each rule of each kind of entry: an entry that breaks just that rule is refused, and says which."""

from collections.abc import Callable
from typing import Any

import pytest

from exchange_kit import (
    AUDIT,
    DAY,
    HOST,
    INIT,
    NOW,
    ORIGIN,
    RECIPIENT,
    SENDER,
    TRACING,
    World,
    public,
    seed,
    signing,
    small_world,
)
from scelle.base.ids import DeskId, OrgId
from scelle.exchange.directory import MEMBER_LIFETIME, SUBKEY_LIFETIME, Directory
from scelle.exchange.entries import (
    ENTRIES,
    AcceptSet,
    DeskCreate,
    DeskRemove,
    DeskSeat,
    MemberInvite,
    MemberJoin,
    OrganisationCreate,
    OrganisationInvite,
    ServiceInit,
    SubkeyAdd,
)
from scelle.exchange.errors import EntryRefusedError, OriginWrongError, SignatureInvalidError
from scelle.exchange.statement import Act, MemberAct, Seen, sign_statement
from scelle.tlog.errors import NoteMalformedError
from scelle.tlog.tiles import MAX_ENTRY

ARS = OrgId("ars")
INVITED = "invite ines"  # someone who was invited to cnam and has not joined yet


def invited_world() -> World:
    """The small world, in which ars and a member of cnam were invited."""
    world = small_world()
    world.add(
        OrganisationInvite,
        "service",
        organisation=ARS,
        invite=signing("invite ars").public,
        expires=world.now + DAY,
    )
    world.invite(RECIPIENT, "ines", "recipient", desks=[TRACING])
    return world


Good = Callable[[World], tuple[type[Act], tuple[str, ...], dict[str, Any]]]

# A good entry of each kind, in the invited world: kind, signers, members.
GOOD: dict[str, Good] = {
    "organisation.invite": lambda world: (
        OrganisationInvite,
        ("service",),
        {"organisation": OrgId("new"), "invite": seed("x"), "expires": world.now + 1},
    ),
    "organisation.create": lambda world: (OrganisationCreate, ("ars", "invite ars"), world.creation(ARS)),
    "member.invite": lambda world: (
        MemberInvite,
        ("cnam",),
        world.invitation(RECIPIENT, "new", "recipient", desks=[TRACING]),
    ),
    "member.join": lambda world: (MemberJoin, ("ines", INVITED), world.joining(RECIPIENT, "ines")),
    "subkey.add": lambda world: (SubkeyAdd, ("rita",), world.announcement(RECIPIENT, "rita's second")),
    "desk.create": lambda _: (DeskCreate, ("cnam",), {"desk": AUDIT, "title": ""}),
    "desk.remove": lambda _: (DeskRemove, ("cnam",), {"desk": TRACING}),
    "desk.seat": lambda _: (DeskSeat, ("cnam",), {"desk": TRACING, "member": signing("rob").id, "seated": False}),
    "accept.set": lambda _: (AcceptSet, ("cnam",), {"organisation": RECIPIENT, "everyone": True, "organisations": ()}),
}


def entry(world: World, kind: str, signers: tuple[str, ...] | None, changes: dict[str, Any]) -> bytes:
    act, names, fields = GOOD[kind](world)
    return world.signed(act, *(names if signers is None else signers), **{**fields, **changes})


def test_every_kind_has_a_good_entry_here() -> None:
    assert sorted(GOOD) == sorted(set(ENTRIES) - {ServiceInit.KIND})


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_a_good_entry_is_taken_once(kind: str) -> None:
    world = invited_world()
    raw = entry(world, kind, None, {})
    before = world.directory.size
    assert kind == world.directory.check(raw).KIND
    assert world.directory.size == before
    world.append(raw)
    assert world.directory.size == before + 1
    with pytest.raises(EntryRefusedError) as caught:
        world.append(raw)
    assert caught.value.facts == {"kind": kind, "why": "it is there already"}


AT_ONCE = "the key's validity is too long"
NO_INVITATION = "there is no such invitation"
NO_ADMINISTRATOR = "not signed by an administrator of the organisation"
NO_MEMBER = "not signed by a valid member of the organisation"

# kind, other signers (None: the right ones), other members, why
BROKEN: list[tuple[str, tuple[str, ...] | None, dict[str, Any], str]] = [
    ("organisation.invite", None, {"organisation": SENDER}, "the organisation exists: ids are used once"),
    ("organisation.invite", None, {"invite": signing("invite ars").public}, "the invite key was used before"),
    ("organisation.invite", None, {"invite": signing("invite sam").public}, "the invite key was used before"),
    ("organisation.create", None, {"invite": seed("nobody's")}, NO_INVITATION),
    ("organisation.create", None, {"organisation": OrgId("other")}, NO_INVITATION),
    ("organisation.create", None, {"invite": signing(INVITED).public, "organisation": RECIPIENT}, NO_INVITATION),
    (
        "organisation.create",
        None,
        {"invite": signing("invite cnam").public, "organisation": RECIPIENT},
        "the invitation was used",
    ),
    ("organisation.create", None, {"time": NOW + DAY}, "the invitation has lapsed"),
    ("organisation.create", None, {"key": signing("sam").public}, "the key is there already"),
    ("organisation.create", None, {"not_after": NOW}, AT_ONCE),
    ("organisation.create", None, {"not_after": NOW + MEMBER_LIFETIME + 1}, AT_ONCE),
    ("organisation.create", None, {"roles": ("sender",)}, "the first member must be an administrator"),
    ("member.invite", ("cnam", "rita"), {}, "not signed by one administrator"),
    ("member.invite", ("ap-hp",), {}, NO_ADMINISTRATOR),
    ("member.invite", ("rita",), {}, NO_ADMINISTRATOR),
    ("member.invite", ("stranger",), {}, NO_ADMINISTRATOR),
    ("member.invite", ("service",), {}, NO_ADMINISTRATOR),
    ("member.invite", None, {"time": NOW + MEMBER_LIFETIME}, "its author's key is past its validity"),
    ("member.invite", None, {"invite": signing("invite ars").public}, "the invite key was used before"),
    ("member.invite", None, {"desks": (AUDIT,)}, "there is no such desk"),
    ("member.invite", None, {"desks": (DeskId("ap-hp/tracing"),)}, "the desk is another organisation's"),
    ("member.invite", None, {"desks": (TRACING, TRACING)}, "a desk stands twice"),
    ("member.join", None, {"invite": seed("nobody's")}, NO_INVITATION),
    ("member.join", None, {"organisation": SENDER}, NO_INVITATION),
    ("member.join", None, {"invite": signing("invite ars").public, "organisation": ARS}, NO_INVITATION),
    ("member.join", None, {"invite": signing("invite rita").public}, "the invitation was used"),
    ("member.join", None, {"time": NOW + DAY}, "the invitation has lapsed"),
    ("member.join", None, {"key": signing("sam").public}, "the key is there already"),
    ("member.join", None, {"not_after": NOW}, AT_ONCE),
    ("member.join", None, {"not_after": NOW + MEMBER_LIFETIME + 1}, AT_ONCE),
    ("subkey.add", ("rita", "rob"), {}, "not signed by one member"),
    ("subkey.add", ("sam",), {}, NO_MEMBER),
    ("subkey.add", ("stranger",), {}, NO_MEMBER),
    ("subkey.add", None, {"time": NOW + MEMBER_LIFETIME}, NO_MEMBER),
    ("subkey.add", None, {"recipient": public("rob")}, "the key is there already"),
    ("subkey.add", None, {"recipient": b"\xff" * 1216}, "not a usable hybrid key"),
    ("subkey.add", None, {"recipient": public("new")[:1184] + bytes(32)}, "not a usable hybrid key"),
    ("subkey.add", None, {"not_after": NOW}, AT_ONCE),
    ("subkey.add", None, {"not_after": NOW + SUBKEY_LIFETIME + 1}, AT_ONCE),
    ("desk.create", ("ap-hp",), {}, NO_ADMINISTRATOR),
    ("desk.create", None, {"desk": DeskId("unknown/audit")}, NO_ADMINISTRATOR),
    ("desk.create", None, {"desk": TRACING}, "the desk exists"),
    ("desk.remove", ("rob",), {}, NO_ADMINISTRATOR),
    ("desk.remove", None, {"desk": AUDIT}, "there is no such desk"),
    ("desk.seat", ("ap-hp",), {}, NO_ADMINISTRATOR),
    ("desk.seat", None, {"desk": AUDIT}, "there is no such desk"),
    ("desk.seat", None, {"member": signing("sam").id}, "not a member of the organisation"),
    ("desk.seat", None, {"seated": True}, "the seat is so already"),
    ("desk.seat", None, {"member": signing("cnam").id}, "the seat is so already"),
    ("accept.set", ("ap-hp",), {}, NO_ADMINISTRATOR),
    ("accept.set", None, {"organisation": OrgId("unknown")}, NO_ADMINISTRATOR),
]


@pytest.mark.parametrize(("kind", "signers", "changes", "why"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_broken_rule(kind: str, signers: tuple[str, ...] | None, changes: dict[str, Any], why: str) -> None:
    world = invited_world()
    raw = entry(world, kind, signers, changes)
    for refuse in (world.directory.check, world.append):
        with pytest.raises(EntryRefusedError) as caught:
            refuse(raw)
        assert caught.value.facts == {"kind": kind, "why": why}
    assert world.directory.size == len(world.entries)


@pytest.mark.parametrize(
    ("kind", "signers"),
    [
        ("organisation.invite", ("cnam",)),
        ("organisation.invite", ("service", "service")),
        ("organisation.create", ("ars",)),
        ("organisation.create", ("invite ars", "ars")),
        ("organisation.create", ("ars", "invite cnam")),
        ("member.join", ("ines",)),
        ("member.join", ("ines", "cnam")),
        ("member.join", ("rita", INVITED)),
    ],
)
def test_signatures_of_joining_and_inviting(kind: str, signers: tuple[str, ...]) -> None:
    world = invited_world()
    with pytest.raises(SignatureInvalidError):
        world.append(entry(world, kind, signers, {}))


@pytest.mark.parametrize(
    "kind", ["member.invite", "subkey.add", "desk.create", "desk.remove", "desk.seat", "accept.set"]
)
def test_a_name_on_the_line_is_not_a_signature(kind: str) -> None:
    world = invited_world()
    right, forged = entry(world, kind, None, {}), entry(world, kind, ("stranger",), {})
    name = right.rpartition("— ".encode())[2].split(b" ")[0]
    lines = forged.rpartition("— ".encode())
    raw = lines[0] + lines[1] + name + b" " + lines[2].split(b" ")[1]
    with pytest.raises(SignatureInvalidError):
        world.append(raw)


@pytest.mark.parametrize("kind", sorted(kind for kind, act in ENTRIES.items() if issubclass(act, MemberAct)))
def test_an_author_who_saw_another_directory(kind: str) -> None:
    world = invited_world()
    directory = world.directory
    for seen in (
        Seen(size=directory.size + 1, root=directory.seen.root),
        Seen(size=directory.size, root=seed("another root")),
        Seen(size=directory.size - 1, root=directory.seen.root),
    ):
        with pytest.raises(EntryRefusedError) as caught:
            world.append(entry(world, kind, None, {"seen": seen}))
        assert caught.value.facts["why"] == "its author saw another directory"
    world.append(entry(world, kind, None, {"seen": Seen(size=5, root=directory.root_at(5))}))


# --- the beginning ----------------------------------------------------------------------------------------


def test_entry_0() -> None:
    world = World()
    raw = world.signed(ServiceInit, "service", **INIT)
    with pytest.raises(EntryRefusedError):
        _ = world.directory.service
    world.append(raw)
    assert world.directory.service.host == HOST
    from hashlib import sha256

    assert world.directory.anchor == sha256(raw).digest()


def test_entry_0_is_signed_by_the_service_key_that_it_names() -> None:
    world = World()
    with pytest.raises(SignatureInvalidError):
        world.add(ServiceInit, "stranger", **INIT)
    assert (world.directory.size, world.directory.init) == (0, None)


def test_entry_0_and_no_other_begins() -> None:
    world = World()
    with pytest.raises(EntryRefusedError) as caught:
        world.add(DeskCreate, "cnam", desk=TRACING, title="")
    assert caught.value.facts["why"] == "entry 0 and no other begins the directory"
    world = small_world()
    with pytest.raises(EntryRefusedError) as caught:
        world.add(ServiceInit, "service", **INIT)
    assert caught.value.facts["why"] == "entry 0 and no other begins the directory"


# --- form -------------------------------------------------------------------------------------------------


def test_an_entry_for_another_service() -> None:
    world = invited_world()
    act = world.act(DeskCreate, desk=AUDIT, title="")
    with pytest.raises(OriginWrongError):
        world.append(sign_statement(act, origin=ORIGIN + ".evil", keys=[signing("cnam")]))


def test_an_entry_of_an_unknown_kind() -> None:
    class Vouch(DeskCreate):
        KIND = "organisation.vouch"

    world = invited_world()
    with pytest.raises(EntryRefusedError) as caught:
        world.add(Vouch, "cnam", desk=AUDIT, title="")
    assert caught.value.facts["why"] == "of a kind that this version does not know"


def test_an_entry_that_no_bundle_can_hold() -> None:
    world = invited_world()
    many = tuple(OrgId(f"a{number:06}" + "x" * 30) for number in range(1700))
    with pytest.raises(EntryRefusedError) as caught:
        world.add(AcceptSet, "cnam", organisation=RECIPIENT, everyone=False, organisations=many)
    assert caught.value.facts["why"] == f"longer than {MAX_ENTRY} bytes"


@pytest.mark.parametrize("raw", [b"scelle/v1/desk.create\n", b"scelle/v1/desk.create\n\n\n", b"scelle/v1/desk.create"])
def test_an_entry_that_is_no_note(raw: bytes) -> None:
    with pytest.raises(NoteMalformedError):
        invited_world().append(raw)


def test_roles_are_known_and_not_empty() -> None:
    for roles in ((), ("king",), ("sender",) * 7):
        world = invited_world()
        raw = entry(world, "member.invite", None, {"roles": roles})
        with pytest.raises(EntryRefusedError):
            world.append(raw)


def test_what_is_refused_changes_nothing() -> None:
    world = invited_world()
    before = world.directory.seen
    for kind, signers, changes, _ in BROKEN:
        with pytest.raises(EntryRefusedError):
            world.append(entry(world, kind, signers, changes))
    assert world.directory.seen == before == replayed_seen(world.entries)


def replayed_seen(entries: list[bytes]) -> Seen:
    directory = Directory(ORIGIN)
    for raw in entries:
        directory.append(raw)
    return directory.seen
