"""Checking a cover: as the service before it seals a transfer, as a recipient before it opens one (spec §4.4, §4.6)."""

from scelle.base.ids import Digest, KeyId, desk_org
from scelle.exchange.acts import Cover, CoverRecipient
from scelle.exchange.directory import Directory, Member
from scelle.exchange.errors import CoverWrongError, NotAcceptedError, TransferNotFoundError
from scelle.exchange.keys import Role
from scelle.exchange.statement import Statement, parse_statement


def _need(condition: bool, why: str) -> None:
    if not condition:
        raise CoverWrongError(why=why)


def check_cover(statement: Statement[Cover], directory: Directory, *, now: int, longest: int) -> Member:
    """The service's check of a cover that is to be committed now; returns the sender.

    `longest`: the service's maximum time until expiry, seconds. Raises CoverWrongError, NotAcceptedError,
    RoleMissingError and the directory's errors for what is unknown.
    """
    cover = statement.act
    sender = directory.require_role(cover.sender, Role.SENDER, now=now)
    statement.require(sender.public)
    _check_author(cover, sender, directory)
    _need(now < cover.expires <= now + longest, "its expiry is past, or later than the service allows")
    _need(len(set(cover.desks)) == len(cover.desks), "a desk stands twice")
    _need(len({each.key for each in cover.recipients}) == len(cover.recipients), "a key stands twice")
    for desk in cover.desks:
        directory.desk(desk)
        if not directory.accepts(desk_org(desk), sender.organisation):
            raise NotAcceptedError(organisation=desk_org(desk), sender=sender.organisation)
    for entry in cover.recipients:
        _check_recipient(entry, cover, directory, now)
    # Who sits at two of the desks is addressed once, and found at both.
    addressed = [each.member for each in cover.recipients if each.desk is not None]
    for desk in cover.desks:
        _need(any(directory.seated(desk, each) for each in addressed), "nobody is addressed at one of its desks")
    return sender


def _check_author(cover: Cover, sender: Member, directory: Directory) -> None:
    """What the service and every recipient check of the author, by the directory that the author saw."""
    _need(sender.organisation == cover.organisation, "the sender belongs to another organisation")
    _need(directory.knows(cover.seen), "its author saw another directory")
    _need(directory.held_role(cover.sender, Role.SENDER, at=cover.seen.size), "its author was no sender")
    _need(cover.time < sender.not_after, "its author's key was past its validity")


def _check_recipient(entry: CoverRecipient, cover: Cover, directory: Directory, now: int) -> None:
    subkey = directory.subkey(entry.key)
    if subkey is None or subkey.member != entry.member:
        raise CoverWrongError(why="a recipient key is unknown")
    _need(subkey.not_before <= now < subkey.not_after, "a recipient key is past its validity")
    member = directory.member(entry.member)
    if entry.desk is None:
        _need(entry.member == cover.sender, "a key without a desk is not the sender's own")
        return
    _need(entry.desk in cover.desks, "a recipient's desk is not addressed")
    _need(directory.seated(entry.desk, entry.member), "a recipient has no seat at its desk")
    _need(Role.RECIPIENT in member.roles and now < member.not_after, "a recipient may not receive")


def accept_cover(
    raw: bytes, directory: Directory, *, origin: str, key: KeyId, logged: Digest | None = None
) -> tuple[Statement[Cover], CoverRecipient]:
    """A recipient's check of a cover that the service gave out; returns it with the entry of the recipient's key.

    The sender must have held the sender's role in the directory that it saw, and have signed. `logged`: digest of
    the cover in the log entry, when known. Raises CoverWrongError, SignatureInvalidError, MemberUnknownError,
    TransferNotFoundError when the key is not listed.
    """
    statement = parse_statement(raw, Cover, origin=origin)
    cover = statement.act
    sender = directory.member(cover.sender)
    statement.require(sender.public)
    _check_author(cover, sender, directory)
    if logged is not None:
        _need(statement.digest == logged, "it is not the one in the log")
    for entry in cover.recipients:
        if entry.key == key:
            return statement, entry
    raise TransferNotFoundError()
