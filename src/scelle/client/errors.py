"""What can go wrong between a client and its service, and with transfers on this computer."""

from scelle.base.errors import CallerError, Exit, PeerError, RoadError


class NetworkError(RoadError):
    """The service cannot be reached, or the connection broke. Facts: `service`, `why`."""

    code = "network.failed"
    exit_status = Exit.NETWORK
    http_status = 502


class CertificateError(RoadError):
    """The service's TLS certificate is not one that this computer trusts. Facts: `service`, `why`."""

    code = "network.certificate"
    exit_status = Exit.NETWORK
    http_status = 502


class InsecureAddressError(CallerError):
    """An http:// address that is not on this computer: nothing is sent over it. Facts: `service`."""

    code = "network.insecure"
    exit_status = Exit.USAGE
    http_status = 400


class AddressError(CallerError):
    """Not the address of a service. Facts: `service`."""

    code = "network.address"
    exit_status = Exit.USAGE
    http_status = 400


class ServiceProblemError(PeerError):
    """The service refused with something that this version does not know. Facts: `status`, `problem`."""

    code = "service.problem"
    exit_status = Exit.SERVICE
    http_status = 502


class ServiceAnswerError(PeerError):
    """An answer that is not HTTP as agreed: too long, of another length, a redirect. Facts: `why`."""

    code = "service.answer"
    exit_status = Exit.SERVICE
    http_status = 502


class ClockDiffersError(RoadError):
    """This computer's clock and the service's differ too much to sign anything. Facts: `seconds`."""

    code = "clock.differs"
    exit_status = Exit.CLOCK
    http_status = 400


class SourceChangedError(RoadError):
    """A file changed while it was being sent. Facts: `path`."""

    code = "source.changed"
    exit_status = Exit.STORAGE
    http_status = 409


class SourceKindError(CallerError):
    """Not a regular file or folder: devices, sockets and links are not sent. Facts: `path`."""

    code = "source.kind"
    exit_status = Exit.USAGE
    http_status = 400


class NothingToSendError(CallerError):
    """No file among what was named. No facts."""

    code = "source.empty"
    exit_status = Exit.USAGE
    http_status = 400


class TransferAmbiguousError(CallerError):
    """Several transfers begin with these characters. Facts: `id`."""

    code = "transfer.ambiguous"
    exit_status = Exit.USAGE
    http_status = 400


class TooLargeError(CallerError):
    """More than the service takes in one transfer. Facts: `size`, `most`."""

    code = "source.too-large"
    exit_status = Exit.LIMIT
    http_status = 413


class CopyThereError(CallerError):
    """An opened copy is still where it was put: its deletion cannot be attested. Facts: `path`."""

    code = "disk.copy-there"
    exit_status = Exit.STATE
    http_status = 409


class LogKeyDiffersError(PeerError):
    """A folder or service names another log key than the one that was pinned. Facts: `log`."""

    code = "log.key-differs"
    exit_status = Exit.LOG
    http_status = 502


class FreezeUnknownError(CallerError):
    """No freeze whose id begins so. Facts: `id`."""

    code = "freeze.unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class FreezeAmbiguousError(CallerError):
    """Several freezes begin with these characters. Facts: `id`."""

    code = "freeze.ambiguous"
    exit_status = Exit.USAGE
    http_status = 400
