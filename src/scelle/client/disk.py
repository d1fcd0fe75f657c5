"""Errors of the operating system about files, as errors of ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scelle.base.errors import Exit, RoadError, ScelleError


class DiskFullError(RoadError):
    """No room left, or a quota reached. Facts: `path`."""

    code = "disk.full"
    exit_status = Exit.DISK_FULL
    http_status = 507


class DiskMissingError(RoadError):
    """A file or folder is not there. Facts: `path`."""

    code = "disk.missing"
    exit_status = Exit.NOT_FOUND
    http_status = 500


class DiskDeniedError(RoadError):
    """The operating system refuses. Facts: `path`."""

    code = "disk.denied"
    exit_status = Exit.STORAGE
    http_status = 500


class DiskExistsError(RoadError):
    """Something is there already, and is not overwritten. Facts: `path`."""

    code = "disk.exists"
    exit_status = Exit.STORAGE
    http_status = 500


class DiskError(RoadError):
    """Any other failure of a file. Facts: `path`, `why`."""

    code = "disk.failed"
    exit_status = Exit.STORAGE
    http_status = 500


def disk_error(failure: OSError) -> ScelleError:
    """The error of ours that stands for an OSError."""
    path = str(failure.filename or "-")
    if failure.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFullError(path=path)
    if isinstance(failure, FileNotFoundError | NotADirectoryError):
        return DiskMissingError(path=path)
    if isinstance(failure, FileExistsError):
        return DiskExistsError(path=path)
    if isinstance(failure, PermissionError):
        return DiskDeniedError(path=path)
    return DiskError(path=path, why=failure.strerror or type(failure).__name__)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of a block that works on `path` into an error of ours that names it."""
    try:
        yield
    except OSError as failure:
        failure.filename = str(path)  # the system names a temporary file, or none
        raise disk_error(failure) from failure
