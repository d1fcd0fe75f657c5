"""The ASGI application: finds the route, checks who asks, has it done, and answers."""

import asyncio
from asyncio import AbstractEventLoop
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from scelle.base.errors import ScelleError
from scelle.base.ids import KeyId
from scelle.exchange.errors import RequestTooManyError
from scelle.exchange.refusals import (
    DefectError,
    MethodWrongError,
    RequestSlowError,
    RouteUnknownError,
    ServiceBusyError,
)
from scelle.exchange.segments import SEGMENT_SIZE
from scelle.server.api.calls import Call, Headers, Incoming, Patience, Receive, Reply, Send, Stream, announced_size
from scelle.server.api.errors import ConnectionLostError
from scelle.server.api.gate import Gate, header_map
from scelle.server.api.problems import MEDIA_TYPE, problem_of
from scelle.server.api.protocol import ABORT
from scelle.server.api.routes import ROUTES
from scelle.server.api.services import Services
from scelle.server.api.table import Route
from scelle.server.service.events import Event

MAX_RUNNING: Final = 512
"""Requests under way at once."""

MAX_RUNNING_PER_KEY: Final = 128
"""Of these, by one member."""

_PARSE_IN_THREAD: Final = 1 << 16  # bytes of a body from which on reading it would hold up everybody else
_WATCH: Final = 0.5  # seconds between two looks whether a download may go on, while its client takes nothing

_ALWAYS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE = (b"cache-control", b"no-store")
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_CLOSE = (b"connection", b"close")


@dataclass(slots=True)
class _Exchange:
    """One request and its answer, as far as they have come."""

    scope: dict[str, Any]
    receive: Receive
    send: Send
    route: Route | None = None
    incoming: Incoming | None = None
    key: KeyId | None = None
    status: int = 0
    begun: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def abort(self) -> Callable[[], None]:
        """Ends the connection at once."""
        call: Callable[[], None] = self.scope["extensions"][ABORT]["call"]
        return call


