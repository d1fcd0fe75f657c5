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


def measure() -> list[Row]:
    """Rows for `make bench`: entries appended and replayed, proofs and notes verified, each per second."""
    entries = [number.to_bytes(32, "big") for number in range(ENTRIES)]
    bare = _seconds(lambda: [sha256(entry).digest() for entry in entries])
    leaves = leaf_hashes(entries)
    append = _seconds(lambda: Frontier().append(leaves))
    tree = TileGrower()
    tiles = dict(tree.append(leaves))
    grow = _seconds(lambda: TileGrower().append(leaf_hashes(entries)))
    tiles |= dict(tree.partials())
    bundles = [encode_bundle(entries[at : at + WIDTH]) for at in range(0, ENTRIES, WIDTH)]
    replay = _seconds(lambda: verify_log(bundles, Checkpoint("bench", ENTRIES, tree.root())))

    root = tree.root()
    read = TileHashReader(ENTRIES, root, tiles.__getitem__).read
    places = range(0, ENTRIES, ENTRIES // PROOFS)
    proofs = [(place, inclusion_proof(place, ENTRIES, read)) for place in places]

    def check_proofs() -> None:
        for place, proof in proofs:
            verify_inclusion(leaves[place], place, ENTRIES, proof, root)

    signer = NoteSigner(SignerKey("bench", ED25519, bytes(32)))
    note = sign_note(Checkpoint("bench", ENTRIES, root).encode(), [signer])
    verifier = verifier_for(signer.key)

    def check_notes() -> None:
        for _ in range(NOTES):
            verify(parse_note(note), [verifier])

    def row(name: str, count: int, seconds: float) -> Row:
        rate = count / seconds
        return Row(name, rate, "1/s", {"bare SHA-256": rate * bare / ENTRIES})

    return [
        Row("log: bare SHA-256 of an entry", ENTRIES / bare, "1/s", {}),
        row("log: leaf hashes appended", ENTRIES, append),
        row("log: entries grown into tiles", ENTRIES, grow),
        row("log: entries of a log verified", ENTRIES, replay),
        row("log: inclusion proofs verified (1 M entries)", len(proofs), _seconds(check_proofs)),
        row("log: checkpoint notes verified", NOTES, _seconds(check_notes)),
    ]


if __name__ == "__main__":
    for item in measure():
        print(f"{item.name:48} {item.value:12,.0f} {item.unit}  {item.ratios}")
