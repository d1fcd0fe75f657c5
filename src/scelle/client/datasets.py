"""Sending a typed dataset: one reading of the source, a sealed copy for each organisation, one index (spec/records.md).

Bytes go up while rows are still being read and checked; nothing is committed before the last check, and after any
failure before that nothing is left, here or at the service. The commits of all transfers are on disk before the first
is sent: broken off among them, the same command goes on with those that are missing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import polars as pl

from scelle.age.hybrid import HybridIdentity
from scelle.base.codec import encode_json
from scelle.base.errors import CallerError, ScelleError
from scelle.base.ids import DeskId, OrgId, TransferId, desk_org
from scelle.client.outgoing import Order, Outgoing, OutgoingState, PartKeys, waiting
from scelle.client.progress import Progress, silent
from scelle.client.pushing import PushedTransfer
from scelle.client.sending import Sent, check_desks, commit, prepare
from scelle.client.session import Session
from scelle.client.sources import PlannedPart
from scelle.exchange.answers import BeginRequest, ServiceInfo, TransferSummary
from scelle.exchange.manifest import IDENTITY, Manifest
from scelle.exchange.sealing import pack

Piece = tuple[str, bytes]

MAX_UNDER_WAY = 86400
"""Seconds after which the service destroys what was begun and not committed."""


class RowSink(Protocol):
    """Makes the files of one copy, or of the index, from checked rows."""

    def feed(self, frame: pl.DataFrame) -> list[Piece]:
        """Pieces (file name, bytes) that the next rows give; pieces of one name are one file."""

    def finish(self) -> list[Piece]:
        """The last pieces."""


@dataclass
class Shipment:
    """One transfer that a dataset sending makes: to desks of one organisation, under a view.

    `transfer`: a fresh id. Asked after the last row: `rows`, how many are sent; `earliest`, the first collection date
    among them; `retention`, seconds for which the source allows to keep them all, from that day.
    """

    transfer: TransferId
    desks: tuple[DeskId, ...]
    purpose: str
    view: str
    sink: RowSink
    lasts: int
    rows: Callable[[], int]
    earliest: Callable[[], date | None]
    retention: Callable[[], int | None]
    legal_basis: str | None = None
    cosign: bytes | None = None
    categories: tuple[str, ...] = ()

    @property
    def organisation(self) -> OrgId:
        """Whose desks they are."""
        return desk_org(self.desks[0])


@dataclass(frozen=True)
class Shipped:
    """A committed transfer of a dataset sending."""

    sent: Sent
    view: str
    rows: int


@dataclass
class _Under:
    shipment: Shipment
    outgoing: Outgoing
    pushed: PushedTransfer
    identity: HybridIdentity


def request_digest(**fields: object) -> bytes:
    """Digest of what was asked for: the same command has the same."""
    return sha256(encode_json({name: str(value) for name, value in fields.items()})).digest()


def left_over(session: Session, request: bytes) -> list[Outgoing]:
    """Transfers of the same command that were about to be committed when it was broken off.

    What was broken off before all commits were on disk, or is too old for the service to know it, is given up here.
    """
    every = waiting(session.home, session.vault, draw=session.draw)
    found = [each for each in every if each.state.order.request == request]
    fresh = all(each.state.began + MAX_UNDER_WAY > session.now() for each in found)
    if fresh and all(each.pending is not None for each in found):
        return found
    for each in found:
        _forget(session, each)
    return []


def commit_left_over(session: Session, outgoing: Sequence[Outgoing]) -> list[Sent]:
    """Commit what was left. Raises network errors, and the first refusal once every other transfer is committed.

    What the service refuses is given up: the same command then sends the dataset anew.
    """
    sent, refused = [], None
    for each in outgoing:
        pending = each.pending
        if pending is None:
            continue
        try:
            sent.append(commit(session, each, pending))
        except CallerError as error:
            _forget(session, each)
            refused = refused or error
    if refused is not None:
        raise refused
    return sent


def _forget(session: Session, outgoing: Outgoing) -> None:
    with suppress(ScelleError):  # the service destroys it within a day anyway
        session.connection.remove(f"/v1/transfers/{outgoing.state.transfer}")
    outgoing.erase()


def ship(
    session: Session,
    batches: Iterator[pl.DataFrame],
    shipments: Sequence[Shipment],
    *,
    dataset: str,
    batch: TransferId,
    paths: Sequence[Path],
    request: bytes,
    progress: Progress = silent,
) -> list[Shipped]:
    """Send every shipment. The session was synced.

    `batches`: checked rows, each handed to every sink in their order; it raises after the last row when the dataset as
    a whole must not go. `batch`: ties the transfers together. Transfers without a row are not sent. Raises what
    `batches` and the sinks raise, network errors, and what the service refuses; then nothing was committed, unless it
    was raised among the commits.
    """
    info = session.connection.ask("/v1/service", ServiceInfo)
    session.check_clock(info.time)
    session.renew_subkey()
    for shipment in shipments:
        check_desks(session, shipment.desks, own=False)
    under: list[_Under] = []
    try:
        for shipment in shipments:
            # One by one, so that those that were begun are known when the next cannot be.
            under.append(_begin(session, shipment, dataset=dataset, paths=paths, request=request))  # noqa: PERF401
        rows = 0
        for frame in batches:
            for each in under:
                _push(each, each.shipment.sink.feed(frame))
            rows += frame.height
            progress(rows, None)
        for each in under:
            _push(each, each.shipment.sink.finish())
            each.pushed.finish()
        ready = [each for each in under if each.shipment.rows()]
        for each in under:
            if each not in ready:
                _give_up(session, each)
        under = ready
        for each in under:
            _keep_commit(session, each, dataset=dataset, batch=batch, info=info)
            each.pushed.close()
    except BaseException:
        for each in under:
            _give_up(session, each)
        raise
    shipped = []
    for each in under:
        pending = each.outgoing.pending
        if pending is None:
            raise RuntimeError("a commit that was kept is gone")
        sent = commit(session, each.outgoing, pending)
        sent = replace(sent, files=len(each.pushed.files), size=each.pushed.size)
        shipped.append(Shipped(sent, each.shipment.view, each.shipment.rows()))
    return shipped


def _push(under: _Under, pieces: Sequence[Piece]) -> None:
    for name, data in pieces:
        under.pushed.write(name, data)


def _begin(session: Session, shipment: Shipment, *, dataset: str, paths: Sequence[Path], request: bytes) -> _Under:
    transfer = shipment.transfer
    order = Order(
        paths=tuple(str(path) for path in paths),
        desks=shipment.desks,
        purpose=shipment.purpose,
        lasts=shipment.lasts,
        legal_basis=shipment.legal_basis,
        dataset=dataset,
        request=request,
    )
    unused = PartKeys(bytes(16), bytes(16))  # the keys of pushed files are drawn when they begin, and not kept
    state = OutgoingState(
        transfer=transfer,
        began=session.now(),
        order=order,
        seed=session.draw(32),
        parts=(PlannedPart(encoding=IDENTITY, files=()),),
        keys=(unused, unused),
        folders=(),
    )
    outgoing = Outgoing.create(session.home, state, session.vault, draw=session.draw)
    try:
        begin = BeginRequest(transfer=transfer, size=0)
        session.connection.call("POST", "/v1/transfers", begin, TransferSummary)
    except ScelleError:
        outgoing.erase()
        raise
    identity = HybridIdentity.from_seed(state.seed)
    return _Under(shipment, outgoing, PushedTransfer(session, transfer, identity.recipient()), identity)


def _give_up(session: Session, under: _Under) -> None:
    under.pushed.close(failed=True)
    _forget(session, under.outgoing)


def _keep_commit(session: Session, under: _Under, *, dataset: str, batch: TransferId, info: ServiceInfo) -> None:
    """Seal the manifest, build the cover, and put the commit on disk."""
    shipment, state = under.shipment, under.outgoing.state
    earliest = shipment.earliest()
    collected = None if earliest is None else min(earliest, session.today).isoformat()
    retention = shipment.retention() if collected is not None else None
    manifest = Manifest(
        transfer=state.transfer,
        parts=tuple(under.pushed.parts),
        files=tuple(under.pushed.files),
        folders=(),
        categories=shipment.categories,
        collected=collected,
        retention=retention,
        legal_basis=shipment.legal_basis,
        dataset=dataset,
        view=shipment.view,
        batch=batch,
        rows=shipment.rows(),
        cosign=shipment.cosign,
    )
    sealed = [under.pushed.seal_manifest(pack(manifest.encode())), *under.pushed.sealed]
    # Only now is it known when the data was collected, which the expiry follows.
    under.outgoing.state = replace(state, order=replace(state.order, collected=collected, retention=retention))
    pending = prepare(session, under.outgoing, under.identity, sealed, manifest, info)
    under.outgoing.keep_commit(pending)
