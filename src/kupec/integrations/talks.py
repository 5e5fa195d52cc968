"""Interactions as other systems read them: calls, visits at the counter, meetings, letters."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.customers import Interaction, get_interaction, list_interactions
from kupec.integrations.paging import MOST, pack, unpack
from kupec.integrations.people import read_customer
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

_FIND: Final = "select id from interaction where source = $1 and external_id = $2"


class InteractionOut(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction as it stands. `customer_id` null: nobody known yet. A removed one has no text any more."""

    id: UUID
    source: str
    external_id: str | None
    customer_id: UUID | None
    kind: str
    direction: str | None
    channel: str
    happened_at: datetime
    duration_seconds: int | None
    text: str
    outcome: str
    contact: str | None
    """The number or the address it came from or went to."""
    staff_id: UUID | None
    """Who of the staff spoke, or wrote it down."""
    logged_at: datetime
    changed_at: datetime | None
    removed_at: datetime | None


class InteractionPage(msgspec.Struct, frozen=True, kw_only=True):
    interactions: list[InteractionOut]
    next_cursor: str | None


async def read_interactions(
    db: Connection, *, cursor: str = "", customer: str = "", limit: int = MOST
) -> InteractionPage:
    """In the order in which they were written down; those of one customer (either system's id).

    Raises InvalidValue (cursor), NotFound for the customer.
    """
    after = unpack(cursor, tuple[datetime, UUID])
    customer_id = (await read_customer(db, customer)).id if customer else None
    rows = await list_interactions(db, customer_id=customer_id, after=after, limit=limit + 1)
    more = pack(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
    return InteractionPage(interactions=[told(row) for row in rows[:limit]], next_cursor=more)


async def read_interaction(db: Connection, reference: str) -> InteractionOut:
    """By the shop's id, or by "source:external id". Raises NotFound."""
    source, _, external_id = reference.partition(":")
    found = await db.fetchval(_FIND, source, external_id)
    if found is None:
        try:
            found = UUID(reference)
        except ValueError:
            raise NotFound(what="interaction") from None
    return told(await get_interaction(db, found))


def told(one: Interaction) -> InteractionOut:
    kind, _, key = one.by.partition(":")
    return InteractionOut(
        id=one.id,
        source=one.source,
        external_id=one.external_id,
        customer_id=one.party_id,
        kind=one.kind,
        direction=one.direction,
        channel=one.channel,
        happened_at=one.happened_at,
        duration_seconds=one.duration_seconds,
        text=one.text,
        outcome=one.outcome,
        contact=one.contact,
        staff_id=UUID(key) if kind == "staff" else None,
        logged_at=one.created_at,
        changed_at=one.changed_at,
        removed_at=one.removed_at,
    )
