"""The unlock agent."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from scelle.base.codec import decode_json
from scelle.client import agent
from scelle.client.vault import Vault

KEY = bytes(range(32))


class Running:
    def __init__(self, folder: Path, *, tick: float = 60) -> None:
        self.over = False
        ready = Event()
        self.thread = Thread(
            target=agent.serve,
            args=(folder, KEY),
            kwargs={"expired": lambda: self.over, "draw": os.urandom, "ready": ready.set, "tick": tick},
        )
        self.thread.start()
        assert ready.wait(10)

    def ended(self) -> bool:
        self.thread.join(10)
        return not self.thread.is_alive()


def test_answers_until_locked(tmp_path: Path) -> None:
    assert agent.stored_key(tmp_path) is None
    assert not agent.stop(tmp_path)
    running = Running(tmp_path)
    assert agent.stored_key(tmp_path) == KEY
    assert agent.stored_key(tmp_path) == KEY
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert agent.stop(tmp_path)
    assert running.ended()
    assert agent.stored_key(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_ends_by_itself(tmp_path: Path) -> None:
    running = Running(tmp_path, tick=0.05)
    assert agent.stored_key(tmp_path) == KEY
    running.over = True
    assert running.ended()
    assert list(tmp_path.iterdir()) == []


def test_gives_nothing_after_its_time_even_before_it_looked_at_the_clock(tmp_path: Path) -> None:
    running = Running(tmp_path)
    running.over = True
    assert agent.stored_key(tmp_path) is None
    assert running.ended()


def test_who_does_not_know_its_key_gets_nothing_and_it_goes_on(tmp_path: Path) -> None:
    from multiprocessing import AuthenticationError
    from multiprocessing.connection import Client

    running = Running(tmp_path)
    description = (tmp_path / agent.DESCRIPTION).read_bytes()
    address = decode_json(description)["address"]
    with pytest.raises((AuthenticationError, EOFError, OSError)), Client(address, authkey=b"guess") as connection:
        connection.recv_bytes()
    assert agent.stored_key(tmp_path) == KEY
    agent.stop(tmp_path)
    assert running.ended()


@pytest.mark.parametrize("data", [b"", b"{}", b'{"address":"/no","authkey":"AAAA","scelle":1}'])
def test_what_a_killed_agent_left_is_no_agent(tmp_path: Path, data: bytes) -> None:
    (tmp_path / agent.DESCRIPTION).write_bytes(data)
    assert agent.stored_key(tmp_path) is None
    assert not agent.stop(tmp_path)


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    running = Running(folder)
    assert agent.stored_key(folder) == KEY
    agent.stop(folder)
    assert running.ended()


def test_from_the_command_line(tmp_path: Path) -> None:
    Vault.create(tmp_path, "correct horse", draw=os.urandom, work_factor=4)

    def scelle(*argv: str, given: bytes = b"") -> str:
        command = [sys.executable, "-m", "scelle.cli.main", "--home", str(tmp_path), *argv]
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
        return (done.stdout + done.stderr).decode()

    wrong = scelle("--json", "unlock", "--passphrase-fd", "0", given=b"wrong horse\n")
    assert '"vault.wrong-passphrase"' in wrong
    assert scelle("unlock", "--for", "12h", "--passphrase-fd", "0", given=b"correct horse\n").startswith("Unlocked")
    try:
        assert agent.stored_key(tmp_path) is not None
        assert scelle("unlock", "--for", "1h").startswith("Unlocked")  # the agent itself unlocks
        if sys.platform == "linux":
            assert not any(b"scelle.app.agent" in each and b"horse" in each for each in command_lines())
    finally:
        assert scelle("lock") == "Locked.\n"
    assert agent.stored_key(tmp_path) is None
    assert '"passphrase.needed"' in scelle("--json", "unlock")


def command_lines() -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue
    return found


def test_a_process_ends_when_its_time_is_over(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from scelle.app.agent import start;"
        "start(pathlib.Path(sys.argv[1]), bytes(range(32)), seconds=1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
    assert agent.stored_key(tmp_path) in {KEY, None}
    for _ in range(100):
        if not list(tmp_path.iterdir()):  # its description goes first, its socket right after
            break
        time.sleep(0.1)
    assert agent.stored_key(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
