"""Webhooks of carriers: signed as Standard Webhooks has it, stored raw and once, then acted upon by the worker."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit import webhooks
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.sales.tracking import take_notice

_SOURCE = "carrier"
_TOLERANCE = timedelta(minutes=5)
_LONGEST_ID = 200


class UnsignedNotice(KupecError):
    """The message is not signed by a carrier we know."""

    status = 401
    code = "unsigned_notice"


async def receive_notice(
    db: Connection, carrier: str, *, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> UUID | None:
    """Verify a carrier's message and keep it; None when it came before. Raises UnsignedNotice, and keeps nothing.

    `headers` have names in lower case. Without a secret nobody is believed.
    """
    message_id = _verify(secret, headers, body, now)
    return await webhooks.store(
        db, source=_SOURCE, external_id=f"{carrier}:{message_id}", headers=headers, body=body, now=now
    )


def _verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    if not (secret and 0 < len(message_id) <= _LONGEST_ID and stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        raise UnsignedNotice
    if abs(now.timestamp() - int(stamp)) > _TOLERANCE.total_seconds():
        raise UnsignedNotice
    expected = sign_notice(secret, message_id, stamp, body)
    if not any(hmac.compare_digest(each.encode(), expected.encode()) for each in given):
        raise UnsignedNotice
    return message_id


def sign_notice(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """The signature of a message: "v1," and HMAC-SHA256 of id, timestamp and body under the secret."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise UnsignedNotice from None
    digest = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


async def act_on_notices(db: Connection, now: datetime, limit: int) -> int:
    """Let stored messages take effect; returns how many were taken. One that makes no sense is kept as failed."""
    deliveries = await webhooks.take_waiting(db, now, limit, source=_SOURCE)
    done = []
    for delivery in deliveries:
        carrier = delivery.external_id.partition(":")[0]
        try:
            async with db.transaction():
                known = await take_notice(db, carrier, delivery.body, now=now)
        except (KupecError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            await webhooks.mark_failed(db, delivery, str(error), now)
            continue
        if known:
            done.append(delivery.id)
        else:
            await webhooks.mark_failed(db, delivery, "of a parcel or a state that is not known", now)
    await webhooks.mark_processed(db, done)
    return len(deliveries)
