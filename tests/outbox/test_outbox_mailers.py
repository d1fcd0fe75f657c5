"""The Mailer adapters: a folder, and SMTP against a real server on loopback."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scelle.outbox.errors import MailPasswordExposedError
from scelle.outbox.folder import FolderMailer
from scelle.outbox.smtp import SmtpMailer, SmtpSettings
from scelle.ports import MailDelayedError, Mailer, MailRefusedError

SENDER = "scelle@service.example"


def now() -> int:
    return 1_790_000_000


def send(mailer: Mailer, to: str = "anna@cnam.example") -> None:
    asyncio.run(mailer.send(to=to, subject="Un dépôt vous attend", body="Référence abc\n", message_id="m1@s.example"))


class Sink:
    """Keeps what arrives; answers by the recipient's name."""

    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes]] = []
        self.secured: list[bool] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if envelope.rcpt_tos[0].startswith("full"):
            return "552 mailbox full"
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        self.secured.append(session.ssl is not None)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@contextmanager
def server(sink: Sink, tls: tuple[Path, Path] | None = None, **options: Any) -> Iterator[int]:
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        options["tls_context"] = context

    class OnAnyPort(Controller):
        def factory(self) -> SMTP:
            return SMTP(self.handler, hostname="localhost", **options)

        def _trigger_server(self) -> None:
            assert isinstance(self.server, asyncio.Server)
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]

    controller = OnAnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def settings(port: int, security: Literal["starttls", "tls", "none"] = "none", **options: Any) -> SmtpSettings:
    return SmtpSettings(host="localhost", port=port, sender=SENDER, security=security, timeout=5.0, **options)


def test_smtp_delivers() -> None:
    sink = Sink()
    with server(sink) as port:
        send(SmtpMailer(settings(port), now=now))
    ((sender, recipients, content),) = sink.received
    assert (sender, recipients) == (SENDER, ["anna@cnam.example"])
    assert message_from_bytes(content)["Message-ID"] == "<m1@s.example>"


def test_smtp_over_starttls_with_password(certificate: tuple[Path, Path]) -> None:
    sink = Sink()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"scelle", b"right")
        return AuthResult(success=good, handled=False)

    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True, "require_starttls": True}
    with server(sink, certificate, **options) as port:
        known = {"username": "scelle", "ca_file": certificate[0]}
        send(SmtpMailer(settings(port, "starttls", password="right", **known), now=now))
        with pytest.raises(MailDelayedError):  # the service's own trouble: the message waits
            send(SmtpMailer(settings(port, "starttls", password="wrong", **known), now=now))
    assert sink.secured == [True]


def test_smtp_insists_on_starttls_and_on_the_certificate(certificate: tuple[Path, Path]) -> None:
    sink = Sink()
    with server(sink) as port, pytest.raises(MailDelayedError):
        send(SmtpMailer(settings(port, "starttls"), now=now))
    with server(sink, certificate) as port, pytest.raises(MailDelayedError):
        send(SmtpMailer(settings(port, "starttls"), now=now))
    assert sink.received == []


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("nobody@cnam.example", MailRefusedError),
        ("full@cnam.example", MailRefusedError),
        ("later@cnam.example", MailDelayedError),
    ],
)
def test_smtp_tells_refused_from_delayed(to: str, error: type[Exception]) -> None:
    sink = Sink()
    with server(sink) as port, pytest.raises(error):
        send(SmtpMailer(settings(port), now=now), to)
    assert sink.received == []


def test_smtp_without_a_server_is_delayed() -> None:
    with server(Sink()) as port:
        pass
    with pytest.raises(MailDelayedError):
        send(SmtpMailer(settings(port), now=now))


def test_a_password_needs_tls() -> None:
    with pytest.raises(MailPasswordExposedError):
        SmtpMailer(settings(25, username="scelle", password="secret"), now=now)
    assert "secret" not in repr(settings(25, password="secret"))


def test_folder_keeps_one_file_for_each_id(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path / "mail", sender=SENDER, now=now)
    send(mailer)
    send(mailer)
    (found,) = (tmp_path / "mail").iterdir()
    assert found.name == "m1@s.example.eml"
    assert message_from_bytes(found.read_bytes())["To"] == "anna@cnam.example"


def test_folder_that_cannot_be_written_is_delayed(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(MailDelayedError):
        send(FolderMailer(tmp_path / "mail", sender=SENDER, now=now))
