"""The stage of the demonstration: a folder, a service in a process of its own, members' homes, commands run for real.

Every command is a process of its own, as in a terminal. Passphrases go in by standard input (`--passphrase-fd 0`),
never by an argument.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path

from scelle.cli.demo_relay import Relay

_TIMEOUT = 120.0  # seconds for one command; the longest takes a few
_STOPPING = 20.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has run. `shown`: as a person would have typed it."""

    who: str
    shown: str
    status: int
    out: str
    err: str
    seconds: float


@dataclass(slots=True)
class Member:
    """Someone with a home of their own: `folder` holds it (`home`) and their files."""

    who: str
    folder: Path
    passphrase: str = field(repr=False)

    @property
    def home(self) -> Path:
        """The home folder."""
        return self.folder / "home"


class Stage:
    """Owns processes and folders; `close` ends and, unless they are to be kept, removes them."""

    def __init__(self, folder: Path, *, lang: str, sweep_seconds: int = 1) -> None:
        self.folder = folder
        self.data = folder / "service"
        self.events = folder / "service-events.jsonl"
        self.relay: Relay | None = None
        self._lang = lang
        self._members: list[Member] = []
        self._background: list[subprocess.Popen[str]] = []
        self._service: subprocess.Popen[str] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SCELLE_")}
        self._environment = {
            **kept,
            "PYTHONIOENCODING": "utf-8",
            "SCELLE_HOME": str(folder / "nobody"),
            "SCELLE_SWEEP_SECONDS": str(sweep_seconds),
        }

    # --- the service ----------------------------------------------------------------------------------------

    def open_network(self) -> tuple[int, str]:
        """Find a port for the service and put the relay before it; the port and the members' address."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = int(found.getsockname()[1])
        self.relay = Relay(port)
        return port, f"http://127.0.0.1:{self.relay.port}"

    def start_service(self) -> str:
        """Run the service on its data; returns the line with which it says that it answers, or what it said instead."""
        with self.events.open("a", encoding="utf-8") as events:
            self._service = subprocess.Popen(
                self._words(["service", "run", "--data", str(self.data)]),
                stdout=subprocess.PIPE,
                stderr=events,
                env=self._environment,
                encoding="utf-8",
            )
        line = self._service.stdout.readline() if self._service.stdout is not None else ""
        return line.strip() or self.events.read_text("utf-8").strip()

    @property
    def service_pid(self) -> int | None:
        """Process id of the running service."""
        return None if self._service is None else self._service.pid

    # --- commands -------------------------------------------------------------------------------------------

    def member(self, who: str, passphrase: str) -> Member:
        """Someone who is about to join."""
        member = Member(who, self.folder / who, passphrase)
        member.folder.mkdir(parents=True)
        self._members.append(member)
        return member

    def run(
        self,
        words: Sequence[str],
        *,
        member: Member | None = None,
        unlocking: bool = False,
        hide: Sequence[str] = (),
        cwd: Path | None = None,
    ) -> Ran:
        """Run one command to its end. `unlocking`: hand the passphrase in. `hide`: words shown shortened."""
        process, shown = self._begin(words, member, unlocking, hide, cwd)
        return self._finish(process, shown, member, unlocking, time.monotonic())

    def run_here(self, words: Sequence[str], *, member: Member | None = None) -> Ran:
        """Run one command within this process, which saves the time to start one. Not for several threads."""
        from scelle.cli import main

        began = time.monotonic()
        out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
        home = self.folder / "nobody" if member is None else member.home
        with redirect_stdout(out), redirect_stderr(err):
            status = main.run([*words, "--home", str(home), "--lang", self._lang])
        for stream in (out, err):
            stream.seek(0)
        who = "operator" if member is None else member.who
        shown = "scelle " + " ".join(words)
        return Ran(who, shown, status, out.read(), err.read(), time.monotonic() - began)

    def begin(self, words: Sequence[str], *, member: Member) -> "Running":
        """Run a command in the background."""
        began = time.monotonic()
        process, shown = self._begin(words, member, False, (), None)
        self._background.append(process)
        return Running(self, process, shown, member, began)

    def _words(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "scelle.cli.main", *words, "--lang", self._lang]

    def _begin(
        self, words: Sequence[str], member: Member | None, unlocking: bool, hide: Sequence[str], cwd: Path | None
    ) -> "tuple[subprocess.Popen[str], str]":
        added = [] if member is None else ["--home", str(member.home)]
        if unlocking:
            added += ["--passphrase-fd", "0"]
        process = subprocess.Popen(
            self._words([*words, *added]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            cwd=cwd or (self.folder if member is None else member.folder),
            encoding="utf-8",
        )
        return process, "scelle " + " ".join(_shown(word, word in hide) for word in words)

    def _finish(
        self, process: "subprocess.Popen[str]", shown: str, member: Member | None, unlocking: bool, began: float
    ) -> Ran:
        given = member.passphrase + "\n" if member is not None and unlocking else None
        try:
            out, err = process.communicate(given, timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        who = "operator" if member is None else member.who
        return Ran(who, shown, process.returncode, out, err, time.monotonic() - began)

    # --- the end --------------------------------------------------------------------------------------------

    def close(self, *, keep: bool) -> None:
        """Close every home, stop the service, and remove the folder unless it is to be kept."""
        from scelle.client import agent

        for process in self._background:
            if process.poll() is None:
                process.kill()
                process.communicate()
        for member in self._members:
            agent.stop(member.home)
        if self._service is not None:
            self._service.send_signal(signal.SIGTERM)
            try:
                self._service.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                self._service.kill()
                self._service.wait()
            if self._service.stdout is not None:
                self._service.stdout.close()
        if self.relay is not None:
            self.relay.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(slots=True)
class Running:
    """A command in the background."""

    _stage: Stage
    _process: "subprocess.Popen[str]"
    shown: str
    _member: Member
    _began: float

    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def finish(self) -> Ran:
        """Wait for its end."""
        return self._stage._finish(self._process, self.shown, self._member, False, self._began)


def _shown(word: str, hidden: bool) -> str:
    if hidden:
        return f"{word[:13]}…"
    return f'"{word}"' if " " in word else word
