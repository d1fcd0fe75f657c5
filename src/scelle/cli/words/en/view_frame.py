"""What every command may say, and what the commands about keys print."""

WORDS = {
    "frame.error": "scelle: error: {text}",
    "frame.hint": "scelle: hint: {text}",
    "frame.see": "scelle: hint: see “{command} --help”",
    "frame.interrupted": "scelle: interrupted; nothing partial was left behind",
    "frame.defect": "something unforeseen happened inside scelle ({kind} at {where})",
    "frame.report": "please report this line and what you did; SCELLE_DEBUG=1 shows more, keep that to yourself",
    "frame.service-says": "the service says: {text}",
    "frame.entry-refused": "this cannot be entered in the directory: {why}",
    "frame.refused-hint": "run the command again; if it stays so, look for an update of scelle or ask the operator",
    "ask.passphrase": "Passphrase:",
    "ask.new-passphrase": "New passphrase:",
    "ask.again": "The same again:",
    "keygen.public": "Public key: {key}",
    "progress.seal": "sealing",
    "progress.unseal": "opening",
    "unlock.done": "Unlocked until {until:time} ({left:span}).",
    "lock.done": "Locked.",
    "lock.already": "Already locked.",
    "lock.forgotten": "The key is no longer in the keyring.",
    "vault.plain": "scelle: warning: your keys are on this disk without a passphrase",
}
