"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called now and then with the bytes done so far, and the bytes there are when that changed."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Tell."""


def silent(done: int, total: int | None = None) -> None:
    """Tells nobody."""
