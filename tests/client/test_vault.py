"""Secrets at rest."""

import os
from pathlib import Path

import pytest

from scelle.client import vault
from scelle.client.vault import Vault

PASSPHRASE = "correct horse battery"


@pytest.fixture
def made(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path, PASSPHRASE, draw=os.urandom, work_factor=4)


def test_kept_and_read_again(made: Vault, tmp_path: Path) -> None:
    made.put("signing", b"\x00secret")
    made.put("other", b"")
    again = Vault.unlock(tmp_path, PASSPHRASE, draw=os.urandom)
    assert again.names() == ["other", "signing"]
    assert again.get("signing") == b"\x00secret"
    again.remove("other")
    again.remove("other")
    assert Vault(tmp_path, made.store_key, draw=os.urandom).names() == ["signing"]
    with pytest.raises(vault.SecretMissingError):
        again.get("other")
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in everything
    assert made.store_key not in everything
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_two_open_vaults_do_not_lose_each_others_secrets(made: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path, made.store_key, draw=os.urandom)
    made.put("a", b"1")
    other.put("b", b"2")
    assert Vault(tmp_path, made.store_key, draw=os.urandom).names() == ["a", "b"]


def test_every_write_has_a_fresh_nonce(made: Vault, tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        made.put("a", b"1")
        seen.add((tmp_path / vault.SECRETS).read_bytes()[:12])
    assert len(seen) == 3


def test_a_wrong_passphrase_is_not_damage(made: Vault, tmp_path: Path) -> None:
    with pytest.raises(vault.WrongPassphraseError):
        Vault.unlock(tmp_path, "wrong horse", draw=os.urandom)


def test_accents_typed_either_way_are_the_same(tmp_path: Path) -> None:
    Vault.create(tmp_path, "été à Paris", draw=os.urandom, work_factor=4)
    Vault.unlock(tmp_path, "e\u0301te\u0301 a\u0300 Paris", draw=os.urandom)


@pytest.mark.parametrize("name", [vault.SEALED_KEY, vault.SECRETS])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damage_is_not_a_wrong_passphrase(made: Vault, tmp_path: Path, name: str, damage: str) -> None:
    path = tmp_path / name
    data = path.read_bytes()
    path.write_bytes({"flip": data[:-1] + bytes([data[-1] ^ 1]), "cut": data[:-1], "empty": b""}[damage])
    with pytest.raises(vault.VaultCorruptError):
        Vault.unlock(tmp_path, PASSPHRASE, draw=os.urandom)


def test_missing_and_existing(made: Vault, tmp_path: Path) -> None:
    with pytest.raises(vault.VaultExistsError):
        Vault.create(tmp_path, PASSPHRASE, draw=os.urandom)
    with pytest.raises(vault.VaultExistsError):
        Vault.create(tmp_path, None, draw=os.urandom)
    (tmp_path / vault.SECRETS).unlink()
    with pytest.raises(vault.VaultMissingError):
        Vault.unlock(tmp_path, PASSPHRASE, draw=os.urandom)
    with pytest.raises(vault.VaultMissingError):
        Vault.unlock_plain(tmp_path, draw=os.urandom)


def test_short_passphrases_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(vault.ShortPassphraseError):
        Vault.create(tmp_path, "1234567", draw=os.urandom)
    assert list(tmp_path.iterdir()) == []


def test_without_a_passphrase(tmp_path: Path) -> None:
    made = Vault.create(tmp_path, None, draw=os.urandom)
    made.put("a", b"1")
    assert vault.is_plain(tmp_path)
    assert Vault.unlock_plain(tmp_path, draw=os.urandom).get("a") == b"1"
    for data in (b"", b"x", b"\xff", b"AAAA"):
        (tmp_path / vault.PLAIN_KEY).write_bytes(data)
        with pytest.raises(vault.VaultCorruptError):
            Vault.unlock_plain(tmp_path, draw=os.urandom)
