"""Uploading and committing: what is kept, what is refused, quotas, retries."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from scelle.activity.record import TransferSealed
from scelle.age.errors import AgeError
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey
from scelle.age.x25519 import ReadyX25519Recipient, X25519Identity
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.ids import OrgId
from scelle.exchange.answers import BeginRequest, CommitRequest
from scelle.exchange.errors import (
    CoverWrongError,
    DeskUnknownError,
    FrozenError,
    IntakeKeyUnknownError,
    KeyExpiredError,
    NotAcceptedError,
    RequestReplayedError,
    RoleMissingError,
    ShareWrongError,
    SignatureInvalidError,
    TransferNotFoundError,
    TransferStateError,
)
from scelle.exchange.keys import Role
from scelle.exchange.refusals import (
    ChunkDigestError,
    PartNumberError,
    PartUnknownError,
    QuotaExceededError,
    StatementClockError,
    TransferTooLargeError,
    UploadBusyError,
    UploadIncompleteError,
    UploadLengthError,
    UploadOffsetError,
)
from scelle.exchange.segments import SEGMENT_SIZE
from scelle.exchange.statement import Seen
from scelle.ports import StateConflictError
from scelle.server.service.core import Limits
from server_kit import ARS, DAY, HOUR, TRACING, Parcel, Person, Town, World, sealed_part, town


@pytest.fixture
def place() -> Iterator[Town]:
    found = town()
    yield found
    found.world.close()


def uploaded(place: Town, **options: Any) -> Parcel:
    parcel = place.world.pack(place.sender, place.everybody, **options)
    place.world.begin(place.sender, parcel)
    place.world.upload(place.sender, parcel)
    return parcel


def nothing_kept(world: World, parcel: Parcel) -> None:
    """After a refused commit: still open, no entry, no share."""
    assert world.read(lambda reading: reading.transfer(parcel.transfer)).state == "open"
    assert world.all_kinds() == []
    assert world.real_keeper.count() == 0
    assert world.read(lambda reading: reading.recipients(parcel.transfer)) == []


# --- committing ---------------------------------------------------------------------------------------------


def test_a_commit_is_entered_and_proven(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    logged = world.commit(place.sender, parcel)
    assert world.accepted(logged, TransferSealed).statement == parcel.statement
    assert world.real_keeper.count() == len(parcel.shares)


def test_the_same_cover_gives_the_same_entry(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    first = world.commit(place.sender, parcel)
    world.clock.advance(2 * DAY)
    again = world.commit(place.sender, parcel)
    assert (again.record, again.salt, again.proof.index) == (first.record, first.salt, first.proof.index)
    assert world.all_kinds() == ["transfer.sealed"]
    assert world.real_keeper.count() == len(parcel.shares)


def test_a_second_cover_of_a_sealed_transfer_is_refused(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    world.commit(place.sender, parcel)
    other = world.pack(place.sender, place.everybody, transfer=parcel.transfer)
    with pytest.raises(TransferStateError):
        world.commit(place.sender, other)
    assert world.all_kinds() == ["transfer.sealed"]
    assert world.real_keeper.count() == len(parcel.shares)


def test_a_cover_from_the_beginning_of_the_upload_is_taken_and_an_older_one_is_not(place: Town) -> None:
    world = place.world
    early = world.pack(place.sender, place.tracing)
    world.clock.advance(10 * 60)
    world.begin(place.sender, early)
    world.upload(place.sender, early)
    with pytest.raises(StatementClockError):
        world.commit(place.sender, early)
    nothing_kept(world, early)
    late = uploaded(place)
    world.clock.advance(HOUR)
    world.commit(place.sender, late)


def test_shares_sealed_to_an_old_intake_key_must_be_sealed_anew(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    request = world.commit_request(place.sender, parcel)
    world.restart()
    with pytest.raises(IntakeKeyUnknownError):
        world.sending.commit(world.asker(place.sender), parcel.transfer, request)
    world.commit(place.sender, parcel)


def test_the_intake_key_of_yesterday_still_opens_and_an_older_one_is_gone(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    request = world.commit_request(place.sender, parcel)
    intake = world.core.intake
    before = intake.statement()
    world.clock.advance(DAY)
    assert intake.statement() != before
    assert len(intake.open(request.shares)) == 32 * len(parcel.shares)
    world.clock.advance(DAY)
    with pytest.raises(IntakeKeyUnknownError):
        intake.open(request.shares)


def changed(parcel: Parcel, place: Town, **changes: Any) -> Parcel:
    """The same parts under another cover."""
    world = place.world
    cover = replace(parcel.cover, nonce=world.draw(16), **changes)
    return replace(parcel, cover=cover, statement=world.act(place.sender, type(cover), **vars(cover)))


COVERS: dict[str, tuple[Callable[[Parcel, Town], dict[str, Any]], type[ScelleError]]] = {
    "expired": (lambda p, t: {"expires": t.world.clock.now()}, CoverWrongError),
    "expires too late": (lambda p, t: {"expires": t.world.clock.now() + 31 * DAY}, CoverWrongError),
    "another organisation": (lambda p, t: {"organisation": OrgId("host")}, CoverWrongError),
    "another directory": (lambda p, t: {"seen": Seen(size=1, root=bytes(32))}, CoverWrongError),
    "an unknown desk": (lambda p, t: {"desks": (*p.cover.desks, "cnam/nobody")}, DeskUnknownError),
    "a part less": (lambda p, t: {"parts": (p.cover.parts[0], p.cover.parts[0])}, UploadIncompleteError),
    "another digest": (
        lambda p, t: {"parts": (replace(p.cover.parts[0], digest=bytes(32)),)},
        CoverWrongError,
    ),
    "another size": (lambda p, t: {"manifest": replace(p.cover.manifest, size=7)}, UploadIncompleteError),
    "another commitment": (
        lambda p, t: {"recipients": (replace(p.cover.recipients[0], commitment=bytes(32)), *p.cover.recipients[1:])},
        ShareWrongError,
    ),
    "another envelope": (
        lambda p, t: {
            "recipients": (
                replace(p.cover.recipients[0], envelope=p.cover.recipients[1].envelope),
                *p.cover.recipients[1:],
            )
        },
        CoverWrongError,
    ),
    "a key twice": (lambda p, t: {"recipients": (p.cover.recipients[0], *p.cover.recipients)}, CoverWrongError),
    "a recipient less": (lambda p, t: {"recipients": p.cover.recipients[:3]}, CoverWrongError),
    "another's key": (
        lambda p, t: {"recipients": (replace(p.cover.recipients[0], member=t.agent.key), *p.cover.recipients[1:])},
        CoverWrongError,
    ),
}


@pytest.mark.parametrize("name", COVERS)
def test_a_wrong_cover_is_refused_and_nothing_is_kept(place: Town, name: str) -> None:
    change, error = COVERS[name]
    parcel = uploaded(place)
    wrong = changed(parcel, place, **change(parcel, place))
    with pytest.raises(error):
        place.world.commit(place.sender, wrong)
    nothing_kept(place.world, parcel)
    place.world.commit(place.sender, parcel)


REQUESTS: dict[str, tuple[Callable[[CommitRequest, Town], dict[str, Any]], type[ScelleError]]] = {
    "an envelope less": (lambda r, t: {"envelopes": r.envelopes[:-1]}, CoverWrongError),
    "envelopes in another order": (lambda r, t: {"envelopes": r.envelopes[::-1]}, CoverWrongError),
    "shares that are no file": (lambda r, t: {"shares": b"x" * 200}, AgeError),
    "shares cut off": (lambda r, t: {"shares": r.shares[:-1]}, AgeError),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_wrong_request_is_refused(place: Town, name: str) -> None:
    change, error = REQUESTS[name]
    world, parcel = place.world, uploaded(place)
    request = world.commit_request(place.sender, parcel)
    with pytest.raises(error):
        world.sending.commit(world.asker(place.sender), parcel.transfer, replace(request, **change(request, place)))
    nothing_kept(world, parcel)


def test_too_few_shares_are_refused(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    short = replace(parcel, shares=parcel.shares[:-1])
    with pytest.raises(CoverWrongError):
        world.commit(place.sender, short)
    nothing_kept(world, parcel)


def raw_parcel(place: Town, part: bytes) -> Parcel:
    """A parcel with a part of any bytes."""
    parcel = place.world.pack(place.sender, place.tracing)
    swapped = replace(parcel, parts=(parcel.parts[0], part))
    return changed(swapped, place, parts=(sealed_part(part),))


def test_parts_must_be_age_files_of_post_quantum_recipients(place: Town) -> None:
    world = place.world
    classic = ReadyX25519Recipient(X25519Identity(bytes(range(32))).recipient(), world.draw(32))
    sealed = seal_bytes(b"x", [classic], file_key=FileKey(world.draw(16)), nonce=world.draw(16))
    for part, error in ((b"name;first name;result\n" * 9, AgeError), (sealed, CoverWrongError)):
        parcel = raw_parcel(place, part)
        world.begin(place.sender, parcel)
        world.upload(place.sender, parcel)
        with pytest.raises(error):
            world.commit(place.sender, parcel)
        assert world.real_keeper.count() == 0


def test_who_may_commit(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    colleague = world.join(place.hospital, "Sylvain Second", Role.SENDER)
    request = world.commit_request(place.sender, parcel)
    with pytest.raises(SignatureInvalidError):
        world.sending.commit(world.asker(colleague), parcel.transfer, request)
    own = replace(request, cover=world.act(colleague, type(parcel.cover), **vars(parcel.cover)))
    with pytest.raises(TransferNotFoundError):
        world.sending.commit(world.asker(colleague), parcel.transfer, own)
    with pytest.raises(MalformedError):
        world.sending.commit(world.asker(place.sender), world.new_transfer(), request)
    nothing_kept(world, parcel)


def test_who_may_begin(place: Town) -> None:
    world = place.world
    request = BeginRequest(transfer=world.new_transfer(), size=1)
    for who in (place.clerk, place.officer, place.hospital):
        with pytest.raises(RoleMissingError):
            world.sending.begin(world.asker(who), request)
        with pytest.raises(RoleMissingError):
            world.sending.intake(world.asker(who))
    asker = world.asker(place.sender)
    world.clock.advance(3 * 365 * DAY)
    with pytest.raises(KeyExpiredError):
        world.sending.begin(asker, request)


def test_organisations_must_accept(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    world.accept(place.agency)
    with pytest.raises(NotAcceptedError):
        world.commit(place.sender, parcel)
    nothing_kept(world, parcel)


def test_the_directory_is_asked_again_in_the_transaction(place: Town) -> None:
    """A desk loses its seat while the bytes are being checked."""
    world, parcel = place.world, uploaded(place)
    put = world.real_keeper.put

    def unseat_first(shares: Any) -> list[int]:
        world.seat(place.insurer, TRACING, place.clerk, seated=False)
        return put(shares)

    world.real_keeper.put = unseat_first  # type: ignore[method-assign]
    with pytest.raises(CoverWrongError):
        world.commit(place.sender, parcel)
    nothing_kept(world, parcel)


FREEZES: dict[str, Callable[[Town], tuple[Person, str]]] = {
    "service": lambda t: (t.host_officer, ""),
    "organisation": lambda t: (t.agency, ARS),
    "desk": lambda t: (t.insurer_officer, TRACING),
    "key": lambda t: (t.officer, t.sender.key),
}


@pytest.mark.parametrize("scope", FREEZES)
def test_nothing_is_sealed_past_a_freeze(place: Town, scope: str) -> None:
    world, parcel = place.world, uploaded(place)
    officer, value = FREEZES[scope](place)
    world.freeze(officer, scope, value)
    with pytest.raises(FrozenError):
        world.commit(place.sender, parcel)
    assert world.real_keeper.count() == 0
    assert world.all_kinds() == ["frozen"]
    if scope in ("service", "key"):
        with pytest.raises(FrozenError):
            world.begin(place.sender, world.pack(place.sender, place.tracing))


# --- uploading ----------------------------------------------------------------------------------------------


@pytest.fixture
def opened(place: Town) -> Parcel:
    parcel = place.world.pack(place.sender, place.tracing)
    place.world.begin(place.sender, parcel)
    return parcel


def writer(
    place: Town, parcel: Parcel, body: bytes, *, offset: int = 0, length: int | None = None, size: int = -1
) -> Any:
    return place.world.sending.upload(
        place.world.asker(place.sender),
        parcel.transfer,
        1,
        offset=offset,
        length=length,
        expected_digest=sha256(body).digest(),
        declared_body_size=len(body) if size < 0 else size,
    )


def create(place: Town, parcel: Parcel, number: int = 1, length: int | None = None) -> Any:
    return place.world.sending.create_part(place.world.asker(place.sender), parcel.transfer, number, length)


def test_beginning_and_creating_twice_change_nothing(place: Town, opened: Parcel) -> None:
    world = place.world
    world.begin(place.sender, opened)
    assert create(place, opened)[0] is True
    world.chunk(place.sender, opened.transfer, 1, 0, b"abc")
    fresh, part = create(place, opened)
    assert (fresh, part.offset, part.length) == (False, 3, None)
    colleague = world.join(place.hospital, "Sylvain Second", Role.SENDER)
    with pytest.raises(StateConflictError):
        world.sending.begin(world.asker(colleague), BeginRequest(transfer=opened.transfer, size=1))


def test_bytes_of_a_broken_request_are_kept(place: Town, opened: Parcel) -> None:
    world = place.world
    create(place, opened)
    body = b"0123456789"
    broken = writer(place, opened, body)
    broken.feed(memoryview(body[:4]))
    with pytest.raises(UploadBusyError):
        writer(place, opened, body, offset=4)
    broken.broken()
    assert world.sending.part(world.asker(place.sender), opened.transfer, 1).offset == 4
    for offset in (0, 3, 10):
        with pytest.raises(UploadOffsetError) as caught:
            writer(place, opened, body, offset=offset)
        assert caught.value.facts == {"offset": 4}
    assert world.chunk(place.sender, opened.transfer, 1, 4, body[4:]) == 10


def test_a_chunk_with_a_wrong_digest_is_cut_off_again(place: Town, opened: Parcel) -> None:
    world = place.world
    create(place, opened)
    world.chunk(place.sender, opened.transfer, 1, 0, b"good")
    wrong = writer(place, opened, b"bytes", offset=4)
    wrong.feed(memoryview(b"bytez"))
    with pytest.raises(ChunkDigestError):
        wrong.finish()
    assert world.sending.part(world.asker(place.sender), opened.transfer, 1).offset == 4
    world.chunk(place.sender, opened.transfer, 1, 4, b"bytes")
    with world.core.uploads.hold(opened.transfer):
        size, digest = world.core.uploads.digest(opened.transfer, 1)
    assert (size, digest) == (9, sealed_part(b"goodbytes").digest)


def test_digests_of_segments_survive_interruptions_and_restarts(place: Town, opened: Parcel) -> None:
    world = place.world
    create(place, opened)
    body = bytes(range(256)) * (SEGMENT_SIZE // 256) + b"the second segment, in two pieces"
    world.chunk(place.sender, opened.transfer, 1, 0, body[:1000])
    world.restart()
    world.chunk(place.sender, opened.transfer, 1, 1000, body[1000:SEGMENT_SIZE])
    world.chunk(place.sender, opened.transfer, 1, SEGMENT_SIZE, body[SEGMENT_SIZE : SEGMENT_SIZE + 10])
    for restart in (False, True):
        if restart:
            world.restart()
        with world.core.uploads.hold(opened.transfer):
            found = world.core.uploads.digest(opened.transfer, 1)
        assert found == (SEGMENT_SIZE + 10, sealed_part(body[: SEGMENT_SIZE + 10]).digest)
    world.chunk(place.sender, opened.transfer, 1, SEGMENT_SIZE + 10, body[SEGMENT_SIZE + 10 :])
    with world.core.uploads.hold(opened.transfer):
        assert world.core.uploads.digest(opened.transfer, 1) == (len(body), sealed_part(body).digest)


def test_lengths_hold(place: Town, opened: Parcel) -> None:
    world = place.world
    create(place, opened)
    with pytest.raises(UploadLengthError):
        writer(place, opened, b"", size=SEGMENT_SIZE + 1)
    first = writer(place, opened, b"abc", length=10)
    with pytest.raises(UploadLengthError):
        first.feed(memoryview(b"abcd"))
    first.feed(memoryview(b"ab"))
    with pytest.raises(UploadLengthError):
        first.finish()
    assert world.sending.part(world.asker(place.sender), opened.transfer, 1).offset == 2
    for length in (9, 11):
        with pytest.raises(UploadLengthError):
            writer(place, opened, b"c", offset=2, length=length)
        with pytest.raises(UploadLengthError):
            create(place, opened, length=length)
    with pytest.raises(UploadLengthError):
        writer(place, opened, b"123456789", offset=2)
    assert world.chunk(place.sender, opened.transfer, 1, 2, b"12345678") == 10


def test_parts_that_are_not_there(place: Town, opened: Parcel) -> None:
    world = place.world
    with pytest.raises(PartUnknownError):
        writer(place, opened, b"abc")
    with pytest.raises(PartUnknownError):
        world.sending.part(world.asker(place.sender), opened.transfer, 1)
    with pytest.raises(PartNumberError):
        create(place, opened, world.limits.max_parts + 1)
    for stranger in (place.clerk, place.officer):
        with pytest.raises(TransferNotFoundError):
            world.sending.part(world.asker(stranger), opened.transfer, 1)
        with pytest.raises(TransferNotFoundError):
            world.sending.create_part(world.asker(stranger), opened.transfer, 1, None)
        with pytest.raises(TransferNotFoundError):
            world.sending.give_up(world.asker(stranger), opened.transfer)


def test_a_sealed_transfer_takes_no_more_bytes(place: Town) -> None:
    world = place.world
    parcel = world.send(place.sender, place.tracing)
    with pytest.raises(TransferStateError):
        world.chunk(place.sender, parcel.transfer, 1, len(parcel.parts[1]), b"more")
    with pytest.raises(TransferStateError):
        create(place, parcel, 2)
    with pytest.raises(TransferStateError):
        world.sending.give_up(world.asker(place.sender), parcel.transfer)


def test_no_bytes_arrive_while_committing(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    with world.core.uploads.hold(parcel.transfer):
        with pytest.raises(UploadBusyError):
            world.chunk(place.sender, parcel.transfer, 1, len(parcel.parts[1]), b"more")
        with pytest.raises(UploadBusyError):
            world.commit(place.sender, parcel)
    writing = writer(place, parcel, b"abc", offset=len(parcel.parts[1]))
    with pytest.raises(UploadBusyError):
        world.commit(place.sender, parcel)
    writing.broken()
    world.commit(place.sender, parcel)


def test_giving_up_destroys_and_may_be_repeated(place: Town) -> None:
    world, parcel = place.world, uploaded(place)
    writing = writer(place, parcel, b"abc", offset=len(parcel.parts[1]))
    world.sending.give_up(world.asker(place.sender), parcel.transfer)
    with pytest.raises(TransferNotFoundError):
        writing.feed(memoryview(b"abc"))
    writing.broken()
    world.sending.give_up(world.asker(place.sender), parcel.transfer)
    assert list(world.real_blobs.names()) == []
    row = world.read(lambda reading: reading.transfer(parcel.transfer))
    assert (row.state, row.reason) == ("destroyed", "abandoned")
    assert world.all_kinds() == []
    with pytest.raises(TransferStateError):
        world.commit(place.sender, parcel)


def test_a_nonce_is_spent_once(place: Town) -> None:
    world, asker = place.world, place.world.asker(place.sender)
    world.sending.begin(asker, BeginRequest(transfer=world.new_transfer(), size=1))
    with pytest.raises(RequestReplayedError):
        world.sending.begin(asker, BeginRequest(transfer=world.new_transfer(), size=1))


# --- limits -------------------------------------------------------------------------------------------------


def limited(**limits: int) -> Town:
    return town(World(limits=Limits(**limits)))


def test_quota_of_transfers() -> None:
    place = limited(quota_transfers=2)
    world = place.world
    first = world.send(place.sender, place.tracing)
    world.send(place.sender, place.tracing)
    with pytest.raises(QuotaExceededError) as caught:
        world.send(place.sender, place.tracing)
    assert caught.value.facts == {"what": "transfers", "limit": 2}
    world.opening.revoke(world.asker(place.sender), first.transfer, world.revoke(place.sender, first))
    world.send(place.sender, place.tracing)
    world.close()


def test_quota_of_bytes_counts_what_is_announced_and_what_comes_beyond() -> None:
    place = limited(quota_bytes=10_000)
    world = place.world
    asker = world.asker
    first, second = world.new_transfer(), world.new_transfer()
    world.sending.begin(asker(place.sender), BeginRequest(transfer=first, size=6000))
    with pytest.raises(QuotaExceededError):
        world.sending.begin(asker(place.sender), BeginRequest(transfer=second, size=4001))
    world.sending.begin(asker(place.sender), BeginRequest(transfer=second, size=1000))
    world.sending.create_part(asker(place.sender), second, 0, None)
    world.chunk(place.sender, second, 0, 0, b"x" * 4000)
    with pytest.raises(QuotaExceededError):
        world.chunk(place.sender, second, 0, 4000, b"x")
    world.sending.give_up(asker(place.sender), first)
    world.chunk(place.sender, second, 0, 4000, b"x")
    world.close()


def test_limits_of_a_transfer() -> None:
    place = limited(max_transfer=9000, max_parts=2, max_recipients=2)
    world = place.world
    with pytest.raises(TransferTooLargeError):
        world.sending.begin(world.asker(place.sender), BeginRequest(transfer=world.new_transfer(), size=9001))
    small = world.new_transfer()
    world.sending.begin(world.asker(place.sender), BeginRequest(transfer=small, size=1))
    world.sending.create_part(world.asker(place.sender), small, 0, None)
    with pytest.raises(TransferTooLargeError):
        world.chunk(place.sender, small, 0, 0, b"x" * 9001)
    for recipients, files, what in (
        (place.tracing, [b"1"] * 3, "parts"),
        (place.everybody, [b"1"], "recipients"),
        (place.tracing, [b"1" * 9000], "bytes"),
    ):
        parcel = world.pack(place.sender, recipients, files=files)
        world.sending.begin(world.asker(place.sender), BeginRequest(transfer=parcel.transfer, size=1))
        with pytest.raises(TransferTooLargeError) as caught:
            world.commit(place.sender, parcel)
        assert caught.value.facts["what"] == what
    world.close()
