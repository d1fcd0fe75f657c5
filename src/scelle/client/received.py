"""What this computer keeps about transfers: verified covers, opened copies, proofs.

incoming/<transfer>/kept.json    the verified cover and one's own envelope: neither opens anything by itself
incoming/<transfer>/part-N.sealed, staging   of an opening under way
receipts/<transfer>/copy-<folder>.json  where an opened copy is, and until when it may be: one for each folder
receipts/<transfer>/cover.note, <what>.json  statements and the proven log entries about them
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from scelle.base.errors import MalformedError
from scelle.base.ids import KeyId, TransferId, parse_transfer_id
from scelle.base.wire import Message, boolean, data, integer, key_id, many, text, transfer_id, utf8, wire
from scelle.client.home import Home, HomeCorruptError, make_private_folder, read_private, write_private
from scelle.exchange.answers import Logged
from scelle.exchange.manifest import MAX_FILES
from scelle.exchange.statement import MAX_STATEMENT

_STATEMENT = utf8(high=MAX_STATEMENT)
_PATH = data(high=1 << 16)


@dataclass(frozen=True)
class KeptTransfer(Message):
    """A transfer as it was verified. `index`, `time`: of its entry; `key`, `envelope`: one's own, when addressed."""

    MAX_SIZE: ClassVar[int] = 4 << 20
    index: int = wire(integer())
    time: int = wire(integer())
    cover: bytes = wire(_STATEMENT)
    key: KeyId | None = wire(key_id, optional=True)
    envelope: bytes | None = wire(data(high=16384), optional=True)


@dataclass(frozen=True)
class OpenedCopy(Message):
    """An opened copy. Paths are as the operating system spells them.

    `placed`: the files have their names; until then they wait in `staging`. `receipt`: the signed statement, to be
    sent. `receipted`: index of its log entry. `until`: when the source's retention ends.
    """

    MAX_SIZE: ClassVar[int] = 512 << 20
    transfer: TransferId = wire(transfer_id)
    key: KeyId = wire(key_id)
    folder: bytes = wire(_PATH)
    staging: str = wire(text(high=80))
    files: tuple[str, ...] = wire(many(text(high=1024), high=MAX_FILES))
    folders: tuple[str, ...] = wire(many(text(high=1024), high=MAX_FILES))
    size: int = wire(integer())
    opened: int = wire(integer())
    receipt: bytes = wire(_STATEMENT)
    placed: bool = wire(boolean)
    until: int | None = wire(integer(), optional=True)
    receipted: int | None = wire(integer(), optional=True)
    discarded: int | None = wire(integer(), optional=True)

    @property
    def into(self) -> Path:
        """The folder that it was opened into."""
        return Path(os.fsdecode(self.folder))

    @property
    def left(self) -> Path | None:
        """Something of it that is still on the disk; None when all of it is gone."""
        paths = [self.into / name for name in self.files]
        if not self.placed:
            paths.append(self.into / self.staging)
        return next((path for path in paths if os.path.lexists(path)), None)


def incoming_folder(home: Home, transfer: TransferId) -> Path:
    """Where a transfer being opened is kept; made when it is not there."""
    folder = home.incoming / transfer
    make_private_folder(folder)
    return folder


def _read(path: Path) -> bytes | None:
    if not path.parent.is_dir():
        return None
    return read_private(path)


def keep_transfer(home: Home, transfer: TransferId, kept: KeptTransfer) -> None:
    """Keep what was verified."""
    write_private(incoming_folder(home, transfer) / "kept.json", kept.encode())


def kept_transfer(home: Home, transfer: TransferId) -> KeptTransfer | None:
    """What was verified before; None when there is nothing, or nothing that can be read (it is fetched again)."""
    raw = _read(home.incoming / transfer / "kept.json")
    with suppress(MalformedError):
        return None if raw is None else KeptTransfer.decode(raw)
    return None


COPIES = "copy-*.json"
"""Names of the files about opened copies, in the folder of a transfer's receipts."""


def _copy_name(copy: OpenedCopy) -> str:
    return f"copy-{sha256(copy.folder).hexdigest()[:16]}.json"


def keep_copy(home: Home, copy: OpenedCopy) -> None:
    """Keep what became of the copy in a folder. Durable once it returns."""
    folder = home.receipts / copy.transfer
    make_private_folder(folder)
    write_private(folder / _copy_name(copy), copy.encode())


def opened_copies(home: Home, transfer: TransferId) -> list[OpenedCopy]:
    """The opened copies of a transfer, the newest last. Raises HomeCorruptError."""
    found = []
    for path in sorted((home.receipts / transfer).glob(COPIES)):
        raw = _read(path)
        if raw is None:
            continue
        try:
            found.append(OpenedCopy.decode(raw))
        except MalformedError as error:
            raise HomeCorruptError(path=str(path), why=str(error.facts["why"])) from None
    # By the receipts' log entries, not by the second; what has no receipt yet is the newest.
    return sorted(found, key=lambda copy: (copy.receipted is None, copy.receipted or 0))


def forget_copy(home: Home, copy: OpenedCopy) -> None:
    """Forget a copy that was never placed."""
    (home.receipts / copy.transfer / _copy_name(copy)).unlink(missing_ok=True)


def every_copy(home: Home) -> list[OpenedCopy]:
    """Every opened copy, by transfer id; those of one transfer with the newest last."""
    found = []
    for folder in sorted(home.receipts.iterdir()):
        with suppress(MalformedError):
            found += opened_copies(home, parse_transfer_id(folder.name))
    return found


def keep_proof(home: Home, transfer: TransferId, what: str, logged: Logged, *, cover: bytes | None = None) -> None:
    """Keep a proven log entry (`what`: sealed, released, opened, discarded, revoked), and the cover it belongs to."""
    folder = home.receipts / transfer
    make_private_folder(folder)
    if cover is not None:
        write_private(folder / "cover.note", cover)
    write_private(folder / f"{what}.json", logged.encode())
