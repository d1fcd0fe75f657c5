"""Help pages of sending typed datasets."""

_FD = "read the passphrase from this file descriptor (its first line)"

WORDS = {
    "send --dataset": "the files are rows of this profile (screening-result, or a file): each recipient gets its view",
    "send --to-routed": "with --dataset: also every regional agency of the directory that can be sent to",
    "send --explain": "with --dataset: only show who would get how many rows and which columns; nothing is sent",
    "send --format": "with --dataset: form of the copies; parquet by default",
    "send --bom": "with --dataset: CSV copies begin with a byte order mark, for spreadsheets",
    "send --map": "with --dataset: this column of the source is that column of the profile",
    "send --cosign": "with --dataset: leave for a wider view, that a data-protection officer gave by “scelle cosign”",
    "send --epoch": "with --dataset: epoch of the index key; by default the last by name",
    "send --no-index": "with --dataset: keep no subject index; who was in the rows can then not be told later",
    "send --held-share": "with --dataset: share of held rows above which nothing is sent; 5 by default",
    "send --rejects": "with --dataset: sealed file for what is set aside; by default FILE.rejects.age beside the first",
    "cosign": "allow, as a data-protection officer, that desks are sent a wider view of a dataset",
    "cosign --dataset": "profile of the dataset: screening-result, or a file",
    "cosign --view": "policy of the view, such as all",
    "cosign --to": "desks that may get it, with commas between",
    "cosign --legal-basis": "code of the legal basis; the sending names the same",
    "cosign --expires": "how long it may be used: 7d, 12h, 90m; by default 7d",
    "cosign --output": "file for the signed statement, for the sender",
    "cosign --passphrase-fd": _FD,
    "records rejects": "open the sealed file of what a sending set aside, to mend it and send it again",
    "records rejects --into": "folder for the files; nothing in it is overwritten",
    "records rejects --passphrase-fd": _FD,
    "records rejects FILE": "the sealed file, such as results.csv.rejects.age",
}
