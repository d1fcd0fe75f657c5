"""`make bench` runs, at sizes that measure little."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_benchmark_runs() -> None:
    command = [sys.executable, "-m", "benchmarks.run", "--quick"]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8", timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in ("scelle send, table", "scelle open, noise", "peak memory, service", "scelle whoami", "scelle seal"):
        assert f"  {name} " in ran.stdout
    assert "bare SHA-256" in ran.stdout


def test_an_unknown_subject_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks.run", "--only", "nothing"]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 1
    assert "nothing" in ran.stderr
