"""What can go wrong, made to go wrong on the command line: each has a code, an exit status and words of its own."""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flows.parties_kit import DESK, Parties, two_parties
from flows.service_process_kit import ServiceProcess, free_port, running_service
from scelle.app.clock import SystemClock
from scelle.base.errors import Exit
from scelle.base.ids import TransferId
from scelle.cli import main
from scelle.cli.words import LANGS, load
from scelle.client import unpacking
from scelle.client.oversight import freeze, revoke
from scelle.client.session import Heads
from scelle.exchange.freeze import Scope, ScopeKind
from scelle.exchange.keys import Role
from scelle.exchange.trust import Head

Told = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """A service, its members, and a folder for one row of the table."""

    service: ServiceProcess
    parties: Parties
    folder: Path
    patch: pytest.MonkeyPatch

    @property
    def alice(self) -> str:
        return str(self.parties.alice.home.folder)

    @property
    def bob(self) -> str:
        return str(self.parties.bob.home.folder)

    def sent(self, lasts: int = 86400) -> TransferId:
        (self.folder / "data.bin").write_bytes(os.urandom(100_000))
        return self.parties.sent(self.folder / "data.bin", lasts=lasts).transfer

    def opening(self, transfer: TransferId, home: str | None = None) -> list[str]:
        return ["--home", home or self.bob, "open", transfer, "--into", str(self.folder / "into")]

    def sealed(self, *, change: Callable[[bytes], bytes] = bytes, key: str = "key") -> list[str]:
        for each in ("key", "other"):
            assert main.run(["-q", "keygen", "-o", str(self.folder / each)]) == 0
        plain, sealed = self.folder / "plain", self.folder / "sealed"
        plain.write_bytes(os.urandom(200_000))
        public = (self.folder / "key").read_text().partition("# public key: ")[2].split("\n")[0]
        assert main.run(["-q", "seal", "-r", public, "-o", str(sealed), str(plain)]) == 0
        sealed.write_bytes(change(sealed.read_bytes()))
        return ["unseal", "-i", str(self.folder / key), "-o", str(self.folder / "into"), str(sealed)]


def wrong_key(place: Place) -> list[str]:
    return place.sealed(key="other")


def corrupt_chunk(place: Place) -> list[str]:
    return place.sealed(change=lambda data: data[:-90_000] + bytes([data[-90_000] ^ 1]) + data[-89_999:])


def truncated_file(place: Place) -> list[str]:
    return place.sealed(change=lambda data: data[:-70_000])


def not_an_age_file(place: Place) -> list[str]:
    return place.sealed(change=lambda _: b"id;name\n1;x\n")


def expired(place: Place) -> list[str]:
    transfer = place.sent(lasts=1)
    time.sleep(2)
    return place.opening(transfer)


def frozen(place: Place) -> list[str]:
    transfer = place.sent()
    freeze(place.parties.alice, Scope(ScopeKind.TRANSFER, transfer), "drill")
    return place.opening(transfer)


def revoked(place: Place) -> list[str]:
    transfer = place.sent()
    revoke(place.parties.alice, transfer)
    return place.opening(transfer)


def not_for_you(place: Place) -> list[str]:
    carol = place.parties.enter(place.service.invite("ars"), "Carol", (Role.RECIPIENT,))
    return place.opening(place.sent(), str(carol.home.folder))


def unknown_organisation(place: Place) -> list[str]:
    (place.folder / "data").write_text("x")
    return ["--home", place.alice, "send", str(place.folder / "data"), "--to", "nobody/desk", "--purpose", "x"]


def network_lost(place: Place) -> list[str]:
    """As if the service were gone: the home of somebody who knows it at an address where nobody listens."""
    home = place.folder / "home"
    shutil.copytree(place.bob, home)
    config = home / "config.json"
    config.write_text(config.read_text().replace(str(place.service.port), str(free_port())))
    return place.opening(place.sent(), str(home))


def disk_full(place: Place) -> list[str]:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "data.bin")

    command = place.opening(place.sent())
    place.patch.setattr(unpacking, "write_all", full)
    return command


def clock_wrong(place: Place) -> list[str]:
    (place.folder / "data").write_text("x")
    now = SystemClock.now
    place.patch.setattr(SystemClock, "now", lambda self: now(self) + 3600)
    return ["--home", place.alice, "send", str(place.folder / "data"), "--to", DESK, "--purpose", "x"]


def log_inconsistent(place: Place) -> list[str]:
    place.sent()
    home = place.folder / "home"
    shutil.copytree(place.alice, home)
    heads = Heads.decode((home / "trust" / "heads.json").read_bytes())
    other = replace(heads, activity=Head(size=heads.activity.size, root=bytes(32)))
    (home / "trust" / "heads.json").write_bytes(other.encode())
    return ["--home", str(home), "log", "verify"]


TABLE: tuple[tuple[Callable[[Place], list[str]], str, Exit], ...] = (
    (wrong_key, "age.no-match", Exit.WRONG_KEY),
    (corrupt_chunk, "age.chunk", Exit.CORRUPT),
    (truncated_file, "age.truncated", Exit.TRUNCATED),
    (not_an_age_file, "age.not-age", Exit.MALFORMED),
    (expired, "transfer.expired", Exit.EXPIRED),
    (frozen, "freeze.active", Exit.FROZEN),
    (revoked, "transfer.revoked", Exit.REVOKED),
    (not_for_you, "transfer.not-found", Exit.NOT_FOUND),
    (unknown_organisation, "organisation.unknown", Exit.UNKNOWN_ORGANISATION),
    (network_lost, "network.failed", Exit.NETWORK),
    (disk_full, "disk.full", Exit.DISK_FULL),
    (clock_wrong, "clock.differs", Exit.CLOCK),
    (log_inconsistent, "log.inconsistent", Exit.LOG),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with running_service(tmp_path_factory.mktemp("table"), sweep_seconds=1) as found:
        yield found


@pytest.fixture(scope="module")
def parties(service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    with two_parties(tmp_path_factory.mktemp("homes") / "all", service) as found:
        yield found


@pytest.fixture
def place(service: ServiceProcess, parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(service, parties, tmp_path, monkeypatch)


def test_no_two_share_a_code_or_an_exit_status() -> None:
    assert len({code for _, code, _ in TABLE}) == len(TABLE) == 13
    assert len({status for _, _, status in TABLE}) == len(TABLE)
    for place in (0, 1):  # sentence and advice
        for lang in LANGS:
            words = load(lang, "errors")
            assert all(words[code][place] for _, code, _ in TABLE)
            assert len({words[code][0] for _, code, _ in TABLE}) == len(TABLE)


@pytest.mark.parametrize(("make", "code", "status"), TABLE, ids=[make.__name__ for make, _, _ in TABLE])
def test_made_on_the_command_line(
    place: Place,
    capfd: pytest.CaptureFixture[str],
    make: Callable[[Place], list[str]],
    code: str,
    status: Exit,
) -> None:
    command = make(place)
    told: Told = {}
    for lang in LANGS:
        capfd.readouterr()
        assert main.run(["--json", "--lang", lang, *command]) == status
        told[lang] = json.loads(capfd.readouterr().err)
        assert (told[lang]["code"], told[lang]["exit"]) == (code, int(status))
    assert told["en"]["title"] != told["fr"]["title"]
    assert told["en"]["hint"] != told["fr"]["hint"]
    assert not (place.folder / "into").exists(), "something partial is left"
