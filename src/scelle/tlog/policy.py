"""Trust policies (C2SP tlog-policy): which logs, which witnesses, and how many of them make a checkpoint good.

Names are opaque octets; they are kept as text with undecodable octets escaped, so that the file comes back whole.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scelle.tlog.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, parse_checkpoint
from scelle.tlog.cosign import verifier_for
from scelle.tlog.errors import (
    CheckpointStaleError,
    NoteKeyMalformedError,
    OriginMismatchError,
    PolicyMalformedError,
    QuorumMissingError,
    SignatureMissingError,
)
from scelle.tlog.note import (
    COSIGN_ED25519,
    COSIGN_MLDSA44,
    ED25519,
    MAX_NOTE,
    Verified,
    VerifierKey,
    parse_note,
    parse_vkey,
    verify,
)

MAX_POLICY = 1 << 18
"""Largest policy file read, in bytes."""

MAX_LINES = 256
"""Most logs, witnesses and groups together."""

NONE = "none"
"""The quorum that asks for no cosignature."""

FRESH = 3600
"""Age in seconds under which clients act on a cosigned checkpoint."""

SKEW = 300
"""How far in the future (s) a cosignature may be dated."""

_LOG_TYPES = {ED25519, COSIGN_MLDSA44}
_WITNESS_TYPES = {COSIGN_ED25519, COSIGN_MLDSA44}
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(r"[1-9][0-9]{0,5}\Z", re.ASCII)
_WORD = re.compile(r"[^\x00-\x20\x7f\ud800-\udc7f\udd00-\udfff]+\Z")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is accepted: its key, whose name is the log's origin, and where it is, if said."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness: the name it has in this policy, its cosigner's key, and where it is, if said."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group that has witnessed a checkpoint when at least `threshold` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that a policy accepts.

    `witnessed`: whether a quorum was asked for and met; without one nothing protects against a split view.
    `witnesses`: names of the witnesses whose cosignatures counted. `time`: the latest unix time (s) at which a
    quorum stood behind it (every member of some quorum cosigned at that time or later), None without a quorum.
    """

    signed: SignedCheckpoint
    witnesses: tuple[str, ...]
    time: int | None

    @property
    def checkpoint(self) -> Checkpoint:
        """The tree head."""
        return self.signed.checkpoint

    @property
    def witnessed(self) -> bool:
        """Whether a quorum of witnesses stands behind it."""
        return self.time is not None


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. Building one checks it; a wrong one raises PolicyMalformedError."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    def __post_init__(self) -> None:
        if len(self.logs) + len(self.witnesses) + len(self.groups) > MAX_LINES:
            raise _bad(f"more than {MAX_LINES} logs, witnesses and groups")
        if any(log.key.key_type not in _LOG_TYPES for log in self.logs):
            raise _bad("a log key of a type that does not sign checkpoints")
        if any(witness.key.key_type not in _WITNESS_TYPES for witness in self.witnesses):
            raise _bad("a witness key of a type that does not cosign")
        for keys in ([log.key.public_key for log in self.logs], [item.key.public_key for item in self.witnesses]):
            if len(set(keys)) != len(keys):
                raise _bad("a public key twice")
        words = [word for log in self.logs for word in (log.key.name, log.url or "-")]
        words += [word for item in self.witnesses for word in (item.name, item.key.name, item.url or "-")]
        words += [group.name for group in self.groups]
        if not all(_WORD.match(word) for word in words):
            raise _bad("a name or URL that is not one word")
        self._check_names()

    def _check_names(self) -> None:
        known = {NONE}
        for name in (*(witness.name for witness in self.witnesses), *(group.name for group in self.groups)):
            if name in known:
                raise _bad("a name twice")
            known.add(name)
        if self.quorum not in known:
            raise _bad("the quorum names nothing that is defined")
        before = {witness.name for witness in self.witnesses}
        used: set[str] = set()
        for group in self.groups:
            if not 1 <= group.threshold <= len(group.members):
                raise _bad("a threshold that is not between 1 and the number of members")
            for member in group.members:
                if member not in before:
                    raise _bad("a group member that is not defined before")
                if member in used:
                    raise _bad("a name that is a member twice")
                used.add(member)
            before.add(group.name)

    def encode(self) -> bytes:
        """The policy file; `parse_policy` gives the same policy back."""
        lines = [" ".join(filter(None, ("log", log.key.encode(), log.url))) for log in self.logs]
        lines += [" ".join(filter(None, ("witness", w.name, w.key.encode(), w.url))) for w in self.witnesses]
        lines += [" ".join(("group", g.name, str(g.threshold), *g.members)) for g in self.groups]
        lines.append(f"quorum {self.quorum}")
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def with_logs(self, keys: Iterable[VerifierKey]) -> "Policy":
        """The same witnesses and quorum for other logs: for a policy without logs, whose keys come from elsewhere."""
        return Policy(tuple(PolicyLog(key) for key in keys), self.witnesses, self.groups, self.quorum)

    def quorum_met(self, cosigned: AbstractSet[str]) -> bool:
        """Whether the witnesses with these names make a quorum."""
        if self.quorum == NONE:
            return True
        met = {witness.name for witness in self.witnesses} & cosigned
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def verify(
        self,
        data: bytes,
        *,
        origin: str | None = None,
        now: int | None = None,
        max_age: int = FRESH,
        max_size: int = MAX_NOTE,
    ) -> Accepted:
        """Accept or refuse a checkpoint note.

        `origin`: the log wanted; None accepts every log of the policy. `now` (unix s): then the quorum must be made
        of cosignatures under `max_age` seconds old and dated at most SKEW seconds ahead; None, for proofs kept
        for later, sets no bound on time. Cosignatures that state no time (0) count only then. Raises
        NoteMalformedError, CheckpointMalformedError, OriginMismatchError, SignatureMissingError,
        SignatureWrongError, QuorumMissingError, CheckpointStaleError.
        """
        note = parse_note(data, max_size=max_size)
        found = parse_checkpoint(note.text).origin
        keys = [log.key for log in self.logs if log.key.name == found]
        if not keys or origin not in {None, found}:
            raise OriginMismatchError(wanted=origin or "a log of the policy", found=found)
        signed = open_checkpoint(data, origin=found, verifiers=map(verifier_for, keys), max_size=max_size)
        times = self._cosigned(signed)
        if not self.quorum_met(times.keys()):
            raise QuorumMissingError(quorum=self.quorum, found=", ".join(times))
        if self.quorum == NONE:
            return Accepted(signed, tuple(times), None)
        time = self._quorum_time(times)
        if now is not None:
            times = {name: at for name, at in times.items() if now - max_age < at <= now + SKEW and at}
            if not self.quorum_met(times.keys()):
                raise CheckpointStaleError(quorum=self.quorum, age=now - time)
            time = self._quorum_time(times)
        return Accepted(signed, tuple(times), time)

    def _quorum_time(self, times: dict[str, int]) -> int:
        """The latest time at or after which a whole quorum cosigned; the given witnesses must make one."""
        return max(
            at for at in times.values() if self.quorum_met({name for name, other in times.items() if other >= at})
        )

    def _cosigned(self, signed: SignedCheckpoint) -> dict[str, int]:
        names = {witness.key: witness.name for witness in self.witnesses}
        try:
            found: list[Verified] = verify(signed.note, map(verifier_for, names))
        except SignatureMissingError:
            return {}
        return {names[item.key]: item.timestamp or 0 for item in found}


