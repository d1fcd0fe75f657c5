"""The textual header: stanzas that wrap the file key, and the MAC over them (C2SP age, "Header").

What is parsed is re-encoded to the same bytes: the grammar leaves one spelling for each header.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NewType, Protocol, TypeAlias, runtime_checkable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from scelle.age.errors import (
    HeaderCutError,
    HeaderFormError,
    HeaderTooLongError,
    HmacError,
    MixedRecipientsError,
    NoMatchError,
    NoRecipientsError,
    NotAgeError,
    StanzaError,
    VersionError,
)
from scelle.base.codec import decode_base64_raw, encode_base64_raw
from scelle.base.errors import MalformedError

FileKey = NewType("FileKey", bytes)
"""The 16 random bytes that one file is encrypted with; never used for a second file."""

Family: TypeAlias = Literal["post-quantum", "classic", "passphrase"]
"""Recipients of different families are never written into one header."""

FILE_KEY_SIZE = 16
WRAPPED_SIZE = 32
"""A wrapped file key in every native stanza: 16 bytes and a 16-byte tag."""

MAX_HEADER = 1 << 20
"""Longest header that is read or written, in bytes: some six hundred hybrid recipients."""

MAX_STANZAS = 1024
"""Most stanzas that are read or written: each costs the reader a few curve operations."""

_VERSION_PREFIX = b"age-encryption.org/"
_VERSION_LINE = b"age-encryption.org/v1"
_COLUMNS = 64
_MAC_SIZE = 32
_MAC_LINE_SIZE = 4 + 43


def hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 to 32 bytes (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


@dataclass(frozen=True)
class Stanza:
    """One recipient stanza: its arguments (the first is the type) and its body."""

    args: tuple[str, ...]
    body: bytes

    @property
    def type(self) -> str:
        """The first argument."""
        return self.args[0]

    def encode(self) -> bytes:
        """The stanza's lines, each with its line feed."""
        text = encode_base64_raw(self.body)
        lines = [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
        return "\n".join([" ".join(("->", *self.args)), *lines, ""]).encode("ascii")

    def argument(self, place: int, *, size: int) -> bytes:
        """The bytes of a base64 argument. Raises StanzaError unless it is canonical and of `size` bytes."""
        try:
            return decode_base64_raw(self.args[place], size=size)
        except MalformedError as error:
            raise StanzaError(type=self.type, why=str(error.facts["why"])) from None

    def check(self, *, arguments: int) -> None:
        """Refuse a native stanza with another number of arguments, or a body that no wrapped file key has.

        Checking the length before decrypting stops partitioning oracles. Raises StanzaError.
        """
        if len(self.args) != arguments:
            raise StanzaError(type=self.type, why=f"{len(self.args)} arguments instead of {arguments}")
        if len(self.body) != WRAPPED_SIZE:
            raise StanzaError(type=self.type, why=f"a body of {len(self.body)} bytes instead of {WRAPPED_SIZE}")


@runtime_checkable
class Recipient(Protocol):
    """Something that a file key can be wrapped for."""

    @property
    def family(self) -> Family:
        """What it may be mixed with."""
        ...

    def wrap(self, file_key: FileKey) -> list[Stanza]:
        """The stanzas that wrap the file key for this recipient."""
        ...


@runtime_checkable
class Identity(Protocol):
    """Something that can unwrap a file key."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> FileKey | None:
        """The file key, or None when no stanza is addressed to this identity.

        Stanzas of other types are ignored. Raises HeaderError for a stanza that breaks this type's rules.
        """
        ...


@dataclass(frozen=True)
class Header:
    """A parsed or freshly made header. `mac` is the 32-byte HMAC that stands in it, not yet verified."""

    stanzas: tuple[Stanza, ...]
    mac: bytes

    @cached_property
    def _signed(self) -> bytes:
        return b"".join((_VERSION_LINE, b"\n", *(stanza.encode() for stanza in self.stanzas), b"---"))

    def encode(self) -> bytes:
        """The header's bytes, up to and including the last line feed."""
        return self._signed + b" " + encode_base64_raw(self.mac).encode("ascii") + b"\n"

    @property
    def wants_passphrase(self) -> bool:
        """Whether the file key is wrapped under a passphrase."""
        return any(stanza.type == "scrypt" for stanza in self.stanzas)

    def check_alone(self) -> None:
        """Refuse an scrypt stanza next to any other (C2SP age, "scrypt recipient stanza"). Raises StanzaError."""
        if self.wants_passphrase and len(self.stanzas) > 1:
            raise StanzaError(type="scrypt", why="not the only stanza")

    def open(self, identities: Sequence[Identity]) -> FileKey:
        """Unwrap the file key with the first identity that can, and verify the MAC.

        Raises HeaderError, NoMatchError or HmacError.
        """
        self.check_alone()
        for identity in identities:
            file_key = identity.unwrap(self.stanzas)
            if file_key is not None:
                if not hmac.compare_digest(_mac(file_key, self._signed), self.mac):
                    raise HmacError
                return file_key
        raise NoMatchError(passphrase=int(self.wants_passphrase))


def _mac(file_key: FileKey, signed: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, salt=b"", info=b"header"), signed, "sha256")


