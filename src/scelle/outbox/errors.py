"""What only the outbox raises; MailRefusedError and MailDelayedError are in `scelle.ports`."""

from scelle.base.errors import CallerError, Exit


class MailPasswordExposedError(CallerError):
    """A password for the mail system would travel without TLS. Facts: `host`."""

    code = "mail.password-without-tls"
    exit_status = Exit.USAGE
    http_status = 500
