"""A service in memory with members who hold keys: for tests of the use cases, of the API and of the client.

`World` has the adapters in memory, a clock that stands, randomness that counts, and the use cases. `Person` is a
member with keys; `World.act` signs what they state. `World.pack` makes a sealed transfer as a sender's client does,
`World.send` takes it through begin, upload and commit; `World.open_share` is a recipient's end of it.
"""

import io
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeVar, cast

from scelle.activity.record import AboutTransfer, Record, parse_record
from scelle.age.file import open_bytes, seal_bytes
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridIdentity, HybridRecipient
from scelle.app.clock import SetClock
from scelle.base.ids import (
    DeskId,
    EnvelopeShare,
    FreezeId,
    KeyId,
    OrgId,
    ReleaseShare,
    TransferId,
    TransferSeed,
)
from scelle.exchange.acts import (
    Cover,
    CoverRecipient,
    Discard,
    FreezeSet,
    IntakeKey,
    LiftConfirm,
    LiftPropose,
    Receipt,
    Revoke,
    SealedPart,
    ShareRelease,
)
from scelle.exchange.answers import (
    BeginRequest,
    CommitRequest,
    Contact,
    DirectoryRequest,
    JoinRequest,
    Logged,
    Released,
)
from scelle.exchange.directory import MEMBER_LIFETIME, SUBKEY_LIFETIME
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
    person_commitment,
)
from scelle.exchange.keys import Role, SigningKey, encryption_key_id
from scelle.exchange.sealing import (
    Envelope,
    TransferNote,
    note_digest,
    open_envelope,
    recover_identity,
    seal_envelope,
    share_commitment,
    split_seed,
    transfer_key_digest,
)
from scelle.exchange.segments import SEGMENT_SIZE, SegmentHasher
from scelle.exchange.statement import Act, MemberAct, parse_statement, sign_statement
from scelle.exchange.trust import Trust, log_origin
from scelle.ports import DIRECTORY, BlobStore, Ledger, LogName, Mailer, Reading, ShareKeeper
from scelle.server.service.core import Asker, Core, Limits
from scelle.server.service.events import Events
from scelle.server.service.freezing import Freezing
from scelle.server.service.joining import Joining
from scelle.server.service.mailing import Mailing
from scelle.server.service.opening import Opening
from scelle.server.service.oversight import Oversight
from scelle.server.service.sending import Sending
from scelle.server.service.sweeping import Sweeper
from scelle.storage.blobs import MemoryBlobs
from scelle.storage.keeper import MemoryKeeper
from scelle.storage.ledger import SqlLedger
from scelle.tlog.note import ED25519, NoteSigner, SignerKey, sign_note

A = TypeVar("A", bound=Act)
R = TypeVar("R", bound=Record)

ORIGIN = "scelle.example"
ADDRESS = "https://scelle.example:8443"
NOW = 1_800_000_000
HOUR, DAY = 3600, 86400

HOST = OrgId("host")
APHP = OrgId("ap-hp")
CNAM = OrgId("cnam")
ARS = OrgId("ars-idf")
TRACING = DeskId("cnam/tracing")
CLUSTERS = DeskId("ars-idf/clusters")


def named_seed(name: str) -> bytes:
    """32 fixed bytes for a name."""
    return sha256(name.encode()).digest()


def transfer_id(number: int) -> TransferId:
    """A transfer id for a number."""
    return TransferId(f"{number:025d}".translate(str.maketrans("0123456789", "bcdefghijk")) + "a")


@dataclass
class Person:
    """A member with their keys. `email` and `name` are planted: nothing but contacts may ever show them."""

    name: str
    email: str
    organisation: OrgId
    signing: SigningKey
    identity: HybridIdentity

    @property
    def key(self) -> KeyId:
        """Signing key id."""
        return self.signing.id

    @property
    def subkey(self) -> KeyId:
        """Encryption key id."""
        return encryption_key_id(self.identity.recipient().public_key)


def person(name: str, organisation: OrgId) -> Person:
    """Someone with fixed keys."""
    return Person(
        name=name,
        email=f"{name.split()[0].lower()}@{organisation}.example",
        organisation=organisation,
        signing=SigningKey(named_seed("signing " + name)),
        identity=HybridIdentity.from_seed(named_seed("encryption " + name)),
    )


