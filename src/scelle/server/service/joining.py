"""Members, invitations and the directory."""

import copy
from collections.abc import Sequence

from scelle.base.ids import KeyId
from scelle.exchange.answers import (
    Contact,
    ContactPage,
    DirectoryAnswer,
    DirectoryRequest,
    JoinRequest,
    Proof,
    ServiceInfo,
)
from scelle.exchange.directory import Member
from scelle.exchange.entries import (
    MemberInvite,
    MemberJoin,
    OrganisationCreate,
    OrganisationInvite,
    SubkeyAdd,
    person_commitment,
)
from scelle.exchange.errors import EntryRefusedError, FrozenError, InvitationInvalidError, StatementRefusedError
from scelle.exchange.freeze import officers_change_allowed
from scelle.exchange.keys import Role, signing_key_id
from scelle.exchange.statement import Act, parse_statement, statement_kind
from scelle.ports import DIRECTORY, ContactRow, LogPosition, Writing
from scelle.server.service.checking import check_time, proof_of, spend
from scelle.server.service.core import Asker, Core
from scelle.server.service.events import Event

_JOINING = (OrganisationCreate.KIND, MemberJoin.KIND)


class Joining:
    """Joining, and changes of the directory.

    The directory grows by one request at a time (`Core.growing`): a copy is grown, the ledger appends the same
    statements in a transaction of their own, and the copy takes the directory's place before the next transaction.
    Nobody sees an entry that is not durable, and a refused statement leaves nothing behind.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def info(self) -> ServiceInfo:
        """What the service says about itself."""
        core = self._core
        return ServiceInfo(
            origin=core.origin,
            version=core.version,
            time=core.clock.now(),
            max_transfer=core.limits.max_transfer,
            max_expiry=core.limits.max_expiry,
            max_own_expiry=core.limits.max_own_expiry,
            max_parts=core.limits.max_parts,
            frozen=core.freezes.whole_service,
        )

    def join(self, request: JoinRequest) -> DirectoryAnswer:
        """Someone with an invitation becomes a member.

        The first statement joins, further ones add encryption keys of the new member. Sent again, it gives the same
        answer. Raises InvitationInvalidError, StatementClockError, StatementRefusedError (also for a contact that is
        not the one committed to).
        """
        kinds = [statement_kind(raw) for raw in request.statements]
        if kinds[0] not in _JOINING or set(kinds[1:]) - {SubkeyAdd.KIND}:
            raise StatementRefusedError(
                kind=kinds[0][:40], why="joining takes one joining statement, then encryption keys"
            )
        return self._grow(request.statements, contact=request.contact)

    def invite(self, statement: bytes) -> Proof:
        """The operator invites a new organisation; signed by the service key. Raises StatementRefusedError."""
        kind = statement_kind(statement)
        if kind != OrganisationInvite.KIND:
            raise StatementRefusedError(kind=kind[:40], why="not an invitation of an organisation")
        return self._grow([statement]).proofs[0]

    def append(self, asker: Asker, request: DirectoryRequest) -> DirectoryAnswer:
        """A member appends statements of their own to the directory, all or none; again: the same answer.

        Raises StatementRefusedError, StatementClockError, RequestReplayedError, and FrozenError for an invitation of a
        security officer while the organisation is frozen (one administrator alone must not make officers who lift).
        """
        return self._grow(request.statements, asker=asker)

    def contacts(self, asker: Asker) -> ContactPage:
        """Names and addresses of the members of the asker's organisation."""
        rows = self._core.ledger.read(lambda reading: reading.contacts(asker.member.organisation))
        return ContactPage(
            contacts=tuple(
                Contact(key=row.key, name=row.name, name_salt=row.name_salt, email=row.email, email_salt=row.email_salt)
                for row in rows
            )
        )

    def _grow(
        self, statements: Sequence[bytes], *, asker: Asker | None = None, contact: Contact | None = None
    ) -> DirectoryAnswer:
        core = self._core
        with core.growing:
            known = core.ledger.read(lambda reading: [reading.position_of(raw) for raw in statements])
            indexes = [position.index for position in known if position is not None]
            if len(indexes) < len(statements):
                indexes = self._append(statements, asker, contact)
        inclusions = [core.ledger.prove(LogPosition(DIRECTORY, index)) for index in indexes]
        return DirectoryAnswer(proofs=tuple(map(proof_of, inclusions)))

    def _append(self, statements: Sequence[bytes], asker: Asker | None, contact: Contact | None) -> list[int]:
        core = self._core
        try:
            core.directory.check(statements[0])  # anybody may ask to join: what is refused must not cost a copy
            grown = copy.deepcopy(core.directory)
            for raw in statements:
                act = grown.append(raw)
                check_time(core, act)
                self._check_author(raw, act, asker, contact)
            row = None if contact is None else _contact_row(grown.member(contact.key), contact)
        except EntryRefusedError as error:
            # Nothing of it is in the log: for its author this is a refusal, not a directory that breaks its rules.
            why = str(error.facts["why"])
            if contact is not None and "invitation" in why:
                raise InvitationInvalidError(why=why) from None
            raise StatementRefusedError(**error.facts) from None

        def action(tx: Writing) -> list[int]:
            if asker is not None:
                spend(tx, asker)
            if row is not None:
                tx.put_contact(row)
            return [tx.append_directory(raw) for raw in statements]

        def publish(_: list[int]) -> None:
            core.directory = grown

        indexes = core.ledger.submit(action, alone=True, then=publish).result()
        core.events(Event.DIRECTORY_GROWN, size=grown.size, count=len(indexes))
        return indexes

    def _check_author(self, raw: bytes, act: Act, asker: Asker | None, contact: Contact | None) -> None:
        if contact is not None:
            _check_joiner(self._core.origin, raw, act, contact)
        elif asker is not None:
            if parse_statement(raw, type(act), origin=self._core.origin).signers != (asker.member.key,):
                raise EntryRefusedError(kind=act.KIND, why="not signed by the one who asks, alone")
            if isinstance(act, MemberInvite) and Role.OFFICER in act.roles:
                self._check_officers(asker)

    def _check_officers(self, asker: Asker) -> None:
        own = asker.member.organisation
        freezes = [freeze for freeze in self._core.freezes.current if freeze.organisation == own]
        if not officers_change_allowed(frozen=bool(freezes), administrators={asker.member.key}):
            raise FrozenError(freeze=freezes[0].id)


def _check_joiner(origin: str, raw: bytes, act: Act, contact: Contact) -> None:
    """All statements of a joining request must be about the one new member."""
    if isinstance(act, OrganisationCreate | MemberJoin):
        author = signing_key_id(act.key)
    else:
        author = KeyId(parse_statement(raw, type(act), origin=origin).signers[0])
    if author != contact.key:
        raise EntryRefusedError(kind=act.KIND, why="the contact is another key's")


def _contact_row(member: Member, contact: Contact) -> ContactRow:
    kept = person_commitment(contact.name, salt=contact.name_salt) == member.person_name
    if not kept or person_commitment(contact.email, salt=contact.email_salt) != member.person_email:
        raise EntryRefusedError(kind=MemberJoin.KIND, why="the contact is not the one that was committed to")
    return ContactRow(
        key=contact.key,
        organisation=member.organisation,
        name=contact.name,
        name_salt=contact.name_salt,
        email=contact.email,
        email_salt=contact.email_salt,
    )