def make_header(recipients: Sequence[Recipient], *, file_key: FileKey) -> Header:
    """Wrap a fresh file key for every recipient, and authenticate the header with it.

    Raises NoRecipientsError, and MixedRecipientsError for recipients of different families: one classic stanza
    would undo what the post-quantum ones promise. A passphrase stands alone.
    """
    if len(file_key) != FILE_KEY_SIZE:
        raise ValueError("a file key has 16 bytes")
    families = {recipient.family for recipient in recipients}
    if not families:
        raise NoRecipientsError(count=0)
    if len(families) > 1 or ("passphrase" in families and len(recipients) > 1):
        raise MixedRecipientsError
    stanzas = tuple(stanza for recipient in recipients for stanza in recipient.wrap(file_key))
    bare = Header(stanzas, bytes(_MAC_SIZE))
    if len(stanzas) > MAX_STANZAS or len(bare.encode()) > MAX_HEADER:
        raise NoRecipientsError(count=len(recipients))
    return Header(stanzas, _mac(file_key, bare._signed))


class HeaderReader:
    """Reads a header from bytes that arrive in any portions.

    Feed it until `header` is there; `rest` then holds what was fed after the header. An error is raised as soon
    as the bytes so far cannot begin a v1 header; `finish` is for the end of the input.
    """

    def __init__(self) -> None:
        self.header: Header | None = None
        self.rest = b""
        self.size = 0
        """Bytes of the header read so far."""
        self._pending = bytearray()
        self._scanned = 0
        self._started = False
        self._stanzas: list[Stanza] = []
        self._args: tuple[str, ...] | None = None
        self._body: list[bytes] = []

    def feed(self, data: bytes | bytearray | memoryview) -> bool:
        """Take more bytes; True once the header is complete. Raises HeaderError."""
        self._pending += data
        start = 0
        while self.header is None:
            end = self._pending.find(b"\n", max(start, self._scanned))
            if end < 0:
                break
            self._line(bytes(self._pending[start:end]))
            self.size += end + 1 - start
            start = end + 1
            if self.size > MAX_HEADER:
                raise HeaderTooLongError(limit=MAX_HEADER)
        del self._pending[:start]
        self._scanned = len(self._pending)
        if self.header is not None:
            self.rest = bytes(self._pending)
            self._pending.clear()
            return True
        if not self._started and not _VERSION_PREFIX.startswith(bytes(self._pending[: len(_VERSION_PREFIX)])):
            raise NotAgeError
        if self.size + len(self._pending) > MAX_HEADER:
            raise HeaderTooLongError(limit=MAX_HEADER)
        return False

    def finish(self) -> Header:
        """The header, at the end of the input. Raises HeaderError when it is not complete."""
        if self.header is None:
            if not self._started and not self._pending:
                raise NotAgeError
            raise HeaderCutError
        return self.header

    def _line(self, line: bytes) -> None:
        if not self._started:
            _check_version(line)
            self._started = True
        elif self._args is not None:
            self._body_line(line)
        elif line.startswith(b"-> "):
            self._args = _parse_args(line)
        elif line.startswith(b"---"):
            self.header = Header(tuple(self._stanzas), _parse_mac(line))
            if not self._stanzas:
                raise HeaderFormError(why="no stanza")
        else:
            raise HeaderFormError(why="a line that begins neither a stanza nor the MAC")

    def _body_line(self, line: bytes) -> None:
        if len(line) > _COLUMNS:
            raise HeaderFormError(why="a body line longer than 64 columns")
        self._body.append(line)
        if len(line) == _COLUMNS:
            return
        args = self._args
        if args is None:
            raise AssertionError("a body line outside a stanza")
        if len(self._stanzas) == MAX_STANZAS:
            raise HeaderTooLongError(limit=MAX_HEADER)
        self._stanzas.append(Stanza(args, _decode(b"".join(self._body), None, "stanza body")))
        self._args = None
        self._body = []


def _check_version(line: bytes) -> None:
    if not line.startswith(_VERSION_PREFIX):
        raise NotAgeError
    if line == _VERSION_LINE:
        return
    version = line[len(_VERSION_PREFIX) :]
    if not version or len(version) > 64 or not all(0x21 <= octet <= 0x7E for octet in version):
        raise HeaderFormError(why="version line")
    raise VersionError(version=version.decode("ascii"))


def _parse_args(line: bytes) -> tuple[str, ...]:
    args = line[3:].split(b" ")
    if not all(args):
        raise HeaderFormError(why="an empty argument")
    if not all(0x21 <= octet <= 0x7E for arg in args for octet in arg):
        raise HeaderFormError(why="a character that no argument has")
    return tuple(arg.decode("ascii") for arg in args)


def _parse_mac(line: bytes) -> bytes:
    if len(line) != _MAC_LINE_SIZE or line[3:4] != b" ":
        raise HeaderFormError(why="MAC line")
    return _decode(line[4:], _MAC_SIZE, "MAC")


def _decode(text: bytes, size: int | None, what: str) -> bytes:
    try:
        return decode_base64_raw(text.decode("ascii"), size=size, what=what)
    except (MalformedError, UnicodeDecodeError):
        raise HeaderFormError(why=f"{what} is not canonical base64") from None
