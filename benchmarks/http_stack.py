"""Which HTTP server and client carry sealed bytes best, under TLS on loopback (decision 0002).

    python benchmarks/http_stack.py [--rounds 3] [--mib 1024] [--plain] [uvicorn] [uvicorn-asyncio] [granian] [nginx]

Rounds are interleaved and medians printed: upload and download in MiB/s, small requests a second. Every upload is
64 (`--mib`/16) bodies of 16 MiB on one connection; the ASGI servers also take SHA-256 of each body, which nginx's
WebDAV PUT does not. Nobody syncs. granian, nginx, httpx2 and aiohttp are left out when they are not installed.
"""

import argparse
import asyncio
import ctypes
import datetime
import hashlib
import http.client
import importlib.util
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SEGMENT = 16 << 20
PIECE = 1 << 20
BATCH = 4 << 20
SMALL = 2000
SIGNED = {"signature-input": "y" * 200, "signature": "x" * 88}

# --- the service's side: an ASGI application as bare as the job allows -----------------------------------------------

POOL = ThreadPoolExecutor(4)


async def upload(request: Any, folder: Path) -> Any:
    """Stream a body to disk; a thread writes and hashes 4 MiB batches while the loop decrypts the next."""
    from starlette.responses import Response

    loop = asyncio.get_running_loop()
    at = int(request.headers["upload-offset"])
    digest = hashlib.sha256()
    handle = os.open(folder / "up", os.O_RDWR | os.O_CREAT | (0 if at else os.O_TRUNC), 0o600)

    def put(parts: list[bytes], offset: int) -> None:
        # One join, one update, one write: each takes the interpreter lock once, not once a piece.
        data = b"".join(parts)
        digest.update(data)
        os.pwrite(handle, data, offset)

    parts: list[bytes] = []
    size, job = 0, None
    try:
        async for piece in request.stream():
            parts.append(piece)
            size += len(piece)
            if size >= BATCH:
                if job:
                    await job
                job = loop.run_in_executor(POOL, put, parts, at)
                at, parts, size = at + size, [], 0
        if job:
            await job
        await loop.run_in_executor(POOL, put, parts, at)
    finally:
        os.close(handle)
    return Response(status_code=204, headers={"digest": digest.hexdigest()})


async def download(request: Any, folder: Path) -> Any:
    """Answer a range in 1 MiB chunks, reading the next while one is sent."""
    from starlette.responses import StreamingResponse

    first, last = (int(part) for part in request.headers["range"].removeprefix("bytes=").split("-"))
    loop = asyncio.get_running_loop()
    handle = os.open(folder / "down", os.O_RDONLY)

    async def chunks() -> AsyncIterator[bytes]:
        at = first
        try:
            ahead = loop.run_in_executor(POOL, os.pread, handle, PIECE, at)
            while at <= last:
                data = (await ahead)[: last + 1 - at]
                at += len(data)
                ahead = loop.run_in_executor(POOL, os.pread, handle, PIECE, at)
                yield data
            await ahead
        finally:
            os.close(handle)

    return StreamingResponse(chunks(), status_code=206, headers={"content-length": str(last + 1 - first)})


