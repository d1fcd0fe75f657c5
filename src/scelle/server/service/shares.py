"""Release shares between the keeper and the ledger: the one place that moves them.

Two things can go wrong between a slot file and a ledger that do not share a transaction. A slot that was erased may be
given out again while the ledger still names its old owner: so erasing and clearing, and putting, happen under one
gate, and a start takes up what was broken off in between. And a share that a commit has just put looks like an orphan
until the ledger names it: so its owner is announced before it is put.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from scelle.base.ids import Digest, KeyId, ReleaseShare, TransferId
from scelle.exchange.sealing import slot_owner
from scelle.exchange.transfer import TransferState
from scelle.ports import Ledger, Reading, RecipientRow, ShareGoneError, ShareKeeper


class Shares:
    """Puts, gets and erases release shares. Any thread."""

    def __init__(self, ledger: Ledger, keeper: ShareKeeper) -> None:
        self._ledger = ledger
        self._keeper = keeper
        self._gate = threading.Lock()
        self._lock = threading.Lock()
        self._coming: list[frozenset[Digest]] = []

    @contextmanager
    def put(self, shares: Sequence[tuple[Digest, ReleaseShare]]) -> Iterator[list[tuple[int, Digest]]]:
        """Store shares durably for as long as the block takes to have the ledger name their slots.

        After the block, slots that the ledger does not name are orphans.
        """
        owners = frozenset(owner for owner, _ in shares)
        with self._lock:
            self._coming.append(owners)
        try:
            with self._gate:
                slots = self._keeper.put(shares)
            yield [(slot, owner) for slot, (owner, _) in zip(slots, shares, strict=True)]
        finally:
            with self._lock:
                self._coming.remove(owners)

    def drop(self, slots: Sequence[tuple[int, Digest]]) -> None:
        """Erase shares that the ledger never named. Raises StorageFaultError."""
        self._keeper.erase(slots)

    def get(self, recipient: RecipientRow) -> ReleaseShare:
        """The share of a recipient key. Raises ShareGoneError, StorageFaultError."""
        if recipient.slot is None:
            raise ShareGoneError(slot=-1)
        return self._keeper.get(recipient.slot, slot_owner(recipient.transfer, recipient.key))

    def erase(self, transfer: TransferId, keys: Sequence[KeyId] | None = None) -> None:
        """Erase the shares of a transfer, all or those of some keys, then let go of their slots. May be repeated."""
        with self._gate:
            rows = self._ledger.read(lambda reading: reading.recipients(transfer))
            slots = [
                (row.slot, slot_owner(transfer, row.key))
                for row in rows
                if row.slot is not None and (keys is None or row.key in keys)
            ]
            if slots:
                self._keeper.erase(slots)
                self._ledger.submit(lambda tx: tx.clear_slots(transfer, keys)).result()

    def take_up(self) -> None:
        """At a start, before any slot is given out: erase what was to be erased when the service stopped.

        That is: shares of transfers that are being destroyed, and of organisations they were taken back from.
        """
        for transfer in self._ledger.read(lambda reading: {each for _, each, _ in reading.slots()}):
            doomed = self._doomed(transfer)
            if doomed:
                self.erase(transfer, doomed)

    def _doomed(self, transfer: TransferId) -> list[KeyId]:
        row, recipients = self._ledger.read(lambda reading: (reading.transfer(transfer), reading.recipients(transfer)))
        gone = row is None or row.state != TransferState.SEALED.value
        return [each.key for each in recipients if each.slot is not None and (gone or each.revoked is not None)]

    def sweep_orphans(self) -> int:
        """Erase shares that no commit is putting and the ledger does not name; returns how many.

        The order matters: what is held, then what is coming, then the ledger. A share that is coming when it is
        seen is either still announced, or the ledger has decided.
        """
        held = list(self._keeper.held())
        with self._lock:
            coming: frozenset[Digest] = frozenset().union(*self._coming)
        named = self._ledger.read(_slots)
        orphans = [(slot, owner) for slot, owner in held if slot not in named and owner not in coming]
        if orphans:
            self._keeper.erase(orphans)
        return len(orphans)


def _slots(reading: Reading) -> set[int]:
    return {slot for slot, _, _ in reading.slots()}
