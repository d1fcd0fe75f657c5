"""Members by name: who is meant by what a person typed, and what a key is called."""

from typing import TYPE_CHECKING

from scelle.base.errors import CallerError, Exit
from scelle.base.ids import DeskId, KeyId, OrgId, parse_desk_id, parse_org_id
from scelle.cli.words import SHORT

if TYPE_CHECKING:
    from scelle.client.session import Session as Member


class MemberAmbiguousError(CallerError):
    """Several members of one's organisation are called so. Facts: `name`."""

    code = "member.ambiguous"
    exit_status = Exit.USAGE
    http_status = 400


class People:
    """The members of one's own organisation, with the names that match their commitments in the directory."""

    def __init__(self, member: "Member") -> None:
        """Asks the service for the names."""
        from scelle.client.joining import contacts

        self._member = member
        self.organisation = member.home.config.organisation
        self.known = contacts(member)

    def called(self, key: KeyId) -> str:
        """A name, with the beginning of the key; the key alone for members of other organisations."""
        person = self.known.get(key)
        return key[:SHORT] if person is None else f"{person.name} ({key[:SHORT]})"

    def find(self, text: str) -> KeyId:
        """The member of one's organisation with this name, address or beginning of a key.

        Raises MemberUnknownError, MemberAmbiguousError.
        """
        from scelle.exchange.errors import MemberUnknownError

        own = self._member.directory.organisation(self.organisation).members
        wanted = text.strip().casefold()
        named = [
            key
            for key, person in self.known.items()
            if wanted in {person.name.casefold(), person.email.casefold()} - {""}
        ]
        found = named or [key for key in own if wanted and key.startswith(wanted)]
        if len(found) > 1:
            raise MemberAmbiguousError(name=text)
        if not found:
            raise MemberUnknownError(key=text)
        return found[0]


def own_desk(text: str, organisation: OrgId) -> DeskId:
    """A desk as an administrator types it: `tracing` or `cnam/tracing`. Raises MalformedError."""
    if "/" in text:
        return parse_desk_id(text)
    return DeskId(f"{organisation}/{parse_org_id(text)}")
