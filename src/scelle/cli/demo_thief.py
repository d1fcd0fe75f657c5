"""What a thief does: takes everything, searches it, and tries a recipient's own key on stolen ciphertexts.

Nothing here asks the service or uses its code paths: it reads the stolen files as an outsider would, and the
formats are public.
"""

import base64
import mmap
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from scelle.age.errors import AgeError
from scelle.age.file import open_bytes
from scelle.age.hybrid import HybridIdentity
from scelle.base.ids import ReleaseShare, TransferId
from scelle.cli.demo_files import Plant
from scelle.exchange.acts import Cover
from scelle.exchange.errors import ShareWrongError
from scelle.exchange.sealing import Envelope, TransferNote, open_envelope, recover_identity
from scelle.exchange.statement import parse_statement
from scelle.storage.keeper import SLOT, decode_slot

ENCODINGS = ("raw", "utf-16", "hex", "base64")
_PIECE = 8 << 20
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Hit:
    """A plant that was found: `place` is a file or a stretch of memory."""

    plant: Plant
    encoding: str
    place: str


def spellings(raw: bytes) -> dict[str, list[bytes]]:
    """How bytes may stand in a file, by encoding; base64 at each of its three alignments, without its edges."""
    return {
        "raw": [raw],
        "utf-16": [raw.decode("latin-1").encode("utf-16-le")],
        "hex": [raw.hex().encode(), raw.hex().upper().encode()],
        "base64": [base64.b64encode(bytes(shift) + raw)[(0, 2, 3)[shift] : -4] for shift in range(3)],
    }


def search_bytes(data: "bytes | mmap.mmap", plants: Iterable[Plant], place: str) -> list[Hit]:
    """Every plant in every encoding in these bytes, once each."""
    return [
        Hit(plant, encoding, place)
        for plant in plants
        for encoding, forms in spellings(plant.raw).items()
        if any(data.find(form) >= 0 for form in forms)
    ]


@dataclass(slots=True)
class Search:
    """What was looked through, and what was found."""

    files: int
    size: int
    hits: list[Hit]


def search_folder(folder: Path, plants: Sequence[Plant]) -> Search:
    """Search the content and the names of every file below a folder."""
    found = Search(0, 0, [])
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        found.hits += search_bytes(place.encode(), plants, place)
        if path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            found.files += 1
            found.size += size
            if size:
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    found.hits += search_bytes(data, plants, place)
    return found


def search_memory(pid: int, plants: Sequence[Plant]) -> Search | None:
    """Search the memory of a running process; None where the system does not let it be read."""
    found = Search(0, 0, [])
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for start, stop in _mapped(pid):
                found.files += 1
                for at in range(start, stop, _PIECE):
                    with suppress(OSError, ValueError):  # guard pages and the kernel's own
                        memory.seek(at)
                        piece = memory.read(min(_PIECE + 512, stop - at))
                        found.size += len(piece)
                        found.hits += search_bytes(piece, plants, f"{at:x}")
    except OSError:
        return None
    return found if found.size else None


def _mapped(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text("ascii", "replace").splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
        if span:
            yield int(span[1], 16), int(span[2], 16)


def steal(data: Path, target: Path) -> None:
    """Copy a whole data folder while the service runs, as a thief or a backup would."""

    def copy(source: str, copied: str) -> str:
        with suppress(FileNotFoundError):  # something that came and went meanwhile
            shutil.copyfile(source, copied)
        return copied

    shutil.copytree(data, target, copy_function=copy)


def shares_in(slots: Path) -> list[ReleaseShare]:
    """The release shares in a slot file."""
    data = slots.read_bytes()
    found = (decode_slot(place, data[place * SLOT :][:SLOT]) for place in range(1, len(data) // SLOT))
    return [each[1] for each in found if each is not None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a recipient's key gives of one stolen transfer. `opened`: plaintexts of its sealed files, if any."""

    note: TransferNote
    opened: list[bytes]
    sealed: int
    """Sealed files that were tried."""


def attempt(
    stolen: Path, transfer: TransferId, *, origin: str, identities: Sequence[HybridIdentity], slots: Path
) -> Attempt:
    """Try to read a stolen transfer with a recipient's keys, and the release shares of a slot file.

    The recipient's half of the split key comes from the envelope; without the other half everything is tried that
    can be: the half itself, and the recipient's keys directly.
    """
    with closing(sqlite3.connect(stolen / "ledger.sqlite")) as ledger:
        (raw,) = ledger.execute("SELECT cover FROM transfers WHERE transfer = ?", (transfer,)).fetchone()
        envelopes = ledger.execute("SELECT envelope FROM recipients WHERE transfer = ?", (transfer,)).fetchall()
    cover = parse_statement(bytes(raw), Cover, origin=origin).act
    envelope = next(_opened(envelopes, identities, cover))
    keys = [HybridIdentity.from_seed(envelope.share), *identities]
    for share in shares_in(slots):
        for entry in cover.recipients:
            with suppress(ShareWrongError):
                keys.insert(0, recover_identity(envelope, share, cover=cover, entry=entry))
    sealed = [path for path in sorted((stolen / "parts").rglob("*")) if path.is_file() and transfer in path.name]
    return Attempt(envelope.note, [plain for path in sealed for plain in _try(path.read_bytes(), keys)], len(sealed))


def _opened(
    envelopes: Iterable[tuple[bytes]], identities: Sequence[HybridIdentity], cover: Cover
) -> Iterator[Envelope]:
    for (raw,) in envelopes:
        with suppress(AgeError):
            yield open_envelope(bytes(raw), identities, cover)


def _try(sealed: bytes, keys: Sequence[HybridIdentity]) -> Iterator[bytes]:
    with suppress(AgeError):
        plain = open_bytes(sealed, keys)
        if plain.startswith(_ZSTD):
            import zstandard

            yield zstandard.ZstdDecompressor().decompressobj().decompress(plain)
        else:
            yield plain
