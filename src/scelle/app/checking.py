"""Checking a service's data against itself: logs, records, parts and release shares. Nothing is written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from scelle.app.datafolder import LEDGER, PARTS, SLOTS, ServiceMissingError
from scelle.app.service import settings_of_service
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.ids import KeyId, TransferId
from scelle.client.disk import disk_errors
from scelle.exchange.acts import Cover, SealedPart
from scelle.exchange.directory import Directory
from scelle.exchange.entries import ServiceInit
from scelle.exchange.sealing import slot_owner
from scelle.exchange.segments import SegmentHasher
from scelle.exchange.statement import parse_statement
from scelle.exchange.trust import log_origin
from scelle.ports import ACTIVITY, DIRECTORY, BlobStore, LogName, TransferRow
from scelle.server.service.uploads import blob_name
from scelle.storage.audit import Finding, check_ledger, check_types
from scelle.storage.blobs import FolderBlobs
from scelle.storage.database import connect_reader, fault_of
from scelle.storage.errors import StorageInUseError
from scelle.storage.keeper import SLOT, decode_slot
from scelle.storage.ledger import LOCK_NAME
from scelle.storage.ownership import Ownership
from scelle.storage.reading import SqlReading
from scelle.tlog.note import NoteVerifier, parse_note, parse_vkey, verify

_PAGE = 200


def check(folder: Path) -> list[Finding]:
    """What does not hold in a service's data; empty when everything does. Works beside the running service.

    Reads everything that is held, so it takes as long as that. What no row refers to is looked for only while the
    service stands still. Raises ServiceMissingError, settings errors, errors of storage.
    """
    data = Path(settings_of_service(folder).data_dir)
    if not (data / LEDGER).exists():
        raise ServiceMissingError(path=str(data))
    still: Ownership | None = None
    with suppress(StorageInUseError):
        still = Ownership(data / LOCK_NAME)
    try:
        with closing(connect_reader(data / LEDGER)) as db:
            if wrong := check_types(data / LEDGER):
                return wrong
            reading = SqlReading(db)
            try:
                entries = reading.directory_entries(0, reading.log_size(DIRECTORY))
                origin, init = _entry_zero(entries)
            except ScelleError as error:
                return [Finding("directory log", f"entry 0 does not hold: {error}")]
            return [*_logs(data, origin, init), *_directory(origin, entries), *_held(data, reading, origin, still)]
    except sqlite3.Error as error:
        raise fault_of(error, "checking the ledger") from error
    finally:
        if still:
            still.close()


def _entry_zero(entries: list[bytes]) -> tuple[str, ServiceInit]:
    if not entries:
        raise MalformedError(what="directory", why="empty")
    origin = parse_note(entries[0]).text.decode().split("\n")[1]
    statement = parse_statement(entries[0], ServiceInit, origin=origin)
    statement.require(statement.act.service)
    return origin, statement.act


def _logs(data: Path, origin: str, init: ServiceInit) -> list[Finding]:
    verifiers: dict[LogName, NoteVerifier] = {
        DIRECTORY: NoteVerifier(parse_vkey(init.directory_log)),
        ACTIVITY: NoteVerifier(parse_vkey(init.activity_log)),
    }
    origins: dict[LogName, str] = {log: log_origin(origin, log) for log in verifiers}

    def text_of(log: LogName, raw: bytes) -> bytes:
        note = parse_note(raw)
        verify(note, [verifiers[log]])
        return note.text

    return check_ledger(data / LEDGER, origins=origins, verify=text_of)


def _directory(origin: str, entries: list[bytes]) -> Iterator[Finding]:
    directory = Directory(origin)
    for index, entry in enumerate(entries):
        try:
            directory.append(entry)
        except ScelleError as error:
            yield Finding(f"directory entry {index}", f"breaks a rule: {error}")
            return


def _held(data: Path, reading: SqlReading, origin: str, still: Ownership | None) -> Iterator[Finding]:
    """Parts and shares of every transfer that is sealed, and what nothing refers to."""
    blobs = FolderBlobs(data / PARTS) if (data / PARTS).is_dir() else None
    shares = _Slots(data / SLOTS)
    for row in _sealed(reading):
        found = [*_parts(row, origin, blobs), *_shares(row, reading, shares)]
        now = reading.transfer(row.transfer)
        if now is not None and now.state == "sealed":  # else it was destroyed while we looked
            yield from (Finding(f"transfer {row.transfer}", why) for why in found)
    if still is None:
        return
    owned = {slot for slot, _, _ in reading.slots()}
    for slot in shares.in_use():
        if slot not in owned:
            yield Finding(f"slot {slot}", "holds a release share that nothing refers to; the sweeper erases it")
    known = {blob_name(row.transfer, part.number) for row in _all(reading) for part in reading.parts(row.transfer)}
    for name in sorted(set(blobs.names() if blobs else ()) - known):
        yield Finding(f"part {name}", "is held and nothing refers to it; the sweeper deletes it")


def _all(reading: SqlReading) -> Iterator[TransferRow]:
    before: tuple[int, str] | None = None
    while page := reading.held(organisation=None, before=before, limit=_PAGE):
        yield from page
        before = (page[-1].created, page[-1].transfer)


def _sealed(reading: SqlReading) -> Iterator[TransferRow]:
    return (row for row in _all(reading) if row.state == "sealed")


def _parts(row: TransferRow, origin: str, blobs: BlobStore | None) -> Iterator[str]:
    try:
        cover = parse_statement(row.cover or b"", Cover, origin=origin).act
    except ScelleError as error:
        yield f"its cover does not hold: {error}"
        return
    for number, wanted in enumerate((cover.manifest, *cover.parts)):
        why = _part(row.transfer, number, wanted, blobs)
        if why:
            yield f"part {number} {why}"


def _part(transfer: TransferId, number: int, wanted: SealedPart, blobs: BlobStore | None) -> str:
    name = blob_name(transfer, number)
    hasher = SegmentHasher()
    try:
        if blobs is None or (size := blobs.size(name)) != wanted.size:
            return "is missing" if blobs is None else f"has {size} bytes instead of {wanted.size}"
        for piece in blobs.read(name, 0, size):
            hasher.feed(piece)
    except ScelleError as error:
        return f"cannot be read: {error.code}"
    return "" if hasher.digest() == wanted.digest else "is not what the cover signs"


def _shares(row: TransferRow, reading: SqlReading, shares: "_Slots") -> Iterator[str]:
    for recipient in reading.recipients(row.transfer):
        if recipient.slot is not None and not shares.holds(recipient.slot, row.transfer, recipient.key):
            yield f"the release share for key {recipient.key} is not in slot {recipient.slot}"
        if recipient.slot is None and recipient.revoked is None:
            yield f"the release share for key {recipient.key} is gone, and was not revoked"


class _Slots:
    """The slot file, read beside whoever writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, slot: int, transfer: TransferId, key: KeyId) -> bool:
        """Whether a slot holds the share of a recipient key."""
        found = decode_slot(slot, self._read(slot))
        return found is not None and found[0] == slot_owner(transfer, key)

    def in_use(self) -> Iterator[int]:
        """Every slot that holds a share."""
        if not self._path.exists():
            return
        for slot in range(1, self._path.stat().st_size // SLOT):
            if decode_slot(slot, self._read(slot)):
                yield slot

    def _read(self, slot: int) -> bytes:
        if not self._path.exists():
            return b""
        with disk_errors(self._path), self._path.open("rb") as file:
            file.seek(slot * SLOT)
            return file.read(SLOT)
