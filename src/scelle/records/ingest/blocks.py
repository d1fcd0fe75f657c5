"""The bytes of a file as UTF-8 blocks that end at line ends, with bounded memory whatever the file holds."""

import codecs
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

from scelle.records.ingest.errors import EncodingError, FileUnreadableError, LineTooLongError

MAX_LINE: Final = 1 << 20
"""Longest line, in bytes; a longer one is refused before it is read whole."""

_WINDOW: Final = 1 << 16


def _c1(error: UnicodeError) -> tuple[str, int]:
    """The five bytes that Windows-1252 leaves open, as the control characters of Latin-1: nothing is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("scelle-c1", _c1)


def open_file(path: Path) -> BufferedReader:
    """The file, opened. Raises FileUnreadableError."""
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        raise FileUnreadableError(file=str(path), why=why) from None


def utf8_blocks(path: Path, *, skip: int, encoding: str, size: int, line: int = 1) -> Iterator[bytes]:
    """Blocks of about `size` bytes as UTF-8, each ended by a line end but perhaps the last.

    `skip`: bytes to leave out at the start (the byte order mark, the header). `line`: number of the first line behind
    them, for errors. A block ends outside quotes where that can be had. Bytes that are not UTF-8 in a file said to be
    UTF-8 are passed on as they are.

    Raises:
        EncodingError: broken UTF-16.
        LineTooLongError: no line end within MAX_LINE.
        FileUnreadableError: the system refuses.
    """
    with open_file(path) as file:
        try:
            if encoding in {"utf-8", "ascii"}:
                yield from _direct(file, path, skip=skip, size=size)
            else:
                yield from _decoded(file, path, skip=skip, encoding=encoding, size=size, line=line)
        except OSError as error:
            raise FileUnreadableError(file=str(path), why=error.strerror or "I/O") from None


def _direct(file: BufferedReader, path: Path, *, skip: int, size: int) -> Iterator[bytes]:
    """Looks for the last line end of a block first, then reads exactly up to it: no copy."""
    end = file.seek(0, 2)
    start = skip
    while start < end:
        stop = min(start + size, end)
        if stop < end:
            stop = _line_end(file, start, stop, end)
        if stop < 0:
            raise LineTooLongError(file=str(path), line=_lines_before(file, start + size), limit=MAX_LINE)
        file.seek(start)
        block = file.read(stop - start)
        if not block:  # the file became shorter under our hands
            break
        if stop < end and b'"' in block and block.count(b'"') % 2:
            block = _even(block)
        yield block
        start += len(block)


def _lines_before(file: BufferedReader, position: int) -> int:
    """The number of the line that a position of the file is in; the file is read again for it, piece by piece."""
    file.seek(0)
    lines = 1
    while position > 0:
        piece = file.read(min(_WINDOW, position))
        if not piece:
            break
        lines += piece.count(b"\n")
        position -= len(piece)
    return lines


def _line_end(file: BufferedReader, start: int, stop: int, end: int) -> int:
    """Position after the last line end before `stop`, else after the first one behind it; -1: none within MAX_LINE."""
    low = stop
    while low > start and stop - low < MAX_LINE:
        low = max(start, low - _WINDOW)
        file.seek(low)
        at = file.read(min(_WINDOW, stop - low)).rfind(b"\n")
        if at >= 0:
            return low + at + 1
    high = stop
    while high < end:
        if high - low > MAX_LINE:
            return -1
        file.seek(high)
        window = file.read(_WINDOW)
        at = window.find(b"\n")
        if at >= 0:
            return high + at + 1
        high += len(window)
    return end


def _even(block: bytes) -> bytes:
    """The block up to the last line end that is outside quotes; the whole block when none is near its end."""
    quotes = block.count(b'"')
    stop = len(block)
    while len(block) - stop < MAX_LINE:
        cut = block.rfind(b"\n", 0, stop - 1) + 1
        if cut == 0:
            break
        quotes -= block.count(b'"', cut, stop)
        stop = cut
        if quotes % 2 == 0:
            return block[:cut]
    return block


def _decoded(file: BufferedReader, path: Path, *, skip: int, encoding: str, size: int, line: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("scelle-c1" if encoding == "cp1252" else "strict")
    file.seek(skip)
    rest = b""
    last = False
    while not last:
        data = file.read(size)
        last = not data
        try:
            block = rest + decoder.decode(data, last).encode("utf-8")
        except UnicodeError:
            raise EncodingError(file=str(path), encoding=encoding, line=line + rest.count(b"\n")) from None
        cut = len(block) if last else block.rfind(b"\n") + 1
        if len(block) - cut > MAX_LINE:
            raise LineTooLongError(file=str(path), line=line + block.count(b"\n", 0, cut), limit=MAX_LINE)
        ready, rest = block[:cut], block[cut:]
        if not last and ready.count(b'"') % 2:
            even = _even(ready)
            ready, rest = even, ready[len(even) :] + rest
        if ready:
            yield ready
            line += ready.count(b"\n")
