"""What only the storage adapters raise; the errors that promises name are in `scelle.ports`."""

from scelle.base.errors import CallerError, Exit, RoadError


class StorageInUseError(CallerError):
    """Another process holds the data directory. Facts: `path`."""

    code = "storage.in-use"
    exit_status = Exit.STATE
    http_status = 503


class StorageCorruptError(RoadError):
    """What is stored contradicts itself, or is of another service. Facts: `what`, `why`."""

    code = "storage.corrupt"
    exit_status = Exit.CORRUPT
    http_status = 503


class SchemaUnknownError(CallerError):
    """The ledger was written by another version of the program. Facts: `path`, `found`, `wanted` (versions)."""

    code = "storage.schema-unknown"
    exit_status = Exit.UNSUPPORTED
    http_status = 503
