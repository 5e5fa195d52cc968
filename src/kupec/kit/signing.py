"""Signed links and tokens: what they say can be read by anyone and written only by us."""

import base64
import hashlib
import hmac
from datetime import datetime

_BYTES = 16


def sign(secret: str, purpose: str, value: str, *, expires: datetime | None = None) -> str:
    """`value` with an HMAC-SHA256 (128 bits) bound to `purpose`, and an expiry when one is given."""
    stamp = str(int(expires.timestamp())) if expires else ""
    return f"{value}.{stamp}.{_mac(secret, purpose, value, stamp)}"


def unsign(secret: str, purpose: str, token: str, *, now: datetime) -> str | None:
    """The signed value, or None when the token is forged, for another purpose, or expired."""
    value, _, rest = token.partition(".")
    stamp, _, mac = rest.partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(secret, purpose, value, stamp).encode()):
        return None
    if stamp and int(stamp) < now.timestamp():
        return None
    return value


def _mac(secret: str, purpose: str, value: str, stamp: str) -> str:
    digest = hmac.digest(secret.encode(), f"{purpose}\n{value}\n{stamp}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_BYTES]).decode().rstrip("=")
