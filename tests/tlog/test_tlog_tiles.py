"""Tiles and bundles: paths, bytes, growth, authenticated reading, and the replay of whole logs."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.tlog.checkpoint import Checkpoint
from scelle.tlog.errors import RootWrongError, TileWrongError
from scelle.tlog.proof import verify_consistency, verify_inclusion
from scelle.tlog.replay import LogReplay, verify_log
from scelle.tlog.tiles import (
    WIDTH,
    Bundle,
    Tile,
    TileGrower,
    TileHashReader,
    bundles_of,
    decode_bundle,
    decode_tile,
    edge_tiles,
    encode_bundle,
    encode_tile,
    parse_path,
    tile_with,
    tiles_needed,
    tiles_of,
)
from scelle.tlog.tree import (
    Frontier,
    Node,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    leaf_hashes,
    nodes_of,
)
from tlog_kit import MemoryLog, entries, naive_root

WIDTHS = st.integers(1, WIDTH)
INDEXES = st.integers(0, 2**63 - 1)


@given(st.builds(Tile, st.integers(0, 63), INDEXES, WIDTHS) | st.builds(Bundle, INDEXES, WIDTHS))
def test_paths_both_ways(what: Tile | Bundle) -> None:
    assert parse_path(what.path) == what


def test_path_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(1, 67, 5).path == "tile/1/067.p/5"
    assert Bundle(1000).path == "tile/entries/x001/000"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001.p/",
        "tile/0/001\n",
        "/tile/0/001",
        "tile/0/..",
        "tile/0/٠٠١",
        "tile/data/001",
        "tile/entries/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_malformed_paths(path: str) -> None:
    with pytest.raises(TileWrongError):
        parse_path(path)


@given(st.text(alphabet="tile/entris0123x.p", max_size=30))
def test_any_path_is_read_back_or_refused(path: str) -> None:
    try:
        found = parse_path("tile/" + path)
    except TileWrongError:
        return
    assert found.path == "tile/" + path


def test_tiles_of_the_specification() -> None:
    found = list(tiles_of(70_000))
    assert [sum(tile.level == level for tile in found) for level in range(4)] == [274, 2, 1, 0]
    assert edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert not [*tiles_of(0), *edge_tiles(0), *bundles_of(0)]
    assert list(bundles_of(513)) == [Bundle(0), Bundle(1), Bundle(2, 1)]


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=WIDTH))
def test_bundles_both_ways(items: list[bytes]) -> None:
    bundle = Bundle(3, len(items))
    data = encode_bundle(items)
    assert decode_bundle(data, bundle) == items
    for bad in (data[:-1], data + b"\0", data + b"\0\0"):
        with pytest.raises(TileWrongError):
            decode_bundle(bad, bundle)


def test_longest_entry() -> None:
    assert decode_bundle(encode_bundle([b"x" * 65535]), Bundle(0, 1)) == [b"x" * 65535]
    for bad in ([b"x" * 65536], [], [b""] * 257):
        with pytest.raises(TileWrongError):
            encode_bundle(bad)


@given(st.binary(max_size=80), WIDTHS)
def test_any_bytes_as_bundle_are_read_back_or_refused(data: bytes, width: int) -> None:
    try:
        found = decode_bundle(data, Bundle(0, width))
    except TileWrongError:
        return
    assert encode_bundle(found) == data


def test_tiles_both_ways() -> None:
    hashes = leaf_hashes(entries(256))
    assert decode_tile(encode_tile(hashes), Tile(0, 0)) == hashes
    assert decode_tile(encode_tile(hashes), Tile(0, 0, 5)) == hashes[:5]
    assert decode_tile(encode_tile(hashes[:5]), Tile(0, 0, 5)) == hashes[:5]
    for bad in (b"", encode_tile(hashes[:6]), encode_tile(hashes[:5]) + b"\0"):
        with pytest.raises(TileWrongError):
            decode_tile(bad, Tile(0, 0, 5))
    for wrong in ([], [bytes(31)], [bytes(32)] * 257):
        with pytest.raises(TileWrongError):
            encode_tile(wrong)


@cache
def big_log() -> tuple[dict[Tile, bytes], list[bytes]]:
    """Full tiles of a log of 65,800 entries, and its leaf hashes."""
    leaves = leaf_hashes(entries(65_800))
    return dict(TileGrower().append(leaves)), leaves


def log_of(size: int) -> tuple[TileGrower, dict[Tile, bytes]]:
    full, leaves = big_log()
    tree = TileGrower()
    tree.append(leaves[:size])
    served = {tile: full[tile] for tile in tiles_of(size) if tile.width == WIDTH}
    return tree, served | dict(tree.partials())


@pytest.mark.parametrize("size", [1, 2, 70, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65_800])
def test_reading_proofs_from_tiles(size: int) -> None:
    tree, served = log_of(size)
    assert sorted(served) == sorted(tiles_of(size))
    root, leaves = tree.root(), big_log()[1]
    assert root == naive_root(leaves[:size])
    places = sorted({0, 1, size // 2, size - 2, size - 1, 254, 255, 256, 257, 65535, 65536} & set(range(size)))
    for index in places:
        wanted = tiles_needed(nodes_of(inclusion_ranges(index, size)), size)
        prefetched = {tile: served[tile] for tile in wanted}
        proof = inclusion_proof(index, size, TileHashReader(size, root, prefetched.__getitem__).read)
        verify_inclusion(leaves[index], index, size, proof, root)
        old = index + 1
        wanted = tiles_needed(nodes_of(consistency_ranges(old, size)), size)
        prefetched = {tile: served[tile] for tile in wanted}
        proof = consistency_proof(old, size, TileHashReader(size, root, prefetched.__getitem__).read)
        earlier = Frontier()
        earlier.append(leaves[:old])
        verify_consistency(old, earlier.root(), size, root, proof)


def read_all(reader: TileHashReader) -> list[bytes]:
    return [reader.read(0, leaf) for leaf in range(reader.size)]


def test_every_node_of_a_small_log_is_authenticated() -> None:
    size = 600
    tree, served = log_of(size)
    for target in served:
        for at in (0, len(served[target]) - 1):
            data = bytearray(served[target])
            data[at] ^= 1
            reader = TileHashReader(size, tree.root(), (served | {target: bytes(data)}).__getitem__)
            with pytest.raises(TileWrongError):
                read_all(reader)
    reader = TileHashReader(size, bytes(32), served.__getitem__)
    for _ in range(2):
        with pytest.raises(TileWrongError):
            reader.read(0, 0)


def test_nodes_outside_the_tree() -> None:
    tree, served = log_of(257)
    reader = TileHashReader(257, tree.root(), served.__getitem__)
    for node in (Node(0, 257), Node(1, 128), Node(8, 1), Node(9, 0), Node(0, -1), Node(64, 0)):
        with pytest.raises(TileWrongError):
            reader.read(node.level, node.index)
        with pytest.raises(TileWrongError):
            tile_with(node.level, node.index, 257)


def test_a_full_tile_serves_for_a_partial_one_and_each_is_fetched_once() -> None:
    tree, served = log_of(300)
    _, later = log_of(512)
    asked: list[Tile] = []

    def fetch(tile: Tile) -> bytes:
        asked.append(tile)
        return later[Tile(tile.level, tile.index)] if tile == Tile(0, 1, 44) else served[tile]

    reader = TileHashReader(300, tree.root(), fetch)
    for leaf in range(300):
        assert reader.read(0, leaf) == big_log()[1][leaf]
    assert len(asked) == len(set(asked)) == 3


def test_bundles_are_held_against_the_tree() -> None:
    log = MemoryLog(300)
    reader = TileHashReader(300, log.tree.root(), log.fetch)
    for bundle in bundles_of(300):
        data = log.fetch(bundle)
        assert reader.entries(bundle, data) == log.entries[bundle.index * WIDTH :][: bundle.width]
        swapped = decode_bundle(data, bundle)
        swapped[0], swapped[1] = swapped[1], swapped[0]
        with pytest.raises(TileWrongError):
            reader.entries(bundle, encode_bundle(swapped))
    with pytest.raises(TileWrongError):
        reader.entries(Bundle(1, 45), encode_bundle([b""] * 45))
    part = Bundle(1, 10)
    assert reader.entries(part, encode_bundle(log.entries[256:266])) == log.entries[256:266]


@pytest.mark.parametrize("sizes", [(0, 1, 255, 256, 257), (200, 300, 513, 70_000 - 4_200), (0, 0), (65_536, 65_537)])
def test_growth_is_taken_up_from_partial_tiles(sizes: tuple[int, ...]) -> None:
    leaves = big_log()[1]
    whole = TileGrower()
    for size in sizes:
        taken_up = TileGrower.resume(whole.size, whole.partials())
        assert taken_up.root() == whole.root()
        more = leaves[whole.size : size]
        assert taken_up.append(more) == whole.append(more)
        assert taken_up.partials() == whole.partials()
        assert whole.root() == naive_root(leaves[:size])


def test_taking_up_from_other_tiles_is_refused() -> None:
    tree, _ = log_of(257)
    good = tree.partials()
    for bad in (good[:1], [], [*good, (Tile(2, 0, 1), bytes(32))]):
        with pytest.raises(RootWrongError):
            TileGrower.resume(257, bad)
    with pytest.raises(TileWrongError):
        TileGrower.resume(257, [(tile, data[:-1]) for tile, data in good])


@pytest.mark.parametrize("size", [0, 1, 256, 257, 700])
def test_replay_of_a_log(size: int) -> None:
    log = MemoryLog(size)
    replay = LogReplay(log.head)
    found: list[bytes] = []
    tiles: dict[str, bytes] = {}
    while replay.wanted:
        new, full = replay.feed(log.fetch(replay.wanted))
        found += new
        tiles |= {tile.path: data for tile, data in full}
        assert replay.size == len(found)
    tiles |= {tile.path: data for tile, data in replay.finish()}
    assert found == log.entries
    assert tiles == {path: data for path, data in log.served.items() if "entries" not in path}
    with pytest.raises(RootWrongError):
        replay.feed(encode_bundle([b"more"]))
    verify_log(map(log.fetch, bundles_of(size)), log.head)


def test_replay_refuses_another_log() -> None:
    log = MemoryLog(600)
    bundles = [log.fetch(bundle) for bundle in bundles_of(600)]
    changed = encode_bundle([b"entry X", *log.entries[1:256]])
    for bad in (bundles[:-1], [*bundles, bundles[-1]], [changed, *bundles[1:]], [bundles[1], bundles[0], bundles[2]]):
        with pytest.raises(RootWrongError):
            verify_log(bad, log.head)
    with pytest.raises(TileWrongError):
        verify_log([bundles[0][:-1]], log.head)
    with pytest.raises(RootWrongError):
        verify_log(bundles, Checkpoint(log.origin, 600, leaf_hash(b"")))
    with pytest.raises(RootWrongError):
        verify_log([], Checkpoint(log.origin, 0, bytes(32)))
