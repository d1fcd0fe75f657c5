"""Sealing and unsealing against raw ChaCha20-Poly1305 and pyrage, as ratios of one run.

Run by itself: `python -m benchmarks.sealing [MiB [folder]]`. Rates are the best of several rounds, in which all
contestants take turns, so that a busy machine slows all of them alike. Scellé and the copy wait until their file is
on the disk; pyrage does not.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyrage
from benchmarks.table import Row
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from scelle.age.hybrid import HybridIdentity
from scelle.age.stream import CHUNK, SEALED_CHUNK, open_chunks, seal_chunks
from scelle.age.x25519 import X25519Identity
from scelle.client.seal import seal_file, unseal_file

UNIT = "MiB/s"
ROUNDS = 3
SEGMENT = 16
"""Chunks in one call of the chunk functions."""

_KEY = bytes(range(32))


def _nonce(index: int) -> bytes:
    return (index << 8).to_bytes(12, "big")


def _raw_seal(chunks: int) -> None:
    encrypt = ChaCha20Poly1305(_KEY).encrypt_into
    data, out = memoryview(bytearray(CHUNK)), memoryview(bytearray(SEALED_CHUNK))
    for index in range(chunks):
        encrypt(_nonce(index), data, None, out)


def _raw_open(chunks: int) -> None:
    cipher = ChaCha20Poly1305(_KEY)
    sealed, out = memoryview(cipher.encrypt(_nonce(0), bytes(CHUNK), None)), memoryview(bytearray(CHUNK))
    for _ in range(chunks):
        cipher.decrypt_into(_nonce(0), sealed, None, out)


def _room_seal(chunks: int) -> None:
    data, out = memoryview(bytearray(SEGMENT * CHUNK)), memoryview(bytearray(SEGMENT * SEALED_CHUNK))
    for index in range(0, chunks, SEGMENT):
        seal_chunks(_KEY, index, data, out, last=False)


def _room_open(chunks: int) -> None:
    data, sealed = memoryview(bytearray(SEGMENT * CHUNK)), memoryview(bytearray(SEGMENT * SEALED_CHUNK))
    seal_chunks(_KEY, 0, data, sealed, last=False)
    for _ in range(0, chunks, SEGMENT):
        open_chunks(_KEY, 0, sealed, data, last=False)


def _on_two(work: Callable[[int], None]) -> Callable[[int], None]:
    def both(chunks: int) -> None:
        threads = [threading.Thread(target=work, args=(chunks // 2,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return both


def _best(contestants: dict[str, Callable[[], object]], size: int) -> dict[str, float]:
    best = dict.fromkeys(contestants, 0.0)
    for _ in range(ROUNDS):
        for name, work in contestants.items():
            begun = time.perf_counter()
            work()
            best[name] = max(best[name], size / (1 << 20) / (time.perf_counter() - begun))
    return best


def _write(path: Path, size: int) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for start in range(0, size, len(block)):
            file.write(block[: size - start])


def _copy(source: Path, target: Path) -> None:
    block = memoryview(bytearray(1 << 20))
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        while count := reader.readinto(block):
            writer.write(block[:count])
        os.fsync(writer.fileno())


def _memory_rates(size: int) -> dict[str, float]:
    chunks = max(2 * SEGMENT, size // CHUNK // (2 * SEGMENT) * 2 * SEGMENT)
    works = {
        "raw seal, one core": _raw_seal,
        "raw open, one core": _raw_open,
        "age room seal, one core": _room_seal,
        "age room open, one core": _room_open,
        "raw seal, two cores": _on_two(_raw_seal),
        "age room seal, two cores": _on_two(_room_seal),
        "age room open, two cores": _on_two(_room_open),
    }
    return _best({name: partial(work, chunks) for name, work in works.items()}, chunks * CHUNK)


def _fresh(work: Callable[[], object], target: Path) -> Callable[[], object]:
    """Remove the target first, so that every contestant writes into the room that the last round left."""

    def run() -> object:
        target.unlink(missing_ok=True)
        return work()

    return run


def _file_rates(size: int, folder: Path) -> dict[str, float]:
    plain, sealed, opened, peer, copied = (folder / name for name in ("plain", "sealed", "opened", "peer", "copied"))
    _write(plain, size)
    key, classic = HybridIdentity.from_seed(os.urandom(32)), X25519Identity(os.urandom(32))
    recipient = pyrage.x25519.Recipient.from_str(str(classic.recipient()))
    identity = pyrage.x25519.Identity.from_str(classic.encode())
    to = [key.recipient()]
    contestants = {
        "copy of the file": _fresh(lambda: _copy(plain, copied), copied),
        "scelle seal, file": _fresh(lambda: seal_file(plain, sealed, to, draw=os.urandom), sealed),
        "pyrage encrypt, file": _fresh(lambda: pyrage.encrypt_file(str(plain), str(peer), [recipient]), peer),
        "scelle unseal, file": _fresh(lambda: unseal_file(sealed, opened, [key]), opened),
        "pyrage decrypt, file": _fresh(lambda: pyrage.decrypt_file(str(peer), str(copied), [identity]), copied),
    }
    return _best(contestants, size)


_RAW, _RAW_OPEN = "raw seal, one core", "raw open, one core"
_BASES = {
    "age room seal, one core": [_RAW],
    "age room open, one core": [_RAW_OPEN],
    "raw seal, two cores": [_RAW],
    "age room seal, two cores": [_RAW, "age room seal, one core", "raw seal, two cores"],
    "age room open, two cores": [_RAW_OPEN, "age room open, one core"],
    "scelle seal, file": [_RAW, "pyrage encrypt, file", "copy of the file"],
    "scelle unseal, file": [_RAW_OPEN, "pyrage decrypt, file", "copy of the file"],
}
"""What each rate is set against."""


def measure(size: int, *, folder: Path | None = None) -> list[Row]:
    """Measure with `size` bytes; files go to a temporary folder in `folder`, which needs five times the size."""
    if size % CHUNK or size < 4 * SEGMENT * CHUNK:
        raise ValueError("the size is a multiple of 64 KiB, 4 MiB at least")
    rates = _memory_rates(size)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        rates |= _file_rates(size, Path(place))
    return [
        Row(name, rate, UNIT, {base: rate / rates[base] for base in _BASES.get(name, [])})
        for name, rate in rates.items()
    ]


if __name__ == "__main__":
    where = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    for row in measure(int(sys.argv[1] if len(sys.argv) > 1 else 1024) << 20, folder=where):
        against = ", ".join(f"{ratio:.2f} × {base}" for base, ratio in row.ratios.items())
        print(f"{row.name:26} {row.value:7,.0f} {row.unit}  {against}")
