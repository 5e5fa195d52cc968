"""Who gets which arm: a point from 0 to 1 for each unit, and a stretch for each arm that only grows. Pure."""

import hashlib
from collections.abc import Sequence

from kupec.experiments.models import Arm


def point(salt: str, unit: str) -> float:
    """Where a unit stands, from 0 up to but not including 1: always the same for the same salt, evenly spread."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53  # all that a float can tell apart, so that 1 is never reached


def arm_at(at: float, arms: Sequence[Arm], share: float) -> str:
    """The arm of a point when `share` goes to all arms but the first.

    Each arm under trial has a stretch of its own and fills it from its beginning, so more share moves nobody who is in
    one, and at a share of 1 the stretches are full: nobody is left with the first.
    """
    tried = arms[1:]
    place = int(at * len(tried))
    return tried[place].name if at * len(tried) - place < share else arms[0].name
