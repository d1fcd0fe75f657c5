"""The life of a transfer and of its release shares, as tables (spec/exchange.md, states).

A transfer is `open` while its parts are uploaded, `sealed` once its entry is in the log, `destroying` from the
moment it must go (a durable intent), and `destroyed` when its shares and then its parts are gone and the entry
that says so is written. Who acts, and when, is decided elsewhere; what may follow what is decided here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from scelle.exchange.errors import TransferStateError

ABANDONED_AFTER = 24 * 3600
"""Seconds after which an upload that was never committed is destroyed."""


class TransferState(StrEnum):
    """States of a transfer."""

    OPEN = "open"
    SEALED = "sealed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


class TransferEvent(StrEnum):
    """What happens to a transfer."""

    SEAL = "seal"
    ABANDON = "abandon"
    EXPIRE = "expire"
    REVOKE = "revoke"
    ERASED = "erased"


class DestroyReason(StrEnum):
    """Why a transfer was destroyed; written in its entry."""

    ABANDONED = "abandoned"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ShareState(StrEnum):
    """States of the release share of one key in one transfer."""

    HELD = "held"
    ERASED = "erased"


class ShareEvent(StrEnum):
    """What happens to a release share: it can only be erased."""

    ERASE = "erase"


TRANSITIONS: Mapping[tuple[TransferState, TransferEvent], TransferState] = {
    (TransferState.OPEN, TransferEvent.SEAL): TransferState.SEALED,
    (TransferState.OPEN, TransferEvent.ABANDON): TransferState.DESTROYING,
    (TransferState.SEALED, TransferEvent.EXPIRE): TransferState.DESTROYING,
    (TransferState.SEALED, TransferEvent.REVOKE): TransferState.DESTROYING,
    (TransferState.DESTROYING, TransferEvent.ERASED): TransferState.DESTROYED,
}
"""The whole machine: what is not in the table is not allowed."""

SHARE_TRANSITIONS: Mapping[tuple[ShareState, ShareEvent], ShareState] = {
    (ShareState.HELD, ShareEvent.ERASE): ShareState.ERASED,
    (ShareState.ERASED, ShareEvent.ERASE): ShareState.ERASED,
}
"""Erasing again is allowed: after a crash nobody knows whether it was done."""

REASONS: Mapping[TransferEvent, DestroyReason] = {
    TransferEvent.ABANDON: DestroyReason.ABANDONED,
    TransferEvent.EXPIRE: DestroyReason.EXPIRED,
    TransferEvent.REVOKE: DestroyReason.REVOKED,
}
"""The reason that each event leading to `destroying` leaves behind."""


def step(state: TransferState, event: TransferEvent) -> TransferState:
    """The state after an event. Raises TransferStateError when the table does not allow it."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransferStateError(state=state.value, event=event.value) from None


def share_step(state: ShareState, event: ShareEvent) -> ShareState:
    """The state of a release share after an event."""
    return SHARE_TRANSITIONS[state, event]


_S = TypeVar("_S", bound=StrEnum)
_E = TypeVar("_E", bound=StrEnum)


def mermaid(table: Mapping[tuple[_S, _E], _S]) -> str:
    """A machine's table as a Mermaid state diagram; the first state of the table is the initial one."""
    sources = [state for state, _ in table]
    lines = ["stateDiagram-v2", f"    [*] --> {sources[0]}"]
    lines += [f"    {state} --> {after}: {event}" for (state, event), after in table.items()]
    moving = {state for (state, _), after in table.items() if after != state}
    ends = dict.fromkeys(after for after in table.values() if after not in moving)
    lines += [f"    {state} --> [*]" for state in ends]
    return "\n".join(lines) + "\n"
