"""Errors that the service answers to requests: sentence and advice by code."""

_VERSION = "look for an update of scelle"
_AGAIN = "run the command again; what arrived is not lost"

WORDS = {
    "page.cursor": ("the list cannot be continued from there", "list it from the start"),
    "quota.exceeded": (
        "your organisation has reached its limit in the service ({what}: {limit:count})",
        "wait until transfers expire, revoke some, or ask the operator",
    ),
    "record.erased": (
        "the record of entry {index} was erased at the end of its retention",
        "the entry itself stays in the log",
    ),
    "release.missing": ("the transfer was not released to you yet", "open it with “scelle open”"),
    "transfer.too-large": (
        "the transfer is larger than the service takes ({what}: {limit:count} at most)",
        "send it in several transfers, or ask the operator",
    ),
    "defect": ("something unforeseen happened inside the service", "give its operator this reference: {reference}"),
    "freeze.not-found": ("there is no such freeze for you", "“scelle freezes” lists those that concern you"),
    "request.body-too-large": ("the request is larger than {limit:size}", _VERSION),
    "request.body-type": ("the request is not of the type {wanted}", _VERSION),
    "request.busy": ("the service is serving as many requests as it can", "try again in a moment"),
    "request.connection-lost": ("the connection broke off within a request", _AGAIN),
    "request.headers-too-large": ("the head of the request is longer than {limit:size}", _VERSION),
    "request.method-wrong": ("this can only be asked with {allowed}", _VERSION),
    "request.range": ("the part asked for is outside the file, which has {size:size}", "run the command again"),
    "request.route-unknown": ("there is nothing at this address of the service", "check the address; " + _VERSION),
    "request.too-slow": ("the request did not arrive within {seconds:span}", _AGAIN),
    "request.upload-version": ("the upload is not made by the protocol {wanted}", _VERSION),
    "statement.clock": (
        "the clocks differ: signed on {time:time}, received on {now:time}",
        "set this computer's clock, then try again",
    ),
    "statement.directory-unseen": (
        "the service never had the directory (size {size}) that was shown to you",
        "stop using this service, keep your home folder, and tell your security officer",
    ),
    "upload.busy": ("another command is sending this transfer", "wait until it has ended"),
    "upload.chunk-digest": ("a piece was altered on its way (at byte {offset})", _AGAIN),
    "upload.incomplete": ("part {part} of the transfer has not arrived whole", _AGAIN),
    "upload.length": ("a piece of the transfer has a wrong length: {why}", _AGAIN),
    "upload.offset": ("a piece came out of place; the next byte is number {offset}", _AGAIN),
    "upload.part-number": ("part {part} is beyond the {limit} that the service takes", "send fewer files at once"),
    "upload.part-unknown": ("the transfer has no part {part}", _AGAIN),
}
