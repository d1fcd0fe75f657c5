"""Mails that say that something waits, and nothing else (protocol §3)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from scelle.base.errors import ScelleError
from scelle.base.ids import TransferId
from scelle.exchange.transfer import TransferState
from scelle.ports import MailDelayedError, Mailer, MailRow, Reading, RecipientRow, TransferRow, Writing
from scelle.server.service.core import Core
from scelle.server.service.events import Event
from scelle.server.service.letters import LETTERS

UNOPENED_AFTER = 4 * 3600
"""Seconds after sealing after which a sender is told that nobody has opened a transfer."""

EXPIRING_BEFORE = 24 * 3600
"""Seconds before expiry at which a sender is told, or a quarter of the transfer's time when that is less."""

REFERENCE_SIZE = 8
"""Characters of a transfer id that make its reference."""

_BATCH = 200
_AT_ONCE = 8
_FIRST_WAIT = 60
_LONGEST_WAIT = 3600
_GIVE_UP_AFTER = 20


def queue_mails(tx: Writing, row: TransferRow, recipients: Sequence[RecipientRow], *, now: int) -> None:
    """Queue what a transfer that has just been sealed gives occasion to. Rows name it by its id alone."""
    for each in recipients:
        if each.desk is not None:
            tx.queue_mail(kind="arrived", transfer=row.transfer, key=each.member, due=now)
    ahead = min(EXPIRING_BEFORE, (row.expires - now) // 4)
    tx.queue_mail(kind="unopened", transfer=row.transfer, key=row.sender, due=now + UNOPENED_AFTER)
    tx.queue_mail(kind="expiring", transfer=row.transfer, key=row.sender, due=row.expires - ahead)


def reference(transfer: TransferId) -> str:
    """What people call a transfer by."""
    return transfer[:REFERENCE_SIZE]


@dataclass(frozen=True, slots=True)
class _Message:
    row: MailRow
    to: str


class Mailing:
    """Sends what is queued. Called from the sweeper's thread alone.

    `address`: the service's, as members type it; `language`: fr or en.
    """

    def __init__(self, core: Core, mailer: Mailer, *, address: str, language: str) -> None:
        self._core = core
        self._mailer = mailer
        self._address = address
        self._letters = LETTERS[language]
        self._domain = urlsplit(address).hostname or "localhost"

    def round(self) -> None:
        """Send the mails that are due. A mail that is no longer wanted, or has no address to go to, is dropped."""
        core, now = self._core, self._core.clock.now()
        due = core.ledger.read(
            lambda reading: [
                (row, _wanted(reading, row), reading.contact(row.key))
                for row in reading.mails_due(now=now, limit=_BATCH)
            ]
        )
        wanted = [_Message(row, contact.email) for row, wanted, contact in due if wanted and contact and contact.email]
        numbers = {message.row.number for message in wanted}
        self._drop([row for row, _, _ in due if row.number not in numbers])
        asyncio.run(self._send_all(wanted))

    async def _send_all(self, messages: Sequence[_Message]) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def send(message: _Message) -> None:
            async with slots:
                await self._send(message)

        await asyncio.gather(*(send(message) for message in messages))

    async def _send(self, message: _Message) -> None:
        core, row = self._core, message.row
        letter = self._letters[row.kind]
        words = {"reference": reference(row.transfer), "address": self._address}
        try:
            await self._mailer.send(
                to=message.to,
                subject=letter.subject.format(**words),
                body=letter.body.format(**words),
                message_id=f"{row.transfer}.{row.kind}.{row.number}@{self._domain}",
            )
        except MailDelayedError as error:
            self._delay(row, error)
        except ScelleError as error:  # refused for good, or not a message at all: again would be the same
            core.events(Event.MAIL_DROPPED, transfer=row.transfer, kind=row.kind, code=error.code)
            self._drop([row])
        else:
            core.events(Event.MAIL_SENT, transfer=row.transfer, kind=row.kind)
            self._drop([row])

    def _delay(self, row: MailRow, error: MailDelayedError) -> None:
        core, attempts = self._core, row.attempts + 1
        if attempts >= _GIVE_UP_AFTER:
            core.events(Event.MAIL_DROPPED, transfer=row.transfer, kind=row.kind, code=error.code)
            self._drop([row])
            return
        core.events(Event.MAIL_DELAYED, transfer=row.transfer, kind=row.kind, code=error.code)
        wait = min(_FIRST_WAIT * 2**row.attempts, _LONGEST_WAIT)
        later = replace(row, attempts=attempts, due=core.clock.now() + wait)
        core.ledger.submit(lambda tx: tx.update_mail(later)).result()

    def _drop(self, rows: Sequence[MailRow]) -> None:
        def action(tx: Writing) -> None:
            for row in rows:
                tx.drop_mail(row.number)

        if rows:
            self._core.ledger.submit(action).result()


def _wanted(reading: Reading, mail: MailRow) -> bool:
    """Whether there is still something to say."""
    row, recipients = reading.transfer(mail.transfer), reading.recipients(mail.transfer)
    if row is None or row.state != TransferState.SEALED.value:
        return False
    if mail.kind == "arrived":
        return any(each.member == mail.key and each.released is None and each.revoked is None for each in recipients)
    return not any(each.opened is not None for each in recipients if each.desk is not None)
