"""One log from its files: where they are read from, and the replay that recomputes all of them (spec/log.md §6, §8)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from scelle.client.connection import Connection
from scelle.client.disk import disk_errors
from scelle.client.progress import Progress, silent
from scelle.client.session import MAX_BUNDLE
from scelle.exchange.trust import Head
from scelle.tlog.checkpoint import Checkpoint, open_checkpoint
from scelle.tlog.errors import LogInconsistentError, NoteKeyMalformedError, TileWrongError
from scelle.tlog.note import NoteVerifier, parse_vkey
from scelle.tlog.replay import LogReplay
from scelle.tlog.tiles import Tile
from scelle.tlog.tree import leaf_hashes

DIRECTORY: Final = "directory"
ACTIVITY: Final = "activity"
LOGS: Final = (DIRECTORY, ACTIVITY)

MAX_CHECKPOINT = 65536
MAX_TILE = 8192


class LogSource(Protocol):
    """Where a log's files come from, by the paths of its layout."""

    def read(self, path: str, limit: int) -> bytes:
        """A file of at most `limit` bytes."""
        ...


class ServedLog:
    """A log that a service serves."""

    def __init__(self, connection: Connection, log: str) -> None:
        self._connection = connection
        self._log = log

    def read(self, path: str, limit: int) -> bytes:
        """Raises NetworkError, ServiceAnswerError and problems."""
        return self._connection.fetch(f"/log/{self._log}/{path}", limit=limit)


class FolderLog:
    """A log in an exported folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str, limit: int) -> bytes:
        """Raises DiskMissingError and its kin, TileWrongError for a file that is too long."""
        place = self.folder / path
        with disk_errors(place), place.open("rb") as file:
            found = file.read(limit + 1)
        if len(found) > limit:
            raise TileWrongError(path=path, why="too long")
        return found


def no_keep(_path: str, _data: bytes) -> None:
    """Keep nothing of what was read."""


@dataclass(frozen=True)
class Replayed:
    """A log that holds: its head, and the number of tiles that were compared."""

    checkpoint: Checkpoint
    tiles: int


def open_log(source: LogSource, vkey: str) -> tuple[Checkpoint, bytes]:
    """The log's checkpoint, its signature by the pinned key verified, and the note that it came in."""
    key = parse_vkey(vkey)
    note = source.read("checkpoint", MAX_CHECKPOINT)
    return open_checkpoint(note, origin=key.name, verifiers=[NoteVerifier(key)]).checkpoint, note


def replay_log(
    source: LogSource,
    vkey: str,
    *,
    known: Head | None,
    take: Callable[[int, list[bytes]], None],
    keep: Callable[[str, bytes], None] = no_keep,
    progress: Progress = silent,
    opened: tuple[Checkpoint, bytes] | None = None,
) -> Replayed:
    """Recompute a log from its bundles and compare every tile; `take` is given the entries, `keep` every file read.

    `known`: a head that was verified before, which the log must extend. `opened`: what `open_log` gave, to replay that
    head and no newer one. Raises LogInconsistentError, TileWrongError, RootWrongError, and what the source raises.
    """
    checkpoint, note = opened or open_log(source, vkey)
    if known is not None and known.size > checkpoint.size:
        raise LogInconsistentError(old_size=known.size, new_size=checkpoint.size, why="the log became shorter")
    replay = LogReplay(checkpoint)
    tiles = 0

    def compare(computed: list[tuple[Tile, bytes]]) -> None:
        nonlocal tiles
        for tile, data in computed:
            if source.read(tile.path, MAX_TILE) != data:
                raise TileWrongError(path=tile.path, why="its hashes are not those of the entries")
            keep(tile.path, data)
            tiles += 1

    while (bundle := replay.wanted) is not None:
        start = replay.size
        before = replay.frontier if known is not None and start < known.size <= start + bundle.width else None
        data = source.read(bundle.path, MAX_BUNDLE)
        entries, full = replay.feed(data)
        # First of all the entries must be those of the tree: a damaged file says nothing about the log itself.
        compare(full)
        if replay.wanted is None:
            compare(replay.finish())
        if before is not None and known is not None:
            before.append(leaf_hashes(entries[: known.size - start]))
            if before.root() != known.root:
                raise LogInconsistentError(old_size=known.size, new_size=checkpoint.size, why="other entries than then")
        keep(bundle.path, data)
        take(start, entries)
        progress(replay.size, checkpoint.size)
    if not checkpoint.size:
        compare(replay.finish())
    keep("checkpoint", note)
    return Replayed(checkpoint, tiles)


def log_of(vkey: str) -> tuple[str, str]:
    """The service's origin and the log that a pinned key is for."""
    origin, found, log = parse_vkey(vkey).name.rpartition("/log/")
    if not found or log not in LOGS:
        raise NoteKeyMalformedError(why="not the key of a directory or activity log")
    return origin, log
