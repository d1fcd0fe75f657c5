"""The client's trust core against a service that lies."""

from collections.abc import Sequence
from typing import Any

import pytest

from exchange_kit import (
    AUDIT,
    NOW,
    ORIGIN,
    OTHER_TRANSFER,
    RECIPIENT,
    SALT,
    TRACING,
    TRANSFER,
    FakeLog,
    World,
    log_key,
    seed,
    signing,
    small_world,
    subkey_id,
)
from scelle.activity.record import Record, ShareReleased, TransferExpired, TransferSealed, commitment
from scelle.base.errors import PeerError, ScelleError
from scelle.base.ids import Digest
from scelle.exchange.answers import Logged, Proof
from scelle.exchange.entries import AcceptSet, DeskCreate
from scelle.exchange.errors import (
    AnchorMismatchError,
    DirectoryForkedError,
    DirectoryRolledBackError,
    EntryRefusedError,
    OriginWrongError,
    RecordWrongError,
    SignatureInvalidError,
)
from scelle.exchange.statement import sign_statement
from scelle.exchange.trust import NOTHING, Head, Trust
from scelle.tlog.errors import (
    CheckpointMalformedError,
    InclusionProofWrongError,
    LogInconsistentError,
    NoteMalformedError,
    OriginMismatchError,
    SignatureMissingError,
    SignatureWrongError,
)
from scelle.tlog.note import ED25519, Note, NoteSignature, SignerKey, parse_note

WORLD = small_world()
ENTRIES = tuple(WORLD.entries)
ANCHOR = WORLD.directory.anchor or Digest(b"")
STRANGER = SignerKey(log_key("directory").name, ED25519, seed("stranger"))


def fresh() -> Trust:
    return Trust(origin=ORIGIN, anchor=ANCHOR)


def extended(trust: Trust, entries: Sequence[bytes]) -> Trust:
    log = FakeLog("directory", entries)
    new = list(entries[trust.directory.size :])
    assert trust.extend_directory(log.checkpoint(), new) == new
    return trust


def synced() -> Trust:
    return extended(fresh(), ENTRIES)


def more(world: World | None = None) -> list[bytes]:
    """The same directory with two entries more."""
    world = world or small_world()
    world.add(DeskCreate, RECIPIENT, desk=AUDIT, title="")
    world.seat(AUDIT, "rita")
    return world.entries


def other_history() -> list[bytes]:
    """A directory of the same service and rules whose last entry is another one."""
    world = World()
    for raw in ENTRIES[:-1]:
        world.append(raw)
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=True, organisations=())
    return world.entries


# --- the directory ----------------------------------------------------------------------------------------


def test_from_nothing_in_one_step_or_several() -> None:
    trust = synced()
    assert trust.directory_head == Head(size=len(ENTRIES), root=WORLD.directory.seen.root)
    assert trust.activity == NOTHING
    stepwise = fresh()
    for size in (1, 2, 7, len(ENTRIES)):
        extended(stepwise, ENTRIES[:size])
    assert stepwise.directory_head == trust.directory_head
    assert extended(trust, ENTRIES).directory_head == stepwise.directory_head  # nothing new
    assert extended(trust, more()).directory.size == len(ENTRIES) + 2


def test_roll_back() -> None:
    trust = synced()
    note = FakeLog("directory", ENTRIES[:-1]).checkpoint()
    for ask in (trust.claimed_size, lambda note: trust.extend_directory(note, [])):
        with pytest.raises(DirectoryRolledBackError) as caught:
            ask(note)
        assert caught.value.facts == {"before": len(ENTRIES), "now": len(ENTRIES) - 1}
    assert trust.claimed_size(FakeLog("directory", ENTRIES).checkpoint()) == len(ENTRIES)


def test_a_fork_of_the_same_size() -> None:
    trust = synced()
    with pytest.raises(DirectoryForkedError):
        trust.extend_directory(FakeLog("directory", other_history()).checkpoint(), [])


def test_a_longer_fork() -> None:
    trust, forked = synced(), other_history()
    world = World()
    for raw in forked:
        world.append(raw)
    world.add(DeskCreate, RECIPIENT, desk=AUDIT, title="")
    with pytest.raises(DirectoryForkedError):
        trust.extend_directory(FakeLog("directory", world.entries).checkpoint(), world.entries[len(ENTRIES) :])


