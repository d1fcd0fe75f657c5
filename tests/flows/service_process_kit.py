"""A real service for flow tests: its own process, its own data, a port of its own on loopback.

with running_service(tmp_path, sweep_seconds=1) as service:
    code = service.invite("aphp")
    ... service.url, service.data, service.origin, service.anchor ...
    service.kill()       # as a power cut would
    service.restart()    # same port, same data
"""

import datetime
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from scelle.app.clock import SystemClock
from scelle.app.randomness import draw
from scelle.app.service import init, invite

HOST = "host"
ORIGIN = "test.scelle.example"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files; trust it with SSL_CERT_FILE."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "certificate.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


class ServiceProcess:
    """A service that was initialised; `start` runs it."""

    def __init__(self, folder: Path, environment: dict[str, str], *, host: str, origin: str, tls: bool) -> None:
        self.data = folder
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.certificate: Path | None = None
        key: Path | None = None
        if tls:
            self.certificate, key = make_certificate(folder.parent)
        self.host = host
        self.origin = origin
        self.errors = folder.with_name(folder.name + ".stderr")
        """File that everything the service wrote to standard error is kept in, over all its runs."""
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        made = init(
            folder,
            origin=origin,
            host_org=host,
            public_url=self.url,
            listen=("127.0.0.1", self.port),
            certificate=self.certificate,
            key=key,
            now=SystemClock().now(),
            draw=draw,
        )
        self.anchor = made.anchor

    def start(self) -> None:
        """Run the service; returns once it answers."""
        assert self._process is None
        with self.errors.open("a") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scelle.cli.main", "service", "run", "--data", str(self.data), "--json"],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **self._environment},
                text=True,
            )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready, f"the service did not start: {self.errors.read_text()}"
        assert json.loads(ready)["url"] == self.url

    @property
    def pid(self) -> int:
        """Process id of the running service."""
        assert self._process is not None
        return self._process.pid

    def invite(self, organisation: str, *, lifetime: int = 7 * 86400) -> str:
        """The invitation code of a new organisation (the host, too, needs one)."""
        return invite(self.data, organisation, lifetime=lifetime, now=SystemClock().now(), draw=draw).code

    def kill(self) -> None:
        """End the process at once, without a chance to tidy up."""
        self._end(hard=True)

    def stop(self) -> int:
        """Ask the process to end, and wait; returns its exit status."""
        return self._end(hard=False)

    def restart(self) -> None:
        """Run again on the same data and port, stopping first when it runs."""
        if self._process is not None:
            self.stop()
        self.start()

    def _end(self, *, hard: bool) -> int:
        assert self._process is not None
        if hard:
            self._process.kill()
        else:
            self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    def close(self) -> None:
        """End the process if it runs."""
        if self._process is not None:
            self.kill()


@contextmanager
def running_service(
    tmp_path: Path, *, host: str = HOST, origin: str = ORIGIN, tls: bool = False, **settings: str | int | bool
) -> Iterator[ServiceProcess]:
    """A running service in `tmp_path / "service"`; with `tls` under a certificate of its own.

    `settings` by the names of `scelle.app.settings`, those of a section with its name in front:
    `sweep_seconds=1`, `limits_max_parts=3`.
    """
    shown = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in settings.items()}
    environment = {f"SCELLE_{name.upper()}": value for name, value in shown.items()}
    service = ServiceProcess(tmp_path / "service", environment, host=host, origin=origin, tls=tls)
    try:
        service.start()
        yield service
    finally:
        service.close()
