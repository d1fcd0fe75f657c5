"""The store key of a vault in the keyring of the operating system, with a keyring that is in memory."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from scelle.client import chain
from scelle.client.vault import Vault

KEY = bytes(range(32))


class MemoryKeyring(KeyringBackend):
    """Keeps passwords for the test; refuses everything while it is `broken`."""

    priority = 1

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise KeyringError("locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    mine = MemoryKeyring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_remembered_recalled_forgotten(memory: MemoryKeyring, tmp_path: Path) -> None:
    assert not chain.is_remembered(tmp_path)
    assert chain.recall(tmp_path) is None
    assert not chain.forget(tmp_path)
    chain.remember(tmp_path, KEY)
    assert chain.is_remembered(tmp_path)
    assert chain.recall(tmp_path) == KEY
    assert chain.forget(tmp_path)
    assert not memory.held
    assert chain.recall(tmp_path) is None


def test_a_keyring_that_lost_or_spoilt_the_key_is_as_good_as_none(memory: MemoryKeyring, tmp_path: Path) -> None:
    chain.remember(tmp_path, KEY)
    memory.held[next(iter(memory.held))] = "not a key"
    assert chain.recall(tmp_path) is None
    memory.held.clear()
    assert chain.recall(tmp_path) is None
    assert chain.forget(tmp_path)


def test_a_keyring_that_refuses_is_an_error_of_its_own(memory: MemoryKeyring, tmp_path: Path) -> None:
    chain.remember(tmp_path, KEY)
    memory.broken = True
    with pytest.raises(chain.KeyringError):
        chain.recall(tmp_path)
    with pytest.raises(chain.KeyringError):
        chain.forget(tmp_path)
    with pytest.raises(chain.KeyringError):
        chain.remember(tmp_path, KEY)
    assert chain.is_remembered(tmp_path)


def test_commands_open_the_vault_with_it(
    memory: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from scelle.app.randomness import draw
    from scelle.cli import main

    vault = Vault.create(tmp_path, "correct horse", draw=draw, work_factor=4)
    chain.remember(tmp_path, vault.store_key)
    monkeypatch.setattr("scelle.app.agent.start", lambda folder, key, *, seconds: None)
    # No descriptor, no terminal: without the keyring, this could only fail.
    assert main.run(["--lang", "en", "unlock", "--home", str(tmp_path)]) == 0
    assert main.run(["--lang", "en", "lock", "--forget", "--home", str(tmp_path)]) == 0
    assert "no longer in the keyring" in capsys.readouterr().out
    assert main.run(["--lang", "en", "unlock", "--home", str(tmp_path)]) == 18
    assert not memory.held
