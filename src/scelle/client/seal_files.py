"""Sources and targets on the local disk: read fully, written whole or not at all."""

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from scelle.client.disk import DiskExistsError, disk_error

Source: TypeAlias = Path | BinaryIO
"""A file by its path, or an open binary stream such as standard input."""

Target: TypeAlias = Path | BinaryIO
"""A file by its path, or an open binary stream such as standard output."""


def source_name(place: Source | Target) -> str:
    """How errors call a source or target: its path, or `-` for a stream."""
    return str(place) if isinstance(place, Path) else "-"


def is_stream(target: Target) -> bool:
    """Whether what is written to a target cannot be taken back: a stream, or a path to a device or pipe."""
    return not isinstance(target, Path) or (target.exists() and not target.is_file())


@contextmanager
def files_as_errors(path: str) -> Iterator[None]:
    """Turn the OSErrors of a block that works on `path` into errors of ours that name it."""
    try:
        yield
    except OSError as failure:
        failure.filename = path  # the system names a temporary file, or none
        raise disk_error(failure) from failure


@contextmanager
def open_source(source: Source) -> Iterator[io.RawIOBase]:
    """A source, ready for `fill`. Raises DiskMissingError and its kin."""
    if not isinstance(source, Path):
        yield cast("io.RawIOBase", source)
        return
    with files_as_errors(str(source)):
        file = source.open("rb", buffering=0)
    with file:
        yield file


def fill(file: io.RawIOBase, view: memoryview) -> int:
    """Read until the view is full or the input ends; returns the bytes read. Raises OSError."""
    done = 0
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            break
        done += count
    return done


def write_all(file: io.RawIOBase, view: memoryview) -> None:
    """Write every byte. Raises OSError."""
    done = 0
    while done < len(view):
        done += file.write(view[done:]) or 0


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and renames are journaled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def open_target(target: Target, *, overwrite: bool) -> Iterator[io.RawIOBase]:
    """A target to write to. A path gets its content, durably, when the block ends well, and nothing otherwise.

    The bytes go to a temporary file in the same folder, readable by the owner only, which is renamed. Raises
    DiskExistsError, DiskFullError and their kin.
    """
    name = source_name(target)
    with files_as_errors(name):
        if not isinstance(target, Path):
            yield cast("io.RawIOBase", target)
            target.flush()
        elif is_stream(target):
            with target.open("wb", buffering=0) as file:
                yield file
        else:
            with _whole_file(target, overwrite=overwrite) as file:
                yield file


@contextmanager
def _whole_file(target: Path, *, overwrite: bool) -> Iterator[io.RawIOBase]:
    if not overwrite and target.exists():
        raise DiskExistsError(path=str(target))
    handle, temporary = tempfile.mkstemp(prefix=".scelle-", suffix=".part", dir=target.parent)
    try:
        with io.FileIO(handle, "wb") as file:
            yield file
            os.fsync(file.fileno())
        if not overwrite and target.exists():
            raise DiskExistsError(path=str(target))
        Path(temporary).replace(target)
        _sync_folder(target.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def is_seekable_file(file: io.RawIOBase) -> bool:
    """Whether a source is a regular file that can be read twice."""
    if not file.seekable():
        return False
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, AttributeError):
        return True  # bytes in memory: seekable, without a descriptor
