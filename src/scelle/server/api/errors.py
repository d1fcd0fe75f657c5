"""What can go wrong with a request before a use case sees it (spec/api.md, Statuses)."""

from scelle.base.errors import CallerError, Exit, PeerError, RoadError, ScelleError


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


class ConnectionLostError(PeerError):
    """The client hung up before its request was whole: nobody is left to answer."""

    code = "request.connection-lost"
    exit_status = Exit.NETWORK
    http_status = 400
