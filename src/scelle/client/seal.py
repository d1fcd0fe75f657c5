"""Sealing and unsealing of local files and streams as ordinary age files, without any service.

Memory is flat, both cores work, and whatever fails leaves nothing behind: a target by path appears whole or not
at all, and a stream gets no byte before the whole source has been verified.
"""

import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from scelle.age.armor import ArmorReader, ArmorWriter, armor, looks_armored
from scelle.age.file import Beginning, begin, seal_bytes
from scelle.age.header import FILE_KEY_SIZE, FileKey, Identity, Recipient
from scelle.age.hybrid import SEED_SIZE, HybridIdentity, HybridRecipient
from scelle.age.keyfile import (
    MAX_KEY_TEXT,
    AnyIdentity,
    AnyRecipient,
    encode_identity_file,
    is_sealed,
    open_identities,
    parse_identities,
    parse_recipients,
)
from scelle.age.scrypt import SALT_SIZE, WORK_FACTOR, ScryptIdentity, ScryptRecipient
from scelle.age.stream import NONCE_SIZE
from scelle.age.x25519 import X25519Identity, X25519Recipient
from scelle.client.seal_files import (
    Source,
    Target,
    files_as_errors,
    fill,
    is_seekable_file,
    is_stream,
    open_source,
    open_target,
    source_name,
    write_all,
)
from scelle.client.seal_pipeline import Progress, open_stream, seal_stream

Draw: TypeAlias = Callable[[int], bytes]
"""Draws so many fresh random bytes."""

_BLOCK = 1 << 16
_SPOOL_MEMORY = 1 << 24
"""Sealed bytes of a pipe that are kept in memory before they go to a temporary file."""


@dataclass(frozen=True)
class Passphrase:
    """A passphrase to seal under."""

    text: str = field(repr=False)
    work_factor: int = WORK_FACTOR


SealTo: TypeAlias = AnyRecipient | Passphrase


def make_ready(recipients: Sequence[SealTo], *, draw: Draw) -> list[Recipient]:
    """Give each recipient the random values that it needs for one file."""
    ready: list[Recipient] = []
    for recipient in recipients:
        if isinstance(recipient, HybridRecipient):
            ready.append(recipient)
        elif isinstance(recipient, X25519Recipient):
            ready.append(recipient.ready(ephemeral_secret=draw(32)))
        else:
            salt = draw(SALT_SIZE)
            ready.append(ScryptRecipient(recipient.text, salt=salt, work_factor=recipient.work_factor))
    return ready


def make_identity(*, draw: Draw, classic: bool = False) -> AnyIdentity:
    """A fresh identity: hybrid post-quantum, or X25519 when `classic` is asked for."""
    return X25519Identity(draw(32)) if classic else HybridIdentity.from_seed(draw(SEED_SIZE))