@pytest.mark.parametrize("given", [0, 1, 3])
def test_another_number_of_entries_than_the_checkpoint_adds(given: int) -> None:
    trust, longer = synced(), more()
    new = [*longer[len(ENTRIES) :], b"one too many"][:given]
    with pytest.raises(DirectoryForkedError):
        trust.extend_directory(FakeLog("directory", longer).checkpoint(), new)
    assert trust.directory.size == len(ENTRIES)


def test_entries_that_the_checkpoint_does_not_sign() -> None:
    longer = more()
    swapped = [longer[-1], longer[-2]]
    for trust, note, new in (
        (synced(), FakeLog("directory", longer).checkpoint(), swapped),
        (fresh(), FakeLog("directory", ENTRIES).checkpoint(), [ENTRIES[0], *reversed(ENTRIES[1:])]),
        (fresh(), FakeLog("directory", ENTRIES).checkpoint(root=seed("x")), list(ENTRIES)),
    ):
        before = trust.directory.size
        with pytest.raises(DirectoryForkedError):
            trust.extend_directory(note, new)
        assert trust.directory.size == before


def test_another_anchor() -> None:
    trust = Trust(origin=ORIGIN, anchor=Digest(seed("another")))
    with pytest.raises(AnchorMismatchError):
        trust.extend_directory(FakeLog("directory", ENTRIES).checkpoint(), list(ENTRIES))
    assert trust.directory.size == 0


def test_another_service() -> None:
    trust = Trust(origin="other.example", anchor=ANCHOR)
    with pytest.raises(OriginWrongError):
        trust.extend_directory(FakeLog("directory", ENTRIES).checkpoint(), list(ENTRIES))


def test_the_log_key_is_the_one_that_entry_0_names() -> None:
    for trust in (fresh(), synced()):
        before = trust.directory.size
        note = FakeLog("directory", ENTRIES, key=STRANGER).checkpoint()
        with pytest.raises(SignatureMissingError):
            trust.extend_directory(note, list(ENTRIES[before:]))
        assert trust.directory.size == before


def test_a_checkpoint_of_the_other_log_or_altered() -> None:
    trust = synced()
    log = FakeLog("directory", ENTRIES)
    with pytest.raises(OriginMismatchError):
        trust.extend_directory(log.checkpoint(origin=f"{ORIGIN}/log/activity"), [])
    with pytest.raises(OriginMismatchError):
        trust.follow_activity(log.checkpoint(), [])
    note = log.checkpoint()
    place = note.rindex(b" ") + 20
    with pytest.raises(SignatureWrongError):
        trust.extend_directory(
            note[:place] + (b"A" if note[place : place + 1] != b"A" else b"B") + note[place + 1 :], []
        )
    with pytest.raises(NoteMalformedError):
        trust.claimed_size(b"nothing")
    with pytest.raises(CheckpointMalformedError):
        trust.claimed_size(b"a\nb\nc\n" + note[note.index(b"\n\n") + 1 :])


def test_a_signed_entry_that_breaks_the_rules() -> None:
    world = small_world()
    act = world.act(DeskCreate, desk=TRACING, title="A second one")
    entries = [*ENTRIES, sign_statement(act, origin=ORIGIN, keys=[signing("cnam")])]
    for trust in (synced(), fresh()):
        with pytest.raises(EntryRefusedError):
            trust.extend_directory(FakeLog("directory", entries).checkpoint(), entries[trust.directory.size :])


def test_a_signed_entry_without_a_right_signature() -> None:
    note = parse_note(ENTRIES[-1])
    line = note.signatures[0]
    forged = Note(note.text, (NoteSignature(line.name, line.key_id, bytes(64)),)).encode()
    entries = [*ENTRIES[:-1], forged]
    with pytest.raises(SignatureInvalidError):
        fresh().extend_directory(FakeLog("directory", entries).checkpoint(), entries)


def test_an_empty_directory_is_not_acted_on() -> None:
    with pytest.raises(PeerError):
        fresh().extend_directory(FakeLog("directory").checkpoint(), [])


# --- what was stored --------------------------------------------------------------------------------------


