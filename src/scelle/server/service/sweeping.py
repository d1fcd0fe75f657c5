"""Destroying on time, and clearing up after what broke off."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scelle.base.ids import TransferId
from scelle.exchange.clockwatch import Judgement
from scelle.exchange.transfer import ABANDONED_AFTER, TransferState
from scelle.ports import Reading, TransferRow
from scelle.server.service.core import Core
from scelle.server.service.destroying import Destroyer, due_event
from scelle.server.service.events import Event
from scelle.server.service.mailing import Mailing

RECORDS_KEPT = 365 * 86400
"""Seconds after which a record is erased; its entry in the log stays (protocol §2)."""

ORPHANS_EVERY = 600
"""Seconds between two looks for shares and parts that nothing refers to; the first round looks."""

REFRESH_EVERY = 300
"""Seconds between two signatures of checkpoints that did not grow."""

_BATCH = 1000


class Sweeper:
    """Runs on its own in one thread. Every step may be cut off, and is taken up by the next round or the next start."""

    def __init__(self, core: Core, mailing: Mailing | None = None) -> None:
        self._core = core
        self._mailing = mailing
        self._destroyer = Destroyer(core)
        self._last: dict[str, float] = {}

    def run(self, stop: threading.Event, *, seconds: int = 60) -> None:
        """Rounds until `stop`, `seconds` apart."""
        while not stop.is_set():
            self.round()
            stop.wait(seconds)

    def round(self) -> None:
        """One look at everything. A step that fails is reported and tried again in the next round."""
        core, begun = self._core, self._core.clock.monotonic()
        destroyed = self._destroy_due()
        with self._reporting():
            core.intake.turn()
        with self._reporting():
            core.ledger.submit(lambda tx: tx.forget_nonces(expired_before=core.clock.now())).result()
        self._now_and_then("orphans", ORPHANS_EVERY, self._sweep_orphans)
        self._now_and_then("records", 86400, self._erase_records)
        self._now_and_then("refresh", REFRESH_EVERY, core.ledger.refresh)
        if self._mailing is not None:
            with self._reporting():
                self._mailing.round()
        if destroyed:
            with self._reporting():
                core.ledger.scrub()
        core.swept = core.clock.now()
        core.events(Event.SWEPT, count=destroyed, milliseconds=round(1000 * (core.clock.monotonic() - begun)))

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """One thing that goes wrong must not keep the others from being destroyed."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a defect, too, must not end the sweeper; it is reported
            self._core.events(Event.SWEEP_FAILED, error=type(error).__name__)

    def _now_and_then(self, name: str, seconds: int, action: Callable[[], object]) -> None:
        now = self._core.clock.monotonic()
        last = self._last.get(name)
        if last is not None and now - last < seconds:
            return
        with self._reporting():
            action()
            self._last[name] = now

    # --- destroying -----------------------------------------------------------------------------------------

    def _destroy_due(self) -> int:
        """Destroy what is due; returns how many transfers."""
        core, count = self._core, 0
        judgement = core.clockguard.judge()
        if judgement is not Judgement.SOUND:
            core.events(Event.CLOCK_DEPARTED, seconds=core.clockguard.departure())
        tried: set[TransferId] = set()
        while True:
            rows = [row for row in self._due(beyond=len(tried)) if row.transfer not in tried]
            if not rows:
                return count
            for row in rows:
                tried.add(row.transfer)
                # While the clock is in doubt nothing new is believed to be over; what was begun is finished.
                if judgement is Judgement.HOLD and row.state != TransferState.DESTROYING.value:
                    continue
                with self._reporting():
                    self._destroy(row)
                    count += 1

    def _due(self, *, beyond: int) -> list[TransferRow]:
        """The next batch; `beyond`: how many were looked at, which may still be due and must not hide the others."""
        core, now = self._core, self._core.clock.now()
        try:
            return core.ledger.read(
                lambda reading: reading.due(now=now, created_before=now - ABANDONED_AFTER, limit=beyond + _BATCH)
            )
        except Exception as error:  # noqa: BLE001 - as in `_reporting`
            core.events(Event.SWEEP_FAILED, error=type(error).__name__)
            return []

    def _destroy(self, row: TransferRow) -> None:
        if due_event(row) is not None:
            self._destroyer.expire(row.transfer, created_before=self._core.clock.now() - ABANDONED_AFTER)
        self._destroyer.finish(row.transfer)

    # --- clearing up ----------------------------------------------------------------------------------------

    def _sweep_orphans(self) -> None:
        core = self._core
        core.shares.take_up()
        shares = core.shares.sweep_orphans()
        # Names first, then the ledger: a part's row is durable before its object begins.
        names = list(core.blobs.names())
        transfers = {TransferId(name.partition("/")[0]) for name in names}
        kept = core.ledger.read(lambda reading: _kept(reading, transfers))
        orphans = [name for name in names if name.partition("/")[0] not in kept]
        for name in orphans:
            core.blobs.delete(name)
        if shares or orphans:
            core.events(Event.ORPHANS_ERASED, shares=shares, parts=len(orphans))

    def _erase_records(self) -> None:
        core = self._core
        core.ledger.submit(lambda tx: tx.erase_records(before=core.clock.now() - RECORDS_KEPT)).result()


def _kept(reading: Reading, transfers: set[TransferId]) -> set[TransferId]:
    rows = [reading.transfer(transfer) for transfer in transfers]
    return {row.transfer for row in rows if row is not None and row.state != TransferState.DESTROYED.value}
