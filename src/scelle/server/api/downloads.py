"""Downloading parts: single ranges, cut off as soon as they may not go on (spec/api.md, Releasing)."""

import re
from asyncio import Future
from collections.abc import AsyncGenerator

from scelle.exchange.refusals import RangeUnsatisfiableError
from scelle.server.api.calls import Call, Headers, Stream
from scelle.server.api.services import Services
from scelle.server.service.opening import PartReader

CHUNK = 1 << 20
"""Bytes that are read and sent at a time."""

_RANGE = re.compile(rb"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))\Z")


def parse_range(header: bytes | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of a Range header (RFC 9110 §14.1.2); None when there is none.

    Raises RangeUnsatisfiableError, also for several ranges: nobody needs them.
    """
    if header is None:
        return None
    found = _RANGE.match(header)
    if found is None:
        raise RangeUnsatisfiableError(size=size)
    first, last, suffix = found.groups()
    if suffix is not None:
        start, stop = max(0, size - int(suffix)), size
    else:
        start, stop = int(first), size if last is None else min(size, int(last) + 1)
    if not start < stop:
        raise RangeUnsatisfiableError(size=size)
    return start, stop


async def part(services: Services, call: Call) -> Stream:
    """GET: sealed bytes of a part."""
    reader = await call.in_thread(services.opening.download, call.asker, call.transfer, int(call.path["part"]))
    try:
        found = parse_range(call.headers.get(b"range"), reader.size)
    except RangeUnsatisfiableError:
        reader.close()
        raise
    start, stop = found or (0, reader.size)
    headers: Headers = [(b"accept-ranges", b"bytes")]
    if found:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, reader.size)))
    pieces = _pieces(services, call, reader, start, stop)
    return Stream(206 if found else 200, stop - start, pieces, reader.allowed, reader.close, headers=headers)


async def _pieces(
    services: Services, call: Call, reader: PartReader, start: int, stop: int
) -> AsyncGenerator[memoryview, None]:
    """Chunks of the part, each read while the one before is sent."""
    ahead: Future[memoryview] | None = None
    try:
        while start < stop:
            if ahead is None:
                ahead = call.loop.run_in_executor(call.disk, _read, reader, start, min(CHUNK, stop - start))
            piece = await ahead
            start += len(piece)
            ahead = None
            if start < stop:
                ahead = call.loop.run_in_executor(call.disk, _read, reader, start, min(CHUNK, stop - start))
            yield piece
            services.metrics.downloaded.inc(len(piece))
    finally:
        if ahead is not None:
            await ahead  # the reader is closed only once nobody reads


def _read(reader: PartReader, start: int, size: int) -> memoryview:
    # A fresh buffer each time: the transport may still hold the one before.
    view = memoryview(bytearray(size))
    if reader.read_into(start, view) != size:
        raise EOFError("a sealed part is shorter than its row says")
    return view
