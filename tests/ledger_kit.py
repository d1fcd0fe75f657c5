"""What tests of ledgers share: a signer, rows with sensible values, and proofs checked by the tlog room."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from scelle.base.ids import DeskId, KeyId, OrgId, TransferId
from scelle.ports import ACTIVITY, DIRECTORY, Appended, Ledger, LogName, LogPosition, RecipientRow, TransferRow, Writing
from scelle.storage.ledger import SqlLedger
from scelle.tlog.checkpoint import Checkpoint, open_checkpoint
from scelle.tlog.note import ED25519, NoteSigner, NoteVerifier, SignerKey, sign_note
from scelle.tlog.proof import verify_inclusion
from scelle.tlog.tree import leaf_hash

ORIGINS: dict[LogName, str] = {DIRECTORY: "scelle.example/directory", ACTIVITY: "scelle.example/activity"}
SIGNERS = {
    log: NoteSigner(SignerKey(origin, ED25519, sha256(origin.encode()).digest())) for log, origin in ORIGINS.items()
}
APHP = OrgId("aphp")
CNAM = OrgId("cnam")


def sign(log: LogName, text: bytes) -> bytes:
    return sign_note(text, [SIGNERS[log]])


def verified_text(log: LogName, note: bytes) -> bytes:
    opened = open_checkpoint(note, origin=ORIGINS[log], verifiers=[NoteVerifier(SIGNERS[log].key)])
    return opened.note.text


def checked(log: LogName, note: bytes) -> Checkpoint:
    return open_checkpoint(note, origin=ORIGINS[log], verifiers=[NoteVerifier(SIGNERS[log].key)]).checkpoint


def open_ledger(path: Path | str = ":memory:", **options: Any) -> SqlLedger:
    given: dict[str, Any] = {
        "origin_directory": ORIGINS[DIRECTORY],
        "origin_activity": ORIGINS[ACTIVITY],
        "sign": sign,
    }
    return SqlLedger.open(path, **(given | options))


def transfer_id(number: int) -> TransferId:
    """Ids in the order of their numbers."""
    return TransferId(f"{number:025d}".translate(str.maketrans("0123456789", "abcdefghij")) + "a")


def key_id(number: int) -> KeyId:
    return KeyId(f"{number:032x}")


def entry(
    number: int,
    *,
    kind: str = "transfer.sealed",
    transfer: TransferId | None = None,
    organisations: tuple[OrgId, ...] = (APHP,),
    time: int | None = None,
) -> Appended:
    return Appended(
        record=b"record %d" % number,
        salt=sha256(b"salt %d" % number).digest(),
        kind=kind,
        time=number if time is None else time,
        transfer=transfer,
        organisations=organisations,
    )


def adding(number: int, *statements: bytes) -> Callable[[Writing], int]:
    """An action that appends `entry(number)` and returns its index."""
    return lambda writing: writing.append_activity(entry(number), statements=statements)


def declaring(statement: bytes) -> Callable[[Writing], int]:
    """An action that appends to the directory."""
    return lambda writing: writing.append_directory(statement)


def where(ledger: Ledger, statement: bytes) -> LogPosition | None:
    return ledger.read(lambda reading: reading.position_of(statement))


def sizes(ledger: Ledger) -> tuple[int, int]:
    """Sizes of the directory and the activity log."""
    return ledger.read(lambda reading: (reading.log_size(DIRECTORY), reading.log_size(ACTIVITY)))


def commitment_of(given: Appended) -> bytes:
    return sha256(given.salt + given.record).digest()


def transfer_row(number: int, **fields: Any) -> TransferRow:
    given: dict[str, Any] = {
        "transfer": transfer_id(number),
        "organisation": APHP,
        "sender": key_id(1),
        "state": "open",
        "created": 1000 + number,
        "expires": 2000 + number,
        "size": 10,
        "cover": None,
    }
    return TransferRow(**(given | fields))


def recipient_row(number: int, key: int, **fields: Any) -> RecipientRow:
    given: dict[str, Any] = {
        "transfer": transfer_id(number),
        "key": key_id(key),
        "member": key_id(100 + key),
        "organisation": CNAM,
        "desk": DeskId("cnam/tracing"),
        "slot": None,
        "envelope": b"envelope",
        "commitment": bytes(32),
    }
    return RecipientRow(**(given | fields))


def check_entry(ledger: Ledger, position: LogPosition, data: bytes, *, since: int = 0) -> Checkpoint:
    """Check an entry's inclusion proof against the checkpoint that came with it."""
    proof = ledger.prove(position, since=since)
    checkpoint = checked(position.log, proof.checkpoint)
    assert proof.index == position.index
    verify_inclusion(leaf_hash(data), position.index, checkpoint.size, proof.inclusion, checkpoint.root)
    return checkpoint
