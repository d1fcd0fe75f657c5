"""Errors of the service's storage and mail: sentence and advice by code."""

WORDS = {
    "blob.offset": ("what is stored of {name} ends at {size}, not at {offset}", "it is sorted out on the next try"),
    "blob.unknown": ("the service holds no {name}", "it may have expired; look again"),
    "mail.password-without-tls": (
        "the password for {host} would travel readable",
        "use a port with TLS, or no password",
    ),
    "share.gone": ("the release share is destroyed (slot {slot})", "ask the sender to send again"),
    "mail.delayed": ("the mail system could not take a message now: {why}", "it is tried again"),
    "mail.refused": ("the mail system refused a message (status {status})", "check the address and the mail settings"),
    "state.conflict": ("this is there already, or is not there any more: {what}", "look again, then decide"),
    "storage.corrupt": (
        "what the service keeps contradicts itself ({what}: {why})",
        "stop the service and call for help",
    ),
    "storage.fault": ("the service's storage failed ({what}: {why}); nothing of the act was kept", "try again later"),
    "storage.full": ("the service's storage is full; nothing of the act was kept", "tell its operator"),
    "storage.in-use": ("another process holds {path}", "one service process owns a data folder: stop the other one"),
    "storage.schema-unknown": (
        "{path} was written by another version (schema {found}, this one has {wanted})",
        "run the version that wrote it, or migrate",
    ),
}
