"""Webhooks of payment providers: verified, stored as they came, and only then looked at."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing.models import CardProvider, Notice
from kupec.kit import webhooks
from kupec.kit.db import Connection


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A verified webhook. `delivery_id` is None when this very message has come before."""

    notice: Notice
    delivery_id: UUID | None


async def receive(
    db: Connection, provider: CardProvider, *, headers: Mapping[str, str], body: bytes, now: datetime
) -> Receipt:
    """Verify a webhook and store it raw, once. Nothing is settled yet: answer 2xx when this has committed.

    What is stored waits under the source `provider.name`; whoever takes it reads it with `notice_of`.
    Raises InvalidSignature, and then nothing is stored.
    """
    notice = provider.read_webhook(headers, body, now=now)
    delivery_id = await webhooks.store(
        db, source=provider.name, external_id=notice.external_id, headers=headers, body=body, now=now
    )
    return Receipt(notice=notice, delivery_id=delivery_id)


def notice_of(provider: CardProvider, delivery: webhooks.Delivery) -> Notice:
    """What a stored delivery says. Verified again, as of when it came. Raises InvalidSignature."""
    return provider.read_webhook(delivery.headers, delivery.body, now=delivery.received_at)
