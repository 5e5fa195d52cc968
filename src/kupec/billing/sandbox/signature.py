"""Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over "id.timestamp.body", base64, versioned."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from kupec.billing.errors import InvalidSignature

TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may be from our clock, either way."""
_SECRET_PREFIX = "whsec_"  # noqa: S105
_VERSION = "v1"


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header webhook-signature."""
    return f"{_VERSION},{base64.b64encode(_digest(_key(secret), message_id, str(timestamp), body)).decode()}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The id of a message that its holder of `secret` sent within TOLERANCE. Raises InvalidSignature."""
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
    if not secret or not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise InvalidSignature
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise InvalidSignature
    expected = _digest(_key(secret), message_id, stamp, body)
    # Several signatures may stand there while a secret is being replaced; all are compared, whichever fits.
    fits = [hmac.compare_digest(expected, given) for given in _given(lower.get("webhook-signature", ""))]
    if not any(fits):
        raise InvalidSignature
    return message_id


def _given(header: str) -> list[bytes]:
    found = []
    for part in header.split():
        version, _, encoded = part.partition(",")
        if version != _VERSION:
            continue
        try:
            found.append(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _key(secret: str) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise InvalidSignature from error


def _digest(key: bytes, message_id: str, stamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
