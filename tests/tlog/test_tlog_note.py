"""Signed notes and checkpoints: published notes, both directions of every codec, hostile bytes."""

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from scelle.base.errors import PeerError
from scelle.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from scelle.tlog.cosign import CosignatureVerifier, Cosigner, parse_verifier, verifier_for
from scelle.tlog.errors import (
    CheckpointMalformedError,
    NoteKeyMalformedError,
    NoteMalformedError,
    OriginMismatchError,
    SignatureMissingError,
    SignatureWrongError,
)
from scelle.tlog.note import (
    COSIGN_ED25519,
    COSIGN_MLDSA44,
    ED25519,
    MAX_SIGNATURES,
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    SignerKey,
    VerifierKey,
    parse_note,
    parse_skey,
    parse_vkey,
    sign_note,
    verify,
)
from scelle.tlog.tree import EMPTY_ROOT
from tlog_kit import ORIGIN, cosigner, note_key

# Published with golang.org/x/mod/sumdb/note and with the signed-note specification.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
BOTH = TEXT + b"\n" + PETER_LINE.encode() + ENOCH_LINE.encode()
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

NAMES = st.text(min_size=1, max_size=20).filter(
    lambda text: "+" not in text and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in text)
)
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=60).map(
    lambda text: (text + "\n").encode()
)
SEEDS = st.binary(min_size=32, max_size=32)


def test_published_notes_verify() -> None:
    assert [item.key.name for item in verify(parse_note(SPEC_NOTE), [parse_verifier(SPEC_KEY)])] == ["example.com/foo"]
    note = parse_note(BOTH)
    found = verify(note, [parse_verifier(PETER), parse_verifier(ENOCH)])
    assert [item.key.name for item in found] == ["PeterNeumann", "EnochRoot"]
    assert all(item.timestamp is None for item in found)
    assert note.text == TEXT
    assert note.encode() == BOTH


def test_signing_gives_the_published_bytes() -> None:
    key = parse_skey(PETER_SECRET)
    assert key.encode() == PETER_SECRET
    assert key.public.encode() == PETER
    assert sign_note(TEXT, [NoteSigner(key)]) == TEXT + b"\n" + PETER_LINE.encode()
    assert "seed" not in repr(key)


def test_every_mangling_of_a_key_is_refused() -> None:
    for whole, parse in ((PETER, parse_vkey), (PETER_SECRET, parse_skey)):
        bad = [whole[start:end] for start in range(len(whole)) for end in range(start, len(whole) + 1)]
        bad = [text for text in bad if text != whole]
        bad += [whole[:at] + chr(ord(whole[at]) + 1) + whole[at + 1 :] for at in range(len(whole))]
        for text in (*bad, whole + "=", whole + "\n", "", "++", "a+00000000+"):
            with pytest.raises(NoteKeyMalformedError):
                parse(text)
    for text in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(NoteKeyMalformedError):
            parse_vkey(text)


def test_published_vkeys_of_other_types_parse() -> None:
    text = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    assert parse_vkey(text).key_type == COSIGN_ED25519
    assert parse_vkey(text).encode() == text
    with pytest.raises(NoteKeyMalformedError):
        NoteVerifier(parse_vkey(text))
    with pytest.raises(NoteKeyMalformedError):
        CosignatureVerifier(parse_vkey(PETER))
    with pytest.raises(NoteKeyMalformedError):
        Cosigner(parse_skey(PETER_SECRET))
    with pytest.raises(NoteKeyMalformedError):
        NoteSigner(SignerKey("w", COSIGN_ED25519, bytes(32)))


@given(NAMES, st.sampled_from([ED25519, COSIGN_ED25519, COSIGN_MLDSA44]), SEEDS)
@settings(max_examples=40, deadline=None)
def test_keys_both_ways(name: str, key_type: int, seed: bytes) -> None:
    key = SignerKey(name, key_type, seed)
    assert parse_skey(key.encode()) == key
    assert parse_vkey(key.public.encode()) == key.public


