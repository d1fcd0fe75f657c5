"""What a sender keeps of a transfer until it is committed, so that the same command can go on (spec/exchange.md §4.2).

    outgoing/<transfer>/state.bin     who, what, T's seed, file keys and nonces; sealed under the vault's state key
    outgoing/<transfer>/<n>.head      the header of part n, whose encapsulation cannot be made twice
    outgoing/<transfer>/<n>.digests   32 bytes for each segment of part n that was about to leave
    outgoing/<transfer>/commit.bin    the request that commits, and the shares in it; sealed likewise

A sealed segment's digest is journaled before its first byte leaves: on going on, a segment that comes out different
is never sent, since that would use a nonce twice.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from scelle.base.errors import MalformedError
from scelle.base.ids import DeskId, TransferId, parse_transfer_id
from scelle.base.wire import Message, data, desk_id, integer, many, nested, text, transfer_id, wire
from scelle.client.disk import disk_errors
from scelle.client.home import Home, make_private_folder, read_private, write_private
from scelle.client.session import STATE_SECRET
from scelle.client.sources import PlannedPart
from scelle.client.vault import Vault
from scelle.exchange.acts import MAX_PARTS, MAX_RECIPIENTS
from scelle.exchange.answers import STATEMENT
from scelle.exchange.manifest import MAX_FILES

_STATE = "state.bin"
_COMMIT = "commit.bin"
_NONCE_SIZE = 12
_ABOUT = b"scelle/v1/outgoing"


@dataclass(frozen=True)
class PartKeys(Message):
    """File key and payload nonce of one sealed file: 16 bytes each, drawn once and never used for other bytes."""

    file_key: bytes = wire(data(16))
    nonce: bytes = wire(data(16))


@dataclass(frozen=True)
class Order(Message):
    """What the person asked for. Two commands with the same order are the same sending."""

    MAX_SIZE: ClassVar[int] = 1 << 30
    paths: tuple[str, ...] = wire(many(text(high=4096), high=MAX_FILES))
    desks: tuple[DeskId, ...] = wire(many(desk_id, high=256))
    purpose: str = wire(text(low=1, high=200))
    lasts: int = wire(integer(low=1))
    """Seconds until expiry that were asked for."""
    collected: str | None = wire(text(high=10), optional=True)
    retention: int | None = wire(integer(), optional=True)
    legal_basis: str | None = wire(text(high=80), optional=True)
    dataset: str | None = wire(text(high=80), optional=True)
    """Profile of a typed dataset; the sender's own key is left out of those."""
    request: bytes | None = wire(data(32), optional=True)
    """Digest of the command that made several transfers at once."""


@dataclass(frozen=True)
class OutgoingState(Message):
    """Everything needed to seal the same bytes again. Secret."""

    MAX_SIZE: ClassVar[int] = 1 << 30
    transfer: TransferId = wire(transfer_id)
    began: int = wire(integer())
    order: Order = wire(nested(Order))
    seed: bytes = wire(data(32))
    parts: tuple[PlannedPart, ...] = wire(many(nested(PlannedPart), low=1, high=MAX_PARTS))
    keys: tuple[PartKeys, ...] = wire(many(nested(PartKeys), low=2, high=MAX_PARTS + 1))
    """Of the manifest first, then of each part."""
    folders: tuple[str, ...] = wire(many(text(high=1024), high=MAX_FILES))


@dataclass(frozen=True)
class PendingCommit(Message):
    """A cover that may have been committed, its envelopes, and the release shares in its order. Secret."""

    MAX_SIZE: ClassVar[int] = 16 << 20
    cover: bytes = wire(STATEMENT)
    envelopes: tuple[bytes, ...] = wire(many(data(high=16384), low=1, high=MAX_RECIPIENTS))
    shares: tuple[bytes, ...] = wire(many(data(32), low=1, high=MAX_RECIPIENTS))


