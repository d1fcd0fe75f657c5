"""`make bench`: every benchmark, as one table per subject, with ratios between figures of the same run.

    python -m benchmarks.run [--size MB] [--rounds N] [--plain] [--quick] [--only sealing,commands,exchange,log]

Ratios are what counts: absolute figures are this machine's at this moment. Peers that are not installed are named.
"""

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import Row

SUBJECTS = ("exchange", "commands", "sealing", "log")
"""The exchange first: while this process is small and the machine fresh."""

HINTS = {
    "nginx": "Debian: apt install nginx-light (it is started as a process of its own; the service need not run)",
    "age": "Debian: apt install age",
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=534, metavar="MB", help="size of the large files (534)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds, of which the median is shown (3)")
    parser.add_argument("--plain", action="store_true", help="plain HTTP on all sides instead of TLS")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round: shows that it runs, measures little"
    )
    parser.add_argument("--only", default=",".join(SUBJECTS), metavar="SUBJECTS", help="some of " + ", ".join(SUBJECTS))
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where files go; some ten times the size is used")
    return parser.parse_args()


def show(title: str, rows: list[Row]) -> None:
    """Print one table."""
    print(f"\n{title}")
    width = max(len(row.name) for row in rows)
    for row in rows:
        digits = 0 if row.value >= 100 else 2
        against = ", ".join(f"{ratio:.2f} of {base}" for base, ratio in row.ratios.items())
        print(f"  {row.name:{width}}  {row.value:10,.{digits}f} {row.unit:5}  {against}".rstrip(), flush=True)


def main() -> None:
    """Measure, and print."""
    asked = _arguments()
    size = (20 if asked.quick else asked.size) * 1_000_000
    rounds = 1 if asked.quick else asked.rounds
    missing: list[str] = []

    def exchange() -> list[Row]:
        from benchmarks.exchange import measure

        small = 300 if asked.quick else 10_000
        rows, absent = measure(size, rounds=rounds, tls=not asked.plain, small=small, folder=asked.folder)
        missing.extend(absent)
        return rows

    def commands() -> list[Row]:
        from benchmarks.commands import measure

        rows, absent = measure(size, rounds=rounds, folder=asked.folder)
        missing.extend(absent)
        return rows

    def sealing() -> list[Row]:
        from benchmarks.sealing import measure

        return measure(32 << 20 if asked.quick else 1 << 30, folder=asked.folder)

    def log() -> list[Row]:
        from benchmarks.log import measure

        return measure(20_000 if asked.quick else 1_000_000)

    measures: dict[str, tuple[str, Callable[[], list[Row]]]] = {
        "exchange": (
            f"Sending and opening {size // 1_000_000} MB, {'plain HTTP' if asked.plain else 'TLS'}; less is better",
            exchange,
        ),
        "commands": (f"Sealing commands on {size // 1_000_000} MB, X25519", commands),
        "sealing": ("Sealing in memory and on files, hybrid post-quantum", sealing),
        "log": ("The log", log),
    }
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    wanted = asked.only.split(",")
    unknown = set(wanted) - set(SUBJECTS)
    if unknown:
        raise SystemExit(f"--only: not {', '.join(sorted(unknown))}, but some of {', '.join(SUBJECTS)}")
    for name in SUBJECTS:
        if name in wanted:
            title, measured = measures[name]
            show(title, measured())
    for peer in dict.fromkeys(missing):
        print(f"\nNot installed, and so not compared: {peer}. {HINTS[peer]}")


if __name__ == "__main__":
    main()
