"""What the use cases share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scelle.exchange.directory import Directory, Member
from scelle.exchange.keys import SigningKey
from scelle.ports import DIRECTORY, BlobStore, FreezeRow, Ledger, Reading, ShareKeeper
from scelle.server.service.clockguard import Clock, ClockGuard
from scelle.server.service.departures import Departures
from scelle.server.service.downloads import Downloads
from scelle.server.service.events import Event, Events
from scelle.server.service.freezebook import FreezeBook
from scelle.server.service.intake import IntakeKeys
from scelle.server.service.shares import Shares
from scelle.server.service.uploads import Uploads

RELEASE_THREADS = 2
"""Threads that seal released shares; the rest of a release is the ledger's one writer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the service takes: bytes of a transfer, counts, seconds until expiry (`max_own_expiry`: of what an
    organisation keeps at desks of its own), quotas of an organisation.

    `refusals_per_hour`: refused releases of one key that are logged; more are refused without an entry.
    """

    max_transfer: int = 1 << 40
    max_parts: int = 2048
    max_recipients: int = 512
    max_expiry: int = 30 * 86400
    max_own_expiry: int = 400 * 86400
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
    """State and adapters that the use cases share. Close it before the adapters.

    `growing`: held while the directory grows.
    """

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
        """Replays the directory, whose entry 0 must be there, and erases shares whose erasing was broken off.

        Raises the errors of directory entries and of ports.
        """
        self.ledger = ledger
        self.blobs = blobs
        self.origin = origin
        self.limits = limits
        self.clock = clock
        self.draw = draw
        self.events = events
        self.version = version
        self.clockguard = ClockGuard(clock)
        self.intake = IntakeKeys(service_key=service_key, origin=origin, draw=draw, now=clock.now)
        self.uploads = Uploads(blobs)
        self.departures = Departures()
        self.downloads = Downloads()
        self.shares = Shares(ledger, keeper)
        self.growing = threading.Lock()
        self.directory = Directory(origin)
        self.swept = 0
        """When the sweeper last finished a round, unix seconds; 0 before the first."""
        entries, freezes = ledger.read(_stored)
        for entry in entries:
            # The ledger is the service's own; its tree was checked against the signed root when it was opened.
            self.directory.append(entry, verified=True)
        _ = self.directory.service
        self.freezes = FreezeBook(freezes)
        self.shares.take_up()
        self.releases = ThreadPoolExecutor(RELEASE_THREADS, thread_name_prefix="scelle-release")
        self.events(Event.SERVICE_STARTED, size=self.directory.size, count=len(self.freezes.current))

    def close(self) -> None:
        """Finish releases under way. The adapters are closed by who made them."""
        self.releases.shutdown()
        self.events(Event.SERVICE_STOPPED)


def _stored(reading: Reading) -> tuple[list[bytes], list[FreezeRow]]:
    return reading.directory_entries(0, reading.log_size(DIRECTORY)), reading.freezes(active_only=True)
