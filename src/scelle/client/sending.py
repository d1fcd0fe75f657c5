"""Sending: from paths on this computer to a committed transfer with its proof (spec/exchange.md §4).

The order is what keeps it safe to break off anywhere: the state is on disk before the first byte leaves, the commit is
on disk before it is sent, and the secrets are erased once the commit is proven. The same command again goes on.
"""

import io
from base64 import b32encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Protocol, cast

from scelle.activity.record import TransferSealed
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridIdentity, HybridRecipient
from scelle.base.errors import CallerError, ScelleError
from scelle.base.ids import DeskId, ReleaseShare, TransferId, TransferSeed, desk_org
from scelle.client.errors import SourceChangedError, TooLargeError
from scelle.client.home import make_private_folder, write_private
from scelle.client.outgoing import Order, Outgoing, OutgoingState, PartKeys, PendingCommit, waiting
from scelle.client.progress import Progress, silent
from scelle.client.session import Session
from scelle.client.sources import ZSTD_LEVEL, PartReader, PlannedPart, collect, lay_out, unchanged
from scelle.client.uploading import SegmentDiffersError, upload_sealed
from scelle.exchange.acts import Cover, CoverRecipient, IntakeKey, SealedPart
from scelle.exchange.answers import BeginRequest, CommitRequest, Intake, Logged, ServiceInfo, TransferSummary
from scelle.exchange.directory import Member, Subkey
from scelle.exchange.errors import (
    ContentWrongError,
    CoverWrongError,
    IntakeKeyUnknownError,
    NotAcceptedError,
    TransferNotFoundError,
)
from scelle.exchange.keys import Role
from scelle.exchange.manifest import ZSTD, Manifest, ManifestFile, ManifestPart
from scelle.exchange.padding import padded_size
from scelle.exchange.retention import expiry
from scelle.exchange.sealing import (
    Envelope,
    TransferNote,
    note_digest,
    pack,
    seal_envelope,
    share_commitment,
    split_seed,
    transfer_key_digest,
)
from scelle.exchange.segments import combine
from scelle.exchange.statement import parse_statement

COMPRESSING = 2
"""Threads that compress beside the one that reads and hashes."""

MANIFEST = 0
"""Number of the manifest among the sealed files of a transfer; parts count from 1."""


@dataclass(frozen=True)
class Sent:
    """A committed transfer."""

    transfer: TransferId
    desks: tuple[DeskId, ...]
    recipients: int
    expires: int
    files: int
    size: int
    """Plaintext bytes."""
    sealed_size: int
    index: int
    """Of its entry in the activity log."""


def send(
    session: Session,
    paths: Sequence[Path],
    order: Order,
    *,
    progress: Progress = silent,
    began: Callable[[TransferId, bool], None] = lambda _transfer, _again: None,
) -> Sent:
    """Send files and folders to desks. The session was synced.

    `began` is told the transfer's id before the first byte leaves, and whether an interrupted sending goes on. Raises
    what the directory says about the desks, errors of files and the network, and what the service refuses.
    """
    info = session.connection.ask("/v1/service", ServiceInfo)
    session.check_clock(info.time)
    session.renew_subkey()
    check_desks(session, order.desks)
    _expiry(session, order, info)
    outgoing = _resumed(session, order)
    if outgoing is not None:
        began(outgoing.state.transfer, True)
        try:
            return _carry_through(session, outgoing, info, progress)
        except (SegmentDiffersError, TransferNotFoundError):
            # What was begun cannot be finished: its nonces are spent, or the service has forgotten it.
            _give_up(session, outgoing)
    outgoing = _begin(session, paths, order, info)
    began(outgoing.state.transfer, False)
    try:
        return _carry_through(session, outgoing, info, progress)
    except SourceChangedError:
        _give_up(session, outgoing)
        raise


def check_desks(
    session: Session, desks: Sequence[DeskId], *, own: bool = True
) -> list[tuple[DeskId | None, Member, Subkey]]:
    """The keys to seal to: each member of the desks once, and, with `own`, the sender's."""
    now = session.now()
    me = session.directory.require_role(session.me.key, Role.SENDER, now=now)
    found: dict[str, tuple[DeskId | None, Member, Subkey]] = {}
    for desk in desks:
        recipients = session.directory.recipients(desk, now=now)
        if not session.directory.accepts(desk_org(desk), me.organisation):
            raise NotAcceptedError(organisation=desk_org(desk), sender=me.organisation)
        for member, subkey in recipients:
            found.setdefault(member.key, (desk, member, subkey))
    mine = me.subkey_at(now)
    if own and mine is not None:
        found.setdefault(me.key, (None, me, mine))
    return list(found.values())


def _expiry(session: Session, order: Order, info: ServiceInfo) -> int:
    collected = None if order.collected is None else date.fromisoformat(order.collected)
    own = all(desk_org(desk) == session.me.organisation for desk in order.desks)
    return expiry(
        now=session.now(),
        asked=order.lasts,
        service_maximum=info.max_own_expiry if own else info.max_expiry,
        collected=collected,
        retention=order.retention,
    )


