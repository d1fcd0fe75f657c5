"""What the HTTP shell stands on: the use cases, and its own instruments."""

from collections.abc import Callable
from dataclasses import dataclass

from scelle.exchange.directory import Directory
from scelle.server.api.metrics import Metrics
from scelle.server.service.clockguard import Clock
from scelle.server.service.events import Events
from scelle.server.service.freezing import Freezing
from scelle.server.service.joining import Joining
from scelle.server.service.opening import Opening
from scelle.server.service.oversight import Oversight
from scelle.server.service.sending import Sending


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases by topic."""

    joining: Joining
    sending: Sending
    opening: Opening
    freezing: Freezing
    oversight: Oversight
    directory: Callable[[], Directory]
    """The directory as it is now."""
    events: Events
    metrics: Metrics
    clock: Clock
    draw: Callable[[int], bytes]
    trace: Callable[[BaseException], None]
    """Shows an unforeseen exception to a developer; does nothing in production."""
    description: bytes
    """The API description (JSON)."""