def test_resuming() -> None:
    known = synced()
    log = activity(5)
    known.follow_activity(log.checkpoint(), [])
    trust = fresh()
    trust.resume(ENTRIES, directory=known.directory_head, activity=known.activity)
    assert (trust.directory_head, trust.activity) == (known.directory_head, known.activity)
    assert extended(trust, more()).directory.size == len(ENTRIES) + 2
    log.entries += [seed("later")]
    proof = log.proof(5, since=5)
    trust.accept_proof("activity", seed("later"), proof)
    assert trust.activity.size == 6


def tampered(number: int) -> list[bytes]:
    raw = ENTRIES[number]
    return [*ENTRIES[:number], raw.replace(b'"time":18', b'"time":17'), *ENTRIES[number + 1 :]]


@pytest.mark.parametrize(
    "entries",
    [[], ENTRIES[:-1], [*ENTRIES, ENTRIES[-1]], other_history(), tampered(0), tampered(9), ENTRIES[::-1], [b"x"] * 19],
)
def test_stored_entries_that_are_not_those_of_the_stored_head(entries: Sequence[bytes]) -> None:
    trust = fresh()
    with pytest.raises(DirectoryForkedError):
        trust.resume(entries, directory=synced().directory_head, activity=NOTHING)
    assert trust.directory.size == 0


def test_stored_entries_of_another_service() -> None:
    trust = Trust(origin=ORIGIN, anchor=Digest(seed("another")))
    with pytest.raises(AnchorMismatchError):
        trust.resume(ENTRIES, directory=synced().directory_head, activity=NOTHING)


# --- the activity log -------------------------------------------------------------------------------------


def activity(count: int, *, fill: str = "") -> FakeLog:
    return FakeLog("activity", [seed(f"entry {fill}{number}") for number in range(count)])


@pytest.mark.parametrize(("since", "size"), [(0, 1), (1, 2), (3, 7), (4, 8), (7, 7), (8, 13)])
def test_the_head_moves_on(since: int, size: int) -> None:
    trust, log = synced(), activity(size)
    if since:
        trust.follow_activity(log.checkpoint(since), [])
    for index in range(size):
        trust.accept_proof("activity", log.entries[index], log.proof(index, since=trust.activity.size))
    assert trust.activity.size == size
    assert trust.follow_activity(log.checkpoint(), []).size == size


def test_the_log_became_shorter() -> None:
    trust, log = synced(), activity(8)
    trust.follow_activity(log.checkpoint(), [])
    before = trust.activity
    for attempt in (
        lambda: trust.follow_activity(log.checkpoint(7), []),
        lambda: trust.accept_proof("activity", log.entries[0], log.proof(0, size=7)),
        lambda: trust.follow_activity(log.checkpoint(0), []),
    ):
        with pytest.raises(LogInconsistentError):
            attempt()
    assert trust.activity == before


def test_another_log_of_the_same_size_or_longer() -> None:
    log, other = activity(8), activity(11, fill="other ")
    for size in (8, 9, 11):
        trust = synced()
        trust.follow_activity(log.checkpoint(), [])
        proof = other.proof(0, since=8, size=size)
        with pytest.raises(LogInconsistentError):
            trust.accept_proof("activity", other.entries[0], proof)
        assert trust.activity.size == 8


def altered(hashes: Sequence[bytes]) -> tuple[bytes, ...]:
    return (bytes(32), *hashes[1:])


def test_missing_or_wrong_proofs() -> None:
    log = activity(11)
    good = log.proof(3, since=8)
    wrong: list[tuple[dict[str, Any], type[ScelleError]]] = [
        ({"inclusion": ()}, InclusionProofWrongError),
        ({"inclusion": good.inclusion[:-1]}, InclusionProofWrongError),
        ({"inclusion": (*good.inclusion, bytes(32))}, InclusionProofWrongError),
        ({"inclusion": altered(good.inclusion)}, InclusionProofWrongError),
        ({"index": 4}, InclusionProofWrongError),
        ({"index": 11}, InclusionProofWrongError),
        ({"consistency": ()}, LogInconsistentError),
        ({"consistency": good.consistency[:-1]}, LogInconsistentError),
        ({"consistency": (*good.consistency, bytes(32))}, LogInconsistentError),
        ({"consistency": altered(good.consistency)}, LogInconsistentError),
        ({"checkpoint": FakeLog("activity", log.entries, key=STRANGER).checkpoint()}, SignatureMissingError),
        ({"checkpoint": log.checkpoint(root=seed("x"))}, InclusionProofWrongError),
    ]
    trust = synced()
    trust.follow_activity(log.checkpoint(8), [])
    before = trust.activity
    for changes, error in wrong:
        fields = {name: getattr(good, name) for name in ("index", "checkpoint", "inclusion", "consistency")}
        with pytest.raises(error):
            trust.accept_proof("activity", log.entries[3], Proof(**{**fields, **changes}))
        assert trust.activity == before
    with pytest.raises(InclusionProofWrongError):
        trust.accept_proof("activity", log.entries[4], good)
    trust.accept_proof("activity", log.entries[3], good)
    assert trust.activity.size == 11


