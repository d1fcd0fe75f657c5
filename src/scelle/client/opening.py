"""Opening a transfer: release, download, unpacking, receipt (spec/exchange.md §5; protocol §3, recipient).

    verify cover and envelope → signed request for the release share, under a one-use key in memory → T → manifest →
    parts, sealed bytes kept for going on later → files, checked one by one, in a hidden folder → names → receipt

T, shares and plaintext are never kept: going on after an interruption asks for a new release. The receipt is signed
before the files get their names, and kept, so that the same command sends it when the answer was lost.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scelle.activity.record import ShareReleased, TransferDiscarded, TransferOpened
from scelle.age.errors import AgeError
from scelle.age.file import open_bytes
from scelle.age.hybrid import HybridIdentity
from scelle.base.errors import MalformedError, PeerError
from scelle.base.ids import KeyId, ReleaseShare, TransferId, TransferSeed
from scelle.client.connection import Connection
from scelle.client.dataset_views import check_view
from scelle.client.disk import disk_errors
from scelle.client.errors import CopyThereError
from scelle.client.fetching import PartStream, open_part
from scelle.client.home import Home, write_private
from scelle.client.listing import fetch_transfer, verify_kept
from scelle.client.progress import Progress, silent
from scelle.client.received import (
    OpenedCopy,
    every_copy,
    forget_copy,
    incoming_folder,
    keep_copy,
    keep_proof,
    kept_transfer,
    opened_copies,
)
from scelle.client.session import Session
from scelle.client.unpacking import MANY, PartUnpacker, Staging, check_free, check_room, sync_all
from scelle.exchange.acts import Cover, CoverRecipient, Discard, Receipt, SealedPart, ShareRelease
from scelle.exchange.answers import Released, StatementRequest
from scelle.exchange.cover import accept_cover
from scelle.exchange.errors import (
    ContentWrongError,
    EnvelopeWrongError,
    ManifestWrongError,
    RecordWrongError,
    TransferExpiredError,
    TransferNotFoundError,
    TransferRevokedError,
)
from scelle.exchange.manifest import Manifest, decode_manifest
from scelle.exchange.names import SafePath, safe_paths
from scelle.exchange.retention import check_expiry, parse_collection_date, retention_end
from scelle.exchange.sealing import Envelope, TransferNote, open_envelope, receipt_proof, recover_identity, unpack
from scelle.exchange.statement import parse_statement

MAX_MANIFEST = Manifest.MAX_SIZE + (Manifest.MAX_SIZE >> 3)
"""Largest sealed manifest, in bytes."""


@dataclass(frozen=True)
class Opened:
    """An opened transfer: what is where, and the entry that says so. `until`: end of the source's retention.

    `dataset`, `view`, `batch`, `rows`: what the manifest says of a typed dataset; absent when the files were placed by
    an earlier call.
    """

    transfer: TransferId
    folder: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    size: int
    opened: int
    until: int | None
    receipt_index: int
    dataset: str | None = None
    view: str | None = None
    batch: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Reminder:
    """An opened copy whose source's retention has ended: it is to be deleted, and its deletion attested."""

    transfer: TransferId
    folder: Path
    opened: int
    until: int


@dataclass(frozen=True)
class _Addressed:
    """A verified transfer with one's own entry and envelope."""

    transfer: TransferId
    cover: Cover
    raw: bytes
    digest: bytes
    entry: CoverRecipient
    envelope: Envelope

    @property
    def note(self) -> TransferNote:
        return self.envelope.note


def open_transfer(session: Session, transfer: TransferId, into: Path, *, progress: Progress = silent) -> Opened:
    """Open a transfer into a folder; the session was synced, the home is locked.

    Files get their names when all of them are good; on any error nothing is left in the folder. When the files were
    placed and only the receipt is outstanding, the same call sends it. Raises what the service refuses (FrozenError,
    TransferExpiredError, TransferRevokedError…), what does not verify (PeerError), NetworkError, DiskExistsError when
    a file of one of the names is there, and the other errors of the disk.
    """
    for copy in opened_copies(session.home, transfer):
        if copy.receipted is None:
            if copy.placed or (copy.into / copy.staging).exists() or _all_there(copy):
                return _finish(session, copy)
            forget_copy(session.home, copy)
    tidy(session.home, now=session.now())
    addressed = _addressed(session, transfer)
    folder = incoming_folder(session.home, transfer)
    try:
        copy, manifest = _receive(session, addressed, into, folder, progress)
    except (TransferExpiredError, TransferRevokedError, ManifestWrongError, AgeError):
        _drop_sealed(folder)  # going on later would lead to the same
        raise
    opened = _finish(session, copy)
    return replace(opened, dataset=manifest.dataset, view=manifest.view, batch=manifest.batch, rows=manifest.rows)


