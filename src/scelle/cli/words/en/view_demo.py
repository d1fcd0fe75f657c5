"""What the demonstration tells."""

WORDS = {
    "demo.title": "Scellé: the whole exchange on this computer, for real",
    "demo.intro": (
        "A service, three organisations and three officers, each with a home folder and a passphrase of their own, in "
        "{folder} (17 more agencies come in step 9). Every command is run as shown, as a process of its own; left "
        "out are --home, and the passphrase, which goes in by a file descriptor. ✓ marks what was compared and holds. "
        "Every person in the files is invented."
    ),
    "demo.org.aphp": "Paris public hospitals",
    "demo.org.cnam": "National health insurance",
    "demo.org.ars": "Regional health agency, Île-de-France",
    "demo.plant.name": "a patient's name",
    "demo.plant.nir": "a social-security number",
    "demo.plant.sample": "a sample's id",
    "demo.plant.file": "a file's name",
    "demo.plant.purpose": "the purpose of a transfer",
    "demo.plant.share": "a release share",
    "demo.claim.status": "“{command}” should have ended with status {wanted}, and ended with {status}",
    "demo.claim.output": "“{command}” did not print what the next command needs",
    "demo.service": "A service",
    "demo.service.text": (
        "An operator makes a service and runs it. It will carry files that it cannot read: it never has a key to "
        "them. (Between members and service stands a relay on loopback; it can be made slow, for step 8.)"
    ),
    "demo.join": "Three organisations join",
    "demo.join.text": (
        "A hospital group, the national insurer and a regional agency are invited, each with a code that works "
        "once and carries the service's fingerprint. Each makes its own keys, on its own computer. The insurer and "
        "the agency open a desk and say from whom they accept files."
    ),
    "demo.short": "A transfer that lives for one minute",
    "demo.short.text": (
        "The hospital group sends an alert that expires in a minute; its end comes in step 10. At once a thief copies "
        "the whole data folder of the service: ciphertexts, database, and the release shares held at this moment."
    ),
    "demo.short.purpose": "Cluster alert",
    "demo.short.stolen": "the thief has a copy of everything",
    "demo.send": "A week's files for two organisations",
    "demo.send.text": (
        "An extract of tests, laboratory messages and a file of {size:size} are sealed on the sender's computer to "
        "the keys of two desks. Names of files and the purpose are sealed with them."
    ),
    "demo.send.took": (
        "{files:count} files in {milliseconds:count} ms, from the sender's disk to a committed, proven log entry."
    ),
    "demo.open": "The insurer opens them",
    "demo.open.text": (
        "Opening asks the service for the other half of the key. It gives it only after the release stands in"
        " its log. "
        "The recipient signs a receipt; the sender sees who has opened, and when."
    ),
    "demo.open.same": "{count:count} files opened by {who} are, byte for byte, those that were sent",
    "demo.open.receipt": "the sender has the signed receipt of the insurer",
    "demo.log": "The log, checked by those who do not run it",
    "demo.log.text": (
        "Every act stands in a Merkle log. Anybody can replay it against the key in their invitation, export "
        "it, check "
        "it without the service, and keep a proof of one entry."
    ),
    "demo.log.forged": "an export with one byte changed is refused",
    "demo.thief": "A thief takes the whole service",
    "demo.thief.text": (
        "Everything that the service has is copied and searched, contents and file names, for what was in the files; "
        "each thing in these forms: {encodings}."
    ),
    "demo.thief.nothing": "in {files:count} files, {size:size} (database, sealed files, logs, metrics): nothing",
    "demo.thief.memory": "in the running service's memory, {size:size}: nothing",
    "demo.thief.no-memory": (
        "(The memory of the running service cannot be read on this system; that search is left out.)"
    ),
    "demo.thief.control": "control: the same search in the same files unsealed, {size:size}, finds all {count:count}",
    "demo.freeze": "One action cuts everything off",
    "demo.freeze.text": (
        "The agency begins to download, over a network of {rate:size} a second. One security officer freezes "
        "the service; "
        "lifting it takes two."
    ),
    "demo.freeze.reason": "Suspected flaw; everything stops",
    "demo.freeze.arrived": "{size:size} had arrived when it was frozen",
    "demo.freeze.stopped": (
        "the running download ended: no byte later than {milliseconds:count} ms after the freeze returned "
        "(status {status})"
    ),
    "demo.freeze.nothing-left": "no piece of a file was left in the agency's folder",
    "demo.freeze.refused": "Nobody gets a release either:",
    "demo.freeze.lift": "One officer proposes to lift it; another one confirms:",
    "demo.season": "A season's results for the insurer and every regional agency",
    "demo.season.text": (
        "The results of {people:count} invented people were generated meanwhile, with faults planted, and the truth "
        "beside. The other agencies of the {count:count} join with --plaintext-keys, that is, without a passphrase, "
        "and by commands within this process, since they are so many. A data-protection officer of the hospital group "
        "issues the key of the subject index. Then one command checks every row, gives each recipient its own view, "
        "and sends the index to that officer."
    ),
    "demo.season.purpose": "Results of the season",
    "demo.season.joined": (
        "{count:count} more agencies have joined, opened a desk and accept files from aphp, in {seconds:count} s "
        "(each: service invite, join, desk add, desk add, accept; not shown)"
    ),
    "demo.season.likewise": "  … {count:count} more agencies likewise",
    "demo.season.took": "{seconds:count} s, from the file on the sender's disk to the last proven log entry.",
    "demo.season.copies": "all {count:count} regional agencies have a view of their own in what was explained",
    "demo.season.rows": "{who} has as many rows as were explained: {count:count}",
    "demo.season.once": (
        "by the truth that was written beside, the insurer has each of the {count:count} positive results that may "
        "leave exactly once, and no other"
    ),
    "demo.season.region": (
        "the agency has, of those with a department, the insurer's rows of its own region: all of them, and no other"
    ),
    "demo.season.persons": (
        "the index counts {low:count} to {high:count} persons; by the truth there are {count:count}"
    ),
    "demo.expiry": "The minute is over",
    "demo.expiry.text": (
        "What has expired is destroyed by the service, on time and on record: first the release shares, then "
        "the sealed "
        "files. Then the thief of step 3 steals the insurer's own keys as well."
    ),
    "demo.expiry.wait": "({left:count} s are left; waiting.)",
    "demo.expiry.destroyed": "destroyed {late:count} s after its time, with an entry in the log",
    "demo.expiry.erased": (
        "its {count:count} release {count:plural share is|shares are} found nowhere in the service's data any more"
    ),
    "demo.expiry.shut": (
        "with every ciphertext and the recipient's own key, none of {parts:count} sealed files opens; the "
        "thief reads "
        "one line: “{note}”"
    ),
    "demo.expiry.control": (
        "control: the same attack with the shares that were copied live does open it. That is the limit: who has "
        "both, before expiry, reads (docs/soundness.md)"
    ),
    "demo.expiry.log": "The log still verifies, and says what is left:",
    "demo.end": "All {count:count} comparisons hold, in {seconds:count} s.",
}
