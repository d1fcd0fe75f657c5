"""The store key of a vault in the operating system's keyring, for those who ask for it.

The keyring is loaded only where a marker file says that the key is in it: loading it takes a quarter of a second.
"""

from pathlib import Path

from scelle.base.codec import decode_base64, encode_base64
from scelle.base.errors import Exit, MalformedError, RoadError
from scelle.client.home import write_private

_SERVICE = "scelle"
_MARKER = "vault.keyring"


class KeyringError(RoadError):
    """The operating system's keyring is not there or refuses. Facts: `why`."""

    code = "vault.keyring"
    exit_status = Exit.LOCKED
    http_status = 500


def remember(folder: Path, store_key: bytes) -> None:
    """Put the store key into the keyring. Raises KeyringError or a file error."""
    import keyring
    from keyring.errors import KeyringError as TheirError

    try:
        keyring.set_password(_SERVICE, str(folder.resolve()), encode_base64(store_key))
    except TheirError as failure:
        raise KeyringError(why=type(failure).__name__) from failure
    write_private(folder / _MARKER, b"")


def is_remembered(folder: Path) -> bool:
    """Whether the store key was put into the keyring from here; the keyring itself is not asked."""
    return (folder / _MARKER).exists()


def recall(folder: Path) -> bytes | None:
    """The store key from the keyring; None when it was never put there or is gone. Raises KeyringError."""
    if not is_remembered(folder):
        return None
    import keyring
    from keyring.errors import KeyringError as TheirError

    try:
        text = keyring.get_password(_SERVICE, str(folder.resolve()))
    except TheirError as failure:
        raise KeyringError(why=type(failure).__name__) from failure
    try:
        return decode_base64(text, size=32) if text else None
    except (MalformedError, UnicodeEncodeError):
        return None


def forget(folder: Path) -> bool:
    """Take the store key out of the keyring; whether it was there. Raises KeyringError."""
    if not is_remembered(folder):
        return False
    import keyring
    from keyring.errors import KeyringError as TheirError
    from keyring.errors import PasswordDeleteError

    try:
        keyring.delete_password(_SERVICE, str(folder.resolve()))
    except PasswordDeleteError:
        pass  # somebody took it out already
    except TheirError as failure:
        raise KeyringError(why=type(failure).__name__) from failure
    (folder / _MARKER).unlink(missing_ok=True)
    return True
