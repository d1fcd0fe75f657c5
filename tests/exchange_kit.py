"""A small world with fixed keys, its directory, and the two logs of a service in memory: for tests of the exchange."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

from scelle.activity.record import Record, commitment
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridIdentity
from scelle.base.ids import DeskId, KeyId, OrgId, ReleaseShare, TransferId, TransferSeed
from scelle.exchange.acts import Cover, CoverRecipient, SealedPart
from scelle.exchange.answers import Logged, Proof
from scelle.exchange.directory import MEMBER_LIFETIME, SUBKEY_LIFETIME, Directory
from scelle.exchange.entries import (
    AcceptSet,
    DeskCreate,
    DeskSeat,
    MemberInvite,
    MemberJoin,
    OrganisationCreate,
    OrganisationInvite,
    ServiceInit,
    SubkeyAdd,
)
from scelle.exchange.keys import SigningKey, encryption_key_id
from scelle.exchange.sealing import (
    Envelope,
    TransferNote,
    note_digest,
    seal_envelope,
    share_commitment,
    split_seed,
    transfer_key_digest,
)
from scelle.exchange.segments import SegmentHasher
from scelle.exchange.statement import Act, MemberAct, sign_statement
from scelle.exchange.trust import log_origin
from scelle.tlog.checkpoint import Checkpoint, sign_checkpoint
from scelle.tlog.note import ED25519, NoteSigner, SignerKey
from scelle.tlog.tree import leaf_hash
from tlog_kit import naive_root

A = TypeVar("A", bound=Act)

ORIGIN = "exchange.example"
NOW = 1_800_000_000
DAY = 86400

HOST = OrgId("host")
SENDER = OrgId("ap-hp")
RECIPIENT = OrgId("cnam")
TRACING = DeskId("cnam/tracing")
AUDIT = DeskId("cnam/audit")
TRANSFER = TransferId("a" * 26)
OTHER_TRANSFER = TransferId("b" * 25 + "a")


def seed(name: str) -> bytes:
    """32 fixed bytes for a name."""
    return sha256(name.encode()).digest()


@cache
def signing(name: str) -> SigningKey:
    """The fixed signing key of a name."""
    return SigningKey(seed("signing " + name))


@cache
def identity(name: str) -> HybridIdentity:
    """The fixed encryption identity of a name."""
    return HybridIdentity.from_seed(seed("encryption " + name))


@cache
def public(name: str) -> bytes:
    """Its public key, 1216 bytes."""
    return identity(name).recipient().public_key


def subkey_id(name: str) -> KeyId:
    """Its key id."""
    return encryption_key_id(public(name))


def log_key(log: str) -> SignerKey:
    """The fixed key of one of the service's logs."""
    return SignerKey(log_origin(ORIGIN, log), ED25519, seed("log " + log))


