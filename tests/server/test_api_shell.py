"""What every answer has, and what no request gets past: routes, problems, limits, headers, metrics."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import scelle
from api_kit import TRANSFER, Shell, served
from scelle.base.errors import MalformedError, ScelleError
from scelle.base.wire import Message
from scelle.exchange.answers import JoinRequest, Problem, StatementRequest
from scelle.exchange.clockwatch import ClockError
from scelle.ports import StorageFaultError
from scelle.server.api import openapi
from scelle.server.api.calls import Patience
from scelle.server.api.problems import problem_of
from scelle.server.api.protocol import LimitedProtocol
from scelle.server.api.routes import ROUTES

SPEC = Path(__file__).parents[2] / "spec"
STATEMENT = StatementRequest(statement=b"statement").encode()
JSON = {"content-type": "application/json"}


class Hasty(LimitedProtocol):
    """Waits only a moment."""

    IDLE_SECONDS = 0.7
    MAX_CONNECTIONS = 20


@pytest.fixture(scope="module")
def module_shell() -> Iterator[Shell]:
    with served(patience=Patience(idle=1.0, body=1.0), protocol=Hasty) as shell:
        yield shell


@pytest.fixture
def shell(module_shell: Shell) -> Shell:
    module_shell.use.calls.clear()
    module_shell.use.failure = None
    return module_shell


def problem(body: bytes) -> Problem:
    return Problem.decode(body)


# --- the table --------------------------------------------------------------------------------------------


def test_the_description_is_up_to_date() -> None:
    made = openapi.encode(openapi.describe(ROUTES, version=scelle.__version__))
    assert (SPEC / "openapi.json").read_bytes() == made, "run: python -m scelle.server.api.openapi spec/openapi.json"


def test_every_message_that_is_named_is_described() -> None:
    text = openapi.encode(openapi.describe(ROUTES, version="0")).decode()
    described = json.loads(text)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) == set(described)


def test_every_row_is_on_the_page_and_every_line_of_the_page_is_a_row() -> None:
    page = (SPEC / "api.md").read_text("utf-8")
    lines = [line for line in page.split("\n") if re.match(r"\| `(GET|HEAD|POST|PATCH|DELETE)", line)]
    told = {(method, _shape(path)) for line in lines for method, path in _routes_on(line)}
    rows = {(route.method, _shape(route.path)) for route in ROUTES}
    assert rows - told == set()
    assert told - rows == set()


def _routes_on(line: str) -> Iterator[tuple[str, str]]:
    """The routes that a line of the page's table names."""
    cell = re.split(r"(?<!\\) \| ", line)[0]
    base = ""
    methods: list[str] = []
    for quoted in re.findall(r"`([^`]+)`", cell):
        words = quoted.split()
        if words[0].isupper() or words[0].startswith("HEAD"):
            methods = [*methods, words[0]] if not base else [words[0]]
            words = words[1:]
        if not words:
            continue
        path = words[0].split("?")[0].split("[")[0]
        if path.startswith("…"):
            path = base.rsplit("/", 1)[0] + path[1:]
        elif path.startswith("/tile"):
            path = "/log/{name}" + path
        base = path
        for method in methods:
            yield method, path


def _shape(path: str) -> str:
    path = re.sub(r"/tile/.*", "/tile/*", path)
    return re.sub(r"\{[^}]*\}", "*", path)


def test_who_may_ask_is_said_for_every_signed_route() -> None:
    assert [route.name for route in ROUTES if route.signed and not route.roles] == []
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert all(issubclass(kind, Message) for route in ROUTES for kind in (route.body, route.answer) if kind)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_no_signed_route_answers_the_unsigned(shell: Shell, route: object) -> None:
    row = next(each for each in ROUTES if each is route)
    path = row.path.replace("{transfer}", TRANSFER).replace("{freeze}", TRANSFER).replace("{part}", "1")
    path = path.replace("{log}", "activity").replace("{index}", "0").replace("{tile}", "0/000")
    answer = shell.send(row.method, path, headers=JSON)
    assert (answer.status == 401) == row.signed
    assert not row.signed or shell.use.calls == []


# --- what does not exist ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/transfers/", "//v1/service", "/v1/service/", "/v1/%73ervice", "/v1/transfers/ABC",
     "/log/x/checkpoint",
     "/log/activity/tile/0/0", "/log/activity/tile/0/000.p/256", "/log/activity/tile/9/001", "/v1/x/../service"],
)  # fmt: skip
def test_paths_that_do_not_exist(shell: Shell, path: str) -> None:
    answer = shell.send("GET", path)
    assert (answer.status, problem(answer.body).code) == (404, "request.route-unknown")


def test_methods_that_do_not_apply(shell: Shell) -> None:
    answer = shell.send("DELETE", "/v1/service")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert problem(answer.body).code == "request.method-wrong"
    assert shell.send("OPTIONS", "/v1/transfers").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "query", ["", "box=all", "box=inbox&box=sent", "box=inbox&x=1", "box=inbox&limit=0", "box=inbox&limit=201",
              "box=inbox&limit=05", "box=inbox&limit=1e3", "box", "box=inbox&cursor=", "box=inbox&&"],
)  # fmt: skip
def test_queries_are_read_strictly(shell: Shell, query: str) -> None:
    answer = shell.ask("GET", f"/v1/transfers?{query}" if query else "/v1/transfers")
    assert (answer.status, problem(answer.body).code) == (400, "malformed")
    assert shell.use.calls == []