def seal_file(
    source: Source,
    target: Target,
    recipients: Sequence[SealTo],
    *,
    draw: Draw,
    armored: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Seal a file or stream; returns the bytes written, header included.

    Raises NoRecipientsError, MixedRecipientsError, and the errors of `client.disk` for either end.
    """
    file_key, nonce = FileKey(draw(FILE_KEY_SIZE)), draw(NONCE_SIZE)
    head, key = begin(make_ready(recipients, draw=draw), file_key=file_key, nonce=nonce)
    with open_source(source) as given, open_target(target, overwrite=overwrite) as made:
        output = _Armored(made) if armored else _Plain(made)
        output.write(memoryview(head))
        seal_stream(key, _reader(given, source), output.write, progress=progress)
        output.finish()
        return output.written


def unseal_file(
    source: Source,
    target: Target,
    identities: Sequence[Identity],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Open a sealed file or stream, armored or not; returns the plaintext bytes written.

    Nothing is released on error: to a stream, the source is verified to its end first and then read again; a
    source that cannot be read twice is kept, sealed, in a temporary file. Raises AgeError and the errors of
    `client.disk`.
    """
    with open_source(source) as given:
        if not is_stream(target):
            sealed = _Sealed(given, source, identities)
            with open_target(target, overwrite=overwrite) as made:
                return open_stream(sealed.key, sealed.read, lambda view: write_all(made, view), progress=progress)
        with _twice(given, source) as readable:
            start = readable.tell()
            sealed = _Sealed(readable, source, identities)
            open_stream(sealed.key, sealed.read, lambda _: None, progress=progress)
            readable.seek(start)
            sealed.again()
            with open_target(target, overwrite=overwrite) as made:
                return open_stream(sealed.key, sealed.read, lambda view: write_all(made, view))


def _reader(file: io.RawIOBase, source: Source) -> Callable[[memoryview], int]:
    def read(view: memoryview) -> int:
        with files_as_errors(source_name(source)):
            return fill(file, view)

    return read


class _Plain:
    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file
        self.written = 0

    def write(self, view: memoryview) -> None:
        write_all(self._file, view)
        self.written += len(view)

    def finish(self) -> None:
        """Nothing is held back."""


class _Armored(_Plain):
    def __init__(self, file: io.RawIOBase) -> None:
        super().__init__(file)
        self._armor = ArmorWriter()

    def write(self, view: memoryview) -> None:
        super().write(memoryview(self._armor.feed(view)))

    def finish(self) -> None:
        super().write(memoryview(self._armor.finish()))


class _Sealed:
    """A sealed source past its header: the payload key, and a reader of the payload."""

    def __init__(self, file: io.RawIOBase, source: Source, identities: Sequence[Identity]) -> None:
        self._read_file = _reader(file, source)
        self._open()
        beginning = Beginning(identities)
        while True:
            block = self._block()
            if not block:
                raise beginning.cut()
            begun = beginning.feed(block)
            if begun is not None:
                break
        self.key, self._ahead = begun
        self._start = beginning.size

    def _open(self) -> None:
        first = memoryview(bytearray(_BLOCK))
        self._first: bytes = bytes(first[: self._read_file(first)])
        self._ended = not self._first
        self._armor = ArmorReader() if looks_armored(self._first) else None
        self._ahead = b""

    def again(self) -> None:
        """Go to the payload again, after the caller took the file back to its start."""
        self._open()
        skipped = 0
        while skipped < self._start:
            block = self._block()
            if not block:
                break  # the file was cut between the two readings: opening its chunks will tell
            skipped += len(block)
            self._ahead = block[len(block) - max(0, skipped - self._start) :]

    def _block(self) -> bytes:
        """The next bytes of the binary age file; none at its end. Raises ArmorError."""
        while not self._ended:
            block, self._first = self._first, b""
            if not block:
                view = memoryview(bytearray(_BLOCK))
                block = bytes(view[: self._read_file(view)])
            self._ended = not block
            if self._armor is None:
                return block
            if self._ended:
                self._armor.finish()
            elif decoded := self._armor.feed(block):
                return decoded
        return b""

    def read(self, view: memoryview) -> int:
        """Fill the view with payload, or less at the end of the source."""
        done = 0
        while done < len(view):
            if not self._ahead:
                if self._armor is None and not self._first:
                    return done + self._read_file(view[done:])
                self._ahead = self._block()
                if not self._ahead:
                    break
            count = min(len(self._ahead), len(view) - done)
            view[done : done + count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            done += count
        return done


@contextmanager
def _twice(file: io.RawIOBase, source: Source) -> Iterator[io.RawIOBase]:
    """A source that can be read twice: itself, or its sealed bytes set aside."""
    if is_seekable_file(file):
        yield file
        return
    with files_as_errors(tempfile.gettempdir()), tempfile.SpooledTemporaryFile(max_size=_SPOOL_MEMORY) as spool:
        read = _reader(file, source)
        view = memoryview(bytearray(1 << 20))
        while size := read(view):
            spool.write(view[:size])
        spool.seek(0)
        yield cast("io.RawIOBase", spool)


def read_key_file(path: Path) -> bytes:
    """The bytes of a key file, at most one more than is ever accepted. Raises DiskMissingError and its kin."""
    with files_as_errors(str(path)), path.open("rb") as file:
        return file.read(MAX_KEY_TEXT + 1)


def load_identities(path: Path, *, passphrase: Callable[[Path], str]) -> list[AnyIdentity]:
    """The identities of a file; `passphrase` is asked only when the file is sealed under one.

    Raises KeyTextError, AgeError, DiskMissingError and its kin.
    """
    data = read_key_file(path)
    if is_sealed(data):
        return open_identities(data, [ScryptIdentity(passphrase(path))])
    return parse_identities(data)


def load_recipients(path: Path) -> list[AnyRecipient]:
    """The recipients of a file. Raises KeyTextError, DiskMissingError and its kin."""
    return parse_recipients(read_key_file(path))


def encode_identity(identity: AnyIdentity, *, now: int, passphrase: Passphrase | None = None, draw: Draw) -> bytes:
    """The bytes of an identity file: text, or an armored age file under a passphrase. `now`: Unix seconds."""
    text = encode_identity_file(identity, now=now).encode("ascii")
    if passphrase is None:
        return text
    file_key = FileKey(draw(FILE_KEY_SIZE))
    return armor(seal_bytes(text, make_ready([passphrase], draw=draw), file_key=file_key, nonce=draw(NONCE_SIZE)))


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, durably; never over another.

    Raises DiskExistsError and its kin.
    """
    with files_as_errors(str(path)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with io.FileIO(handle, "wb") as file:
                write_all(file, memoryview(data))
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
