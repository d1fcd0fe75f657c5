"""A Mailer over SMTP (RFC 5321): one connection for each message."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiosmtplib

from scelle.outbox.errors import MailPasswordExposedError
from scelle.outbox.message import check_address, compose
from scelle.ports import MailDelayedError, MailRefusedError

_CLOSING = 0.05
"""Seconds that the event loop is given to close a connection that failed."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach the mail system.

    `security`: `starttls` (required, not opportunistic), `tls` from the first byte, or `none`. `ca_file`: PEM
    certificates to trust in place of the system's. `timeout`: seconds for each step.
    """

    host: str
    port: int
    sender: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout: float = 30.0


class SmtpMailer:
    """Hands each message to one mail system, which queues it from there."""

    def __init__(self, settings: SmtpSettings, *, now: Callable[[], int]) -> None:
        """`now`: unix seconds, for the Date of messages.

        Raises MailRefusedError when the sender is not an address, MailPasswordExposedError for a password without
        TLS, MailDelayedError when `ca_file` cannot be read.
        """
        if settings.password is not None and settings.security == "none":
            raise MailPasswordExposedError(host=settings.host)
        self._settings = settings
        self._sender = check_address(settings.sender)
        self._now = now
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise MailDelayedError(why=error.strerror or "the certificates cannot be read") from error

    async def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Returns once the mail system has accepted the message. Raises MailRefusedError or MailDelayedError.

        Refused are only answers about this recipient or this message; when the mail system refuses the service
        itself (log-in, sender, connection), the message waits. Also raises what `compose` does.
        """
        data = compose(sender=self._sender, to=to, subject=subject, body=body, message_id=message_id, now=self._now())
        settings = self._settings
        secured = settings.security != "none"
        try:
            await aiosmtplib.send(
                data,
                sender=self._sender,
                recipients=[to],
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password,
                local_hostname=self._sender.partition("@")[2],
                timeout=settings.timeout,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._tls if secured else None,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _answer(error.recipients[0].code) from error
        except aiosmtplib.SMTPDataError as error:
            raise _answer(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            # A connection whose TLS failed is closed by the loop, not by the library: it needs a moment to do so.
            await asyncio.sleep(_CLOSING)
            raise MailDelayedError(why=type(error).__name__) from error


def _answer(status: int) -> MailRefusedError | MailDelayedError:
    return MailRefusedError(status=status) if status >= 500 else MailDelayedError(why=f"status {status}")