def test_queries_reach_the_use_case(shell: Shell) -> None:
    assert shell.ask("GET", "/v1/transfers?box=sent&limit=7&cursor=abc").status == 200
    assert shell.ask("GET", "/v1/transfers?box=inbox").status == 200
    assert shell.use.calls == [
        ("page", {"box": "sent", "limit": 7, "cursor": "abc"}),
        ("page", {"box": "inbox", "limit": 100, "cursor": None}),
    ]


# --- bodies -----------------------------------------------------------------------------------------------


def test_bodies_are_read_strictly(shell: Shell) -> None:
    path = f"/v1/transfers/{TRANSFER}/receipt"
    deep = b'{"statement":' + b"[" * 100 + b"]" * 100 + b"}"
    for body in (b"", b"{}", b"[]", b"\xff", b'{"statement":1}', b'{"statement":"x","more":1}', deep):
        answer = shell.ask("POST", path, body, headers=JSON)
        assert (answer.status, problem(answer.body).code) == (400, "malformed")
    assert shell.ask("POST", path, STATEMENT, headers={"content-type": "text/plain"}).status == 415
    assert shell.ask("POST", path, STATEMENT, headers={**JSON, "content-encoding": "gzip"}).status == 415
    assert shell.use.calls == []


def raw(shell: Shell, head: str, *, read: bool = True) -> bytes:
    with socket.create_connection(("127.0.0.1", shell.port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        found = b""
        try:
            while read and (piece := connection.recv(65536)):
                found += piece
        except ConnectionResetError:
            pass
        return found


def test_a_body_that_is_too_large_is_refused_before_it_is_read(shell: Shell) -> None:
    size = JoinRequest.MAX_SIZE + 1
    head = f"POST /v1/join HTTP/1.1\nhost: x\ncontent-type: application/json\ncontent-length: {size}\n\n"
    answer = raw(shell, head)
    assert answer.startswith(b"HTTP/1.1 413")
    huge = raw(shell, head.replace(str(size), "999999999999"))
    assert huge.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in huge


@pytest.mark.parametrize(
    "line", ["transfer-encoding: chunked", "content-length: 1\ncontent-length: 2", "content-length: x"]
)
def test_a_body_of_unknown_length_is_refused(shell: Shell, line: str) -> None:
    answer = raw(shell, f"POST /v1/join HTTP/1.1\nhost: x\ncontent-type: application/json\n{line}\n\n1\nx\n0\n\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer


def test_a_body_where_none_belongs_is_refused(shell: Shell) -> None:
    assert raw(shell, "GET /v1/service HTTP/1.1\nhost: x\ncontent-length: 1\n\nx").startswith(b"HTTP/1.1 400")


def test_a_slow_body_is_not_waited_for(shell: Shell) -> None:
    begun = time.monotonic()
    head = "POST /v1/join HTTP/1.1\nhost: x\ncontent-type: application/json\ncontent-length: 10\n\n{"
    answer = raw(shell, head)
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - begun < 4


# --- heads and connections --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    ["GET /" + "a" * 20_000 + " HTTP/1.1\nhost: x\n\n",
     "GET /health HTTP/1.1\nx: " + "a" * 20_000 + "\n\n",
     "GET /health HTTP/1.1\n" + "".join(f"x{number}: {'a' * 20}\n" for number in range(1000)) + "\n",
     "GET /health HTTP/1.1\nx: " + "a" * 20_000],
)  # fmt: skip
def test_heads_are_bounded(shell: Shell, head: str) -> None:
    answer = raw(shell, head)
    assert answer.startswith(b"HTTP/1.1 431")
    assert b"request.headers-too-large" in answer


def test_what_is_not_http_is_refused(shell: Shell) -> None:
    answer = raw(shell, "hello there\n\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"code":"malformed"' in answer


@pytest.mark.parametrize("head", ["", "GET /hea", "GET /health HTTP/1.1\nhost"])
def test_a_head_that_does_not_come_is_not_waited_for(shell: Shell, head: str) -> None:
    begun = time.monotonic()
    assert raw(shell, head) == b""
    assert time.monotonic() - begun < 3


def test_dripping_header_bytes_do_not_prolong_the_wait(shell: Shell) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", shell.port), timeout=10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nx: ")
        with suppress(OSError):
            while time.monotonic() - begun < 5:
                connection.sendall(b"a")
                time.sleep(0.05)
    assert time.monotonic() - begun < 3


def test_connections_are_bounded(shell: Shell) -> None:
    opened = [socket.create_connection(("127.0.0.1", shell.port), timeout=10) for _ in range(Hasty.MAX_CONNECTIONS + 5)]
    try:
        time.sleep(0.2)
        answered = 0
        for connection in opened:
            try:
                connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
                answered += connection.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        assert answered == Hasty.MAX_CONNECTIONS
    finally:
        for connection in opened:
            connection.close()


# --- answers ----------------------------------------------------------------------------------------------


def test_every_answer_has_the_headers_and_names_no_software(shell: Shell) -> None:
    for answer in (shell.send("GET", "/v1/service"), shell.send("GET", "/nothing"), shell.ask("GET", "/v1/intake")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers


def test_the_logs_are_static_files(shell: Shell) -> None:
    note = shell.send("GET", "/log/directory/checkpoint")
    assert (note.status, note.body) == (200, b"checkpoint of directory\n")
    assert (note.headers["content-type"], note.headers["cache-control"]) == ("text/plain; charset=utf-8", "no-cache")
    full = shell.send("GET", "/log/activity/tile/0/000")
    assert (len(full.body), full.headers["content-type"]) == (32 * 256, "application/octet-stream")
    assert "immutable" in full.headers["cache-control"]
    partial = shell.send("GET", "/log/activity/tile/entries/000.p/3")
    assert (len(partial.body), partial.headers["cache-control"]) == (32 * 3, "no-cache")
    assert shell.send("HEAD", "/log/activity/tile/0/000").headers["content-length"] == str(32 * 256)
    assert shell.use.calls[:2] == [("tile", "activity", 0, 0, 256), ("tile", "activity", -1, 0, 3)]


def test_health_is_red_or_green(shell: Shell) -> None:
    assert shell.send("GET", "/health").status == 200
    shell.use.red = True
    answer = shell.send("GET", "/health")
    shell.use.red = False
    assert (answer.status, json.loads(answer.body)["status"]) == (503, "red")


def test_metrics_are_for_this_computer(shell: Shell) -> None:
    shell.ask("GET", f"/v1/transfers/{TRANSFER}")
    text = shell.send("GET", "/metrics").body.decode()
    assert 'scelle_requests_total{route="transfer",status="404"}' in text
    assert "scelle_healthy 1.0" in text
    assert TRANSFER not in text
    assert shell.send("GET", "/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status == 404
    with served(behind_proxy=True) as proxied:
        assert proxied.send("GET", "/metrics").status == 404


def test_a_promise_is_awaited(shell: Shell) -> None:
    answer = shell.ask("POST", f"/v1/transfers/{TRANSFER}/release", STATEMENT)
    assert (answer.status, set(json.loads(answer.body))) == (200, {"logged", "share"})


def test_doing_answers_with_nothing(shell: Shell) -> None:
    answer = shell.ask("DELETE", f"/v1/transfers/{TRANSFER}")
    assert (answer.status, answer.body, "content-length" in answer.headers) == (204, b"", False)


def test_a_defect_tells_nothing_but_its_reference(shell: Shell) -> None:
    shell.use.failure = RuntimeError("Jean Dupont 1 84 12 76 451 089 46")
    answer = shell.ask("GET", "/v1/intake")
    found = problem(answer.body)
    assert (answer.status, found.code) == (500, "defect")
    assert [fact.value for fact in found.facts] == ["07" * 8]
    assert b"Dupont" not in answer.body
    events = shell.events.getvalue()
    assert f'"event":"defect","reference":"{"07" * 8}","error":"RuntimeError"' in events
    assert "Dupont" not in events


def test_requests_are_events_without_ids(shell: Shell) -> None:
    shell.ask("GET", f"/v1/transfers/{TRANSFER}")
    time.sleep(0.1)
    line = [line for line in shell.events.getvalue().splitlines() if "{transfer}" in line][-1]
    event = json.loads(line)
    assert (event["event"], event["method"], event["route"]) == ("request.served", "GET", "/v1/transfers/{transfer}")
    assert TRANSFER not in line


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (MalformedError(what="x", why="y"), ["what", "why"]),
        (StorageFaultError(what="/var/lib/scelle/ledger.sqlite", why="EIO"), []),
        (ClockError(seconds=400), ["seconds"]),
    ],
)
def test_what_went_wrong_inside_keeps_its_facts(error: ScelleError, facts: list[str]) -> None:
    found = problem_of(error)
    assert [fact.name for fact in found.facts] == facts
    assert (found.status, found.type) == (error.http_status, f"urn:scelle:problem:{error.code}")
    assert "Facts" not in found.title


def test_nothing_is_redirected_and_connections_are_kept(shell: Shell) -> None:
    with socket.create_connection(("127.0.0.1", shell.port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(b"GET /v1/service HTTP/1.1\r\nhost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_more_requests_than_it_serves_at_once_are_told_to_wait(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scelle.server.api.application.MAX_RUNNING_PER_KEY", 0)
    crowded = shell.ask("GET", "/v1/intake")
    assert (crowded.status, problem(crowded.body).code) == (429, "request.too-many")
    monkeypatch.setattr("scelle.server.api.application.MAX_RUNNING", 0)
    busy = shell.send("GET", "/v1/service")
    assert (busy.status, problem(busy.body).code, busy.headers["retry-after"]) == (503, "request.busy", "5")
