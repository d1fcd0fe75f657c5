"""Messages: what is in them, and that nothing given can add to them."""

from email import message_from_bytes
from email.policy import SMTP

import pytest

from scelle.base.errors import MalformedError, ScelleError
from scelle.outbox.message import compose
from scelle.ports import MailRefusedError


def make(
    to: str = "anna@cnam.example",
    subject: str = "Dépôt",
    body: str = "Référence abc\n",
    message_id: str = "m1@s.example",
) -> bytes:
    return compose(
        sender="scelle@s.example", to=to, subject=subject, body=body, message_id=message_id, now=1_790_000_000
    )


def test_a_message_reads_back() -> None:
    data = make()
    assert b"\n" not in data.replace(b"\r\n", b"")
    message = message_from_bytes(data, policy=SMTP)
    assert message["To"] == "anna@cnam.example"
    assert message["Subject"] == "Dépôt"
    assert message["Message-ID"] == "<m1@s.example>"
    assert message["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "Référence abc\n"


def test_a_body_cannot_end_the_message_or_add_headers() -> None:
    message = message_from_bytes(make(body="Bcc: x@evil.example\n.\nRCPT TO:<x@evil.example>\n"), policy=SMTP)
    assert message["Bcc"] is None
    assert not message.is_multipart()


@pytest.mark.parametrize(
    ("what", "value", "wanted"),
    [
        ("to", "a@b.example\r\nBcc: x@evil.example", MailRefusedError),
        ("to", "a@b.example\n", MailRefusedError),
        ("to", "a@b.example, c@d.example", MailRefusedError),
        ("to", "Anna <a@b.example>", MailRefusedError),
        ("to", "é@b.example", MailRefusedError),
        ("to", "a@" + "b" * 254, MailRefusedError),
        ("to", "", MailRefusedError),
        ("subject", "hello\r\nBcc: x@evil.example", MalformedError),
        ("subject", "hello\x00", MalformedError),
        ("subject", "\u2028", MalformedError),
        ("subject", "", MalformedError),
        ("subject", "x" * 201, MalformedError),
        ("message_id", "m1@s.example>\r\nX: y", MalformedError),
        ("message_id", "../m1@s.example", MalformedError),
        ("message_id", "m1", MalformedError),
    ],
)
def test_injections_are_refused(what: str, value: str, wanted: type[ScelleError]) -> None:
    with pytest.raises(wanted):
        make(**{what: value})
