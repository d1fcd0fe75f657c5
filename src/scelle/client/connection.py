"""One HTTP/1.1 connection to a service: signed requests, problems as errors, bytes without copies.

Nothing that comes back is believed here beyond its form: lengths are bounded before they are read, redirects are
refused, texts of problems become facts of known errors. The standard library's client writes and reads caller's
buffers directly, which is what moves files fast; see docs/decisions/0002-http-stack.md.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Final, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scelle import __version__
from scelle.base.codec import encode_base64
from scelle.base.errors import MalformedError, ScelleError, error_class
from scelle.base.wire import Message
from scelle.client.errors import (
    AddressError,
    CertificateError,
    InsecureAddressError,
    NetworkError,
    ServiceAnswerError,
    ServiceProblemError,
)
from scelle.exchange import clockwatch, refusals
from scelle.exchange.answers import Problem
from scelle.exchange.keys import SigningKey
from scelle.exchange.request import NONCE_SIZE, sign_request

M = TypeVar("M", bound=Message)

_CUT: Final = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What writing to a connection, or waiting on it, raises once the other side has closed it."""

TIMEOUT: Final = 60.0
"""Seconds without a byte after which a connection counts as lost."""

MAX_PROBLEM: Final = 1 << 16
BLOCK: Final = 1 << 20

FROM_SERVICE: Final = "said by the service"
"""Note on an error that the service answered with: its word, which nothing on this computer found."""

_SPOKEN: Final = (clockwatch.__name__, refusals.__name__)
"""Imported so that the codes that services answer with are known here."""

_LOCAL_CODES: Final = ("vault.", "home.", "network.", "service.", "disk.", "agent.", "frame.", "source.", "settings.")
"""Codes of this computer's own errors: a service that answers with one is not repeated."""


