"""Members, invitations and the directory."""

from scelle.exchange.answers import ContactPage, DirectoryAnswer, DirectoryRequest, JoinRequest, Proof, ServiceInfo
from scelle.server.service.core import Asker, Core


class Joining:
    """Joining, and changes of the directory."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def info(self) -> ServiceInfo:
        """What the service says about itself."""
        raise NotImplementedError

    def join(self, request: JoinRequest) -> DirectoryAnswer:
        """Someone with an invitation becomes a member."""
        raise NotImplementedError

    def invite(self, statement: bytes) -> Proof:
        """The operator invites a new organisation, with a statement by the service key."""
        raise NotImplementedError

    def append(self, asker: Asker, request: DirectoryRequest) -> DirectoryAnswer:
        """A member appends statements of their own to the directory, all or none."""
        raise NotImplementedError

    def contacts(self, asker: Asker) -> ContactPage:
        """Names and addresses of the members of the asker's organisation."""
        raise NotImplementedError
