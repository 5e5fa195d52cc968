"""The signature of Stripe's webhooks: "t=…,v1=…", HMAC-SHA256 in hexadecimal over "t.body"."""

import hashlib
import hmac
from datetime import datetime, timedelta

from kupec.billing.errors import InvalidSignature

TOLERANCE = timedelta(minutes=5)
_SCHEME = "v1"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the header Stripe-Signature."""
    return f"t={timestamp},{_SCHEME}={_digest(secret, str(timestamp), body)}"


def verify(secret: str, header: str, body: bytes, *, now: datetime) -> None:
    """Raises InvalidSignature unless the holder of `secret` sent this within TOLERANCE. Without a secret nobody did."""
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == _SCHEME]
    if not secret or len(stamps) != 1:
        raise InvalidSignature
    stamp = stamps[0]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise InvalidSignature
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise InvalidSignature
    expected = _digest(secret, stamp, body).encode()
    # Several stand there while a secret is being rolled; all are compared, whichever fits.
    fits = [hmac.compare_digest(expected, each.encode("utf-8", "surrogatepass")) for each in given]
    if not any(fits):
        raise InvalidSignature


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
