"""What every use case checks of a statement, and what it answers with."""

from dataclasses import dataclass
from typing import TypeVar

from scelle.activity.record import SALT_SIZE, Record
from scelle.base.errors import MalformedError
from scelle.base.ids import OrgId, TransferId
from scelle.exchange.answers import Logged, Proof
from scelle.exchange.errors import RequestReplayedError
from scelle.exchange.refusals import DirectoryUnseenError, RecordErasedError, StatementClockError
from scelle.exchange.statement import Act, MemberAct, Statement, parse_statement
from scelle.ports import ACTIVITY, Appended, Inclusion, LogPosition, Reading, Writing
from scelle.server.service.core import Asker, Core
from scelle.tlog.errors import LogInconsistentError

A = TypeVar("A", bound=MemberAct)

CLOCKS_DIFFER = 300
"""Seconds by which a statement's time may differ from the service's."""

NONCE_KEPT = 300
"""Seconds for which a spent nonce is remembered: longer than its request's signature is accepted."""


def member_statement(core: Core, asker: Asker, raw: bytes, kind: type[A]) -> Statement[A]:
    """A statement of a kind, signed by the one who asks and nobody else. What needs the moment is in `begin_act`.

    Raises NoteMalformedError, MalformedError, OriginWrongError, SignatureInvalidError.
    """
    statement = parse_statement(raw, kind, origin=core.origin)
    statement.require(asker.member.public)
    return statement


def about(asked: str, named: str) -> None:
    """A statement must name what the request's path names. Raises MalformedError."""
    if asked != named:
        raise MalformedError(what="statement", why="it is about something else than the request")


def check_time(core: Core, act: Act, *, since: int | None = None) -> None:
    """Raises StatementClockError when the author's clock is more than five minutes off.

    `since`: an earlier moment from which on it may have been signed; without one, now.
    """
    now = core.clock.now()
    earliest = now if since is None else min(since, now)
    if not earliest - CLOCKS_DIFFER <= act.time <= now + CLOCKS_DIFFER:
        raise StatementClockError(time=act.time, now=now)


def spend(tx: Writing, asker: Asker) -> None:
    """Spend the request's nonce, and refuse a checkpoint that the log never had, before anything is changed.

    Raises LogInconsistentError, RequestReplayedError.
    """
    size = tx.log_size(ACTIVITY)
    if asker.since > size:
        raise LogInconsistentError(old_size=asker.since, new_size=size, why="the log is shorter")
    if not tx.spend_nonce(asker.member.key, asker.nonce, expires=asker.created + NONCE_KEPT):
        raise RequestReplayedError(key=asker.member.key)


def begin_act(core: Core, tx: Writing, asker: Asker, act: MemberAct, *, since: int | None = None) -> None:
    """Checks of a statement that is not in the log yet, inside the transaction that may put it there.

    `since` as in `check_time`. Raises StatementClockError, DirectoryUnseenError, and as `spend` does.
    """
    check_time(core, act, since=since)
    if not core.directory.knows(act.seen):
        raise DirectoryUnseenError(size=act.seen.size)
    spend(tx, asker)


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry of the activity log with what stands behind it. `again`: a retry found it there."""

    index: int
    record: bytes
    salt: bytes
    again: bool = False


def entered_before(reading: Reading, raw: bytes) -> Entered | None:
    """The entry that a statement produced, if it did: the answer to a retry. Raises RecordErasedError."""
    position = reading.position_of(raw)
    return None if position is None else stored_entry(reading, position.index)


def stored_entry(reading: Reading, index: int) -> Entered:
    """An entry that is there. Raises RecordErasedError."""
    stored = reading.record(index)
    if stored is None or stored.record is None or stored.salt is None:
        raise RecordErasedError(index=index)
    return Entered(index, stored.record, stored.salt, again=True)


def enter(
    core: Core,
    tx: Writing,
    record: Record,
    *,
    organisations: set[OrgId],
    transfer: TransferId | None = None,
    statement: bytes | None = None,
) -> Entered:
    """Append a record to the activity log. `statement`: bound to the entry, so that a retry finds it."""
    raw, salt = record.to_bytes(), core.draw(SALT_SIZE)
    appended = Appended(raw, salt, record.KIND, record.time, transfer, tuple(sorted(organisations)))
    index = tx.append_activity(appended, statements=() if statement is None else (statement,))
    return Entered(index, raw, salt)


def proof_of(inclusion: Inclusion) -> Proof:
    """An inclusion as it travels."""
    return Proof(
        index=inclusion.index,
        checkpoint=inclusion.checkpoint,
        inclusion=inclusion.inclusion,
        consistency=inclusion.consistency,
    )


def logged(core: Core, entered: Entered, *, since: int) -> Logged:
    """An entry, proven under the newest checkpoint. Raises LogInconsistentError for a size that was never reached."""
    inclusion = core.ledger.prove(LogPosition(ACTIVITY, entered.index), since=since)
    return Logged(record=entered.record, salt=entered.salt, proof=proof_of(inclusion))
