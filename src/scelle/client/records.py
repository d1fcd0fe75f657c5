"""Records of the activity log, held against the directory: whoever acted signed it, and was allowed to at the time.

The log shows that the service did not change what it once said; this shows that it did not invent an act.
"""

from dataclasses import dataclass
from typing import Any

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


def needed_size(record: Record, directory: Directory) -> int:
    """Size of the directory that the statements of a record were made under: what `check_record` needs to know."""
    return max((statement.act.seen.size for statement in _statements(record, directory)), default=0)


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
    return tuple(found)


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


def about(error: ScelleError, index: int) -> RecordWrongError:
    """The error for an entry whose record does not hold."""
    why = error.facts.get("why", error.code)
    return RecordWrongError(why=f"entry {index}: {why}")
