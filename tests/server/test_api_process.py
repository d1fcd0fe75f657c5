"""A real service in a process of its own: made, run, asked, told to stop, killed, checked."""

import http.client
import json
import socket
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.parties_kit import two_parties
from flows.service_process_kit import HOST, ORIGIN, ServiceProcess, running_service
from scelle.app.checking import check
from scelle.app.datafolder import ServiceKeyError, ServiceMissingError, load_keys, open_ledger
from scelle.app.randomness import draw
from scelle.app.service import ServiceExistsError, init, invite, settings_of_service
from scelle.app.settings import SettingsValueError
from scelle.base.errors import MalformedError
from scelle.cli.main import run
from scelle.exchange.errors import EntryRefusedError
from scelle.exchange.invitation import InvitationKind, parse_invitation
from scelle.ports import StorageFaultError
from scelle.storage.errors import StorageInUseError
from scelle.tlog.note import parse_note

NOW = 1_790_000_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with running_service(tmp_path_factory.mktemp("service"), sweep_seconds=1) as running:
        yield running


def get(service: ServiceProcess, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


def test_a_running_service_says_what_it_is(service: ServiceProcess) -> None:
    status, body = get(service, "/v1/service")
    assert (status, json.loads(body)["origin"]) == (200, ORIGIN)
    status, note = get(service, "/log/directory/checkpoint")
    assert parse_note(note).text.decode().split("\n")[0] == f"{ORIGIN}/log/directory"
    assert get(service, "/health")[0] == 200
    assert b"scelle_healthy 1.0" in get(service, "/metrics")[1]


def test_an_organisation_is_invited_at_the_running_service(service: ServiceProcess) -> None:
    size = int(get(service, "/log/directory/checkpoint")[1].split(b"\n")[1])
    invitation = parse_invitation(service.invite("cnam"))
    assert (invitation.kind, invitation.org) == (InvitationKind.ORGANISATION, "cnam")
    assert invitation.anchor == service.anchor
    assert int(get(service, "/log/directory/checkpoint")[1].split(b"\n")[1]) == size + 1


def test_a_second_process_cannot_have_the_data(service: ServiceProcess) -> None:
    with pytest.raises(StorageInUseError):
        open_ledger(service.data, load_keys(service.data))


def test_it_stops_when_told_and_comes_back_after_a_kill(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        first = service.invite(HOST)
        service.kill()
        assert check(service.data) == []
        second = service.invite("ars")  # nobody runs: appended directly
        assert first != second
        service.restart()
        status, note = get(service, "/log/directory/checkpoint")
        assert (status, note.split(b"\n")[1]) == (200, b"3")
        assert check(service.data) == []  # beside the running service
        assert service.stop() == 0
        assert check(service.data) == []
        events = [json.loads(line)["event"] for line in service.errors.read_text().splitlines()]
        assert events.count("service.started") == 2
        assert "service.stopped" in events


def make(folder: Path, **more: object) -> None:
    given = {"origin": "o.example", "host_org": "aphp", "public_url": "http://127.0.0.1:1", "listen": ("127.0.0.1", 1)}
    init(folder, **{**given, **more}, now=NOW, draw=draw)  # type: ignore[arg-type]


def test_keys_are_private_and_never_in_the_settings(tmp_path: Path) -> None:
    make(tmp_path / "data")
    folder = tmp_path / "data" / "keys"
    assert sorted(each.name for each in folder.iterdir()) == ["activity.key", "directory.key", "service.key"]
    if sys.platform != "win32":
        assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in (tmp_path / "data" / "service.toml").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes")
def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "data")
    (tmp_path / "data" / "keys" / "service.key").chmod(0o644)
    with pytest.raises(ServiceKeyError):
        load_keys(tmp_path / "data")


def test_a_service_is_made_once(tmp_path: Path) -> None:
    make(tmp_path / "data")
    before = (tmp_path / "data" / "service.toml").read_bytes()
    with pytest.raises(ServiceExistsError):
        make(tmp_path / "data")
    assert (tmp_path / "data" / "service.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"host_org": "AP-HP"}, MalformedError),
        ({"origin": "a b"}, Exception),
        ({"listen": ("0.0.0.0", 80)}, SettingsValueError),
        ({"public_url": "ftp://x"}, SettingsValueError),
        ({"certificate": Path("cert.pem")}, SettingsValueError),
    ],
)
def test_what_cannot_be_made_leaves_nothing(tmp_path: Path, more: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        make(tmp_path / "data", **more)
    assert list(tmp_path.iterdir()) == []


def test_inviting_twice_and_inviting_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ServiceMissingError):
        invite(tmp_path / "nothing", "aphp", now=NOW, draw=draw)
    make(tmp_path / "data")
    invite(tmp_path / "data", "aphp", now=NOW, draw=draw)
    invite(tmp_path / "data", "aphp", now=NOW, draw=draw)  # the first code was lost, say
    with pytest.raises(MalformedError):
        invite(tmp_path / "data", "A", now=NOW, draw=draw)
    invite(tmp_path / "data", "aphp", now=NOW, draw=lambda size: b"\x01" * size)
    with pytest.raises(EntryRefusedError):
        invite(tmp_path / "data", "cnam", now=NOW, draw=lambda size: b"\x01" * size)


