"""What the service refuses before it seals, and a recipient before it opens."""

from typing import Any

import pytest

from exchange_kit import (
    AUDIT,
    DAY,
    HOST,
    ORIGIN,
    RECIPIENT,
    SENDER,
    TRACING,
    World,
    cover,
    recipient,
    seed,
    signing,
    small_world,
    subkey_id,
)
from scelle.base.errors import MalformedError
from scelle.base.ids import DeskId, Digest, KeyId
from scelle.exchange.acts import Cover, CoverRecipient
from scelle.exchange.cover import accept_cover, check_cover
from scelle.exchange.directory import MEMBER_LIFETIME, SUBKEY_LIFETIME, Member
from scelle.exchange.entries import AcceptSet, DeskCreate, DeskRemove
from scelle.exchange.errors import (
    CoverWrongError,
    DeskUnknownError,
    KeyExpiredError,
    MemberUnknownError,
    NotAcceptedError,
    OrganisationUnknownError,
    OriginWrongError,
    RoleMissingError,
    SignatureInvalidError,
    TransferNotFoundError,
)
from scelle.exchange.statement import Seen, parse_statement

LONGEST = 30 * DAY
RITA, ROB, OWN = recipient("rita"), recipient("rob"), recipient("sam", desk=None)


def check(world: World, *, signer: str = "sam", now: int | None = None, **changes: Any) -> Member:
    statement = parse_statement(cover(world, signer=signer, **changes), Cover, origin=ORIGIN)
    return check_cover(statement, world.directory, now=world.now if now is None else now, longest=LONGEST)


def why(world: World, **changes: Any) -> str:
    with pytest.raises(CoverWrongError) as caught:
        check(world, **changes)
    return str(caught.value.facts["why"])


# --- the service ------------------------------------------------------------------------------------------


def test_a_good_cover() -> None:
    world = small_world()
    assert check(world).key == signing("sam").id
    assert check(world, recipients=(RITA,)).organisation == SENDER
    assert check(world, expires=world.now + LONGEST).key == signing("sam").id


def test_the_sender() -> None:
    world = small_world()
    with pytest.raises(MemberUnknownError):
        check(world, sender=KeyId("0" * 32))
    with pytest.raises(RoleMissingError):
        check(world, sender=signing("rita").id, signer="rita", organisation=RECIPIENT)
    with pytest.raises(KeyExpiredError):
        check(world, now=world.now + MEMBER_LIFETIME)
    with pytest.raises(SignatureInvalidError):
        check(world, signer="rita")
    assert why(world, organisation=RECIPIENT) == "the sender belongs to another organisation"


def test_what_the_sender_saw() -> None:
    world = small_world()
    directory = world.directory
    since = directory.member(signing("sam").id).since
    assert why(world, seen=Seen(size=directory.size, root=seed("x"))) == "its author saw another directory"
    assert why(world, seen=Seen(size=since, root=directory.root_at(since))) == "its author was no sender"
    check(world, seen=Seen(size=since + 1, root=directory.root_at(since + 1)))


@pytest.mark.parametrize("lasts", [0, -1, LONGEST + 1])
def test_the_expiry(lasts: int) -> None:
    world = small_world()
    assert why(world, expires=world.now + lasts) == "its expiry is past, or later than the service allows"


def test_desks() -> None:
    world = small_world()
    world.add(AcceptSet, HOST, organisation=HOST, everyone=True, organisations=())
    assert why(world, desks=(TRACING, TRACING)) == "a desk stands twice"
    with pytest.raises(DeskUnknownError):
        check(world, desks=(AUDIT,))
    with pytest.raises(OrganisationUnknownError):
        check(world, desks=(DeskId("unknown/desk"),))
    world.add(DeskRemove, RECIPIENT, desk=TRACING)
    with pytest.raises(DeskUnknownError):
        check(world)


def test_acceptance() -> None:
    world = small_world()
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=False, organisations=(HOST,))
    with pytest.raises(NotAcceptedError) as caught:
        check(world)
    assert caught.value.facts == {"organisation": RECIPIENT, "sender": SENDER}


def test_somebody_is_addressed_at_every_desk() -> None:
    world = small_world()
    world.add(DeskCreate, RECIPIENT, desk=AUDIT, title="")
    nobody = "nobody is addressed at one of its desks"
    assert why(world, recipients=(OWN,)) == nobody
    assert why(world, desks=(TRACING, AUDIT)) == nobody
    world.seat(AUDIT, "rita")
    check(world, desks=(TRACING, AUDIT))  # rita sits at both and is addressed once
    check(world, desks=(AUDIT, TRACING), recipients=(RITA,))
    assert why(world, desks=(TRACING, AUDIT), recipients=(ROB,)) == nobody


def broken(entry: CoverRecipient) -> str:
    return why(small_world(), recipients=(ROB, entry))


def test_recipients() -> None:
    world = small_world()
    assert why(world, recipients=(RITA, RITA)) == "a key stands twice"
    assert broken(recipient("rita", key=KeyId("0" * 32))) == "a recipient key is unknown"
    assert broken(recipient("rita", key=signing("rita").id)) == "a recipient key is unknown"
    assert broken(recipient("rita", member=signing("sam").id)) == "a recipient key is unknown"
    assert broken(recipient("rita", desk=None)) == "a key without a desk is not the sender's own"
    assert broken(recipient("rita", desk=AUDIT)) == "a recipient's desk is not addressed"
    assert broken(recipient("sam")) == "a recipient has no seat at its desk"


