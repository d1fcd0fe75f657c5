"""Trees and proofs: published vectors, every proof of small trees, and every corruption of them."""

import json
from base64 import b64decode
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scelle.tlog.errors import InclusionProofWrongError, LogInconsistentError, RootWrongError
from scelle.tlog.proof import verify_consistency, verify_inclusion
from scelle.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    nodes_of,
    tree_root,
)
from tlog_kit import entries, naive_root

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "tlog_proofs.json").read_text())
HASHES = [b64decode(text) for text in VECTORS["hashes"]]

# The eight leaves and nine roots that implementations of RFC 6962 share as test data.
RFC6962_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
RFC6962_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

LEAVES = leaf_hashes(entries(70))


class Nodes:
    """Every complete node of a tree, as growing hands them out."""

    def __init__(self, leaves: list[bytes], step: int) -> None:
        self.known: dict[tuple[int, int], bytes] = {}
        tree = Frontier()
        for at in range(0, len(leaves), step):
            for run in tree.append(leaves[at : at + step]):
                self.known |= {(run.level, run.index + place): found for place, found in enumerate(run.hashes)}

    def read(self, level: int, index: int) -> bytes:
        return self.known[level, index]


NODES = Nodes(LEAVES, 70)
ROOTS = [naive_root(LEAVES[:size]) for size in range(71)]


@pytest.mark.parametrize("size", range(9))
def test_rfc6962_roots(size: int) -> None:
    tree = Frontier()
    tree.append([leaf_hash(leaf) for leaf in RFC6962_LEAVES[:size]])
    assert tree.root().hex() == RFC6962_ROOTS[size]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case[0])
def test_inclusion_vectors(case: list[object]) -> None:
    _, good, index, size, leaf, root, proof = case
    assert isinstance(index, int)
    assert isinstance(size, int)
    assert isinstance(proof, list)
    arguments = (HASHES[leaf], index, size, [HASHES[at] for at in proof], HASHES[root])  # type: ignore[call-overload]
    if good:
        verify_inclusion(*arguments)
    else:
        with pytest.raises(InclusionProofWrongError):
            verify_inclusion(*arguments)


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case[0])
def test_consistency_vectors(case: list[object]) -> None:
    _, good, old, old_root, new, new_root, proof = case
    assert isinstance(old, int)
    assert isinstance(new, int)
    assert isinstance(proof, list)
    path = [HASHES[at] for at in proof]
    roots = HASHES[old_root], HASHES[new_root]  # type: ignore[call-overload]
    if good:
        verify_consistency(old, roots[0], new, roots[1], path)
    else:
        with pytest.raises(LogInconsistentError):
            verify_consistency(old, roots[0], new, roots[1], path)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 70])
def test_growth_in_any_steps_gives_the_same_nodes(step: int) -> None:
    assert Nodes(LEAVES, step).known == NODES.known
    tree = Frontier()
    for at in range(0, 70, step):
        tree.append(LEAVES[at : at + step])
        assert tree.root() == ROOTS[tree.size] == tree_root(tree.size, NODES.read)
        taken_up = tree.copy()
        assert (taken_up.size, taken_up.nodes, taken_up.root()) == (tree.size, tree.nodes, tree.root())
        taken_up.append(LEAVES[:1])
        assert tree.root() == ROOTS[tree.size]


def test_a_frontier_that_does_not_fit_is_refused() -> None:
    for size, nodes in ((1, ()), (0, (bytes(32),)), (2, (bytes(31),)), (-1, ()), (3, (bytes(32),)), (1 << 63, ())):
        with pytest.raises(RootWrongError):
            Frontier(size, nodes)


def flips(data: bytes) -> list[bytes]:
    return [
        bytes(b ^ (1 << bit) if at == place else b for place, b in enumerate(data)) for at in (0, 31) for bit in (0, 7)
    ]


