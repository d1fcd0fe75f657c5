"""A Mailer that leaves messages as files: one `.eml` for each message id."""

from collections.abc import Callable
from pathlib import Path

from scelle.outbox.message import check_address, compose
from scelle.ports import MailDelayedError


class FolderMailer:
    """Writes messages into a folder, which it makes. Sending an id again replaces the file."""

    def __init__(self, folder: Path, *, sender: str, now: Callable[[], int]) -> None:
        """`now`: unix seconds. Raises MailRefusedError when the sender is not an address."""
        self._folder = folder
        self._sender = check_address(sender)
        self._now = now

    async def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Returns once the file has its name. Errors as in `compose`; MailDelayedError when it cannot be written."""
        data = compose(sender=self._sender, to=to, subject=subject, body=body, message_id=message_id, now=self._now())
        path = self._folder / f"{message_id}.eml"
        partial = path.with_suffix(".partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError as error:
            raise MailDelayedError(why=error.strerror or "the folder cannot be written") from error
