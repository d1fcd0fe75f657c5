"""A transfer whose files are made while they are sent: bytes are handed over, sealed and uploaded as they come.

It is for typed datasets, where one reading of the source feeds the copies of several organisations side by side.
Nothing of it can be gone on with after a break: its keys are drawn when a file begins and never stored.
"""

from hashlib import sha256
from typing import Protocol

from scelle.age.file import begin
from scelle.age.header import FileKey
from scelle.age.hybrid import HybridRecipient
from scelle.age.stream import PayloadSealer, payload_key
from scelle.base.ids import TransferId
from scelle.client.connection import Connection
from scelle.client.session import Session
from scelle.client.sources import ZSTD_LEVEL
from scelle.client.uploading import FreshJournal, SealedUpload
from scelle.exchange.acts import SealedPart
from scelle.exchange.manifest import IDENTITY, ZSTD, ManifestFile, ManifestPart
from scelle.exchange.padding import padded_size

BLOCK = 1 << 20
"""Bytes that are sealed at a time."""


class _Encoder(Protocol):
    def compress(self, data: bytes | memoryview, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _PushedPart:
    """One file, which is one part."""

    def __init__(
        self,
        session: Session,
        connection: Connection,
        base: str,
        number: int,
        recipient: HybridRecipient,
        encoding: str,
    ) -> None:
        file_key, nonce = FileKey(session.draw(16)), session.draw(16)
        head, _ = begin([recipient], file_key=file_key, nonce=nonce)
        connection.create_part(base, number)
        self._sealer = PayloadSealer(payload_key(file_key, nonce))
        self.upload = SealedUpload(connection, f"{base}/parts/{number}", FreshJournal(), offset=0)
        self.upload.write(memoryview(head))
        self._encoding = encoding
        self._encoder: _Encoder | None = None
        if encoding == ZSTD:
            import zstandard

            self._encoder = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
        self._hash = sha256()
        self.size = 0
        self._stored = 0

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), BLOCK):
            piece = view[start : start + BLOCK]
            self._hash.update(piece)
            self.size += len(piece)
            self._store(piece if self._encoder is None else self._encoder.compress(piece))

    def _store(self, data: bytes | memoryview) -> None:
        self._stored += len(data)
        self.upload.write(memoryview(self._sealer.feed(data)))

    def finish(self) -> tuple[SealedPart, ManifestPart, bytes]:
        if self._encoder is not None:
            self._store(self._encoder.flush())
        stored = self._stored
        left = padded_size(stored) - stored
        while left:
            count = min(left, BLOCK)
            self.upload.write(memoryview(self._sealer.feed(bytes(count))))
            left -= count
        self.upload.write(memoryview(self._sealer.finish()))
        sealed = self.upload.finish()
        self.upload.__exit__(None, None, None)
        return sealed, ManifestPart(encoding=self._encoding, size=self.size, stored=stored), self._hash.digest()


class PushedTransfer:
    """The files of one transfer, one after the other. `write` with another name ends the file before."""

    def __init__(self, session: Session, transfer: TransferId, recipient: HybridRecipient) -> None:
        self._session = session
        self._connection = session.connection.another()
        self._base = f"/v1/transfers/{transfer}"
        self._recipient = recipient
        self._name = ""
        self._part: _PushedPart | None = None
        self.sealed: list[SealedPart] = []
        self.parts: list[ManifestPart] = []
        self.files: list[ManifestFile] = []

    @property
    def size(self) -> int:
        """Plaintext bytes of the files that are finished."""
        return sum(part.size for part in self.parts)

    def write(self, name: str, data: bytes) -> None:
        """Hand over the next bytes of a file. Raises network errors and what the service refuses."""
        if name != self._name:
            self._end()
            # Parquet is compressed in itself; everything else is text that shrinks.
            encoding = IDENTITY if name.endswith(".parquet") else ZSTD
            number = len(self.parts) + 1
            self._part = _PushedPart(self._session, self._connection, self._base, number, self._recipient, encoding)
            self._name = name
        if self._part is not None:
            self._part.write(data)

    def _end(self) -> None:
        if self._part is None:
            return
        sealed, part, digest = self._part.finish()
        file = ManifestFile(name=self._name, size=part.size, sha256=digest, part=len(self.parts), offset=0)
        self.sealed.append(sealed)
        self.parts.append(part)
        self.files.append(file)
        self._part = None

    def finish(self) -> None:
        """End the last file, when its bytes are with the service."""
        self._end()

    def seal_manifest(self, packed: bytes) -> SealedPart:
        """Seal and upload the manifest, which is part 0."""
        part = _PushedPart(self._session, self._connection, self._base, 0, self._recipient, IDENTITY)
        part.write(packed)  # packed to a padded size, so that no further padding is added
        return part.finish()[0]

    def close(self, *, failed: bool = False) -> None:
        """Close the connection; after a failure what was under way is dropped."""
        if failed and self._part is not None:
            self._part.upload.__exit__(ConnectionError, ConnectionError(), None)
        self._connection.close()
