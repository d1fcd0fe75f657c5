"""Two organisations at a real service: a sender's side and a recipient's, their members' sessions in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.service_process_kit import ServiceProcess
from scelle.app.clock import SystemClock
from scelle.app.randomness import draw
from scelle.base.ids import DeskId, TransferId
from scelle.client.connection import Connection
from scelle.client.home import Home, make_private_folder
from scelle.client.joining import Newcomer, Person, invite_member, join
from scelle.client.outgoing import Order
from scelle.client.oversight import accept, desk_add, desk_seat
from scelle.client.sending import Sent, send
from scelle.client.session import Session
from scelle.client.vault import Vault
from scelle.exchange.invitation import parse_invitation
from scelle.exchange.keys import Role

DESK = DeskId("cnam/tracing")

EVERYTHING = (Role.SENDER, Role.RECIPIENT, Role.OFFICER, Role.DPO)


def now() -> int:
    return SystemClock().now()


class Parties:
    """`alice` sends for aphp, `bob` sits at cnam/tracing; both are administrators and officers of theirs."""

    def __init__(self, folder: Path, service: ServiceProcess) -> None:
        make_private_folder(folder)
        self.service = service
        self.folder = folder
        self._connections: list[Connection] = []
        self.alice = self.enter(service.invite("aphp"), "Alice", EVERYTHING)
        self.bob = self.enter(service.invite("cnam"), "Bob", EVERYTHING)
        desk_add(self.bob, DESK, "Contact tracing")
        desk_seat(self.bob, DESK, self.bob.me.key, seated=True)
        accept(self.bob, (self.alice.me.organisation,))
        self.alice.sync()

    def _connect(self) -> Connection:
        self._connections.append(Connection(self.service.url, now=now, draw=draw, timeout=20))
        return self._connections[-1]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def enter(self, code: str, name: str, roles: tuple[Role, ...] = ()) -> Session:
        """A member who joins with a code; the vault is not locked."""
        folder = self.folder / name
        Home.prepare(folder)
        vault = Vault.create(folder, None, draw=draw)
        newcomer = Newcomer(Person(name, f"{name.lower()}@example.org"), organisation_name=name, roles=roles)
        return join(folder, vault, self._connect(), parse_invitation(code), newcomer, draw=draw, now=now)

    def again(self, session: Session) -> Session:
        """The same member in a new command."""
        home = Home.open(session.home.folder)
        fresh = Session(home, self._connect(), vault=Vault.unlock_plain(home.folder, draw=draw), draw=draw, now=now)
        fresh.sync()
        return fresh

    def invited(self, session: Session, name: str, *roles: Role) -> Session:
        """Another member of the session's organisation."""
        return self.enter(invite_member(session, roles=tuple(roles), desks=()), name)

    def sent(self, *paths: Path, lasts: int = 86400, **order: str | int) -> Sent:
        """What alice sends to bob's desk."""
        self.alice.sync()
        wanted = Order(
            paths=tuple(map(str, paths)),
            desks=(DESK,),
            purpose=str(order.pop("purpose", "Contacts of May")),
            lasts=lasts,
            **order,  # type: ignore[arg-type]
        )
        found = send(self.alice, paths, wanted)
        self.bob.sync()
        return found

    def spool(self, transfer: TransferId) -> list[Path]:
        """Sealed bytes that bob's home keeps of a transfer."""
        return sorted((self.bob.home.incoming / transfer).glob("part-*.sealed"))


@contextmanager
def two_parties(folder: Path, service: ServiceProcess) -> Iterator[Parties]:
    """Both organisations, the desk, and the acceptance."""
    parties = Parties(folder, service)
    try:
        yield parties
    finally:
        parties.close()
