"""Completion, tried in bash itself."""

import shutil
import subprocess
import sys

import pytest

from scelle.cli import catalogue

BASH = shutil.which("bash")


def completed(*words: str) -> list[str]:
    """What bash offers after these words; the last one is being typed."""
    script = subprocess.run(
        [sys.executable, "-m", "scelle.cli.main", "completion", "bash"], capture_output=True, check=True
    ).stdout.decode()
    typed = " ".join(f"'{word}'" for word in ("scelle", *words))
    script += f'\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}; _scelle; printf "%s\\n" "${{COMPREPLY[@]}}"\n'
    assert BASH is not None
    done = subprocess.run([BASH, "--norc", "-u"], input=script.encode(), capture_output=True, check=False)
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.skipif(BASH is None, reason="no bash here")
def test_bash() -> None:
    first = completed("")
    assert {name.partition(" ")[0] for name in catalogue.COMMANDS} <= set(first)
    assert completed("fre") == ["freeze", "freezes"]
    assert completed("desk", "") == ["list", "add", "remove"]
    assert completed("log", "ta") == ["tail"]
    assert {"--to", "--purpose", "--collected", "--json"} <= set(completed("send", "--"))
    assert completed("desk", "add", "--ti") == ["--title"]
    assert {"transfer", "key", "desk", "org", "service"} <= set(completed("freeze", ""))
    assert completed("freeze", "transfer", "--rea") == ["--reason"]


def test_every_shell_has_a_script_for_every_command() -> None:
    for shell in ("zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-m", "scelle.cli.main", "completion", shell], capture_output=True, check=True
        )
        text = done.stdout.decode()
        assert all(name.rpartition(" ")[2] in text for name in catalogue.COMMANDS)
