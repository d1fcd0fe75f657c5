"""The decisions of C2SP tlog-witness `add-checkpoint`, on both sides, without its HTTP.

The witness: parse the request, `decide`, persist the new head together with the check of the old one, then answer
`cosign_response`. The log: encode the request, send it, and `add_cosignatures` what comes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from scelle.base.codec import encode_base64
from scelle.tlog.checkpoint import Checkpoint, parse_checkpoint, parse_size
from scelle.tlog.cosign import Cosigner
from scelle.tlog.errors import (
    LogInconsistentError,
    ProofMalformedError,
    SignatureMissingError,
    SignatureWrongError,
)
from scelle.tlog.note import MAX_NOTE, Note, Verifier, encode_signature_lines, parse_note, parse_signature_lines, verify
from scelle.tlog.proof import MAX_PROOF, verify_consistency
from scelle.tlog.tlogproof import parse_hash_lines
from scelle.tlog.tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE

WHAT = "add-checkpoint"

SIZE_TYPE = "text/x.tlog.size"
"""Content type of the answer to a stale request."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign: the size the witness is thought to know, the proof from there, and the checkpoint note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def __post_init__(self) -> None:
        if not 0 <= self.old_size <= MAX_SIZE:
            raise ProofMalformedError(what=WHAT, why="an old size out of range")
        if len(self.proof) > MAX_PROOF or any(len(item) != HASH_SIZE for item in self.proof):
            raise ProofMalformedError(what=WHAT, why=f"not at most {MAX_PROOF} hashes of 32 bytes")
        parse_checkpoint(self.note.text)

    @property
    def checkpoint(self) -> Checkpoint:
        """The tree head that is submitted (its signatures unchecked)."""
        return parse_checkpoint(self.note.text)

    def encode(self) -> bytes:
        """The request body; `parse_add_checkpoint` gives the same request back."""
        lines = [f"old {self.old_size}", *map(encode_base64, self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note.encode()


def parse_add_checkpoint(data: bytes, *, max_size: int = MAX_NOTE) -> AddCheckpoint:
    """Parse a request body of at most `max_size` bytes (a witness answers 400 to what this refuses).

    Raises ProofMalformedError, NoteMalformedError, CheckpointMalformedError.
    """
    if len(data) > max_size:
        raise ProofMalformedError(what=WHAT, why=f"longer than {max_size} bytes")
    top, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise ProofMalformedError(what=WHAT, why="no empty line before the checkpoint")
    try:
        first, *lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofMalformedError(what=WHAT, why="not ASCII") from None
    old_size = parse_size(first.removeprefix("old ")) if first.startswith("old ") else None
    if old_size is None:
        raise ProofMalformedError(what=WHAT, why="no old size line")
    return AddCheckpoint(old_size, parse_hash_lines(lines, WHAT), parse_note(checkpoint))


class Verdict(Enum):
    """What a witness answers; the value is the HTTP status with a word that tells equal ones apart."""

    COSIGN = (200, "cosigned")
    OLD_SIZE_TOO_LARGE = (400, "old size above the checkpoint's")
    BAD_SIGNATURE = (403, "no trusted signature")
    UNKNOWN_LOG = (404, "unknown origin")
    CONFLICT = (409, "another size was cosigned last")
    EMPTY_ROOT_WRONG = (422, "an empty tree with another root")
    INCONSISTENT = (422, "inconsistent")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a witness remembers of a log: size and root of the last checkpoint that it cosigned."""

    size: int
    root: bytes


NEVER = TreeHead(0, EMPTY_ROOT)
"""What a witness remembers of a log that it never cosigned."""


def decide(request: AddCheckpoint, *, verifiers: Sequence[Verifier], latest: TreeHead = NEVER) -> Verdict:
    """The witness's answer, from the request, the keys trusted for its origin, and what was cosigned last.

    No keys means that the origin is unknown. The first row that applies decides. On COSIGN the caller replaces
    `latest` in one atomic step that fails if it changed meanwhile, and only then signs.
    """
    new = request.checkpoint
    if not verifiers:
        return Verdict.UNKNOWN_LOG
    try:
        verify(request.note, verifiers)
    except (SignatureMissingError, SignatureWrongError):
        return Verdict.BAD_SIGNATURE
    if request.old_size > new.size:
        return Verdict.OLD_SIZE_TOO_LARGE
    if request.old_size != latest.size:
        return Verdict.CONFLICT
    if not new.size and new.root != EMPTY_ROOT:
        return Verdict.EMPTY_ROOT_WRONG
    try:
        verify_consistency(latest.size, latest.root, new.size, new.root, request.proof)
    except LogInconsistentError:
        return Verdict.INCONSISTENT
    return Verdict.COSIGN


def encode_conflict(latest: TreeHead) -> bytes:
    """Body of the answer to CONFLICT (content type SIZE_TYPE): the size that was cosigned last."""
    return b"%d\n" % latest.size


def parse_conflict(body: bytes) -> int:
    """The size in a CONFLICT answer. Raises ProofMalformedError."""
    text = body.decode("ascii", "replace")
    size = parse_size(text[:-1]) if text.endswith("\n") else None
    if size is None:
        raise ProofMalformedError(what="tlog size", why="not a number and a newline")
    return size


def cosign_response(request: AddCheckpoint, cosigners: Sequence[Cosigner], *, now: int) -> bytes:
    """Body of the answer to COSIGN: one cosignature line for each of the witness's keys, at unix time `now` (s)."""
    return encode_signature_lines(cosigner.cosign(request.note.text, now=now) for cosigner in cosigners)


def add_cosignatures(note: Note, response: bytes, verifiers: Iterable[Verifier]) -> Note:
    """The log's side: the checkpoint note with the cosignatures of known witnesses that a response holds.

    Lines of unknown keys are left out. Raises NoteMalformedError, SignatureWrongError, and SignatureMissingError
    when no line is of a known key.
    """
    answered = Note(note.text, parse_signature_lines(response))
    return note.with_signatures(item.signature for item in verify(answered, verifiers))
