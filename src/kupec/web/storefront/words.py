"""Texts beside the fields they belong to."""

from collections.abc import Mapping
from typing import Any


def merged(*texts: Mapping[str, Any]) -> dict[str, str]:
    """Several sets of errors as one; what comes first stays."""
    result: dict[str, str] = {}
    for some in texts:
        for field, text in some.items():
            result.setdefault(field, text)
    return result