def _resumed(session: Session, order: Order) -> Outgoing | None:
    found = None
    for each in waiting(session.home, session.vault, draw=session.draw):
        too_old = each.state.began + 86400 <= session.now()
        if each.state.order == order and found is None and not too_old:
            if each.pending is not None or all(unchanged(part) for part in each.state.parts):
                found = each
            else:
                _give_up(session, each)
        elif too_old:
            each.erase()  # the service has destroyed its part of it by now
    return found


def _give_up(session: Session, outgoing: Outgoing) -> None:
    with suppress(ScelleError):  # the service destroys it within a day anyway
        session.connection.remove(f"/v1/transfers/{outgoing.state.transfer}")
    outgoing.erase()


def _begin(session: Session, paths: Sequence[Path], order: Order, info: ServiceInfo) -> Outgoing:
    files, folders = collect(paths)
    parts = lay_out(files)
    size = sum(part.size for part in parts)
    if size > info.max_transfer:
        raise TooLargeError(size=size, most=info.max_transfer)
    transfer = fresh_transfer_id(session)
    keys = tuple(PartKeys(session.draw(16), session.draw(16)) for _ in range(len(parts) + 1))
    state = OutgoingState(
        transfer=transfer,
        began=session.now(),
        order=order,
        seed=session.draw(32),
        parts=tuple(parts),
        keys=keys,
        folders=tuple(folders),
    )
    outgoing = Outgoing.create(session.home, state, session.vault, draw=session.draw)
    try:
        begin = BeginRequest(transfer=transfer, size=size)
        session.connection.call("POST", "/v1/transfers", begin, TransferSummary)
    except ScelleError:
        outgoing.erase()
        raise
    return outgoing


def fresh_transfer_id(session: Session) -> TransferId:
    """An id for a new transfer."""
    return TransferId(b32encode(session.draw(16)).decode().rstrip("=").lower())


def _carry_through(session: Session, outgoing: Outgoing, info: ServiceInfo, progress: Progress) -> Sent:
    pending = outgoing.pending
    if pending is not None:
        try:
            return commit(session, outgoing, pending)
        except CallerError:
            outgoing.drop_commit()  # it never arrived, and its time is over: everything else is still there
    state = outgoing.state
    identity = HybridIdentity.from_seed(state.seed)
    sealed, manifest = _upload(session, outgoing, identity.recipient(), progress)
    while True:
        pending = prepare(session, outgoing, identity, sealed, manifest, info)
        outgoing.keep_commit(pending)
        try:
            return commit(session, outgoing, pending)
        except CoverWrongError:
            # A recipient's key may have been replaced while the bytes went up: look once more.
            size = session.directory.size
            session.sync()
            if session.directory.size == size:
                raise


def _upload(
    session: Session, outgoing: Outgoing, recipient: HybridRecipient, progress: Progress
) -> tuple[list[SealedPart], Manifest]:
    state = outgoing.state
    total = sum(part.size for part in state.parts)
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    progress(0, total)
    base = f"/v1/transfers/{state.transfer}"
    connection = session.connection.another()
    parts: list[ManifestPart] = []
    files: list[ManifestFile] = []
    sealed: list[SealedPart] = []
    try:
        for number, (part, keys) in enumerate(zip(state.parts, state.keys[1:], strict=True), start=1):
            connection.create_part(base, number)
            with PartReader(part, told=told) as reader:
                stream = _PaddedStream(part, reader)
                path = f"{base}/parts/{number}"
                sealed.append(upload_sealed(connection, path, outgoing.journal(number), keys, recipient, stream.fill))
                parts.append(ManifestPart(encoding=part.encoding, size=part.size, stored=stream.stored))
                files += _manifest_files(part, reader.digests, number - 1)
        manifest = Manifest(
            transfer=state.transfer,
            parts=tuple(parts),
            files=tuple(files),
            folders=state.folders,
            categories=(),
            collected=state.order.collected,
            retention=state.order.retention,
            legal_basis=state.order.legal_basis,
        )
        connection.create_part(base, MANIFEST)
        body = io.BytesIO(pack(manifest.encode()))
        journal = outgoing.journal(MANIFEST)
        path = f"{base}/parts/{MANIFEST}"
        sealed.insert(0, upload_sealed(connection, path, journal, state.keys[0], recipient, body.readinto))
    finally:
        connection.close()
    return sealed, manifest


def _manifest_files(part: PlannedPart, digests: Sequence[bytes], number: int) -> list[ManifestFile]:
    found, offset = [], 0
    for file, digest in zip(part.files, digests, strict=True):
        found.append(ManifestFile(name=file.name, size=file.size, sha256=digest, part=number, offset=offset))
        offset += file.size
    return found


