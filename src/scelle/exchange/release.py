"""May this release share leave? One decision over plain values, made twice (spec/exchange.md, release).

The service decides inside the transaction that appends `share.released`, and once more right before the share
leaves, with facts read anew: a freeze, a revocation or the end of time may have come in between.
"""

from dataclasses import dataclass

from scelle.base.errors import ScelleError
from scelle.base.ids import FreezeId
from scelle.exchange.clockwatch import ClockError
from scelle.exchange.errors import (
    FrozenError,
    RoleMissingError,
    SeatMissingError,
    TransferExpiredError,
    TransferNotFoundError,
    TransferRevokedError,
)
from scelle.exchange.transfer import DestroyReason, ShareState, TransferState


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What the service knows about one key that asks for its share of one transfer.

    `listed`: the cover, or a sharing-on, names the key. `has_role`, `has_seat`: the role of recipient and a seat
    at one of the transfer's desks, in the directory of this moment. `recipient_revoked`: the sender revoked the
    transfer for the key's organisation, or the key itself is revoked. `freezes`: every freeze not lifted that
    matches, those not yet in the log included. `expires`: unix seconds, the first at which it is too late.
    `clock_departure`: seconds by which the clock is in doubt (`scelle.exchange.clockwatch`), 0 when it is not.
    """

    listed: bool
    state: TransferState
    reason: DestroyReason | None
    share: ShareState
    expires: int
    recipient_revoked: bool
    has_role: bool
    has_seat: bool
    freezes: tuple[FreezeId, ...]
    clock_departure: int


def _objection(facts: ReleaseFacts, now: int) -> ScelleError | None:
    # The order matters: who is not concerned learns nothing, and what is final is told before what may pass.
    if not facts.listed or facts.state is TransferState.OPEN or facts.reason is DestroyReason.ABANDONED:
        return TransferNotFoundError()
    if facts.reason is DestroyReason.REVOKED:
        return TransferRevokedError(whole=1)
    if facts.recipient_revoked:
        return TransferRevokedError(whole=0)
    if facts.state is not TransferState.SEALED:
        return TransferExpiredError(expires=facts.expires)
    if not facts.has_role:
        return RoleMissingError(role="recipient")
    if not facts.has_seat:
        return SeatMissingError()
    if facts.clock_departure:
        return ClockError(seconds=facts.clock_departure)
    # An erased share of a sealed transfer is dead for good (restored from a backup that holds no shares).
    if now >= facts.expires or facts.share is ShareState.ERASED:
        return TransferExpiredError(expires=facts.expires)
    if facts.freezes:
        return FrozenError(freeze=facts.freezes[0])
    return None


def decide_release(facts: ReleaseFacts, *, now: int) -> None:
    """Return if the share may be released, or raise what stands against it.

    Raises TransferNotFoundError, TransferRevokedError, TransferExpiredError, RoleMissingError, SeatMissingError,
    ClockError or FrozenError, the first that applies in this order of finality.
    """
    objection = _objection(facts, now)
    if objection is not None:
        raise objection


def still_releasable(facts: ReleaseFacts, *, now: int) -> bool:
    """The second look, with facts read anew right before the share leaves: the same decision, as a truth value."""
    return _objection(facts, now) is None
