"""Errors of the exchange itself: sentence and advice by code."""

_SERVICE = "the service's answer was not used; tell your security officer if it happens again"
_ALARM = "stop using this service, keep your home folder, and tell your security officer"
_AGAIN = "run the command again"

WORDS = {
    "desk.empty": ("nobody with a valid key sits at {desk}", "ask that organisation's administrator to seat someone"),
    "desk.seat-missing": ("you have no seat at a desk that this transfer is addressed to", "ask your administrator"),
    "desk.unknown": ("there is no desk {desk}", "“scelle directory” lists organisations and their desks"),
    "directory.anchor-mismatch": ("this is not the service that your invitation was made for", "check the address"),
    "directory.entry-refused": ("the directory holds an entry ({kind}) that breaks its rules: {why}", _ALARM),
    "directory.statement-refused": (
        "the service does not take this into the directory ({kind}): {why}",
        "nothing was changed; see scelle directory for what holds now",
    ),
    "directory.forked": ("the service shows another directory than before (at size {size})", _ALARM),
    "directory.rolled-back": (
        "the service shows an older directory than before ({now} entries, {before} before)",
        _ALARM,
    ),
    "freeze.active": (
        "this is frozen (freeze {freeze:short})",
        "your security officer knows why; lifting takes two officers",
    ),
    "freeze.foreign-scope": (
        "“{scope}” is another organisation's, and not yours to freeze",
        "tell its security officer",
    ),
    "freeze.wrong-state": (
        "the freeze is {state}: “{event}” is not possible",
        "“scelle freezes” shows where it stands",
    ),
    "intake.key-unknown": ("the service's intake key changed meanwhile", _AGAIN),
    "invitation.invalid": ("the invitation cannot be used: {why}", "ask for a new one"),
    "invitation.malformed": ("this is not an invitation code: {why}", "copy the code again, whole"),
    "invitation.mistyped": ("the invitation code has a wrong character", "copy it again"),
    "invitation.truncated": ("the invitation code lacks its last {missing} characters", "copy it again, whole"),
    "key.expired": ("the key {key} is past its validity", "have it renewed by your administrator"),
    "lift.lapsed": ("the proposal to lift has lapsed", "propose it again with “scelle lift”"),
    "lift.officer-refused": (
        "you cannot take part in this lift: {why}",
        "it takes two officers of the freezing organisation",
    ),
    "lift.same-officer": ("the officer who proposed a lift cannot confirm it", "have another officer confirm"),
    "member.unknown": ("there is no member {key}", "“scelle members” lists them"),
    "organisation.not-accepting": (
        "{organisation} has not said that it accepts files from {sender}",
        "ask its administrator to run “scelle accept --from {sender}”",
    ),
    "organisation.unknown": ("there is no organisation {organisation}", "“scelle directory” lists them"),
    "record.wrong": ("the service's record does not match its log: {why}", _ALARM),
    "release.share-wrong": ("the service released a wrong share for {transfer}", _SERVICE),
    "request.before-start": ("the service restarted meanwhile", _AGAIN),
    "request.digest-mismatch": ("the request was altered on its way", _AGAIN),
    "request.replayed": ("this request was received already (key {key})", _AGAIN),
    "request.signature-malformed": ("the request is not signed as it must be: {why}", "check for an update of scelle"),
    "request.signature-wrong": (
        "the signature of the request by {key} is wrong",
        "check --home, and that nothing alters requests",
    ),
    "request.stale": ("this computer's clock and the service's differ too much", "set the clock, then try again"),
    "request.too-many": ("too many requests by the key {key} at once", "wait a minute, then try again"),
    "retention.collection-date": (
        "“{text}” is not a collection date",
        "write it as 2026-03-14; it cannot be in the future",
    ),
    "retention.duration-malformed": ("“{text}” is not a length of time", "write it as 7d, 12h or 90m"),
    "retention.exceeded": (
        "the transfer is held until {expires:time}, its source allows {latest:time}",
        "do not use it; tell the sender",
    ),
    "retention.over": ("this data had to be gone by {ended:date}", "it must not be sent any more; destroy it"),
    "role.missing": ("this takes the role “{role}”", "ask your administrator"),
    "statement.origin-wrong": ("this statement is for {found}, not for {wanted}", _SERVICE),
    "statement.signature-invalid": ("a statement ({kind}) by {key} is not signed as it must be", _SERVICE),
    "transfer.content-wrong": (
        "{name} is not what its sender signed",
        "nothing was kept of it; open the transfer again",
    ),
    "transfer.cover-wrong": ("the cover of the transfer is wrong: {why}", _SERVICE),
    "transfer.envelope-wrong": ("the envelope does not belong to the transfer: {why}", _SERVICE),
    "transfer.expired": ("the transfer expired on {expires:time} and was destroyed", "ask the sender to send again"),
    "transfer.manifest-wrong": ("the list of files in the transfer is wrong: {why}", "tell the sender"),
    "transfer.not-found": ("there is no such transfer for you", "“scelle inbox” and “scelle sent” list yours"),
    "transfer.revoked": ("the sender revoked the transfer", "ask the sender"),
    "transfer.wrong-state": (
        "the transfer is {state}: “{event}” is not possible",
        "“scelle show” tells where it stands",
    ),
}
