"""Segment digests: one digest for journal, upload chunks and cover (spec/exchange.md §4.2)."""

from hashlib import sha256

from scelle.base.ids import Digest

SEGMENT_SIZE = 16 * 1024 * 1024
"""Bytes of a segment of a sealed file; the last one may be shorter."""


def combine(digests: bytes) -> Digest:
    """Digest of a sealed file: SHA-256 over the SHA-256 of its segments, 32 bytes each, in order."""
    return Digest(sha256(digests).digest())


class SegmentHasher:
    """Computes segment digests of a sealed file that comes in pieces of any size."""

    def __init__(self, *, digests: bytes = b"") -> None:
        """Go on after whole segments whose digests are known."""
        self._done = bytearray(digests)
        self._hash = sha256()
        self._room = SEGMENT_SIZE

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(piece)
        while view:
            taken = view[: self._room]
            self._hash.update(taken)
            self._room -= len(taken)
            view = view[len(taken) :]
            if not self._room:
                self._done += self._hash.digest()
                self._hash = sha256()
                self._room = SEGMENT_SIZE

    @property
    def whole(self) -> bytes:
        """Digests of the segments that are complete."""
        return bytes(self._done)

    def digests(self) -> bytes:
        """Digests of all segments, the last partial one included."""
        return bytes(self._done) + (self._hash.digest() if self._room < SEGMENT_SIZE else b"")

    def digest(self) -> Digest:
        """Digest of everything fed so far."""
        return combine(self.digests())