# --- before the release -----------------------------------------------------------------------------------------


def _addressed(session: Session, transfer: TransferId) -> _Addressed:
    kept = kept_transfer(session.home, transfer)
    if kept is None or kept.envelope is None:
        kept, cover, detail = fetch_transfer(session, transfer)
        session.save()
        if detail.summary.state in {"destroying", "destroyed"}:
            if detail.summary.reason == "revoked":
                raise TransferRevokedError(whole=1)
            raise TransferExpiredError(expires=cover.expires)
    else:
        cover = verify_kept(session, transfer, kept)
    if kept.key is None or kept.envelope is None:
        raise TransferNotFoundError
    if session.now() >= cover.expires:
        _drop_sealed(incoming_folder(session.home, transfer))
        raise TransferExpiredError(expires=cover.expires)
    identity = session.identities().get(kept.key)
    if identity is None:
        raise EnvelopeWrongError(why="its key is not among this member's keys")
    statement, entry = accept_cover(kept.cover, session.directory, origin=session.trust.origin, key=kept.key)
    envelope = open_envelope(kept.envelope, [identity], cover)
    return _Addressed(transfer, cover, kept.cover, statement.digest, entry, envelope)


def _release(session: Session, addressed: _Addressed) -> HybridIdentity:
    """Ask for the release share, check its entry, and join the halves to T."""
    one_use = HybridIdentity.from_seed(session.draw(32))
    statement = session.act(
        ShareRelease,
        transfer=addressed.transfer,
        cover=addressed.digest,
        key=addressed.entry.key,
        recipient=one_use.recipient().public_key,
    )
    released = session.connection.call(
        "POST",
        f"/v1/transfers/{addressed.transfer}/release",
        StatementRequest(statement=statement),
        Released,
        since=session.since,
    )
    record = session.accept(released.logged, ShareReleased, transfer=addressed.transfer)
    if record.statement != statement or record.key != addressed.entry.key:
        raise RecordWrongError(why="the release is not the one that was asked for")
    keep_proof(session.home, addressed.transfer, "released", released.logged, cover=addressed.raw)
    share = ReleaseShare(open_bytes(released.share, [one_use]))
    return recover_identity(addressed.envelope, share, cover=addressed.cover, entry=addressed.entry)


# --- bytes ------------------------------------------------------------------------------------------------------


class _Receiver:
    """Fetches the sealed parts of one transfer over a connection of its own."""

    def __init__(self, connection: Connection, addressed: _Addressed, folder: Path, progress: Progress) -> None:
        self._connection = connection
        self._base = f"/v1/transfers/{addressed.transfer}/parts"
        self._folder = folder
        self._progress = progress
        self._done = 0
        self._total = addressed.cover.manifest.size + sum(part.size for part in addressed.cover.parts)
        progress(0, self._total)

    def _told(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)

    def _stream(self, number: int, part: SealedPart) -> PartStream:
        return PartStream(
            self._connection,
            f"{self._base}/{number}",
            part,
            name=f"part {number}",
            spool=self._spool(number),
            told=self._told,
        )

    def _spool(self, number: int) -> Path:
        return self._folder / f"part-{number}.sealed"

    def kept(self, numbers: range) -> int:
        """Sealed bytes that are here already."""
        return sum(spool.stat().st_size for spool in map(self._spool, numbers) if spool.exists())

    def open(self, number: int, part: SealedPart, identity: HybridIdentity, unpacker: "PartUnpacker | _Box") -> None:
        """Open a part; bytes that were kept and turn out wrong are fetched once more, by `_ResumedWrongError`."""
        stream = self._stream(number, part)
        before = self._done
        try:
            open_part(stream, identity, unpacker.write)
        except ContentWrongError:
            self._spool(number).unlink(missing_ok=True)
            if stream.resumed:
                self._done = before
                raise _ResumedWrongError from None
            raise
        finally:
            stream.close()
        unpacker.finish()


class _ResumedWrongError(Exception):
    """Kept bytes were altered on the disk: the part is fetched from its beginning."""


