"""What the commands about inventory, freezes and the logs print."""

WORDS = {
    "inventory.empty": "The service says that it holds nothing that concerns your organisation.",
    "inventory.total": "{n:count} {n:plural transfer|transfers}, {size:size} held, as the service says.",
    "inventory.overdue": (
        "{n:count} {n:plural transfer is|transfers are} overdue for destruction: tell the operator of the service now."
    ),
    "scope.transfer": "transfer {value}",
    "scope.key": "key {value}",
    "scope.desk": "desk {value}",
    "scope.organisation": "organisation {value}",
    "scope.service": "the whole service",
    "scope.other": "{value}",
    "freeze.done": "Frozen: {scope} (freeze {freeze:short}).",
    "freeze.what": "Releases and running downloads have stopped (log entry {index}). Expiry goes on as before.",
    "freeze.lifting": (
        "scelle: lifting takes two officers: “scelle lift {freeze:short}”, then another one's "
        "“scelle confirm {freeze:short}”"
    ),
    "freeze.for-good": (
        "scelle: warning: {organisation} has no second security officer with a valid key, and lifting takes two: "
        "this freeze can never be lifted"
    ),
    "freezes.none": "Nothing is frozen that concerns your organisation.",
    "freezes.title": "{freeze:short}  {scope}",
    "freezes.by": "          by {organisation}, {officer}, on {at:time}",
    "freezes.reason": "          reason: {reason}",
    "freezes.wrong": "          does not verify: {text}",
    "freeze.proposed": "          lift proposed by {officer} on {at:time}",
    "freezes.confirm": "          another officer can end it: “scelle confirm {freeze:short}”",
    "freeze.lifted": "          lifted on {at:time}",
    "lift.done": "You proposed to lift the freeze {freeze:short} (log entry {index}); it still holds.",
    "lift.next": "scelle: another officer has 24 hours for “scelle confirm {freeze:short}”",
    "confirm.done": "The freeze {freeze:short} is lifted (log entry {index}).",
    "log.directory": "directory",
    "log.activity": "activity",
    "log.holds": "{log} log: {n:count} {n:plural entry|entries}, every one right (root {root}…)",
    "log.known": "    begins with the {n:count} {n:plural entry|entries} that this computer knew",
    "log.members": (
        "    {organisations:count} {organisations:plural organisation|organisations}, "
        "{members:count} {members:plural member|members}"
    ),
    "log.records": (
        "    {had:count} {had:plural record|records} and {statements:count} signed "
        "{statements:plural statement|statements} checked; {lacked:count} not at hand, {erased:count} erased"
    ),
    "log.no-quorum": (
        "No protection against a split view: the logs are checked against their own signatures alone, no witnesses'."
    ),
    "log.exported": "Both logs are in {folder}; “scelle log verify {folder}” checks them offline.",
    "progress.verify": "checking the {log} log",
    "progress.verify-url": "checking the logs of the service",
    "progress.verify-folder": "checking the folder",
    "progress.export": "exporting",
    "proof.written": "The proof is in {path}.",
    "proof.holds": "Entry {index} is in the {log} log of {origin}, under its signed checkpoint of {n:count} entries.",
    "proof.how": "scelle: “scelle log verify {path}” checks it offline",
    "tail.empty": "There is no such record for you.",
    "tail.erased": "(erased)",
    "tail.service": "the service",
    "tail.member": "{organisation}, key {key:short}",
    "column.index": "entry",
    "column.time": "time",
    "column.what": "what",
    "column.about": "about",
    "column.by": "by",
    "record.sealed": "sealed",
    "record.released": "released",
    "record.refused": "refused",
    "record.opened": "opened",
    "record.discarded": "copy deleted",
    "record.revoked": "revoked",
    "record.expired": "expired",
    "record.destroyed": "destroyed",
    "record.frozen": "frozen",
    "record.lift-proposed": "lift proposed",
    "record.lifted": "lifted",
}
