"""A service's data folder: what lies where, its private keys, its ledger.

    service.toml   settings                      keys/           private keys, readable by their owner alone
    ledger.sqlite  state and both logs           shares.slots    release shares, erased in place; in no backup
    parts/         sealed files

`service.key` signs invitations of organisations and intake keys; `directory.key` and `activity.key` sign the
checkpoints of the two logs. They are signed-note signer keys (C2SP), and lie unencrypted, because the service starts
without anybody at the keyboard: who reads this folder can speak for the service. They open no transfer.
"""

import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scelle.base.errors import CallerError, Exit, ScelleError
from scelle.client.home import make_private_folder, read_private, write_private
from scelle.exchange.keys import SigningKey
from scelle.exchange.trust import log_origin
from scelle.ports import ACTIVITY, DIRECTORY, LogName
from scelle.storage.ledger import SqlLedger
from scelle.tlog.note import ED25519, NoteSigner, SignerKey, VerifierKey, parse_skey, sign_note

LEDGER = "ledger.sqlite"
SLOTS = "shares.slots"
PARTS = "parts"
KEYS = "keys"
_SERVICE = "service"
_NAMES = (_SERVICE, DIRECTORY, ACTIVITY)


class ServiceMissingError(CallerError):
    """There is no service in a folder. Facts: `path`."""

    code = "service.missing"
    exit_status = Exit.NOT_FOUND


class ServiceKeyError(CallerError):
    """A key file of the service is missing, damaged, or readable by others. Facts: `path`, `why`."""

    code = "service.key-file"
    exit_status = Exit.STATE


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The keys of a service named `origin`."""

    origin: str
    service: SigningKey
    logs: dict[LogName, SignerKey]

    def public(self, log: LogName) -> VerifierKey:
        """The public key of a log."""
        return self.logs[log].public

    def sign(self, log: LogName, text: bytes) -> bytes:
        """A checkpoint's text as a note signed by its log's key."""
        return sign_note(text, [NoteSigner(self.logs[log])])


def make_keys(folder: Path, origin: str, *, draw: Callable[[int], bytes]) -> ServiceKeys:
    """Draw the keys and write them to a data folder, which has none yet. Raises a file error."""
    make_private_folder(folder / KEYS)
    for name in _NAMES:
        key = SignerKey(_key_name(origin, name), ED25519, draw(32))
        write_private(_path(folder, name), (key.encode() + "\n").encode())
    return load_keys(folder)


def load_keys(folder: Path) -> ServiceKeys:
    """The keys of a data folder. Raises ServiceKeyError or a file error."""
    found = {name: _load(_path(folder, name)) for name in _NAMES}
    origin = found[_SERVICE].name
    for name, key in found.items():
        if key.name != _key_name(origin, name) or key.key_type != ED25519:
            raise ServiceKeyError(path=str(_path(folder, name)), why="it belongs to another service or log")
    logs: dict[LogName, SignerKey] = {DIRECTORY: found[DIRECTORY], ACTIVITY: found[ACTIVITY]}
    return ServiceKeys(origin, SigningKey(found[_SERVICE].seed), logs)


def _key_name(origin: str, name: str) -> str:
    return origin if name == _SERVICE else log_origin(origin, name)


def _path(folder: Path, name: str) -> Path:
    return folder / KEYS / f"{name}.key"


def _load(path: Path) -> SignerKey:
    data = read_private(path)
    if data is None:
        raise ServiceKeyError(path=str(path), why="it is missing")
    if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ServiceKeyError(path=str(path), why="others than its owner may read it")
    try:
        return parse_skey(data.decode("utf-8", "replace").strip())
    except ScelleError:
        raise ServiceKeyError(path=str(path), why="it is damaged") from None


def open_ledger(folder: Path, keys: ServiceKeys) -> SqlLedger:
    """The ledger of a data folder, which this process then has to itself. Raises what `SqlLedger.open` raises."""
    return SqlLedger.open(
        folder / LEDGER,
        origin_directory=log_origin(keys.origin, DIRECTORY),
        origin_activity=log_origin(keys.origin, ACTIVITY),
        sign=keys.sign,
    )
