"""Help pages of the service's commands."""

_DATA = "folder of the service: its settings, keys and everything it keeps"

WORDS = {
    "service": "run a service (operators)",
    "service init": "make a service: settings, keys, and the first entry of its directory",
    "service init --data": _DATA,
    "service init --host-org": "organisation that answers for the service, such as aphp; it joins by invitation, too",
    "service init --origin": "name of the service in what is signed, for ever; by default the host of its URL",
    "service init --url": "address that members use; by default the one it listens on",
    "service init --listen": "where to listen; by default 127.0.0.1:8443",
    "service init --cert": "certificate chain for TLS (PEM)",
    "service init --key": "private key of the certificate (PEM)",
    "service init --behind-proxy": "a proxy in front ends TLS",
    "service run": "run the service until it is told to stop",
    "service run --data": _DATA,
    "service invite": "print an invitation code for an organisation that the service does not have yet",
    "service invite --data": _DATA,
    "service invite --expires": "how long it holds: 7d, 12h, 90m; by default 7d",
    "service invite ORG": "id of the organisation: a-z, 0-9 and hyphens",
    "service check": "check logs, records, sealed parts and release shares against each other",
    "service check --data": _DATA,
}
