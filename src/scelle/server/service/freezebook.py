"""The freezes in force, in memory: what releases and running downloads look at."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from scelle.base.ids import FreezeId
from scelle.exchange.freeze import Freeze, FreezeState, FreezeSubject, Scope, ScopeKind, matching
from scelle.ports import FreezeRow


def freeze_of(row: FreezeRow) -> Freeze:
    """A row as the exchange room knows it; its log index orders it."""
    return Freeze(
        id=row.freeze,
        scope=Scope(ScopeKind(row.kind), row.value),
        organisation=row.organisation,
        officer=row.officer,
        position=row.position,
        time=row.time,
        order=row.index or 0,
    )


class FreezeBook:
    """Every freeze not lifted: those in the ledger, and those on their way into it.

    Thread safety: `current` is a tuple that is never changed and replaced as a whole, under a lock; readers take it
    without one. The ledger's part is replaced in the writer's thread before its next transaction, so that no release
    is decided on an older one. A freeze on its way counts from before it is submitted until its future resolves.
    """

    def __init__(self, rows: Iterable[FreezeRow]) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Freeze, ...] = ()
        self._coming: list[Freeze] = []
        self.current: tuple[Freeze, ...] = ()
        self.replace(rows)

    def _publish(self) -> None:
        known = {freeze.id for freeze in self._kept}
        self.current = (*self._kept, *(freeze for freeze in self._coming if freeze.id not in known))

    def replace(self, rows: Iterable[FreezeRow]) -> None:
        """The ledger's freezes in force are these now."""
        fresh = tuple(freeze_of(row) for row in rows)
        with self._lock:
            self._kept = fresh
            self._publish()

    @contextmanager
    def coming(self, freeze: Freeze) -> Iterator[None]:
        """Let a freeze hold while it is on its way into the ledger, whether it arrives or not."""
        with self._lock:
            self._coming.append(freeze)
            self._publish()
        try:
            yield
        finally:
            with self._lock:
                # By identity: the same statement may be on its way twice.
                self._coming = [each for each in self._coming if each is not freeze]
                self._publish()

    def matching(self, subject: FreezeSubject) -> tuple[FreezeId, ...]:
        """The freezes that stop an act on this subject."""
        return matching(((freeze, FreezeState.ACTIVE) for freeze in self.current), subject)

    @property
    def whole_service(self) -> bool:
        """Whether a freeze of the whole service holds."""
        return any(freeze.scope.kind is ScopeKind.SERVICE for freeze in self.current)
