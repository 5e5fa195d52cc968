"""Lists a page at a time: an opaque cursor says behind which row the next page begins."""

import base64
import binascii
from typing import Any, Final, TypeVar

import msgspec

from kupec.kit.errors import InvalidValue

MOST: Final = 100
Key = TypeVar("Key")


def pack(*key: Any) -> str:
    """The cursor of a row by its sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def unpack(cursor: str, kind: type[Key]) -> Key | None:
    """The sort key in a cursor; None for an empty one. Raises InvalidValue (cursor)."""
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        key = msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidValue(field="cursor", expected="the next_cursor of a page") from None
    if b"\\u0000" in raw:
        raise InvalidValue(field="cursor", expected="the next_cursor of a page")
    return key
