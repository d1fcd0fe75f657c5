"""What an operator does with a service: make it, run it, invite organisations to it (checking is in `checking`)."""

import ctypes
import http.client
import json
import os
import shutil
import signal
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO

from scelle.app.clock import Clock
from scelle.app.datafolder import (
    KEYS,
    LEDGER,
    PARTS,
    SLOTS,
    ServiceKeys,
    ServiceMissingError,
    load_keys,
    make_keys,
    open_ledger,
)
from scelle.app.settings import FILE, Settings, load_settings
from scelle.base.errors import CallerError, Exit, MalformedError, RoadError, ScelleError, error_class
from scelle.base.ids import Digest, OrgId, parse_org_id
from scelle.client.home import make_private_folder, write_private
from scelle.exchange.answers import Problem, Proof, StatementRequest
from scelle.exchange.directory import Directory
from scelle.exchange.entries import OrganisationInvite, ServiceInit
from scelle.exchange.invitation import Invitation, InvitationKind, encode_invitation
from scelle.exchange.keys import SigningKey
from scelle.exchange.statement import sign_statement
from scelle.exchange.trust import log_origin
from scelle.ports import ACTIVITY, DIRECTORY, Reading, Writing
from scelle.storage.database import connect_reader
from scelle.storage.errors import StorageInUseError
from scelle.storage.ledger import LOCK_NAME
from scelle.storage.reading import log_entries
from scelle.tlog.checkpoint import open_checkpoint
from scelle.tlog.note import NoteVerifier, check_key_name
from scelle.tlog.proof import verify_inclusion
from scelle.tlog.tree import leaf_hash

INVITATION_LIFETIME = 7 * 86400
"""Seconds for which an organisation may join, when nothing else is said."""

