"""What a client believes, and why: the trust core (spec/exchange.md §7).

It takes bytes, verifies them, and keeps the last head of each log. Fetching and storing are the shell's. Nothing that
the service answers is acted on before it went through here: a shorter directory than before is a roll-back, another
one a fork, an answer without a proof that leads from the last head to its own is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from scelle.activity.record import Record, commitment, parse_record
from scelle.base.errors import MalformedError
from scelle.base.ids import Digest, TransferId
from scelle.base.wire import Message, data, integer, wire
from scelle.exchange.answers import Logged, Proof
from scelle.exchange.directory import Directory
from scelle.exchange.errors import (
    AnchorMismatchError,
    DirectoryForkedError,
    DirectoryRolledBackError,
    RecordWrongError,
)
from scelle.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from scelle.tlog.errors import LogInconsistentError
from scelle.tlog.note import NoteVerifier, parse_note, parse_vkey
from scelle.tlog.proof import verify_consistency, verify_inclusion
from scelle.tlog.tree import EMPTY_ROOT, leaf_hash

R = TypeVar("R", bound=Record)


def log_origin(origin: str, log: str) -> str:
    """The checkpoint origin of one of the service's logs (`directory` or `activity`)."""
    return f"{origin}/log/{log}"


@dataclass(frozen=True)
class Head(Message):
    """A tree head that was verified."""

    size: int = wire(integer())
    root: bytes = wire(data(32))


NOTHING = Head(size=0, root=EMPTY_ROOT)


class Trust:
    """The directory as replayed, and the last verified head of the activity log.

    What raises changes nothing, except `extend_directory`.
    """

    def __init__(self, *, origin: str, anchor: Digest) -> None:
        """`anchor`: SHA-256 of directory entry 0, from the invitation code."""
        self.origin = origin
        self.anchor = anchor
        self.directory = Directory(origin)
        self.activity = NOTHING
        self._verifiers: dict[str, NoteVerifier] = {}

    def resume(self, entries: Sequence[bytes], *, directory: Head, activity: Head) -> None:
        """Take up what was verified and stored before: signatures of entries under `directory` are not checked anew.

        Raises DirectoryForkedError when the stored entries are not those of the stored head, AnchorMismatchError.
        """
        fresh = Directory(self.origin)
        if len(entries) != directory.size or fresh.root_after(entries) != directory.root:
            raise DirectoryForkedError(size=directory.size)
        self.directory = self._replayed(fresh, entries, verified=True)
        self.activity = activity

    def _replayed(self, directory: Directory, entries: Sequence[bytes], *, verified: bool) -> Directory:
        for raw in entries:
            directory.append(raw, verified=verified)
            if directory.size == 1 and directory.anchor != self.anchor:
                raise AnchorMismatchError()
        return directory

    def verifier(self, log: str) -> NoteVerifier:
        """The key of a log, as entry 0 names it."""
        if log not in self._verifiers:
            service = self.directory.service
            vkey = parse_vkey(service.directory_log if log == "directory" else service.activity_log)
            self._verifiers[log] = NoteVerifier(vkey)
        return self._verifiers[log]

    def open_checkpoint(self, log: str, note: bytes) -> Checkpoint:
        """A checkpoint of a log, its signature verified; it is not yet held against what was known."""
        opened = open_checkpoint(note, origin=log_origin(self.origin, log), verifiers=[self.verifier(log)])
        return opened.checkpoint

    @property
    def directory_head(self) -> Head:
        """The directory as far as it was replayed."""
        return Head(size=self.directory.size, root=self.directory.root_at(self.directory.size))

    def claimed_size(self, note: bytes) -> int:
        """Size that a directory checkpoint claims, before anything is verified: how much to fetch.

        Raises DirectoryRolledBackError when it is less than what was verified before.
        """
        size = _unverified(note).size
        if size < self.directory.size:
            raise DirectoryRolledBackError(before=self.directory.size, now=size)
        return size

    def extend_directory(self, note: bytes, entries: Sequence[bytes]) -> list[bytes]:
        """Replay the entries that a newer directory checkpoint adds, and check that they are what it signs.

        Returns the entries, to be stored. When it raises, this object is to be thrown away: DirectoryRolledBackError,
        DirectoryForkedError, AnchorMismatchError, EntryRefusedError, and the errors of checkpoints.
        """
        if self.claimed_size(note) != self.directory.size + len(entries):
            raise DirectoryForkedError(size=self.directory.size)
        if self.directory.size == 0:
            known = self._replayed(Directory(self.origin), entries[:1], verified=False)
            self._verifiers.clear()
            self.directory = known
            try:
                self._extend(note, entries[1:])
            except BaseException:
                self.directory = Directory(self.origin)
                self._verifiers.clear()
                raise
            return list(entries)
        self._extend(note, entries)
        return list(entries)

    def _extend(self, note: bytes, entries: Sequence[bytes]) -> None:
        checkpoint = self.open_checkpoint("directory", note)
        if self.directory.root_after(entries) != checkpoint.root:
            raise DirectoryForkedError(size=checkpoint.size)
        # The root is right, so the entries are the log's: one that breaks the rules is the service's fault, and the
        # directory before it is thrown away with the command.
        self._replayed(self.directory, entries, verified=False)

    def accept_proof(self, log: str, entry: bytes, proof: Proof) -> None:
        """Check that an entry is in a log that extends what was known; the activity log's head moves on.

        Directory entries stand under a checkpoint of the directory as replayed, or one that is proven to extend it.
        Raises LogInconsistentError, DirectoryForkedError, InclusionProofWrongError and the errors of checkpoints.
        """
        checkpoint = self.open_checkpoint(log, proof.checkpoint)
        verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.inclusion, checkpoint.root)
        if log == "activity":
            self.activity = self._follow(checkpoint, proof.consistency)
        elif checkpoint.size > self.directory.size:
            _extends(self.directory_head, checkpoint, proof.consistency)
        elif self.directory.root_at(checkpoint.size) != checkpoint.root:
            raise DirectoryForkedError(size=checkpoint.size)

    def follow_activity(self, note: bytes, consistency: Sequence[bytes]) -> Head:
        """Move the activity head to a newer checkpoint. Raises LogInconsistentError and errors of checkpoints."""
        self.activity = self._follow(self.open_checkpoint("activity", note), consistency)
        return self.activity

    def _follow(self, checkpoint: Checkpoint, consistency: Sequence[bytes]) -> Head:
        _extends(self.activity, checkpoint, consistency)
        return Head(size=checkpoint.size, root=checkpoint.root)

    def accept_logged(self, logged: Logged, kind: type[R], *, transfer: TransferId | None = None) -> R:
        """A record that the activity log holds, of the kind asked for and about the transfer asked for.

        Raises RecordWrongError and as `accept_proof` does.
        """
        try:
            record = parse_record(logged.record)
        except MalformedError as error:
            raise RecordWrongError(why=str(error.facts["why"])) from None
        if not isinstance(record, kind):
            raise RecordWrongError(why=f"a {record.KIND} record instead of {kind.KIND}")
        if transfer is not None and getattr(record, "transfer", None) != transfer:
            raise RecordWrongError(why="it is about another transfer")
        self.accept_proof("activity", commitment(logged.record, salt=logged.salt), logged.proof)
        return record


def _extends(before: Head, checkpoint: Checkpoint, consistency: Sequence[bytes]) -> None:
    if checkpoint.size < before.size:
        raise LogInconsistentError(old_size=before.size, new_size=checkpoint.size, why="the log became shorter")
    verify_consistency(before.size, before.root, checkpoint.size, checkpoint.root, consistency)


def _unverified(note: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)
