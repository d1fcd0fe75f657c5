"""Text scripts of the command line with exact output (tests/scripts/*.txt).

    $ scelle ARGUMENTS [< FILE] [> FILE]    a command; the lines after it are its standard output
    HOME$ scelle ARGUMENTS                  the same, as the member of that home
    ! text                                  a line of its standard error
    [exit N]                                its exit status, when it is not 0
    % write FILE TEXT                       makes a file with one line      % cut FILE N    keeps its first N bytes
    % key NAME FILE                         $NAME is the public key of an identity file
    % files                                 lists the folder                % remove PATH   removes a file or folder
    % service                               runs a service at $URL          % invite ORG NAME   $NAME is a code for it
    % let NAME HOME PATH ARGUMENTS          $NAME is what PATH (`transfers.0.id`) names in the document of a command
    % wait HOME KIND                        until the activity log has a record of this kind
    # text                                  a comment

Keys are shown as `age1pq1…`; the folder of the script is shown as `DIR`. What `let` named is shown by its name, also
where it is abbreviated; other keys of members are `KEY`, times `TIME`, days `DAY`. Members of a service have their keys
in the open, to be quick: the warning about it is left out.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flows.service_process_kit import ServiceProcess, running_service

SCRIPTS = sorted((Path(__file__).parent.parent / "scripts").glob("*.txt"))
_MASKS = (
    (re.compile(r"(age1(?:pq1)?|AGE-SECRET-KEY-(?:PQ-)?1)[0-9a-zA-Z]{50,}"), r"\1…"),
    (re.compile(r"(# created: ).*"), r"\1…"),
    (re.compile(r"scelle1(?:-[a-z2-7]{1,5})+"), "CODE"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "KEY"),
    (re.compile(r"\b(root|racine) [0-9a-f]{16}…"), r"\1 …"),
    (re.compile(r"^[a-z2-7]{8}(?=  )"), "ID______"),
    (re.compile(r"(Sent as transfer|\(freeze|\(gel|scelle lift|scelle confirm) [a-z2-7]{8}\b"), r"\1 ID"),
    (re.compile(r"\b20\d\d-\d\d-\d\d~\d\d:\d\d"), "TIME".ljust(16, "_")),
    (re.compile(r"\b\d{1,2}(?:er)?~[A-Za-zéû]+~20\d\d(?:, \d\d:\d\d| à \d+~h~\d\d)"), "TIME"),
    (re.compile(r"\b\d{1,2}(?:er)?~[A-Za-zéû]+~20\d\d"), "DAY"),
)
_PLAIN = ("your keys are on this disk without a passphrase", "vos clés sont sur ce disque sans phrase de passe")


class Runner:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.service: ServiceProcess | None = None
        self.names: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
            "TZ": "UTC",
            "PYTHONUTF8": "1",
        }

    def run(self, line: str) -> list[str]:
        words = [self.names.get(word, word) for word in shlex.split(line)]
        if words[0] == "%":
            return self.helper(*words[1:])
        source, target = self.redirected(words, "<"), self.redirected(words, ">")
        done = self.scelle(
            words[0].rstrip("$") or "home", words[2:], b"" if source is None else (self.folder / source).read_bytes()
        )
        out = done.stdout
        if target is not None:
            (self.folder / target).write_bytes(out)
            out = b""
        errors = [each for each in done.stderr.decode().splitlines() if not each.endswith(_PLAIN)]
        shown = out.decode().splitlines() + [f"! {each}".rstrip() for each in errors]
        return [*map(self.tidy, shown), *([f"[exit {done.returncode}]"] if done.returncode else [])]

    def scelle(self, home: str, arguments: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "scelle.cli.main", *arguments],
            input=given,
            capture_output=True,
            cwd=self.folder,
            env={**self.environ, "SCELLE_HOME": str(self.folder / home)},
            timeout=60,
            check=False,
        )

    def redirected(self, words: list[str], sign: str) -> str | None:
        if sign not in words:
            return None
        place = words.index(sign)
        name = words[place + 1]
        del words[place : place + 2]
        return name

    def tidy(self, line: str) -> str:
        line = line.replace(str(self.folder), "DIR").replace("\u00a0", "~")
        for value, name in self.shown.items():
            line = line.replace(value, name).replace(value[:8], name)
        for pattern, mask in _MASKS:
            line = pattern.sub(mask, line)
        return re.sub(r" +$", "", line)

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
        elif verb == "remove":
            place = self.folder / rest[0]
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        elif verb == "service":
            self.service = self.stack.enter_context(running_service(self.folder))
            self.names["$URL"] = self.service.url
            self.shown[self.service.url] = "URL"
        elif verb == "invite":
            assert self.service is not None
            self.names[f"${rest[1]}"] = self.service.invite(rest[0])
        elif verb == "wait":
            self.wait(*rest)
        elif verb == "let":
            self.let(*rest)
        else:
            raise ValueError(verb)
        return []

    def wait(self, home: str, kind: str) -> None:
        for _ in range(50):
            done = self.scelle(home, ["log", "tail", "--json"])
            if kind in {each["kind"] for each in json.loads(done.stdout)["records"]}:
                return
            time.sleep(0.2)
        raise AssertionError(f"no {kind} in the log")

    def let(self, name: str, home: str, path: str, *arguments: str) -> None:
        done = self.scelle(home, [*arguments, "--json"])
        assert not done.returncode, done.stderr
        found: Any = json.loads(done.stdout)
        for step in path.split("."):
            found = found[int(step) if step.isdigit() else step]
        self.names[f"${name}"] = found
        if not found.startswith("scelle1"):
            # The name takes the room of an abbreviated id, so that tables stay aligned.
            self.shown[found] = name.ljust(8, "_")


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    line, expected = "", list[str]()
    for each in text.splitlines():
        if each.startswith("#") and not each.startswith("# created") and not each.startswith("# public"):
            continue
        if re.match(r"(?:[a-z]*\$|%) ", each):
            if line:
                yield line, expected
            line, expected = each, []
        else:
            expected.append(each)
    yield line, expected


def _marked(script: Path) -> Any:
    slow = "% service" in script.read_text("utf-8")
    return pytest.param(script, id=script.stem, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("script", [_marked(path) for path in SCRIPTS])
def test_script(script: Path, tmp_path: Path) -> None:
    played, wanted = [], []
    with ExitStack() as stack:
        runner = Runner(tmp_path, stack)
        for line, expected in steps(script.read_text("utf-8")):
            while expected and not expected[-1]:
                expected.pop()
            played += [line, *runner.run(line)]
            wanted += [line, *expected]
    assert played == wanted
