"""Transfers as their sender, a recipient or an overseer sees them, each verified (spec/exchange.md §4.6).

What the sender signed and the log holds is believed; state, times and freezes are the service's word. A transfer that
does not verify is listed as such: hiding it would be what somebody wants who tampered with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from scelle.activity.record import TransferSealed
from scelle.age.errors import AgeError
from scelle.base.errors import MalformedError, PeerError, ScelleError
from scelle.base.ids import DeskId, KeyId, OrgId, TransferId, parse_transfer_id
from scelle.client.errors import TransferAmbiguousError
from scelle.client.received import KeptTransfer, OpenedCopy, keep_transfer, kept_transfer, opened_copies
from scelle.client.session import Session
from scelle.exchange.acts import Cover
from scelle.exchange.answers import (
    InventoryItem,
    InventoryPage,
    RecipientStatus,
    TransferDetail,
    TransferPage,
    TransferSummary,
)
from scelle.exchange.cover import accept_cover
from scelle.exchange.errors import (
    EnvelopeWrongError,
    MemberUnknownError,
    RecordWrongError,
    RoleMissingError,
    TransferNotFoundError,
)
from scelle.exchange.keys import Role
from scelle.exchange.sealing import TransferNote, open_envelope
from scelle.exchange.segments import SegmentHasher
from scelle.exchange.statement import Seen, parse_statement

PAGE = 200

OVERSEERS = frozenset({Role.OFFICER, Role.DPO, Role.AUDITOR, Role.ADMINISTRATOR})
"""Roles that see the transfers of their whole organisation."""


class Box(StrEnum):
    """Which transfers to list."""

    INBOX = "inbox"
    SENT = "sent"
    ORGANISATION = "organisation"


@dataclass(frozen=True)
class TransferView:
    """A transfer. `problem`: why it does not verify; then everything else is the service's word alone.

    `sealed`: time of its log entry, `index` its place, both absent while it is being uploaded. `size`: sealed bytes.
    `note`: when one's own key opens its envelope. `key`: one's own recipient key. `copies`: what was opened on
    this computer. `state`, `reason`, `frozen`, `recipients`: the service's word.
    """

    transfer: TransferId
    organisation: OrgId
    sender: KeyId
    desks: tuple[DeskId, ...]
    created: int
    expires: int
    size: int
    state: str
    reason: str | None
    frozen: bool
    recipients: tuple[RecipientStatus, ...]
    index: int | None = None
    sealed: int | None = None
    note: TransferNote | None = None
    key: KeyId | None = None
    copies: tuple[OpenedCopy, ...] = ()
    problem: ScelleError | None = None

    @property
    def own(self) -> RecipientStatus | None:
        """What became of one's own key, as the service says."""
        return next((each for each in self.recipients if each.key == self.key), None)


def catch_up(session: Session, seen: Seen) -> None:
    """Bring the directory up to date when an act saw a newer one."""
    if seen.size > session.directory.size:
        session.sync()


def verify_kept(session: Session, transfer: TransferId, kept: KeptTransfer) -> Cover:
    """Hold a cover against the directory, and the envelope against the cover.

    Raises CoverWrongError, SignatureInvalidError and the other errors of `accept_cover`, EnvelopeWrongError.
    """
    cover = parse_statement(kept.cover, Cover, origin=session.trust.origin).act
    if cover.transfer != transfer:
        raise RecordWrongError(why="it is about another transfer")
    catch_up(session, cover.seen)
    key = cover.recipients[0].key if kept.key is None else kept.key
    _, entry = accept_cover(kept.cover, session.directory, origin=session.trust.origin, key=key)
    if kept.key is not None and kept.envelope is not None:
        own = session.directory.subkey(kept.key)
        if own is None or own.member != session.home.config.key:
            raise RecordWrongError(why="it names somebody else's key as one's own")
        hasher = SegmentHasher()
        hasher.feed(kept.envelope)
        if len(kept.envelope) != entry.envelope.size or hasher.digest() != entry.envelope.digest:
            raise EnvelopeWrongError(why="it is not the one that the sender signed")
    return cover


def fetch_transfer(session: Session, transfer: TransferId) -> tuple[KeptTransfer, Cover, TransferDetail]:
    """Ask for a transfer and verify it: the entry in the log, the cover, the envelope. It is kept.

    Raises as `verify_kept` and `Session.accept`, TransferNotFoundError, and network errors.
    """
    path = f"/v1/transfers/{transfer}"
    detail = session.connection.call("GET", path, None, TransferDetail, since=session.since)
    if detail.summary.transfer != transfer:
        raise RecordWrongError(why="it is about another transfer")
    record = session.trust.accept_logged(detail.sealed, TransferSealed, transfer=transfer)
    kept = KeptTransfer(
        index=detail.sealed.proof.index,
        time=record.time,
        cover=record.statement,
        key=detail.key,
        envelope=detail.envelope,
    )
    cover = verify_kept(session, transfer, kept)
    keep_transfer(session.home, transfer, kept)
    return kept, cover, detail


