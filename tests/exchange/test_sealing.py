"""The split key: each half alone, halves that do not belong together, what is held against the cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_kit import (
    NOTE,
    ORIGIN,
    OTHER_TRANSFER,
    SALT,
    TRANSFER,
    T,
    cover,
    envelope,
    identity,
    public,
    recipient,
    seed,
    share,
    small_world,
    subkey_id,
)
from scelle.age.errors import AgeError, NoMatchError
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.base.errors import MalformedError
from scelle.base.ids import ReleaseShare, TransferSeed
from scelle.exchange.acts import Cover
from scelle.exchange.errors import EnvelopeWrongError, ShareWrongError
from scelle.exchange.padding import padded_size
from scelle.exchange.sealing import (
    BOX_MINIMUM,
    Envelope,
    TransferNote,
    note_digest,
    open_envelope,
    pack,
    receipt_proof,
    recover_identity,
    seal_envelope,
    share_commitment,
    slot_owner,
    split_seed,
    transfer_key_digest,
    unpack,
    xor,
)
from scelle.exchange.statement import parse_statement

COVER = parse_statement(cover(small_world()), Cover, origin=ORIGIN).act
THIRTY_TWO = st.binary(min_size=32, max_size=32)


@given(THIRTY_TWO, THIRTY_TWO)
def test_split_and_join(whole: bytes, half: bytes) -> None:
    other = split_seed(TransferSeed(whole), ReleaseShare(half))
    assert xor(other, half) == whole
    assert other == bytes(a ^ b for a, b in zip(whole, half, strict=True))


@pytest.mark.parametrize(("left", "right"), [(b"", b""), (bytes(31), bytes(32)), (bytes(32), bytes(33))])
def test_halves_have_one_length(left: bytes, right: bytes) -> None:
    with pytest.raises(MalformedError):
        xor(left, right)


@pytest.mark.parametrize("name", ["rita", "rob", "sam"])
def test_each_recipient_comes_to_the_same_key(name: str) -> None:
    opened = open_envelope(envelope(name), [identity(name)], COVER)
    assert opened.note == NOTE
    found = recover_identity(opened, share(name), cover=COVER, entry=recipient(name))
    assert found.seed == T


def test_another_key_opens_nothing() -> None:
    with pytest.raises(NoMatchError):
        open_envelope(envelope("rita"), [identity("rob")], COVER)


def test_the_envelope_is_found_among_several_keys() -> None:
    assert open_envelope(envelope("rita"), [identity("rob"), identity("rita")], COVER).transfer == TRANSFER


def test_an_altered_envelope() -> None:
    raw = envelope("rita")
    with pytest.raises(AgeError):
        open_envelope(raw[:-1] + bytes([raw[-1] ^ 1]), [identity("rita")], COVER)


def test_an_envelope_of_another_transfer() -> None:
    with pytest.raises(EnvelopeWrongError) as caught:
        open_envelope(envelope("rita", transfer=OTHER_TRANSFER), [identity("rita")], COVER)
    assert caught.value.facts["why"] == "it belongs to another transfer"


@pytest.mark.parametrize(
    "note",
    [
        TransferNote(purpose="Contacts of June", files=2, size=300),
        TransferNote(purpose=NOTE.purpose, files=3, size=300),
        TransferNote(purpose=NOTE.purpose, files=2, size=300, dataset=""),
    ],
)
def test_another_note(note: TransferNote) -> None:
    with pytest.raises(EnvelopeWrongError) as caught:
        open_envelope(envelope("rita", note=note), [identity("rita")], COVER)
    assert caught.value.facts["why"] == "its note is not the one that the sender signed"


def test_another_salt() -> None:
    value = Envelope(transfer=TRANSFER, note=NOTE, salt=bytes(32), share=split_seed(T, share("rita")))
    raw = seal_envelope(value, public("rita"), file_key=FileKey(bytes(16)), nonce=bytes(16))
    with pytest.raises(EnvelopeWrongError):
        open_envelope(raw, [identity("rita")], COVER)


@pytest.mark.parametrize(
    "plaintext", [b"", b"\0\0\0", pack(b""), pack(b"{}"), pack(b'{"transfer": 1}'), b"\xff" * 1024]
)
def test_an_envelope_that_holds_something_else(plaintext: bytes) -> None:
    raw = seal_bytes(plaintext, [HybridRecipient(public("rita"))], file_key=FileKey(bytes(16)), nonce=bytes(16))
    with pytest.raises(EnvelopeWrongError):
        open_envelope(raw, [identity("rita")], COVER)


def test_a_share_of_another_recipient() -> None:
    opened = open_envelope(envelope("rita"), [identity("rita")], COVER)
    with pytest.raises(ShareWrongError) as caught:
        recover_identity(opened, share("rob"), cover=COVER, entry=recipient("rita"))
    assert caught.value.facts == {"transfer": TRANSFER}


def test_the_halves_of_two_recipients() -> None:
    # The share is the one that rob's entry commits to, the envelope is rita's: only T's digest tells.
    opened = open_envelope(envelope("rita"), [identity("rita")], COVER)
    with pytest.raises(ShareWrongError):
        recover_identity(opened, share("rob"), cover=COVER, entry=recipient("rob"))


def test_a_share_that_is_committed_to_for_another_transfer() -> None:
    opened = open_envelope(envelope("rita"), [identity("rita")], COVER)
    entry = recipient("rita", commitment=share_commitment(OTHER_TRANSFER, subkey_id("rita"), share("rita")))
    with pytest.raises(ShareWrongError):
        recover_identity(opened, share("rita"), cover=COVER, entry=entry)


@pytest.mark.parametrize("bit", [0, 100, 255])
def test_a_wrong_half(bit: int) -> None:
    flip = (1 << bit).to_bytes(32)
    opened = open_envelope(envelope("rita"), [identity("rita")], COVER)
    with pytest.raises(ShareWrongError):
        recover_identity(opened, ReleaseShare(xor(share("rita"), flip)), cover=COVER, entry=recipient("rita"))
    wrong = Envelope(transfer=TRANSFER, note=NOTE, salt=SALT, share=xor(opened.share, flip))
    with pytest.raises(ShareWrongError):
        recover_identity(wrong, share("rita"), cover=COVER, entry=recipient("rita"))
    # Both halves wrong by the same bit give the seed, but the share is not the one committed to.
    with pytest.raises(ShareWrongError):
        recover_identity(wrong, ReleaseShare(xor(share("rita"), flip)), cover=COVER, entry=recipient("rita"))


def test_a_share_of_another_length() -> None:
    opened = open_envelope(envelope("rita"), [identity("rita")], COVER)
    for wrong in (b"", share("rita") + b"\0", share("rita")[:-1]):
        with pytest.raises(ShareWrongError):
            recover_identity(opened, ReleaseShare(wrong), cover=COVER, entry=recipient("rita"))


def test_every_digest_has_a_domain_of_its_own() -> None:
    key = subkey_id("rita")
    value = share("rita")
    found = {
        share_commitment(TRANSFER, key, value),
        share_commitment(OTHER_TRANSFER, key, value),
        share_commitment(TRANSFER, subkey_id("rob"), value),
        share_commitment(TRANSFER, key, share("rob")),
        slot_owner(TRANSFER, key),
        slot_owner(OTHER_TRANSFER, key),
        slot_owner(TRANSFER, subkey_id("rob")),
        note_digest(NOTE, salt=SALT),
        note_digest(NOTE, salt=bytes(32)),
        transfer_key_digest(public("rita")),
        transfer_key_digest(value),
        receipt_proof(T, [value]),
        receipt_proof(TransferSeed(bytes(32)), [value]),
        receipt_proof(T, [value, value]),
        receipt_proof(T, []),
    }
    assert len(found) == 15


def test_files_in_another_order_are_another_proof() -> None:
    assert receipt_proof(T, [seed("1"), seed("2")]) != receipt_proof(T, [seed("2"), seed("1")])


@given(st.binary(max_size=3000))
def test_packing(body: bytes) -> None:
    packed = pack(body)
    assert unpack(packed) == body
    assert len(packed) == padded_size(len(packed)) >= max(BOX_MINIMUM, len(body) + 4)


def test_envelopes_tell_nothing_by_their_size() -> None:
    sizes = {len(envelope("rita", note=TransferNote(purpose="x" * n, files=n, size=n))) for n in (1, 50, 200)}
    assert len(sizes) == 1


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        bytes(3),
        bytes(1023),
        bytes(1025),
        b"\0\0\0\2ab" + bytes(1017) + b"\1",
        b"\0\0\4\0" + bytes(1020),
        b"\xff\xff\xff\xff" + bytes(1020),
        pack(b"a") + bytes(64),
        pack(bytes(1021))[:-1],
    ],
)
def test_what_is_not_packed(packed: bytes) -> None:
    with pytest.raises(MalformedError):
        unpack(packed)
