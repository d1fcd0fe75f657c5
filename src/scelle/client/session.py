"""A member at a service: keys from the vault, the verified view of both logs, and signed acts.

A session is made for one command. `sync` brings the directory up to date before anything is decided; every answer
that proves something goes through the trust core. What was verified is stored as it was received: the directory's
entries in `trust/directory` (each with a 4-byte length), the heads of both logs in `trust/heads.json`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from scelle.activity.record import Record
from scelle.age.hybrid import HybridIdentity
from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, KeyId, TransferId
from scelle.base.wire import Message, nested, wire
from scelle.client.errors import ClockDiffersError
from scelle.client.home import Home, HomeBusyError, HomeCorruptError, read_private, write_private
from scelle.client.vault import Vault
from scelle.exchange.answers import DirectoryAnswer, DirectoryRequest, Logged, Proof, ServiceInfo, StatementRequest
from scelle.exchange.directory import SUBKEY_LIFETIME, Directory, Member
from scelle.exchange.entries import SubkeyAdd
from scelle.exchange.keys import SigningKey, encryption_key_id
from scelle.exchange.statement import NONCE_SIZE, MemberAct, sign_statement
from scelle.exchange.trust import NOTHING, Head, Trust
from scelle.tlog.tiles import MAX_ENTRY, WIDTH, Bundle, decode_bundle

if TYPE_CHECKING:
    from scelle.client.connection import Connection

R = TypeVar("R", bound=Record)
A = TypeVar("A", bound=MemberAct)

RENEW_BEFORE = 7 * 86400
"""Seconds before the end of the newest encryption key at which a fresh one is announced."""

MAX_CLOCK_DIFFERENCE = 300
"""Seconds by which this computer's clock and the service's may differ."""

MAX_BUNDLE = WIDTH * (2 + MAX_ENTRY)
"""Largest entry bundle, in bytes."""

SIGNING_SECRET = "signing"  # noqa: S105 - the name of a secret
STATE_SECRET = "state"  # noqa: S105
ENCRYPTION_PREFIX = "encryption/"

LOCK_TRIES = 100
LOCK_PAUSE = 0.05
"""Seconds between two tries to lock the home."""

_ENTRIES = "directory"
_HEADS = "heads.json"
_ANCHOR = "anchor"


@dataclass(frozen=True)
class Heads(Message):
    """The heads of both logs, as last verified."""

    directory: Head = wire(nested(Head))
    activity: Head = wire(nested(Head))


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Directory entries one after the other, each behind its length in 4 bytes."""
    return b"".join(len(entry).to_bytes(4) + entry for entry in entries)


def unpack_entries(data: bytes) -> list[bytes]:
    """What `pack_entries` wrote. Raises MalformedError."""
    found, place = [], 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4])
        entry = data[place + 4 : place + 4 + size]
        if place + 4 > len(data) or len(entry) != size:
            raise MalformedError(what="stored directory", why="cut short")
        found.append(entry)
        place += 4 + size
    return found


def write_anchor(home: Home, anchor: Digest) -> None:
    """Keep the trust anchor that the invitation named: SHA-256 of directory entry 0."""
    write_private(home.trust / _ANCHOR, anchor)


def read_anchor(home: Home) -> Digest:
    """The trust anchor of this home. Raises HomeCorruptError."""
    data = read_private(home.trust / _ANCHOR)
    if data is None or len(data) != 32:
        raise HomeCorruptError(path=str(home.trust / _ANCHOR), why="no trust anchor")
    return Digest(data)


def stored_trust(home: Home) -> tuple[Trust, list[bytes]]:
    """What this home verified before, without asking anybody; and the directory's entries.

    Raises HomeCorruptError, and DirectoryForkedError for entries that are not those of the stored head.
    """
    trust = Trust(origin=home.config.origin, anchor=read_anchor(home))
    entries, heads = read_private(home.trust / _ENTRIES), read_private(home.trust / _HEADS)
    if heads is None or entries is None:
        return trust, []
    try:
        known = Heads.decode(heads)
        # A command that died between the two writes left entries beyond the head: they are fetched again.
        found = unpack_entries(entries)[: known.directory.size]
    except MalformedError as error:
        raise HomeCorruptError(path=str(home.trust), why=str(error.facts["why"])) from None
    trust.resume(found, directory=known.directory, activity=known.activity)
    return trust, found