def _note(session: Session, kept: KeptTransfer, cover: Cover) -> TransferNote | None:
    identity = None if kept.key is None else session.identities().get(kept.key)
    if kept.envelope is None or identity is None:
        return None  # the key was erased, once every transfer to it had expired
    return open_envelope(kept.envelope, [identity], cover).note


def _view(session: Session, summary: TransferSummary, kept: KeptTransfer | None, cover: Cover | None) -> TransferView:
    view = TransferView(
        transfer=summary.transfer,
        organisation=summary.organisation,
        sender=summary.sender,
        desks=(),
        created=summary.created,
        expires=summary.expires,
        size=summary.size,
        state=summary.state,
        reason=summary.reason,
        frozen=summary.frozen,
        recipients=summary.recipients,
        copies=tuple(opened_copies(session.home, summary.transfer)),
    )
    if kept is None or cover is None:
        return view
    return replace(
        view,
        organisation=cover.organisation,
        sender=cover.sender,
        desks=cover.desks,
        expires=cover.expires,
        size=cover.manifest.size + sum(part.size for part in cover.parts),
        index=kept.index,
        sealed=kept.time,
        note=_note(session, kept, cover),
        key=kept.key,
    )


def _verified(session: Session, summary: TransferSummary) -> TransferView:
    if summary.state == "open":
        return _view(session, summary, None, None)
    try:
        kept = kept_transfer(session.home, summary.transfer)
        if kept is not None:
            cover = verify_kept(session, summary.transfer, kept)
        else:
            kept, cover, _ = fetch_transfer(session, summary.transfer)
        return _view(session, summary, kept, cover)
    except (PeerError, AgeError, MemberUnknownError, TransferNotFoundError) as error:
        return replace(_view(session, summary, None, None), problem=error)


P = TypeVar("P", TransferPage, InventoryPage)


def _pages(session: Session, path: str, kind: type[P]) -> Iterator[P]:
    """The pages of a collection, first to last. `path` has its query; the cursor is added to it."""
    cursor = ""
    while True:
        page = session.connection.call("GET", path + (f"&cursor={cursor}" if cursor else ""), None, kind)
        yield page
        if page.next is None or page.next == cursor:
            return
        cursor = page.next


def summaries(session: Session, box: Box) -> Iterator[TransferSummary]:
    """The service's list of a box, newest first, page by page."""
    for page in _pages(session, f"/v1/transfers?box={box}&limit={PAGE}", TransferPage):
        yield from page.transfers


def held(session: Session) -> Iterator[InventoryItem]:
    """Everything that the service says it holds and that concerns one's organisation, page by page."""
    for page in _pages(session, "/v1/inventory?limit=500", InventoryPage):
        yield from page.items


def listing(session: Session, box: Box, *, most: int | None = None) -> list[TransferView]:
    """The newest transfers of a box, each verified. The session was synced; what was verified is kept."""
    found: list[TransferView] = []
    for summary in summaries(session, box):
        if most is not None and len(found) == most:
            break
        found.append(_verified(session, summary))
    session.save()
    return found


def inbox(session: Session, *, most: int | None = None) -> list[TransferView]:
    """Transfers addressed to one's keys, newest first."""
    return listing(session, Box.INBOX, most=most)


def sent(session: Session, *, most: int | None = None) -> list[TransferView]:
    """Transfers sent by oneself, newest first."""
    return listing(session, Box.SENT, most=most)


def resolve(session: Session, prefix: str) -> TransferId:
    """The transfer whose id begins so. Raises TransferNotFoundError, TransferAmbiguousError."""
    prefix = prefix.strip().lower()
    try:
        return parse_transfer_id(prefix)
    except MalformedError:
        pass
    boxes = [Box.INBOX, Box.SENT]
    if session.me.roles & OVERSEERS:
        boxes.append(Box.ORGANISATION)
    found: set[TransferId] = set()
    for box in boxes:
        try:
            found |= {each.transfer for each in summaries(session, box) if each.transfer.startswith(prefix)}
        except RoleMissingError:
            continue  # somebody who never receives has no inbox
    if not found and session.me.roles & OVERSEERS:
        # What was sent to one's organisation stands in the inventory only.
        found = {each.transfer for each in held(session) if each.transfer.startswith(prefix)}
    if len(found) > 1 or (found and not prefix):
        raise TransferAmbiguousError(id=prefix)
    if not found:
        raise TransferNotFoundError
    return found.pop()


def show(session: Session, prefix: str) -> TransferView:
    """One transfer, asked for anew and verified. Raises as `resolve` does, and what does not verify."""
    transfer = resolve(session, prefix)
    kept, cover, detail = fetch_transfer(session, transfer)
    session.save()
    return _view(session, detail.summary, kept, cover)
