"""What kind of file this is: format, encoding, delimiter, quotes and line ends, found out from samples of its bytes."""

import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scelle.records.ingest.blocks import MAX_LINE, open_file
from scelle.records.ingest.errors import (
    EncodingError,
    FileBinaryError,
    FileEmptyError,
    FileUnreadableError,
    LineTooLongError,
)
from scelle.records.ingest.found import Format

_HEAD: Final = 1 << 20
_SLICE: Final = 1 << 17
_SLICES: Final = 4

_MAGIC: Final = (
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x7fELF", "ELF"),
    (b"Rar!", "RAR"),
    (b"SQLite format", "SQLite"),
    (b"age-encryption.org", "age"),
)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS: Final = (";", ",", "\t", "|", "^")
_OPEN_1252: Final = frozenset(b"\x81\x8d\x8f\x90\x9d")
_HL7 = re.compile(r"[\x0b\s]*(MSH|FHS|BHS)[^\w\s]")


@dataclass(frozen=True)
class Sniffed:
    """What the bytes of a file look like. `skip`: length of the byte order mark. `sample`: text of whole lines, from
    the start and from further places; `head` is the part from the start. `bytes_a_line`: mean length of a line.
    """

    format: Format
    encoding: str = ""
    skip: int = 0
    head: str = ""
    sample: str = ""
    newline: str = ""
    bytes_a_line: int = 0


def sniff(path: Path) -> Sniffed:
    """Format and encoding of a file.

    Raises:
        FileUnreadableError, FileEmptyError, FileBinaryError, EncodingError, LineTooLongError.
    """
    name = str(path)
    with open_file(path) as file:
        try:
            head = file.read(_HEAD)
            size = file.seek(0, 2)
            slices = []
            for part in range(1, _SLICES + 1) if size > 2 * _HEAD else ():
                file.seek((size - _SLICE) * part // _SLICES & ~1)
                slices.append(file.read(_SLICE))
        except OSError as error:
            raise FileUnreadableError(file=name, why=error.strerror or "I/O") from None
    if head[:4] == b"PAR1":
        return Sniffed("parquet")
    if head[:4] == b"PK\x03\x04":
        if b"[Content_Types].xml" in head or b"xl/" in head:
            return Sniffed("xlsx")
        raise FileBinaryError(file=name, kind="ZIP")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise FileBinaryError(file=name, kind=kind)
    encoding, skip = _encoding(head, slices, name)
    whole = len(head) == size
    text = _decode(head[skip:], encoding, whole=whole, name=name)
    if not text.strip():
        raise FileEmptyError(file=name)
    newline = "\n" if "\n" in text else "\r" if "\r" in text else ""
    form = _text_format(text)
    if not whole and form == "csv":
        if not newline:
            raise LineTooLongError(file=name, line=1, limit=MAX_LINE)
        text = text[: text.rfind(newline) + 1]
    parts = [text]
    for data in slices if newline else ():
        middle = _decode(data, encoding, whole=False, name=name)
        inner = middle.partition(newline)[2]
        parts.append(inner[: inner.rfind(newline) + 1])
    lines = text.count(newline) if newline else 1
    return Sniffed(
        form,
        encoding,
        skip,
        text,
        "".join(parts),
        "\r\n" if "\r\n" in text else newline,
        max(1, len(text.encode("utf-8")) // max(1, lines)),
    )


def _text_format(text: str) -> Format:
    if _HL7.match(text):
        return "hl7"
    start = text.lstrip()
    if not start.startswith("{"):
        return "csv"
    first, _, others = start.partition("\n")
    fhir = '"resourceType"' in text
    if _is_json(first) and (others.strip() or not fhir):
        return "fhir-ndjson" if fhir else "ndjson"
    return "fhir" if fhir else "ndjson"


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _encoding(head: bytes, slices: list[bytes], name: str) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    if b"\0" in head:
        # Text of mostly Western letters in UTF-16 has its zero bytes on one side only.
        even, odd = head[0::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        if odd > half * 0.6 and even < half * 0.05:
            return "utf-16-le", 0
        if even > half * 0.6 and odd < half * 0.05:
            return "utf-16-be", 0
        if not head.strip(b"\0 \r\n\t"):
            raise FileEmptyError(file=name)
        if head.count(0) * 1000 > len(head):
            raise FileBinaryError(file=name, kind="?")
    control = sum(head.count(byte) for byte in (*range(1, 9), *range(14, 28)))
    if control * 50 > len(head):
        raise FileBinaryError(file=name, kind="?")
    samples = [head, *slices]
    if all(part.isascii() for part in samples):
        return "ascii", 0
    return eight_bit(samples), 0


def eight_bit(samples: list[bytes]) -> str:
    """UTF-8, Windows-1252 or Latin-1, by the lines of samples (the first from the start of the file, whole lines
    count).

    A few broken lines do not make it another encoding: they become rejects.
    """
    bad = good = 0
    for number, part in enumerate(samples):
        for line in part.split(b"\n")[1 if number else 0 : -1] or [part]:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
    if bad <= good // 20:
        return "utf-8"
    return "latin-1" if any(byte in _OPEN_1252 for part in samples for byte in set(part)) else "cp1252"


def _decode(data: bytes, encoding: str, *, whole: bool, name: str) -> str:
    if encoding in {"utf-8", "ascii"}:
        return data.decode("utf-8", "replace")
    if encoding == "cp1252":
        return data.decode("cp1252", "scelle-c1")
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        return decoder.decode(data, whole)
    except UnicodeDecodeError as error:
        line = _line_after(data[: error.start], encoding)
        raise EncodingError(file=name, encoding=encoding, line=line) from None


def _line_after(data: bytes, encoding: str) -> int:
    """The 1-based line that follows these bytes."""
    return data.decode(encoding, "replace").count("\n") + 1


def sniff_delimiter(lines: list[str], *, quote: str) -> str:
    """The delimiter that splits most lines into the same number of fields as the first line; "" when there is one
    column.

    `lines`: the first lines of the file, without their ends. Delimiters inside quotes do not count.
    """
    bare = [re.sub(r'"[^"]*"', "", line) if quote else line for line in lines if line.strip()]
    best, most = "", 0.0
    for delimiter in _DELIMITERS:
        width = bare[0].count(delimiter) if bare else 0
        if not width:
            continue
        agree = sum(line.count(delimiter) == width for line in bare) / len(bare)
        score = agree * (1 + min(width, 40) / 40)
        if score > most:
            best, most = delimiter, score
    return best
