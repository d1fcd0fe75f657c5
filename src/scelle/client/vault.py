"""A member's secrets at rest: named byte strings under a store key, which is itself under a passphrase.

    vault.age      the 32-byte store key in an age file under a passphrase (scrypt): any age tool opens it
    vault.key      instead of vault.age, on request only: the store key readable, in a file of mode 0600
    secrets.bin    12-byte nonce ‖ ChaCha20-Poly1305(store key, canonical JSON of name → base64)

Two steps, so that putting a secret in needs no passphrase again, and an agent holds the store key, never the
passphrase.
"""

from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

from scelle.base.codec import decode_base64, decode_json, encode_base64, encode_json
from scelle.base.errors import CallerError, Exit, MalformedError, PeerError
from scelle.client.home import read_private, write_private

SEALED_KEY = "vault.age"
PLAIN_KEY = "vault.key"
SECRETS = "secrets.bin"
KEY_SIZE = 32
LEAST_PASSPHRASE = 8
"""Characters that a new passphrase has at least."""

WORK_FACTOR = 18
"""Base-two logarithm of scrypt's work for a new vault: 256 MiB, about a second."""

_ABOUT = b"scelle/v1/vault"
_NONCE_SIZE = 12


class VaultMissingError(CallerError):
    """There are no secrets in this home. Facts: `path`."""

    code = "vault.missing"
    exit_status = Exit.STATE
    http_status = 409


class VaultExistsError(CallerError):
    """There are secrets in this home already; they are not overwritten. Facts: `path`."""

    code = "vault.exists"
    exit_status = Exit.STATE
    http_status = 409


class WrongPassphraseError(CallerError):
    """The passphrase does not open the vault."""

    code = "vault.wrong-passphrase"
    exit_status = Exit.LOCKED
    http_status = 409


class ShortPassphraseError(CallerError):
    """A new passphrase is too short. Facts: `least`, in characters."""

    code = "vault.short-passphrase"
    exit_status = Exit.USAGE
    http_status = 400


class SecretMissingError(CallerError):
    """The vault holds no secret of this name. Facts: `name`."""

    code = "vault.no-secret"
    exit_status = Exit.STATE
    http_status = 409


class VaultCorruptError(PeerError):
    """A file of the vault was altered or cut. Facts: `path`."""

    code = "vault.corrupt"
    exit_status = Exit.CORRUPT
    http_status = 500