def _bad(why: str, line: int = 0) -> PolicyMalformedError:
    return PolicyMalformedError(line=line, why=why)


def _key(vkey: str, line: int) -> VerifierKey:
    try:
        return parse_vkey(vkey)
    except NoteKeyMalformedError as error:
        raise _bad(str(error.facts["why"]), line) from None


def _group(words: list[str], line: int) -> PolicyGroup:
    if len(words) < 4:
        raise _bad("a group without members", line)
    _, name, count, *members = words
    if count in {"any", "all"}:
        return PolicyGroup(name, 1 if count == "any" else len(members), tuple(members))
    if not _COUNT.match(count):
        raise _bad("a threshold that is not any, all or a number", line)
    return PolicyGroup(name, int(count), tuple(members))


def parse_policy(data: bytes) -> Policy:
    """Parse a policy file. Raises PolicyMalformedError with the line (0: the file as a whole)."""
    if len(data) > MAX_POLICY:
        raise _bad(f"longer than {MAX_POLICY} bytes")
    if _FORBIDDEN.search(data):
        raise _bad("a control character")
    if not data.endswith(b"\n"):
        raise _bad("no newline at the end")
    logs: list[PolicyLog] = []
    witnesses: list[PolicyWitness] = []
    groups: list[PolicyGroup] = []
    quorum: str | None = None
    defined = {NONE}
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            continue
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                logs.append(PolicyLog(_key(vkey, number), "".join(url)))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                witnesses.append(PolicyWitness(name, _key(vkey, number), "".join(url)))
                defined.add(name)
            case ["group", name, *_]:
                group = _group(words, number)
                if not defined.issuperset(group.members) or NONE in group.members:
                    raise _bad("a group member that is not defined before", number)
                groups.append(group)
                defined.add(name)
            case ["quorum", name] if quorum is None:
                if name not in defined:
                    raise _bad("the quorum names nothing that is defined before", number)
                quorum = name
            case _:
                raise _bad("not a log, witness, group or (single) quorum line", number)
    if quorum is None:
        raise _bad("no quorum line")
    return Policy(tuple(logs), tuple(witnesses), tuple(groups), quorum)
