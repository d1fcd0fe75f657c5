"""ASCII armor: strict PEM with canonical base64 in lines of 64 columns (C2SP age, "ASCII armor"; RFC 7468 §3).

White space is allowed before the first line and after the last; lines end in LF or CRLF.
"""

from base64 import b64encode

from scelle.age.errors import ArmorCutError, ArmorError
from scelle.base.codec import decode_base64
from scelle.base.errors import MalformedError

BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
END = b"-----END AGE ENCRYPTED FILE-----"
_COLUMNS = 64
_LINE_BYTES = 48
_SPACE = b" \t\r\n"
_MAX_LEADING = 1024
_LONGEST_LINE = max(_COLUMNS, len(BEGIN))


def looks_armored(head: bytes) -> bool:
    """Whether a file's first bytes are meant as armor, well-formed or not; the reader is the strict one.

    No binary age file begins with dashes; armor after other text is recognised, to be refused as bad armor.
    """
    return head.lstrip(_SPACE).startswith(b"-----") or (not head.startswith(b"age-") and BEGIN in head)


class ArmorWriter:
    """Armors bytes that arrive in portions of any size."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._begun = False

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take binary bytes; returns armor."""
        self._held += data
        run = len(self._held) // _LINE_BYTES * _LINE_BYTES
        return self._lines(run)

    def finish(self) -> bytes:
        """The rest of the armor, with its last line."""
        return self._lines(len(self._held)) + END + b"\n"

    def _lines(self, run: int) -> bytes:
        lines = [] if self._begun else [BEGIN]
        self._begun = True
        text = b64encode(bytes(self._held[:run]))
        lines += [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
        del self._held[:run]
        return b"".join(line + b"\n" for line in lines)


class ArmorReader:
    """Reads armor that arrives in portions of any size.

    Bytes decoded before an error are returned first; the next call raises the error.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._leading = 0
        self._begun = False
        self._short = False
        self._ended = False
        self._error: ArmorError | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """Take armor; returns the bytes of the lines that are now complete. Raises ArmorError."""
        if self._error is not None:
            raise self._error
        self._held += data
        found = bytearray()
        try:
            self._read(found)
        except ArmorError as error:
            self._error = error
        return bytes(found)

    def finish(self) -> None:
        """Check that the armor is complete, at the end of the input. Raises ArmorError."""
        if self._error is not None:
            raise self._error
        if self._held:
            self._line(bytes(self._held.removesuffix(b"\r")), bytearray())
        if not self._ended:
            raise ArmorCutError if self._begun else ArmorError(why="no first line")

    def _read(self, found: bytearray) -> None:
        if not self._begun:
            stripped = self._held.lstrip(_SPACE)
            self._leading += len(self._held) - len(stripped)
            if self._leading > _MAX_LEADING:
                raise ArmorError(why="too much white space before the first line")
            self._held = stripped
        start = 0
        while True:
            if self._begun and not self._short:
                start += self._full_lines(start, found)
            end = self._held.find(b"\n", start)
            if end < 0:
                break
            self._line(bytes(self._held[start:end].removesuffix(b"\r")), found)
            start = end + 1
        del self._held[:start]
        if self._ended and not self._held.strip(_SPACE):
            self._held.clear()
        if len(self._held) > _LONGEST_LINE + 1:
            raise ArmorError(why="a line longer than 64 columns")

    def _full_lines(self, start: int, found: bytearray) -> int:
        """Decode a block of full lines at once, if there is one; returns the bytes taken."""
        count = (len(self._held) - start) // (_COLUMNS + 1)
        for run in (count, count - 1) if count > 1 else ():
            block = self._held[start : start + run * (_COLUMNS + 1)]
            text = block.replace(b"\n", b"")
            if block[_COLUMNS :: _COLUMNS + 1] == b"\n" * run and len(text) == run * _COLUMNS and b"=" not in text:
                found += _decode(bytes(text))
                return len(block)
        return 0

    def _line(self, line: bytes, found: bytearray) -> None:
        if self._ended:
            if line.strip(_SPACE):
                raise ArmorError(why="bytes after the last line")
        elif not self._begun:
            if line != BEGIN:
                raise ArmorError(why="first line")
            self._begun = True
        elif line == END:
            self._ended = True
        else:
            if self._short or not line:
                raise ArmorError(why="a short line before the last")
            if len(line) > _COLUMNS:
                raise ArmorError(why="a line longer than 64 columns")
            data = _decode(line)
            found += data
            self._short = len(data) < _LINE_BYTES


def _decode(text: bytes) -> bytes:
    try:
        return decode_base64(text.decode("ascii"))
    except (MalformedError, UnicodeDecodeError):
        raise ArmorError(why="not canonical base64") from None


def armor(data: bytes) -> bytes:
    """Armor a whole file."""
    writer = ArmorWriter()
    return writer.feed(data) + writer.finish()


def dearmor(data: bytes) -> bytes:
    """The binary file inside whole armor. Raises ArmorError."""
    reader = ArmorReader()
    found = reader.feed(data)
    reader.finish()
    return found