class Vault:
    """Unlocked secrets; every change is on disk once the call returns."""

    def __init__(self, folder: Path, store_key: bytes, *, draw: Callable[[int], bytes]) -> None:
        """Unlock with the store key itself, as the agent and the keyring hold it.

        `draw` gives fresh random bytes. Raises VaultMissingError, or VaultCorruptError (also for another key).
        """
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self._path = folder / SECRETS
        self._cipher = ChaCha20Poly1305(store_key)
        self._draw = draw
        self.store_key = store_key
        self._secrets = self._read()

    @classmethod
    def create(
        cls, folder: Path, passphrase: str | None, *, draw: Callable[[int], bytes], work_factor: int = WORK_FACTOR
    ) -> "Vault":
        """Make an empty vault; `passphrase` None leaves the store key readable on disk, which must be asked for.

        Raises VaultExistsError, ShortPassphraseError or a file error.
        """
        if is_there(folder):
            raise VaultExistsError(path=str(folder))
        store_key = draw(KEY_SIZE)
        if passphrase is None:
            write_private(folder / PLAIN_KEY, encode_base64(store_key).encode() + b"\n")
        else:
            if len(passphrase) < LEAST_PASSPHRASE:
                raise ShortPassphraseError(least=LEAST_PASSPHRASE)
            write_private(folder / SEALED_KEY, _seal(store_key, passphrase, draw, work_factor))
        _write(folder / SECRETS, {}, store_key, draw)
        return cls(folder, store_key, draw=draw)

    @classmethod
    def unlock(cls, folder: Path, passphrase: str, *, draw: Callable[[int], bytes]) -> "Vault":
        """Unlock with the passphrase. Raises VaultMissingError, WrongPassphraseError or VaultCorruptError."""
        from scelle.age.errors import AgeError, NoMatchError
        from scelle.age.file import open_bytes
        from scelle.age.scrypt import ScryptIdentity

        data = read_private(folder / SEALED_KEY)
        if data is None:
            raise VaultMissingError(path=str(folder))
        try:
            store_key = open_bytes(data, [ScryptIdentity(normalize("NFC", passphrase))])
        except NoMatchError:
            raise WrongPassphraseError from None
        except (AgeError, MalformedError) as failure:
            raise VaultCorruptError(path=str(folder / SEALED_KEY)) from failure
        if len(store_key) != KEY_SIZE:
            raise VaultCorruptError(path=str(folder / SEALED_KEY))
        return cls(folder, store_key, draw=draw)

    @classmethod
    def unlock_plain(cls, folder: Path, *, draw: Callable[[int], bytes]) -> "Vault":
        """Unlock a vault whose store key is readable. Raises VaultMissingError or VaultCorruptError."""
        data = read_private(folder / PLAIN_KEY)
        if data is None:
            raise VaultMissingError(path=str(folder))
        try:
            store_key = decode_base64(data.decode("ascii", "replace").strip(), size=KEY_SIZE)
        except (MalformedError, UnicodeEncodeError) as failure:
            raise VaultCorruptError(path=str(folder / PLAIN_KEY)) from failure
        return cls(folder, store_key, draw=draw)

    def names(self) -> list[str]:
        """Names of the secrets, sorted."""
        return sorted(self._secrets)

    def get(self, name: str) -> bytes:
        """A secret. Raises SecretMissingError."""
        if name not in self._secrets:
            raise SecretMissingError(name=name)
        return self._secrets[name]

    def put(self, name: str, value: bytes) -> None:
        """Add or replace a secret. Call while the home is locked. Raises a file error, and nothing changed then."""
        self._replace({**self._read(), name: value})

    def remove(self, name: str) -> None:
        """Erase a secret, if it is there. Call while the home is locked. Raises a file error."""
        secrets = self._read()
        if secrets.pop(name, None) is not None:
            self._replace(secrets)

    def _replace(self, secrets: dict[str, bytes]) -> None:
        _write(self._path, secrets, self.store_key, self._draw)
        self._secrets = secrets

    def _read(self) -> dict[str, bytes]:
        from cryptography.exceptions import InvalidTag

        data = read_private(self._path)
        if data is None:
            raise VaultMissingError(path=str(self._path.parent))
        try:
            plain = self._cipher.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], _ABOUT)
            secrets = decode_json(plain, what=SECRETS)
            return {name: decode_base64(value) for name, value in secrets.items()}
        except (InvalidTag, MalformedError, ValueError) as failure:
            raise VaultCorruptError(path=str(self._path)) from failure


def is_there(folder: Path) -> bool:
    """Whether a folder holds a vault, of either kind."""
    return is_plain(folder) or (folder / SEALED_KEY).exists()


def is_plain(folder: Path) -> bool:
    """Whether the vault's store key is readable on disk, which deserves a warning at every use."""
    return (folder / PLAIN_KEY).exists()


def _seal(store_key: bytes, passphrase: str, draw: Callable[[int], bytes], work_factor: int) -> bytes:
    from scelle.age.file import seal_bytes
    from scelle.age.header import FileKey
    from scelle.age.scrypt import ScryptRecipient

    recipient = ScryptRecipient(normalize("NFC", passphrase), salt=draw(16), work_factor=work_factor)
    return seal_bytes(store_key, [recipient], file_key=FileKey(draw(16)), nonce=draw(16))


def _write(path: Path, secrets: dict[str, bytes], store_key: bytes, draw: Callable[[int], bytes]) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    plain = encode_json({name: encode_base64(value) for name, value in secrets.items()}, what=SECRETS)
    nonce = draw(_NONCE_SIZE)
    write_private(path, nonce + ChaCha20Poly1305(store_key).encrypt(nonce, plain, _ABOUT))
