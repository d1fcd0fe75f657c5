"""The logs' trees as stored: full tiles and signed heads in the database, the right edge derived on opening."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sqlite3 import Connection
from typing import Final

from sqlalchemy import bindparam, select

from scelle.ports import Inclusion, LogName
from scelle.storage.errors import StorageCorruptError
from scelle.storage.reading import log_entries
from scelle.storage.statements import Prepared, insert_row
from scelle.storage.tables import heads, tiles
from scelle.tlog.tiles import HEIGHT, WIDTH, Tile, TileGrower, edge_tiles, tile_with
from scelle.tlog.tree import HASH_SIZE, consistency_proof, inclusion_proof, leaf_hashes, node_hash

_HEAD: Final = Prepared(select(heads.c.size, heads.c.root, heads.c.note).where(heads.c.log == bindparam("log")))
_TILE: Final = Prepared(
    select(tiles.c.hashes).where(
        tiles.c.log == bindparam("log"), tiles.c.level == bindparam("level"), tiles.c.index == bindparam("index")
    )
)
_ADD_TILE: Final = insert_row(tiles)
_PUT_HEAD: Final = insert_row(heads, replace=True)

_TILES_CACHED = 512
_NODES_CACHED = 1 << 16


@dataclass(frozen=True, slots=True)
class Head:
    """A signed checkpoint with the partial tiles of its tree: with the full tiles, all that proofs need."""

    size: int
    root: bytes
    note: bytes
    partials: Mapping[Tile, bytes]


def load_tile(db: Connection, log: LogName, level: int, index: int) -> bytes:
    """A full tile. Raises StorageCorruptError when it is not there."""
    row = _TILE.run(db, log=log, level=level, index=index).fetchone()
    if row is None or len(row[0]) != WIDTH * HASH_SIZE:
        raise StorageCorruptError(what=f"{log} log", why=f"tile {level}/{index} is missing")
    return bytes(row[0])


def load_head(db: Connection, log: LogName) -> tuple[int, bytes, bytes]:
    """Size, root and note of the newest checkpoint. Raises StorageCorruptError when there is none."""
    row = _HEAD.run(db, log=log).fetchone()
    if row is None:
        raise StorageCorruptError(what=f"{log} log", why="no checkpoint")
    return row[0], row[1], row[2]


def store_tiles(db: Connection, log: LogName, full: list[tuple[Tile, bytes]]) -> None:
    """Keep tiles that became full."""
    _ADD_TILE.run_many(db, [(log, tile.level, tile.index, data) for tile, data in full])


def store_head(db: Connection, log: LogName, head: Head) -> None:
    """Keep a new checkpoint in place of the one before."""
    _PUT_HEAD.run_row(db, (log, head.size, head.root, head.note))


def tile_root(data: bytes) -> bytes:
    """The hash of a full tile."""
    row = [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def load_tree(db: Connection, log: LogName) -> tuple[TileGrower, Head]:
    """Take a log up where it was left: the edge from its last entries and tiles, held against the signed root.

    Raises StorageCorruptError.
    """
    size, root, note = load_head(db, log)
    partials: dict[Tile, bytes] = {}
    for tile in edge_tiles(size):
        first = tile.index * WIDTH
        if tile.level == 0:
            hashes = leaf_hashes(log_entries(db, log, first, first + tile.width))
        else:
            below = range(first, first + tile.width)
            hashes = [tile_root(load_tile(db, log, tile.level - 1, index)) for index in below]
        if len(hashes) != tile.width:
            raise StorageCorruptError(what=f"{log} log", why="entries are missing")
        partials[tile] = b"".join(hashes)
    grower = TileGrower.resume(size, partials.items())
    if grower.root() != root:
        raise StorageCorruptError(what=f"{log} log", why="the entries have another root than the checkpoint")
    return grower, Head(size, root, note, partials)


class PublishedTree:
    """What any thread may ask of a log: everything is answered for `head`, which the writer replaces whole.

    A complete node never changes, so nodes and full tiles are cached whatever the head.
    """

    def __init__(self, log: LogName, head: Head, load: Callable[[LogName, int, int], bytes]) -> None:
        """`load` gives a full tile (log, level, index) from the database."""
        self.head = head
        self._full = lru_cache(_TILES_CACHED)(lambda level, index: load(log, level, index))
        self._node = lru_cache(_NODES_CACHED)(self._compute_node)

    def _compute_node(self, level: int, index: int) -> bytes:
        if level % HEIGHT:
            return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))
        head = self.head
        tile, start, _ = tile_with(level, index, head.size)
        data = self._full(tile.level, tile.index) if tile.width == WIDTH else head.partials[tile]
        return data[start * HASH_SIZE : (start + 1) * HASH_SIZE]

    def prove(self, index: int, since: int) -> Inclusion:
        """Proofs for entry `index` under the head, and from size `since`; errors as in `Ledger.prove`."""
        head = self.head
        inclusion = inclusion_proof(index, head.size, self._node)
        consistency = consistency_proof(since, head.size, self._node)
        return Inclusion(index, head.note, tuple(inclusion), tuple(consistency))

    def hash_tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of a tile, None when the head has fewer."""
        head = self.head
        if level < 0 or index < 0:
            return None
        count = (head.size >> HEIGHT * level) - index * WIDTH
        if not 0 < width <= min(WIDTH, count):
            return None
        whole = self._full(level, index) if count >= WIDTH else head.partials[Tile(level, index, count)]
        return whole[: width * HASH_SIZE]
