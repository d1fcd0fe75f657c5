"""Whole age files: header and payload together; small ones in one call, large ones fed, ranges by place."""

from collections.abc import Sequence
from dataclasses import dataclass

from scelle.age import hybrid, scrypt, x25519
from scelle.age.errors import HeaderCutError, RangeError, TruncatedError
from scelle.age.header import FileKey, Header, HeaderReader, Identity, Recipient, make_header
from scelle.age.stream import (
    CHUNK,
    NONCE_SIZE,
    SEALED_CHUNK,
    PayloadOpener,
    PayloadSealer,
    chunk_count,
    open_chunks,
    payload_key,
    plaintext_size,
    seal_chunks,
    sealed_size,
)


@dataclass(frozen=True)
class Form:
    """What an age file shows without a key; all sizes in bytes."""

    header: Header
    header_size: int
    plaintext_size: int

    @property
    def payload_start(self) -> int:
        """Where the first chunk begins."""
        return self.header_size + NONCE_SIZE


def check_form(head: bytes, *, size: int) -> Form:
    """Check that a file that begins with `head` and has `size` bytes has the form of an age file.

    Needs no key: the header parses, its native stanzas have their types' forms, and the payload has a possible
    size. `head` holds the header at least. Raises HeaderError or PayloadError.
    """
    reader = HeaderReader()
    reader.feed(head)
    header = reader.finish()
    header.check_alone()
    for stanza in header.stanzas:
        if stanza.type == hybrid.TYPE:
            hybrid.check_stanza(stanza)
        elif stanza.type == x25519.TYPE:
            x25519.check_stanza(stanza)
        elif stanza.type == scrypt.TYPE:
            scrypt.check_stanza(stanza)
    if size < reader.size + NONCE_SIZE:
        raise HeaderCutError
    return Form(header, reader.size, plaintext_size(size - reader.size - NONCE_SIZE))


def begin(recipients: Sequence[Recipient], *, file_key: FileKey, nonce: bytes) -> tuple[bytes, bytes]:
    """The bytes before the first chunk (header and nonce), and the payload key.

    `file_key` and `nonce`: 16 fresh random bytes each, never used for another file. Raises NoRecipientsError
    or MixedRecipientsError.
    """
    header = make_header(recipients, file_key=file_key)
    return header.encode() + nonce, payload_key(file_key, nonce)


class Sealer:
    """Seals a file from plaintext in portions of any size. Arguments and errors as for `begin`."""

    def __init__(self, recipients: Sequence[Recipient], *, file_key: FileKey, nonce: bytes) -> None:
        self._head, key = begin(recipients, file_key=file_key, nonce=nonce)
        self._payload = PayloadSealer(key)

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take plaintext; returns sealed bytes, the header with the first ones."""
        head, self._head = self._head, b""
        return head + self._payload.feed(data)

    def finish(self) -> bytes:
        """The sealed bytes that end the file."""
        return self.feed(b"") + self._payload.finish()


class Beginning:
    """Reads header and nonce of a file that arrives in portions, and unwraps its key."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = identities
        self._reader = HeaderReader()
        self._file_key: FileKey | None = None
        self._nonce = b""

    @property
    def size(self) -> int:
        """Bytes before the first chunk; known once `feed` returned a key."""
        return self._reader.size + NONCE_SIZE

    def feed(self, data: bytes | bytearray | memoryview) -> tuple[bytes, bytes] | None:
        """Take bytes; once the key is known, returns it and the payload bytes fed so far. Not to be fed after that.

        Raises HeaderError, NoMatchError or HmacError.
        """
        if self._file_key is None:
            if not self._reader.feed(data):
                return None
            self._file_key = self._reader.finish().open(self._identities)
            data = self._reader.rest
        self._nonce += data
        if len(self._nonce) < NONCE_SIZE:
            return None
        return payload_key(self._file_key, self._nonce[:NONCE_SIZE]), self._nonce[NONCE_SIZE:]

    def cut(self) -> HeaderCutError:
        """The error for an input that ended before `feed` returned a key. May raise a NotAgeError instead."""
        self._reader.finish()
        return HeaderCutError()


