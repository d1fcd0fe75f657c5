"""The HTTP shell on a real socket, over use cases that are stand-ins: what reaches them, and what they answer."""

import http.client
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from scelle.base.codec import encode_base64
from scelle.base.ids import KeyId, OrgId, TransferId
from scelle.exchange.answers import Health, Intake, Logged, Proof, Released, ServiceInfo, TransferPage
from scelle.exchange.directory import Directory, Member
from scelle.exchange.errors import MemberUnknownError, TransferNotFoundError
from scelle.exchange.keys import Role, SigningKey
from scelle.exchange.refusals import ChunkDigestError, UploadOffsetError
from scelle.exchange.request import sign_request
from scelle.server.api import openapi
from scelle.server.api.application import Api
from scelle.server.api.calls import Patience
from scelle.server.api.gate import Gate
from scelle.server.api.metrics import Metrics
from scelle.server.api.protocol import LimitedProtocol
from scelle.server.api.routes import ROUTES
from scelle.server.api.server import Server, listen
from scelle.server.api.services import Services
from scelle.server.service.events import Events

NOW = 1_790_000_000
KEY = SigningKey(b"k" * 32)
EXPIRED = SigningKey(b"e" * 32)
STRANGER = SigningKey(b"s" * 32)
TRANSFER = TransferId("a" * 26)
FOREIGN = TransferId("b" * 25 + "a")
PROOF = Proof(index=0, checkpoint=b"note", inclusion=(), consistency=())
LOGGED = Logged(record=b"record", salt=b"s" * 32, proof=PROOF)


class SetTime:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return float(self.time)


@dataclass
class StubWriter:
    """Keeps the bytes of one upload request."""

    use: "UseCases"
    expected: bytes
    size: int
    start: int
    ended: str = ""

    def feed(self, data: memoryview) -> None:
        self.use.kept += data
        self.use.fed.append(len(data))

    def finish(self) -> int:
        if sha256(self.use.kept[self.start :]).digest() != self.expected:
            del self.use.kept[self.start :]
            raise ChunkDigestError(offset=self.start)
        self.ended = "finished"
        return len(self.use.kept)

    def broken(self) -> None:
        self.ended = self.ended or "broken"
        self.use.broken.set()


@dataclass
class StubReader:
    """Bytes that may be read until the test says no."""

    use: "UseCases"
    size: int

    def read_into(self, offset: int, view: memoryview) -> int:
        part = self.use.content[offset : offset + len(view)]
        view[: len(part)] = part
        return len(part)

    def allowed(self) -> bool:
        self.use.asked += 1
        return self.use.may_read

    def close(self) -> None:
        self.use.closed.set()