class Api:
    """The whole interface. Close it after the server has stopped."""

    def __init__(
        self,
        services: Services,
        gate: Gate,
        *,
        max_body: int,
        behind_proxy: bool = False,
        tls: bool = False,
        log_requests: bool = True,
        patience: Patience | None = None,
        routes: Iterable[Route] = ROUTES,
    ) -> None:
        """`max_body`: bytes of a body other than an upload. `log_requests`: an event for each request."""
        self._services = services
        self._gate = gate
        self._max_body = max_body
        self._behind_proxy = behind_proxy
        self._log_requests = log_requests
        self._patience = patience or Patience()
        self._headers = [*_ALWAYS, _STRICT_TRANSPORT] if tls else _ALWAYS
        self._pool: Executor = ThreadPoolExecutor(16, thread_name_prefix="service")
        self._disk: Executor = ThreadPoolExecutor(8, thread_name_prefix="parts")
        self._running = 0
        self._running_by_key: Counter[KeyId] = Counter()
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            methods = by_path.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"two routes for {route.method} {route.path}")
            methods[route.method] = route
        self._fixed = {path: methods for path, methods in by_path.items() if "{" not in path}
        self._patterns = [
            (next(iter(methods.values())).pattern(), methods) for path, methods in by_path.items() if "{" in path
        ]

    def close(self) -> None:
        """Wait for the threads' work."""
        self._pool.shutdown()
        self._disk.shutdown()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = _Exchange(scope, receive, send)
        self._running += 1
        self._services.metrics.running.inc()
        try:
            await self._serve(exchange)
        finally:
            self._running -= 1
            if exchange.key is not None:
                self._running_by_key[exchange.key] -= 1
                if not self._running_by_key[exchange.key]:
                    del self._running_by_key[exchange.key]
            self._account(exchange)

    async def _serve(self, exchange: _Exchange) -> None:
        try:
            answer = await self._answer(exchange)
        except ConnectionLostError:
            return
        except ScelleError as error:
            answer = self._problem(error)
        except Exception as error:  # noqa: BLE001 (a defect is answered, and told to the operator)
            answer = self._defect(error)
        exchange.status = answer.status
        if isinstance(answer, Stream):
            await self._stream(exchange, answer)
        else:
            await self._reply(exchange, answer)

    # --- from request to answer -----------------------------------------------------------------------------

    async def _answer(self, exchange: _Exchange) -> Reply | Stream:
        if self._running > MAX_RUNNING:
            raise ServiceBusyError()
        scope = exchange.scope
        loop = asyncio.get_running_loop()
        method, path = scope["method"], scope["raw_path"].decode("ascii", "replace")
        query = scope["query_string"].decode("ascii", "replace")
        route, places = self._find(method, path)
        exchange.route = route
        headers = header_map(scope["headers"])
        size = announced_size(headers, method=method)
        incoming = exchange.incoming = Incoming(exchange.receive, size, self._patience)
        call = Call(
            path=places,
            query={},
            headers=headers,
            incoming=incoming,
            loop=loop,
            pool=self._pool,
            disk=self._disk,
            peer=scope["client"][0] if scope["client"] else "",
            behind_proxy=self._behind_proxy,
        )
        if route.signed:
            self._let_in(exchange, call, f"{path}?{query}" if query else path, spends=route.spends)
        call.query = route.read_query(query)
        if not route.takes:
            await self._take_body(call, route, loop)
        return await route.act(self._services, call)

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        places: dict[str, str] = {}
        methods = self._fixed.get(path)
        if methods is None:
            for pattern, candidates in self._patterns:
                found = pattern.match(path)
                if found:
                    methods, places = candidates, found.groupdict()
                    break
            else:
                raise RouteUnknownError()
        if method not in methods:
            raise MethodWrongError(allowed=", ".join(sorted(methods)))
        return methods[method], places

    def _let_in(self, exchange: _Exchange, call: Call, target: str, *, spends: bool) -> None:
        scope = exchange.scope
        asker, signature = self._gate.check(scope["method"], target, scope["headers"], spends=spends)
        key = asker.member.key
        if self._running_by_key[key] >= MAX_RUNNING_PER_KEY:
            raise RequestTooManyError(key=key)
        self._running_by_key[key] += 1
        exchange.key = key
        call.verified, call.signature = asker, signature

    async def _take_body(self, call: Call, route: Route, loop: AbstractEventLoop) -> None:
        raw = await call.read_body(route.body, limit=self._max_body)
        if route.body is None:
            return
        if len(raw) < _PARSE_IN_THREAD:
            call.message = route.body.decode(raw, canonical=False)
        else:
            kind = route.body
            call.message = await loop.run_in_executor(self._pool, lambda: kind.decode(raw, canonical=False))

    # --- from answer to bytes -------------------------------------------------------------------------------

    def _problem(self, error: ScelleError) -> Reply:
        self._services.metrics.refusals.labels(error.code).inc()
        headers: Headers = []
        if isinstance(error, MethodWrongError):
            headers.append((b"allow", str(error.facts["allowed"]).encode()))
        if isinstance(error, RequestSlowError):
            headers.append(_CLOSE)
        if error.http_status in {429, 503}:
            headers.append((b"retry-after", b"5"))
        return Reply(error.http_status, problem_of(error).encode(), MEDIA_TYPE, headers)

    def _defect(self, error: BaseException) -> Reply:
        reference = self._services.draw(8).hex()
        self._services.metrics.defects.inc()
        self._services.events(Event.DEFECT, reference=reference, error=type(error).__name__)
        self._services.trace(error)
        return self._problem(DefectError(reference=reference))

    def _head(self, exchange: _Exchange, answer: Reply | Stream, size: int) -> dict[str, Any]:
        headers = [*self._headers, *answer.headers]
        names = {name for name, _ in answer.headers}
        if b"cache-control" not in names:
            headers.append(_NO_STORE)
        if answer.status != 204:
            headers += [(b"content-length", b"%d" % size), (b"content-type", answer.media.encode())]
        if _CLOSE not in headers and _too_much_left(exchange.incoming, answer):
            headers.append(_CLOSE)
        return {"type": "http.response.start", "status": answer.status, "headers": headers}

    async def _reply(self, exchange: _Exchange, reply: Reply) -> None:
        try:
            async with asyncio.timeout(self._patience.idle):
                await exchange.send(self._head(exchange, reply, len(reply.body)))
                await exchange.send({"type": "http.response.body", "body": reply.body})
        except TimeoutError:
            exchange.abort()

    async def _stream(self, exchange: _Exchange, stream: Stream) -> None:
        loop = asyncio.get_running_loop()
        try:
            await exchange.send(self._head(exchange, stream, stream.size))
            async with aclosing(stream.pieces) as pieces:
                async for piece in pieces:
                    event = {"type": "http.response.body", "body": piece, "more_body": True}
                    if not await self._send_while_allowed(exchange, stream, event):
                        self._services.metrics.cut.inc()
                        exchange.abort()
                        return
            await exchange.send({"type": "http.response.body", "body": b""})
        except Exception as error:  # noqa: BLE001 (the header is out: all that is left is to cut the connection)
            self._defect(error)
            exchange.abort()
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(loop.run_in_executor(self._disk, stream.close))

    async def _send_while_allowed(self, exchange: _Exchange, stream: Stream, event: dict[str, Any]) -> bool:
        """Send a piece. False when it may not go out, any more, or the client takes nothing."""
        if not stream.allowed():
            return False
        sending = asyncio.ensure_future(exchange.send(event))
        try:
            waited = 0.0
            while True:
                await asyncio.wait((sending,), timeout=_WATCH)
                if sending.done():
                    await sending
                    return True
                waited += _WATCH
                if waited >= self._patience.idle or not stream.allowed():
                    return False
        finally:
            sending.cancel()

    def _account(self, exchange: _Exchange) -> None:
        metrics = self._services.metrics
        metrics.running.dec()
        route = exchange.route
        if route is None:
            metrics.requests.labels("unknown", exchange.status).inc()
            return
        seconds = asyncio.get_running_loop().time() - exchange.begun
        metrics.requests.labels(route.name, exchange.status).inc()
        metrics.seconds.labels(route.name).observe(seconds)
        if self._log_requests:
            self._services.events(
                Event.REQUEST_SERVED,
                method=route.method,
                route=route.path,
                status=exchange.status,
                milliseconds=round(seconds * 1000),
            )


def _too_much_left(incoming: Incoming | None, answer: Reply | Stream) -> bool:
    """Whether the rest of the body is too much to be dropped: then the connection is closed instead."""
    if incoming is None:
        return answer.status >= 400  # refused before its size was known
    return incoming.size - incoming.arrived > SEGMENT_SIZE
