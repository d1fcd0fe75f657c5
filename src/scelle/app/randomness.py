"""The only source of randomness; everyone else takes named values, or `draw` as an argument."""

import os


def draw(size: int) -> bytes:
    """`size` bytes from the operating system's generator."""
    return os.urandom(size)