class World:
    """A directory that grows, with the clock and the nonces of those who sign."""

    def __init__(self) -> None:
        self.directory = Directory(ORIGIN)
        self.entries: list[bytes] = []
        self.now = NOW
        self._nonces = 0

    def act(self, kind: type[A], **fields: Any) -> A:
        """An act at this moment; every member of it can be given another value."""
        self._nonces += 1
        fields.setdefault("time", self.now)
        fields.setdefault("nonce", self._nonces.to_bytes(16))
        if issubclass(kind, MemberAct):
            fields.setdefault("seen", self.directory.seen)
        return kind(**fields)

    def signed(self, kind: type[Act], *names: str, **fields: Any) -> bytes:
        """A statement signed by the keys of these names, in order."""
        return sign_statement(self.act(kind, **fields), origin=ORIGIN, keys=[signing(name) for name in names])

    def add(self, kind: type[Act], *names: str, **fields: Any) -> bytes:
        """A signed entry, appended."""
        raw = self.signed(kind, *names, **fields)
        self.append(raw)
        return raw

    def append(self, raw: bytes) -> None:
        """Append an entry, which must be right."""
        self.directory.append(raw)
        self.entries.append(raw)

    def init(self) -> None:
        """Entry 0."""
        self.add(ServiceInit, "service", **INIT)

    def found(self, organisation: OrgId, *roles: str) -> None:
        """An organisation joins; its first administrator is called as it is."""
        invite = f"invite {organisation}"
        self.add(
            OrganisationInvite,
            "service",
            organisation=organisation,
            invite=signing(invite).public,
            expires=self.now + DAY,
        )
        self.add(OrganisationCreate, organisation, invite, **self.creation(organisation, *roles))

    def creation(self, organisation: OrgId, *roles: str) -> dict[str, Any]:
        """The members of an OrganisationCreate that stands under its invitation."""
        return {
            "organisation": organisation,
            "name": organisation.upper(),
            "invite": signing(f"invite {organisation}").public,
            "key": signing(organisation).public,
            "roles": tuple(sorted({"administrator", *roles})),
            "person_name": seed("name"),
            "person_email": seed("e-mail"),
            "not_after": self.now + MEMBER_LIFETIME,
        }

    def invite(self, organisation: OrgId, name: str, *roles: str, desks: Sequence[DeskId] = ()) -> None:
        """An administrator invites someone."""
        self.add(MemberInvite, organisation, **self.invitation(organisation, name, *roles, desks=desks))

    def invitation(self, organisation: OrgId, name: str, *roles: str, desks: Sequence[DeskId] = ()) -> dict[str, Any]:
        """The members of a MemberInvite."""
        return {
            "organisation": organisation,
            "invite": signing(f"invite {name}").public,
            "roles": roles,
            "desks": tuple(desks),
            "expires": self.now + DAY,
        }

    def joining(self, organisation: OrgId, name: str) -> dict[str, Any]:
        """The members of a MemberJoin that stands under their invitation."""
        return {
            "organisation": organisation,
            "invite": signing(f"invite {name}").public,
            "key": signing(name).public,
            "person_name": seed("name"),
            "person_email": seed("e-mail"),
            "not_after": self.now + MEMBER_LIFETIME,
        }

    def join(self, organisation: OrgId, name: str) -> None:
        """The one who was invited joins."""
        self.add(MemberJoin, name, f"invite {name}", **self.joining(organisation, name))

    def subkey(self, organisation: OrgId, name: str, *, key: str | None = None) -> None:
        """A member announces an encryption key, of the same name unless another is given."""
        self.add(SubkeyAdd, name, **self.announcement(organisation, key or name))

    def announcement(self, organisation: OrgId, name: str) -> dict[str, Any]:
        """The members of a SubkeyAdd."""
        return {
            "organisation": organisation,
            "recipient": public(name),
            "not_before": self.now,
            "not_after": self.now + SUBKEY_LIFETIME,
        }

    def seat(self, desk: DeskId, name: str, *, seated: bool = True) -> None:
        """The administrator of a desk's organisation seats or unseats a member."""
        self.add(DeskSeat, desk.partition("/")[0], desk=desk, member=signing(name).id, seated=seated)


INIT: dict[str, Any] = {
    "host": HOST,
    "directory_log": log_key("directory").public.encode(),
    "activity_log": log_key("activity").public.encode(),
    "service": signing("service").public,
    "policy": b"",
}


def small_world() -> World:
    """A host, a sender's organisation (ap-hp, with sam) and a recipient's (cnam, with rita and rob at a desk)."""
    world = World()
    world.init()
    world.found(HOST)
    world.found(SENDER)
    world.found(RECIPIENT)
    world.invite(SENDER, "sam", "sender")
    world.join(SENDER, "sam")
    world.subkey(SENDER, "sam")
    world.add(DeskCreate, RECIPIENT, desk=TRACING, title="Contact tracing")
    world.invite(RECIPIENT, "rita", "recipient", desks=[TRACING])
    world.join(RECIPIENT, "rita")
    world.subkey(RECIPIENT, "rita")
    world.invite(RECIPIENT, "rob", "recipient")
    world.join(RECIPIENT, "rob")
    world.subkey(RECIPIENT, "rob")
    world.seat(TRACING, "rob")
    world.add(AcceptSet, RECIPIENT, organisation=RECIPIENT, everyone=False, organisations=(SENDER,))
    return world


def replayed(entries: Sequence[bytes], *, verified: bool = False) -> Directory:
    """The directory of these entries."""
    directory = Directory(ORIGIN)
    for raw in entries:
        directory.append(raw, verified=verified)
    return directory


# --- a transfer -------------------------------------------------------------------------------------------

