"""Mails that say that something waits, and nothing else."""

from scelle.ports import Mailer
from scelle.server.service.core import Core


class Mailing:
    """Sends what is queued. `address`: the service's, as members type it; `language`: fr or en."""

    def __init__(self, core: Core, mailer: Mailer, *, address: str, language: str) -> None:
        self._core = core
        self._mailer = mailer
        self._address = address
        self._language = language

    def round(self) -> None:
        """Send the mails that are due."""
        raise NotImplementedError
