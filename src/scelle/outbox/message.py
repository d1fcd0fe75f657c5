"""Mail messages as bytes (RFC 5322): nothing that is given can add a header, a recipient or a line."""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from scelle.base.errors import MalformedError
from scelle.ports import MailRefusedError

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}@[A-Za-z0-9.-]{1,100}\Z")
_MAX_SUBJECT = 200


def check_address(text: str) -> str:
    """Check a plain ASCII address without display name. Raises MailRefusedError (status 553)."""
    if not _ADDRESS.match(text) or len(text) > 254:
        raise MailRefusedError(status=553)
    return text


def compose(*, sender: str, to: str, subject: str, body: str, message_id: str, now: int) -> bytes:
    """The message with CRLF line ends. `now`: unix seconds, for its Date.

    Raises MailRefusedError for an address that is none, MalformedError for a subject with control characters or
    longer than 200, or a message id that is not of the form `name@domain`.
    """
    if not subject or len(subject) > _MAX_SUBJECT or not subject.isprintable():
        raise MalformedError(what="mail subject", why="empty, too long or with control characters")
    if not _MESSAGE_ID.match(message_id):
        raise MalformedError(what="message id", why="not of the form name@domain")
    message = EmailMessage(policy=SMTP)
    message["From"] = check_address(sender)
    message["To"] = check_address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(body, charset="utf-8")
    return message.as_bytes()
