"""Tiles and entry bundles (C2SP tlog-tiles): their paths, their bytes, and proofs read from them.

A tile of level L holds up to 256 nodes of tree level 8·L. A *full* tile hashes to one node in the tile above it;
the *partial* tiles, at most one for each level, are the right edge of the tree and make its root.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from scelle.tlog.errors import RootWrongError, TileWrongError
from scelle.tlog.tree import HASH_SIZE, MAX_SIZE, Frontier, Node, leaf_hashes, node_hash, range_nodes, tree_root

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

HEIGHT = 8
"""Tree levels in a tile."""

MAX_LEVEL = 63
"""Highest tile level that has a path."""

MAX_ENTRY = 0xFFFF
"""Longest log entry in bytes (its length is 16 bits)."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z",
    re.ASCII,
)


def _encode_index(index: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _suffix(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile: its level, its index within the level, and how many hashes it holds (256 when full)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Path under the log's prefix, such as `tile/0/x001/234.p/5`."""
        return f"tile/{self.level}/{_encode_index(self.index)}{_suffix(self.width)}"


@dataclass(frozen=True, slots=True, order=True)
class Bundle:
    """An entry bundle: its index and how many entries it holds (256 when full)."""

    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Path under the log's prefix, such as `tile/entries/x001/234.p/5`."""
        return f"tile/entries/{_encode_index(self.index)}{_suffix(self.width)}"


def parse_path(path: str) -> Tile | Bundle:
    """Read a path that `Tile.path` or `Bundle.path` writes; every other spelling raises TileWrongError."""
    match = _PATH.match(path)
    if match:
        level, digits, width = match.groups()
        index = int(digits.replace("x", "").replace("/", ""))
        found: Tile | Bundle
        if level == "entries":
            found = Bundle(index, int(width or WIDTH))
        else:
            found = Tile(int(level), index, int(width or WIDTH))
        in_range = index <= MAX_SIZE and found.width <= WIDTH and (level == "entries" or int(level) <= MAX_LEVEL)
        if in_range and found.path == path:  # the latter refuses needless zeros and `.p/256`
            return found
    raise TileWrongError(path=path[:100], why="not a tile path")


def _widths(count: int) -> Iterator[tuple[int, int]]:
    for index in range(count // WIDTH):
        yield index, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, level by level, left to right, partial tiles included."""
    level = 0
    while size >> HEIGHT * level:
        for index, width in _widths(size >> HEIGHT * level):
            yield Tile(level, index, width)
        level += 1


def bundles_of(size: int) -> Iterator[Bundle]:
    """Every entry bundle of a log of `size` entries, left to right, the partial one last."""
    for index, width in _widths(size):
        yield Bundle(index, width)


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles of a tree, lowest level first: together they make its root."""
    found = []
    level = 0
    while size >> HEIGHT * level:
        count = size >> HEIGHT * level
        if count % WIDTH:
            found.append(Tile(level, count // WIDTH, count % WIDTH))
        level += 1
    return found


def tile_with(level: int, index: int, size: int) -> tuple[Tile, int, int]:
    """The tile that gives node (level, index) in a tree of `size`, and the range of its hashes that the node folds.

    Raises TileWrongError when the node is not complete in that tree.
    """
    height = level % HEIGHT
    tile_level = level // HEIGHT
    first = index << height
    count = size >> HEIGHT * tile_level
    if index < 0 or (index + 1) << height > count:
        raise TileWrongError(path=f"node {level}/{index}", why=f"not in a tree of {size}")
    tile_index = first // WIDTH
    tile = Tile(tile_level, tile_index, min(WIDTH, count - tile_index * WIDTH))
    return tile, first % WIDTH, first % WIDTH + (1 << height)


def tiles_needed(nodes: Iterable[Node], size: int) -> list[Tile]:
    """All tiles that `TileHashReader` will ask for to read these nodes: theirs, those above, and the right edge."""
    found = set(edge_tiles(size))
    for node in nodes:
        tile = tile_with(node.level, node.index, size)[0]
        while tile not in found:
            found.add(tile)
            tile = tile_with((tile.level + 1) * HEIGHT, tile.index, size)[0]
    return sorted(found)


def decode_tile(data: bytes, tile: Tile) -> list[bytes]:
    """The hashes of a tile. The full tile's bytes serve for a partial one too. Raises TileWrongError."""
    if len(data) not in {tile.width * HASH_SIZE, WIDTH * HASH_SIZE}:
        raise TileWrongError(path=tile.path, why=f"{len(data)} bytes")
    return [data[i : i + HASH_SIZE] for i in range(0, tile.width * HASH_SIZE, HASH_SIZE)]


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile of 1 to 256 hashes. Raises TileWrongError."""
    if not 1 <= len(hashes) <= WIDTH or any(len(item) != HASH_SIZE for item in hashes):
        raise TileWrongError(path="", why="not 1 to 256 hashes of 32 bytes")
    return b"".join(hashes)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of a bundle of 1 to 256 entries, each behind its 16-bit big-endian length. Raises TileWrongError."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise TileWrongError(path="", why="not 1 to 256 entries of at most 65,535 bytes")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes, bundle: Bundle) -> list[bytes]:
    """The entries of a bundle: exactly as many as its width. Raises TileWrongError."""
    entries = []
    at, end = 0, len(data)
    for _ in range(bundle.width):
        start = at + 2
        if start > end:
            raise TileWrongError(path=bundle.path, why="too few entries")
        at = start + (data[start - 2] << 8 | data[start - 1])
        entries.append(data[start:at])
    if at != end:
        raise TileWrongError(path=bundle.path, why="cut short" if at > end else "bytes after the last entry")
    return entries


def _fold(hashes: Sequence[bytes]) -> bytes:
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


class TileHashReader:
    """Answers node hashes from tiles, every one of which it has traced to the root of a checkpoint.

    `fetch` gives the bytes of a tile; it may give the full tile for a partial one, and it may raise whatever it
    likes. Each tile is fetched once. Reading an unauthenticated hash is not possible: partial tiles must together
    make the root, and a full tile must hash to its place in the tile above. `read` is a HashReader.
    """

    def __init__(self, size: int, root: bytes, fetch: Callable[[Tile], bytes]) -> None:
        self.size = size
        self.root = root
        self._fetch = fetch
        self._tiles: dict[Tile, list[bytes]] = {}
        self._anchored = False

    def _get(self, level: int, index: int, *, trusted: bool) -> bytes:
        tile, start, end = tile_with(level, index, self.size)
        if trusted:
            self._trust(tile)
        return _fold(self._tiles[tile][start:end])

    def _anchor(self) -> None:
        if self._anchored:
            return
        edge = {tile: decode_tile(self._fetch(tile), tile) for tile in edge_tiles(self.size)}
        self._tiles = edge
        if tree_root(self.size, lambda level, index: self._get(level, index, trusted=False)) != self.root:
            self._tiles = {}
            raise TileWrongError(path="", why="the partial tiles do not make the root of the checkpoint")
        self._anchored = True

    def _trust(self, tile: Tile) -> None:
        if tile in self._tiles:
            return
        above = self._get((tile.level + 1) * HEIGHT, tile.index, trusted=True)
        hashes = decode_tile(self._fetch(tile), tile)
        if _fold(hashes) != above:
            raise TileWrongError(path=tile.path, why="its hash is not the one in the tile above")
        self._tiles[tile] = hashes

    def read(self, level: int, index: int) -> bytes:
        """The hash of a node of the tree. Raises TileWrongError."""
        self._anchor()
        return self._get(level, index, trusted=True)

    def entries(self, bundle: Bundle, data: bytes) -> list[bytes]:
        """The entries of a bundle of this tree, once they hash to its level 0 tile. Raises TileWrongError."""
        first = bundle.index * WIDTH
        if first + bundle.width > self.size:
            raise TileWrongError(path=bundle.path, why=f"not in a tree of {self.size}")
        entries = decode_bundle(data, bundle)
        self._anchor()
        tile = tile_with(0, first, self.size)[0]
        self._trust(tile)
        if leaf_hashes(entries) != self._tiles[tile][: bundle.width]:
            raise TileWrongError(path=bundle.path, why="its entries are not those in the log")
        return entries


class TileGrower:
    """A growing tree that hands out its tiles: what a log writes, and what a replay compares with.

    Its whole state is the right edge (`partials`), from which it is taken up again.
    """

    def __init__(self) -> None:
        self.frontier = Frontier()
        self._edge: list[list[bytes]] = []

    @classmethod
    def resume(cls, size: int, partials: Iterable[tuple[Tile, bytes]]) -> "TileGrower":
        """Take a tree up again at `size` from its partial tiles. The caller compares `root` with what it signed.

        Raises RootWrongError when other tiles are given than `edge_tiles(size)`, TileWrongError on wrong lengths.
        """
        given = dict(partials)
        if sorted(given) != edge_tiles(size):
            raise RootWrongError(size=size, why="not the partial tiles of this size")
        new = cls()
        for tile, data in given.items():
            while len(new._edge) <= tile.level:
                new._edge.append([])
            new._edge[tile.level] = decode_tile(data, tile)

        def read(level: int, index: int) -> bytes:
            tile, start, end = tile_with(level, index, size)
            return _fold(new._edge[tile.level][start:end])

        new.frontier = Frontier(size, [read(node.level, node.index) for node in range_nodes(0, size)])
        return new

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self.frontier.size

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        return self.frontier.root()

    def append(self, leaves: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaf hashes; the tiles that became full, with their bytes, lower levels first."""
        full: list[tuple[Tile, bytes]] = []
        for run in self.frontier.append(leaves):
            if run.level % HEIGHT:
                continue
            level = run.level // HEIGHT
            if level == len(self._edge):
                self._edge.append([])
            row = self._edge[level] + run.hashes
            index = run.index // WIDTH
            whole = len(row) // WIDTH * WIDTH
            full += [
                (Tile(level, index + start // WIDTH), b"".join(row[start : start + WIDTH]))
                for start in range(0, whole, WIDTH)
            ]
            self._edge[level] = row[whole:]
        return full

    def partials(self) -> list[tuple[Tile, bytes]]:
        """The partial tiles of the tree as it stands, with their bytes (those of `edge_tiles`)."""
        return [(tile, b"".join(self._edge[tile.level])) for tile in edge_tiles(self.size)]
