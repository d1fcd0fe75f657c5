"""The service put together from its settings: adapters, use cases, HTTP, the sweeper."""

import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from threading import Event, Thread
from typing import TextIO

from scelle import __version__
from scelle.app.clock import Clock
from scelle.app.datafolder import LEDGER, PARTS, SLOTS, ServiceMissingError, load_keys, open_ledger
from scelle.app.settings import Mail, Settings
from scelle.client.disk import disk_errors
from scelle.exchange.keys import SigningKey
from scelle.outbox.smtp import SmtpMailer, SmtpSettings
from scelle.server.api import openapi
from scelle.server.api.application import Api
from scelle.server.api.gate import Gate
from scelle.server.api.metrics import Metrics
from scelle.server.api.routes import ROUTES
from scelle.server.api.server import Server, listen, tls_context
from scelle.server.api.services import Services
from scelle.server.service.core import Core, Limits
from scelle.server.service.events import Events
from scelle.server.service.freezing import Freezing
from scelle.server.service.joining import Joining
from scelle.server.service.mailing import Mailing
from scelle.server.service.opening import Opening
from scelle.server.service.oversight import Oversight
from scelle.server.service.sending import Sending
from scelle.server.service.sweeping import Sweeper
from scelle.storage.blobs import FolderBlobs
from scelle.storage.keeper import SlotFileKeeper

_DAY = 86400


class Running:
    """A service whose parts are there. `serve` once, then `close`, which may be called twice."""

    def __init__(
        self, core: Core, api: Api, server: Server, sweeper: Sweeper, bound: socket, settings: Settings
    ) -> None:
        self.core = core
        self.settings = settings
        self._api = api
        self._server = server
        self._sweeper = sweeper
        self._bound = bound
        self._resources = ExitStack()

    @property
    def anchor(self) -> bytes:
        """SHA-256 of directory entry 0: what every invitation carries."""
        return self.core.directory.anchor or b""  # it is there: Core refuses an empty directory

    def serve(self, ready: Callable[[], None]) -> None:
        """Serve and sweep until `stop`; `ready` is called once requests are answered."""
        stop = Event()
        sweeping = Thread(
            target=self._sweeper.run, args=(stop,), kwargs={"seconds": self.settings.sweep_seconds}, name="sweeper"
        )
        sweeping.start()
        try:
            self._server.serve_until_stopped(self._bound, ready=ready)
        finally:
            stop.set()
            self._api.close()
            sweeping.join()

    def stop(self) -> None:
        """Ask for the end, from any thread or a signal handler. Running requests have ten seconds."""
        self._server.stop()

    def close(self) -> None:
        """Close what `build` opened."""
        self._resources.close()


def build(
    settings: Settings, *, clock: Clock, draw: Callable[[int], bytes], events_to: TextIO, debug: bool = False
) -> Running:
    """Open everything and bind the port; nothing is served yet. `debug`: show unforeseen exceptions whole.

    Raises ServiceMissingError, ServiceKeyError, StorageInUseError and the other errors of storage, ListenError,
    CertificateFileError.
    """
    folder = Path(settings.data_dir)
    if not (folder / LEDGER).exists():
        raise ServiceMissingError(path=str(folder))
    keys = load_keys(folder)
    tls = tls_context(settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
    with ExitStack() as stack:
        events = Events(events_to, now=clock.now)
        ledger = open_ledger(folder, keys)
        stack.callback(ledger.close)
        keeper = SlotFileKeeper(folder / SLOTS)
        stack.callback(keeper.close)
        core = Core(
            ledger=ledger,
            keeper=keeper,
            blobs=FolderBlobs(folder / PARTS),
            service_key=keys.service,
            origin=keys.origin,
            limits=_limits(settings),
            clock=clock,
            draw=draw,
            events=events,
            version=__version__,
        )
        stack.callback(core.close)
        bound = listen(settings.listen_address, settings.listen_port)
        stack.callback(bound.close)
        services = _services(core, events, clock, draw, debug=debug)
        gate = Gate(
            lambda: core.directory, public_url=settings.public_url, clock=clock, stand_in=SigningKey(draw(32)).public
        )
        api = Api(
            services,
            gate,
            max_body=settings.limits.max_body_bytes,
            behind_proxy=settings.behind_proxy,
            tls=tls is not None,
            log_requests=settings.log_level in {"debug", "info"},
        )
        sweeper = Sweeper(core, _mailing(core, settings, clock))
        running = Running(core, api, Server(api, tls=tls, unforeseen=services.trace), sweeper, bound, settings)
        running._resources = stack.pop_all()
        return running


def _services(core: Core, events: Events, clock: Clock, draw: Callable[[int], bytes], *, debug: bool) -> Services:
    return Services(
        joining=Joining(core),
        sending=Sending(core),
        opening=Opening(core),
        freezing=Freezing(core),
        oversight=Oversight(core),
        directory=lambda: core.directory,
        events=events,
        metrics=Metrics(),
        clock=clock,
        draw=draw,
        trace=traceback.print_exception if debug else _say_nothing,
        description=openapi.encode(openapi.describe(ROUTES, version=__version__)),
    )


def _say_nothing(_error: BaseException) -> None:
    """The event says that something happened; the text of an exception could hold anything."""


def _limits(settings: Settings) -> Limits:
    given = settings.limits
    return Limits(
        max_transfer=given.max_transfer_bytes,
        max_parts=given.max_parts,
        max_recipients=given.max_recipients,
        max_expiry=given.max_expiry_days * _DAY,
        max_own_expiry=given.max_own_expiry_days * _DAY,
        quota_bytes=given.quota_bytes,
        quota_transfers=given.max_open_transfers,
    )


def _mailing(core: Core, settings: Settings, clock: Clock) -> Mailing | None:
    mail = settings.mail
    if not mail.host:
        return None
    smtp = SmtpSettings(
        host=mail.host,
        port=mail.port,
        sender=mail.sender,
        username=mail.user or None,
        password=_password(mail),
    )
    mailer = SmtpMailer(smtp, now=clock.now)
    return Mailing(core, mailer, address=settings.public_url, language=settings.mail.language)


def _password(mail: Mail) -> str | None:
    if not mail.password_file:
        return None
    path = Path(mail.password_file)
    with disk_errors(path):
        return path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
