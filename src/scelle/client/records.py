"""Records of the activity log, held against the directory: whoever acted signed it, and was allowed to at the time.

The log shows that the service did not change what it once said; this shows that it did not invent an act.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

from scelle.activity.record import (
    AboutTransfer,
    Frozen,
    Lifted,
    LiftProposed,
    Record,
    ReleaseRefused,
    ShareReleased,
    TransferDiscarded,
    TransferOpened,
    TransferRevoked,
    TransferSealed,
    parse_record,
)
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.ids import KeyId, OrgId
from scelle.exchange.acts import Cover, Discard, FreezeSet, LiftConfirm, LiftPropose, Receipt, Revoke, ShareRelease
from scelle.exchange.directory import Directory, Member
from scelle.exchange.errors import RecordWrongError
from scelle.exchange.keys import Role
from scelle.exchange.statement import MemberAct, Statement, parse_statement

BATCH = 512
"""Records that are checked together."""

WORKERS = 2

_ACTS: dict[type[Record], type[MemberAct]] = {
    TransferSealed: Cover,
    ShareReleased: ShareRelease,
    ReleaseRefused: ShareRelease,
    TransferOpened: Receipt,
    TransferDiscarded: Discard,
    TransferRevoked: Revoke,
    Frozen: FreezeSet,
    LiftProposed: LiftPropose,
    Lifted: LiftConfirm,
}


@dataclass(frozen=True)
class Signed:
    """A verified statement inside a record: who made it."""

    act: MemberAct
    member: KeyId
    organisation: OrgId


def read_record(raw: bytes, index: int) -> Record:
    """Parse a record. Raises RecordWrongError that names the entry."""
    try:
        return parse_record(raw)
    except MalformedError as error:
        raise RecordWrongError(why=f"entry {index}: {error.facts['why']}") from None


def check_record(record: Record, directory: Directory) -> tuple[Signed, ...]:
    """Check the statements inside a record; the one that caused it comes first. Others have none.

    Each carries the signature of a member who held the role for it in the directory that they saw, and says what the
    record says. Raises RecordWrongError, SignatureInvalidError, MemberUnknownError and the errors of parsing.
    """
    found = []
    for statement in _statements(record, directory):
        act = statement.act
        if len(statement.signers) != 1:
            raise RecordWrongError(why="a statement without one signer")
        member = directory.member(KeyId(statement.signers[0]))
        statement.require(member.public)
        if not directory.knows(act.seen):
            raise RecordWrongError(why="a statement made under another directory")
        if not _allowed(act, member, directory):
            raise RecordWrongError(why="a statement by a member without the role")
        if not _agrees(record, act):
            raise RecordWrongError(why="a statement about something else")
        found.append(Signed(act=act, member=member.key, organisation=member.organisation))
    if isinstance(record, Lifted):
        _check_lift(record, *found)
    return tuple(found)


def _check_lift(record: Lifted, confirmed: Signed, proposed: Signed) -> None:
    named = isinstance(confirmed.act, LiftConfirm) and confirmed.act.proposal == sha256(record.proposal).digest()
    if not named or confirmed.member == proposed.member or confirmed.organisation != proposed.organisation:
        raise RecordWrongError(why="a lift without two officers of one organisation")


def _statements(record: Record, directory: Directory) -> list[Statement[Any]]:
    kind = _ACTS.get(type(record))
    if kind is None:
        return []
    raw: bytes = getattr(record, "statement")  # noqa: B009 - every record of these kinds has one
    found: list[Statement[Any]] = [parse_statement(raw, kind, origin=directory.origin)]
    if isinstance(record, Lifted):
        found.append(parse_statement(record.proposal, LiftPropose, origin=directory.origin))
    return found


def _allowed(act: MemberAct, member: Member, directory: Directory) -> bool:
    def held(role: Role) -> bool:
        return directory.held_role(member.key, role, at=act.seen.size)

    if isinstance(act, Cover):
        return act.sender == member.key and act.organisation == member.organisation and held(Role.SENDER)
    if isinstance(act, ShareRelease | Receipt | Discard):
        # A sender is addressed by its own transfers, too, without the recipient's role.
        subkey = directory.subkey(act.key)
        return subkey is not None and subkey.member == member.key and (held(Role.RECIPIENT) or held(Role.SENDER))
    if isinstance(act, Revoke):
        return held(Role.SENDER) or held(Role.OFFICER)
    if isinstance(act, FreezeSet):
        return act.organisation == member.organisation and held(Role.OFFICER)
    return held(Role.OFFICER)


def _agrees(record: Record, act: MemberAct) -> bool:
    if isinstance(record, AboutTransfer):
        same = getattr(act, "transfer", None) == record.transfer
        return same and getattr(record, "key", None) in {None, getattr(act, "key", None)}
    return getattr(act, "freeze", None) == getattr(record, "freeze", None)


def check_entry(record: Record, index: int, directory: Directory) -> tuple[Signed, ...]:
    """`check_record` for an entry of the log. Raises RecordWrongError that names the entry."""
    try:
        return check_record(record, directory)
    except ScelleError as error:
        why = error.facts.get("why", error.code)
        raise RecordWrongError(why=f"entry {index}: {why}") from None


class Checker:
    """Checks many records, on both cores: while a signature is verified another record can be read."""

    def __init__(self, directory: Callable[[], Directory], *, grow: Callable[[], None] | None = None) -> None:
        """`grow` brings the directory up to date, for acts that saw a newer one; None when it is all there is."""
        self._directory = directory
        self._grow = grow
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="scelle-records")
        self._waiting: list[tuple[int, Record]] = []
        self.statements = 0
        """Statements that were verified so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, index: int, record: Record) -> None:
        """Take a record. Raises RecordWrongError for it or one before it."""
        self._waiting.append((index, record))
        if len(self._waiting) >= BATCH:
            self.finish()

    def finish(self) -> None:
        """Check what waits. Raises RecordWrongError."""
        batch, self._waiting = self._waiting, []
        try:
            self.statements += self._check(batch)
        except RecordWrongError:
            size = self._directory().size
            if self._grow is None:
                raise
            self._grow()
            if self._directory().size == size:
                raise
            self.statements += self._check(batch)

    def _check(self, batch: Sequence[tuple[int, Record]]) -> int:
        parts = [self._pool.submit(self._count, batch[start::WORKERS]) for start in range(WORKERS)]
        wait(parts)  # nothing may read the directory while it grows
        return sum(part.result() for part in parts)

    def _count(self, batch: Sequence[tuple[int, Record]]) -> int:
        directory = self._directory()
        return sum(len(check_entry(record, index, directory)) for index, record in batch)
