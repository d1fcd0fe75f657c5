"""Text scripts of the command line with exact output (tests/scripts/*.txt).

    $ scelle ARGUMENTS [< FILE] [> FILE]    a command; the lines after it are its standard output
    ! text                                  a line of its standard error
    [exit N]                                its exit status, when it is not 0
    % write FILE TEXT                       makes a file with one line      % cut FILE N    keeps its first N bytes
    % key NAME FILE                         $NAME is the public key of an identity file
    % files                                 lists the folder
    # text                                  a comment

Keys are shown as `age1pq1…`; the folder of the script is shown as `DIR`.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "scripts").glob("*.txt"))
_KEYS = re.compile(r"(age1(?:pq1)?|AGE-SECRET-KEY-(?:PQ-)?1)[0-9a-zA-Z]{50,}")
_CREATED = re.compile(r"(# created: ).*")


class Runner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
            "SCELLE_HOME": str(folder / "home"),
            "TZ": "UTC",
            "PYTHONUTF8": "1",
        }

    def run(self, line: str) -> list[str]:
        words = [self.names.get(word, word) for word in shlex.split(line)]
        if words[0] == "%":
            return self.helper(*words[1:])
        source, target = self.redirected(words, "<"), self.redirected(words, ">")
        done = subprocess.run(
            [sys.executable, "-m", "scelle.cli.main", *words[2:]],
            input=b"" if source is None else (self.folder / source).read_bytes(),
            capture_output=True,
            cwd=self.folder,
            env=self.environ,
            timeout=60,
            check=False,
        )
        out = done.stdout
        if target is not None:
            (self.folder / target).write_bytes(out)
            out = b""
        shown = out.decode().splitlines() + [f"! {each}".rstrip() for each in done.stderr.decode().splitlines()]
        return [*map(self.tidy, shown), *([f"[exit {done.returncode}]"] if done.returncode else [])]

    def redirected(self, words: list[str], sign: str) -> str | None:
        if sign not in words:
            return None
        place = words.index(sign)
        name = words[place + 1]
        del words[place : place + 2]
        return name

    def tidy(self, line: str) -> str:
        line = line.replace(str(self.folder), "DIR").replace("\u00a0", "~")
        return _CREATED.sub(r"\1…", _KEYS.sub(r"\1…", line))

    def helper(self, verb: str, *rest: str) -> list[str]:
        if verb == "write":
            (self.folder / rest[0]).write_text(rest[1] + "\n", encoding="utf-8")
        elif verb == "cut":
            (self.folder / rest[0]).write_bytes((self.folder / rest[0]).read_bytes()[: int(rest[1])])
        elif verb == "key":
            text = (self.folder / rest[1]).read_text("utf-8")
            self.names[f"${rest[0]}"] = text.partition("# public key: ")[2].split("\n")[0]
        elif verb == "files":
            return sorted(path.name for path in self.folder.iterdir())
        else:
            raise ValueError(verb)
        return []


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    line, expected = "", list[str]()
    for each in text.splitlines():
        if each.startswith("#") and not each.startswith("# created") and not each.startswith("# public"):
            continue
        if each.startswith(("$ ", "% ")):
            if line:
                yield line, expected
            line, expected = each, []
        else:
            expected.append(each)
    yield line, expected


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    played, wanted = [], []
    for line, expected in steps(script.read_text("utf-8")):
        while expected and not expected[-1]:
            expected.pop()
        played += [line, *runner.run(line)]
        wanted += [line, *expected]
    assert played == wanted
