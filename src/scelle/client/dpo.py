"""What data-protection officers issue to the senders of their organisation: index keys, and leave for wider views.

Both are signed statements that travel as files, by whatever road: the index key inside is sealed to the senders and
officers of the organisation, the leave names what it allows.
"""

from dataclasses import dataclass

from scelle.age.file import open_bytes, seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.base.errors import CallerError, Exit, PeerError
from scelle.base.ids import DeskId, KeyId, OrgId
from scelle.client.session import Session
from scelle.exchange.acts import IndexKeyIssue, ViewCosign
from scelle.exchange.directory import Directory
from scelle.exchange.keys import Role
from scelle.exchange.statement import Statement, parse_statement

INDEX_PREFIX = "index/"
KEY_SIZE = 32


class IndexKeyMissingError(CallerError):
    """The vault holds no index key (of that epoch). Facts: `epoch`."""

    code = "index.key-missing"
    exit_status = Exit.STATE
    http_status = 409


class IndexEpochTakenError(CallerError):
    """There is another index key of that epoch: a second one would make its indexes useless. Facts: `epoch`."""

    code = "index.epoch-taken"
    exit_status = Exit.STATE
    http_status = 409


class DpoStatementError(PeerError):
    """A statement that no data-protection officer of one's organisation made, or made for this. Facts: `why`."""

    code = "dpo.statement"
    exit_status = Exit.REFUSED
    http_status = 422


@dataclass(frozen=True)
class HeldIndexKey:
    """The index key of an epoch."""

    epoch: str
    key: bytes

    def __repr__(self) -> str:
        return f"HeldIndexKey({self.epoch})"


def issue_index_key(session: Session, epoch: str) -> bytes:
    """Draw the index key of an epoch, keep it, and write the statement that takes it to the senders.

    Raises RoleMissingError unless one is a data-protection officer, IndexEpochTakenError.
    """
    now = session.now()
    me = session.directory.require_role(session.me.key, Role.DPO, now=now)
    key = session.draw(KEY_SIZE)
    _must_be_free(session, epoch, key)
    members = session.directory.members_with(me.organisation, Role.DPO, Role.SENDER, now=now)
    subkeys = [subkey for member in members if (subkey := member.subkey_at(now)) is not None]
    recipients = [HybridRecipient(subkey.recipient) for subkey in subkeys]
    sealed = seal_bytes(key, recipients, file_key=FileKey(session.draw(16)), nonce=session.draw(16))
    with session.exclusive():
        session.vault.put(INDEX_PREFIX + epoch, key)
    return session.act(IndexKeyIssue, organisation=me.organisation, epoch=epoch, sealed=sealed)


def take_index_key(session: Session, raw: bytes) -> str:
    """Keep the index key that an officer of one's organisation issued; returns its epoch.

    Raises DpoStatementError, IndexEpochTakenError, and NoMatchError when it is not sealed to one's own key.
    """
    statement = parse_statement(raw, IndexKeyIssue, origin=session.trust.origin)
    _check_dpo(statement.signers, session.directory, statement.act.organisation, statement.act.seen.size)
    statement.require(session.directory.member(KeyId(statement.signers[0])).public)
    if statement.act.organisation != session.me.organisation:
        raise DpoStatementError(why="another organisation's")
    key = open_bytes(statement.act.sealed, list(session.identities().values()))
    if len(key) != KEY_SIZE:
        raise DpoStatementError(why="not an index key")
    _must_be_free(session, statement.act.epoch, key)
    with session.exclusive():
        session.vault.put(INDEX_PREFIX + statement.act.epoch, key)
    return statement.act.epoch


def _must_be_free(session: Session, epoch: str, key: bytes) -> None:
    name = INDEX_PREFIX + epoch
    if name in session.vault.names() and session.vault.get(name) != key:
        raise IndexEpochTakenError(epoch=epoch)


def index_keys(session: Session) -> list[HeldIndexKey]:
    """The index keys in the vault, by epoch."""
    names = [name for name in session.vault.names() if name.startswith(INDEX_PREFIX)]
    return [HeldIndexKey(name.removeprefix(INDEX_PREFIX), session.vault.get(name)) for name in names]


def index_key(session: Session, epoch: str | None) -> HeldIndexKey:
    """The index key of an epoch; without one named, the last by name. Raises IndexKeyMissingError."""
    held = [each for each in index_keys(session) if epoch in (None, each.epoch)]
    if not held:
        raise IndexKeyMissingError(epoch=epoch or "-")
    return held[-1]


def cosign_view(
    session: Session, *, dataset: str, view: str, desks: tuple[DeskId, ...], legal_basis: str, lasts: int
) -> bytes:
    """Allow a wider view for some desks, for `lasts` seconds. Raises RoleMissingError unless one is a DPO."""
    me = session.directory.require_role(session.me.key, Role.DPO, now=session.now())
    return session.act(
        ViewCosign,
        organisation=me.organisation,
        dataset=dataset,
        view=view,
        desks=desks,
        legal_basis=legal_basis,
        expires=session.now() + lasts,
    )


def check_cosign(
    raw: bytes,
    directory: Directory,
    *,
    origin: str,
    organisation: OrgId,
    dataset: str,
    view: str,
    desks: tuple[DeskId, ...],
    now: int | None = None,
) -> Statement[ViewCosign]:
    """Check the leave for a wider view: by a DPO of the sender's organisation, for this dataset, view and desks.

    `now`: for the sender, who may use it only while it lasts; a recipient checks what was sent. Raises
    DpoStatementError and the errors of statements.
    """
    statement = parse_statement(raw, ViewCosign, origin=origin)
    act = statement.act
    _check_dpo(statement.signers, directory, organisation, act.seen.size)
    statement.require(directory.member(KeyId(statement.signers[0])).public)
    if act.organisation != organisation or not directory.knows(act.seen):
        raise DpoStatementError(why="another organisation's")
    if act.dataset != dataset or act.view != view or not set(desks) <= set(act.desks):
        raise DpoStatementError(why="made for another dataset, view or desk")
    if now is not None and now >= act.expires:
        raise DpoStatementError(why="past its end")
    return statement


def _check_dpo(signers: tuple[str, ...], directory: Directory, organisation: OrgId, seen: int) -> None:
    if len(signers) != 1:
        raise DpoStatementError(why="not signed by one officer")
    member = directory.member(KeyId(signers[0]))
    if member.organisation != organisation or not directory.held_role(member.key, Role.DPO, at=seen):
        raise DpoStatementError(why="not by a data-protection officer of the organisation")
