"""The home folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scelle.base.errors import MalformedError
from scelle.base.ids import KeyId, OrgId
from scelle.client.disk import DiskError, DiskMissingError
from scelle.client.home import (
    Home,
    HomeBusyError,
    HomeConfig,
    HomeCorruptError,
    HomeExistsError,
    HomeMissingError,
    default_folder,
    read_private,
    write_private,
)

CONFIG = HomeConfig("https://scelle.example", "scelle.example/x", OrgId("aphp"), KeyId("ab" * 16), ("sender",))


def test_made_and_read(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "a" / "home", CONFIG)
    assert Home.open(home.folder).config == CONFIG
    for folder in (home.trust, home.outgoing, home.incoming, home.receipts):
        assert folder.is_dir()
    if os.name == "posix":
        assert home.folder.stat().st_mode & 0o777 == 0o700
        assert (home.folder / "config.json").stat().st_mode & 0o777 == 0o600


def test_never_made_twice(tmp_path: Path) -> None:
    Home.create(tmp_path, CONFIG)
    with pytest.raises(HomeExistsError) as caught:
        Home.create(tmp_path, CONFIG)
    assert caught.value.facts["organisation"] == "aphp"


def test_a_prepared_folder_is_no_home_yet(tmp_path: Path) -> None:
    Home.prepare(tmp_path)
    Home.prepare(tmp_path)
    with pytest.raises(HomeMissingError):
        Home.open(tmp_path)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"scelle":2}', CONFIG.encode()[:-1], CONFIG.encode() + b"\n"])
def test_damage_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(HomeCorruptError):
        Home.open(tmp_path)


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(MalformedError):
        HomeConfig.decode(CONFIG.encode().replace(b'"key"', b'"extra":1,"key"'))


def test_a_failed_write_leaves_the_old_bytes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_private(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(5, "I/O error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DiskError):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_missing_folders_and_files(tmp_path: Path) -> None:
    with pytest.raises(DiskMissingError):
        write_private(tmp_path / "no" / "file", b"")
    assert read_private(tmp_path / "no") is None


def test_one_command_at_a_time(tmp_path: Path) -> None:
    home = Home.create(tmp_path, CONFIG)
    code = (
        "import sys, pathlib; from scelle.client.home import Home\n"
        "home = Home.open(pathlib.Path(sys.argv[1]))\n"
        "with home.lock(): print('locked')"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with home.lock():
        with pytest.raises(HomeBusyError), home.lock():
            pass
        assert b"HomeBusyError" in subprocess.run(command, capture_output=True, check=False).stderr
    assert subprocess.run(command, capture_output=True, check=False).stdout.strip() == b"locked"


def test_where_the_home_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert default_folder({"SCELLE_HOME": "/x"}, platform="linux") == Path("/x")
    assert default_folder({}, platform="linux") == tmp_path / ".config" / "scelle"
    assert default_folder({"XDG_CONFIG_HOME": "/c"}, platform="linux") == Path("/c/scelle")
    assert default_folder({}, platform="darwin") == tmp_path / "Library" / "Application Support" / "scelle"
    assert default_folder({"APPDATA": "/r"}, platform="win32") == Path("/r/scelle")
