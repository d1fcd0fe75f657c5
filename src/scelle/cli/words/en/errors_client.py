"""Errors met on the way to the service and in the files to send: sentence and advice by code."""

WORDS = {
    "clock.differs": (
        "this computer's clock and the service's differ by {seconds:span}",
        "set the clock, then try again; nothing was signed",
    ),
    "network.address": ("“{service}” is not the address of a service", "it looks like https://scelle.example.org"),
    "network.certificate": (
        "the certificate of {service} is not trusted: {why}",
        "do not go on before its operator has explained it",
    ),
    "network.failed": ("{service} cannot be reached: {why}", "run the command again; what was done is not lost"),
    "network.insecure": (
        "{service} would carry everything readable to the network",
        "use its https:// address",
    ),
    "send.interrupted": (
        "interrupted while transfer {transfer:short} was being sent",
        "it is kept for a day: the same command goes on where it was",
    ),
    "service.answer": ("the service answered against the rules: {why}", "see whether a proxy stands in between"),
    "service.problem": (
        "the service refused with {problem} (status {status})",
        "look for an update of scelle, or ask the operator",
    ),
    "source.changed": ("{path} changed while it was being sent", "wait until it is finished, then send again"),
    "source.empty": ("there is no file in what you named", "check the names"),
    "source.kind": ("{path} is neither a file nor a folder", "name what it points to, or leave it out"),
    "source.too-large": (
        "this is {size:size}, and the service takes {most:size} in one transfer",
        "send it in several transfers, or ask the operator",
    ),
    "transfer.ambiguous": ("several transfers begin with “{id}”", "write more of its characters"),
    "disk.copy-there": ("{path} is still there", "delete it first; then attest that you did"),
    "freeze.ambiguous": ("several freezes begin with “{id}”", "write more of its characters"),
    "freeze.unknown": ("there is no freeze “{id}” for you", "“scelle freezes” lists those that concern you"),
    "log.key-differs": (
        "this is not the key of the {log} log that you pinned",
        "stop using what it belongs to until its operator has explained it",
    ),
    "member.ambiguous": ("several members are called “{name}”", "name one by the first characters of its key"),
}