_MADE = (KEYS, FILE, LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", LOCK_NAME, SLOTS, PARTS)
_TIMEOUT = 30.0
_OPEN_FILES = 8192
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h>


class ServiceExistsError(CallerError):
    """There is a service in the folder already. Facts: `path`."""

    code = "service.exists"
    exit_status = Exit.STATE


class ServiceSilentError(RoadError):
    """The service runs, and does not answer on this computer. Facts: `address`, `why`."""

    code = "service.silent"
    exit_status = Exit.NETWORK


@dataclass(frozen=True, slots=True)
class Initialised:
    """A service that was made: its name, and the digest of its first entry."""

    origin: str
    anchor: Digest
    host: OrgId
    settings: Path


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation. `code` is a secret until it is used; it ends at `expires` (unix seconds)."""

    code: str
    organisation: OrgId
    expires: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A service that answers requests."""

    url: str
    origin: str
    anchor: Digest


def init(
    folder: Path,
    *,
    origin: str,
    host_org: str,
    public_url: str,
    listen: tuple[str, int],
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
    now: int,
    draw: Callable[[int], bytes],
) -> Initialised:
    """Make a service in a folder: its settings, its keys, and entry 0 of its directory.

    Raises ServiceExistsError, MalformedError or NoteKeyMalformedError for a name that cannot be one,
    SettingsValueError, or a file error; nothing is left behind then.
    """
    host = parse_org_id(host_org)
    check_key_name(origin)
    if len(origin) > 200 or not origin.isascii():
        raise MalformedError(what="origin", why="not 1 to 200 ASCII characters")
    if any((folder / name).exists() for name in _MADE):
        raise ServiceExistsError(path=str(folder))
    there = folder.exists()
    make_private_folder(folder)
    try:
        settings: dict[str, str | int | bool] = {
            "public_url": public_url,
            "listen_address": listen[0],
            "listen_port": listen[1],
            "tls_certificate": "" if certificate is None else str(certificate.absolute()),
            "tls_key": "" if key is None else str(key.absolute()),
            "behind_proxy": behind_proxy,
            "data_dir": ".",
        }
        write_private(folder / FILE, _toml(settings))
        load_settings(folder / FILE, {})
        keys = make_keys(folder, origin, draw=draw)
        anchor = _begin_directory(folder, keys, host, now=now, draw=draw)
    except BaseException:
        for name in _MADE:
            _remove(folder / name)
        if not there:
            with suppress(OSError):
                folder.rmdir()
        raise
    return Initialised(origin, anchor, host, folder / FILE)


def _toml(settings: Mapping[str, str | int | bool]) -> bytes:
    # JSON's strings, numbers and truth values are TOML's too.
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    return (
        "# Settings of this service; docs/reference/settings.md lists all of them.\n" + "\n".join(lines) + "\n"
    ).encode()


def _begin_directory(folder: Path, keys: ServiceKeys, host: OrgId, *, now: int, draw: Callable[[int], bytes]) -> Digest:
    act = ServiceInit(
        time=now,
        nonce=draw(16),
        host=host,
        directory_log=keys.public(DIRECTORY).encode(),
        activity_log=keys.public(ACTIVITY).encode(),
        service=keys.service.public,
        policy=b"",
    )
    statement = sign_statement(act, origin=keys.origin, keys=[keys.service])
    directory = Directory(keys.origin)
    directory.append(statement)
    with closing(open_ledger(folder, keys)) as ledger:
        ledger.submit(lambda writing: writing.append_directory(statement)).result()
    return directory.anchor or Digest(b"")  # entry 0 has just set it


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def settings_of_service(folder: Path) -> Settings:
    """The settings of the service in a folder, with the environment. Raises ServiceMissingError, settings errors."""
    if not (folder / FILE).exists():
        raise ServiceMissingError(path=str(folder))
    return load_settings(folder / FILE, os.environ)


def run(
    folder: Path,
    *,
    clock: Clock,
    draw: Callable[[int], bytes],
    ready: Callable[[Ready], None],
    events_to: TextIO,
) -> None:
    """Run the service until SIGINT or SIGTERM (on Windows: Ctrl-C or Ctrl-Break). Raises what `build` raises.

    `ready` is called once it answers. Call it from the main thread.
    """
    from scelle.app.wiring import build  # the whole server: nothing else here needs it

    settings = settings_of_service(folder)
    _prepare_process()
    with ExitStack() as stack:
        running = build(
            settings, clock=clock, draw=draw, events_to=events_to, debug=os.environ.get("SCELLE_DEBUG") == "1"
        )
        stack.callback(running.close)
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", None)):
            if number is not None:
                stack.callback(signal.signal, number, signal.signal(number, lambda *_: running.stop()))
        told = Ready(settings.public_url, running.core.origin, Digest(running.anchor))
        running.serve(lambda: ready(told))


def _prepare_process() -> None:
    """Limits and memory of the process, where the system has such things."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys and shares do not belong in a core dump
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    libc = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(libc, "gnu_get_libc_version"):
        # Buffers of uploads come from the heap and stay there, instead of being zeroed afresh (decision 0002).
        libc.mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def invite(
    folder: Path,
    organisation: str,
    *,
    lifetime: int = INVITATION_LIFETIME,
    now: int,
    draw: Callable[[int], bytes],
) -> Invited:
    """Invite an organisation that the service does not have yet; `lifetime` in seconds.

    The running service is told on this computer; when none runs, the entry is appended directly. Raises
    ServiceMissingError, MalformedError, EntryRefusedError, ServiceSilentError, errors of storage, and what the
    service answers.
    """
    settings = settings_of_service(folder)
    data = Path(settings.data_dir)
    keys = load_keys(data)
    org = parse_org_id(organisation)
    seed = draw(32)
    act = OrganisationInvite(
        time=now, nonce=draw(16), organisation=org, invite=SigningKey(seed).public, expires=now + lifetime
    )
    statement = sign_statement(act, origin=keys.origin, keys=[keys.service])
    anchor = Digest(_entry_zero(data))
    try:
        _append_directly(data, keys, statement)
    except StorageInUseError:
        _post(settings, keys, statement)
    return Invited(encode_invitation(Invitation(InvitationKind.ORGANISATION, org, seed, anchor)), org, act.expires)


def _entry_zero(data: Path) -> bytes:
    """SHA-256 of the first directory entry, read beside whoever writes."""
    if not (data / LEDGER).exists():
        raise ServiceMissingError(path=str(data))
    with closing(connect_reader(data / LEDGER)) as db:
        return sha256(log_entries(db, DIRECTORY, 0, 1)[0]).digest()


def _append_directly(data: Path, keys: ServiceKeys, statement: bytes) -> None:
    with closing(open_ledger(data, keys)) as ledger:
        directory = Directory(keys.origin)
        for entry in ledger.read(_entries):
            directory.append(entry, verified=True)  # the ledger was checked against its signed root on opening
        directory.append(statement)

        def append(writing: Writing) -> None:
            writing.append_directory(statement)

        ledger.submit(append).result()


def _entries(reading: Reading) -> list[bytes]:
    return reading.directory_entries(0, reading.log_size(DIRECTORY))


def _post(settings: Settings, keys: ServiceKeys, statement: bytes) -> None:
    """Tell the running service, where it listens; its answer is believed because it proves the entry.

    The certificate names the public address, not this computer, so it is not looked at: nothing secret is sent, and
    only the service's own log key can have signed the proof.
    """
    address = f"{_reachable(settings.listen_address)}:{settings.listen_port}"
    host, port = _reachable(settings.listen_address), settings.listen_port
    if settings.tls_certificate:
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT, context=blind
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        with closing(connection):
            body = StatementRequest(statement=statement).encode()
            connection.request("POST", "/v1/invite", body, {"content-type": "application/json"})
            response = connection.getresponse()
            raw = response.read(Proof.MAX_SIZE)
    except (OSError, http.client.HTTPException) as failure:
        raise ServiceSilentError(address=address, why=type(failure).__name__) from None
    if response.status != http.client.OK:
        raise _problem(raw)
    proof = Proof.decode(raw)
    verifier = NoteVerifier(keys.public(DIRECTORY))
    checkpoint = open_checkpoint(
        proof.checkpoint, origin=log_origin(keys.origin, DIRECTORY), verifiers=[verifier]
    ).checkpoint
    verify_inclusion(leaf_hash(statement), proof.index, checkpoint.size, proof.inclusion, checkpoint.root)


def _reachable(address: str) -> str:
    """An address of this computer that reaches a service listening on `address`."""
    with suppress(ValueError):
        parsed = ip_address(address)
        if parsed.is_unspecified:
            return "127.0.0.1" if parsed.version == 4 else "::1"
    return address


def _problem(raw: bytes) -> ScelleError:
    """The error that the service answered with."""
    problem = Problem.decode(raw)
    kind = error_class(problem.code)
    if kind is None:
        return MalformedError(what="answer", why=problem.code)
    return kind(**{each.name: each.value for each in problem.facts})
