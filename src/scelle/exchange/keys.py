"""Signing keys of members, key ids, roles (spec/exchange.md §1)."""

from enum import StrEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scelle.base.ids import KeyId

SIGNING = b"ed25519"
ENCRYPTION = b"mlkem768x25519"


class Role(StrEnum):
    """What a member may do. Every role is given by an administrator of the member's own organisation."""

    ADMINISTRATOR = "administrator"
    SENDER = "sender"
    RECIPIENT = "recipient"
    OFFICER = "security-officer"
    DPO = "dpo"
    AUDITOR = "auditor"


ROLES = tuple(role.value for role in Role)


def _key_id(kind: bytes, public: bytes) -> KeyId:
    return KeyId(sha256(b"scelle/v1/key-id\n" + kind + b"\n" + public).digest()[:16].hex())


def signing_key_id(public: bytes) -> KeyId:
    """Key id of a 32-byte Ed25519 public key."""
    return _key_id(SIGNING, public)


def encryption_key_id(recipient: bytes) -> KeyId:
    """Key id of a 1216-byte age hybrid public key."""
    return _key_id(ENCRYPTION, recipient)


class SigningKey:
    """A private Ed25519 key with its public key and id."""

    def __init__(self, seed: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key().public_bytes_raw()
        self.id = signing_key_id(self.public)

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"

    def sign(self, data: bytes) -> bytes:
        """64-byte signature (RFC 8032)."""
        return self.private.sign(data)


def signature_holds(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a 64-byte Ed25519 signature by a 32-byte public key holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
