"""Who may see a transfer, and how much of it: what is not one's own does not exist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scelle.base.codec import MAX_INTEGER
from scelle.base.errors import MalformedError
from scelle.base.ids import KeyId, OrgId, TransferId, parse_transfer_id
from scelle.exchange.answers import RecipientStatus, TransferSummary
from scelle.exchange.directory import Member
from scelle.exchange.errors import TransferNotFoundError
from scelle.exchange.freeze import FreezeSubject, dpo_desk
from scelle.exchange.keys import Role
from scelle.exchange.refusals import CursorMalformedError
from scelle.ports import Reading, RecipientRow, TransferRow
from scelle.server.service.core import Asker, Core

OVERSIGHT = (Role.OFFICER, Role.DPO, Role.AUDITOR, Role.ADMINISTRATOR)
"""Roles that see what concerns their organisation, and not only what is their own."""

Cursor = tuple[int, str]


def oversees(member: Member) -> bool:
    """Whether a member sees everything that concerns their organisation."""
    return not member.roles.isdisjoint(OVERSIGHT)


def sees_all(core: Core, member: Member) -> bool:
    """Whether a member is an auditor of the host: they see the records and transfers of everybody."""
    return Role.AUDITOR in member.roles and member.organisation == core.directory.service.host


def parties(row: TransferRow, recipients: Iterable[RecipientRow]) -> set[OrgId]:
    """The organisations that a transfer concerns."""
    return {row.organisation, *(each.organisation for each in recipients)}


@dataclass(frozen=True, slots=True)
class View:
    """A transfer as one member sees it. `own`: the rows of the member's own keys; `shown`: those they may know of."""

    row: TransferRow
    recipients: Sequence[RecipientRow]
    own: Sequence[RecipientRow]
    shown: Sequence[RecipientRow]


def look(core: Core, member: Member, row: TransferRow, recipients: Sequence[RecipientRow]) -> View | None:
    """What a member sees of a transfer; None when it does not exist for them."""
    own = [each for each in recipients if each.member == member.key]
    home = [each for each in recipients if each.organisation == member.organisation]
    sends = row.organisation == member.organisation
    if sees_all(core, member) or row.sender == member.key or (sends and oversees(member)):
        return View(row, recipients, own, recipients)
    if own or (home and oversees(member)):
        return View(row, recipients, own, home)
    return None


def view(core: Core, reading: Reading, asker: Asker, transfer: TransferId) -> View:
    """A transfer as the asker sees it. Raises TransferNotFoundError, the same for all that is not theirs."""
    row = reading.transfer(transfer)
    found = None if row is None else look(core, asker.member, row, reading.recipients(transfer))
    if found is None:
        raise TransferNotFoundError()
    return found


def own_transfer(reading: Reading, asker: Asker, transfer: TransferId) -> TransferRow:
    """A transfer that the asker sends. Raises TransferNotFoundError."""
    row = reading.transfer(transfer)
    if row is None or row.sender != asker.member.key:
        raise TransferNotFoundError()
    return row


def subject_of(row: TransferRow, recipients: Iterable[RecipientRow]) -> FreezeSubject:
    """What freezes are held against: the sender's side, and these recipient keys."""
    keys: set[KeyId] = {row.sender}
    desks = set()
    organisations = {row.organisation}
    for each in recipients:
        keys |= {each.member, each.key}
        organisations.add(each.organisation)
        if each.desk is not None:
            desks.add(each.desk)
    return FreezeSubject(
        transfer=row.transfer,
        keys=keys,
        desks=desks,
        organisations=organisations,
        kept_for_dpo=desks == {dpo_desk(row.organisation)},
    )


def status(row: RecipientRow) -> RecipientStatus:
    """What became of a recipient key."""
    return RecipientStatus(
        key=row.key,
        member=row.member,
        organisation=row.organisation,
        desk=row.desk,
        released=row.released,
        opened=row.opened,
        discarded=row.discarded,
        revoked=row.revoked,
    )


def summary(core: Core, seen: View) -> TransferSummary:
    """A line of a list of transfers."""
    row = seen.row
    return TransferSummary(
        transfer=row.transfer,
        organisation=row.organisation,
        sender=row.sender,
        state=row.state,
        created=row.created,
        expires=row.expires,
        size=row.size,
        frozen=bool(core.freezes.matching(subject_of(row, seen.shown))),
        reason=row.reason,
        recipients=tuple(map(status, seen.shown)),
    )


def cursor_after(row: TransferRow) -> str:
    """The cursor of the page that begins after a row."""
    return f"{row.created}.{row.transfer}"


def parse_cursor(text: str | None) -> Cursor | None:
    """Read a cursor that a page gave. Raises CursorMalformedError."""
    if text is None:
        return None
    created, _, transfer = text.partition(".")
    try:
        parse_transfer_id(transfer)
    except MalformedError:
        raise CursorMalformedError() from None
    if not (created.isascii() and created.isdigit() and len(created) <= 16) or int(created) > MAX_INTEGER:
        raise CursorMalformedError()
    return int(created), transfer
