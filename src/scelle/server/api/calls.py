"""A request on its way through the shell, and what is answered to it."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

from scelle.base.errors import MalformedError
from scelle.base.ids import FreezeId, TransferId
from scelle.base.wire import Message
from scelle.exchange.refusals import BodyTooLargeError, BodyTypeError, RequestSlowError
from scelle.exchange.request import RequestSignature, check_body
from scelle.ports import ACTIVITY, DIRECTORY, LogName
from scelle.server.api.errors import ConnectionLostError
from scelle.server.service.core import Asker

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

P = ParamSpec("P")
T = TypeVar("T")

JSON = "application/json"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the shell waits, in seconds."""

    idle: float = 30.0
    """For the next bytes of a body, or for the client to take the next bytes of an answer."""
    body: float = 60.0
    """For the whole of a body, uploads excepted."""
    upload: float = 1800.0
    """For the whole of an uploaded segment."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is at hand."""

    status: int
    body: bytes = b""
    media: str = JSON
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is sent piece by piece.

    `pieces` is started once the header has gone out, and always closed. `allowed` is asked again and again while
    pieces go out: when it says no, the connection is cut before the announced `size` (bytes) is reached.
    """

    status: int
    size: int
    pieces: AsyncGenerator[memoryview, None]
    allowed: Callable[[], bool]
    close: Callable[[], None]
    media: str = BYTES
    headers: Headers = field(default_factory=list)


class Incoming:
    """The body of a request, with its limits: nothing is read before its announced size was held against them."""

    def __init__(self, receive: Receive, size: int, patience: Patience) -> None:
        """`size`: what Content-Length announces, in bytes."""
        self._receive = receive
        self.size = size
        self.patience = patience
        self.arrived = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is left to arrive."""
        return self.arrived >= self.size

    async def pieces(self, *, seconds: float) -> AsyncIterator[bytes]:
        """Its pieces as they arrive, all of them within `seconds`.

        Raises RequestSlowError, ConnectionLostError.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        more = True
        while more:
            try:
                async with asyncio.timeout_at(min(end, loop.time() + self.patience.idle)):
                    event = await self._receive()
            except TimeoutError:
                raise RequestSlowError(seconds=int(seconds)) from None
            if event["type"] == "http.disconnect":
                raise ConnectionLostError()
            piece: bytes = event.get("body", b"")
            more = event.get("more_body", False)
            self.arrived += len(piece)
            if piece:
                yield piece


@dataclass
class Call:
    """A request that was dispatched and, where its route asks for it, verified."""

    path: Mapping[str, str]
    query: Mapping[str, str | int]
    headers: Mapping[bytes, bytes]
    incoming: Incoming
    loop: AbstractEventLoop
    pool: Executor
    """Threads for what waits for the ledger."""
    disk: Executor
    """Threads for reading and writing parts."""
    peer: str
    """Address of the other end of the connection."""
    behind_proxy: bool
    """Whether every connection comes from a proxy."""
    signature: RequestSignature | None = None
    verified: Asker | None = None
    message: Message | None = None

    @property
    def asker(self) -> Asker:
        """Who asks; only on signed routes."""
        return cast("Asker", self.verified)

    @property
    def transfer(self) -> TransferId:
        """The transfer that the path names; its form was checked by the route."""
        return TransferId(self.path["transfer"])

    @property
    def freeze(self) -> FreezeId:
        """The freeze that the path names; its form was checked by the route."""
        return FreezeId(self.path["freeze"])

    @property
    def log(self) -> LogName:
        """The log that the path names."""
        return DIRECTORY if self.path["log"] == DIRECTORY else ACTIVITY

    def body(self, kind: type[T]) -> T:  # noqa: ARG002 (names the type)
        """The message of the body, which is of the kind that the route declares."""
        return cast("T", self.message)

    def text(self, name: str) -> str | None:
        """A query parameter that is a text, None when it was not given."""
        return cast("str | None", self.query.get(name))

    def number(self, name: str) -> int:
        """A query parameter that is a number and has a default."""
        return cast("int", self.query[name])

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what may wait for the ledger in a thread."""
        return await self.loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    async def on_disk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what reads or writes parts in a thread."""
        return await self.loop.run_in_executor(self.disk, lambda: work(*args, **kwargs))

    async def read_body(self, kind: type[Message] | None, *, limit: int) -> bytes:
        """The body of a route that takes this message (None: an empty one), checked against the signed digest.

        `limit` bytes at most, whatever the message allows. Raises BodyTooLargeError, BodyTypeError,
        ContentDigestError, RequestSlowError, ConnectionLostError.
        """
        limit = min(limit, kind.MAX_SIZE) if kind else 0
        if self.incoming.size > limit:
            raise BodyTooLargeError(limit=limit)
        if kind and self.headers.get(b"content-type") != JSON.encode():
            raise BodyTypeError(wanted=JSON)
        if b"content-encoding" in self.headers:
            raise BodyTypeError(wanted="identity")
        pieces = [piece async for piece in self.incoming.pieces(seconds=self.incoming.patience.body)]
        raw = b"".join(pieces)
        if self.signature:
            check_body(self.signature, sha256(raw).digest())
        return raw


def announced_size(headers: Mapping[bytes, bytes], *, method: str) -> int:
    """How long the body is. Only Content-Length announces one, and only methods with a body have one.

    Raises MalformedError.
    """
    if b"transfer-encoding" in headers:
        raise MalformedError(what="request", why="a body of unannounced length")
    text = headers.get(b"content-length", b"0")
    if not text.isdigit() or len(text) > 15:
        raise MalformedError(what="request", why="Content-Length")
    size = int(text)
    if size and method not in {"POST", "PATCH"}:
        raise MalformedError(what="request", why=f"{method} with a body")
    return size
