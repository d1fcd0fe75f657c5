"""A process that writes to a ledger and tells what was acknowledged, until somebody kills it."""

import sys
from pathlib import Path

from ledger_kit import declaring, entry, open_ledger, transfer_id, transfer_row
from scelle.ports import ACTIVITY, Writing


def act(writing: Writing) -> int:
    number = writing.log_size(ACTIVITY)
    transfer = transfer_id(number)
    writing.insert_transfer(transfer_row(number))
    return writing.append_activity(entry(number, transfer=transfer), statements=[b"statement %d" % number])


def main(path: str) -> None:
    ledger = open_ledger(Path(path))
    print("open", flush=True)
    while True:
        futures = [ledger.submit(act) for _ in range(40)]
        declared = ledger.submit(declaring(b"declared after %d" % futures[-1].result()))
        for future in futures:
            print("A", future.result(), flush=True)
        print("D", declared.result(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
