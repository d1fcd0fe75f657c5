"""Errors of sending typed datasets: sentence and advice by code."""

WORDS = {
    "dataset.empty": ("there is not one row in what you named", "check the files"),
    "dataset.nobody": (
        "no regional agency of the directory can be sent to",
        "name desks by --to, or ask the agencies to accept your organisation",
    ),
    "dataset.statement-file": ("{file} is too long to be a statement", "name the file that “scelle cosign” wrote"),
    "dpo.statement": (
        "this statement is not that of a data-protection officer for this purpose: {why}",
        "ask your data-protection officer for a new one",
    ),
    "index.key-missing": (
        "there is no index key here (epoch: {epoch})",
        "ask your data-protection officer for one, or send with --no-index",
    ),
    "rejects.malformed": ("{file} is no file of rejects", "name the file that “scelle send --dataset” wrote"),
    "view.cosign-missing": (
        "the view {view} for {desk} needs a legal basis and the leave of a data-protection officer",
        "give --legal-basis and --cosign; “scelle cosign” writes the leave",
    ),
}
