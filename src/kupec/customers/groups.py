"""The groups a customer stands in: what prices and promotions ask about."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.events import CustomerChanged
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit

_KEY = re.compile("[a-z0-9][a-z0-9_-]{0,39}")


async def set_price_group(db: Connection, party_id: UUID, group: str | None, *, actor: Actor, now: datetime) -> None:
    """Which price lists beside the public ones hold for a customer; None for none. Emits customer.changed.

    Needs "customers.write"; raises NotFound, InvalidValue (field "price_group").
    """
    actor.require("customers.write")
    if group is not None and not _KEY.fullmatch(group):
        raise InvalidValue(field="price_group", expected="small letters, digits, - and _")
    changed = await db.fetchval("update party set price_group = $2 where id = $1 returning id", party_id, group)
    await _tell(db, changed, ["price_group"], actor, now)


async def set_segments(db: Connection, party_id: UUID, segments: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """The keys of the segments a customer belongs to. Emits customer.changed. Errors as `set_price_group`."""
    actor.require("customers.write")
    for index, key in enumerate(segments):
        if not _KEY.fullmatch(key):
            raise InvalidValue(field=f"segments[{index}]", expected="small letters, digits, - and _")
    kept = sorted(set(segments))
    changed = await db.fetchval("update party set segments = $2 where id = $1 returning id", party_id, kept)
    await _tell(db, changed, ["segments"], actor, now)


async def _tell(db: Connection, party_id: UUID | None, what: list[str], actor: Actor, now: datetime) -> None:
    if party_id is None:
        raise NotFound(what="customer")
    event = Happened(
        payload=CustomerChanged(fields=what), subject=f"customer:{party_id}", occurred_at=now, customer_id=party_id
    )
    await emit(db, [event], actor=actor)


async def tag_segment(db: Connection, key: str, party_ids: Sequence[UUID]) -> None:
    """Let exactly these customers carry a segment's key, as prices and promotions ask for it.

    No event: a segment that is worked out is a view of what the log says already.
    """
    await db.execute(
        """
        with wanted as (select unnest($2::uuid[]) as id),
        gone as (
            update party set segments = array_remove(segments, $1)
             where segments @> array[$1::text] and id not in (select id from wanted)
        )
        update party set segments = array_append(segments, $1)
          from wanted where party.id = wanted.id and not party.segments @> array[$1::text]
        """,
        key,
        list(party_ids),
    )