@dataclass
class Parcel:
    """A sealed transfer as its sender's client holds it before sending. `parts[0]` is the manifest."""

    transfer: TransferId
    cover: Cover
    statement: bytes
    parts: tuple[bytes, ...]
    envelopes: tuple[bytes, ...]
    shares: tuple[ReleaseShare, ...]
    seed: TransferSeed


@dataclass
class Outbox:
    """A Mailer that remembers, and fails when told to."""

    sent: list[dict[str, str]] = field(default_factory=list)
    failure: Exception | None = None

    async def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """As the port says."""
        if self.failure is not None:
            raise self.failure
        self.sent.append({"to": to, "subject": subject, "body": body, "message_id": message_id})


def sealed_part(raw: bytes) -> SealedPart:
    """Size and segment digest of sealed bytes."""
    hasher = SegmentHasher()
    hasher.feed(raw)
    return SealedPart(size=len(raw), digest=hasher.digest())


class World:
    """A service and its members. `wrap` can put something between the core and its adapters."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        ledger_path: str = ":memory:",
        language: str = "en",
        wrap: Callable[[str, Any], Any] = lambda _, adapter: adapter,
    ) -> None:
        self.clock = SetClock(NOW)
        self.limits = limits or Limits()
        self.service = SigningKey(named_seed("service"))
        self.outbox = Outbox()
        self.event_stream = io.StringIO()
        self._language = language
        self._wrap = wrap
        self._counter = itertools.count(1)
        self._numbers = itertools.count(1)
        self.log_keys: dict[str, SignerKey] = {
            log: SignerKey(log_origin(ORIGIN, log), ED25519, named_seed("log " + log))
            for log in ("directory", "activity")
        }
        self.real_ledger = SqlLedger.open(
            ledger_path,
            origin_directory=log_origin(ORIGIN, "directory"),
            origin_activity=log_origin(ORIGIN, "activity"),
            sign=self._sign_checkpoint,
        )
        self.real_keeper = MemoryKeeper()
        self.real_blobs = MemoryBlobs()
        self.init = sign_statement(
            ServiceInit(
                time=NOW,
                nonce=self.draw(16),
                host=HOST,
                directory_log=self.log_keys["directory"].public.encode(),
                activity_log=self.log_keys["activity"].public.encode(),
                service=self.service.public,
                policy=b"",
            ),
            origin=ORIGIN,
            keys=[self.service],
        )
        self.anchor = sha256(self.init).digest()
        if not self.real_ledger.read(lambda reading: reading.log_size(DIRECTORY)):
            self.real_ledger.submit(lambda tx: tx.append_directory(self.init)).result()
        self.people: dict[str, Person] = {}
        self.start()

    def _sign_checkpoint(self, log: LogName, text: bytes) -> bytes:
        return sign_note(text, [NoteSigner(self.log_keys[log])])

    def start(self) -> None:
        """A service on the adapters as they stand: what a restart after a kill finds."""
        ledger = cast("Ledger", self._wrap("ledger", self.real_ledger))
        self.core = Core(
            ledger=ledger,
            keeper=cast("ShareKeeper", self._wrap("keeper", self.real_keeper)),
            blobs=cast("BlobStore", self._wrap("blobs", self.real_blobs)),
            service_key=self.service,
            origin=ORIGIN,
            limits=self.limits,
            clock=self.clock,
            draw=self.draw,
            events=Events(self.event_stream, now=self.clock.now),
            version="test",
        )
        self.joining = Joining(self.core)
        self.sending = Sending(self.core)
        self.opening = Opening(self.core)
        self.freezing = Freezing(self.core)
        self.oversight = Oversight(self.core)
        mailing = Mailing(self.core, cast("Mailer", self.outbox), address=ADDRESS, language=self._language)
        self.sweeper = Sweeper(self.core, mailing)

    def restart(self) -> None:
        """Stop the service and start another one on what it left."""
        self.core.close()
        self.start()

    def close(self) -> None:
        """Close everything."""
        self.core.close()
        self.real_ledger.close()

    def draw(self, size: int) -> bytes:
        """Bytes that never come twice."""
        block = sha256(b"draw" + next(self._counter).to_bytes(8)).digest()
        return (block * (size // 32 + 1))[:size]

    def read(self, query: Callable[[Reading], Any]) -> Any:
        """Look into the ledger."""
        return self.real_ledger.read(query)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The events so far, all or those of a name."""
        found = [json.loads(line) for line in self.event_stream.getvalue().splitlines()]
        return [each for each in found if name in (None, each["event"])]

    # --- members --------------------------------------------------------------------------------------------

    def asker(self, who: Person, *, since: int = 0) -> Asker:
        """A verified request of a member, with a fresh nonce."""
        member = self.core.directory.member(who.key)
        return Asker(member=member, nonce=self.draw(16), created=self.clock.now(), since=since)

    def act(self, who: Person | SigningKey, kind: type[A], *, also: Sequence[SigningKey] = (), **fields: Any) -> bytes:
        """A statement of now, signed by a member (and by other keys)."""
        key = who.signing if isinstance(who, Person) else who
        fields.setdefault("time", self.clock.now())
        fields.setdefault("nonce", self.draw(16))
        if issubclass(kind, MemberAct):
            fields.setdefault("seen", self.core.directory.seen)
        return sign_statement(kind(**fields), origin=ORIGIN, keys=[key, *also])

    def _commitments(self, who: Person) -> tuple[dict[str, Any], Contact]:
        salts = named_seed("name salt " + who.name), named_seed("email salt " + who.name)
        contact = Contact(key=who.key, name=who.name, name_salt=salts[0], email=who.email, email_salt=salts[1])
        joining = {
            "key": who.signing.public,
            "person_name": person_commitment(who.name, salt=salts[0]),
            "person_email": person_commitment(who.email, salt=salts[1]),
            "not_after": self.clock.now() + MEMBER_LIFETIME,
        }
        return joining, contact

    def join_request(self, who: Person, invite: SigningKey, roles: Sequence[Role] = ()) -> JoinRequest:
        """What a newcomer sends: with roles, as the first member of a new organisation."""
        common, contact = self._commitments(who)
        common |= {"organisation": who.organisation, "invite": invite.public}
        if roles:
            names = tuple(role.value for role in roles)
            founding = {"name": f"Organisation {who.organisation}", "roles": names}
            raw = self.act(who, OrganisationCreate, also=[invite], **common, **founding)
        else:
            raw = self.act(who, MemberJoin, also=[invite], **common)
        return JoinRequest(statements=(raw,), contact=contact)

    def found(self, name: str, organisation: OrgId, *roles: Role) -> Person:
        """An organisation joins with its first administrator, who gets an encryption key too."""
        who = self.people[name] = person(name, organisation)
        invite = SigningKey(self.draw(32))
        expires = self.clock.now() + DAY
        self.joining.invite(
            self.act(self.service, OrganisationInvite, organisation=organisation, invite=invite.public, expires=expires)
        )
        self.joining.join(self.join_request(who, invite, (Role.ADMINISTRATOR, *roles)))
        self.add_subkey(who)
        return who

    def join(self, admin: Person, name: str, *roles: Role, desks: Sequence[DeskId] = ()) -> Person:
        """A member joins an organisation by an invitation of its administrator."""
        who = self.people[name] = person(name, admin.organisation)
        invite = SigningKey(self.draw(32))
        self.append(
            admin,
            MemberInvite,
            organisation=admin.organisation,
            invite=invite.public,
            roles=tuple(role.value for role in roles),
            desks=tuple(desks),
            expires=self.clock.now() + DAY,
        )
        self.joining.join(self.join_request(who, invite))
        self.add_subkey(who)
        return who

    def add_subkey(self, who: Person) -> None:
        """The member's encryption key is announced."""
        now = self.clock.now()
        self.append(
            who,
            SubkeyAdd,
            organisation=who.organisation,
            recipient=who.identity.recipient().public_key,
            not_before=now,
            not_after=now + SUBKEY_LIFETIME,
        )

    def append(self, who: Person, kind: type[Act], **fields: Any) -> bytes:
        """A member adds an entry to the directory."""
        raw = self.act(who, kind, **fields)
        self.joining.append(self.asker(who), DirectoryRequest(statements=(raw,)))
        return raw

    def desk(self, admin: Person, desk: DeskId) -> None:
        """A desk begins to exist."""
        self.append(admin, DeskCreate, desk=desk, title="A desk")

    def seat(self, admin: Person, desk: DeskId, member: Person, *, seated: bool) -> None:
        """A member takes or leaves a seat."""
        self.append(admin, DeskSeat, desk=desk, member=member.key, seated=seated)

    def accept(self, admin: Person, *organisations: OrgId) -> None:
        """An organisation accepts transfers of others."""
        self.append(
            admin, AcceptSet, organisation=admin.organisation, everyone=False, organisations=tuple(organisations)
        )

    # --- sending --------------------------------------------------------------------------------------------

    def new_transfer(self) -> TransferId:
        """A fresh transfer id."""
        return transfer_id(next(self._numbers))

    def _seal(self, plain: bytes, recipient: HybridRecipient) -> bytes:
        return seal_bytes(plain, [recipient], file_key=FileKey(self.draw(16)), nonce=self.draw(16))

    def pack(
        self,
        sender: Person,
        recipients: Sequence[tuple[DeskId | None, Person]],
        *,
        files: Sequence[bytes] = (b"one file",),
        lasts: int = 7 * DAY,
        transfer: TransferId | None = None,
        **changes: Any,
    ) -> Parcel:
        """Seal a transfer; `changes` replace members of the cover before it is signed."""
        transfer = transfer or self.new_transfer()
        seed = TransferSeed(self.draw(32))
        identity = HybridIdentity.from_seed(seed)
        to = identity.recipient()
        parts = (self._seal(b"manifest of " + transfer.encode(), to), *(self._seal(file, to) for file in files))
        note, salt = TransferNote(purpose="a purpose", files=len(files), size=sum(map(len, files))), self.draw(32)
        shares, envelopes, entries = [], [], []
        for desk, who in recipients:
            share = ReleaseShare(self.draw(32))
            half: EnvelopeShare = split_seed(seed, share)
            envelope = seal_envelope(
                Envelope(transfer=transfer, note=note, salt=salt, share=half),
                who.identity.recipient().public_key,
                file_key=FileKey(self.draw(16)),
                nonce=self.draw(16),
            )
            shares.append(share)
            envelopes.append(envelope)
            entries.append(
                CoverRecipient(
                    key=who.subkey,
                    member=who.key,
                    commitment=share_commitment(transfer, who.subkey, share),
                    envelope=sealed_part(envelope),
                    desk=desk,
                )
            )
        cover = Cover(
            time=self.clock.now(),
            nonce=self.draw(16),
            seen=self.core.directory.seen,
            transfer=transfer,
            organisation=sender.organisation,
            sender=sender.key,
            desks=tuple(dict.fromkeys(desk for desk, _ in recipients if desk is not None)),
            recipients=tuple(entries),
            expires=self.clock.now() + lasts,
            manifest=sealed_part(parts[0]),
            parts=tuple(map(sealed_part, parts[1:])),
            note=note_digest(note, salt=salt),
            transfer_key=transfer_key_digest(to.public_key),
        )
        cover = replace(cover, **changes)
        statement = sign_statement(cover, origin=ORIGIN, keys=[sender.signing])
        return Parcel(transfer, cover, statement, parts, tuple(envelopes), tuple(shares), seed)

    def begin(self, sender: Person, parcel: Parcel) -> None:
        """Open the transfer."""
        size = sum(map(len, parcel.parts))
        self.sending.begin(self.asker(sender), BeginRequest(transfer=parcel.transfer, size=size))

    def upload(self, sender: Person, parcel: Parcel) -> None:
        """Upload every part, in chunks that end with their segments."""
        for number, raw in enumerate(parcel.parts):
            self.sending.create_part(self.asker(sender), parcel.transfer, number, None)
            for start in range(0, len(raw), SEGMENT_SIZE):
                self.chunk(sender, parcel.transfer, number, start, raw[start : start + SEGMENT_SIZE])

    def chunk(self, sender: Person, transfer: TransferId, number: int, offset: int, body: bytes) -> int:
        """Upload one chunk whole."""
        writer = self.sending.upload(
            self.asker(sender),
            transfer,
            number,
            offset=offset,
            length=None,
            expected_digest=sha256(body).digest(),
            declared_body_size=len(body),
        )
        writer.feed(memoryview(body))
        return writer.finish()

    def commit_request(self, sender: Person, parcel: Parcel) -> CommitRequest:
        """The commit, its shares sealed to the intake key of now."""
        intake = self.sending.intake(self.asker(sender))
        recipient = parse_statement(intake.statement, IntakeKey, origin=ORIGIN).act.recipient
        shares = self._seal(b"".join(parcel.shares), HybridRecipient(recipient))
        return CommitRequest(cover=parcel.statement, envelopes=parcel.envelopes, shares=shares)

    def commit(self, sender: Person, parcel: Parcel) -> Logged:
        """Seal the transfer."""
        return self.sending.commit(self.asker(sender), parcel.transfer, self.commit_request(sender, parcel))

    def send(self, sender: Person, recipients: Sequence[tuple[DeskId | None, Person]], **options: Any) -> Parcel:
        """All of it."""
        parcel = self.pack(sender, recipients, **options)
        self.begin(sender, parcel)
        self.upload(sender, parcel)
        self.commit(sender, parcel)
        return parcel

    # --- receiving ------------------------------------------------------------------------------------------

    def one_use(self) -> HybridIdentity:
        """An identity for one release."""
        return HybridIdentity.from_seed(self.draw(32))

    def release_statement(self, who: Person, parcel: Parcel, one_use: HybridIdentity, **changes: Any) -> bytes:
        """A recipient asks for its share."""
        fields: dict[str, Any] = {
            "transfer": parcel.transfer,
            "cover": sha256(parcel.statement).digest(),
            "key": who.subkey,
            "recipient": one_use.recipient().public_key,
        }
        return self.act(who, ShareRelease, **(fields | changes))

    def release(self, who: Person, parcel: Parcel, statement: bytes | None = None) -> Released:
        """Ask for a share and wait for it."""
        statement = statement or self.release_statement(who, parcel, self.one_use())
        return self.opening.release(self.asker(who), parcel.transfer, statement).result()

    def open_share(self, who: Person, parcel: Parcel) -> TransferSeed:
        """A recipient's end: release, envelope, and the halves joined and checked against the cover."""
        one_use = self.one_use()
        released = self.release(who, parcel, self.release_statement(who, parcel, one_use))
        detail = self.opening.detail(self.asker(who), parcel.transfer)
        assert detail.envelope is not None
        envelope = open_envelope(detail.envelope, [who.identity], parcel.cover)
        share = ReleaseShare(open_bytes(released.share, [one_use]))
        entry = next(each for each in parcel.cover.recipients if each.key == who.subkey)
        identity = recover_identity(envelope, share, cover=parcel.cover, entry=entry)
        return TransferSeed(identity.seed)

    def receipt(self, who: Person, parcel: Parcel, **changes: Any) -> bytes:
        """A recipient's receipt."""
        fields: dict[str, Any] = {
            "transfer": parcel.transfer,
            "key": who.subkey,
            "manifest": parcel.cover.manifest.digest,
            "proof": named_seed("proof"),
        }
        return self.act(who, Receipt, **(fields | changes))

    def discard(self, who: Person, parcel: Parcel) -> bytes:
        """A recipient attests deletion."""
        return self.act(who, Discard, transfer=parcel.transfer, key=who.subkey)

    def revoke(self, who: Person, parcel: Parcel, organisation: OrgId | None = None) -> bytes:
        """A sender takes back."""
        cover = sha256(parcel.statement).digest()
        return self.act(who, Revoke, transfer=parcel.transfer, cover=cover, organisation=organisation)

    # --- freezing -------------------------------------------------------------------------------------------

    def freeze_statement(self, officer: Person, scope: str, value: str = "") -> tuple[FreezeId, bytes]:
        """A freeze with a fresh id."""
        freeze = FreezeId(self.new_transfer())
        raw = self.act(
            officer,
            FreezeSet,
            freeze=freeze,
            organisation=officer.organisation,
            scope=scope,
            value=value,
            reason=b"sealed reason",
        )
        return freeze, raw

    def freeze(self, officer: Person, scope: str, value: str = "") -> FreezeId:
        """Freeze."""
        freeze, raw = self.freeze_statement(officer, scope, value)
        self.freezing.freeze(self.asker(officer), raw)
        return freeze

    def propose(self, officer: Person, freeze: FreezeId) -> bytes:
        """Propose to lift."""
        raw = self.act(officer, LiftPropose, freeze=freeze)
        self.freezing.lift(self.asker(officer), freeze, raw)
        return raw

    def confirm(self, officer: Person, freeze: FreezeId, proposal: bytes) -> Logged:
        """Confirm a lift."""
        raw = self.act(officer, LiftConfirm, freeze=freeze, proposal=sha256(proposal).digest())
        return self.freezing.confirm(self.asker(officer), freeze, raw)

    # --- checking -------------------------------------------------------------------------------------------

    def trust(self) -> Trust:
        """A client that has replayed the directory."""
        found = Trust(origin=ORIGIN, anchor=cast("Any", self.anchor))
        note = self.oversight.checkpoint("directory")
        size = found.claimed_size(note)
        found.extend_directory(note, self.read(lambda reading: reading.directory_entries(0, size)))
        return found

    def accepted(self, logged: Logged, kind: type[R]) -> R:
        """The record of an answer, after a client's checks."""
        return self.trust().accept_logged(logged, kind)

    def record_kinds(self, who: Person, **options: Any) -> list[str]:
        """Kinds of the records that a member may read."""
        asked = {"start": 0, "limit": 1000, "transfer": None} | options
        return [entry.kind for entry in self.oversight.records(self.asker(who), **asked).records]

    def all_kinds(self, transfer: TransferId | None = None) -> list[str]:
        """Kinds of all records in the log, or of those about one transfer."""
        rows = self.read(lambda reading: reading.records(start=0, limit=10_000, organisation=None))
        records = [parse_record(row.record) for row in rows]
        return [
            each.KIND
            for each in records
            if transfer is None or (isinstance(each, AboutTransfer) and each.transfer == transfer)
        ]


