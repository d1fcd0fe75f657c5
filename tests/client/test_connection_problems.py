"""What services refuse with is known to a client that has loaded nothing but its connection."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from scelle.base.errors import all_error_classes
from scelle.cli.reference import import_everything
from scelle.exchange.answers import Problem
from scelle.server.api.errors import ConnectionLostError
from scelle.server.api.problems import problem_of

ROOMS = ("scelle.exchange.", "scelle.server.", "scelle.ports")

CHILD = """
import json, sys
from scelle.app.randomness import draw
from scelle.base.errors import ScelleError
from scelle.client.connection import Connection

url, *codes = sys.argv[1:]
connection = Connection(url, now=lambda: 0, draw=draw)
found = {}
for code in codes:
    try:
        connection.fetch("/" + code, limit=10)
    except ScelleError as error:
        found[code] = error.code
print(json.dumps(found))
"""


class Refusing(BaseHTTPRequestHandler):
    """Answers each path with the problem of that code."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        problem: Problem = problem_of(all_error_classes()[self.path[1:]]())
        body = problem.encode()
        self.send_response(problem.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing."""


def test_every_refusal_is_known() -> None:
    import_everything()
    codes = [code for code, kind in all_error_classes().items() if kind.__module__.startswith(ROOMS)]
    # Nobody is left to hear the first; the others are for whoever runs the service.
    codes = [code for code in codes if not code.startswith((ConnectionLostError.code, "mail.", "service."))]
    assert {"request.busy", "request.too-slow", "request.body-too-large", "storage.full", "defect"} <= set(codes)
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = subprocess.run([sys.executable, "-c", CHILD, url, *codes], capture_output=True, timeout=60, check=True)
        server.shutdown()
    assert json.loads(done.stdout) == {code: code for code in codes}
