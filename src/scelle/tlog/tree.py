"""RFC 9162 §2.1 Merkle trees over SHA-256: hashes, growth, and the proofs a log makes.

A *node* is a complete subtree, named by (level, index): it spans leaves [index·2^level, (index+1)·2^level).
Every hash of a tree of any size is a fold of such nodes, so a log stores nothing else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from scelle.base.ids import LeafHash
from scelle.tlog.errors import InclusionProofWrongError, LogInconsistentError, RootWrongError

HASH_SIZE = 32
"""Bytes of every hash of the tree."""

MAX_SIZE = 2**63 - 1
"""Largest tree size that is read or written (it fits a signed 64-bit integer)."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves."""

HashReader: TypeAlias = Callable[[int, int], bytes]
"""Answers the hash of the node (level, index)."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A complete subtree of 2^level leaves, the index-th of its level."""

    level: int
    index: int


@dataclass(frozen=True, slots=True)
class NodeRun:
    """Hashes of consecutive nodes of one level, the first of which is (level, index)."""

    level: int
    index: int
    hashes: list[bytes]


def leaf_hash(entry: bytes) -> LeafHash:
    """Hash of a leaf: SHA-256(0x00 ‖ entry)."""
    return LeafHash(sha256(b"\x00" + entry).digest())


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of many entries, in order, as fast as one core goes."""
    hasher = sha256
    return [hasher(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees of a growing tree: all that is needed to go on and to know the root.

    `size`: number of leaves. `nodes`: one hash for each set bit of `size`, the largest subtree first.
    """

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """Take up a tree where it was left. Raises RootWrongError when the nodes do not fit the size."""
        if not 0 <= size <= MAX_SIZE or len(nodes) != size.bit_count() or any(len(n) != HASH_SIZE for n in nodes):
            raise RootWrongError(size=size, why="the frontier does not fit the size")
        self.size = size
        self._peaks: list[bytes] = [b""] * size.bit_length()
        smallest_first = iter(reversed(nodes))
        for level in range(size.bit_length()):
            if size >> level & 1:
                self._peaks[level] = next(smallest_first)

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """Hashes of the complete subtrees, the largest first."""
        return tuple(self._peaks[level] for level in reversed(range(len(self._peaks))) if self.size >> level & 1)

    def copy(self) -> "Frontier":
        """An independent frontier of the same tree."""
        return Frontier(self.size, self.nodes)

    def append(self, leaves: Sequence[bytes]) -> list[NodeRun]:
        """Add leaf hashes (32 bytes each) at the right.

        Returns every node that came to be complete, level by level: the leaves themselves, then their parents, and
        so on up. Levels 0, 8, 16 … are what tiles hold.
        """
        runs: list[NodeRun] = []
        level, index, run = 0, self.size, list(leaves)
        self.size += len(run)
        hasher = sha256
        while run:
            runs.append(NodeRun(level, index, run))
            if level == len(self._peaks):
                self._peaks.append(b"")
            row = [self._peaks[level], *run] if index & 1 else run
            if self.size >> level & 1:
                self._peaks[level] = row[-1]
            # zip drops an odd last node: it waits as a peak for its right neighbour
            run = [hasher(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
            level, index = level + 1, index >> 1
        return runs

    def root(self) -> bytes:
        """Root hash of the tree as it stands."""
        found = b""
        for level, peak in enumerate(self._peaks):
            if self.size >> level & 1:
                found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT


def range_nodes(start: int, end: int) -> list[Node]:
    """The nodes, left to right, whose fold is the hash of leaves [start, end).

    The range must be one that occurs in a proof: `start` is a multiple of the smallest power of two that is at
    least `end - start`.
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(Node(level, start >> level))
        start += 1 << level
    return found


def range_hash(start: int, end: int, read: HashReader) -> bytes:
    """Hash of leaves [start, end) of a tree (see `range_nodes`); of nothing, EMPTY_ROOT."""
    found = b""
    for node in reversed(range_nodes(start, end)):
        here = read(node.level, node.index)
        found = node_hash(here, found) if found else here
    return found or EMPTY_ROOT


def tree_root(size: int, read: HashReader) -> bytes:
    """Root of the tree of the first `size` leaves."""
    return range_hash(0, size, read)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Leaf ranges whose hashes are the inclusion proof, in its order (RFC 9162 §2.1.3.1).

    Raises InclusionProofWrongError when there is no such leaf.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise InclusionProofWrongError(index=index, size=size, why="no such leaf")
    found: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    found.reverse()
    return found


def consistency_ranges(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """Leaf ranges whose hashes are the consistency proof, in its order (RFC 9162 §2.1.4.1).

    From size 0, or between equal sizes, the proof is empty. Raises LogInconsistentError when the tree shrinks.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise LogInconsistentError(old_size=old_size, new_size=new_size, why="the log shrank")
    if old_size in {0, new_size}:
        return []
    found: list[tuple[int, int]] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if old_size <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start:
        found.append((start, end))
    found.reverse()
    return found


def nodes_of(ranges: Iterable[tuple[int, int]]) -> list[Node]:
    """All nodes that the given leaf ranges are made of."""
    return [node for start, end in ranges for node in range_nodes(start, end)]


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Proof that leaf `index` is in the tree of `size` leaves. Raises InclusionProofWrongError: no such leaf."""
    return [range_hash(start, end, read) for start, end in inclusion_ranges(index, size)]


def consistency_proof(old_size: int, new_size: int, read: HashReader) -> list[bytes]:
    """Proof that the tree of `new_size` leaves begins with that of `old_size`.

    Raises LogInconsistentError when the tree shrinks.
    """
    return [range_hash(start, end, read) for start, end in consistency_ranges(old_size, new_size)]
