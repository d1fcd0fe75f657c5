"""Cosignatures (C2SP tlog-cosignature): a witness's, or a log's own, dated statement about a checkpoint.

Two types: Ed25519 (0x04), over the whole checkpoint text, and ML-DSA-44 (0x06), over origin, size and root and
the cosigner's name; the latter does not cover extension lines.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from scelle.tlog.checkpoint import parse_checkpoint
from scelle.tlog.errors import (
    CheckpointMalformedError,
    NoteKeyMalformedError,
    SignatureWrongError,
)
from scelle.tlog.note import (
    COSIGN_ED25519,
    COSIGN_MLDSA44,
    ED25519,
    NoteSignature,
    NoteVerifier,
    SignerKey,
    Verifier,
    VerifierKey,
    parse_vkey,
)

MAX_TIMESTAMP = 2**63 - 1
"""Largest time a cosignature may state, in unix seconds."""

_SIGNATURE_SIZES = {COSIGN_ED25519: 64, COSIGN_MLDSA44: 2420}


def _short(data: bytes) -> bytes:
    if not 1 <= len(data) <= 255:
        raise CheckpointMalformedError(why="an origin or cosigner name that does not fit 255 bytes")
    return bytes([len(data)]) + data


def cosigned_message(key: VerifierKey, text: bytes, timestamp: int) -> bytes:
    """The bytes that a cosigner signs for a checkpoint text at a unix time (s).

    Raises CheckpointMalformedError, also when a name does not fit the ML-DSA-44 form or the time is out of range.
    """
    checkpoint = parse_checkpoint(text)
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise CheckpointMalformedError(why="a time that cannot be cosigned")
    if key.key_type == COSIGN_ED25519:
        return b"cosignature/v1\ntime %d\n" % timestamp + text
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(key.name.encode()),
            timestamp.to_bytes(8, "big"),
            _short(checkpoint.origin.encode()),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


class CosignatureVerifier:
    """Checks cosignatures of one key, of either type."""

    def __init__(self, key: VerifierKey) -> None:
        """Raises NoteKeyMalformedError for a key of another type."""
        if key.key_type not in _SIGNATURE_SIZES:
            raise NoteKeyMalformedError(why="not a cosigner's key")
        self._key = key

    @property
    def key(self) -> VerifierKey:
        """Name, type and public key."""
        return self._key

    def check(self, text: bytes, signature: bytes) -> int:
        """Check a `timestamped_signature` over a checkpoint text; the time it states (s, 0: none).

        Raises SignatureWrongError, also for a text that is no checkpoint.
        """
        wrong = SignatureWrongError(name=self._key.name)
        if len(signature) != 8 + _SIGNATURE_SIZES[self._key.key_type]:
            raise wrong
        timestamp = int.from_bytes(signature[:8], "big")
        public: Ed25519PublicKey | MLDSA44PublicKey
        try:
            message = cosigned_message(self._key, text, timestamp)
            if self._key.key_type == COSIGN_MLDSA44:
                public = MLDSA44PublicKey.from_public_bytes(self._key.public_key)
            else:
                public = Ed25519PublicKey.from_public_bytes(self._key.public_key)
            public.verify(signature[8:], message)
        except (InvalidSignature, CheckpointMalformedError):
            raise wrong from None
        return timestamp


class Cosigner:
    """Signs checkpoint texts with a time; whoever calls answers for having checked consistency first."""

    def __init__(self, key: SignerKey) -> None:
        """Raises NoteKeyMalformedError for a key of another type."""
        if key.key_type not in _SIGNATURE_SIZES:
            raise NoteKeyMalformedError(why="not a cosigner's key")
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey
        if key.key_type == COSIGN_MLDSA44:
            self._private = MLDSA44PrivateKey.from_seed_bytes(key.seed)
        else:
            self._private = Ed25519PrivateKey.from_private_bytes(key.seed)
        self._key = key.public

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        return self._key

    def cosign(self, text: bytes, *, now: int) -> NoteSignature:
        """The cosignature line for a checkpoint text at unix time `now` (s). Raises CheckpointMalformedError."""
        signature = self._private.sign(cosigned_message(self._key, text, now))
        return NoteSignature(self._key.name, self._key.key_id, now.to_bytes(8, "big") + signature)


def verifier_for(key: VerifierKey) -> Verifier:
    """The verifier that belongs to a key's type."""
    return NoteVerifier(key) if key.key_type == ED25519 else CosignatureVerifier(key)


def parse_verifier(vkey: str) -> Verifier:
    """The verifier for a vkey of any known type. Raises NoteKeyMalformedError."""
    return verifier_for(parse_vkey(vkey))
