"""Policies, proof files and the witness protocol: codecs both ways, quorums, freshness, decisions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scelle.base.errors import PeerError
from scelle.tlog.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from scelle.tlog.cosign import Cosigner, verifier_for
from scelle.tlog.errors import (
    CheckpointStaleError,
    InclusionProofWrongError,
    NoteMalformedError,
    OriginMismatchError,
    PolicyMalformedError,
    ProofMalformedError,
    QuorumMissingError,
    SignatureMissingError,
    SignatureWrongError,
)
from scelle.tlog.note import Note, NoteSigner, parse_note, sign_note, verify
from scelle.tlog.policy import NONE, Policy, PolicyGroup, PolicyLog, PolicyWitness, parse_policy
from scelle.tlog.tiles import TileHashReader
from scelle.tlog.tlogproof import TlogProof, parse_tlog_proof
from scelle.tlog.tree import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash
from scelle.tlog.witness import (
    NEVER,
    AddCheckpoint,
    TreeHead,
    Verdict,
    add_cosignatures,
    cosign_response,
    decide,
    encode_conflict,
    parse_add_checkpoint,
    parse_conflict,
)
from tlog_kit import ORIGIN, MemoryLog, cosigner, note_key

NOW = 1_800_000_000
LOG_KEY = note_key().public
W = {
    name: cosigner(f"{name}.example", fill, pq=fill % 2 == 0)
    for fill, name in enumerate(("x1", "x2", "x3", "y1", "y2"), 10)
}
VKEY = {name: item.key.encode() for name, item in W.items()}

EXAMPLE = f"""\
# two organisations
log {LOG_KEY.encode()} https://log.example/

witness X1 {VKEY["x1"]}
\twitness X2\t{VKEY["x2"]}   https://w.example/x2
witness X3 {VKEY["x3"]}
group X-witnesses 2 X1 X2 X3
witness Y1 {VKEY["y1"]}
witness Y2 {VKEY["y2"]}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
   # what counts
