"""A naive Merkle tree, a log in memory and fixed keys, for tests of the tlog room and of those that use it."""

from collections.abc import Sequence

from scelle.tlog.checkpoint import Checkpoint, sign_checkpoint
from scelle.tlog.cosign import Cosigner
from scelle.tlog.note import COSIGN_ED25519, COSIGN_MLDSA44, ED25519, Note, NoteSigner, SignerKey, parse_note
from scelle.tlog.tiles import WIDTH, Bundle, Tile, TileGrower, bundles_of, encode_bundle
from scelle.tlog.tree import EMPTY_ROOT, leaf_hash, node_hash

ORIGIN = "log.example/log/directory"


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, word for word, over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def entries(count: int) -> list[bytes]:
    """Small entries, each different."""
    return [b"entry %d" % number for number in range(count)]


def note_key(name: str = ORIGIN, fill: int = 1) -> SignerKey:
    """A fixed Ed25519 note key."""
    return SignerKey(name, ED25519, bytes([fill]) * 32)


def cosigner(name: str, fill: int = 7, *, pq: bool = False) -> Cosigner:
    """A fixed witness key of either type."""
    return Cosigner(SignerKey(name, COSIGN_MLDSA44 if pq else COSIGN_ED25519, bytes([fill]) * 32))


class MemoryLog:
    """A log that keeps everything it ever served, by path."""

    def __init__(self, count: int = 0, *, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.entries: list[bytes] = []
        self.served: dict[str, bytes] = {}
        self.tree = TileGrower()
        self.signer = NoteSigner(note_key(origin))
        if count:
            self.add(entries(count))

    def add(self, new: Sequence[bytes]) -> None:
        """Append entries and publish tiles and bundles."""
        old = len(self.entries)
        self.entries += new
        tiles = self.tree.append([leaf_hash(entry) for entry in new])
        self.served.update({tile.path: data for tile, data in (*tiles, *self.tree.partials())})
        for bundle in bundles_of(len(self.entries)):
            if (bundle.index + 1) * WIDTH > old:
                first = bundle.index * WIDTH
                self.served[bundle.path] = encode_bundle(self.entries[first : first + bundle.width])

    def fetch(self, what: Tile | Bundle) -> bytes:
        """The bytes served at a path."""
        return self.served[what.path]

    @property
    def head(self) -> Checkpoint:
        """The checkpoint of the log as it stands."""
        return Checkpoint(self.origin, self.tree.size, self.tree.root())

    def note(self, *cosigners: Cosigner, now: int = 0) -> bytes:
        """The signed checkpoint, with cosignatures at `now`."""
        note: Note = parse_note(sign_checkpoint(self.head, [self.signer]))
        return note.with_signatures(item.cosign(note.text, now=now) for item in cosigners).encode()
