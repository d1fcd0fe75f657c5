"""Checkpoints (C2SP tlog-checkpoint): what a log says about itself, as the text of a signed note."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scelle.base.codec import decode_base64, encode_base64
from scelle.base.errors import MalformedError
from scelle.tlog.errors import CheckpointMalformedError, OriginMismatchError
from scelle.tlog.note import COSIGN_MLDSA44, MAX_NOTE, Note, Signer, Verified, Verifier, parse_note, sign_note, verify
from scelle.tlog.tree import HASH_SIZE, MAX_SIZE

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")


def parse_size(text: str) -> int | None:
    """A decimal number without leading zeros, at most MAX_SIZE; None when it is not one."""
    if not _DECIMAL.match(text):
        return None
    value = int(text)
    return value if value <= MAX_SIZE else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin, the number of its entries, the root over them, and opaque further lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines) or any(c < " " for line in lines for c in line):
            raise CheckpointMalformedError(why="an empty line or a control character")
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointMalformedError(why="a size out of range")
        if len(self.root) != HASH_SIZE:
            raise CheckpointMalformedError(why="a root that is not 32 bytes")

    def encode(self) -> bytes:
        """The note text, with its last newline."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Parse a note text; `Checkpoint.encode` gives the same bytes back. Raises CheckpointMalformedError."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise CheckpointMalformedError(why="not UTF-8") from None
    if len(lines) < 4 or lines.pop():
        raise CheckpointMalformedError(why="fewer than three lines, or no newline at the end")
    size = parse_size(lines[1])
    if size is None:
        raise CheckpointMalformedError(why="the second line is not a tree size")
    try:
        root = decode_base64(lines[2], size=HASH_SIZE)
    except MalformedError:
        raise CheckpointMalformedError(why="the third line is not a root hash") from None
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log signature holds, with the note that it came in and the signatures that verified."""

    checkpoint: Checkpoint
    note: Note
    verified: tuple[Verified, ...]


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """The checkpoint as a note signed by the log's keys."""
    return sign_note(checkpoint.encode(), signers)


def open_checkpoint(
    data: bytes, *, origin: str, verifiers: Iterable[Verifier], max_size: int = MAX_NOTE
) -> SignedCheckpoint:
    """Parse a checkpoint note and check that one of the log's keys signed it.

    Extension lines are refused when only ML-DSA-44 cosignatures hold, since those do not cover them. Raises
    NoteMalformedError, CheckpointMalformedError, OriginMismatchError, SignatureMissingError, SignatureWrongError.
    """
    note = parse_note(data, max_size=max_size)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise OriginMismatchError(wanted=origin, found=checkpoint.origin)
    verified = tuple(verify(note, verifiers))
    if checkpoint.extensions and all(item.key.key_type == COSIGN_MLDSA44 for item in verified):
        raise CheckpointMalformedError(why="extension lines that no signature covers")
    return SignedCheckpoint(checkpoint, note, verified)
