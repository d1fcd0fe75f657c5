"""The manifest: what is in a transfer. Sealed to T like a file; file names exist nowhere else (spec/exchange.md §4.3).

Files are laid into *parts*, each of which is one sealed age file: a large file is a part of its own, many small ones
share a part. A part's plaintext stream is its files one after the other, perhaps compressed with zstd as a whole,
then zero bytes up to the padded size.
"""

from dataclasses import dataclass
from typing import ClassVar

from scelle.base.errors import MalformedError
from scelle.base.ids import TransferId
from scelle.base.wire import Message, data, integer, many, nested, one_of, text, transfer_id, utf8, wire
from scelle.exchange.acts import MAX_PARTS
from scelle.exchange.errors import ManifestWrongError

MAX_FILES = 200_000
MAX_NAME = 1024

IDENTITY = "identity"
ZSTD = "zstd"


@dataclass(frozen=True)
class ManifestPart(Message):
    """A part. `size`: bytes of its files; `stored`: bytes of the stream before padding (compressed or not)."""

    encoding: str = wire(one_of(IDENTITY, ZSTD))
    size: int = wire(integer())
    stored: int = wire(integer())


@dataclass(frozen=True)
class ManifestFile(Message):
    """A file: its path with `/`, its bytes [offset, offset + size) of a part's files, and their SHA-256."""

    name: str = wire(text(low=1, high=MAX_NAME))
    size: int = wire(integer())
    sha256: bytes = wire(data(32))
    part: int = wire(integer(high=MAX_PARTS))
    offset: int = wire(integer())
    type: str | None = wire(text(high=127), optional=True)
    """Media type, when it is known."""


@dataclass(frozen=True)
class Manifest(Message):
    """What is in a transfer, and under what terms."""

    MAX_SIZE: ClassVar[int] = 128 << 20

    transfer: TransferId = wire(transfer_id)
    parts: tuple[ManifestPart, ...] = wire(many(nested(ManifestPart), low=1, high=MAX_PARTS))
    files: tuple[ManifestFile, ...] = wire(many(nested(ManifestFile), high=MAX_FILES))
    folders: tuple[str, ...] = wire(many(text(low=1, high=MAX_NAME), high=MAX_FILES))
    """Folders that hold no file."""
    categories: tuple[str, ...] = wire(many(text(low=1, high=80), high=64))
    """Categories of personal data."""
    collected: str | None = wire(text(low=10, high=10), optional=True)
    """Collection date, YYYY-MM-DD: the day that the source's retention counts from."""
    retention: int | None = wire(integer(), optional=True)
    """The source's retention in seconds."""
    legal_basis: str | None = wire(text(low=1, high=80), optional=True)
    dataset: str | None = wire(text(high=80), optional=True)
    """Profile of the rows, such as `screening-result/1`."""
    view: str | None = wire(text(high=80), optional=True)
    """Policy that chose rows and columns."""
    batch: str | None = wire(text(high=26), optional=True)
    """Ties the transfers to several organisations that one sending made."""
    rows: int | None = wire(integer(), optional=True)
    cosign: bytes | None = wire(utf8(high=65536), optional=True)
    """The statement by which a data-protection officer of the sender allowed a wider view."""

    def check(self, transfer: TransferId) -> None:
        """Check that the files cover the parts exactly, in order. Raises ManifestWrongError."""
        if self.transfer != transfer:
            raise ManifestWrongError(why="it belongs to another transfer")
        part, offset = 0, 0
        for file in self.files:
            while part < len(self.parts) and file.part > part and offset == self.parts[part].size:
                part, offset = part + 1, 0
            if file.part != part or file.offset != offset or part >= len(self.parts):
                raise ManifestWrongError(why="its files do not follow one another")
            offset += file.size
            if offset > self.parts[part].size:
                raise ManifestWrongError(why="a file reaches beyond its part")
        if part != len(self.parts) - 1 or offset != self.parts[part].size:
            raise ManifestWrongError(why="its files do not fill its parts")
        for each in self.parts:
            if each.encoding == IDENTITY and each.stored != each.size:
                raise ManifestWrongError(why="a part has two sizes")


def decode_manifest(raw: bytes, transfer: TransferId) -> Manifest:
    """Read and check a manifest that T has opened. Raises ManifestWrongError."""
    try:
        manifest = Manifest.decode(raw)
    except MalformedError as error:
        raise ManifestWrongError(why=str(error.facts["why"])) from None
    manifest.check(transfer)
    return manifest
