"""Errors of running a service: sentence and advice by code."""

_OPERATOR = "see the events on the service's standard error"

WORDS = {
    "service.missing": ("there is no service in {path}", "make one with “scelle service init”, or check --data"),
    "service.exists": ("there is a service in {path} already", "use another folder"),
    "service.key-file": ("the key file {path} cannot be used: {why}", "restore it, readable by its owner alone"),
    "service.listen": ("the service cannot listen on {address}: {why}", "choose another address in its settings"),
    "service.certificate": ("the certificate {path} cannot be used: {why}", "check certificate, chain and key"),
    "service.silent": ("the service runs, but does not answer at {address} ({why})", _OPERATOR),
    "service.check-failed": (
        "{count:count} {count:plural thing does|things do} not hold",
        "keep the folder as it is; bring in who can judge what happened",
    ),
    "usage.listen": ("“{text}” is not an address to listen on", "write it as HOST:PORT, such as 127.0.0.1:8443"),
}
