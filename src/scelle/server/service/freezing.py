"""Freezing at once, and lifting by two officers (scelle.exchange.freeze)."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from scelle.activity.record import Frozen, Lifted, LiftProposed, Record
from scelle.base.ids import FreezeId, KeyId, OrgId, TransferId, parse_key_id
from scelle.exchange.acts import FreezeSet, LiftConfirm, LiftPropose
from scelle.exchange.answers import FreezeList, FreezeStatus, Logged
from scelle.exchange.errors import FreezeForeignError, LiftLapsedError, MemberUnknownError
from scelle.exchange.freeze import (
    Freeze,
    FreezeEvent,
    FreezeState,
    Officer,
    Proposal,
    Scope,
    ScopeKind,
    check_may_freeze,
    confirm_lift,
    lapsed,
    propose_lift,
    step,
)
from scelle.exchange.keys import Role
from scelle.exchange.refusals import FreezeNotFoundError
from scelle.ports import FreezeRow, Reading, Writing
from scelle.server.service.checking import (
    Entered,
    about,
    begin_act,
    enter,
    entered_before,
    logged,
    member_statement,
)
from scelle.server.service.core import Asker, Core
from scelle.server.service.events import Event
from scelle.server.service.freezebook import freeze_of
from scelle.server.service.views import parties

MAX_LIST = 500

_Outcome = tuple[Entered, Sequence[FreezeRow]]


class Freezing:
    """What security officers ask."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def freeze(self, asker: Asker, statement: bytes) -> Logged:
        """Freeze a scope: in force before this returns, and from before the ledger is asked.

        Should the ledger fail, what ran was stopped all the same, and the error is answered. Raises the errors of
        statements, RoleMissingError, TransferNotFoundError, FreezeForeignError, MalformedError (a scope that is
        none), StateConflictError (the id is taken), RequestReplayedError.
        """
        core, parsed = self._core, member_statement(self._core, asker, statement, FreezeSet)
        act = parsed.act
        if act.organisation != asker.member.organisation:
            raise FreezeForeignError(scope=f"{act.scope}:{act.value}")
        scope = Scope(ScopeKind(act.scope), act.value)
        before = core.ledger.read(lambda reading: entered_before(reading, statement))
        if before is not None:  # it may have been lifted since: a retry must not freeze again
            return logged(core, before, since=asker.since)
        core.ledger.read(lambda reading: self._check_may_freeze(reading, asker, scope))
        directory_size, now = core.directory.size, core.clock.now()
        intent = Freeze(act.freeze, scope, act.organisation, asker.member.key, directory_size, now, 0)

        def action(tx: Writing) -> _Outcome:
            known = entered_before(tx, statement)
            if known is not None:
                return known, tx.freezes(active_only=True)
            begin_act(core, tx, asker, act)
            self._check_may_freeze(tx, asker, scope)
            record = Frozen(time=now, freeze=act.freeze, statement=statement)
            entered = self._enter(tx, scope, act.organisation, record, statement)
            row = FreezeRow(
                freeze=act.freeze,
                kind=scope.kind.value,
                value=scope.value,
                organisation=act.organisation,
                officer=asker.member.key,
                position=core.directory.size,
                time=now,
                state=FreezeState.ACTIVE.value,
                statement=statement,
                index=entered.index,
            )
            tx.insert_freeze(row)
            return entered, tx.freezes(active_only=True)

        with core.freezes.coming(intent):
            entered, _ = core.ledger.submit(action, then=self._publish).result()
        core.departures.settle()
        if not entered.again:
            core.events(
                Event.FROZEN,
                freeze=act.freeze,
                scope=scope.kind.value,
                organisation=act.organisation,
                key=asker.member.key,
            )
        return logged(core, entered, since=asker.since)

    def _publish(self, outcome: _Outcome) -> None:
        self._core.freezes.replace(outcome[1])

    def _check_may_freeze(self, reading: Reading, asker: Asker, scope: Scope) -> None:
        core = self._core
        check_may_freeze(
            scope,
            organisation=asker.member.organisation,
            is_officer=self._is_officer(asker.member.key),
            host=core.directory.service.host,
            key_organisation=self._organisation_of_key(scope),
            parties=self._parties(reading, scope),
        )

    def _is_officer(self, key: KeyId) -> bool:
        core = self._core
        try:
            member = core.directory.member(key)
        except MemberUnknownError:
            return False
        return Role.OFFICER in member.roles and core.clock.now() < member.not_after

    def _organisation_of_key(self, scope: Scope) -> OrgId | None:
        """Whose signing or encryption key a scope names."""
        if scope.kind is not ScopeKind.KEY:
            return None
        directory, key = self._core.directory, parse_key_id(scope.value)
        subkey = directory.subkey(key)
        try:
            return directory.member(key if subkey is None else subkey.member).organisation
        except MemberUnknownError:
            return None

    def _parties(self, reading: Reading, scope: Scope) -> set[OrgId]:
        """The organisations that a transfer concerns, for a scope that names one."""
        if scope.kind is not ScopeKind.TRANSFER:
            return set()
        transfer = TransferId(scope.value)
        row = reading.transfer(transfer)
        return set() if row is None else parties(row, reading.recipients(transfer))

    def _enter(self, tx: Writing, scope: Scope, organisation: OrgId, record: Record, statement: bytes) -> Entered:
        concerned = {organisation} | self._parties(tx, scope)
        if scope.kind is ScopeKind.SERVICE:
            concerned |= set(self._core.directory.organisations)
        transfer = TransferId(scope.value) if scope.kind is ScopeKind.TRANSFER else None
        return enter(self._core, tx, record, organisations=concerned, transfer=transfer, statement=statement)

    # --- looking --------------------------------------------------------------------------------------------

    def _concerns(self, reading: Reading, asker: Asker, row: FreezeRow) -> bool:
        own = asker.member.organisation
        scope = freeze_of(row).scope
        return own == row.organisation or scope.kind is ScopeKind.SERVICE or own in self._parties(reading, scope)

    def list(self, asker: Asker) -> FreezeList:
        """The freezes that concern the asker's organisation, newest first, MAX_LIST at most."""
        core, now = self._core, self._core.clock.now()

        def query(reading: Reading) -> tuple[Sequence[FreezeRow], Sequence[FreezeRow]]:
            rows = reading.freezes(active_only=False)
            return rows, [row for row in reversed(rows) if self._concerns(reading, asker, row)][:MAX_LIST]

        every, shown = core.ledger.read(query)
        return FreezeList(freezes=tuple(_status(_lapse(row, every, now=now)) for row in shown))

    # --- lifting --------------------------------------------------------------------------------------------

    def _row(self, tx: Writing, asker: Asker, freeze: FreezeId) -> tuple[FreezeRow, Sequence[FreezeRow]]:
        """A freeze, and all freezes. Raises FreezeNotFoundError."""
        row = tx.freeze(freeze)
        if row is None or not self._concerns(tx, asker, row):
            raise FreezeNotFoundError()
        return row, tx.freezes(active_only=False)

    def _officer(self, key: KeyId, row: FreezeRow) -> Officer:
        directory = self._core.directory
        return Officer(
            key=key,
            organisation=directory.member(key).organisation,
            at_freeze=directory.held_role(key, Role.OFFICER, at=row.position),
            at_present=self._is_officer(key),
        )

    def lift(self, asker: Asker, freeze: FreezeId, statement: bytes) -> Logged:
        """Propose to lift a freeze.

        Raises the errors of statements, FreezeNotFoundError, LiftOfficerError, FreezeStateError, RequestReplayedError.
        """
        core = self._core
        act = member_statement(core, asker, statement, LiftPropose).act
        about(freeze, act.freeze)

        def action(tx: Writing) -> Entered:
            before = entered_before(tx, statement)
            if before is not None:
                return before
            row, every = self._row(tx, asker, freeze)
            begin_act(core, tx, asker, act)
            found, now = freeze_of(row), core.clock.now()
            row = _lapse(row, every, now=now)
            state = propose_lift(found, FreezeState(row.state), self._officer(asker.member.key, row))
            record = LiftProposed(time=now, freeze=freeze, statement=statement)
            entered = self._enter(tx, found.scope, row.organisation, record, statement)
            tx.update_freeze(
                replace(
                    row,
                    state=state.value,
                    proposal=statement,
                    proposer=asker.member.key,
                    proposed=now,
                    proposal_index=entered.index,
                )
            )
            return entered

        entered = core.ledger.submit(action).result()
        if not entered.again:
            core.events(Event.LIFT_PROPOSED, freeze=freeze, key=asker.member.key)
        return logged(core, entered, since=asker.since)

    def confirm(self, asker: Asker, freeze: FreezeId, statement: bytes) -> Logged:
        """Confirm a proposal: the freeze no longer holds.

        Raises the errors of statements, FreezeNotFoundError, FreezeStateError, LiftOfficerError, LiftSameOfficerError,
        LiftLapsedError (also for a proposal that is not the present one), RequestReplayedError.
        """
        core = self._core
        act = member_statement(core, asker, statement, LiftConfirm).act
        about(freeze, act.freeze)

        def action(tx: Writing) -> _Outcome:
            before = entered_before(tx, statement)
            if before is not None:
                return before, tx.freezes(active_only=True)
            row, every = self._row(tx, asker, freeze)
            begin_act(core, tx, asker, act)
            found, now = freeze_of(row), core.clock.now()
            proposal = row.proposal
            if proposal is None or row.proposer is None or row.proposed is None:
                step(FreezeState(row.state), FreezeEvent.CONFIRM)
                raise LiftLapsedError()
            if sha256(proposal).digest() != act.proposal:
                raise LiftLapsedError()
            state = confirm_lift(
                found,
                FreezeState(row.state),
                _proposal(row, row.proposer, row.proposed),
                proposer=self._officer(row.proposer, row),
                confirmer=self._officer(asker.member.key, row),
                now=now,
                others=[freeze_of(each) for each in every],
            )
            record = Lifted(time=now, freeze=freeze, proposal=proposal, statement=statement)
            entered = self._enter(tx, found.scope, row.organisation, record, statement)
            tx.update_freeze(replace(row, state=state.value, lifted=now))
            return entered, tx.freezes(active_only=True)

        entered, _ = core.ledger.submit(action, then=self._publish).result()
        if not entered.again:
            core.events(Event.LIFTED, freeze=freeze, key=asker.member.key)
        return logged(core, entered, since=asker.since)


def _proposal(row: FreezeRow, proposer: KeyId, proposed: int) -> Proposal:
    return Proposal(freeze=row.freeze, officer=proposer, time=proposed, order=row.proposal_index or 0)


def _lapse(row: FreezeRow, every: Sequence[FreezeRow], *, now: int) -> FreezeRow:
    """The row with a lapsed proposal stepped back to an active freeze; the proposal itself stays to be seen."""
    if row.state != FreezeState.PROPOSED.value or row.proposer is None or row.proposed is None:
        return row
    proposal, others = _proposal(row, row.proposer, row.proposed), [freeze_of(each) for each in every]
    if not lapsed(proposal, freeze_of(row), now=now, others=others):
        return row
    return replace(row, state=step(FreezeState.PROPOSED, FreezeEvent.LAPSE).value)


def _status(row: FreezeRow) -> FreezeStatus:
    return FreezeStatus(
        freeze=row.freeze,
        scope=row.kind,
        value=row.value,
        organisation=row.organisation,
        officer=row.officer,
        time=row.time,
        state=row.state,
        statement=row.statement,
        proposal=row.proposal,
        proposed=row.proposed,
        lifted=row.lifted,
    )
