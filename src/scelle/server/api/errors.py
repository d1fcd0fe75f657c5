"""What goes wrong with a request and reaches nobody; what is answered is in scelle.exchange.refusals."""

from scelle.base.errors import Exit, PeerError


class ConnectionLostError(PeerError):
    """The client hung up before its request was whole: nobody is left to answer."""

    code = "request.connection-lost"
    exit_status = Exit.NETWORK
    http_status = 400
