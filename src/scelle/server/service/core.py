"""What the use cases share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scelle.exchange.directory import Directory, Member
from scelle.exchange.keys import SigningKey
from scelle.ports import BlobStore, Ledger, ShareKeeper
from scelle.server.service.events import Events


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Unix time in whole seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary start."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What the service takes: bytes of a transfer, counts, seconds until expiry, quotas of an organisation."""

    max_transfer: int = 1 << 40
    max_parts: int = 2048
    max_recipients: int = 512
    max_expiry: int = 30 * 86400
    quota_bytes: int = 1 << 41
    quota_transfers: int = 1000
    refusals_per_hour: int = 10


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sent a request, its signature verified and its time judged by the transport.

    `nonce`: 16 bytes, spent in the transaction of a state change. `created`: unix seconds. `since`: size of the
    activity log that the client verified last, 0 when it named none.
    """

    member: Member
    nonce: bytes
    created: int
    since: int = 0


class Core:
    """State and adapters that the use cases share. Close it last."""

    directory: Directory
    """As the ledger has it. Never changed in place: a grown copy takes its place, so ask for it anew each time."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        keeper: ShareKeeper,
        blobs: BlobStore,
        service_key: SigningKey,
        origin: str,
        limits: Limits,
        clock: Clock,
        draw: Callable[[int], bytes],
        events: Events,
        version: str,
    ) -> None:
        """Replays the directory (entry 0 must be there), and takes up freezes and what was broken off."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish releases under way. The adapters are closed by who made them."""
        raise NotImplementedError
