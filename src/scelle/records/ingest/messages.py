"""HL7 v2 files: batches (FHS/BHS … BTS/FTS) and single messages, into raw frames."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from scelle.records.ingest import forms
from scelle.records.ingest.blocks import open_file, utf8_blocks
from scelle.records.ingest.columns import ROW, STATUS, raw_frame
from scelle.records.ingest.errors import ColumnsUnknownError, FileUnreadableError, LineTooLongError
from scelle.records.ingest.found import ColumnFound, FileFound, Reject, Rejects
from scelle.records.ingest.hl7 import (
    MAX_MESSAGE,
    Delimiters,
    MessageTooLong,
    declared,
    decode,
    get,
    parse,
    split_stream,
)
from scelle.records.ingest.hl7_results import VERSIONS, ResultReader
from scelle.records.ingest.meaning import Meanings
from scelle.records.ingest.sniff import Sniffed
from scelle.records.profile import Profile

_CHUNK: Final = 4 << 20
MAX_BATCH: Final = 50_000
"""Rows of one raw frame; they are built row by row."""


class MessageFile:
    """One file of HL7 v2 messages."""

    def __init__(self, path: Path, number: int, sniffed: Sniffed) -> None:
        self.found = FileFound(
            path, number, "hl7", encoding=sniffed.encoding, bom=sniffed.skip > 0, newline=sniffed.newline
        )
        self.names: list[str] = []
        self._sniffed = sniffed

    def bind(self, profile: Profile) -> None:
        """Fields of the standard have their places. Raises ColumnsUnknownError for a profile without results."""
        self._profile = profile
        bind_standard(profile, self.found)

    def _chunks(self) -> Iterator[bytes]:
        sniffed = self._sniffed
        if sniffed.encoding.startswith("utf-16"):
            path, encoding = self.found.path, sniffed.encoding
            yield from utf8_blocks(path, skip=sniffed.skip, encoding=encoding, size=_CHUNK)
            return
        with open_file(self.found.path) as file:
            file.seek(sniffed.skip)
            try:
                while chunk := file.read(_CHUNK):
                    yield chunk
            except OSError as error:
                raise FileUnreadableError(file=str(self.found.path), why=error.strerror or "I/O") from None

    def batches(self, rejects: Rejects, *, rows: int) -> Iterator[pl.DataFrame]:
        """Raw frames, `_row` counting the results of the file. Raises LineTooLongError, RejectsTooManyError."""
        found = self.found
        reader = ResultReader(Meanings(self._profile), found.unmapped)
        pending = Rows(self._profile, found)
        state = _Batch(found)
        try:
            for line, piece in split_stream(self._chunks()):
                name = piece[:3]
                if name in {b"FHS", b"BHS", b"BTS", b"FTS"}:
                    state.take(piece, line)
                    continue
                state.messages += 1
                reject = self._read(piece, line, state, reader, pending)
                if reject is not None:
                    rejects.add(found, reject)
                if len(pending) >= min(rows, MAX_BATCH):
                    yield pending.flush()
        except MessageTooLong as error:
            raise LineTooLongError(file=str(found.path), line=error.args[0], limit=MAX_MESSAGE) from None
        state.end()
        if len(pending):
            yield pending.flush()

    def _read(self, piece: bytes, line: int, state: "_Batch", reader: ResultReader, pending: "Rows") -> Reject | None:
        number = state.messages

        def reject(code: str, where: str = "", **facts: str | int) -> Reject:
            raw = piece.strip(b"\r")
            return Reject(self.found.number, "message", number, code, raw, inside=where, facts={"line": line, **facts})

        if not piece.startswith(b"MSH"):
            state.messages -= 1
            return reject("reject.hl7-stray")
        if state.open and not piece.endswith(b"\r"):  # the batch ends here, within a message
            return reject("reject.hl7-truncated")
        delimiters = declared(piece)
        if delimiters is None:
            return reject("reject.hl7-delimiters", "MSH-2")
        text, encoding = decode(piece)
        if encoding != "ascii":
            self.found.encoding = encoding
        message = parse(text, delimiters)
        if len(message.segments) < 2:
            return reject("reject.hl7-delimiters" if b"\rPID" in piece else "reject.hl7-no-patient", "MSH-1")
        if message.joined:
            self.found.note("note.hl7-broken-lines", line, count=message.joined)
        version = message.parts(get(message.segments[0], 12))[0]
        if version not in VERSIONS:
            self.found.note("note.hl7-version", line)
        read = reader.read(message)
        if read.wrong:
            return reject(read.wrong, read.where, **read.facts)
        for row in read.rows:
            pending.add(row)
        return None


class _Batch:
    """What the frames of a batch file say, held against what is there."""

    def __init__(self, found: FileFound) -> None:
        self.messages = 0
        self._found = found
        self.open: list[str] = []
        self._start = 0

    def take(self, piece: bytes, line: int) -> None:
        name = piece[:3].decode("ascii")
        segments = piece.strip(b"\r").split(b"\r")
        if name in {"FHS", "BHS"}:
            self.open.append(name)
            if name == "BHS":
                self._start = self.messages
            if declared(piece) not in {None, Delimiters()}:
                self._found.note("note.hl7-batch-delimiters", line)
            return
        opener = "BHS" if name == "BTS" else "FHS"
        if opener in self.open:
            self.open.remove(opener)
        if name == "BTS":
            said = segments[0][4:].split(segments[0][3:4])[0].strip()
            there = self.messages - self._start
            if said.isdigit() and int(said[:9]) != there:
                self._found.note("note.hl7-batch-count", line, said=int(said[:9]), there=there)

    def end(self) -> None:
        if self.open:
            self._found.note("note.hl7-batch-open", self.messages, segment="/".join(self.open))


def bind_standard(profile: Profile, found: FileFound) -> None:
    """Note the columns that messages of a standard can fill. Raises ColumnsUnknownError."""
    known = [name for name in STANDARD if profile.has(name)]
    if "result" not in known:
        raise ColumnsUnknownError(file=str(found.path), profile=profile.id, columns=0)
    for name in known:
        found.columns[name] = ColumnFound(found.format.upper(), name, "standard")
    found.missing = tuple(name for name in profile.names if name not in known)


STANDARD: Final = (
    "birth_name", "used_name", "first_names", "sex", "birth_date", "birth_place", "nir", "nir_kind", "ins_status",
    "address_line", "postcode", "commune", "department", "phone", "email", "representative_name",
    "health_professional", "collective_residence", "residence_name", "known_contact", "symptoms_onset",
    "prescriber_name", "prescriber_rpps", "prescriber_phone", "lab_name", "lab_finess", "lab_phone", "sample_id",
    "collection_date", "sample_time", "received_date", "test_loinc", "test_kind", "result", "result_time",
)  # fmt: skip
"""Columns that HL7 and FHIR messages can fill."""


class Rows:
    """Rows of messages on their way into a raw frame."""

    def __init__(self, profile: Profile, found: FileFound) -> None:
        self._profile = profile
        self._found = found
        self._names = [name for name in profile.names if name in STANDARD]
        self._columns: dict[str, list[str | None]] = {}
        self._clear()
        self._next = 1

    def _clear(self) -> None:
        self._columns = {name: [] for name in (*self._names, STATUS)}

    def __len__(self) -> int:
        return len(self._columns[STATUS])

    def add(self, row: dict[str, str]) -> None:
        """Add one; columns that the profile does not have are left out."""
        for name, values in self._columns.items():
            values.append(row.get(name) or None)

    def flush(self) -> pl.DataFrame:
        """The rows so far as a raw frame."""
        frame = pl.DataFrame(self._columns, schema=dict.fromkeys(self._columns, pl.String()))
        batch = raw_frame(frame.with_row_index(ROW, offset=self._next), self._profile, self._found)
        self._next += frame.height
        self._found.rows += frame.height
        self._clear()
        forms.learn(batch, self._profile, self._found)
        return batch
