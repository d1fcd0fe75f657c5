"""How fast logs grow and are checked, against the bare hashing that no log can avoid."""

import time
from collections.abc import Callable
from hashlib import sha256

from benchmarks.table import Row

from scelle.tlog.checkpoint import Checkpoint
from scelle.tlog.cosign import verifier_for
from scelle.tlog.note import ED25519, NoteSigner, SignerKey, parse_note, sign_note, verify
from scelle.tlog.proof import verify_inclusion
from scelle.tlog.replay import verify_log
from scelle.tlog.tiles import WIDTH, TileGrower, TileHashReader, encode_bundle
from scelle.tlog.tree import Frontier, inclusion_proof, leaf_hashes

ENTRIES = 1_000_000
PROOFS = 20_000
NOTES = 2_000


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(count: int = ENTRIES) -> list[Row]:
    """Rows for `make bench`: so many entries appended and replayed, proofs and notes verified, each per second."""
    entries = [number.to_bytes(32, "big") for number in range(count)]
    bare = _seconds(lambda: [sha256(entry).digest() for entry in entries])
    leaves = leaf_hashes(entries)
    append = _seconds(lambda: Frontier().append(leaves))
    tree = TileGrower()
    tiles = dict(tree.append(leaves))
    grow = _seconds(lambda: TileGrower().append(leaf_hashes(entries)))
    tiles |= dict(tree.partials())
    bundles = [encode_bundle(entries[at : at + WIDTH]) for at in range(0, count, WIDTH)]
    replay = _seconds(lambda: verify_log(bundles, Checkpoint("bench", count, tree.root())))

    root = tree.root()
    read = TileHashReader(count, root, tiles.__getitem__).read
    places = range(0, count, max(1, count // PROOFS))
    proofs = [(place, inclusion_proof(place, count, read)) for place in places]

    def check_proofs() -> None:
        for place, proof in proofs:
            verify_inclusion(leaves[place], place, count, proof, root)

    signer = NoteSigner(SignerKey("bench", ED25519, bytes(32)))
    note = sign_note(Checkpoint("bench", count, root).encode(), [signer])
    verifier = verifier_for(signer.key)

    def check_notes() -> None:
        for _ in range(NOTES):
            verify(parse_note(note), [verifier])

    def row(name: str, done: int, seconds: float) -> Row:
        rate = done / seconds
        return Row(name, rate, "1/s", {"bare SHA-256": rate * bare / count})

    return [
        Row("log: bare SHA-256 of an entry", count / bare, "1/s", {}),
        row("log: leaf hashes appended", count, append),
        row("log: entries grown into tiles", count, grow),
        row("log: entries of a log verified", count, replay),
        row("log: inclusion proofs verified ", len(proofs), _seconds(check_proofs)),
        row("log: checkpoint notes verified", NOTES, _seconds(check_notes)),
    ]


if __name__ == "__main__":
    for item in measure():
        print(f"{item.name:48} {item.value:12,.0f} {item.unit}  {item.ratios}")
