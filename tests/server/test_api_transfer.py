"""Parts on the wire: tus uploads that keep every byte, ranges, downloads that are cut off."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from api_kit import FOREIGN, TRANSFER, Shell, part_metadata, served, tus
from scelle.exchange.segments import SEGMENT_SIZE
from scelle.server.api.calls import Patience

PARTS = f"/v1/transfers/{TRANSFER}/parts"


@pytest.fixture
def shell() -> Iterator[Shell]:
    with served(patience=Patience(idle=2.0, body=2.0, upload=20.0)) as shell:
        yield shell


def raw_request(shell: Shell, method: str, path: str, headers: dict[str, str]) -> socket.socket:
    """A connection on which the head of a request has been sent."""
    connection = socket.create_connection(("127.0.0.1", shell.port), timeout=10)
    lines = [f"{method} {path} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def test_a_part_is_made_and_made_again(shell: Shell) -> None:
    made = shell.ask("POST", PARTS, b"", headers={**tus(), **part_metadata(3), "upload-defer-length": "1"})
    assert made.status == 201
    assert made.headers["location"] == f"{PARTS}/3"
    assert made.headers["tus-resumable"] == "1.0.0"
    assert made.headers["upload-defer-length"] == "1"
    again = shell.ask("POST", PARTS, b"", headers={**tus(upload_length="5"), **part_metadata(0)})
    assert (again.status, again.headers["upload-length"]) == (200, "5")
    assert shell.use.calls == [("create_part", 3, None), ("create_part", 0, 5)]


@pytest.mark.parametrize(
    "headers",
    [
        {**tus(), **part_metadata(1)},
        {**tus(upload_length="5"), **part_metadata(1), "upload-defer-length": "1"},
        {**tus(upload_length="05"), **part_metadata(1)},
        {**tus(upload_length="5"), "upload-metadata": "part MDE="},
        {**tus(upload_length="5"), "upload-metadata": "name MQ=="},
        tus(upload_length="5"),
    ],
)
def test_what_does_not_say_which_part_makes_none(shell: Shell, headers: dict[str, str]) -> None:
    answer = shell.ask("POST", PARTS, b"", headers=headers)
    assert answer.status == 400
    assert shell.use.calls == []


def test_another_upload_protocol_is_refused(shell: Shell) -> None:
    answer = shell.ask("HEAD", f"{PARTS}/1", headers={"tus-resumable": "0.2.2"})
    assert answer.status == 412
    answer = shell.ask("POST", PARTS, b"")
    assert json.loads(answer.body)["code"] == "request.upload-version"


def test_bytes_arrive_in_large_batches_and_flat_memory(shell: Shell) -> None:
    body = os.urandom(10 << 20)
    answer = shell.patch(body, offset=0, upload_length=str(len(body)))
    assert (answer.status, answer.headers["upload-offset"]) == (204, str(len(body)))
    assert bytes(shell.use.kept) == body
    assert max(shell.use.fed) < 6 << 20
    assert len(shell.use.fed) <= 3
    _, number, more = shell.use.calls[0]
    assert (number, more["length"], more["declared_body_size"]) == (1, len(body), len(body))
    head = shell.ask("HEAD", f"{PARTS}/1", headers=tus())
    assert (head.status, head.headers["upload-offset"]) == (200, str(len(body)))


def test_a_cut_connection_keeps_what_arrived_and_the_upload_goes_on(shell: Shell) -> None:
    body = os.urandom(6 << 20)
    headers = shell.signed("PATCH", f"{PARTS}/1", body, headers=tus(offset=0))
    connection = raw_request(shell, "PATCH", f"{PARTS}/1", {**headers, "content-length": str(len(body))})
    connection.sendall(body[: 5 << 20])
    connection.close()
    assert shell.use.broken.wait(10)
    assert bytes(shell.use.kept) == body[: 5 << 20]
    rest = shell.patch(body[5 << 20 :], offset=5 << 20)
    assert (rest.status, rest.headers["upload-offset"]) == (204, str(len(body)))
    assert bytes(shell.use.kept) == body


def test_a_stalled_upload_ends_and_keeps_what_arrived(shell: Shell) -> None:
    body = os.urandom(1000)
    headers = shell.signed("PATCH", f"{PARTS}/1", body, headers=tus(offset=0))
    with raw_request(shell, "PATCH", f"{PARTS}/1", {**headers, "content-length": "1000"}) as connection:
        connection.sendall(body[:600])
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer
    assert bytes(shell.use.kept) == body[:600]
    assert shell.use.broken.is_set()


def test_a_whole_chunk_with_another_digest_is_cut_off_again(shell: Shell) -> None:
    body = os.urandom(1000)
    assert shell.patch(body, offset=0).status == 204
    headers = shell.signed("PATCH", f"{PARTS}/1", body, headers=tus(offset=1000))
    answer = shell.send("PATCH", f"{PARTS}/1", bytes(1000), headers)
    assert (answer.status, json.loads(answer.body)["code"]) == (460, "upload.chunk-digest")
    assert bytes(shell.use.kept) == body


def test_a_wrong_offset_says_where_the_part_ends(shell: Shell) -> None:
    shell.patch(b"12345", offset=0)
    answer = shell.patch(b"6", offset=4)
    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (409, "upload.offset")
    assert problem["facts"] == [{"name": "offset", "value": "5"}]


@pytest.mark.parametrize(("offset", "size"), [(0, SEGMENT_SIZE + 1), (SEGMENT_SIZE - 10, 11), (5, SEGMENT_SIZE)])
def test_no_chunk_crosses_a_segment(shell: Shell, offset: int, size: int) -> None:
    headers = shell.signed("PATCH", f"{PARTS}/1", b"", headers=tus(offset=offset))
    with raw_request(shell, "PATCH", f"{PARTS}/1", {**headers, "content-length": str(size)}) as connection:
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert shell.use.calls == []


def test_a_chunk_needs_type_and_offset(shell: Shell) -> None:
    wrong = shell.ask("PATCH", f"{PARTS}/1", b"x", headers={**tus(offset=0), "content-type": "text/plain"})
    assert wrong.status == 415
    wrong = shell.ask("PATCH", f"{PARTS}/1", b"x", headers={**tus(), "content-type": "application/offset+octet-stream"})
    assert wrong.status == 400


def test_a_replayed_chunk_is_refused(shell: Shell) -> None:
    headers = shell.signed("PATCH", f"{PARTS}/1", b"x", headers=tus(offset=0))
    assert shell.send("PATCH", f"{PARTS}/1", b"x", headers).status == 204
    assert shell.send("PATCH", f"{PARTS}/1", b"x", headers).status == 401


# --- downloads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-5", 5, 6),
        ("bytes=2500000-", 2_500_000, 3_000_000),
        ("bytes=-7", 2_999_993, 3_000_000),
        ("bytes=-99999999", 0, 3_000_000),
        ("bytes=10-99999999", 10, 3_000_000),
    ],
)
def test_a_range_is_answered_exactly(shell: Shell, asked: str, first: int, stop: int) -> None:
    shell.use.content = os.urandom(3_000_000)
    answer = shell.ask("GET", f"{PARTS}/1", headers={"range": asked})
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {first}-{stop - 1}/3000000"
    assert answer.body == shell.use.content[first:stop]
    assert shell.use.closed.wait(5)


def test_the_whole_part(shell: Shell) -> None:
    shell.use.content = os.urandom(3_000_000)
    answer = shell.ask("GET", f"{PARTS}/0")
    assert (answer.status, answer.headers["accept-ranges"], answer.body) == (200, "bytes", shell.use.content)
    assert shell.use.asked >= 3  # before each chunk


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=5-4", "bytes=-0", "bytes=0-1,3-4", "lines=1-2"])
def test_what_is_not_one_range_within_is_refused(shell: Shell, asked: str) -> None:
    shell.use.content = b"0123456789"
    answer = shell.ask("GET", f"{PARTS}/1", headers={"range": asked})
    assert (answer.status, json.loads(answer.body)["code"]) == (416, "request.range")
    assert shell.use.closed.is_set()


@pytest.mark.parametrize("reads", [True, False])
def test_a_running_download_is_cut_within_a_second(shell: Shell, reads: bool) -> None:
    shell.use.content = bytes(64 << 20)
    with raw_request(shell, "GET", f"{PARTS}/1", shell.signed("GET", f"{PARTS}/1")) as connection:
        connection.recv(100_000)
        shell.use.may_read = False
        begun = time.monotonic()
        assert reads or shell.use.closed.wait(5)  # cut although the client takes nothing
        got = 0
        try:
            while piece := connection.recv(1 << 20):
                got += len(piece)
        except ConnectionResetError:
            pass
        assert time.monotonic() - begun < 2
        assert got < 32 << 20
    assert shell.use.closed.wait(5)


def test_a_client_that_takes_nothing_is_dropped(shell: Shell) -> None:
    shell.use.content = bytes(64 << 20)
    with raw_request(shell, "GET", f"{PARTS}/1", shell.signed("GET", f"{PARTS}/1")):
        assert shell.use.closed.wait(8)


def test_a_stop_finishes_what_runs() -> None:
    body = os.urandom(1 << 20)
    done = threading.Event()
    with served() as shell:
        headers = shell.signed("PATCH", f"{PARTS}/1", body, headers=tus(offset=0))
        connection = raw_request(shell, "PATCH", f"{PARTS}/1", {**headers, "content-length": str(len(body))})
        connection.sendall(body[:500_000])

        def finish() -> None:
            time.sleep(0.5)
            connection.sendall(body[500_000:])
            assert connection.recv(4096).startswith(b"HTTP/1.1 204")
            connection.close()
            done.set()

        threading.Thread(target=finish).start()
        shell.stop_gently()
    assert done.wait(5)
    assert bytes(shell.use.kept) == body


def test_a_transfer_of_others_and_one_that_never_was_are_the_same(shell: Shell) -> None:
    one, other = (shell.ask("GET", f"/v1/transfers/{transfer}") for transfer in (TRANSFER, FOREIGN))
    assert (one.status, one.body) == (other.status, other.body) == (404, one.body)
    assert {name: one.headers[name] for name in one.headers if name != "date"} == {
        name: other.headers[name] for name in other.headers if name != "date"
    }