@dataclass
class Town:
    """A world with a host, a hospital group that sends, an insurer and an agency with desks."""

    world: World
    host: Person
    host_officer: Person
    host_auditor: Person
    hospital: Person
    sender: Person
    officer: Person
    deputy: Person
    insurer: Person
    clerk: Person
    colleague: Person
    insurer_officer: Person
    agency: Person
    agent: Person

    @property
    def tracing(self) -> list[tuple[DeskId | None, Person]]:
        """The insurer's desk, one of its two clerks."""
        return [(TRACING, self.clerk)]

    @property
    def everybody(self) -> list[tuple[DeskId | None, Person]]:
        """Both clerks, the agent, and the sender's own key."""
        return [(TRACING, self.clerk), (TRACING, self.colleague), (CLUSTERS, self.agent), (None, self.sender)]


def town(world: World | None = None) -> Town:
    """Three organisations and a host, desks, and everything accepted that is sent by the hospital."""
    world = world or World()
    host = world.found("Hélène Host", HOST)
    hospital = world.found("Paul Praticien", APHP)
    insurer = world.found("Inès Insurer", CNAM)
    agency = world.found("Aline Agency", ARS, Role.OFFICER)
    world.desk(insurer, TRACING)
    world.desk(agency, CLUSTERS)
    found = Town(
        world=world,
        host=host,
        host_officer=world.join(host, "Otto Operator", Role.OFFICER),
        host_auditor=world.join(host, "Agathe Auditor", Role.AUDITOR),
        hospital=hospital,
        sender=world.join(hospital, "Sophie Sender", Role.SENDER),
        officer=world.join(hospital, "Olivier Officer", Role.OFFICER),
        deputy=world.join(hospital, "Denise Deputy", Role.OFFICER),
        insurer=insurer,
        clerk=world.join(insurer, "Claire Clerk", Role.RECIPIENT, desks=[TRACING]),
        colleague=world.join(insurer, "Colin Colleague", Role.RECIPIENT, desks=[TRACING]),
        insurer_officer=world.join(insurer, "Irène Officer", Role.OFFICER),
        agency=agency,
        agent=world.join(agency, "Amir Agent", Role.RECIPIENT, desks=[CLUSTERS]),
    )
    world.accept(insurer, APHP)
    world.accept(agency, APHP)
    return found
