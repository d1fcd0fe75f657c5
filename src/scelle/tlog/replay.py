"""Checking a whole log: recompute the root over its entries, as fast as they arrive."""

from collections.abc import Iterable

from scelle.tlog.checkpoint import Checkpoint
from scelle.tlog.errors import RootWrongError
from scelle.tlog.tiles import Bundle, Tile, TileGrower, bundles_of, decode_bundle
from scelle.tlog.tree import Frontier, leaf_hashes


class LogReplay:
    """Takes the bundles of a log in order and says at the end whether they are the log that a checkpoint names.

    Memory is flat: entries are handed to the caller and forgotten. Nothing they say holds before `finish`.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._tree = TileGrower()
        self._bundles = bundles_of(checkpoint.size)
        self._next = next(self._bundles, None)

    @property
    def wanted(self) -> Bundle | None:
        """The bundle to feed next, None when all are in."""
        return self._next

    @property
    def size(self) -> int:
        """Number of entries taken so far."""
        return self._tree.size

    @property
    def frontier(self) -> Frontier:
        """An independent frontier of the tree so far, to compare it with a head that was known before."""
        return self._tree.frontier.copy()

    def feed(self, data: bytes) -> tuple[list[bytes], list[tuple[Tile, bytes]]]:
        """Take the bytes of the wanted bundle: its entries, and the full tiles that the log must serve with it.

        Raises TileWrongError on a malformed bundle, RootWrongError when there are more than the checkpoint counts.
        """
        if self._next is None:
            raise RootWrongError(size=self.checkpoint.size, why="more entries than the checkpoint counts")
        entries = decode_bundle(data, self._next)
        self._next = next(self._bundles, None)
        return entries, self._tree.append(leaf_hashes(entries))

    def finish(self) -> list[tuple[Tile, bytes]]:
        """Check size and root; the partial tiles that the log must serve. Raises RootWrongError."""
        size = self.checkpoint.size
        if self._next is not None:
            raise RootWrongError(size=size, why=f"only {self._tree.size} entries")
        if self._tree.root() != self.checkpoint.root:
            raise RootWrongError(size=size, why="the entries have another root")
        return self._tree.partials()


def verify_log(bundles: Iterable[bytes], checkpoint: Checkpoint) -> None:
    """Check that the bundles, in order, are exactly the log that the checkpoint names.

    Raises TileWrongError, RootWrongError.
    """
    replay = LogReplay(checkpoint)
    for data in bundles:
        replay.feed(data)
    replay.finish()