def test_a_recipient_who_left_the_desk() -> None:
    world = small_world()
    world.seat(TRACING, "rita", seated=False)
    assert why(world, recipients=(RITA, ROB)) == "a recipient has no seat at its desk"
    check(world, recipients=(ROB,))


def test_a_recipient_without_the_role() -> None:
    world = small_world()
    world.seat(TRACING, RECIPIENT)
    world.subkey(RECIPIENT, RECIPIENT)
    assert why(world, recipients=(ROB, recipient(RECIPIENT))) == "a recipient may not receive"


def test_recipient_keys_have_a_time() -> None:
    world = small_world()
    late = world.now + SUBKEY_LIFETIME
    assert why(world, now=late, expires=late + 1) == "a recipient key is past its validity"
    check(world, now=late - 1, expires=late + 1)
    assert why(world, now=world.now - 1, expires=world.now + 1) == "a recipient key is past its validity"


def test_a_recipient_past_its_validity() -> None:
    world = small_world()
    world.now += DAY
    world.invite(SENDER, "late", "sender")
    world.join(SENDER, "late")
    world.now += MEMBER_LIFETIME - DAY - 2
    world.subkey(RECIPIENT, "rita", key="rita's last")
    world.now += 2
    entry = recipient("rita", key=subkey_id("rita's last"))
    changes: dict[str, Any] = {"sender": signing("late").id, "signer": "late", "recipients": (entry,)}
    assert why(world, **changes) == "a recipient may not receive"


# --- a recipient ------------------------------------------------------------------------------------------


def test_a_recipient_takes_a_good_cover() -> None:
    world = small_world()
    raw = cover(world)
    statement, entry = accept_cover(raw, world.directory, origin=ORIGIN, key=subkey_id("rita"))
    assert (statement.raw, entry) == (raw, RITA)
    logged = statement.digest
    assert accept_cover(raw, world.directory, origin=ORIGIN, key=subkey_id("sam"), logged=logged)[1] == OWN


def test_a_cover_holds_after_the_directory_has_moved_on() -> None:
    world = small_world()
    raw = cover(world)
    world.add(DeskRemove, RECIPIENT, desk=TRACING)
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=False, organisations=())
    accept_cover(raw, world.directory, origin=ORIGIN, key=subkey_id("rita"))


def refused(world: World, raw: bytes, *, key: str = "rita", logged: Digest | None = None) -> str:
    with pytest.raises(CoverWrongError) as caught:
        accept_cover(raw, world.directory, origin=ORIGIN, key=subkey_id(key), logged=logged)
    return str(caught.value.facts["why"])


def test_a_cover_that_is_not_the_one_in_the_log() -> None:
    world = small_world()
    assert refused(world, cover(world), logged=Digest(seed("x"))) == "it is not the one in the log"


def test_a_cover_of_somebody_who_was_no_sender() -> None:
    world = small_world()
    since = world.directory.member(signing("sam").id).since
    seen = Seen(size=since, root=world.directory.root_at(since))
    assert refused(world, cover(world, seen=seen)) == "its author was no sender"
    raw = cover(world, signer="rita", sender=signing("rita").id, organisation=RECIPIENT)
    assert refused(world, raw) == "its author was no sender"


def test_a_cover_by_a_key_past_its_validity() -> None:
    world = small_world()
    raw = cover(world, time=world.now + MEMBER_LIFETIME)
    assert refused(world, raw) == "its author's key was past its validity"


def test_a_cover_whose_author_saw_another_directory() -> None:
    world = small_world()
    raw = cover(world, seen=Seen(size=world.directory.size, root=seed("x")))
    assert refused(world, raw) == "its author saw another directory"
    ahead = small_world()
    ahead.seat(TRACING, "rob", seated=False)
    assert refused(world, cover(ahead)) == "its author saw another directory"


def test_a_cover_in_anothers_name() -> None:
    world = small_world()
    assert refused(world, cover(world, organisation=RECIPIENT)) == "the sender belongs to another organisation"
    with pytest.raises(SignatureInvalidError):
        accept_cover(cover(world, signer="rob"), world.directory, origin=ORIGIN, key=subkey_id("rita"))
    raw = cover(world, sender=KeyId("0" * 32))
    with pytest.raises(MemberUnknownError):
        accept_cover(raw, world.directory, origin=ORIGIN, key=subkey_id("rita"))


def test_a_cover_for_others() -> None:
    world = small_world()
    with pytest.raises(TransferNotFoundError):
        accept_cover(cover(world, recipients=(ROB,)), world.directory, origin=ORIGIN, key=subkey_id("rita"))


def test_a_cover_for_another_service_or_altered() -> None:
    world = small_world()
    raw = cover(world)
    with pytest.raises(OriginWrongError):
        accept_cover(raw, world.directory, origin="other.example", key=subkey_id("rita"))
    text = raw.replace(str(world.now + 7 * DAY).encode(), str(world.now + 8 * DAY).encode())
    with pytest.raises(SignatureInvalidError):
        accept_cover(text, world.directory, origin=ORIGIN, key=subkey_id("rita"))


def test_limits_of_a_cover() -> None:
    world = small_world()
    for changes in ({"desks": ()}, {"recipients": ()}, {"parts": ()}, {"expires": 0}):
        with pytest.raises(MalformedError):
            parse_statement(cover(world, **changes), Cover, origin=ORIGIN)
