"""A relay on loopback that stands for the network: it forwards bytes as they are, and can be made slow.

A download on loopback is over before a person could cut it off. Throttling has no place in the product, so the
demonstration's members reach their service through this.
"""

import socket
import time
from contextlib import suppress
from threading import Thread

_BLOCK = 1 << 18
_SLOW_BLOCK = 1 << 14
_TIMEOUT = 0.2
_DOWNLOAD = 1 << 20


class Relay:
    """Forwards connections from a port of its own to another port of this computer, until closed.

    `rate`: bytes a second towards the members, None for as fast as it goes; may be changed at any time. `passed`:
    bytes forwarded so far in downloads (a connection counts as one from its second megabyte); `last`: when the last
    of them went, by the monotonic clock.
    """

    def __init__(self, target: int) -> None:
        self.rate: int | None = None
        self.passed = 0
        self.last = 0.0
        self._target = target
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(_TIMEOUT)
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, name="relay", daemon=True).start()

    def close(self) -> None:
        """Accept nothing more; connections end with their peers."""
        self._closed = True

    def _accept(self) -> None:
        with self._listener:
            while not self._closed:
                with suppress(TimeoutError):
                    near, _ = self._listener.accept()
                    self._join(near)

    def _join(self, near: socket.socket) -> None:
        far = socket.socket()
        if self.rate is not None:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # so that little is on its way at any time
        try:
            far.connect(("127.0.0.1", self._target))
        except OSError:
            near.close()
            far.close()
            return
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        near.settimeout(None)
        up = Thread(target=self._pump, args=(near, far, False), daemon=True)
        up.start()
        Thread(target=self._down, args=(far, near, up), daemon=True).start()

    def _down(self, far: socket.socket, near: socket.socket, up: Thread) -> None:
        self._pump(far, near, True)
        up.join()
        far.close()
        near.close()

    def _pump(self, source: socket.socket, target: socket.socket, down: bool) -> None:
        room = memoryview(bytearray(_BLOCK))
        total = 0
        with suppress(OSError):
            while True:
                rate = self.rate if down else None
                count = source.recv_into(room[: _BLOCK if rate is None else _SLOW_BLOCK])
                if not count:
                    break
                target.sendall(room[:count])
                total += count
                if down and total > _DOWNLOAD:
                    self.passed += count
                    self.last = time.monotonic()
                if rate is not None:
                    time.sleep(count / rate)
        for one, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with suppress(OSError):
                one.shutdown(how)
