"""uvicorn's HTTP/1.1 protocol with the limits that it lacks: on header bytes, on waiting, on connections.

uvicorn with httptools keeps any number of header bytes and waits for their end for ever (decision 0002). Deadlines of
bodies are the application's; everything between two requests is watched here.
"""

import socket
import struct
import sys
from asyncio import AbstractEventLoop, BaseTransport, TimerHandle, Transport
from typing import Any, ClassVar, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from scelle.base.errors import MalformedError, ScelleError
from scelle.exchange.refusals import HeadersTooLargeError
from scelle.server.api.problems import MEDIA_TYPE, problem_of

_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger`: on, zero seconds. Closing resets the connection and drops what was not sent."""

ABORT = "scelle.abort"
"""Name of the ASGI extension that holds a function which ends the connection at once, unsent bytes included."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    MAX_HEADER: ClassVar[int] = 16384
    """Bytes of target and header fields of one request."""

    MAX_CONNECTIONS: ClassVar[int] = 768
    """Connections at once; one more is closed unanswered."""

    MOST_UNSENT: ClassVar[int] = 1 << 18
    """Bytes that the system may hold of an answer before they are sent: what is there, no freeze can call back.

    Without it some four megabytes count as sent, and a slow client's download is over before it is.
    """

    IDLE_SECONDS: ClassVar[float] = 30.0
    """Longest time without a request at work: waiting for one, receiving its header, or dropping an unread body."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._header_left = self.MAX_HEADER
        self._in_header = False
        self._begun = 0  # bytes received since the header began
        self._idle: TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: BaseTransport) -> None:
        """A client connected."""
        super().connection_made(cast("Transport", transport))
        own = transport.get_extra_info("socket")
        if own is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux, macOS
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, self.MOST_UNSENT)
        if len(self.connections) > self.MAX_CONNECTIONS:
            self.connections.discard(self)
            self.transport.abort()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._idle = self.loop.call_later(self.IDLE_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; after a refusal nothing more is read."""
        if self._refused:
            return
        super().data_received(data)
        if self._in_header:  # httptools tells of a field only once it is whole
            self._begun += len(data)
            if self._begun > self.MAX_HEADER and not self._refused:
                self._header_left = -1
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._header_left = self.MAX_HEADER
        self._in_header, self._begun = True, 0
        cast("dict[str, Any]", self.scope)["extensions"] = {ABORT: {"call": self.cut}}

    def cut(self) -> None:
        """End the connection at once; what the system still holds of the answer does not leave either.

        An ordinary close would let it go out: several megabytes, which a slow client takes seconds to receive.
        """
        own = self.transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._header_left -= size
        if self._header_left < 0:
            raise HeadersTooLargeError(limit=self.MAX_HEADER)  # makes httptools give up

    def on_headers_complete(self) -> None:
        """The header is whole: from here on the application has the request."""
        self._stop_waiting()
        self._in_header = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """A request was answered."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._wait()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's signature)
        """Refuse what is not HTTP, or too long, and close."""
        self._refused = True
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # amid another answer: nothing sensible can be said
            return
        error: ScelleError
        if self._header_left < 0:
            error = HeadersTooLargeError(limit=self.MAX_HEADER)
        else:
            error = MalformedError(what="request", why="not HTTP")
        body = problem_of(error).encode()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[error.http_status] + head.encode() + body)
        self.transport.close()
