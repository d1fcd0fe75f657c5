"""The service's intake keys: release shares on their way in are sealed to them (protocol §3, step 6).

They live in memory only. Whoever copies the service's disk, or records what travelled, cannot open what was sealed to
a key that is gone; after a restart clients ask for the new key and seal their shares anew.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from scelle.age.errors import NoMatchError
from scelle.age.file import open_bytes
from scelle.age.hybrid import SEED_SIZE, HybridIdentity
from scelle.exchange.acts import IntakeKey
from scelle.exchange.errors import IntakeKeyUnknownError
from scelle.exchange.keys import SigningKey
from scelle.exchange.statement import NONCE_SIZE, sign_statement

REPLACED_AFTER = 86400
"""Seconds for which a key is given out."""

HELD_FOR = 2 * 86400
"""Seconds for which a key opens: it is held one more day than it is given out."""


@dataclass(frozen=True, slots=True)
class _Key:
    made: int
    identity: HybridIdentity = field(repr=False)
    statement: bytes


class IntakeKeys:
    """The current key and the one before. Any thread: the tuple of keys is replaced under a lock."""

    def __init__(
        self, *, service_key: SigningKey, origin: str, draw: Callable[[int], bytes], now: Callable[[], int]
    ) -> None:
        self._service_key = service_key
        self._origin = origin
        self._draw = draw
        self._now = now
        self._lock = threading.Lock()
        self._keys: tuple[_Key, ...] = ()
        self.turn()

    def turn(self) -> None:
        """Make a new key when the current one is a day old; let go of those that are two days old."""
        now = self._now()
        with self._lock:
            kept = tuple(key for key in self._keys if now < key.made + HELD_FOR)
            if not kept or now >= kept[0].made + REPLACED_AFTER:
                kept = (self._make(now), *kept)
            self._keys = kept

    def _make(self, now: int) -> _Key:
        identity = HybridIdentity.from_seed(self._draw(SEED_SIZE))
        act = IntakeKey(
            time=now,
            nonce=self._draw(NONCE_SIZE),
            recipient=identity.recipient().public_key,
            not_after=now + REPLACED_AFTER,
        )
        return _Key(now, identity, sign_statement(act, origin=self._origin, keys=[self._service_key]))

    def statement(self) -> bytes:
        """The current key, signed by the service."""
        self.turn()
        return self._keys[0].statement

    def open(self, sealed: bytes) -> bytes:
        """What was sealed to the current or the last key. Raises IntakeKeyUnknownError and the age room's errors."""
        self.turn()
        try:
            return open_bytes(sealed, [key.identity for key in self._keys])
        except NoMatchError:
            raise IntakeKeyUnknownError() from None
