"""Sending and opening against a plain copy over HTTP: whole processes, from disk to disk, as ratios of one run.

    python -m benchmarks.exchange [MB [rounds]]

`scelle send` counts from the start of its process to the committed transfer with its proof, `scelle open` to the
checked files and the receipt. The plain copies are made from within this process, by the same HTTP client, in bodies
of 16 MiB: to a bare Starlette application on the same server stack (which takes SHA-256 of each body and does not
sync), and to nginx (WebDAV PUT and GET, no digest, no sync). TLS on all sides, or on none.
"""

import http.client
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_stack import PIECE, SEGMENT, certificate, serve
from benchmarks.table import Row

from scelle.cli.demo_files import large
from scelle.cli.demo_stage import Member, Stage

SMALL_SIZE = 4096
STARTS = 9
MANY, ONE = "files of 4 KiB", "one file as large"
_TICK = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took. `peak`: MB of memory."""

    seconds: float
    peak: float


class World:
    """A service and two members, whose keys are unlocked."""

    def __init__(self, folder: Path, *, tls: bool) -> None:
        self.folder = folder
        if tls:
            os.environ["SSL_CERT_FILE"] = str(folder / "cert")
        self.stage = Stage(folder / "stage", lang="en")
        self.stage.folder.mkdir()
        self.port = free_port()
        url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        more = ["--cert", str(folder / "cert"), "--key", str(folder / "key")] if tls else []
        self._do(
            *("service", "init", "--data", "service", "--host-org", "host", "--origin", "bench"),
            *("--listen", f"127.0.0.1:{self.port}", "--url", url, *more),
        )
        self.stage.start_service()
        self.sender = self._join("host", "sender", url)
        self.recipient = self._join("insurer", "recipient", url)
        self._do("desk", "add", "desk", member=self.recipient)
        self._do("desk", "add", "desk", "insurer", member=self.recipient)
        self._do("accept", "--from", "host", member=self.recipient)

    def _do(self, *words: str, member: Member | None = None, unlocking: bool = False) -> str:
        ran = self.stage.run(words, member=member, unlocking=unlocking)
        if ran.status:
            raise RuntimeError(f"{ran.shown}: {ran.err}")
        return ran.out

    def _join(self, organisation: str, role: str, url: str) -> Member:
        member = self.stage.member(organisation, os.urandom(12).hex())
        code = self._do("service", "invite", "--data", "service", organisation).strip()
        named = ("--name", organisation, "--email", f"a@{organisation}.example", "--organisation-name", organisation)
        self._do("join", url, "--code", code, *named, "--roles", role, member=member, unlocking=True)
        self._do("unlock", "--for", "8h", member=member, unlocking=True)
        return member

    def send(self, path: Path) -> tuple[Spent, str]:
        """Send; also the transfer's id."""
        to = ("--to", "insurer/desk", "--purpose", "bench", "--expires", "1d")
        spent, out = spend(["send", str(path), *to, "--json"], self.sender.home)
        return spent, next(line.split('"')[3] for line in out.splitlines() if '"transfer"' in line)

    def open(self, transfer: str, source: Path) -> Spent:
        """Open into a fresh folder, and compare."""
        into = self.folder / "opened"
        spent, _ = spend(["open", transfer, "--into", str(into), "--json"], self.recipient.home)
        if source.is_file() and subprocess.run(["cmp", source, into / source.name], check=False).returncode:
            raise RuntimeError("what was opened is not what was sent")
        shutil.rmtree(into)
        return spent


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def spend(words: list[str], home: Path | None = None, *, program: list[str] | None = None) -> tuple[Spent, str]:
    """Run `scelle` (or another program) to its end, and measure it. Raises RuntimeError when it fails."""
    command = [*(program or [str(Path(sys.executable).with_name("scelle"))]), *words]
    command += [] if home is None else ["--home", str(home)]
    settle()
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        peak = 0.0
        while process.poll() is None:
            # What wait4 tells would include this process as it was when it forked.
            peak = max(peak, high_water(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TICK)
        seconds = time.perf_counter() - began
        out.seek(0)
        text = out.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{command}: {text}")
    return Spent(seconds, peak), text


def settle() -> None:
    """Let the disk finish what was written before: nobody pays for what another one left unsynced."""
    os.sync()


def high_water(pid: int | None) -> float:
    """MB of memory that a running process has had at most; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM")), 0.0)


# --- plain copies --------------------------------------------------------------------------------------------------


@contextmanager
def plain_server(kind: str, folder: Path, *, tls: bool) -> Iterator[http.client.HTTPConnection]:
    """nginx or the bare application, and a connection to it."""
    port = free_port()
    trust = ssl.create_default_context(cafile=folder / "cert") if tls else None
    server = serve(kind, folder, port, tls)
    try:
        link: http.client.HTTPConnection
        if trust is None:
            link = http.client.HTTPConnection("localhost", port)
        else:
            link = http.client.HTTPSConnection("localhost", port, context=trust)
        for _ in range(100):
            time.sleep(0.1)
            try:
                link.connect()
                break
            except OSError:
                continue
        yield link
        link.close()
    finally:
        server.terminate()
        server.wait()


def put(link: http.client.HTTPConnection, path: Path, *, webdav: bool) -> None:
    """Upload a file in bodies of 16 MiB."""
    room = memoryview(bytearray(PIECE))
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for start in range(0, size, SEGMENT):
            stop = min(start + SEGMENT, size)
            link.putrequest("PUT" if webdav else "PATCH", f"/up{start}" if webdav else "/f")
            link.putheader("content-length", str(stop - start))
            link.putheader("upload-offset", str(start))
            link.endheaders()
            while start < stop:
                count = file.readinto(room[: stop - start])
                link.send(room[:count])
                start += count
            answer = link.getresponse()
            answer.read()
            if answer.status not in {201, 204}:
                raise RuntimeError(f"PUT: {answer.status}")


def get(link: http.client.HTTPConnection, path: Path, size: int, *, webdav: bool) -> None:
    """Download `down` to a file, in one answer."""
    room = memoryview(bytearray(PIECE))
    link.request("GET", "/down" if webdav else "/f", headers={"range": f"bytes=0-{size - 1}"})
    answer = link.getresponse()
    left = size
    with path.open("wb", buffering=0) as file:
        while count := answer.readinto(room):
            file.write(room[:count])
            left -= count
    if left:
        raise RuntimeError(f"GET: {left} bytes are missing")


# --- the table -----------------------------------------------------------------------------------------------------


def _timed(act: Callable[[], None]) -> float:
    settle()
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _files(folder: Path, size: int, small: int) -> tuple[Path, Path, Path, Path]:
    table, noise, many, one = (folder / name for name in ("table.csv", "noise.bin", "many", "one.bin"))
    large(table, size, draw=os.urandom)
    with noise.open("wb") as file:
        for start in range(0, size, PIECE):
            file.write(os.urandom(min(PIECE, size - start)))
    many.mkdir()
    for number in range(small):
        (many / f"{number:05}.bin").write_bytes(os.urandom(SMALL_SIZE))
    one.write_bytes(os.urandom(small * SMALL_SIZE))
    return table, noise, many, one


def measure(
    size: int, *, rounds: int = 3, tls: bool = True, small: int = 10_000, folder: Path | None = None
) -> tuple[list[Row], list[str]]:
    """Rows, and the peers that are not installed.

    `size`: bytes of the large files; ten times that of disk is used. `small`: how many files of 4 KiB are sent, and
    beside them one file of as many bytes.
    """
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    missing = [] if shutil.which("nginx") else ["nginx"]
    with tempfile.TemporaryDirectory(dir=folder, prefix="scelle-bench-") as name:
        place = Path(name)
        certificate(place)
        table, noise, many, one = _files(place, size, small)
        shutil.copyfile(table, place / "down")
        place.chmod(0o755)  # nginx's workers may be another user
        world = World(place, tls=tls)
        try:
            for _ in range(rounds):
                for kind in ("nginx", "uvicorn"):
                    if kind in missing:
                        continue
                    with plain_server(kind, place, tls=tls) as link:
                        webdav = kind == "nginx"
                        label = "nginx" if webdav else "bare Starlette"
                        up = _timed(lambda: put(link, table, webdav=webdav))  # noqa: B023
                        down = _timed(lambda: get(link, place / "copy", size, webdav=webdav))  # noqa: B023
                        seconds.setdefault(f"plain upload, {label}", []).append(up)
                        seconds.setdefault(f"plain download, {label}", []).append(down)
                for what, path in (("table", table), ("noise", noise), (MANY, many), (ONE, one)):
                    sent, transfer = world.send(path)
                    opened = world.open(transfer, path)
                    for act, spent in (("send", sent), ("open", opened)):
                        seconds.setdefault(f"scelle {act}, {what}", []).append(spent.seconds)
                        peaks[f"{act}, {what}"] = max(spent.peak, peaks.get(f"{act}, {what}", 0.0))
            peaks["service"] = high_water(world.stage.service_pid)
            starts = {words: _start(words, world) for words in ("--help", "whoami")}
        finally:
            world.stage.close(keep=True)
    middle = {label: statistics.median(each) for label, each in seconds.items()}
    rows = [Row(label, value, "s", _against(label, middle)) for label, value in middle.items()]
    rows += [Row(f"peak memory, {label}", value, "MB") for label, value in peaks.items()]
    _, python = _least(lambda: spend(["-c", "pass"], program=[sys.executable])[0])
    rows.append(Row("start of Python", python, "s"))
    rows += [Row(f"scelle {words}", value, "s", {"start of Python": value / python}) for words, value in starts.items()]
    return rows, missing


def _against(label: str, middle: dict[str, float]) -> dict[str, float]:
    if label.endswith(MANY):
        base = label.replace(MANY, ONE)
        return {base: middle[label] / middle[base]}
    if not label.endswith(("table", "noise")):
        return {}
    way = "upload" if "send" in label else "download"
    bases = [base for base in middle if base.startswith(f"plain {way}")]
    return {base: middle[label] / middle[base] for base in bases}


def _start(words: str, world: World) -> float:
    home = world.sender.home if words == "whoami" else None
    return _least(lambda: spend([words], home)[0])[1]


def _least(act: Callable[[], Spent]) -> tuple[float, float]:
    """Least and median seconds of several runs."""
    taken = sorted(act().seconds for _ in range(STARTS))
    return taken[0], statistics.median(taken)


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]]
    found, absent = measure((asked[0] if asked else 534) * 1_000_000, rounds=asked[1] if len(asked) > 1 else 3)
    for row in found:
        print(f"{row.name:36} {row.value:8.2f} {row.unit}  {row.ratios}")
    print("not installed:", absent)