def application() -> Any:
    """The application under test; the folder comes from the environment because granian imports it by name."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    folder = Path(os.environ["BENCH_FOLDER"])
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt") and "BENCH_NO_MALLOPT" not in os.environ:
        libc.mallopt(-3, 8 << 20)  # M_MMAP_THRESHOLD: big buffers come from the heap, not from fresh zero pages
        libc.mallopt(-1, 256 << 20)  # M_TRIM_THRESHOLD: and are not handed back after every request

    async def small(request: Request) -> Response:
        return Response(hashlib.sha256(await request.body()).hexdigest(), headers=SIGNED)

    async def up(request: Request) -> Any:
        return await upload(request, folder)

    async def down(request: Request) -> Any:
        return await download(request, folder)

    return Starlette(
        routes=[Route("/f", up, methods=["PATCH"]), Route("/f", down), Route("/p", small, methods=["POST"])]
    )


NGINX = """worker_processes 2; daemon off; pid {d}/pid; error_log {d}/log; {user} events {{}}
http {{ access_log off; client_body_temp_path {d}/tmp; sendfile on; client_max_body_size 0;
server {{ listen 127.0.0.1:{port} {tls}; ssl_certificate {d}/cert; ssl_certificate_key {d}/key; root {d};
keepalive_requests 100000; dav_methods PUT; }} }}
"""


def serve(kind: str, folder: Path, port: int, tls: bool) -> "subprocess.Popen[bytes]":
    """Start one server."""
    env = os.environ | {"BENCH_FOLDER": str(folder), "PYTHONPATH": str(Path(__file__).parent)}
    pair = {"cert": str(folder / "cert"), "key": str(folder / "key")}
    if kind == "nginx":
        user = "user root;" if os.getuid() == 0 else ""
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(d=folder, port=port, tls="ssl" if tls else "", user=user))
        return subprocess.Popen(["nginx", "-c", str(conf)])
    if kind == "granian":
        more = ["--ssl-certificate", pair["cert"], "--ssl-keyfile", pair["key"]] if tls else []
        more += ["--interface", "asgi", "--http", "1", "--log-level", "warning", "--port", str(port), "--factory"]
        return subprocess.Popen([sys.executable, "-m", "granian", *more, "http_stack:application"], env=env)
    more = ["--ssl-certfile", pair["cert"], "--ssl-keyfile", pair["key"]] if tls else []
    more += ["--loop", "asyncio" if kind == "uvicorn-asyncio" else "uvloop", "--http", "httptools", "--no-access-log"]
    more += ["--log-level", "warning", "--port", str(port), "--factory", "http_stack:application"]
    return subprocess.Popen([sys.executable, "-m", "uvicorn", *more], env=env)


# --- the client's side -----------------------------------------------------------------------------------------------

Figures = dict[str, float]


def timed(amount: float, act: Callable[[], None]) -> float:
    """Amount a second."""
    start = time.perf_counter()
    act()
    return amount / (time.perf_counter() - start)


def stdlib(port: int, trust: ssl.SSLContext | None, mib: int, webdav: bool) -> Figures:
    """http.client: sendall of memoryviews, readinto one buffer."""
    if trust:
        link: http.client.HTTPConnection = http.client.HTTPSConnection("localhost", port, context=trust)
    else:
        link = http.client.HTTPConnection("localhost", port)
    body, room = memoryview(os.urandom(SEGMENT)), memoryview(bytearray(PIECE))

    def up() -> None:
        for number in range(mib << 20 >> 24):
            link.putrequest("PUT" if webdav else "PATCH", f"/up{number}" if webdav else "/f")
            link.putheader("content-length", str(SEGMENT))
            link.putheader("upload-offset", str(number * SEGMENT))
            link.endheaders()
            for at in range(0, SEGMENT, PIECE):
                link.send(body[at : at + PIECE])
            answer = link.getresponse()
            answer.read()
            assert answer.status in {201, 204}, answer.status

    def down() -> None:
        link.request("GET", "/down" if webdav else "/f", headers={"range": f"bytes=0-{(mib << 20) - 1}"})
        answer = link.getresponse()
        left = mib << 20
        while count := answer.readinto(room):
            left -= count
        assert left == 0

    def small() -> None:
        for _ in range(SMALL):
            link.request("POST", "/p", body=bytes(body[:1024]), headers=SIGNED)
            link.getresponse().read()

    figures = {"up": timed(mib, up), "down": timed(mib, down), "small": 0.0 if webdav else timed(SMALL, small)}
    link.close()
    return figures


def httpx2(port: int, trust: ssl.SSLContext | None, mib: int, _webdav: bool) -> Figures:
    """httpx2, synchronous."""
    import httpx2 as library

    body = os.urandom(SEGMENT)
    link = library.Client(base_url=f"http{'s' if trust else ''}://localhost:{port}", verify=trust or True, timeout=60)

    def pieces() -> Iterator[bytes]:
        return (body[at : at + PIECE] for at in range(0, SEGMENT, PIECE))

    def up() -> None:
        for number in range(mib << 20 >> 24):
            headers = {"upload-offset": str(number * SEGMENT), "content-length": str(SEGMENT)}
            assert link.patch("/f", content=pieces(), headers=headers).status_code == 204

    def down() -> None:
        with link.stream("GET", "/f", headers={"range": f"bytes=0-{(mib << 20) - 1}"}) as answer:
            assert sum(map(len, answer.iter_raw())) == mib << 20

    def small() -> None:
        for _ in range(SMALL):
            link.post("/p", content=body[:1024], headers=SIGNED)

    with link:
        return {"up": timed(mib, up), "down": timed(mib, down), "small": timed(SMALL, small)}


def aiohttp(port: int, trust: ssl.SSLContext | None, mib: int, _webdav: bool) -> Figures:
    """aiohttp, one connection."""
    import aiohttp as library

    body = os.urandom(SEGMENT)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, SEGMENT, PIECE):
            yield body[at : at + PIECE]

    async def main() -> Figures:
        base = f"http{'s' if trust else ''}://localhost:{port}"
        figures: Figures = {}
        connector = library.TCPConnector(ssl=trust or False)
        async with library.ClientSession(base, connector=connector, read_bufsize=PIECE) as link:
            start = time.perf_counter()
            for number in range(mib << 20 >> 24):
                headers = {"upload-offset": str(number * SEGMENT), "content-length": str(SEGMENT)}
                async with link.patch("/f", data=pieces(), headers=headers) as answer:
                    assert answer.status == 204
            figures["up"] = mib / (time.perf_counter() - start)
            start = time.perf_counter()
            async with link.get("/f", headers={"range": f"bytes=0-{(mib << 20) - 1}"}) as answer:
                assert sum([len(data) async for data in answer.content.iter_any()]) == mib << 20
            figures["down"] = mib / (time.perf_counter() - start)
            start = time.perf_counter()
            for _ in range(SMALL):
                async with link.post("/p", data=body[:1024], headers=SIGNED) as answer:
                    await answer.read()
            figures["small"] = SMALL / (time.perf_counter() - start)
        return figures

    return asyncio.run(main())


CLIENTS = {"http.client": stdlib, "httpx2": httpx2, "aiohttp": aiohttp}


def certificate(folder: Path) -> None:
    """A throw-away certificate for localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(day - datetime.timedelta(1))
        .not_valid_after(day + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    (folder / "cert").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def measure(kind: str, client: str, folder: Path, tls: bool, mib: int) -> Figures:
    """Start a server, run one client against it, stop the server."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    trust = ssl.create_default_context(cafile=folder / "cert") if tls else None
    server = serve(kind, folder, port, tls)
    try:
        for _ in range(100):
            time.sleep(0.1)
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
        return CLIENTS[client](port, trust, mib, kind == "nginx")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Run it all and print a table."""
    parse = argparse.ArgumentParser()
    parse.add_argument("servers", nargs="*")
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--mib", type=int, default=1024)
    parse.add_argument("--plain", action="store_true")
    asked = parse.parse_args()
    here = {name: importlib.util.find_spec(name) is not None for name in ("granian", "httpx2", "aiohttp")}
    here |= {"nginx": shutil.which("nginx") is not None}
    servers = [s for s in asked.servers or ["nginx", "uvicorn", "uvicorn-asyncio", "granian"] if here.get(s, True)]
    clients = [name for name in CLIENTS if here.get(name, True)]
    runs = [(s, c) for s in servers for c in clients if s == "uvicorn" or c == "http.client"]
    seen: dict[tuple[str, str], list[Figures]] = {run: [] for run in runs}
    with tempfile.TemporaryDirectory(prefix="http-stack-") as name:
        folder = Path(name)
        certificate(folder)
        (folder / "down").write_bytes(os.urandom(PIECE) * asked.mib)
        for _ in range(asked.rounds):
            for run in runs:
                seen[run].append(measure(*run, folder, not asked.plain, asked.mib))
    print(f"under {'plain HTTP' if asked.plain else 'TLS'}")
    print(f"{'server':16} {'client':12} {'up MiB/s':>9} {'down':>7} {'small/s':>8}")
    for (server, client), figures in seen.items():
        up, down, small = (statistics.median(f[what] for f in figures) for what in ("up", "down", "small"))
        print(f"{server:16} {client:12} {up:9.0f} {down:7.0f} {small:8.0f}")


if __name__ == "__main__":
    main()
