"""Why a file cannot be read as records at all; single lines or messages become rejects (`found.Reject`) instead.

Facts name the file, a line and a column. A value of the file never is a fact: what is not a record may still be
personal data.
"""

from scelle.base.errors import CallerError, Exit, PeerError, RoadError


class FileUnreadableError(RoadError):
    """The system does not give the file. Facts: `file`, `why`."""

    code = "records.file-unreadable"
    exit_status = Exit.STORAGE


class FileEmptyError(PeerError):
    """A file without a byte, or with blanks only. Facts: `file`."""

    code = "records.empty"
    exit_status = Exit.MALFORMED
    http_status = 400


class HeaderOnlyError(PeerError):
    """A table that has its header and no row. Facts: `file`."""

    code = "records.header-only"
    exit_status = Exit.MALFORMED
    http_status = 400


class FileBinaryError(PeerError):
    """Not text, and none of the formats that are read. Facts: `file`, `kind`."""

    code = "records.binary"
    exit_status = Exit.MALFORMED
    http_status = 400


class EncodingError(PeerError):
    """Bytes that the encoding of the file does not have. Facts: `file`, `encoding`, `line`."""

    code = "records.encoding"
    exit_status = Exit.MALFORMED
    http_status = 400


class LineTooLongError(PeerError):
    """A line, or a message, without an end within the limit. Facts: `file`, `line`, `limit` (bytes)."""

    code = "records.line-too-long"
    exit_status = Exit.LIMIT
    http_status = 413


class DocumentTooLargeError(PeerError):
    """A document that can only be read whole is over the limit. Facts: `file`, `size`, `limit` (bytes)."""

    code = "records.document-too-large"
    exit_status = Exit.LIMIT
    http_status = 413


class ColumnsUnknownError(PeerError):
    """Nothing in the file is a column of the profile. Facts: `file`, `profile`, `columns` (how many the file has)."""

    code = "records.no-columns"
    exit_status = Exit.MALFORMED
    http_status = 422


class MappingError(CallerError):
    """The mapping given names a column that is not there. Facts: `source`, `column`, `why`."""

    code = "records.mapping"
    exit_status = Exit.USAGE
    http_status = 422


class RejectsTooManyError(PeerError):
    """So much cannot be read that it must be a file of another form. Facts: `file`, `count`, `kind`."""

    code = "records.too-many-rejects"
    exit_status = Exit.LIMIT
    http_status = 422


class WorkbookBombError(PeerError):
    """A workbook that would unpack to more than is allowed, or not to what it says. Facts: `file`, `why`, `limit`."""

    code = "records.workbook-bomb"
    exit_status = Exit.LIMIT
    http_status = 413


class TableBrokenError(PeerError):
    """A Parquet file or a workbook that its library cannot read. Facts: `file`, `kind`."""

    code = "records.table-broken"
    exit_status = Exit.MALFORMED
    http_status = 400


class JsonBrokenError(PeerError):
    """A JSON document that ends too early or is no JSON. Facts: `file`, `line`, `column`, `why`."""

    code = "records.json"
    exit_status = Exit.MALFORMED
    http_status = 400