@dataclass
class UseCases:
    """Every use case at once; remembers what it was asked."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    kept: bytearray = field(default_factory=bytearray)
    fed: list[int] = field(default_factory=list)
    broken: threading.Event = field(default_factory=threading.Event)
    content: bytes = b""
    may_read: bool = True
    asked: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    red: bool = False
    failure: Exception | None = None

    def _note(self, *what: Any) -> None:
        self.calls.append(what)
        if self.failure:
            raise self.failure

    def info(self) -> ServiceInfo:
        self._note("info")
        return ServiceInfo(
            origin="o", version="1", time=NOW, max_transfer=1, max_expiry=1, max_own_expiry=1, max_parts=1, frozen=False
        )

    def join(self, request: Any) -> Any:
        self._note("join", request)

    def intake(self, asker: Any) -> Intake:
        self._note("intake", asker)
        return Intake(statement=b"intake")

    def give_up(self, asker: Any, transfer: Any) -> None:
        self._note("give_up", asker, transfer)

    def create_part(self, asker: Any, transfer: Any, number: int, length: int | None) -> Any:
        self._note("create_part", number, length)
        return number not in {0}, _Part(number, 0, length)

    def part(self, asker: Any, transfer: Any, number: int) -> Any:
        self._note("part", number)
        return _Part(number, len(self.kept), None)

    def upload(self, asker: Any, transfer: Any, number: int, **more: Any) -> StubWriter:
        self._note("upload", number, more)
        if more["offset"] != len(self.kept):
            raise UploadOffsetError(offset=len(self.kept))
        return StubWriter(self, more["expected_digest"], more["declared_body_size"], len(self.kept))

    def page(self, asker: Any, **more: Any) -> TransferPage:
        self._note("page", more)
        return TransferPage(transfers=())

    def detail(self, asker: Any, transfer: Any) -> Any:
        self._note("detail", transfer)
        raise TransferNotFoundError()

    def download(self, asker: Any, transfer: Any, number: int) -> StubReader:
        self._note("download", number)
        return StubReader(self, len(self.content))

    def release(self, asker: Any, transfer: Any, statement: bytes) -> "Future[Released]":
        self._note("release", asker, statement)
        future: Future[Released] = Future()
        threading.Timer(0.01, future.set_result, (Released(logged=LOGGED, share=b"share"),)).start()
        return future

    def receipt(self, asker: Any, transfer: Any, statement: bytes) -> Logged:
        self._note("receipt", asker, statement)
        return LOGGED

    def proof(self, asker: Any, log: str, index: int) -> Proof:
        self._note("proof", log, index, asker.since)
        return PROOF

    def health(self) -> Health:
        return Health(status="red" if self.red else "green", time=NOW, overdue=0, clock="steady", sweep=NOW)

    def checkpoint(self, log: str) -> bytes:
        return f"checkpoint of {log}\n".encode()

    def tile(self, log: str, level: int, index: int, width: int) -> bytes | None:
        self._note("tile", log, level, index, width)
        return b"t" * 32 * width if index == 0 else None


@dataclass
class _Part:
    number: int
    offset: int
    length: int | None


class StubDirectory:
    """Two members: one with a valid key, one past its validity."""

    def member(self, key: KeyId) -> Member:
        for known, until in ((KEY, NOW + 1000), (EXPIRED, NOW)):
            if known.id == key:
                return Member(
                    key=known.id,
                    public=known.public,
                    organisation=OrgId("aphp"),
                    roles=frozenset(Role),
                    since=1,
                    not_after=until,
                    person_name=b"",
                    person_email=b"",
                )
        raise MemberUnknownError(key=key)


@dataclass
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Shell:
    """A served shell, and a client that signs."""

    def __init__(
        self, use: UseCases, clock: SetTime, port: int, events: io.StringIO, server: Server, thread: threading.Thread
    ) -> None:
        self._server = server
        self._thread = thread
        self.use = use
        self.clock = clock
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.events = events
        self._nonce = 0

    def stop_gently(self) -> None:
        """Ask the server to end, and wait until it has."""
        self._server.stop()
        self._thread.join(20)

    def signed(
        self, method: str, path: str, body: bytes | None = None, *, key: SigningKey = KEY, **more: Any
    ) -> dict[str, str]:
        """Header fields of a signed request; `created`, `nonce` and `headers` may be given."""
        self._nonce += 1
        headers = {name.lower(): value for name, value in more.get("headers", {}).items()}
        added = sign_request(
            method,
            self.base + path,
            headers,
            None if body is None else sha256(body).digest(),
            key=key.private,
            key_id=key.id,
            now=more.get("created", self.clock.time),
            nonce=more.get("nonce", self._nonce.to_bytes(16)),
        )
        return {**headers, **added}

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}) -> Answer:
        """A request as it is."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )

    def ask(self, method: str, path: str, body: bytes | None = None, **more: Any) -> Answer:
        """A signed request; JSON when it is a POST."""
        headers = dict(more.pop("headers", {}))
        if method == "POST" and body:
            headers.setdefault("content-type", "application/json")
        return self.send(method, path, body, self.signed(method, path, body, headers=headers, **more))

    def patch(self, body: bytes, *, offset: int, part: int = 1, **more: str) -> Answer:
        """An upload of one chunk."""
        return self.ask("PATCH", f"/v1/transfers/{TRANSFER}/parts/{part}", body, headers=tus(offset=offset, **more))


def tus(*, offset: int | None = None, **more: str) -> dict[str, str]:
    """Header fields of tus requests."""
    found = {"tus-resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in more.items()}}
    if offset is not None:
        found |= {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
    return found


def part_metadata(number: int) -> dict[str, str]:
    """Upload-Metadata that names a part."""
    return {"upload-metadata": f"part {encode_base64(str(number).encode())}"}


@contextmanager
def served(
    *,
    patience: Patience | None = None,
    protocol: type[LimitedProtocol] = LimitedProtocol,
    behind_proxy: bool = False,
    max_body: int = 1 << 20,
    draw: Callable[[int], bytes] = lambda size: b"\x07" * size,
) -> Iterator[Shell]:
    """The shell on a free port of loopback, in a thread."""
    use, clock, events = UseCases(), SetTime(), io.StringIO()
    stub = cast("Any", use)
    services = Services(
        joining=stub,
        sending=stub,
        opening=stub,
        freezing=stub,
        oversight=stub,
        directory=lambda: cast("Directory", StubDirectory()),
        events=Events(events, now=clock.now),
        metrics=Metrics(),
        clock=clock,
        draw=draw,
        trace=lambda _: None,
        description=openapi.encode(openapi.describe(ROUTES, version="0")),
    )
    bound = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    gate = Gate(
        services.directory, public_url=f"http://127.0.0.1:{port}", clock=clock, stand_in=SigningKey(b"x" * 32).public
    )
    api = Api(services, gate, max_body=max_body, behind_proxy=behind_proxy, patience=patience)
    server = Server(api, unforeseen=lambda _: None, protocol=protocol)
    ready = threading.Event()
    thread = threading.Thread(target=server.serve_until_stopped, args=(bound,), kwargs={"ready": ready.set})
    thread.start()
    try:
        assert ready.wait(10)
        yield Shell(use, clock, port, events, server, thread)
    finally:
        server.stop()
        server.stop()
        thread.join(20)
        api.close()
