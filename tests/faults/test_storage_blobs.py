"""The parts' folder when writes fail, the power goes, or there is in it what should not be."""

import errno
import os
import sys
from pathlib import Path

import pytest

from scelle.ports import DiskFullError, StorageFaultError
from scelle.storage.blobs import FolderBlobs
from scelle.storage.errors import StorageCorruptError
from storage_kit import Troubles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "parts"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(("error", "raised"), [(errno.ENOSPC, DiskFullError), (errno.EIO, StorageFaultError)])
@pytest.mark.parametrize("effect", [False, True])
def test_an_append_that_fails_leaves_what_was_there(
    folder: Path, error: int, raised: type[Exception], effect: bool
) -> None:
    troubles = Troubles(error=error)
    blobs = FolderBlobs(folder, open_file=troubles.open)
    blobs.begin("t/1")
    blobs.append("t/1", 0, memoryview(b"before"))
    troubles.arm(0, effect=effect)
    with pytest.raises(raised):
        blobs.append("t/1", 6, memoryview(b"and more"))
    assert blobs.size("t/1") == 6
    troubles.arm(0, effect=effect, lasting=True)
    with pytest.raises(raised):
        blobs.append("t/1", 6, memoryview(b"and more"))
    troubles.arm(-1)
    at = blobs.size("t/1")
    assert at in {6, 10}
    blobs.append("t/1", at, memoryview(b"and more"[at - 6 :]))
    assert b"".join(bytes(piece) for piece in blobs.read("t/1", 0, 14)) == b"beforeand more"


def test_a_sync_that_fails_says_so(folder: Path) -> None:
    troubles = Troubles()
    blobs = FolderBlobs(folder, open_file=troubles.open)
    blobs.begin("t/1")
    blobs.append("t/1", 0, memoryview(b"x"))
    troubles.arm(0)
    with pytest.raises(StorageFaultError):
        blobs.sync("t/1")


def test_it_is_there_after_opening_again(folder: Path) -> None:
    blobs = FolderBlobs(folder)
    blobs.begin("t/1")
    blobs.append("t/1", 0, memoryview(b"kept"))
    blobs.sync("t/1")
    again = FolderBlobs(folder)
    assert list(again.names()) == ["t/1"]
    assert again.size("t/1") == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_nobody_else_may_look(folder: Path) -> None:
    old = os.umask(0)
    try:
        FolderBlobs(folder).begin("t/1")
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in files(folder)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o700}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    blobs = FolderBlobs(folder)
    blobs.begin("t/1")
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    (path,) = files(folder)
    path.unlink()
    path.symlink_to(outside)
    for call in (
        lambda: blobs.open_read("t/1"),
        lambda: blobs.append("t/1", 6, memoryview(b"x")),
        lambda: blobs.truncate("t/1", 0),
        lambda: next(blobs.read("t/1", 0, 6)),
    ):
        with pytest.raises(StorageFaultError):
            call()
    blobs.delete("t/1")
    assert outside.read_bytes() == b"secret"
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path)
    with pytest.raises(StorageCorruptError):
        FolderBlobs(folder)


def test_deleting_is_tried_again_as_a_whole(folder: Path) -> None:
    blobs = FolderBlobs(folder)
    blobs.begin("t/1")
    (path,) = files(folder)
    path.unlink()
    path.mkdir()  # stands for whatever keeps a file from being removed
    with pytest.raises(StorageFaultError):
        blobs.delete("t/1")
    path.rmdir()
    blobs.delete("t/1")


def test_what_is_no_object_is_passed_over(folder: Path) -> None:
    blobs = FolderBlobs(folder)
    blobs.begin("t/1")
    (path,) = files(folder)
    for stray in ("_t_2", "t_1", "_" + "a" * 200, ".DS_Store", "_A"):
        (folder / ("00" if path.parent.name != "00" else "01") / stray).write_bytes(b"")
    assert list(blobs.names()) == ["t/1"]


def test_a_file_in_place_of_a_folder(folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises((StorageCorruptError, StorageFaultError)):
        FolderBlobs(folder)


def test_a_folder_without_a_parent(tmp_path: Path) -> None:
    with pytest.raises(StorageFaultError):
        FolderBlobs(tmp_path / "missing" / "parts")


def test_a_running_download_ends_when_the_object_is_cut(folder: Path) -> None:
    blobs = FolderBlobs(folder)
    blobs.begin("t/1")
    blobs.append("t/1", 0, memoryview(bytes(3 << 20)))
    pieces = blobs.read("t/1", 0, 3 << 20)
    next(pieces)
    blobs.truncate("t/1", 1 << 20)
    with pytest.raises(StorageFaultError):
        list(pieces)
