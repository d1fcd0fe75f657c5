"""What a service refuses with besides the errors of the protocol: codes that travel as problems (spec/api.md)."""

from scelle.base.errors import CallerError, Exit, PeerError, RoadError, ScelleError


class StatementClockError(RoadError):
    """A statement's time is more than five minutes from the service's: the two clocks differ. Facts: `time`, `now`."""

    code = "statement.clock"
    exit_status = Exit.CLOCK
    http_status = 422


class DirectoryUnseenError(PeerError):
    """A statement names a state of the directory that this service never had. Facts: `size`."""

    code = "statement.directory-unseen"
    exit_status = Exit.LOG
    http_status = 422


class FreezeNotFoundError(CallerError):
    """There is no such freeze for the one who asks: it does not exist, or does not concern them (the same answer)."""

    code = "freeze.not-found"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class PartUnknownError(CallerError):
    """There is no such part of the transfer. Facts: `part`."""

    code = "upload.part-unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class PartNumberError(CallerError):
    """A part's number is beyond what the service takes. Facts: `part`, `limit`."""

    code = "upload.part-number"
    exit_status = Exit.LIMIT
    http_status = 422


class UploadOffsetError(CallerError):
    """A chunk does not begin where the part ends. Facts: `offset` (where it ends)."""

    code = "upload.offset"
    exit_status = Exit.STATE
    http_status = 409


class UploadBusyError(CallerError):
    """Another request is writing to the part, or the transfer is being committed; ask for the offset again."""

    code = "upload.busy"
    exit_status = Exit.STATE
    http_status = 409


class UploadLengthError(CallerError):
    """A chunk that reaches beyond its segment or its part, or a length that contradicts another. Facts: `why`."""

    code = "upload.length"
    exit_status = Exit.STATE
    http_status = 409


class ChunkDigestError(PeerError):
    """A chunk arrived whole and with another digest than was signed; it was cut off again. Facts: `offset`."""

    code = "upload.chunk-digest"
    exit_status = Exit.CORRUPT
    http_status = 460


class UploadIncompleteError(CallerError):
    """A transfer is to be committed and a part is missing or not of the cover's length. Facts: `part`."""

    code = "upload.incomplete"
    exit_status = Exit.STATE
    http_status = 409


class TransferTooLargeError(CallerError):
    """More bytes, parts or recipients than the service takes. Facts: `what`, `limit`."""

    code = "transfer.too-large"
    exit_status = Exit.LIMIT
    http_status = 413


class QuotaExceededError(CallerError):
    """The organisation holds as much as it may. Facts: `what` (bytes or transfers), `limit`."""

    code = "quota.exceeded"
    exit_status = Exit.LIMIT
    http_status = 507


class ReleaseMissingError(CallerError):
    """A recipient asks for sealed bytes, or attests something, without having asked for release before."""

    code = "release.missing"
    exit_status = Exit.STATE
    http_status = 409


class RecordErasedError(CallerError):
    """The record of an entry was erased at the end of its own retention; the entry stays. Facts: `index`."""

    code = "record.erased"
    exit_status = Exit.EXPIRED
    http_status = 410


class CursorMalformedError(PeerError):
    """A page was asked for with a cursor that no page gave."""

    code = "page.cursor"
    exit_status = Exit.MALFORMED
    http_status = 400


class RouteUnknownError(CallerError):
    """There is nothing at this path."""

    code = "request.route-unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class MethodWrongError(CallerError):
    """The path exists, the method does not apply to it. Facts: `allowed`."""

    code = "request.method-wrong"
    exit_status = Exit.USAGE
    http_status = 405


class RequestSlowError(RoadError):
    """The body of a request did not arrive in time. Facts: `seconds`."""

    code = "request.too-slow"
    exit_status = Exit.NETWORK
    http_status = 408


class BodyTooLargeError(CallerError):
    """The body of a request is larger than its route takes. Facts: `limit` (bytes)."""

    code = "request.body-too-large"
    exit_status = Exit.LIMIT
    http_status = 413


class BodyTypeError(CallerError):
    """The body of a request is of another type, or encoded. Facts: `wanted`."""

    code = "request.body-type"
    exit_status = Exit.UNSUPPORTED
    http_status = 415


class RangeUnsatisfiableError(CallerError):
    """The part of a file that was asked for does not exist, or is not one single range. Facts: `size` (bytes)."""

    code = "request.range"
    exit_status = Exit.USAGE
    http_status = 416


class UploadVersionError(CallerError):
    """The client speaks another version of the upload protocol, or none. Facts: `wanted`."""

    code = "request.upload-version"
    exit_status = Exit.UNSUPPORTED
    http_status = 412


class HeadersTooLargeError(CallerError):
    """The header fields or the target of a request are longer than the service reads. Facts: `limit` (bytes)."""

    code = "request.headers-too-large"
    exit_status = Exit.LIMIT
    http_status = 431


class ServiceBusyError(RoadError):
    """The service serves as many requests as it can at once."""

    code = "request.busy"
    exit_status = Exit.SERVICE
    http_status = 503


class DefectError(ScelleError):
    """Something unforeseen happened inside the service. Facts: `reference`, to be found in its events."""

    code = "defect"
    exit_status = Exit.DEFECT
    http_status = 500
