"""Signing as the Standard Webhooks specification has it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

_PREFIX = "whsec_"


def new_secret() -> str:
    """192 bits from the system's generator."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signed_headers(message_id: str, body: bytes, secrets_: Iterable[str], *, now: datetime) -> dict[str, str]:
    """The headers of one attempt; several secrets sign side by side while the receiver changes over."""
    stamp = str(int(now.timestamp()))
    signatures = " ".join(f"v1,{_signature(message_id, stamp, body, secret)}" for secret in secrets_)
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signatures}


def _signature(message_id: str, stamp: str, body: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return base64.b64encode(digest).decode()