class _Box:
    """Takes something small."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, view: memoryview) -> None:
        self.content += view

    def finish(self) -> None:
        """Whatever came is what there is."""

    def close(self) -> None:
        """Nothing is open."""


def _receive(
    session: Session, addressed: _Addressed, into: Path, folder: Path, progress: Progress
) -> tuple[OpenedCopy, Manifest]:
    cover = addressed.cover
    if cover.manifest.size > MAX_MANIFEST:
        raise ManifestWrongError(why="it is too long")
    identity = _release(session, addressed)
    connection = session.connection.another()
    try:
        receiver = _Receiver(connection, addressed, folder, progress)
        manifest = _manifest(receiver, addressed, identity)
        check_view(session, addressed.cover, manifest)
        made = not into.exists()
        with disk_errors(into):
            into.mkdir(parents=True, exist_ok=True)
        try:
            return _unpack(session, addressed, identity, manifest, into.resolve(), receiver, folder), manifest
        except BaseException:
            if made:
                with suppress(OSError):
                    into.rmdir()
            raise
    finally:
        connection.close()


def _manifest(receiver: _Receiver, addressed: _Addressed, identity: HybridIdentity) -> Manifest:
    cover = addressed.cover
    box = _Box()
    try:
        receiver.open(0, cover.manifest, identity, box)
    except _ResumedWrongError:
        box = _Box()
        receiver.open(0, cover.manifest, identity, box)
    try:
        body = unpack(bytes(box.content))
    except MalformedError as error:
        raise ManifestWrongError(why=str(error.facts["why"])) from None
    manifest = decode_manifest(body, addressed.transfer)
    if len(manifest.parts) != len(cover.parts):
        raise ManifestWrongError(why="it has another number of parts than the cover")
    for part, sealed in zip(manifest.parts, cover.parts, strict=True):
        if part.stored > sealed.size:
            raise ManifestWrongError(why="a part is longer than its sealed bytes")
    collected = None if manifest.collected is None else parse_collection_date(manifest.collected)
    check_expiry(cover.expires, collected=collected, retention=manifest.retention)
    return manifest


def _unpack(
    session: Session,
    addressed: _Addressed,
    identity: HybridIdentity,
    manifest: Manifest,
    into: Path,
    receiver: _Receiver,
    folder: Path,
) -> OpenedCopy:
    names = safe_paths([*(file.name for file in manifest.files), *manifest.folders])
    files, folders = names[: len(manifest.files)], names[len(manifest.files) :]
    check_free(into, names)
    cover = addressed.cover
    size = sum(file.size for file in manifest.files)
    sealed = sum(part.size for part in cover.parts)
    check_room(((into, size), (folder, max(0, sealed - receiver.kept(range(1, len(cover.parts) + 1))))))
    staging = Staging(into, f".scelle-{addressed.transfer[:10]}-{addressed.entry.key[:6]}")
    # Whatever happens to this process, the next command finds what it left behind.
    write_private(folder / "staging", os.fsencode(staging.folder))
    copies = opened_copies(session.home, addressed.transfer)
    before = next((each for each in copies if each.into == into), None)
    try:
        places = staging.make(files, folders)
        by_part: list[list[int]] = [[] for _ in manifest.parts]
        for index, file in enumerate(manifest.files):
            by_part[file.part].append(index)
        many = len(files) > MANY and hasattr(os, "sync")
        for number, part in enumerate(manifest.parts):
            listed = [(manifest.files[index], places[index]) for index in by_part[number]]
            for again in (True, False):
                unpacker = PartUnpacker(part, listed, sync=not many)
                try:
                    receiver.open(number + 1, cover.parts[number], identity, unpacker)
                    break
                except _ResumedWrongError:
                    if not again:
                        raise ContentWrongError(name=f"part {number + 1}") from None
                finally:
                    unpacker.close()
        if many:
            sync_all()
        copy = _copy(session, addressed, identity, manifest, staging, files, folders)
        keep_copy(session.home, copy)
        try:
            staging.place()
        except BaseException:
            if before is None:
                forget_copy(session.home, copy)
            else:
                keep_copy(session.home, before)
            raise
    except BaseException:
        staging.remove()
        (folder / "staging").unlink(missing_ok=True)
        raise
    copy = replace(copy, placed=True)
    keep_copy(session.home, copy)
    return copy


def _copy(
    session: Session,
    addressed: _Addressed,
    identity: HybridIdentity,
    manifest: Manifest,
    staging: Staging,
    files: list[SafePath],
    folders: list[SafePath],
) -> OpenedCopy:
    until = None
    if manifest.collected is not None and manifest.retention is not None:
        until = retention_end(parse_collection_date(manifest.collected), manifest.retention)
    proof = receipt_proof(TransferSeed(identity.seed), [file.sha256 for file in manifest.files])
    receipt = session.act(
        Receipt,
        transfer=addressed.transfer,
        key=addressed.entry.key,
        manifest=addressed.cover.manifest.digest,
        proof=proof,
    )
    return OpenedCopy(
        transfer=addressed.transfer,
        key=addressed.entry.key,
        folder=os.fsencode(staging.into),
        staging=staging.folder.name,
        files=tuple("/".join(path) for path in files),
        folders=tuple("/".join(path) for path in folders),
        size=sum(file.size for file in manifest.files),
        opened=session.now(),
        receipt=receipt,
        placed=False,
        until=until,
    )


# --- afterwards -------------------------------------------------------------------------------------------------


def _all_there(copy: OpenedCopy) -> bool:
    """Whether the files have their names: the power went between the last of them and the note about it."""
    return bool(copy.files) and all(os.path.lexists(copy.into / name) for name in copy.files)


def _finish(session: Session, copy: OpenedCopy) -> Opened:
    """Place the files, if that was interrupted, and send the receipt, unless it is proven already."""
    if not copy.placed:
        Staging(copy.into, copy.staging).place()
        copy = replace(copy, placed=True)
        keep_copy(session.home, copy)
    _drop_sealed(session.home.incoming / copy.transfer)
    logged = session.state(f"/v1/transfers/{copy.transfer}/receipt", copy.receipt)
    record = session.accept(logged, TransferOpened, transfer=copy.transfer)
    if record.statement != copy.receipt:
        raise RecordWrongError(why="the receipt is not the one that was sent")
    keep_proof(session.home, copy.transfer, "opened", logged)
    keep_copy(session.home, replace(copy, receipted=logged.proof.index))
    return Opened(
        transfer=copy.transfer,
        folder=copy.into,
        files=copy.files,
        folders=copy.folders,
        size=copy.size,
        opened=copy.opened,
        until=copy.until,
        receipt_index=logged.proof.index,
    )


def _drop_sealed(folder: Path) -> None:
    """Throw away what was kept of an opening."""
    if folder.is_dir():
        with disk_errors(folder):
            for path in (*folder.glob("part-*.sealed"), folder / "staging"):
                path.unlink(missing_ok=True)


def tidy(home: Home, *, now: int) -> None:
    """Remove what interrupted openings left: plaintext always, sealed bytes once the transfer is over.

    The home is locked. What waits to get its names is left alone.
    """
    for folder in home.incoming.iterdir():
        transfer = TransferId(folder.name)
        note = folder / "staging"
        if note.exists() and all(copy.placed for copy in opened_copies(home, transfer)):
            left = Path(os.fsdecode(note.read_bytes()))
            if left.name.startswith(".scelle-"):
                Staging(left.parent, left.name).remove()
            note.unlink(missing_ok=True)
        if not any(folder.glob("part-*.sealed")):
            continue
        kept = kept_transfer(home, transfer)
        expires = 0
        with suppress(PeerError):
            if kept is not None:
                expires = parse_statement(kept.cover, Cover, origin=home.config.origin).act.expires
        if expires <= now and not note.exists():
            _drop_sealed(folder)


def reminders(home: Home, *, now: int) -> list[Reminder]:
    """Every opened copy whose source's retention has ended and whose deletion was not attested."""
    return [
        Reminder(copy.transfer, copy.into, copy.opened, copy.until)
        for copy in every_copy(home)
        if copy.placed and copy.discarded is None and copy.until is not None and copy.until <= now
    ]


