"""A member's home folder: who one is at which service, and the state that commands keep between them.

    config.json   who one is (canonical JSON)        vault.age, secrets.bin   the secrets (see `vault`)
    trust/        the verified view of the logs      outgoing/, incoming/     transfers under way
    receipts/     what was proven                    lock                     held while a command changes things

Folders are 0700 and files 0600 where the system knows such modes; on Windows the user's own profile protects them.
Files are replaced whole: written beside, synced, renamed.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scelle.base.codec import Fields, decode_json, encode_json
from scelle.base.errors import CallerError, Exit, MalformedError, PeerError
from scelle.base.ids import KeyId, OrgId, parse_key_id, parse_org_id
from scelle.client.disk import disk_errors

FOLDERS = ("trust", "outgoing", "incoming", "receipts")
_CONFIG = "config.json"
_LOCK = "lock"
OPENING_LOCK = "opening.lock"
"""Held while a transfer is opened: only one at a time, since each begins by clearing away what another left."""


class HomeMissingError(CallerError):
    """The home folder belongs to no member yet. Facts: `path`."""

    code = "home.missing"
    exit_status = Exit.STATE
    http_status = 409


class HomeExistsError(CallerError):
    """The home folder belongs to a member already. Facts: `path`, `organisation`, `service`."""

    code = "home.exists"
    exit_status = Exit.STATE
    http_status = 409


class HomeBusyError(CallerError):
    """Another command is at work in this home. Facts: `path`."""

    code = "home.busy"
    exit_status = Exit.STATE
    http_status = 409


class HomeCorruptError(PeerError):
    """A file of the home does not have its form. Facts: `path`, `why`."""

    code = "home.corrupt"
    exit_status = Exit.CORRUPT
    http_status = 500


@dataclass(frozen=True, slots=True)
class HomeConfig:
    """Who one is: the service's address and origin, one's organisation, signing key, and the roles one was told."""

    service: str
    origin: str
    organisation: OrgId
    key: KeyId
    roles: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Canonical JSON."""
        return encode_json(
            {
                "scelle": 1,
                "service": self.service,
                "origin": self.origin,
                "organisation": self.organisation,
                "key": self.key,
                "roles": list(self.roles),
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "HomeConfig":
        """Read what `encode` wrote. Raises MalformedError."""
        fields = Fields(decode_json(data, what=_CONFIG), _CONFIG)
        fields.integer("scelle", low=1, high=1)
        config = cls(
            service=fields.text("service"),
            origin=fields.text("origin"),
            organisation=parse_org_id(fields.text("organisation")),
            key=parse_key_id(fields.text("key")),
            roles=tuple(fields.texts("roles")),
        )
        fields.done()
        return config


def default_folder(environ: Mapping[str, str], *, platform: str = sys.platform) -> Path:
    """SCELLE_HOME, or the folder where programs keep a user's settings on this system."""
    if environ.get("SCELLE_HOME"):
        return Path(environ["SCELLE_HOME"])
    if platform == "win32":
        return Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "scelle"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "scelle"
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "scelle"


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that only its owner can enter. Raises a file error."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            folder.chmod(0o700)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file whole, readable by its owner only: after a crash it holds the old bytes or the new ones.

    Durable once it returns. Raises a file error; nothing is left behind then.
    """
    from tempfile import mkstemp

    with disk_errors(path):
        number, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 by its contract
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def read_private(path: Path) -> bytes | None:
    """The bytes of a file, None when it is not there. Raises a file error."""
    with disk_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


class Home:
    """An existing home folder."""

    def __init__(self, folder: Path, config: HomeConfig) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def open(cls, folder: Path) -> "Home":
        """Read a home. Raises HomeMissingError, HomeCorruptError or a file error."""
        data = read_private(folder / _CONFIG)
        if data is None:
            raise HomeMissingError(path=str(folder))
        try:
            return cls(folder, HomeConfig.decode(data))
        except MalformedError as failure:
            raise HomeCorruptError(path=str(folder / _CONFIG), why=str(failure.facts["why"])) from failure

    @classmethod
    def prepare(cls, folder: Path) -> None:
        """Make the folders of a new home, not yet its configuration. Raises HomeExistsError or a file error.

        Joining calls this, then makes the vault, and writes the configuration last: a home without one is none.
        """
        if read_private(folder / _CONFIG) is not None:
            config = cls.open(folder).config
            raise HomeExistsError(path=str(folder), organisation=config.organisation, service=config.service)
        make_private_folder(folder)
        for name in FOLDERS:
            make_private_folder(folder / name)

    @classmethod
    def create(cls, folder: Path, config: HomeConfig) -> "Home":
        """Make a home and write who one is. Raises HomeExistsError or a file error."""
        cls.prepare(folder)
        home = cls(folder, config)
        home.save(config)
        return home

    def save(self, config: HomeConfig) -> None:
        """Write who one is. Durable once it returns. Raises a file error."""
        write_private(self.folder / _CONFIG, config.encode())
        self.config = config

    @property
    def trust(self) -> Path:
        """Where the verified view of the logs is kept."""
        return self.folder / "trust"

    @property
    def outgoing(self) -> Path:
        """Where transfers being sent are kept, a folder each."""
        return self.folder / "outgoing"

    @property
    def incoming(self) -> Path:
        """Where transfers being opened are kept (sealed bytes only), a folder each."""
        return self.folder / "incoming"

    @property
    def receipts(self) -> Path:
        """Where proofs are kept."""
        return self.folder / "receipts"

    @contextmanager
    def lock(self, name: str = _LOCK) -> Iterator[None]:
        """Keep every other command out of this home for the block. Raises HomeBusyError, or a file error.

        `name`: of the lock; those of different names do not exclude each other. The operating system drops the lock
        when the process dies. The lock is not re-entrant.
        """
        with disk_errors(self.folder):
            number = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(number):
                raise HomeBusyError(path=str(self.folder))
            yield
        finally:
            os.close(number)  # closing unlocks, on every system


if sys.platform == "win32":
    import msvcrt

    def _try_lock(number: int) -> bool:
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(number: int) -> bool:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