quorum X-and-Y
"""


def policy(quorum: str = "X-and-Y") -> Policy:
    return parse_policy(EXAMPLE.replace("quorum X-and-Y", f"quorum {quorum}").encode())


def test_example_policy() -> None:
    found = policy()
    assert found.logs == (PolicyLog(LOG_KEY, "https://log.example/"),)
    assert found.groups[0] == PolicyGroup("X-witnesses", 2, ("X1", "X2", "X3"))
    assert [group.threshold for group in found.groups] == [2, 1, 2]
    assert found.witnesses[1].url == "https://w.example/x2"
    assert parse_policy(found.encode()) == found


@pytest.mark.parametrize(
    ("cosigned", "met"),
    [
        ("", False),
        ("X1 X2 X3", False),
        ("X1 Y1", False),
        ("Y1 Y2", False),
        ("X1 X3 Y2", True),
        ("X1 X2 X3 Y1 Y2", True),
        ("X1 X2 Z", False),
        ("X-and-Y", False),
        ("X-witnesses Y-witnesses", False),
    ],
)
def test_quorum(cosigned: str, met: bool) -> None:
    assert policy().quorum_met(set(cosigned.split())) is met
    assert policy("none").quorum_met(set()) is True
    assert policy("X1").quorum_met(set(cosigned.split())) is ("X1" in cosigned.split())


NAMES = ["a", "b", "é", "\udcff", "any", "group"]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    witnesses = tuple(
        PolicyWitness(n, W[k].key, draw(st.sampled_from(["", "u"]))) for n, k in zip(names, W, strict=False)
    )
    groups: list[PolicyGroup] = []
    free = [item.name for item in witnesses]
    for name in ("g1", "g2"):
        if free:
            members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
            groups.append(PolicyGroup(name, draw(st.integers(1, len(members))), tuple(members)))
            free = [item for item in [*free, name] if item not in members]
    quorum = draw(st.sampled_from([NONE, *names, *(group.name for group in groups)]))
    return Policy(
        (PolicyLog(LOG_KEY),), witnesses, tuple(groups), quorum if quorum in [NONE, *names] or groups else NONE
    )


@given(policies())
def test_policies_both_ways(value: Policy) -> None:
    assert parse_policy(value.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum x\n",
        "quorum\n",
        "quorum none none\n",
        "hello\nquorum none\n",
        "quorum none\r\n",
        "log\nquorum none\n",
        "log x+y+z\nquorum none\n",
        f"log {LOG_KEY.encode()} u v\nquorum none\n",
        f"log {LOG_KEY.encode()}\nlog {LOG_KEY.encode()}\nquorum none\n",
        f"log {VKEY['x2']}\nquorum none\n",
        f"witness a {LOG_KEY.encode()}\nquorum none\n",
        f"witness none {VKEY['x1']}\nquorum none\n",
        f"witness a {VKEY['x1']}\nwitness b {VKEY['x1']}\nquorum none\n",
        f"witness a {VKEY['x1']}\nwitness a {VKEY['x2']}\nquorum none\n",
        f"quorum a\nwitness a {VKEY['x1']}\n",
        f"group g any a\nwitness a {VKEY['x1']}\nquorum none\n",
        f"witness a {VKEY['x1']}\ngroup g any none\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g any\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g 0 a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g 2 a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g 01 a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g +1 a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g 1 a a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup g 1 a\ngroup h 1 a\nquorum g\n",
        f"witness a {VKEY['x1']}\ngroup a 1 a\nquorum a\n",
        f"witness a {VKEY['x1']}\ngroup g 1 g\nquorum g\n",
        "quorum none\n" + "# long\n" * 50_000,
    ],
)
def test_malformed_policies(text: str) -> None:
    with pytest.raises(PolicyMalformedError):
        parse_policy(text.encode())


@given(st.binary(max_size=100))
def test_any_bytes_as_policy(data: bytes) -> None:
    for whole in (data, data + b"\nquorum none\n"):
        try:
            found = parse_policy(whole)
        except PolicyMalformedError:
            continue
        assert parse_policy(found.encode()) == found


def names(text: str) -> list[Cosigner]:
    return [W[name] for name in text.split()]


def test_accepting_a_checkpoint() -> None:
    log = MemoryLog(5)
    found = policy().verify(log.note(*names("x1 x2 y1"), now=NOW), origin=ORIGIN, now=NOW)
    assert (found.checkpoint, found.witnessed, found.time) == (log.head, True, NOW)
    assert set(found.witnesses) == {"X1", "X2", "Y1"}
    bare = policy("none").verify(log.note(), now=NOW)
    assert (bare.checkpoint, bare.witnessed, bare.time) == (log.head, False, None)


def test_a_policy_without_logs_takes_keys_from_elsewhere() -> None:
    bare = parse_policy(f"witness w {VKEY['x1']}\nquorum w\n".encode())
    data = MemoryLog(5).note(W["x1"], now=NOW)
    with pytest.raises(OriginMismatchError):
        bare.verify(data, now=NOW)
    assert bare.with_logs([LOG_KEY]).verify(data, now=NOW).witnesses == ("w",)


def test_refusing_a_checkpoint() -> None:
    log = MemoryLog(5)
    for some in ("", "x1 x2", "x1 y1", "y1 y2"):
        with pytest.raises(QuorumMissingError):
            policy().verify(log.note(*names(some), now=NOW), now=NOW)
    good = log.note(*names("x1 x2 y1"), now=NOW)
    with pytest.raises(OriginMismatchError):
        policy().verify(good, origin="other", now=NOW)
    with pytest.raises(OriginMismatchError):
        policy().verify(MemoryLog(5, origin="other").note(*names("x1 x2 y1"), now=NOW), now=NOW)
    note = parse_note(good)
    with pytest.raises(SignatureMissingError):
        policy().verify(Note(note.text, note.signatures[1:]).encode(), now=NOW)
    other = NoteSigner(note_key(fill=9))
    with pytest.raises(SignatureMissingError):
        policy().verify(Note(note.text, (other.sign(note.text), *note.signatures[1:])).encode(), now=NOW)
    moved = parse_note(MemoryLog(6).note())
    with pytest.raises(SignatureWrongError):
        policy().verify(Note(moved.text, moved.signatures + note.signatures[1:]).encode(), now=NOW)


def test_one_hour() -> None:
    log = MemoryLog(5)
    data = log.note(*names("x1 x2 y1"), now=NOW)
    for later in (-300, 0, 3599):
        assert policy().verify(data, now=NOW + later).witnessed
    for later in (-301, 3600, 10**9):
        with pytest.raises(CheckpointStaleError):
            policy().verify(data, now=NOW + later)
    assert policy().verify(data, now=NOW + 3600, max_age=3601).time == NOW
    assert policy().verify(data).time == NOW


def test_only_fresh_cosignatures_make_the_quorum() -> None:
    log = MemoryLog(5)
    note = parse_note(log.note(*names("x1 y1"), now=NOW))
    mixed = note.with_signatures([W["x2"].cosign(note.text, now=NOW - 4000), W["x3"].cosign(note.text, now=NOW - 100)])
    found = policy().verify(mixed.encode(), now=NOW)
    assert (set(found.witnesses), found.time) == ({"X1", "X3", "Y1"}, NOW - 100)
    old = note.with_signatures([W["x2"].cosign(note.text, now=NOW - 4000)])
    with pytest.raises(CheckpointStaleError) as caught:
        policy().verify(old.encode(), now=NOW)
    assert caught.value.facts["age"] == 4000
    undated = note.with_signatures([W["x2"].cosign(note.text, now=0)])
    assert policy().verify(undated.encode()).time == 0
    with pytest.raises(CheckpointStaleError):
        policy().verify(undated.encode(), now=0)


def make_proof(index: int = 3, size: int = 300, extra: bytes | None = b"context") -> tuple[TlogProof, MemoryLog]:
    log = MemoryLog(size)
    reader = TileHashReader(size, log.tree.root(), log.fetch)
    hashes = tuple(inclusion_proof(index, size, reader.read))
    return TlogProof(index, hashes, log.note(*names("x1 x2 y1"), now=NOW), extra), log


@pytest.mark.parametrize("extra", [None, b"", b"context"])
@pytest.mark.parametrize(("index", "size"), [(0, 1), (3, 300), (299, 300)])
def test_proof_files(index: int, size: int, extra: bytes | None) -> None:
    proof, log = make_proof(index, size, extra)
    data = proof.encode()
    assert parse_tlog_proof(data) == proof
    assert data.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert (b"\nextra " in data) is (extra is not None)
    leaf = leaf_hash(log.entries[index])
    found = parse_tlog_proof(data).verify(leaf, policy(), origin=ORIGIN)
    assert (found.checkpoint.size, found.witnessed) == (size, True)
    with pytest.raises(InclusionProofWrongError):
        proof.verify(leaf_hash(b"other"), policy())
    with pytest.raises(CheckpointStaleError):
        proof.verify(leaf, policy(), now=NOW + 3600)
    with pytest.raises(InclusionProofWrongError):
        TlogProof(index + 1, proof.hashes, proof.checkpoint).verify(leaf, policy())
    with pytest.raises(QuorumMissingError):
        TlogProof(index, proof.hashes, log.note()).verify(leaf, policy())


def test_malformed_proof_files() -> None:
    data = make_proof()[0].encode()
    head, _, rest = data.partition(b"\nextra ")
    bad = [
        b"",
        data[1:],
        data.replace(b"@v1", b"@v2"),
        data.replace(b"index 3", b"index 03"),
        data.replace(b"index 3", b"index -3"),
        data.replace(b"index 3", b"index 9223372036854775807"),
        data.replace(b"index 3\n", b""),
        data.replace(b"index 3", b"extra AAAA\nindex 3"),
        data.replace(b"index 3\n", b"index 3\nAAAA\n"),
        data.replace(b"index 3\n", b"index 3\n" + b"A" * 43 + b"=\n" + b"\xff\n"),
        data.replace(b"index 3\n", b"index 3\n" + (b"A" * 43 + b"=\n") * 64),
        data.replace(b"\n", b"\r\n"),
        data.replace(b"extra Y2", b"extra !2"),
        head + b"\nindex 3\n",
        head + b"\n\n" + rest,
        data.rpartition(b"\n\n")[0],
    ]
    for item in bad:
        with pytest.raises((ProofMalformedError, NoteMalformedError)):
            parse_tlog_proof(item)
    with pytest.raises(ProofMalformedError):
        TlogProof(-1, (), b"")
    with pytest.raises(ProofMalformedError):
        TlogProof(0, (b"",), b"")
    with pytest.raises(NoteMalformedError):
        TlogProof(0, (), b"")


@given(st.binary(max_size=100), st.integers(0, 2000))
@settings(max_examples=60)
def test_any_bytes_as_proof_file_are_read_back_or_refused(data: bytes, at: int) -> None:
    good = PROOF_BYTES
    for whole in (data, good[:at] + data + good[at:], good[:at] + good[at + 1 :]):
        try:
            found = parse_tlog_proof(whole)
        except PeerError:
            continue
        assert found.encode() == whole


PROOF_BYTES = make_proof()[0].encode()

# the witness protocol


def ask(old: int, new: int, *, log: MemoryLog | None = None) -> AddCheckpoint:
    log = log or MemoryLog(new)
    reader = TileHashReader(new, log.tree.root(), log.fetch)
    return AddCheckpoint(old, tuple(consistency_proof(old, new, reader.read)), parse_note(log.note()))


def head_of(size: int) -> TreeHead:
    return TreeHead(size, MemoryLog(size).tree.root())


KEYS = [verifier_for(LOG_KEY)]


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 7), (4, 7), (5, 300), (7, 7)])
def test_requests_both_ways_and_cosigned(old: int, new: int) -> None:
    request = ask(old, new)
    assert parse_add_checkpoint(request.encode()) == request
    assert decide(request, verifiers=KEYS, latest=head_of(old)) is Verdict.COSIGN
    body = cosign_response(request, names("x1 x2"), now=NOW)
    known = [verifier_for(W["x1"].key), verifier_for(W["y1"].key)]
    note = add_cosignatures(request.note, body, known)
    assert [item.timestamp for item in verify(note, known)] == [NOW]
    assert len(note.signatures) == 2
    again = add_cosignatures(note, cosign_response(request, names("x1"), now=NOW + 9), known)
    assert [item.timestamp for item in verify(again, known)] == [NOW + 9]
    assert len(again.signatures) == 2


def test_decisions() -> None:
    request = ask(4, 7)
    head = head_of(4)
    assert Verdict.COSIGN.status == 200
    table = [
        (request, [], head, Verdict.UNKNOWN_LOG, 404),
        (request, [verifier_for(note_key(fill=9).public)], head, Verdict.BAD_SIGNATURE, 403),
        (request, KEYS, NEVER, Verdict.CONFLICT, 409),
        (request, KEYS, head_of(7), Verdict.CONFLICT, 409),
        (AddCheckpoint(8, (), request.note), KEYS, head_of(8), Verdict.OLD_SIZE_TOO_LARGE, 400),
        (AddCheckpoint(4, (), request.note), KEYS, head, Verdict.INCONSISTENT, 422),
        (AddCheckpoint(0, request.proof, request.note), KEYS, NEVER, Verdict.INCONSISTENT, 422),
        (request, KEYS, TreeHead(4, bytes(32)), Verdict.INCONSISTENT, 422),
        (AddCheckpoint(7, (), request.note), KEYS, TreeHead(7, bytes(32)), Verdict.INCONSISTENT, 422),
    ]
    for given_request, keys, latest, verdict, status in table:
        assert decide(given_request, verifiers=keys, latest=latest) is verdict
        assert verdict.status == status
    spoilt = Note(request.note.text, tuple(parse_note(MemoryLog(6).note()).signatures))
    assert decide(AddCheckpoint(4, request.proof, spoilt), verifiers=KEYS, latest=head) is Verdict.BAD_SIGNATURE
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), [NoteSigner(note_key())])
    assert decide(AddCheckpoint(0, (), parse_note(empty)), verifiers=KEYS) is Verdict.EMPTY_ROOT_WRONG
    assert parse_checkpoint(MemoryLog(0).head.encode()).root == EMPTY_ROOT


def test_malformed_requests_and_answers() -> None:
    data = ask(4, 7).encode()
    for bad in (
        b"",
        data[1:],
        data.replace(b"old 4", b"old 04"),
        data.replace(b"old 4", b"old -4"),
        data.replace(b"old 4\n", b"old 4\nAAAA\n"),
        data.replace(b"old 4\n", b"old 4\n" + (b"A" * 43 + b"=\n") * 64),
        data.replace(b"old 4", b"old \xff"),
        data.partition(b"\n\n")[0],
        b"old 4\n\n" + sign_note(b"x\n", [NoteSigner(note_key())]),
    ):
        with pytest.raises(PeerError):
            parse_add_checkpoint(bad)
    with pytest.raises(ProofMalformedError):
        parse_add_checkpoint(data, max_size=len(data) - 1)
    assert parse_conflict(encode_conflict(TreeHead(20852014, bytes(32)))) == 20852014
    for bad in (b"", b"1", b"01\n", b"\xff\n", b"1\n\n", b"-1\n"):
        with pytest.raises(ProofMalformedError):
            parse_conflict(bad)
    note = parse_note(MemoryLog(7).note())
    for body, error in (
        (b"", NoteMalformedError),
        (b"hello\n", NoteMalformedError),
        (cosign_response(ask(4, 7), names("x3"), now=NOW), SignatureMissingError),
        (cosign_response(ask(4, 6), names("x1"), now=NOW), SignatureWrongError),
    ):
        with pytest.raises(error):
            add_cosignatures(note, body, [verifier_for(W["x1"].key)])