class Opener:
    """Opens a file from sealed bytes in portions of any size, and releases exactly what authenticates.

    What authenticated before an error is returned first; the next call raises the error. A caller that must
    release nothing on error keeps everything until `finish` has returned.
    """

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._beginning = Beginning(identities)
        self._payload: PayloadOpener | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take sealed bytes; returns plaintext. Raises AgeError."""
        if self._payload is None:
            begun = self._beginning.feed(data)
            if begun is None:
                return b""
            key, data = begun
            self._payload = PayloadOpener(key)
        return self._payload.feed(data)

    def finish(self) -> bytes:
        """The last plaintext, at the end of the input. Raises AgeError."""
        if self._payload is None:
            raise self._beginning.cut()
        return self._payload.finish()


def seal_bytes(plaintext: bytes, recipients: Sequence[Recipient], *, file_key: FileKey, nonce: bytes) -> bytes:
    """A whole small file. Arguments and errors as for `begin`."""
    head, key = begin(recipients, file_key=file_key, nonce=nonce)
    out = bytearray(head) + bytes(sealed_size(len(plaintext)))
    with memoryview(out) as view:
        seal_chunks(key, 0, memoryview(plaintext), view[len(head) :], last=True)
    return bytes(out)


def open_bytes(data: bytes, identities: Sequence[Identity]) -> bytes:
    """The plaintext of a whole small file; nothing is released unless all of it authenticates. Raises AgeError."""
    beginning = Beginning(identities)
    begun = beginning.feed(data)
    if begun is None:
        raise beginning.cut()
    key, sealed = begun
    out = bytearray(max(0, len(sealed)))
    with memoryview(out) as view:
        size = open_chunks(key, 0, memoryview(sealed), view, last=True)
    return bytes(out[:size])


class RangeOpener:
    """Opens ranges of a file without reading the rest.

    `key`: the payload key; `payload_start`: where the first chunk begins; `size`: bytes of the whole sealed
    file. The size of the plaintext counts only after the last chunk was verified (C2SP age, "Payload"), so
    fetch `last_chunk` and give it to `verify` first. Raises PayloadError for an impossible size.
    """

    def __init__(self, key: bytes, *, payload_start: int, size: int) -> None:
        self._key = key
        self._start = payload_start
        self._sealed_size = size - payload_start
        self._verified = False
        if self._sealed_size < 0:
            raise HeaderCutError
        self.plaintext_size = plaintext_size(self._sealed_size)

    @property
    def last_chunk(self) -> tuple[int, int]:
        """Where the last chunk begins and ends in the sealed file."""
        index = chunk_count(self._sealed_size) - 1
        return self._start + index * SEALED_CHUNK, self._start + self._sealed_size

    def verify(self, sealed: bytes) -> None:
        """Check that the bytes at `last_chunk` are the file's final chunk. Raises PayloadError."""
        begin, end = self.last_chunk
        if len(sealed) != end - begin:
            raise TruncatedError(chunk=chunk_count(self._sealed_size) - 1)
        with memoryview(bytearray(len(sealed))) as out:
            open_chunks(self._key, (begin - self._start) // SEALED_CHUNK, memoryview(sealed), out, last=True)
        self._verified = True

    def locate(self, begin: int, end: int) -> tuple[int, int]:
        """The part of the sealed file that holds plaintext from `begin` to before `end`. Raises RangeError."""
        if not 0 <= begin < end <= self.plaintext_size:
            raise RangeError(size=self.plaintext_size)
        stop = min(-(-end // CHUNK) * SEALED_CHUNK, self._sealed_size)
        return self._start + begin // CHUNK * SEALED_CHUNK, self._start + stop

    def open(self, begin: int, end: int, sealed: bytes) -> bytes:
        """The plaintext from `begin` to before `end`; `sealed`: the bytes at `locate(begin, end)`.

        Raises RangeError or PayloadError.
        """
        if not self._verified:
            raise RuntimeError("verify the last chunk first")
        first, stop = self.locate(begin, end)
        if len(sealed) != stop - first:
            raise TruncatedError(chunk=(first - self._start + len(sealed)) // SEALED_CHUNK)
        index = begin // CHUNK
        out = bytearray(len(sealed))
        with memoryview(out) as view:
            last = stop == self._start + self._sealed_size
            open_chunks(self._key, index, memoryview(sealed), view, last=last)
        return bytes(out[begin - index * CHUNK : end - index * CHUNK])
