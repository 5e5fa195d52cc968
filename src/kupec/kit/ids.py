"""Identifiers made in the application."""

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = (0xFFF << 64) | ((1 << 62) - 1)


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    randomness = int.from_bytes(os.urandom(10), "big") & _RANDOM_MASK
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | randomness)
