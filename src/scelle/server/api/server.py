"""The HTTP server around the application: uvicorn in this process, with our protocol (decision 0002)."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from scelle.base.errors import CallerError, Exit
from scelle.server.api.application import Api
from scelle.server.api.protocol import LimitedProtocol

GRACE = 10
"""Seconds that running requests have to finish once the service is asked to stop."""

KEEP_ALIVE = 25
"""Seconds that a connection is kept between two requests."""


class ListenError(CallerError):
    """The service cannot listen where it was told to. Facts: `address`, `why`."""

    code = "service.listen"
    exit_status = Exit.STATE


class CertificateFileError(CallerError):
    """The certificate or its key cannot be used. Facts: `path`, `why`."""

    code = "service.certificate"
    exit_status = Exit.USAGE


def listen(address: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0: any free one. Raises ListenError."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where reuse would let another process steal the port
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(where)
        except OSError:
            bound.close()
            raise
    except OSError as failure:
        raise ListenError(address=f"{address}:{port}", why=failure.strerror or type(failure).__name__) from None
    return bound


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and later, HTTP/1.1, with the chain and key of two PEM files. Raises CertificateFileError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as failure:  # ssl.SSLError is an OSError
        why = getattr(failure, "reason", None) or getattr(failure, "strerror", None) or str(failure)
        raise CertificateFileError(path=certificate, why=str(why)) from None
    return context


def _no_password() -> str:
    raise ValueError("the key is under a passphrase")  # instead of OpenSSL asking on the terminal


class Server(uvicorn.Server):
    """Serves until `stop` is called, from any thread or a signal handler."""

    def __init__(
        self,
        api: Api,
        *,
        tls: ssl.SSLContext | None = None,
        protocol: type[LimitedProtocol] = LimitedProtocol,
        unforeseen: Callable[[BaseException], None],
    ) -> None:
        """`unforeseen`: told of exceptions that nobody caught."""
        # What uvicorn and asyncio would say is said by our events, which name no addresses.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
        super().__init__(
            uvicorn.Config(
                api,
                http=protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                ssl_context_factory=None if tls is None else lambda *_: tls,
            )
        )
        self._unforeseen = unforeseen
        self._ready: Callable[[], None] = _nothing

    def serve_until_stopped(self, bound: socket.socket, *, ready: Callable[[], None]) -> None:
        """Serve on a bound socket; `ready` is called once requests are answered."""
        self._ready = ready
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._main(bound))

    def stop(self) -> None:
        """Take no more requests, finish what runs; a second call waits for nothing."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def _main(self, bound: socket.socket) -> None:
        asyncio.get_running_loop().set_exception_handler(self._handle)
        await self.serve(sockets=[bound])

    def _handle(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, OSError):  # a client that hangs up is no defect
            self._unforeseen(error)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the process's matter, not the server's."""
        yield


def _nothing() -> None:
    pass
