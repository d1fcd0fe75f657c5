"""What overseers do: look at what is held, take back, freeze and lift, and say who belongs where.

The session was synced. Every act is a signed statement, and every answer is held against the logs. What is only the
service's word (the inventory, states of freezes) is said so.
"""

from base64 import b32encode
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from scelle.activity.record import Frozen, Lifted, LiftProposed, Record, TransferRevoked
from scelle.age.errors import AgeError
from scelle.age.file import open_bytes, seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.base.errors import MalformedError, PeerError, ScelleError
from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.client.errors import FreezeAmbiguousError, FreezeUnknownError
from scelle.client.joining import Person, contacts
from scelle.client.listing import catch_up, fetch_transfer, held
from scelle.client.received import keep_proof
from scelle.client.session import Session
from scelle.exchange.acts import Cover, FreezeSet, LiftConfirm, LiftPropose, Revoke
from scelle.exchange.answers import FreezeList, FreezeStatus, InventoryItem
from scelle.exchange.directory import Acceptance, Desk, Member, Organisation, Span
from scelle.exchange.entries import AcceptSet, DeskCreate, DeskRemove, DeskSeat
from scelle.exchange.errors import (
    FreezeStateError,
    LiftLapsedError,
    LiftOfficerError,
    LiftSameOfficerError,
    MemberUnknownError,
    RecordWrongError,
)
from scelle.exchange.freeze import CLOCK_SLACK, PROPOSAL_LASTS, Scope
from scelle.exchange.keys import Role
from scelle.exchange.sealing import pack, unpack
from scelle.exchange.statement import MemberAct, Statement, parse_statement

A = TypeVar("A", bound=MemberAct)

MAX_REASON = 4000
"""Longest reason of a freeze, in characters."""

_MOST_READERS = 16
"""Keys that a reason is sealed to at most: each takes 1.6 KB of a statement that is kept for ever."""

