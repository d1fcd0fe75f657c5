"""Errors of the transparency logs: sentence and advice by code."""

_ALARM = "stop using this service, keep your home folder, and tell your security officer and the log's auditors"
_FORM = "fetch it again from where it came; if it stays so, tell your security officer"

WORDS = {
    "log.checkpoint-malformed": ("the log's checkpoint is malformed: {why}", _FORM),
    "log.checkpoint-stale": (
        "the witnesses' signatures ({quorum}) are out of date by {age:span}",
        "check this computer's clock, then try again in some minutes",
    ),
    "log.inclusion-wrong": ("the proof for entry {index} of {size} in the log is wrong: {why}", _ALARM),
    "log.inconsistent": (
        "the log is not the one seen before ({old_size:count} {old_size:plural entry|entries} then, "
        "{new_size:count} now): {why}",
        _ALARM,
    ),
    "log.key-malformed": ("this is not a log's key: {why}", "copy it again, whole"),
    "log.note-malformed": ("the log's signed note is malformed: {why}", _FORM),
    "log.origin-mismatch": ("this is the log “{found}”, and “{wanted}” was asked for", "check the address and the key"),
    "log.policy-malformed": ("line {line} of the trust policy is malformed: {why}", "correct it there"),
    "log.proof-malformed": ("the {what} is malformed: {why}", _FORM),
    "log.quorum-missing": (
        "too few witnesses signed the log ({quorum} asked, {found} found)",
        "try again in some minutes; if it stays so, tell your security officer",
    ),
    "log.root-wrong": ("the log's {size} entries are not those that it signed for: {why}", _ALARM),
    "log.signature-missing": (
        "the log is not signed by {wanted}",
        "check the key that you pinned; if it is right: " + _ALARM,
    ),
    "log.signature-wrong": ("the signature of {name} on the log is wrong", _ALARM),
    "log.tile-wrong": ("the log's file {path} is wrong: {why}", _FORM),
}
