"""Bech32 (BIP 173) without its length limit, as age spells keys: all lower case or all upper case.

The decoder accepts exactly what the encoder writes, in either case; the checksum is taken over lower case.
"""

from scelle.base.errors import MalformedError

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_SIZE = 6
MAX_LENGTH = 8192
"""Longest string that is read; a hybrid recipient takes 1,960 characters."""


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            if top >> bit & 1:
                check ^= generator
    return check


def _expand(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def encode_bech32(prefix: str, data: bytes) -> str:
    """Bytes as Bech32 under a human-readable prefix; upper case when the prefix is."""
    lower = prefix.lower()
    number, bits, values = 0, 0, []
    for octet in data:
        number = (number << 8 | octet) & 0xFFF
        bits += 8
        while bits >= 5:
            bits -= 5
            values.append(number >> bits & 31)
    if bits:
        values.append(number << 5 - bits & 31)
    check = _polymod([*_expand(lower), *values, *([0] * _CHECKSUM_SIZE)]) ^ 1
    values += [check >> 5 * (_CHECKSUM_SIZE - 1 - place) & 31 for place in range(_CHECKSUM_SIZE)]
    text = lower + "1" + "".join(_ALPHABET[value] for value in values)
    return text.upper() if prefix != lower else text


def decode_bech32(text: str, *, what: str = "Bech32 string") -> tuple[str, bytes]:
    """Prefix (in the case it was written in) and bytes of a Bech32 string.

    Refuses mixed case, a wrong checksum, unknown characters and non-zero padding bits. Raises MalformedError.
    """
    if len(text) > MAX_LENGTH:
        raise MalformedError(what=what, why="too long")
    lower = text.lower()
    if not text.isascii() or (text != lower and text != text.upper()):
        raise MalformedError(what=what, why="mixed case or not ASCII")
    place = lower.rfind("1")
    prefix, letters = lower[:place], lower[place + 1 :]
    if place < 1 or len(letters) < _CHECKSUM_SIZE or not all("!" <= letter <= "~" for letter in prefix):
        raise MalformedError(what=what, why="not Bech32")
    values = [_VALUES.get(letter, -1) for letter in letters]
    if -1 in values:
        raise MalformedError(what=what, why="a character outside the Bech32 alphabet")
    if _polymod(_expand(prefix) + values) != 1:
        raise MalformedError(what=what, why="wrong checksum")
    number, bits, data = 0, 0, bytearray()
    for value in values[:-_CHECKSUM_SIZE]:
        number = (number << 5 | value) & 0xFFF
        bits += 5
        if bits >= 8:
            bits -= 8
            data.append(number >> bits & 0xFF)
    if bits >= 5 or number & (1 << bits) - 1:
        raise MalformedError(what=what, why="non-zero padding")
    return text[:place], bytes(data)
