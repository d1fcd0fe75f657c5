"""The unlock agent: a background process that holds a vault's store key for a while, for its own user only.

It listens on a socket in the home folder (a named pipe on Windows), answers only who knows the key in `agent.json`
(mode 0600), and ends by itself. Requests and answers are plain bytes; nothing is ever unpickled.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from scelle.base.codec import Fields, decode_json, encode_base64, encode_json
from scelle.base.errors import MalformedError
from scelle.client.home import read_private, write_private

if TYPE_CHECKING:
    from multiprocessing.connection import Connection, Listener

DESCRIPTION = "agent.json"
_SOCKET = "agent.sock"
_LONGEST_PATH = 100  # bytes; a socket's path is limited to 104 on macOS, 108 on Linux
_PATIENCE = 5.0  # seconds for a peer that connected and says nothing
_TICK = 1.0  # seconds between looks at the clock; a sleeping computer stops the monotonic one


def serve(
    folder: Path,
    store_key: bytes,
    *,
    expired: Callable[[], bool],
    draw: Callable[[int], bytes],
    ready: Callable[[], None],
    tick: float = _TICK,
) -> None:
    """Hold the key until `expired` says so or somebody asks to lock; `ready` is called once it can be asked.

    `expired` is asked at every request and every `tick` seconds. Raises a file error.
    """
    from multiprocessing.connection import Listener

    authkey = draw(32)
    address, own_folder = _address(folder, draw)
    with Listener(address, authkey=authkey) as listener:
        if sys.platform != "win32":
            Path(address).chmod(0o600)
        description = encode_json({"scelle": 1, "address": address, "authkey": encode_base64(authkey)})
        write_private(folder / DESCRIPTION, description)
        done = Event()
        watch = Thread(target=_watch, args=(folder, expired, done, tick), daemon=True)
        watch.start()
        try:
            ready()
            while not done.is_set():
                _answer(listener, store_key, expired, done)
        finally:
            done.set()
            if read_private(folder / DESCRIPTION) == description:  # else another agent has taken over
                (folder / DESCRIPTION).unlink(missing_ok=True)
    if own_folder is not None:
        with suppress(OSError):
            own_folder.rmdir()


def _address(folder: Path, draw: Callable[[int], bytes]) -> tuple[str, Path | None]:
    """Where to listen; a home whose path is too long for a socket gets a private folder elsewhere."""
    if sys.platform == "win32":
        return rf"\\.\pipe\scelle-{draw(16).hex()}", None
    path = folder / _SOCKET
    own_folder = None
    if len(os.fsencode(path)) > _LONGEST_PATH:
        from tempfile import mkdtemp

        own_folder = Path(mkdtemp(prefix="scelle-"))  # 0700 by its contract
        path = own_folder / _SOCKET
    path.unlink(missing_ok=True)
    return str(path), own_folder


def _answer(listener: "Listener", store_key: bytes, expired: Callable[[], bool], done: Event) -> None:
    """Serve one connection; whoever breaks the rules is dropped, and the agent goes on."""
    from multiprocessing import AuthenticationError

    with suppress(AuthenticationError, OSError, EOFError), listener.accept() as connection:
        if expired():
            done.set()
        if not connection.poll(_PATIENCE):
            return
        request = connection.recv_bytes(16)
        if request == b"lock":
            done.set()
            connection.send_bytes(b"locked")
        elif request == b"key":
            connection.send_bytes(b"" if done.is_set() else store_key)


def _watch(folder: Path, expired: Callable[[], bool], done: Event, tick: float) -> None:
    while not done.wait(tick):
        if expired():
            done.set()
            _ask(folder, b"lock")  # wakes the listener
            return


def stored_key(folder: Path) -> bytes | None:
    """The store key from the agent of this home; None when none is running. Never waits for long."""
    answer = _ask(folder, b"key")
    return answer if answer is not None and len(answer) == 32 else None


def stop(folder: Path) -> bool:
    """End the agent of this home; whether there was one."""
    return _ask(folder, b"lock") is not None


def _ask(folder: Path, request: bytes) -> bytes | None:
    data = read_private(folder / DESCRIPTION)
    if data is None:
        return None
    from multiprocessing import AuthenticationError

    # An agent that was killed leaves its description behind: that is the same as no agent.
    with suppress(MalformedError, AuthenticationError, OSError, EOFError), _connect(data) as connection:
        connection.send_bytes(request)
        if connection.poll(_PATIENCE):
            return connection.recv_bytes(64)
    return None


def _connect(description: bytes) -> "Connection":
    from multiprocessing.connection import Client

    fields = Fields(decode_json(description, what=DESCRIPTION), DESCRIPTION)
    fields.integer("scelle", low=1, high=1)
    address, authkey = fields.text("address"), fields.data("authkey", size=32)
    fields.done()
    return Client(address, authkey=authkey)