def proof_corruptions(proof: list[bytes]) -> list[list[bytes]]:
    found = [[*proof, proof[-1] if proof else EMPTY_ROOT], [bytes(32), *proof]]
    for at in range(len(proof)):
        found.append(proof[:at] + proof[at + 1 :])
        found.append([*proof[:at], proof[at][:31], *proof[at + 1 :]])
        found.append([*proof[:at], proof[at] + b"\0", *proof[at + 1 :]])
        found += [[*proof[:at], flipped, *proof[at + 1 :]] for flipped in flips(proof[at])]
        if at:
            found.append([*proof[: at - 1], proof[at], proof[at - 1], *proof[at + 1 :]])
    return found


def test_every_inclusion_proof_of_small_trees() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = inclusion_proof(index, size, NODES.read)
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            # a proof fixes the index; only the size may be read otherwise, where the path keeps its shape
            with pytest.raises(InclusionProofWrongError):
                verify_inclusion(LEAVES[index], index ^ 1, size, proof, ROOTS[size])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 33, 70])
def test_every_corruption_of_an_inclusion_proof(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(index, size, NODES.read)
        for bad in proof_corruptions(proof):
            with pytest.raises(InclusionProofWrongError):
                verify_inclusion(LEAVES[index], index, size, bad, ROOTS[size])
        for other in range(-1, size + 2):
            if other != index:
                with pytest.raises(InclusionProofWrongError):
                    verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size])
        for flipped in flips(ROOTS[size]):
            with pytest.raises(InclusionProofWrongError):
                verify_inclusion(LEAVES[index], index, size, proof, flipped)
        for leaf in (*flips(LEAVES[index]), LEAVES[index][:31], b""):
            with pytest.raises(InclusionProofWrongError):
                verify_inclusion(leaf, index, size, proof, ROOTS[size])


def test_every_consistency_proof_of_small_trees() -> None:
    for new in range(71):
        for old in range(new + 1):
            verify_consistency(old, ROOTS[old], new, ROOTS[new], consistency_proof(old, new, NODES.read))


@pytest.mark.parametrize("new", [1, 2, 3, 5, 7, 8, 13, 33, 70])
def test_every_corruption_of_a_consistency_proof(new: int) -> None:
    for old in range(new + 1):
        proof = consistency_proof(old, new, NODES.read)
        for bad in proof_corruptions(proof):
            with pytest.raises(LogInconsistentError):
                verify_consistency(old, ROOTS[old], new, ROOTS[new], bad)
        for flipped in flips(ROOTS[old]):
            with pytest.raises(LogInconsistentError):
                verify_consistency(old, flipped, new, ROOTS[new], proof)
        if old:
            for flipped in flips(ROOTS[new]):
                with pytest.raises(LogInconsistentError):
                    verify_consistency(old, ROOTS[old], new, flipped, proof)
        for other in range(-1, new + 2):
            if other != old:
                with pytest.raises(LogInconsistentError):
                    verify_consistency(other, ROOTS[old], new, ROOTS[new], proof)


def test_a_tree_that_shrinks_or_starts_otherwise_is_inconsistent() -> None:
    with pytest.raises(LogInconsistentError):
        verify_consistency(5, ROOTS[5], 4, ROOTS[4], [])
    with pytest.raises(LogInconsistentError):
        consistency_ranges(5, 4)
    with pytest.raises(LogInconsistentError):
        verify_consistency(0, ROOTS[1], 4, ROOTS[4], [])
    with pytest.raises(LogInconsistentError):
        verify_consistency(0, EMPTY_ROOT, 0, ROOTS[1], [])
    with pytest.raises(InclusionProofWrongError):
        inclusion_proof(4, 4, NODES.read)


@given(st.integers(1, 2**63 - 1), st.data())
@settings(max_examples=200, deadline=None)
def test_proofs_of_huge_trees_stay_small(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    ranges = consistency_ranges(old, size)
    assert len(ranges) <= 64  # one more than levels, when the old tree ends in a lone leaf
    for node in nodes_of(ranges):
        assert (node.index + 1) << node.level <= size
    covered = sorted(ranges)
    assert all(left[1] <= right[0] for left, right in pairwise(covered))
