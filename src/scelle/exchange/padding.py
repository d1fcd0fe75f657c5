"""Padmé: sizes that tell little about what is inside.

Sealed lengths are rounded up so that only the leading bits of a size vary: at most 12 % more bytes, and the
number of distinguishable sizes falls from n to O(log log n) bits (Nikitin, Barman, Lueks, Underwood, Hubaux, Ford,
"Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019, section 4).
"""


def padded_size(size: int) -> int:
    """The Padmé size for `size` bytes: never smaller, and a fixed point (`padded_size` of it is itself)."""
    exponent = size.bit_length() - 1
    if exponent < 1:
        return size
    low_bits = exponent - exponent.bit_length()
    mask = (1 << max(low_bits, 0)) - 1
    return (size + mask) & ~mask
