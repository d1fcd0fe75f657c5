"""Nothing secret is left lying about: arguments, environments, homes, temporary folders, and what the service writes.

Two members join, send, are killed in the middle, open and attest, each by commands of their own. Passphrases, codes,
content, its name and purpose are planted; the keys are read from the vaults at the end. All of it is looked for in
every process while commands run, and in every file afterwards: as it is, in hexadecimal, and in base64.
"""

import base64
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from flows.service_process_kit import ServiceProcess, running_service
from scelle.app.randomness import draw
from scelle.client.vault import Vault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no process list to read"),
]

SIZE = 32 << 20


def spellings(secret: bytes) -> list[bytes]:
    shifted = [base64.b64encode(bytes(shift) + secret)[(0, 2, 3)[shift] : -4] for shift in range(3)]
    urlsafe = [each.translate(bytes.maketrans(b"+/", b"-_")) for each in shifted]
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), *shifted, *urlsafe]


def found_in(data: bytes, wanted: Mapping[str, bytes]) -> list[str]:
    return [name for name, secret in wanted.items() if any(each in data for each in spellings(secret))]


def found_below(folder: Path, wanted: Mapping[str, bytes]) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        data = str(path.relative_to(folder)).encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")
        found += [f"{name} in {path.name}" for name in found_in(data, wanted)]
    return found


class Watch:
    """Collects the arguments and the environment of every process that it may read, while commands run."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], set[bytes]] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    for what in ("cmdline", "environ"):
                        with suppress(OSError):
                            data = (process / what).read_bytes()
                            self.seen.setdefault((process.name, what), set()).add(data)

    @property
    def everything(self) -> bytes:
        return b"\0".join(data for each in self.seen.values() for data in each)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


class Person:
    """Somebody with a home, a passphrase, and commands that run in processes of their own."""

    def __init__(self, folder: Path, name: str, service: ServiceProcess) -> None:
        self.folder = folder
        self.name = name
        self.home = folder / "homes" / name
        self.url = service.url
        self.passphrase = f"pass-{name}-{secrets.token_hex(12)}"
        self.told = b""

    @contextmanager
    def started(self, *arguments: str, given: str = "") -> Iterator["subprocess.Popen[bytes]"]:
        reading, writing = os.pipe()
        os.write(writing, self.passphrase.encode() + b"\n")
        os.close(writing)
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self.folder / "tmp"), "SCELLE_HOME": str(self.home)}
        command = [sys.executable, "-m", "scelle.cli.main", *arguments, "--passphrase-fd", str(reading)]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(reading,),
            cwd=self.folder,
        ) as process:
            os.close(reading)
            assert process.stdin is not None
            process.stdin.write(given.encode())
            process.stdin.close()
            yield process

    def run(self, *arguments: str, given: str = "") -> str:
        with self.started(*arguments, given=given) as process:
            assert process.stdout is not None
            told = process.stdout.read()
            self.told += told
            assert process.wait(60) == 0, told
        return told.decode()

    def keys(self) -> dict[str, bytes]:
        vault = Vault.unlock(self.home, self.passphrase, draw=draw)
        return {f"{name} of {self.name}": vault.get(name) for name in vault.names()}


def test_no_secret_is_left_anywhere(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    content, name, purpose = (f"{what}-{secrets.token_hex(12)}" for what in ("content", "name", "purpose"))
    path = tmp_path / f"{name}.bin"
    path.write_bytes(os.urandom(SIZE // 2) + content.encode() + os.urandom(SIZE // 2))
    with Watch() as watch, running_service(tmp_path) as service:
        codes = {each: service.invite(each) for each in ("aphp", "cnam")}
        alice, bob = Person(tmp_path, "alice", service), Person(tmp_path, "bob", service)
        for person, organisation, roles in ((alice, "aphp", "sender"), (bob, "cnam", "recipient")):
            person.run(
                *("join", service.url, "--code", "-", "--name", person.name, "--roles", roles),
                given=codes[organisation],
            )
        bob.run("desk", "add", "tracing")
        bob.run("desk", "add", "tracing", bob.name)
        bob.run("accept", "--from", "aphp")
        sending = ("send", str(path), "--to", "cnam/tracing", "--purpose", purpose)
        with alice.started(*sending) as process:
            while process.poll() is None and not any((alice.home / "outgoing").glob("*/1.digests")):
                time.sleep(0.005)
            process.kill()
        interrupted = found_below(alice.home, {"content": content.encode(), "purpose": purpose.encode()})
        assert "going on with the interrupted transfer" in alice.run(*sending)
        transfer = bob.run("inbox").splitlines()[1].split()[0]
        bob.run("open", transfer, "--into", str(tmp_path / "into"))
        assert content.encode() in (tmp_path / "into" / path.name).read_bytes()
        (tmp_path / "into" / path.name).unlink()
        bob.run("discard", transfer)

    private = {f"passphrase of {each.name}": each.passphrase.encode() for each in (alice, bob)}
    private |= alice.keys() | bob.keys()
    private |= {f"code of {organisation}": code.encode() for organisation, code in codes.items()}
    sealed = {"content": content.encode(), "name": name.encode(), "purpose": purpose.encode()}
    assert len(private) >= 8

    assert interrupted == []
    processes = watch.everything
    assert str(path).encode() in processes, "the commands were not seen"
    assert found_in(processes, private | {"content": content.encode()}) == []
    for person in (alice, bob):
        assert found_below(person.home, private | {"content": content.encode()}) == []
        assert found_in(person.told, private) == []
    assert found_below(service.data, private | sealed) == []
    assert found_in(service.errors.read_bytes(), private | sealed) == []
    assert list((tmp_path / "tmp").iterdir()) == []