def discard(session: Session, transfer: TransferId) -> int:
    """Attest that every opened copy was deleted; returns the index of the log entry. The home is locked.

    Raises CopyThereError while a file of any copy is still where it was put, TransferNotFoundError when one's keys are
    not addressed, and what the service refuses.
    """
    copies = [copy for copy in opened_copies(session.home, transfer) if copy.discarded is None]
    for copy in copies:
        if copy.left is not None:
            raise CopyThereError(path=str(copy.left))
    key = copies[-1].key if copies else _own_key(session, transfer)
    statement = session.act(Discard, transfer=transfer, key=key)
    logged = session.state(f"/v1/transfers/{transfer}/discard", statement)
    record = session.accept(logged, TransferDiscarded, transfer=transfer)
    if record.statement != statement:
        raise RecordWrongError(why="the attestation is not the one that was sent")
    keep_proof(session.home, transfer, "discarded", logged)
    for copy in copies:
        keep_copy(session.home, replace(copy, discarded=session.now()))
    return logged.proof.index


def _own_key(session: Session, transfer: TransferId) -> KeyId:
    kept = kept_transfer(session.home, transfer)
    if kept is None or kept.key is None:
        kept, _, _ = fetch_transfer(session, transfer)
        session.save()
    if kept.key is None:
        raise TransferNotFoundError
    return kept.key