def test_checking_finds_what_was_changed(tmp_path: Path) -> None:
    make(tmp_path / "data")
    assert check(tmp_path / "data") == []
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as db:
        db.execute("UPDATE directory SET statement = CAST(statement || x'0a' AS BLOB)")
        db.commit()
    assert check(tmp_path / "data") != []


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE directory SET statement = 'text'", "directory"),
        ("UPDATE directory SET statement = 7", "directory"),
        ("UPDATE heads SET size = 'one', note = 'text'", "heads"),
        ("UPDATE heads SET size = 1.5", "heads"),
        ("DELETE FROM heads", "directory log"),
    ],
)
def test_checking_finds_values_of_another_type(tmp_path: Path, sql: str, where: str) -> None:
    make(tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as db:
        db.execute(sql)
        db.commit()
    assert {finding.where for finding in check(tmp_path / "data")} == {where}


def test_checking_what_is_no_ledger(tmp_path: Path) -> None:
    make(tmp_path / "data")
    (tmp_path / "data" / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageFaultError):
        check(tmp_path / "data")


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "data")
    assert settings_of_service(tmp_path / "data").listen_port == 1
    monkeypatch.setenv("SCELLE_LISTEN_PORT", "2")
    assert settings_of_service(tmp_path / "data").listen_port == 2


def test_tls_with_the_given_certificate(tmp_path: Path) -> None:
    with running_service(tmp_path, tls=True) as service:
        trust = ssl.create_default_context(cafile=service.certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", service.port, timeout=10, context=trust)
        with closing(connection):
            connection.request("GET", "/v1/service")
            response = connection.getresponse()
            assert (response.status, response.headers["strict-transport-security"]) == (200, "max-age=31536000")
            assert connection.sock.version() == "TLSv1.3"
        assert parse_invitation(service.invite("cnam")).org == "cnam"
        plain = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        with closing(plain):
            plain.request("GET", "/v1/service")
            with pytest.raises((OSError, http.client.HTTPException)):
                plain.getresponse()


def test_checking_reads_parts_and_shares(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"results" * 1000)
    with running_service(tmp_path) as service, two_parties(tmp_path / "homes", service) as parties:
        transfer = parties.sent(tmp_path / "file").transfer
        assert check(service.data) == []
        part = next((service.data / "parts").rglob("*_1"))
        with part.open("r+b") as file:
            file.seek(100)
            file.write(b"\0\0\0\0")
        with (service.data / "shares.slots").open("r+b") as file:
            file.seek(128 + 40)
            file.write(b"\0\0\0\0")
        found = check(service.data)
        assert {each.where for each in found} == {f"transfer {transfer}"}
        assert [each.why.split(" ")[0:2] for each in found] == [["part", "1"], ["the", "release"]]
        part.unlink()
        assert "cannot be read" in check(service.data)[0].why


def test_the_commands_as_an_operator_types_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(tmp_path / "data")
    assert run(["service", "init", "--data", data, "--host-org", "aphp", "--origin", "o.example", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["origin"], made["host"], len(made["anchor"])) == ("o.example", "aphp", 64)
    assert run(["service", "invite", "aphp", "--data", data, "--expires", "2d"]) == 0
    out, told = capsys.readouterr()
    assert parse_invitation(out).anchor.hex() == made["anchor"]
    assert out.count("\n") == 1
    assert "aphp" in told
    assert run(["service", "check", "--data", data]) == 0
    assert run(["service", "init", "--data", data, "--host-org", "aphp"]) == 20
    assert run(["service", "init", "--data", data + "2", "--host-org", "aphp", "--listen", "here"]) == 2
    assert run(["service", "run", "--data", data + "2"]) == 7
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as db:
        db.execute("UPDATE directory SET statement = CAST(statement || x'0a' AS BLOB) WHERE \"index\" = 1")
        db.commit()
    capsys.readouterr()
    assert run(["service", "check", "--data", data, "--json"]) == 17
    out, told = capsys.readouterr()
    assert json.loads(out)["findings"]
    assert json.loads(told)["code"] == "service.check-failed"


def test_an_address_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        data = str(tmp_path / "data")
        assert run(["service", "init", "--data", data, "--host-org", "aphp", "--listen", address]) == 0
        assert run(["service", "run", "--data", data]) == 20
    assert address in capsys.readouterr().err
