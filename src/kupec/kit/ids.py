"""Identifiers made in the application."""

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_MASK = (1 << 62) - 1
_TICKS = 4096  # of a millisecond: 12 bits, as RFC 9562 has them in its method 3
_last = 0


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7): 60 bits of time, 62 random bits.

    What one process makes in one thread is in order, however fast, and although its clock may be set back.
    """
    global _last
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    _last = tick = max(milliseconds * _TICKS + rest * _TICKS // 1_000_000, _last + 1)
    when = (tick >> 12 << 80) | ((tick & (_TICKS - 1)) << 64)
    return UUID(int=when | _VERSION_AND_VARIANT | (int.from_bytes(os.urandom(8), "big") & _RANDOM_MASK))