@given(
    LINES,
    st.lists(
        st.builds(NoteSignature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1)),
        min_size=1,
        max_size=5,
    ),
)
def test_notes_both_ways(text: bytes, signatures: list[NoteSignature]) -> None:
    note = Note(text, tuple(signatures))
    assert parse_note(note.encode()) == note


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_parse_to_themselves_or_are_refused(data: bytes) -> None:
    for whole in (data, TEXT + data + PETER_LINE.encode(), BOTH + data, PETER_LINE.encode() + data):
        try:
            note = parse_note(whole)
        except NoteMalformedError:
            continue
        assert note.encode() == whole


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT,
        TEXT + b"\n",
        PETER_LINE.encode(),
        TEXT + b"\n" + PETER_LINE.encode()[:-1],
        TEXT + PETER_LINE.encode(),
        b"\x01" + BOTH,
        b"\xff" + BOTH,
        BOTH.replace(b"\n", b"\r\n"),
        TEXT + b"\n" + PETER_LINE.replace("PeterNeumann", "Bad Name").encode(),
        TEXT + b"\n" + PETER_LINE.replace("PeterNeumann", "Bad+Name").encode(),
        TEXT + b"\n" + PETER_LINE.replace("PeterNeumann", "Bad\u00a0Name").encode(),
        TEXT + b"\n" + PETER_LINE.replace("PeterNeumann ", " ").encode(),
        TEXT + b"\n" + PETER_LINE.replace("—", "-").encode(),
        TEXT + b"\n" + PETER_LINE.replace("=", "").encode(),
        TEXT + b"\n" + PETER_LINE.replace("AM=", "AN=").encode(),
        TEXT + b"\n" + PETER_LINE.replace("=", "= ").encode(),
        TEXT + b"\n" + "— PeterNeumann x08gow==\n".encode(),
        TEXT + b"\n" + "— PeterNeumann\n".encode(),
        BOTH + b"Unexpected line.\n",
        BOTH + b"\n",
        TEXT + b"\n" + PETER_LINE.encode() * (MAX_SIGNATURES + 1),
    ],
)
def test_malformed_notes(data: bytes) -> None:
    with pytest.raises(NoteMalformedError):
        parse_note(data)


def test_size_limit() -> None:
    assert parse_note(BOTH, max_size=len(BOTH)).text == TEXT
    with pytest.raises(NoteMalformedError):
        parse_note(BOTH, max_size=len(BOTH) - 1)


def test_the_text_ends_at_the_last_empty_line() -> None:
    note = parse_note(BOTH + b"\n" + ENOCH_LINE.encode())
    assert note.text == BOTH
    with pytest.raises(SignatureWrongError):
        verify(note, [parse_verifier(ENOCH)])
    with pytest.raises(SignatureMissingError):
        verify(note, [parse_verifier(PETER)])


def test_unknown_and_missing_signatures() -> None:
    note = parse_note(BOTH)
    assert len(verify(note, [parse_verifier(PETER)])) == 1
    for others in ([], [parse_verifier(SPEC_KEY)], [parse_verifier(SPEC_KEY), verifier_for(note_key().public)]):
        with pytest.raises(SignatureMissingError):
            verify(note, others)
    same_name = verifier_for(VerifierKey("PeterNeumann", ED25519, bytes(32)))
    with pytest.raises(SignatureMissingError):
        verify(note, [same_name])


def test_one_wrong_line_of_a_known_key_spoils_the_note() -> None:
    good = parse_note(BOTH)
    peter = good.signatures[0]
    wrong = NoteSignature(peter.name, peter.key_id, bytes(64))
    short = NoteSignature(peter.name, peter.key_id, peter.signature[:-1])
    for bad in (wrong, short):
        for lines in ((bad,), (peter, bad), (bad, peter), (*good.signatures, bad)):
            with pytest.raises(SignatureWrongError):
                verify(Note(TEXT, lines), [parse_verifier(ENOCH), parse_verifier(PETER)])
    with pytest.raises(SignatureWrongError):
        verify(Note(TEXT.replace(b"f", b"g"), good.signatures), [parse_verifier(PETER)])


