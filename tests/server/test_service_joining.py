"""Joining, invitations and the growth of the directory."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scelle.base.ids import DeskId, OrgId
from scelle.exchange.answers import DirectoryRequest, JoinRequest
from scelle.exchange.entries import DeskCreate, MemberInvite, OrganisationInvite, SubkeyAdd
from scelle.exchange.errors import (
    InvitationInvalidError,
    RequestReplayedError,
    SignatureInvalidError,
    StatementRefusedError,
)
from scelle.exchange.keys import Role, SigningKey
from scelle.exchange.refusals import StatementClockError
from scelle.exchange.trust import log_origin
from scelle.ports import DIRECTORY, StorageFaultError
from server_kit import APHP, ARS, CNAM, DAY, HOUR, ORIGIN, TRACING, Town, person, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def size(place: Town) -> int:
    found = place.world.read(lambda reading: reading.log_size(DIRECTORY))
    assert found == place.world.core.directory.size
    return int(found)


def invited(place: Town) -> tuple[SigningKey, dict[str, Any]]:
    world, invite = place.world, SigningKey(place.world.draw(32))
    fields: dict[str, Any] = {
        "organisation": APHP,
        "invite": invite.public,
        "roles": (Role.RECIPIENT.value,),
        "desks": (),
        "expires": world.clock.now() + HOUR,
    }
    world.append(place.hospital, MemberInvite, **fields)
    return invite, fields


def test_the_service_says_what_it_is(place: Town) -> None:
    info, limits = place.world.joining.info(), place.world.limits
    assert (info.origin, info.version, info.time) == (ORIGIN, "test", place.world.clock.now())
    assert (info.max_transfer, info.max_expiry, info.max_parts) == (
        limits.max_transfer,
        limits.max_expiry,
        limits.max_parts,
    )


def test_joining_is_proven_and_a_retry_answers_the_same(place: Town) -> None:
    world = place.world
    invite, _ = invited(place)
    who = person("Nina New", APHP)
    request = world.join_request(who, invite)
    answer = world.joining.join(request)
    before = size(place)
    world.clock.advance(DAY)
    again = world.joining.join(request)
    assert [each.index for each in again.proofs] == [each.index for each in answer.proofs]
    assert size(place) == before
    trust = world.trust()
    trust.accept_proof("directory", request.statements[0], again.proofs[0])
    assert trust.directory.member(who.key).roles == {Role.RECIPIENT}
    assert world.core.ledger.checkpoint(DIRECTORY).startswith(log_origin(ORIGIN, "directory").encode())


def test_joining_with_an_encryption_key_at_once(place: Town) -> None:
    world = place.world
    invite, _ = invited(place)
    who = person("Nina New", APHP)
    request = world.join_request(who, invite)
    now = world.clock.now()
    subkey = world.act(
        who,
        SubkeyAdd,
        organisation=APHP,
        recipient=who.identity.recipient().public_key,
        not_before=now,
        not_after=now + DAY,
    )
    answer = world.joining.join(JoinRequest(statements=(*request.statements, subkey), contact=request.contact))
    assert len(answer.proofs) == 2
    assert world.core.directory.subkey(who.subkey) is not None


def test_an_invitation_is_used_once_and_in_time(place: Town) -> None:
    world = place.world
    invite, _ = invited(place)
    world.joining.join(world.join_request(person("Nina New", APHP), invite))
    with pytest.raises(InvitationInvalidError):
        world.joining.join(world.join_request(person("Nora Next", APHP), invite))
    late, _ = invited(place)
    world.clock.advance(HOUR)
    with pytest.raises(InvitationInvalidError):
        world.joining.join(world.join_request(person("Nora Next", APHP), late))
    with pytest.raises(InvitationInvalidError):
        world.joining.join(world.join_request(person("Nora Next", APHP), SigningKey(world.draw(32))))


def test_contacts_must_be_the_ones_committed_to(place: Town) -> None:
    world = place.world
    invite, _ = invited(place)
    before = size(place)
    request = world.join_request(person("Nina New", APHP), invite)
    for changes in ({"name": "Someone Else"}, {"email": "else@where.example"}, {"key": place.clerk.key}):
        with pytest.raises(StatementRefusedError):
            world.joining.join(replace(request, contact=replace(request.contact, **changes)))
    assert size(place) == before
    contacts = world.joining.contacts(world.asker(place.sender)).contacts
    assert {each.name for each in contacts} == {"Paul Praticien", "Sophie Sender", "Olivier Officer", "Denise Deputy"}


def test_joining_takes_nothing_else(place: Town) -> None:
    world = place.world
    invite, _ = invited(place)
    request = world.join_request(person("Nina New", APHP), invite)
    desk = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/new"), title="")
    for statements in ((desk,), (*request.statements, desk)):
        with pytest.raises(StatementRefusedError):
            world.joining.join(replace(request, statements=statements))
    now = world.clock.now()
    theirs = world.act(
        place.sender,
        SubkeyAdd,
        organisation=APHP,
        recipient=person("Nina New", APHP).identity.recipient().public_key,
        not_before=now,
        not_after=now + DAY,
    )
    with pytest.raises(StatementRefusedError):
        world.joining.join(replace(request, statements=(*request.statements, theirs)))


def test_only_the_service_key_invites_organisations_and_new_ones_only(place: Town) -> None:
    world = place.world
    fields: dict[str, Any] = {"invite": place.sender.signing.public, "expires": world.clock.now() + DAY}
    for signer in (place.host, place.hospital):
        with pytest.raises(SignatureInvalidError):
            world.joining.invite(world.act(signer.signing, OrganisationInvite, organisation=OrgId("new-one"), **fields))
    with pytest.raises(StatementRefusedError):
        world.joining.invite(world.act(world.service, OrganisationInvite, organisation=CNAM, **fields))
    with pytest.raises(StatementRefusedError):
        world.joining.invite(world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/new"), title=""))
    raw = world.act(world.service, OrganisationInvite, organisation=OrgId("new-one"), **fields)
    first = world.joining.invite(raw)
    assert world.joining.invite(raw).index == first.index


def test_appending_is_all_or_nothing(place: Town) -> None:
    world = place.world
    before = size(place)
    good = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/one"), title="")
    bad = world.act(place.hospital, DeskCreate, desk=TRACING, title="")
    with pytest.raises(StatementRefusedError):
        world.joining.append(world.asker(place.hospital), DirectoryRequest(statements=(good, bad)))
    assert size(place) == before
    second = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/two"), title="")
    world.joining.append(world.asker(place.hospital), DirectoryRequest(statements=(good,)))
    # Half of it is there: the rest must not slip in under it.
    with pytest.raises(StatementRefusedError):
        world.joining.append(world.asker(place.hospital), DirectoryRequest(statements=(good, second)))


def test_members_append_their_own_statements_only(place: Town) -> None:
    world = place.world
    raw = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/one"), title="")
    with pytest.raises(StatementRefusedError):
        world.joining.append(world.asker(place.sender), DirectoryRequest(statements=(raw,)))
    with pytest.raises(StatementRefusedError):
        world.append(place.sender, DeskCreate, desk=DeskId("ap-hp/two"), title="")
    late = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/one"), title="", time=world.clock.now() - 301)
    with pytest.raises(StatementClockError):
        world.joining.append(world.asker(place.hospital), DirectoryRequest(statements=(late,)))
    asker = world.asker(place.hospital)
    world.joining.append(asker, DirectoryRequest(statements=(raw,)))
    other = world.act(place.hospital, DeskCreate, desk=DeskId("ap-hp/two"), title="")
    with pytest.raises(RequestReplayedError):
        world.joining.append(asker, DirectoryRequest(statements=(other,)))


def test_what_is_not_durable_is_not_in_the_directory(place: Town) -> None:
    world = place.world
    before = world.core.directory
    submit = world.real_ledger.submit

    def failing(action: Any, **options: Any) -> Any:
        raise StorageFaultError(what="commit", why="no")

    world.real_ledger.submit = failing  # type: ignore[method-assign]
    with pytest.raises(StorageFaultError):
        world.desk(place.hospital, DeskId("ap-hp/one"))
    world.real_ledger.submit = submit  # type: ignore[method-assign]
    assert world.core.directory is before
    world.desk(place.hospital, DeskId("ap-hp/one"))
    assert size(place) == before.size + 1
    world.restart()
    assert size(place) == before.size + 1


def test_the_directory_grows_from_many_threads(place: Town) -> None:
    world = place.world
    before = size(place)
    failures: list[BaseException] = []

    def grow(number: int) -> None:
        try:
            world.desk(place.hospital, DeskId(f"ap-hp/desk-{number}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=grow, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert size(place) == before + 8
    assert ARS in world.trust().directory.organisations