class Outgoing:
    """One transfer on its way out."""

    def __init__(self, folder: Path, state: OutgoingState, vault: Vault, *, draw: Callable[[int], bytes]) -> None:
        self.folder = folder
        self.state = state
        self._cipher = ChaCha20Poly1305(vault.get(STATE_SECRET))
        self._draw = draw

    @classmethod
    def create(cls, home: Home, state: OutgoingState, vault: Vault, *, draw: Callable[[int], bytes]) -> "Outgoing":
        """Write a new state. Durable once it returns."""
        if STATE_SECRET not in vault.names():
            vault.put(STATE_SECRET, draw(32))
        folder = home.outgoing / state.transfer
        make_private_folder(folder)
        made = cls(folder, state, vault, draw=draw)
        made._write(_STATE, state)
        return made

    def _write(self, name: str, message: Message) -> None:
        nonce = self._draw(_NONCE_SIZE)
        about = _ABOUT + name.encode() + self.state.transfer.encode()
        write_private(self.folder / name, nonce + self._cipher.encrypt(nonce, message.encode(), about))

    @property
    def pending(self) -> PendingCommit | None:
        """The commit that may have been sent already."""
        raw = read_private(self.folder / _COMMIT)
        if raw is None:
            return None
        about = _ABOUT + _COMMIT.encode() + self.state.transfer.encode()
        return PendingCommit.decode(self._cipher.decrypt(raw[:_NONCE_SIZE], raw[_NONCE_SIZE:], about))

    def keep_commit(self, pending: PendingCommit) -> None:
        """Keep a commit before it is sent. Durable once it returns."""
        self._write(_COMMIT, pending)

    def drop_commit(self) -> None:
        """Forget a commit that the service refused."""
        erase(self.folder / _COMMIT)

    def journal(self, part: int) -> "Journal":
        """The journal of a sealed file."""
        return Journal(self.folder / f"{part}.digests")

    def erase(self) -> None:
        """Erase the secrets, then remove the folder."""
        for name in (_STATE, _COMMIT):
            erase(self.folder / name)
        shutil.rmtree(self.folder, ignore_errors=True)


def waiting(home: Home, vault: Vault, *, draw: Callable[[int], bytes]) -> Iterator[Outgoing]:
    """The transfers that were begun and not committed; what cannot be read any more is removed."""
    if STATE_SECRET not in vault.names():
        return
    cipher = ChaCha20Poly1305(vault.get(STATE_SECRET))
    for folder in sorted(home.outgoing.iterdir()):
        raw = read_private(folder / _STATE)
        try:
            transfer = parse_transfer_id(folder.name)
            about = _ABOUT + _STATE.encode() + transfer.encode()
            state = OutgoingState.decode(cipher.decrypt((raw or b"")[:_NONCE_SIZE], (raw or b"")[_NONCE_SIZE:], about))
        except (InvalidTag, MalformedError, ValueError):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        yield Outgoing(folder, state, vault, draw=draw)


def erase(path: Path) -> None:
    """Overwrite a small secret file and remove it; nothing when it is not there."""
    with disk_errors(path):
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return
        with path.open("r+b") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


class Journal:
    """The header of a sealed file, and the digests of its segments, each written down before the segment leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        raw = read_private(path) or b""
        self.digests = [raw[place : place + 32] for place in range(0, len(raw) - len(raw) % 32, 32)]

    def head(self, make: Callable[[], bytes]) -> bytes:
        """The header, made once: it holds an encapsulation whose randomness is drawn inside the library."""
        path = self._path.with_suffix(".head")
        known = read_private(path)
        if known is None:
            known = make()
            write_private(path, known)
        return known

    def agree(self, index: int, segment: memoryview) -> bytes | None:
        """Digest of a segment that may be sent; None when another one was written down for its place.

        A digest that is new is durable once this returns.
        """
        digest = sha256(segment).digest()
        if index < len(self.digests):
            return digest if self.digests[index] == digest else None
        self.digests.append(digest)
        with disk_errors(self._path), self._path.open("ab") as file:
            file.truncate(index * 32)  # a torn last digest belonged to a segment that never left
            file.write(digest)
            file.flush()
            os.fsync(file.fileno())
        return digest