def test_a_key_counts_once() -> None:
    note = Note(TEXT, parse_note(BOTH).signatures * 3)
    assert len(verify(note, [parse_verifier(PETER)] * 2)) == 1
    assert note.with_signatures(note.signatures[:1]).signatures.count(note.signatures[0]) == 1


@pytest.mark.parametrize("text", [b"", b"no newline", b"\x00\n", b"tab\t\n", b"\xff\n", b"\r\n"])
def test_texts_that_cannot_be_signed(text: bytes) -> None:
    with pytest.raises(NoteMalformedError):
        sign_note(text, [NoteSigner(note_key())])
    with pytest.raises(NoteMalformedError):
        NoteSigner(note_key()).sign(text)


def test_number_of_signers() -> None:
    signers = [NoteSigner(note_key(f"k{n}", n)) for n in range(MAX_SIGNATURES + 1)]
    for some in ([], signers):
        with pytest.raises(NoteMalformedError):
            sign_note(TEXT, some)
    note = parse_note(sign_note(TEXT, signers[:16]))
    assert len(verify(note, [verifier_for(item.key) for item in signers])) == 16


CHECKPOINT = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_checkpoint_of_the_specification() -> None:
    found = parse_checkpoint(CHECKPOINT)
    assert (found.origin, found.size, found.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert found.encode() == CHECKPOINT
    sumdb = b"go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n"
    assert parse_checkpoint(sumdb).encode() == sumdb


@given(
    NAMES,
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(NAMES, max_size=3),
)
def test_checkpoints_both_ways(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    value = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(value.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n\n",
        CHECKPOINT[:-1],
        CHECKPOINT + b"\n",
        b"\n" + CHECKPOINT,
        CHECKPOINT.replace(b"2085", b"02085"),
        CHECKPOINT.replace(b"20852163", b"9223372036854775808"),
        CHECKPOINT.replace(b"20852163", b"-1"),
        CHECKPOINT.replace(b"20852163", b"0x10"),
        CHECKPOINT.replace(b"20852163", "２".encode()),
        CHECKPOINT.replace(b"20852163", b""),
        CHECKPOINT.replace(b"CsUY", b"CsU"),
        CHECKPOINT.replace(b"2I=", b"2J="),
        CHECKPOINT.replace(b"example", b"exa\xff"),
        b"a\n1\n",
    ],
)
def test_malformed_checkpoints(text: bytes) -> None:
    with pytest.raises(CheckpointMalformedError):
        parse_checkpoint(text)


def test_opening_a_checkpoint() -> None:
    signer = NoteSigner(note_key())
    head = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    data = sign_checkpoint(head, [signer])
    verifiers = [verifier_for(signer.key)]
    assert open_checkpoint(data, origin=ORIGIN, verifiers=verifiers).checkpoint == head
    with pytest.raises(OriginMismatchError):
        open_checkpoint(data, origin="other", verifiers=verifiers)
    with pytest.raises(SignatureMissingError):
        open_checkpoint(data, origin=ORIGIN, verifiers=[parse_verifier(PETER)])
    with pytest.raises(CheckpointMalformedError):
        open_checkpoint(sign_note(b"x\n", [signer]), origin=ORIGIN, verifiers=verifiers)


def test_extension_lines_need_a_signature_that_covers_them() -> None:
    head = Checkpoint(ORIGIN, 0, EMPTY_ROOT, ("extra",))
    pq = cosigner(ORIGIN, pq=True)
    text = head.encode()
    only_pq = Note(text, (pq.cosign(text, now=1),))
    with pytest.raises(CheckpointMalformedError):
        open_checkpoint(only_pq.encode(), origin=ORIGIN, verifiers=[verifier_for(pq.key)])
    signer = NoteSigner(note_key())
    both = only_pq.with_signatures([signer.sign(text)])
    found = open_checkpoint(both.encode(), origin=ORIGIN, verifiers=[verifier_for(pq.key), verifier_for(signer.key)])
    assert found.checkpoint.extensions == ("extra",)


@pytest.mark.parametrize("pq", [False, True])
def test_cosignatures(pq: bool) -> None:
    witness = cosigner("witness.example", pq=pq)
    text = CHECKPOINT
    line = witness.cosign(text, now=1679315147)
    check = verifier_for(witness.key).check
    assert check(text, line.signature) == 1679315147
    assert parse_vkey(witness.key.encode()) == witness.key
    bad = [line.signature[:at] + bytes([line.signature[at] ^ 1]) + line.signature[at + 1 :] for at in (0, 7, 8, 40, -1)]
    for signature in (*bad[:4], line.signature[:-1], line.signature + b"\0", b"", b"\xff" * 8 + line.signature[8:]):
        with pytest.raises(SignatureWrongError):
            check(text, signature)
    for other in (text.replace(b"63\n", b"64\n"), text.replace(b"sofa", b"tofa"), text.replace(b"CsU", b"CsV"), b"x\n"):
        with pytest.raises(SignatureWrongError):
            check(other, line.signature)
    renamed = VerifierKey("other.example", witness.key.key_type, witness.key.public_key)
    if pq:  # only this type commits to the cosigner's name
        with pytest.raises(SignatureWrongError):
            CosignatureVerifier(renamed).check(text, line.signature)
        assert check(text + b"extension\n", line.signature) == 1679315147
    else:
        assert CosignatureVerifier(renamed).check(text, line.signature) == 1679315147
        with pytest.raises(SignatureWrongError):
            check(text + b"extension\n", line.signature)
    for now in (-1, 2**63):
        with pytest.raises(CheckpointMalformedError):
            witness.cosign(text, now=now)


def test_cosigned_bytes_are_those_of_the_specification() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    now = 1679315147
    plain, pq = cosigner("w.example"), cosigner("w.example", pq=True)
    root = parse_checkpoint(CHECKPOINT).root
    message = b"cosignature/v1\ntime 1679315147\n" + CHECKPOINT
    Ed25519PublicKey.from_public_bytes(plain.key.public_key).verify(
        plain.cosign(CHECKPOINT, now=now).signature[8:], message
    )
    origin = b"example.com/behind-the-sofa"
    packed = b"subtree/v1\n\0\x09w.example" + now.to_bytes(8, "big") + bytes([len(origin)]) + origin
    packed += bytes(8) + (20852163).to_bytes(8, "big") + root
    signature = pq.cosign(CHECKPOINT, now=now).signature
    assert len(signature) == 8 + 2420
    public = MLDSA44PublicKey.from_public_bytes(pq.key.public_key)
    public.verify(signature[8:], packed)
    with pytest.raises(InvalidSignature):
        public.verify(signature[8:], packed[:-1] + b"\0")


def test_names_over_255_bytes_cannot_be_cosigned_with_mldsa() -> None:
    long = Checkpoint("o" * 256, 0, EMPTY_ROOT).encode()
    with pytest.raises(CheckpointMalformedError):
        cosigner("w", pq=True).cosign(long, now=1)
    with pytest.raises(CheckpointMalformedError):
        cosigner("w" * 256, pq=True).cosign(CHECKPOINT, now=1)
    line = cosigner("w", pq=True).cosign(CHECKPOINT, now=1)
    with pytest.raises(SignatureWrongError):
        verifier_for(cosigner("w", pq=True).key).check(long, line.signature)


def test_of_two_cosignatures_of_one_witness_the_later_counts() -> None:
    witness = cosigner("w")
    note = Note(CHECKPOINT, tuple(witness.cosign(CHECKPOINT, now=now) for now in (5, 9, 7)))
    assert [item.timestamp for item in verify(note, [verifier_for(witness.key)])] == [9]


@given(st.binary(max_size=120))
def test_any_bytes_as_checkpoint_are_read_back_or_refused(data: bytes) -> None:
    for text in (data, CHECKPOINT + data, b"o\n" + data):
        try:
            found = parse_checkpoint(text)
        except PeerError:
            continue
        assert found.encode() == text
