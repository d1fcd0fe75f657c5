"""The process of the unlock agent: how it is started, and what it does (`python -m scelle.app.agent`)."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

from scelle.app.clock import Clock, SystemClock
from scelle.app.randomness import draw
from scelle.base.codec import Fields, decode_json, encode_base64, encode_json
from scelle.base.errors import Exit, RoadError

_READY = b"ready\n"
_GRACE = 10  # seconds after which the process ends whatever it is doing


class AgentError(RoadError):
    """The unlock agent did not start."""

    code = "vault.agent"
    exit_status = Exit.LOCKED
    http_status = 500


def start(folder: Path, store_key: bytes, *, seconds: int) -> None:
    """Start an agent that holds the key for so many seconds; it can be asked once this returns. Raises AgentError.

    The key goes through a pipe: it is never in an argument, in the environment or in a file.
    """
    order = {"folder": str(folder.resolve()), "key": encode_base64(store_key), "seconds": seconds}
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    process = subprocess.Popen(
        [sys.executable, "-m", "scelle.app.agent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,  # POSIX; it outlives the terminal
        creationflags=flags,  # the same on Windows
    )
    ready = False
    if process.stdin is not None and process.stdout is not None:
        with suppress(BrokenPipeError), process.stdin as given:
            given.write(encode_json(order))
        with process.stdout as answers:
            ready = answers.readline() == _READY
    if not ready:
        raise AgentError  # otherwise it runs on, and nobody waits for it


def main() -> None:
    """Read the order, hold the key, end."""
    from scelle.client.agent import serve

    _no_core_dump()
    fields = Fields(decode_json(sys.stdin.buffer.read(), what="order"), "order")
    folder, key, seconds = Path(fields.text("folder")), fields.data("key", size=32), fields.integer("seconds")
    clock = SystemClock()
    last_resort = Timer(seconds + _GRACE, os._exit, args=(0,))
    last_resort.daemon = True
    last_resort.start()
    serve(folder, key, expired=Deadline(clock, seconds), draw=draw, ready=_ready)


class Deadline:
    """Tells whether so many seconds have passed, by either clock: one stops in sleep, the other can be set back."""

    def __init__(self, clock: Clock, seconds: int) -> None:
        self._clock = clock
        self._wall = clock.now() + seconds
        self._monotonic = clock.monotonic() + seconds

    def __call__(self) -> bool:
        """Whether the time is over."""
        return self._clock.now() >= self._wall or self._clock.monotonic() >= self._monotonic


def _ready() -> None:
    """Tell the parent, and let go of its pipe."""
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _no_core_dump() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
