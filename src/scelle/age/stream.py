"""The payload: 64 KiB chunks under ChaCha20-Poly1305 with counted nonces (C2SP age, "Payload").

Two forms: functions that seal or open a run of chunks into a caller's buffer, at any place of the file, so that
segments can go to several threads (the cipher releases the interpreter lock); and objects that are fed.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from scelle.age.errors import ChunkError, EmptyChunkError, PayloadError, TrailingError, TruncatedError
from scelle.age.header import FileKey, hkdf

CHUNK = 65536
"""Plaintext bytes in every chunk but the last."""

TAG = 16
SEALED_CHUNK = CHUNK + TAG
NONCE_SIZE = 16
"""Bytes before the first chunk."""


def payload_key(file_key: FileKey, nonce: bytes) -> bytes:
    """The key of a payload; `nonce`: the 16 fresh random bytes that stand before the first chunk."""
    if len(nonce) != NONCE_SIZE:
        raise ValueError("a payload nonce has 16 bytes")
    return hkdf(file_key, salt=nonce, info=b"payload")


def sealed_size(plaintext_size: int) -> int:
    """Bytes of the chunks (without header and nonce) that hold so much plaintext."""
    return plaintext_size + TAG * max(1, -(-plaintext_size // CHUNK))


def plaintext_size(sealed_size: int) -> int:
    """Plaintext bytes in chunks of so many bytes together. Raises TruncatedError or EmptyChunkError if none fit."""
    full, rest = divmod(sealed_size, SEALED_CHUNK)
    if (rest == 0 and full == 0) or 0 < rest < TAG:
        raise TruncatedError(chunk=full)
    if rest == TAG and full:
        raise EmptyChunkError(chunk=full)
    return sealed_size - TAG * (full + (rest > 0))


def chunk_count(sealed_size: int) -> int:
    """Number of chunks in so many sealed bytes."""
    return -(-sealed_size // SEALED_CHUNK)


def _nonce(index: int, last: bool) -> bytes:
    return (index << 8 | last).to_bytes(12, "big")


def seal_chunks(key: bytes, first_index: int, plaintext: memoryview, out: memoryview, *, last: bool) -> int:
    """Seal a run of chunks into `out`; returns the bytes written, `sealed_size(len(plaintext))`.

    `first_index`: the number of the run's first chunk. `last`: the run ends the file; only then may its size be
    other than a multiple of CHUNK. A (key, index) pair must never be used for two different plaintexts.
    """
    size = len(plaintext)
    if not last and (size % CHUNK or not size):
        raise ValueError("a run that does not end the file is made of full chunks")
    if last and not size and first_index:
        raise ValueError("only an empty file has an empty last chunk")
    encrypt = ChaCha20Poly1305(key).encrypt_into
    index, written, start = first_index, 0, 0
    while True:
        end = min(start + CHUNK, size)
        final = last and end == size
        stop = written + end - start + TAG
        encrypt(_nonce(index, final), plaintext[start:end], None, out[written:stop])
        index, written, start = index + 1, stop, end
        if end == size:
            return written


def open_chunks(key: bytes, first_index: int, sealed: memoryview, out: memoryview, *, last: bool) -> int:
    """Open a run of chunks into `out`; returns the plaintext bytes written.

    On an error `out` holds the chunks before the failing one and nothing of that one. Raises ChunkError,
    TruncatedError, TrailingError or EmptyChunkError, each with the number of the chunk.
    """
    size = len(sealed)
    if not last and (size % SEALED_CHUNK or not size):
        raise ValueError("a run that does not end the file is made of full chunks")
    decrypt = ChaCha20Poly1305(key).decrypt_into
    index, written, start = first_index, 0, 0
    while True:
        end = min(start + SEALED_CHUNK, size)
        stop = written + end - start - TAG
        if stop < written:
            raise TruncatedError(chunk=index)
        final = last and end == size
        if final and stop == written and index:
            raise _diagnose(key, index, sealed[start:end], final=True)
        try:
            decrypt(_nonce(index, final), sealed[start:end], None, out[written:stop])
        except InvalidTag:
            out[written:stop] = bytes(stop - written)
            raise _diagnose(key, index, sealed[start:end], final=final) from None
        index, written, start = index + 1, stop, end
        if end == size:
            return written


def _opens(key: bytes, index: int, sealed: memoryview, *, final: bool) -> bool:
    try:
        ChaCha20Poly1305(key).decrypt(_nonce(index, final), sealed, None)
    except InvalidTag:
        return False
    return True


def _diagnose(key: bytes, index: int, sealed: memoryview, *, final: bool) -> PayloadError:
    """What is wrong with a chunk that did not open at its place, or is empty there.

    A short last chunk that does not authenticate may have been altered or cut, and nothing can tell which.
    After chunks that opened it is called cut, since that is what happens to files; alone, altered.
    """
    if final and len(sealed) == TAG and index:
        return EmptyChunkError(chunk=index) if _opens(key, index, sealed, final=True) else TruncatedError(chunk=index)
    if not final:
        return (TrailingError if _opens(key, index, sealed, final=True) else ChunkError)(chunk=index)
    if len(sealed) == SEALED_CHUNK:
        if _opens(key, index, sealed, final=False):
            return TruncatedError(chunk=index + 1)
        return ChunkError(chunk=index)
    return TruncatedError(chunk=index) if index else ChunkError(chunk=index)


class PayloadSealer:
    """Seals a payload from plaintext in portions of any size."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._index = 0
        self._held = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take plaintext; returns the sealed chunks that are now complete. The last chunk is held back."""
        self._held += data
        run = max(0, len(self._held) - 1) // CHUNK * CHUNK
        return self._seal(run, last=False) if run else b""

    def finish(self) -> bytes:
        """The final chunk."""
        return self._seal(len(self._held), last=True)

    def _seal(self, run: int, *, last: bool) -> bytes:
        out = bytearray(sealed_size(run))
        with memoryview(self._held) as held:
            seal_chunks(self._key, self._index, held[:run], memoryview(out), last=last)
        self._index += run // CHUNK
        del self._held[:run]
        return bytes(out)


class PayloadOpener:
    """Opens a payload from sealed bytes in portions of any size, and releases exactly what authenticates.

    What authenticated before an error is returned first; the next call raises the error. A caller that must
    release nothing on error keeps everything until `finish` has returned.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self._index = 0
        self._held = bytearray()
        self._done = False
        self._error: PayloadError | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take sealed bytes; returns the plaintext of the chunks that are now complete. Raises PayloadError."""
        self._check()
        self._held += data
        released = []
        start = 0
        with memoryview(self._held) as held:
            while self._error is None and len(held) - start >= (1 if self._done else SEALED_CHUNK):
                if self._done:
                    self._error = TrailingError(chunk=self._index - 1)
                    break
                chunk = self._open_full(held[start : start + SEALED_CHUNK])
                if chunk is not None:
                    released.append(chunk)
                    start += SEALED_CHUNK
        del self._held[:start]
        return b"".join(released)

    def finish(self) -> bytes:
        """The plaintext of the final chunk, at the end of the input. Raises PayloadError."""
        self._check()
        if self._done:
            return b""
        if len(self._held) < TAG:
            raise TruncatedError(chunk=self._index)
        empty = len(self._held) == TAG and self._index > 0
        plaintext = self._try(bytes(self._held), final=True)
        if plaintext is not None and empty:
            raise EmptyChunkError(chunk=self._index)
        if plaintext is None:
            raise (TruncatedError if self._index else ChunkError)(chunk=self._index)
        self._held.clear()
        self._done = True
        return plaintext

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _open_full(self, sealed: memoryview) -> bytes | None:
        plaintext = self._try(sealed, final=False)
        if plaintext is None:
            plaintext = self._try(sealed, final=True)
            if plaintext is None:
                self._error = ChunkError(chunk=self._index)
                return None
            self._done = True
        self._index += 1
        return plaintext

    def _try(self, sealed: bytes | memoryview, *, final: bool) -> bytes | None:
        try:
            return self._cipher.decrypt(_nonce(self._index, final), sealed, None)
        except InvalidTag:
            return None
