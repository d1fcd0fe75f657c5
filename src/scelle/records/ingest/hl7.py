"""HL7 v2 text: messages, segments, fields (HL7 v2.5.1 chapter 2), with the delimiters that each message declares.

Only splitting is done here; `hl7_results` says what the fields mean. Fields are split when they are asked for, as most
never are.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_MESSAGE: Final = 16 << 20
"""Longest message, in bytes (reports of many pages travel inside)."""

_STARTS = re.compile(rb"(?:^|(?<=\r))(?=(?:MSH|FHS|BHS|BTS|FTS)[^\w\s])")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_ESCAPE_ALLOWED = re.compile(r"[^\w\s]")
_CHARSETS: Final = {
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "8859/1": "cp1252",
    "8859/15": "iso8859-15",
    "ASCII": "ascii",
}


class MessageTooLong(Exception):  # noqa: N818 (a signal to the reader of the file, which knows its name)
    """No end of a message within MAX_MESSAGE; the argument is the number of its first line."""


@dataclass(frozen=True)
class Delimiters:
    """The five characters that MSH-1 and MSH-2 declare."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass
class Message:
    """One message: its segments, each a list of fields with the segment's name in front, `MSH-1` put in its place."""

    delimiters: Delimiters
    segments: list[list[str]] = field(default_factory=list)
    joined: int = 0
    """Lines that were no segment and were joined to the one before them."""

    def parts(self, text: str) -> list[str]:
        """Components of the first repetition, with escapes still in."""
        return text.partition(self.delimiters.repetition)[0].split(self.delimiters.component)

    def repetitions(self, text: str) -> list[list[str]]:
        """Components of each repetition that is not empty, with escapes still in."""
        d = self.delimiters
        return [one.split(d.component) for one in text.split(d.repetition) if one]

    def text(self, raw: str) -> str:
        """The text of a field, component or subcomponent without its escapes, trimmed; `""` (delete) is no text."""
        if raw == '""':
            return ""
        return (unescape(raw, self.delimiters) if self.delimiters.escape in raw else raw).strip()

    def sub(self, raw: str, number: int) -> str:
        """A subcomponent, from 1, as text."""
        parts = raw.split(self.delimiters.subcomponent)
        return self.text(parts[number - 1]) if number <= len(parts) else ""


def get(parts: list[str], number: int) -> str:
    """A field of a segment or a component of a field by its HL7 number: components count from 1, fields as in
    segments.
    """
    return parts[number] if number < len(parts) else ""


def split_stream(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pieces of a file that begin with MSH, FHS, BHS, BTS or FTS, each with the number of its first line.

    Segments end with CR, LF or both; the pieces have CR. Frames of MLLP are taken off. What comes before the first
    piece is a piece of its own. Raises MessageTooLong.
    """
    rest, line, held = b"", 1, b""
    for chunk in chunks:
        data = held + chunk
        held = b""
        if data.endswith(b"\r"):
            data, held = data[:-1], b"\r"
        data = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r").replace(b"\x0b", b"").replace(b"\x1c\r", b"\r")
        rest += data
        cuts = [match.start() for match in _STARTS.finditer(rest)]
        if not cuts:
            if len(rest) > MAX_MESSAGE:
                raise MessageTooLong(line)
            continue
        if cuts[0] > 0:
            cuts.insert(0, 0)
        for start, stop in itertools.pairwise(cuts):
            piece = rest[start:stop]
            if piece.strip(b"\r \x1c"):
                yield line, piece
            line += piece.count(b"\r")
        rest = rest[cuts[-1] :]
        if len(rest) > MAX_MESSAGE:
            raise MessageTooLong(line)
    rest += held
    if rest.strip(b"\r \x1c\n"):
        yield line, rest.replace(b"\x1c", b"")


def declared(piece: bytes) -> Delimiters | None:
    """The delimiters that a header segment declares; None when they are not five different marks (the escape may
    lack).
    """
    head = piece[3:9].decode("latin-1")
    if len(head) < 3:
        return None
    separator = head[0]
    marks = head[1:].partition(separator)[0]
    if not 2 <= len(marks) <= 5:
        return None
    marks = marks[:4] + "\0\0"[: 4 - len(marks)] if len(marks) < 4 else marks[:4]
    used = separator + marks.replace("\0", "")
    if len(set(used)) < len(used) or not all(_ESCAPE_ALLOWED.fullmatch(mark) for mark in used):
        return None
    return Delimiters(separator, *marks)


def decode(piece: bytes) -> tuple[str, str]:
    """The text of a piece and its encoding: what MSH-18 says, else UTF-8, else Windows-1252 (which has every byte)."""
    if piece.isascii():
        return piece.decode("ascii"), "ascii"
    header = piece.partition(b"\r")[0]
    fields = header.split(header[3:4])
    said = fields[17].decode("ascii", "replace").split("~")[0].strip().upper() if len(fields) > 17 else ""
    for encoding in (_CHARSETS.get(said, "utf-8"), "utf-8"):
        try:
            return piece.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return piece.decode("cp1252", "scelle-c1"), "cp1252"


def parse(text: str, delimiters: Delimiters) -> Message:
    """The segments of one piece. A line that does not look like a segment goes on in the field before it."""
    message = Message(delimiters)
    separator = delimiters.field
    for line in text.split("\r"):
        name = line[:3]
        if _SEGMENT.fullmatch(name) and (len(line) == 3 or line[3] == separator):
            fields = line.split(separator)
            if name in {"MSH", "FHS", "BHS"}:
                fields.insert(1, separator)
            message.segments.append(fields)
        elif line.strip() and message.segments:
            message.segments[-1][-1] += "\n" + line
            message.joined += 1
    return message


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""Replace escapes (HL7 v2.5.1 §2.7): delimiters, `\.br\` and other breaks, `\Xdd..\`; unknown ones stay."""
    mark = delimiters.escape
    parts = text.split(mark)
    if len(parts) < 3:
        return text
    out = [parts[0]]
    at = 1
    while at < len(parts):
        code = parts[at]
        said = _escaped(code, delimiters) if at + 1 < len(parts) else None
        if said is None:
            out.append(mark + code)
            at += 1
        else:
            out.append(said + parts[at + 1])
            at += 2
    return "".join(out)


def _escaped(code: str, d: Delimiters) -> str | None:
    marks = {"F": d.field, "S": d.component, "T": d.subcomponent, "R": d.repetition, "E": d.escape, "H": "", "N": ""}
    if code in marks:
        return marks[code]
    if code in {".br", ".sp", ".ce"} or re.fullmatch(r"\.sp\+?\d+", code):
        return "\n"
    if re.fullmatch(r"\.(fi|nf|in[+-]?\d+|ti[+-]?\d+|sk[+-]?\d+)", code):
        return " " if code.startswith(".sk") else ""
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
        data = bytes.fromhex(code[1:])
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp1252", "scelle-c1")
    return None