class _Readable(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


class _PaddedStream:
    """The plaintext of a part: its files, perhaps compressed, then zeros up to the padded size."""

    def __init__(self, part: PlannedPart, reader: PartReader) -> None:
        self._source: _Readable = reader
        if part.encoding == ZSTD:
            import zstandard

            # The output depends on there being threads, not on how many: going on later gives the same bytes.
            compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=COMPRESSING, write_content_size=False)
            self._source = compressor.stream_reader(cast("IO[bytes]", reader), read_size=1 << 20)
        self.stored = 0
        self._padding: int | None = None

    def fill(self, view: memoryview) -> int:
        """Fill the view, or less at the end."""
        done = 0
        while done < len(view) and self._padding is None:
            count = self._source.readinto(view[done:])
            done += count
            self.stored += count
            if not count:
                self._padding = padded_size(self.stored) - self.stored
        if self._padding:
            count = min(len(view) - done, self._padding)
            view[done : done + count] = bytes(count)
            self._padding -= count
            done += count
        return done


def prepare(
    session: Session,
    outgoing: Outgoing,
    identity: HybridIdentity,
    sealed: Sequence[SealedPart],
    manifest: Manifest,
    info: ServiceInfo,
) -> PendingCommit:
    """Build and sign the cover, with an envelope and a fresh release share for each recipient key."""
    state, draw = outgoing.state, session.draw
    session.sync()
    note = TransferNote(
        purpose=state.order.purpose,
        files=len(manifest.files),
        size=sum(file.size for file in manifest.files),
        dataset=state.order.dataset,
    )
    salt = draw(32)
    seed = TransferSeed(state.seed)
    entries, envelopes, shares = [], [], []
    for desk, member, subkey in check_desks(session, state.order.desks, own=state.order.dataset is None):
        share = ReleaseShare(draw(32))
        half = split_seed(seed, share)
        envelope = Envelope(transfer=state.transfer, note=note, salt=salt, share=half)
        raw = seal_envelope(envelope, subkey.recipient, file_key=FileKey(draw(16)), nonce=draw(16))
        entries.append(
            CoverRecipient(
                key=subkey.key,
                member=member.key,
                commitment=share_commitment(state.transfer, subkey.key, share),
                envelope=sealed_part(raw),
                desk=desk,
            )
        )
        envelopes.append(raw)
        shares.append(bytes(share))
    cover = session.act(
        Cover,
        transfer=state.transfer,
        organisation=session.me.organisation,
        sender=session.me.key,
        desks=state.order.desks,
        recipients=tuple(entries),
        expires=_expiry(session, state.order, info),
        manifest=sealed[0],
        parts=tuple(sealed[1:]),
        note=note_digest(note, salt=salt),
        transfer_key=transfer_key_digest(identity.recipient().public_key),
    )
    return PendingCommit(cover=cover, envelopes=tuple(envelopes), shares=tuple(shares))


def sealed_part(raw: bytes) -> SealedPart:
    """Size and digest of a small sealed file: it is its own only segment."""
    from hashlib import sha256

    return SealedPart(size=len(raw), digest=combine(sha256(raw).digest()))


def commit(session: Session, outgoing: Outgoing, pending: PendingCommit) -> Sent:
    """Send a commit that is on disk, check its proof, keep it, and erase the secrets. May be called again."""
    transfer = outgoing.state.transfer
    for again in (True, False):
        request = CommitRequest(
            cover=pending.cover, envelopes=pending.envelopes, shares=_sealed_shares(session, pending)
        )
        try:
            logged = session.connection.call(
                "POST", f"/v1/transfers/{transfer}/commit", request, Logged, since=session.since
            )
            break
        except IntakeKeyUnknownError:
            if not again:
                raise
    record = session.accept(logged, TransferSealed, transfer=transfer)
    if record.statement != pending.cover:
        raise ContentWrongError(name="transfer.sealed")
    folder = session.home.receipts / transfer
    make_private_folder(folder)
    write_private(folder / "cover.note", pending.cover)
    write_private(folder / "sealed.json", logged.encode())
    cover = parse_statement(pending.cover, Cover, origin=session.trust.origin).act
    state = outgoing.state
    sent = Sent(
        transfer=transfer,
        desks=cover.desks,
        recipients=sum(1 for each in cover.recipients if each.desk is not None),
        expires=cover.expires,
        files=sum(len(part.files) for part in state.parts),
        size=sum(part.size for part in state.parts),
        sealed_size=cover.manifest.size + sum(part.size for part in cover.parts),
        index=logged.proof.index,
    )
    outgoing.erase()
    return sent


def _sealed_shares(session: Session, pending: PendingCommit) -> bytes:
    """The release shares in the cover's order, sealed to the service's intake key of today."""
    intake = session.connection.call("GET", "/v1/intake", None, Intake)
    statement = parse_statement(intake.statement, IntakeKey, origin=session.trust.origin)
    statement.require(session.directory.service.service)
    if statement.act.not_after <= session.now():
        raise IntakeKeyUnknownError
    recipient = HybridRecipient(statement.act.recipient)
    return seal_bytes(b"".join(pending.shares), [recipient], file_key=FileKey(session.draw(16)), nonce=session.draw(16))