def check_address(url: str) -> str:
    """The base URL of a service without a trailing slash. Raises AddressError, InsecureAddressError.

    Plain HTTP is for this computer only: shares are sealed on the way, but sizes and times are not.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressError(service=url[:200]) from None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise AddressError(service=url[:200])
    if parts.scheme == "http" and not _is_loopback(host):
        raise InsecureAddressError(service=url[:200])
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Connection:
    """A connection that is made when it is needed and made again when it was lost. One thread at a time."""

    def __init__(
        self, url: str, *, now: Callable[[], int], draw: Callable[[int], bytes], timeout: float = TIMEOUT
    ) -> None:
        """`url`: base URL of the service (`check_address`)."""
        self.url = check_address(url)
        self._parts = urlsplit(self.url)
        self._now = now
        self._draw = draw
        self._timeout = timeout
        self._key: SigningKey | None = None
        self._http: http.client.HTTPConnection | None = None

    def sign_with(self, key: SigningKey) -> None:
        """Sign the requests that are to be signed with this key from now on."""
        self._key = key

    def another(self) -> "Connection":
        """A second connection to the same service with the same key, for another thread."""
        other = Connection(self.url, now=self._now, draw=self._draw, timeout=self._timeout)
        other._key = self._key
        return other

    def close(self) -> None:
        """Close the connection, if there is one; the next request makes a new one."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def abort(self) -> None:
        """Break the connection off from another thread: what waits on it fails at once with NetworkError."""
        http_connection = self._http
        socket_now = http_connection.sock if http_connection is not None else None
        if socket_now is not None:
            with suppress(OSError):
                socket_now.shutdown(socket.SHUT_RDWR)

    # --- requests -------------------------------------------------------------------------------------------

    def fetch(self, path: str, *, limit: int) -> bytes:
        """GET something public, at most `limit` bytes."""
        with self._exchange("GET", path, dict, None) as response:
            return self._read(response, limit)

    def ask(self, path: str, answer: type[M]) -> M:
        """GET a public message."""
        return self._parse(self.fetch(path, limit=answer.MAX_SIZE), answer)

    def tell(self, path: str, message: Message, answer: type[M]) -> M:
        """POST a message without a signature of its own (what is inside is signed)."""
        body = message.encode()
        with self._exchange("POST", path, lambda: {"content-type": "application/json"}, body) as response:
            return self._parse(self._read(response, answer.MAX_SIZE), answer)

    def call(self, method: str, path: str, message: Message | None, answer: type[M], *, since: int | None = None) -> M:
        """A signed request; `since`: size of the activity log that was verified last, for consistency proofs."""
        headers = {} if since is None else {"scelle-checkpoint": str(since)}
        body = None
        if message is not None:
            body = message.encode()
            headers["content-type"] = "application/json"
        with self._signed(method, path, headers, body) as response:
            return self._parse(self._read(response, answer.MAX_SIZE), answer)

    def remove(self, path: str) -> None:
        """A signed DELETE."""
        with self._signed("DELETE", path, {}, None) as response:
            self._read(response, MAX_PROBLEM)

    def create_part(self, transfer_path: str, number: int) -> None:
        """Tus creation of a part whose length is not known yet."""
        headers = {
            "tus-resumable": "1.0.0",
            "upload-defer-length": "1",
            "upload-metadata": f"part {encode_base64(str(number).encode())}",
        }
        with self._signed("POST", f"{transfer_path}/parts", headers, b"") as response:
            self._read(response, MAX_PROBLEM)

    def part_offset(self, path: str) -> int:
        """Tus HEAD: how many bytes of a part the service has."""
        with self._signed("HEAD", path, {"tus-resumable": "1.0.0"}, None) as response:
            found = _offset(response)
            self._read(response, MAX_PROBLEM)
        return found

    def send_chunk(self, path: str, chunk: memoryview, *, digest: bytes | None, offset: int, length: int | None) -> int:
        """Tus PATCH of one chunk with this SHA-256 digest; `length`: the part's total, with its last chunk.

        Returns the new offset.
        """
        headers = {
            "tus-resumable": "1.0.0",
            "content-type": "application/offset+octet-stream",
            "upload-offset": str(offset),
        }
        if length is not None:
            headers["upload-length"] = str(length)
        with self._signed("PATCH", path, headers, chunk, digest) as response:
            found = _offset(response)
            self._read(response, MAX_PROBLEM)
        return found

    def download(self, path: str, *, start: int, stop: int, into: Callable[[int], memoryview]) -> None:
        """GET bytes [start, stop) of a part; `into(n)` gives a buffer for at most n bytes, taken as filled.

        The buffer that `into` gives is filled completely before the next is asked for. Raises NetworkError when
        the connection ends early (as it does when the service cuts a download off).
        """
        with self._signed("GET", path, {"range": f"bytes={start}-{stop - 1}"}, None) as response:
            if response.status != 206 or response.length != stop - start:
                raise ServiceAnswerError(why="a range of another length")
            left = stop - start
            while left:
                view = into(left)
                while view:
                    count = response.readinto(view)
                    if not count:
                        raise NetworkError(service=self.url, why="the connection ended early")
                    view = view[count:]
                    left -= count

    # --- the wire -------------------------------------------------------------------------------------------

    def _signed(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | None,
        digest: bytes | None = None,
    ) -> AbstractContextManager[http.client.HTTPResponse]:
        key = self._key
        if key is None:
            raise RuntimeError("a signed request without a key")
        if body is not None and digest is None:
            digest = sha256(body).digest()

        def signed() -> Mapping[str, str]:
            added = sign_request(
                method,
                self.url + path,
                headers,
                digest,
                key=key.private,
                key_id=key.id,
                now=self._now(),
                nonce=self._draw(NONCE_SIZE),
            )
            return {**headers, **added}

        return self._exchange(method, path, signed, body)

    @contextmanager
    def _exchange(
        self, method: str, path: str, headers: Callable[[], Mapping[str, str]], body: bytes | memoryview | None
    ) -> Iterator[http.client.HTTPResponse]:
        with self._failures():
            response = self._send(method, path, headers, body)
            done = False
            try:
                if 300 <= response.status < 400:
                    raise ServiceAnswerError(why="a redirect")
                if response.status >= 400:
                    raise self._problem(response, method)
                yield response
                done = response.isclosed()
            finally:
                if not done or response.will_close:
                    self.close()

    def _send(
        self, method: str, path: str, headers: Callable[[], Mapping[str, str]], body: bytes | memoryview | None
    ) -> http.client.HTTPResponse:
        reused = self._http is not None
        while True:
            connection = self._http or self._connect()
            try:
                connection.putrequest(method, self._parts.path + path, skip_accept_encoding=True)
                connection.putheader("user-agent", f"scelle/{__version__}")
                for name, value in headers().items():
                    connection.putheader(name, value)
                if body is not None:
                    connection.putheader("content-length", str(len(body)))
                connection.endheaders()
                if body:
                    self._send_body(connection, memoryview(body))
                return connection.getresponse()
            except (http.client.RemoteDisconnected, *_CUT):
                # A kept-alive connection may have been closed by the service in between: once more, on a new one,
                # with a new signature. Everything that the service takes is safe to say twice.
                self.close()
                if not reused:
                    raise
                reused = False

    @staticmethod
    def _send_body(connection: http.client.HTTPConnection, body: memoryview) -> None:
        try:
            for start in range(0, len(body), BLOCK):
                connection.send(body[start : start + BLOCK])
        except _CUT:
            return  # the service may have refused before it read everything: its answer says why

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout, blocksize=BLOCK)
        else:
            context = _tls()
            proxy = None if proxy_bypass(host) else getproxies().get("https")
            if proxy:
                via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
                connection = http.client.HTTPSConnection(
                    via.hostname or "", via.port, timeout=self._timeout, context=context, blocksize=BLOCK
                )
                connection.set_tunnel(host, port or 443)
            else:
                connection = http.client.HTTPSConnection(
                    host, port, timeout=self._timeout, context=context, blocksize=BLOCK
                )
        connection.connect()
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._http = connection
        return connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as failure:
            self.close()
            raise CertificateError(service=self.url, why=failure.verify_message[:200]) from None
        except TimeoutError:
            self.close()
            raise NetworkError(service=self.url, why="no answer in time") from None
        except (http.client.HTTPException, OSError) as failure:
            self.close()
            raise NetworkError(service=self.url, why=_reason(failure)) from None

    def _read(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        data = response.read(limit + 1)
        if len(data) > limit:
            raise ServiceAnswerError(why=f"longer than {limit} bytes")
        if response.length:
            raise NetworkError(service=self.url, why="the connection ended early")
        response.close()
        return data

    def _parse(self, data: bytes, answer: type[M]) -> M:
        try:
            return answer.decode(data, canonical=False)
        except MalformedError as error:
            raise ServiceAnswerError(why=f"{error.facts['what']}: {error.facts['why']}") from None

    def _problem(self, response: http.client.HTTPResponse, method: str) -> ScelleError:
        status = response.status
        if method == "HEAD":
            return ServiceProblemError(status=status, problem="-")
        try:
            problem = Problem.decode(self._read(response, MAX_PROBLEM), canonical=False)
        except (MalformedError, ServiceAnswerError):
            return ServiceProblemError(status=status, problem="-")
        import scelle.ports  # noqa: F401 (its errors are spoken by services, too)

        kind = error_class(problem.code)
        if kind is None or problem.code.startswith(_LOCAL_CODES):
            return ServiceProblemError(status=status, problem=problem.code)
        failure = kind(**{fact.name: fact.value for fact in problem.facts})
        failure.add_note(FROM_SERVICE)
        return failure


def _offset(response: http.client.HTTPResponse) -> int:
    text = response.getheader("upload-offset") or ""
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise ServiceAnswerError(why="no upload offset")
    return int(text)


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror[:200]
    return type(failure).__name__
