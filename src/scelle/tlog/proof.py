"""Verifying inclusion and consistency proofs (RFC 9162 §2.1.3.2 and §2.1.4.2), strict about every length."""

from collections.abc import Sequence
from hashlib import sha256

from scelle.tlog.errors import InclusionProofWrongError, LogInconsistentError
from scelle.tlog.tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE

MAX_PROOF = 63
"""Most hashes of an inclusion proof in a tree of at most MAX_SIZE leaves, and of any proof that a file carries."""

_LENGTHS = frozenset({HASH_SIZE})


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a leaf hash and its inclusion proof lead to. Raises InclusionProofWrongError on wrong lengths.

    Inner and leaf hashes carry different prefixes, so a proof of the right shape binds the leaf to its index.
    """

    def wrong(why: str) -> InclusionProofWrongError:
        return InclusionProofWrongError(index=index, size=size, why=why)

    if not 0 <= index < size <= MAX_SIZE:
        raise wrong("no such leaf")
    if len(leaf) != HASH_SIZE or not _LENGTHS.issuperset(map(len, proof)):
        raise wrong("a hash is not 32 bytes")
    # Up to the level where the paths of this leaf and of the last one meet, the index says on which side the
    # sibling is; above, the node is on the right edge, and only complete trees on its left have a hash.
    inner = (index ^ (size - 1)).bit_length()
    expected = inner + (index >> inner).bit_count()
    if len(proof) != expected:
        raise wrong("too few hashes" if len(proof) < expected else "too many hashes")
    found, place, hasher = leaf, index, sha256
    for sibling in proof[:inner]:
        found = hasher(b"\x01" + (sibling + found if place & 1 else found + sibling)).digest()
        place >>= 1
    for sibling in proof[inner:]:
        found = hasher(b"\x01" + sibling + found).digest()
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash is leaf `index` of the tree with that size and root.

    Raises InclusionProofWrongError.
    """
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise InclusionProofWrongError(index=index, size=size, why="it leads to another root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (new_size, new_root) begins with the tree (old_size, old_root).

    From an empty tree, and between equal sizes, the proof must be empty. Raises LogInconsistentError.
    """

    def wrong(why: str) -> LogInconsistentError:
        return LogInconsistentError(old_size=old_size, new_size=new_size, why=why)

    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise wrong("the log shrank")
    if any(len(item) != HASH_SIZE for item in (old_root, new_root, *proof)):
        raise wrong("a hash is not 32 bytes")
    if (not old_size and old_root != EMPTY_ROOT) or (not new_size and new_root != EMPTY_ROOT):
        raise wrong("an empty tree with another root")
    if old_size in {0, new_size}:
        if proof:
            raise wrong("too many hashes")
        if old_size and old_root != new_root:
            raise wrong("two roots for one size")
        return
    path = list(proof)
    if not old_size & (old_size - 1):
        path.insert(0, old_root)  # the old tree is one complete subtree: its root is left out of the proof
    if not path:
        raise wrong("too few hashes")
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if not last:
            raise wrong("too many hashes")
        if here & 1 or here == last:
            old = sha256(b"\x01" + sibling + old).digest()
            new = sha256(b"\x01" + sibling + new).digest()
            while here and not here & 1:
                here >>= 1
                last >>= 1
        else:
            new = sha256(b"\x01" + new + sibling).digest()
        here >>= 1
        last >>= 1
    if last:
        raise wrong("too few hashes")
    if old != old_root:
        raise wrong("it leads to another old root")
    if new != new_root:
        raise wrong("it leads to another new root")
