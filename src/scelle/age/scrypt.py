"""The scrypt recipient type: a file key under a passphrase (C2SP age, "The scrypt recipient type"; RFC 7914)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from scelle.age.errors import StanzaError, WorkFactorError
from scelle.age.header import Family, FileKey, Stanza
from scelle.base.codec import encode_base64_raw

TYPE = "scrypt"
SALT_SIZE = 16
WORK_FACTOR = 18
"""Base-two logarithm of the work factor that is written: 256 MiB and about a second."""

MAX_WORK_FACTOR = 22
"""Largest one that is read, as in other age tools: 4 GiB."""

_LABEL = b"age-encryption.org/v1/scrypt"
_ZERO_NONCE = bytes(12)
_DECIMAL = re.compile(r"[1-9][0-9]*\Z", re.ASCII)


def _cipher(passphrase: str, salt: bytes, work_factor: int) -> ChaCha20Poly1305:
    kdf = Scrypt(salt=_LABEL + salt, length=32, n=1 << work_factor, r=8, p=1)
    return ChaCha20Poly1305(kdf.derive(passphrase.encode("utf-8", "surrogateescape")))


class ScryptRecipient:
    """A passphrase with its salt (16 fresh random bytes): wraps one file key, once.

    Wrapping a second file key under the same salt would reuse a nonce; it raises RuntimeError.
    """

    family: Family = "passphrase"

    def __init__(self, passphrase: str, *, salt: bytes, work_factor: int = WORK_FACTOR) -> None:
        if len(salt) != SALT_SIZE or not 1 <= work_factor <= MAX_WORK_FACTOR:
            raise ValueError("a salt has 16 bytes, a work factor is 1 to 22")
        self._passphrase = passphrase
        self._salt: bytes | None = salt
        self._work_factor = work_factor

    def wrap(self, file_key: FileKey) -> list[Stanza]:
        """One scrypt stanza."""
        salt, self._salt = self._salt, None
        if salt is None:
            raise RuntimeError("a salt serves one file")
        body = _cipher(self._passphrase, salt, self._work_factor).encrypt(_ZERO_NONCE, file_key, None)
        return [Stanza((TYPE, encode_base64_raw(salt), str(self._work_factor)), body)]


@dataclass(frozen=True)
class ScryptIdentity:
    """A passphrase that opens; `max_work_factor` bounds the time and memory that a file can ask for."""

    passphrase: str = field(repr=False)
    max_work_factor: int = MAX_WORK_FACTOR

    def unwrap(self, stanzas: Sequence[Stanza]) -> FileKey | None:
        """See `Identity.unwrap`. Raises WorkFactorError when a stanza asks for too much."""
        for stanza in stanzas:
            if stanza.type != TYPE:
                continue
            if len(stanzas) != 1:
                raise StanzaError(type=TYPE, why="not the only stanza")
            salt, work_factor = check_stanza(stanza)
            if work_factor > self.max_work_factor:
                raise WorkFactorError(limit=self.max_work_factor)
            try:
                cipher = _cipher(self.passphrase, salt, work_factor)
                return FileKey(cipher.decrypt(_ZERO_NONCE, stanza.body, None))
            except InvalidTag:
                return None
        return None


def check_stanza(stanza: Stanza) -> tuple[bytes, int]:
    """Salt and work factor of a stanza of the right form. Raises StanzaError."""
    stanza.check(arguments=3)
    salt = stanza.argument(1, size=SALT_SIZE)
    if not _DECIMAL.match(stanza.args[2]) or len(stanza.args[2]) > 9:
        raise StanzaError(type=TYPE, why="the work factor is not a decimal number")
    return salt, int(stanza.args[2])