# --- directory proofs -------------------------------------------------------------------------------------


def test_a_directory_proof_stands_in_the_directory_that_was_replayed() -> None:
    trust = synced()
    log = FakeLog("directory", ENTRIES)
    for size in range(1, len(ENTRIES) + 1):
        trust.accept_proof("directory", ENTRIES[size - 1], log.proof(size - 1, size=size))
    forked = FakeLog("directory", other_history())
    with pytest.raises(DirectoryForkedError):
        trust.accept_proof("directory", forked.entries[-1], forked.proof(len(ENTRIES) - 1))


def test_a_directory_proof_under_a_longer_directory() -> None:
    trust = synced()
    longer = FakeLog("directory", more())
    trust.accept_proof("directory", longer.entries[-1], longer.proof(len(longer.entries) - 1, since=len(ENTRIES)))
    with pytest.raises(LogInconsistentError):
        trust.accept_proof("directory", longer.entries[-1], longer.proof(len(longer.entries) - 1))
    forked = FakeLog("directory", [*other_history(), b"more"])
    with pytest.raises(LogInconsistentError):
        trust.accept_proof("directory", b"more", forked.proof(len(ENTRIES), since=len(ENTRIES)))
    assert trust.directory.size == len(ENTRIES)


# --- records ----------------------------------------------------------------------------------------------

SEALED = TransferSealed(time=NOW, transfer=TRANSFER, statement=b"cover")


def test_a_record_that_the_log_holds() -> None:
    trust, log = synced(), activity(4)
    logged = log.log_record(SEALED)
    assert trust.accept_logged(logged, TransferSealed, transfer=TRANSFER) == SEALED
    assert trust.activity.size == 5
    again = log.proof(4, since=5)
    assert trust.accept_logged(Logged(record=logged.record, salt=SALT, proof=again), TransferSealed) == SEALED


def replaced(logged: Logged, **changes: Any) -> Logged:
    return Logged(**{**{name: getattr(logged, name) for name in ("record", "salt", "proof")}, **changes})


def test_a_record_that_is_not_the_one_in_the_log() -> None:
    trust, log = synced(), activity(4)
    logged = log.log_record(SEALED)
    other = TransferSealed(time=NOW, transfer=TRANSFER, statement=b"another cover").to_bytes()
    for wrong in (replaced(logged, record=other), replaced(logged, salt=bytes(32))):
        with pytest.raises(InclusionProofWrongError):
            trust.accept_logged(wrong, TransferSealed)
    assert trust.activity == NOTHING


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (TransferExpired(time=NOW, transfer=TRANSFER), "a transfer.expired record instead of transfer.sealed"),
        (
            ShareReleased(time=NOW, transfer=TRANSFER, key=subkey_id("rita"), statement=b""),
            "a share.released record instead of transfer.sealed",
        ),
        (TransferSealed(time=NOW, transfer=OTHER_TRANSFER, statement=b""), "it is about another transfer"),
    ],
)
def test_a_record_that_was_not_asked_for(record: Record, why: str) -> None:
    trust, log = synced(), activity(4)
    with pytest.raises(RecordWrongError) as caught:
        trust.accept_logged(log.log_record(record), TransferSealed, transfer=TRANSFER)
    assert caught.value.facts["why"] == why
    assert trust.activity == NOTHING


def test_a_logged_thing_that_is_no_record() -> None:
    trust, log = synced(), activity(4)
    log.entries.append(commitment(b"something", salt=SALT))
    with pytest.raises(RecordWrongError):
        trust.accept_logged(Logged(record=b"something", salt=SALT, proof=log.proof(4)), TransferSealed)
