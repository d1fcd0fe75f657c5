"""A sending that is stopped, or loses the network, says that it is kept; and the same command goes on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.parties_kit import DESK, Parties, two_parties
from flows.service_process_kit import running_service
from scelle.cli import main
from scelle.client import uploading
from scelle.client.connection import Connection
from scelle.client.errors import NetworkError


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    folder = tmp_path_factory.mktemp("broken")
    with running_service(folder) as service, two_parties(folder / "homes", service) as both:
        yield both


def stop(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


def lose(self: Connection, *_: object, **__: object) -> Any:
    raise NetworkError(service=self.url, why="Connection refused")


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        (
            stop,
            130,
            "scelle: error: interrupted while transfer ID was being sent\n"
            "scelle: hint: it is kept for a day: the same command goes on where it was\n",
        ),
        (
            lose,
            13,
            "scelle: note: transfer ID is kept for a day: the same command goes on where it was\n"
            "scelle: error: URL cannot be reached: Connection refused\n"
            "scelle: hint: run the command again; what was done is not lost\n",
        ),
    ],
)
def test_what_was_begun_is_kept(
    parties: Parties,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Callable[..., Any],
    status: int,
    told: str,
) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(os.urandom(1 << 20))
    home = str(parties.alice.home.folder)
    command = ["--lang", "en", "--home", home, "send", str(path), "--to", DESK, "--purpose", "x"]
    monkeypatch.setattr(uploading, "PAUSES", ())
    with monkeypatch.context() as patched:
        patched.setattr(Connection, "send_chunk", fault)
        assert main.run(command) == status
    (kept,) = [each.name for each in parties.alice.home.outgoing.iterdir()]
    shown = capsys.readouterr().err.replace(kept[:8], "ID").replace(parties.service.url, "URL")
    assert shown.partition("passphrase\n")[2] == told
    assert main.run(command) == 0
    assert f"going on with the interrupted transfer {kept[:8]}" in capsys.readouterr().err
    assert list(parties.alice.home.outgoing.iterdir()) == []
