"""What members state about transfers and freezes, and the service about its intake key (spec/exchange.md §4, §5)."""

from dataclasses import dataclass
from typing import ClassVar

from scelle.base.ids import DeskId, FreezeId, KeyId, OrgId, TransferId
from scelle.base.wire import (
    Message,
    data,
    desk_id,
    freeze_id,
    integer,
    key_id,
    many,
    nested,
    one_of,
    org_id,
    text,
    transfer_id,
    wire,
)
from scelle.exchange.entries import HYBRID_RECIPIENT_SIZE
from scelle.exchange.statement import Act, MemberAct

MAX_RECIPIENTS = 512
MAX_PARTS = 2048

SCOPES = ("service", "organisation", "desk", "key", "transfer")


@dataclass(frozen=True)
class SealedPart(Message):
    """Size and segment digest of a sealed file. `digest`: SHA-256 over the SHA-256 of its 16 MiB segments."""

    size: int = wire(integer(low=1))
    digest: bytes = wire(data(32))


@dataclass(frozen=True)
class CoverRecipient(Message):
    """One recipient key of a transfer. `key`: encryption key; `member`: signing key; `desk`: absent for the sender."""

    key: KeyId = wire(key_id)
    member: KeyId = wire(key_id)
    commitment: bytes = wire(data(32))
    envelope: SealedPart = wire(nested(SealedPart))
    desk: DeskId | None = wire(desk_id, optional=True)


@dataclass(frozen=True)
class Cover(MemberAct):
    """What the service sees of a transfer. Signed by the sender; committing it is sealing the transfer."""

    KIND: ClassVar[str] = "transfer.cover"
    transfer: TransferId = wire(transfer_id)
    organisation: OrgId = wire(org_id)
    sender: KeyId = wire(key_id)
    desks: tuple[DeskId, ...] = wire(many(desk_id, low=1, high=256))
    recipients: tuple[CoverRecipient, ...] = wire(many(nested(CoverRecipient), low=1, high=MAX_RECIPIENTS))
    expires: int = wire(integer(low=1))
    manifest: SealedPart = wire(nested(SealedPart))
    parts: tuple[SealedPart, ...] = wire(many(nested(SealedPart), low=1, high=MAX_PARTS))
    note: bytes = wire(data(32))
    """Salted digest of the note."""
    transfer_key: bytes = wire(data(32))
    """Digest of the public key of T."""


@dataclass(frozen=True)
class ShareRelease(MemberAct):
    """A recipient asks for the release share of its key, sealed to a one-use hybrid public key."""

    KIND: ClassVar[str] = "share.release"
    transfer: TransferId = wire(transfer_id)
    cover: bytes = wire(data(32))
    key: KeyId = wire(key_id)
    recipient: bytes = wire(data(HYBRID_RECIPIENT_SIZE))


@dataclass(frozen=True)
class Receipt(MemberAct):
    """A recipient has opened a transfer. `proof`: HMAC of the plaintext digests under a key derived from T."""

    KIND: ClassVar[str] = "transfer.receipt"
    transfer: TransferId = wire(transfer_id)
    key: KeyId = wire(key_id)
    manifest: bytes = wire(data(32))
    proof: bytes = wire(data(32))


@dataclass(frozen=True)
class Discard(MemberAct):
    """A recipient attests that it has deleted its opened copy."""

    KIND: ClassVar[str] = "transfer.discard"
    transfer: TransferId = wire(transfer_id)
    key: KeyId = wire(key_id)


@dataclass(frozen=True)
class Revoke(MemberAct):
    """The sender, or a security officer of its organisation, takes a transfer back, whole or from `organisation`."""

    KIND: ClassVar[str] = "transfer.revoke"
    transfer: TransferId = wire(transfer_id)
    cover: bytes = wire(data(32))
    organisation: OrgId | None = wire(org_id, optional=True)


@dataclass(frozen=True)
class FreezeSet(MemberAct):
    """A security officer freezes a scope at once. `reason`: an age file to the officers of its organisation."""

    KIND: ClassVar[str] = "freeze.set"
    freeze: FreezeId = wire(freeze_id)
    organisation: OrgId = wire(org_id)
    scope: str = wire(one_of(*SCOPES))
    value: str = wire(text(high=80))
    """The organisation, desk, encryption or signing key, or transfer; empty for the service."""
    reason: bytes = wire(data(high=65536))


@dataclass(frozen=True)
class LiftPropose(MemberAct):
    """A security officer of the freezing organisation proposes to lift a freeze."""

    KIND: ClassVar[str] = "freeze.lift"
    freeze: FreezeId = wire(freeze_id)


@dataclass(frozen=True)
class LiftConfirm(MemberAct):
    """Another officer of the same organisation confirms. `proposal`: SHA-256 of the proposal's statement."""

    KIND: ClassVar[str] = "freeze.confirm"
    freeze: FreezeId = wire(freeze_id)
    proposal: bytes = wire(data(32))


@dataclass(frozen=True)
class ViewCosign(MemberAct):
    """A data-protection officer of the sender allows a wider view of a dataset for some desks, until `expires`."""

    KIND: ClassVar[str] = "view.cosign"
    organisation: OrgId = wire(org_id)
    dataset: str = wire(text(low=1, high=80))
    view: str = wire(text(low=1, high=80))
    desks: tuple[DeskId, ...] = wire(many(desk_id, low=1, high=256))
    legal_basis: str = wire(text(low=1, high=80))
    expires: int = wire(integer())


@dataclass(frozen=True)
class IndexKeyIssue(MemberAct):
    """A data-protection officer issues the index key of an epoch; `sealed`: an age file to senders and officers."""

    KIND: ClassVar[str] = "index.key"
    organisation: OrgId = wire(org_id)
    epoch: str = wire(text(low=1, high=40))
    sealed: bytes = wire(data(high=1 << 19))


@dataclass(frozen=True)
class IntakeKey(Act):
    """The service's key for release shares on their way in. Signed by the service key, replaced daily."""

    KIND: ClassVar[str] = "service.intake"
    recipient: bytes = wire(data(HYBRID_RECIPIENT_SIZE))
    not_after: int = wire(integer())
