"""A connection that the service closed while it was idle: the next request goes out on a new one."""

import socket
import ssl
import struct
import time
from pathlib import Path
from threading import Thread

import pytest

from flows.service_process_kit import make_certificate
from scelle.app.randomness import draw
from scelle.client import connection as module
from scelle.client.connection import Connection

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def _serve(listener: socket.socket, context: ssl.SSLContext | None, times: int, cut: bool) -> None:
    """Answer one request on each connection, then close it without a word, or reset it."""
    for _ in range(times):
        plain, _ = listener.accept()
        talking = plain if context is None else context.wrap_socket(plain, server_side=True)
        talking.recv(1 << 16)
        talking.sendall(ANSWER)
        time.sleep(0.05)  # the client has read it
        plain_end = talking if context is None else socket.socket(fileno=talking.detach())
        if cut:
            plain_end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain_end.close()


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("tls", [False, True])
def test_the_next_request_goes_out_on_a_new_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool, cut: bool
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        trusting = ssl.create_default_context(cafile=certificate)
        monkeypatch.setattr(module, "_tls", lambda: trusting)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_serve, args=(listener, context, 2, cut), daemon=True)
        thread.start()
        scheme = "https" if tls else "http"
        connection = Connection(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", now=lambda: 0, draw=draw)
        assert connection.fetch("/a", limit=10) == b"ok"
        time.sleep(0.2)  # until the close has arrived
        assert connection.fetch("/b", limit=10) == b"ok"
        connection.close()
        thread.join(5)