NOTE = TransferNote(purpose="Contacts of July", files=2, size=300)
SALT = seed("salt")
T = TransferSeed(seed("T"))


def share(name: str) -> ReleaseShare:
    """The fixed release share of a recipient key."""
    return ReleaseShare(seed("share " + name))


def part(raw: bytes) -> SealedPart:
    """Size and digest of sealed bytes."""
    hasher = SegmentHasher()
    hasher.feed(raw)
    return SealedPart(size=len(raw), digest=hasher.digest())


def envelope(name: str, *, transfer: TransferId = TRANSFER, note: TransferNote = NOTE) -> bytes:
    """The envelope to the key of a name."""
    value = Envelope(transfer=transfer, note=note, salt=SALT, share=split_seed(T, share(name)))
    return seal_envelope(value, public(name), file_key=FileKey(seed("file key")[:16]), nonce=bytes(16))


def recipient(name: str, *, desk: DeskId | None = TRACING, **changes: Any) -> CoverRecipient:
    """A recipient of a cover."""
    fields: dict[str, Any] = {
        "key": subkey_id(name),
        "member": signing(name).id,
        "commitment": share_commitment(TRANSFER, subkey_id(name), share(name)),
        "envelope": SealedPart(size=2000, digest=seed("envelope " + name)),
        "desk": desk,
    }
    return CoverRecipient(**{**fields, **changes})


def cover(world: World, *, signer: str = "sam", **changes: Any) -> bytes:
    """A signed cover from sam to the tracing desk of cnam; every member of it can be given another value."""
    fields: dict[str, Any] = {
        "transfer": TRANSFER,
        "organisation": SENDER,
        "sender": signing("sam").id,
        "desks": (TRACING,),
        "recipients": (recipient("rita"), recipient("rob"), recipient("sam", desk=None)),
        "expires": world.now + 7 * DAY,
        "manifest": SealedPart(size=1200, digest=seed("manifest")),
        "parts": (SealedPart(size=4096, digest=seed("part")),),
        "note": note_digest(NOTE, salt=SALT),
        "transfer_key": transfer_key_digest(HybridIdentity.from_seed(T).recipient().public_key),
    }
    return world.signed(Cover, signer, **{**fields, **changes})


# --- logs -------------------------------------------------------------------------------------------------


def _split(size: int) -> int:
    half = 1
    while half * 2 < size:
        half *= 2
    return half


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1, word for word, over leaf hashes."""
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion(index, leaves[:half]), naive_root(leaves[half:])]
    return [*inclusion(index - half, leaves[half:]), naive_root(leaves[:half])]


def consistency(size: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2, word for word, over leaf hashes."""
    if size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    half = _split(len(leaves))
    if size <= half:
        return [*consistency(size, leaves[:half], whole=whole), naive_root(leaves[half:])]
    return [*consistency(size - half, leaves[half:], whole=False), naive_root(leaves[:half])]


class FakeLog:
    """One log of a service that signs whatever it is told to."""

    def __init__(self, log: str, entries: Sequence[bytes] = (), *, key: SignerKey | None = None) -> None:
        self.log = log
        self.entries = list(entries)
        self.signer = NoteSigner(key or log_key(log))

    def _leaves(self, size: int | None) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries[:size]]

    def checkpoint(self, size: int | None = None, *, origin: str | None = None, root: bytes | None = None) -> bytes:
        """A signed checkpoint."""
        leaves = self._leaves(size)
        head = Checkpoint(origin or log_origin(ORIGIN, self.log), len(leaves), root or naive_root(leaves))
        return sign_checkpoint(head, [self.signer])

    def proof(self, index: int, *, since: int = 0, size: int | None = None) -> Proof:
        """The place of an entry under a checkpoint, and consistency from a size."""
        leaves = self._leaves(size)
        return Proof(
            index=index,
            checkpoint=self.checkpoint(size),
            inclusion=tuple(inclusion(index, leaves)),
            consistency=tuple(consistency(since, leaves)) if since else (),
        )

    def log_record(self, record: Record, *, salt: bytes = SALT, since: int = 0) -> Logged:
        """Append the commitment of a record; the record as the service gives it out."""
        raw = record.to_bytes()
        self.entries.append(commitment(raw, salt=salt))
        return Logged(record=raw, salt=salt, proof=self.proof(len(self.entries) - 1, since=since))