class Session:
    """One member, one service, one command."""

    def __init__(
        self,
        home: Home,
        connection: "Connection",
        *,
        vault: Vault | None,
        draw: Callable[[int], bytes],
        now: Callable[[], int],
    ) -> None:
        """Without a vault nothing can be signed: only what is public or stored can be read."""
        self.home = home
        self.connection = connection
        self.draw = draw
        self.now = now
        self._vault = vault
        self.trust, self._entries = stored_trust(home)
        if vault is not None:
            self.key = SigningKey(vault.get(SIGNING_SECRET))
            connection.sign_with(self.key)

    # --- what was verified before ---------------------------------------------------------------------------

    def save(self) -> None:
        """Store what was verified. Durable once it returns.

        Another command of the same home may have seen more meanwhile: the larger of each head stays.
        """
        folder = self.home.trust
        with self.exclusive():
            stored = read_private(folder / _HEADS)
            known = Heads.decode(stored) if stored is not None else Heads(directory=NOTHING, activity=NOTHING)
            mine = Heads(directory=self.trust.directory_head, activity=self.trust.activity)
            if mine.directory.size > known.directory.size:
                write_private(folder / _ENTRIES, pack_entries(self._entries))
            heads = Heads(
                directory=max(mine.directory, known.directory, key=lambda head: head.size),
                activity=max(mine.activity, known.activity, key=lambda head: head.size),
            )
            if heads != known:
                write_private(folder / _HEADS, heads.encode())

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other commands of this home out for a moment. Raises HomeBusyError when one stays too long."""
        with ExitStack() as held:
            for left in reversed(range(LOCK_TRIES)):
                try:
                    held.enter_context(self.home.lock())
                    break
                except HomeBusyError:
                    if not left:
                        raise
                    time.sleep(LOCK_PAUSE)
            yield

    @property
    def directory(self) -> Directory:
        """The directory, as far as it was replayed."""
        return self.trust.directory

    @property
    def vault(self) -> Vault:
        """The member's secrets; commands that need them open the session with them."""
        if self._vault is None:
            raise RuntimeError("this session was opened without secrets")
        return self._vault

    @property
    def me(self) -> Member:
        """The member that this home belongs to. Raises MemberUnknownError."""
        return self.directory.member(self.home.config.key)

    # --- the logs -------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Bring the directory up to date, verified. Raises what the trust core raises, and network errors."""
        note = self.connection.fetch("/log/directory/checkpoint", limit=65536)
        size = self.trust.claimed_size(note)
        fresh = self._fetch_entries(self.directory.size, size) if size > self.directory.size else []
        self._entries += self.trust.extend_directory(note, fresh)
        self.save()

    def _fetch_entries(self, start: int, stop: int) -> list[bytes]:
        found: list[bytes] = []
        for index in range(start // WIDTH, -(-stop // WIDTH)):
            bundle = Bundle(index, min(WIDTH, stop - index * WIDTH))
            found += decode_bundle(self.connection.fetch("/log/directory/" + bundle.path, limit=MAX_BUNDLE), bundle)
        return found[start % WIDTH :]

    def check_clock(self, service_time: int) -> None:
        """Refuse to act when this computer's clock and the service's differ. Raises ClockDiffersError."""
        difference = abs(service_time - self.now())
        if difference > MAX_CLOCK_DIFFERENCE:
            raise ClockDiffersError(seconds=difference)

    def accept(self, logged: Logged, kind: type[R], *, transfer: TransferId | None = None) -> R:
        """Verify a logged record and keep the head that it proves."""
        record = self.trust.accept_logged(logged, kind, transfer=transfer)
        self.save()
        return record

    @property
    def today(self) -> date:
        """The day of `now`, in UTC."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    @property
    def since(self) -> int:
        """Size of the activity log that was verified last; the service proves consistency from it."""
        return self.trust.activity.size

    # --- acts -----------------------------------------------------------------------------------------------

    def act(self, kind: type[A], **fields: Any) -> bytes:
        """A statement by this member, signed now."""
        act = kind(time=self.now(), nonce=self.draw(NONCE_SIZE), seen=self.directory.seen, **fields)
        return sign_statement(act, origin=self.trust.origin, keys=[self.key])

    def state(self, path: str, statement: bytes) -> Logged:
        """Send a statement; the answer is not verified yet."""
        return self.connection.call("POST", path, StatementRequest(statement=statement), Logged, since=self.since)

    def append(self, statements: Sequence[bytes]) -> tuple[Proof, ...]:
        """Append statements to the directory, check that they are there, and replay them."""
        request = DirectoryRequest(statements=tuple(statements))
        answer = self.connection.call("POST", "/v1/directory", request, DirectoryAnswer)
        self.accept_entries(statements, answer)
        return answer.proofs

    def accept_entries(self, statements: Sequence[bytes], answer: DirectoryAnswer) -> None:
        """Check that statements stand in the directory as the service says, after replaying it."""
        if len(answer.proofs) != len(statements):
            raise MalformedError(what="answer", why="another number of proofs than of statements")
        self.sync()
        for statement, proof in zip(statements, answer.proofs, strict=True):
            self.trust.accept_proof("directory", statement, proof)

    # --- keys -----------------------------------------------------------------------------------------------

    def identities(self) -> dict[KeyId, HybridIdentity]:
        """The encryption identities in the vault, by key id."""
        names = [name for name in self.vault.names() if name.startswith(ENCRYPTION_PREFIX)]
        found = {}
        for name in names:
            found[KeyId(name.removeprefix(ENCRYPTION_PREFIX))] = HybridIdentity.from_seed(self.vault.get(name))
        return found

    def fresh_subkey(self) -> bytes:
        """Draw an encryption key, keep its seed in the vault, and return the statement that announces it."""
        seed = self.draw(32)
        recipient = HybridIdentity.from_seed(seed).recipient().public_key
        with self.exclusive():
            self.vault.put(ENCRYPTION_PREFIX + encryption_key_id(recipient), seed)
        now = self.now()
        return self.act(
            SubkeyAdd,
            organisation=self.home.config.organisation,
            recipient=recipient,
            not_before=now - MAX_CLOCK_DIFFERENCE,
            not_after=now - MAX_CLOCK_DIFFERENCE + SUBKEY_LIFETIME,
        )

    def renew_subkey(self) -> bool:
        """Announce a fresh encryption key when the newest one is near its end; whether that was done.

        Then the seeds of keys are erased to which nothing that still exists can be addressed: their validity, and the
        longest life of a transfer after it, are over.
        """
        if self.me.subkey_at(self.now() + RENEW_BEFORE) is not None:
            return False
        self.append([self.fresh_subkey()])
        longest = self.connection.ask("/v1/service", ServiceInfo).max_expiry
        for subkey in self.me.subkeys:
            if subkey.not_after + longest + RENEW_BEFORE < self.now():
                with self.exclusive():
                    self.vault.remove(ENCRYPTION_PREFIX + subkey.key)
        return True