_REASON_READERS = (Role.OFFICER, Role.DPO, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Done:
    """An act that stands in the activity log."""

    index: int
    time: int


def _done(record: Record, index: int) -> Done:
    return Done(index=index, time=record.time)


# --- transfers --------------------------------------------------------------------------------------------------


def inventory(session: Session) -> list[InventoryItem]:
    """Everything that the service says it holds and that concerns one's organisation."""
    return list(held(session))


def revoke(session: Session, transfer: TransferId, organisation: OrgId | None = None) -> Done:
    """Take a transfer back, whole or from one organisation. Raises what the service refuses."""
    kept, _, _ = fetch_transfer(session, transfer)
    cover = parse_statement(kept.cover, Cover, origin=session.trust.origin)
    statement = session.act(Revoke, transfer=transfer, cover=cover.digest, organisation=organisation)
    logged = session.state(f"/v1/transfers/{transfer}/revoke", statement)
    record = session.accept(logged, TransferRevoked, transfer=transfer)
    if record.statement != statement:
        raise RecordWrongError(why="the revocation is not the one that was sent")
    keep_proof(session.home, transfer, "revoked", logged, cover=kept.cover)
    return _done(record, logged.proof.index)


# --- freezes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FreezeView:
    """A freeze. `problem`: why its statement does not verify. `reason`: when one of one's keys opens it.

    `state`, `proposed`, `lifted` are the service's word; who froze what, and who proposed to lift it, is verified.
    """

    freeze: FreezeId
    scope: str
    value: str
    organisation: OrgId
    officer: KeyId
    time: int
    state: str
    reason: str | None
    proposed: int | None
    proposer: KeyId | None
    lifted: int | None
    problem: ScelleError | None = None


def freeze(session: Session, scope: Scope, reason: str) -> tuple[FreezeId, Done]:
    """Freeze a scope at once; the reason can be read by officers, DPOs and administrators of one's organisation.

    Raises MalformedError for a reason that is too long, RoleMissingError, and what the service refuses.
    """
    if len(reason) > MAX_REASON:
        raise MalformedError(what="reason", why=f"longer than {MAX_REASON} characters")
    now = session.now()
    organisation = session.home.config.organisation
    session.directory.require_role(session.home.config.key, Role.OFFICER, now=now)
    freeze_id = FreezeId(b32encode(session.draw(16)).decode().rstrip("=").lower())
    readers = session.directory.members_with(organisation, *_REASON_READERS, now=now)
    keys = [subkey.recipient for subkey in (member.subkey_at(now) for member in readers) if subkey is not None]
    sealed = b""
    if keys:
        recipients = [HybridRecipient(key) for key in keys[:_MOST_READERS]]
        sealed = seal_bytes(
            pack(reason.encode()), recipients, file_key=FileKey(session.draw(16)), nonce=session.draw(16)
        )
    statement = session.act(
        FreezeSet,
        freeze=freeze_id,
        organisation=organisation,
        scope=scope.kind.value,
        value=scope.value,
        reason=sealed,
    )
    logged = session.state("/v1/freezes", statement)
    record = session.accept(logged, Frozen)
    if record.freeze != freeze_id or record.statement != statement:
        raise RecordWrongError(why="the freeze is not the one that was asked for")
    return freeze_id, _done(record, logged.proof.index)


def freezes(session: Session) -> list[FreezeView]:
    """The freezes that concern one's organisation, newest first, each verified as far as it can be."""
    return [_freeze_view(session, status) for status in _freeze_list(session)]


def lift(session: Session, prefix: str) -> tuple[FreezeId, Done]:
    """Propose to lift the freeze whose id begins so. Raises FreezeUnknownError, FreezeAmbiguousError."""
    status = _find_freeze(session, prefix)
    _freeze_statement(session, status)
    statement = session.act(LiftPropose, freeze=status.freeze)
    logged = session.state(f"/v1/freezes/{status.freeze}/lift", statement)
    record = session.accept(logged, LiftProposed)
    if record.freeze != status.freeze or record.statement != statement:
        raise RecordWrongError(why="the proposal is not the one that was made")
    return status.freeze, _done(record, logged.proof.index)


def confirm(session: Session, prefix: str) -> tuple[FreezeId, Done]:
    """Confirm another officer's proposal to lift, after checking who made it and when.

    Raises FreezeUnknownError, FreezeAmbiguousError, FreezeStateError without a proposal, LiftSameOfficerError,
    LiftOfficerError, LiftLapsedError, and what the service refuses.
    """
    status = _find_freeze(session, prefix)
    frozen = _freeze_statement(session, status).act
    if status.proposal is None or status.state != "proposed":
        raise FreezeStateError(state=status.state, event="confirm")
    proposal = _proposal(session, status, frozen)
    if proposal.signers[0] == session.home.config.key:
        raise LiftSameOfficerError
    if not proposal.act.time - CLOCK_SLACK <= session.now() < proposal.act.time + PROPOSAL_LASTS:
        raise LiftLapsedError
    statement = session.act(LiftConfirm, freeze=status.freeze, proposal=proposal.digest)
    logged = session.state(f"/v1/freezes/{status.freeze}/confirm", statement)
    record = session.accept(logged, Lifted)
    if record.freeze != status.freeze or record.statement != statement or record.proposal != status.proposal:
        raise RecordWrongError(why="the lift is not the one that was confirmed")
    return status.freeze, _done(record, logged.proof.index)


def _freeze_list(session: Session) -> tuple[FreezeStatus, ...]:
    return session.connection.call("GET", "/v1/freezes", None, FreezeList).freezes


def _find_freeze(session: Session, prefix: str) -> FreezeStatus:
    prefix = prefix.strip().lower()
    found = [status for status in _freeze_list(session) if status.freeze.startswith(prefix)]
    if not found:
        raise FreezeUnknownError(id=prefix[:40])
    if len(found) > 1:
        raise FreezeAmbiguousError(id=prefix[:40])
    return found[0]


def _officer_statement(session: Session, raw: bytes, kind: type[A]) -> tuple[Statement[A], Member]:
    """A statement whose one signer was a security officer in the directory that it names."""
    statement = parse_statement(raw, kind, origin=session.trust.origin)
    seen = statement.act.seen
    catch_up(session, seen)
    if len(statement.signers) != 1:
        raise RecordWrongError(why="a statement without one signer")
    officer = session.directory.member(KeyId(statement.signers[0]))
    statement.require(officer.public)
    if not session.directory.knows(seen):
        raise RecordWrongError(why="an officer who saw another directory")
    if not session.directory.held_role(officer.key, Role.OFFICER, at=seen.size):
        raise LiftOfficerError(why="not-officer-at-freeze")
    return statement, officer


def _freeze_statement(session: Session, status: FreezeStatus) -> Statement[FreezeSet]:
    statement, officer = _officer_statement(session, status.statement, FreezeSet)
    act = statement.act
    said = (act.freeze, act.scope, act.value, act.organisation, officer.key, officer.organisation)
    if said != (status.freeze, status.scope, status.value, status.organisation, status.officer, status.organisation):
        raise RecordWrongError(why="a freeze that its officer did not state")
    return statement


def _proposal(session: Session, status: FreezeStatus, frozen: FreezeSet) -> Statement[LiftPropose]:
    if status.proposal is None:
        raise FreezeStateError(state=status.state, event="confirm")
    statement, officer = _officer_statement(session, status.proposal, LiftPropose)
    if statement.act.freeze != status.freeze:
        raise RecordWrongError(why="a proposal about another freeze")
    if officer.organisation != frozen.organisation:
        raise LiftOfficerError(why="other-organisation")
    if not session.directory.held_role(officer.key, Role.OFFICER, at=frozen.seen.size):
        raise LiftOfficerError(why="not-officer-at-freeze")
    return statement


def _freeze_view(session: Session, status: FreezeStatus) -> FreezeView:
    reason = proposer = problem = None
    try:
        frozen = _freeze_statement(session, status).act
        reason = _reason(session, frozen)
        if status.proposal is not None:
            proposer = KeyId(_proposal(session, status, frozen).signers[0])
    except (PeerError, MemberUnknownError, LiftOfficerError) as error:
        problem = error
    return FreezeView(
        freeze=status.freeze,
        scope=status.scope,
        value=status.value,
        organisation=status.organisation,
        officer=status.officer,
        time=status.time,
        state=status.state,
        reason=reason,
        proposed=status.proposed,
        proposer=proposer,
        lifted=status.lifted,
        problem=problem,
    )


def _reason(session: Session, frozen: FreezeSet) -> str | None:
    if not frozen.reason:
        return None
    with suppress(AgeError, MalformedError, UnicodeDecodeError):
        return unpack(open_bytes(frozen.reason, list(session.identities().values()))).decode()
    return None


# --- the directory ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemberView:
    """A member of an organisation; `person` when the service told it and it matches what the directory commits to."""

    member: Member
    person: Person | None
    desks: tuple[DeskId, ...]
    writable: bool
    """Whether one of its encryption keys may be written to now."""


@dataclass(frozen=True)
class DeskView:
    """A desk that exists, and the signing keys that sit at it."""

    desk: DeskId
    title: str
    seats: tuple[KeyId, ...]


@dataclass(frozen=True)
class OrganisationView:
    """An organisation as the directory has it. `acceptance`: from whom it accepts, None when it never said."""

    organisation: OrgId
    name: str
    members: int
    desks: tuple[DeskView, ...]
    acceptance: Acceptance | None
    accepts_us: bool


def _present(spans: list[Span]) -> bool:
    return bool(spans) and spans[-1].stop is None


def _desks(organisation: Organisation) -> list[Desk]:
    return [each[-1] for each in organisation.desks.values() if each[-1].span.stop is None]


def members(session: Session) -> list[MemberView]:
    """The members of one's own organisation, with their names and addresses."""
    people = contacts(session)
    now = session.now()
    organisation = session.directory.organisation(session.home.config.organisation)
    found = []
    for member in organisation.members.values():
        desks = tuple(desk.desk for desk in _desks(organisation) if _present(desk.seats.get(member.key, [])))
        writable = now < member.not_after and member.subkey_at(now) is not None
        found.append(MemberView(member=member, person=people.get(member.key), desks=desks, writable=writable))
    return found


def organisations(session: Session) -> list[OrganisationView]:
    """Every organisation of the directory, by id."""
    ours = session.home.config.organisation
    found = []
    for key in sorted(session.directory.organisations):
        organisation = session.directory.organisations[key]
        desks = tuple(
            DeskView(
                desk.desk, desk.title, tuple(sorted(each for each, spans in desk.seats.items() if _present(spans)))
            )
            for desk in sorted(_desks(organisation), key=lambda each: each.desk)
        )
        found.append(
            OrganisationView(
                organisation=organisation.organisation,
                name=organisation.name,
                members=len(organisation.members),
                desks=desks,
                acceptance=organisation.acceptances[-1] if organisation.acceptances else None,
                accepts_us=session.directory.accepts(key, ours),
            )
        )
    return found


def _append(session: Session, statement: bytes) -> int:
    """Append one statement to the directory; returns its index."""
    return session.append([statement])[0].index


def desk_add(session: Session, desk: DeskId, title: str) -> int:
    """A desk begins to exist; returns the index of the directory entry. Raises what the service refuses."""
    return _append(session, session.act(DeskCreate, desk=desk, title=title))


def desk_remove(session: Session, desk: DeskId) -> int:
    """A desk ceases to exist; returns the index of the directory entry."""
    session.directory.desk(desk)
    return _append(session, session.act(DeskRemove, desk=desk))


def desk_seat(session: Session, desk: DeskId, member: KeyId, *, seated: bool) -> int:
    """Give a member a seat at a desk, or take it; returns the index of the directory entry."""
    session.directory.desk(desk)
    session.directory.member(member)
    return _append(session, session.act(DeskSeat, desk=desk, member=member, seated=seated))


def accept(session: Session, accepted: tuple[OrgId, ...] | None) -> int:
    """Say from whom one's organisation accepts transfers (None: everyone), in place of what it said before.

    Returns the index of the directory entry. Raises OrganisationUnknownError.
    """
    for each in accepted or ():
        session.directory.organisation(each)
    statement = session.act(
        AcceptSet,
        organisation=session.home.config.organisation,
        everyone=accepted is None,
        organisations=tuple(sorted(accepted or ())),
    )
    return _append(session, statement)
