"""A ledger whose process is killed: what was acknowledged is there, and it goes on."""

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from ledger_kit import (
    ORIGINS,
    adding,
    check_entry,
    commitment_of,
    entry,
    open_ledger,
    sizes,
    transfer_id,
    verified_text,
)
from scelle.ports import ACTIVITY, LogPosition
from scelle.storage.audit import check_ledger

TESTS = Path(__file__).parent.parent


def run_and_kill(path: Path, after_s: float) -> dict[str, int]:
    """Let a child write for a while, kill it, and return the last acknowledged index of each log."""
    command = [sys.executable, str(Path(__file__).with_name("ledger_child.py")), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(TESTS)}) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        time.sleep(after_s)
        child.kill()
        acknowledged = {"A": -1, "D": -1}
        for line in child.stdout.read().split(b"\n")[:-1]:
            log, index = line.split()
            acknowledged[log.decode()] = int(index)
    return acknowledged


@pytest.mark.slow
def test_what_was_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    random = Random(1)
    for _ in range(6):
        acknowledged = run_and_kill(path, random.uniform(0.02, 0.5))
        with closing(open_ledger(path)) as ledger:
            declared, entries = sizes(ledger)
            assert entries > acknowledged["A"]
            assert declared > acknowledged["D"]
            for index in {0, entries // 2, acknowledged["A"], entries - 1} - {-1}:
                number = index
                found = ledger.read(lambda r, n=number: (r.record(n), r.transfer(transfer_id(n))))  # type: ignore[misc]
                assert found[0] is not None
                assert found[0].record == entry(number).record
                assert found[1] is not None
                position = ledger.read(lambda r, n=number: r.position_of(b"statement %d" % n))  # type: ignore[misc]
                assert position == LogPosition(ACTIVITY, index)
                check_entry(ledger, position, commitment_of(entry(number)))
            assert ledger.read(lambda r, n=entries: r.transfer(transfer_id(n))) is None  # type: ignore[misc]
        assert check_ledger(path, origins=ORIGINS, verify=verified_text) == []


def test_a_second_process_is_told_who_owns_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(open_ledger(path)) as ledger:
        ledger.submit(adding(0)).result()
        command = [sys.executable, str(Path(__file__).with_name("ledger_child.py")), str(path)]
        child = subprocess.run(command, capture_output=True, env={"PYTHONPATH": str(TESTS)}, check=False, timeout=30)
        assert child.returncode != 0
        assert b"storage.in-use" in child.stderr
        assert check_ledger(path, origins=ORIGINS, verify=verified_text) == []
