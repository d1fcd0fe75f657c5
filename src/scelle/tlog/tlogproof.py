"""Proof files (`c2sp.org/tlog-proof@v1`, C2SP tlog-proof): that an entry is in a log, checkable offline for ever."""

from collections.abc import Sequence
from dataclasses import dataclass

from scelle.base.codec import decode_base64, encode_base64
from scelle.base.errors import MalformedError
from scelle.tlog.checkpoint import parse_size
from scelle.tlog.errors import ProofMalformedError
from scelle.tlog.note import MAX_NOTE, parse_note
from scelle.tlog.policy import Accepted, Policy
from scelle.tlog.proof import MAX_PROOF, verify_inclusion
from scelle.tlog.tree import HASH_SIZE, MAX_SIZE

HEADER = "c2sp.org/tlog-proof@v1"
"""First line of the file."""

MAX_EXTRA = 1 << 20
"""Most bytes of extra data."""

WHAT = "tlog-proof"


def _bad(why: str) -> ProofMalformedError:
    return ProofMalformedError(what=WHAT, why=why)


def parse_hash_lines(lines: Sequence[str], what: str) -> tuple[bytes, ...]:
    """At most MAX_PROOF lines of one base64 hash each. Raises ProofMalformedError naming `what`."""
    if len(lines) > MAX_PROOF:
        raise ProofMalformedError(what=what, why=f"more than {MAX_PROOF} hashes")
    try:
        return tuple(decode_base64(line, size=HASH_SIZE) for line in lines)
    except MalformedError:
        raise ProofMalformedError(what=what, why="a proof line that is not a hash") from None


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Where an entry is in a log (`index`, from 0), its inclusion proof, and the checkpoint note, byte for byte.

    `extra`: data for the application, which nothing authenticates; None when the file has no such line.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_SIZE:
            raise _bad("an index out of range")
        if len(self.hashes) > MAX_PROOF or any(len(item) != HASH_SIZE for item in self.hashes):
            raise _bad(f"not at most {MAX_PROOF} hashes of 32 bytes")
        if self.extra is not None and len(self.extra) > MAX_EXTRA:
            raise _bad("too much extra data")
        parse_note(self.checkpoint)

    def encode(self) -> bytes:
        """The file; `parse_tlog_proof` gives the same proof back."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(encode_base64, self.hashes)
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint

    def verify(self, leaf: bytes, policy: Policy, *, origin: str | None = None, now: int | None = None) -> Accepted:
        """Check that the policy accepts the checkpoint and that the leaf hash is at `index` in its tree.

        The caller computed the leaf hash from the entry itself. `origin` and `now` as in `Policy.verify`; without
        `now` the proof holds however old it is. Raises what `Policy.verify` raises, and InclusionProofWrongError.
        """
        accepted = policy.verify(self.checkpoint, origin=origin, now=now)
        head = accepted.checkpoint
        verify_inclusion(leaf, self.index, head.size, self.hashes, head.root)
        return accepted


def parse_tlog_proof(data: bytes) -> TlogProof:
    """Parse a proof file; nothing in it is verified. Raises ProofMalformedError, NoteMalformedError."""
    if len(data) > MAX_NOTE + 2 * MAX_EXTRA:
        raise _bad("too long")
    top, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise _bad("no empty line before the checkpoint")
    try:
        header, *lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _bad("not ASCII") from None
    if header != HEADER:
        raise _bad("another first line")
    extra = None
    if lines and lines[0].startswith("extra "):
        try:
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        except MalformedError:
            raise _bad("the extra data is not base64") from None
    if not lines or not lines[0].startswith("index "):
        raise _bad("no index line")
    index = parse_size(lines[0].removeprefix("index "))
    if index is None:
        raise _bad("the index is not a number")
    return TlogProof(index, parse_hash_lines(lines[1:], WHAT), checkpoint, extra)
