"""`scelle seal` and `unseal` as commands, against the `age` command and a copy: whole processes, file to file.

Scellé's output is on the disk when the command returns; that of `cp` and `age` is not, and so they are measured a
second time with a `sync` of their output.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.exchange import spend
from benchmarks.table import Row

from scelle.cli.demo_files import large


def measure(size: int, *, rounds: int = 3, folder: Path | None = None) -> tuple[list[Row], list[str]]:
    """Rows, and the peers that are not installed. `size`: bytes. Keys are X25519: Debian's age knows no other."""
    age, keygen = shutil.which("age"), shutil.which("age-keygen")
    missing = [] if age and keygen else ["age"]
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix="scelle-bench-") as made:
        place = Path(made)
        plain, key = place / "plain", place / "key"
        large(plain, size, draw=os.urandom)
        spend(["keygen", "--x25519", "--output", str(key)])
        recipient = key.read_text().partition("public key: ")[2].split()[0]
        acts: dict[str, tuple[list[str], list[str] | None]] = {
            "copy (cp)": ([str(plain), str(place / "copy")], ["cp"]),
            "scelle seal": (["seal", "-r", recipient, "-o", str(place / "sealed"), str(plain)], None),
            "scelle unseal": (["unseal", "-i", str(key), "-o", str(place / "opened"), str(place / "sealed")], None),
        }
        if age:
            acts["age, encrypt"] = (["-r", recipient, "-o", str(place / "peer"), str(plain)], [age])
            acts["age, decrypt"] = (["-d", "-i", str(key), "-o", str(place / "back"), str(place / "peer")], [age])
        for label in ("copy (cp)", "age, encrypt", "age, decrypt"):
            if label in acts:
                words, program = acts[label]
                target = words[-1] if program == ["cp"] else words[words.index("-o") + 1]
                script = ['"$@" && sync "$0"', target, *(program or []), *words]
                acts[f"{label}, synced"] = (["-c", *script], ["sh"])
        for _ in range(rounds):
            for label, (words, program) in acts.items():
                seconds.setdefault(label, []).append(spend(words, program=program)[0].seconds)
                for name in ("copy", "opened", "back"):
                    (place / name).unlink(missing_ok=True)
        if subprocess.run(["cmp", plain, _again(place, key)], check=False).returncode:
            raise RuntimeError("what was unsealed is not what was sealed")
    rates = {label: size / (1 << 20) / statistics.median(taken) for label, taken in seconds.items()}
    bases = {"scelle seal": "age, encrypt", "scelle unseal": "age, decrypt"}
    rows = []
    for label, rate in rates.items():
        against = [bases[label], f"{bases[label]}, synced", "copy (cp), synced"] if label in bases else []
        rows.append(Row(label, rate, "MiB/s", {base: rate / rates[base] for base in against if base in rates}))
    return rows, missing


def _again(place: Path, key: Path) -> Path:
    spend(["unseal", "-i", str(key), "-o", str(place / "opened"), str(place / "sealed")])
    return place / "opened"
