"""What lies on the shelves: set by a count or an import, never below what belongs to placed orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.errors import BelowAllocated
from kupec.catalogue.events import Reason, StockMoved
from kupec.kit.db import Connection
from kupec.kit.events import Happened

Place = tuple[UUID, UUID]

_ADD_MISSING: Final = """
insert into stock_level (variant_id, location_id, on_hand)
select variant_id, location_id, 0 from unnest($1::uuid[], $2::uuid[]) as given (variant_id, location_id)
order by variant_id, location_id
on conflict do nothing
"""

_LOCK: Final = """
select s.variant_id, s.location_id, s.on_hand, s.allocated
from stock_level s
join unnest($1::uuid[], $2::uuid[]) as given (variant_id, location_id) using (variant_id, location_id)
order by s.variant_id, s.location_id
for no key update of s
"""

_SET: Final = """
update stock_level s set on_hand = given.on_hand
from unnest($1::uuid[], $2::uuid[], $3::int[]) as given (variant_id, location_id, on_hand)
where s.variant_id = given.variant_id and s.location_id = given.location_id
"""


class Level(msgspec.Struct, frozen=True):
    """A shelf, locked."""

    on_hand: int
    allocated: int


async def lock_levels(db: Connection, places: list[Place]) -> dict[Place, Level]:
    """Lock these (variant, location), making those that are not there yet, in the order everybody locks stock in."""
    variant_ids, location_ids = [place[0] for place in places], [place[1] for place in places]
    await db.execute(_ADD_MISSING, variant_ids, location_ids)
    rows = await db.fetch(_LOCK, variant_ids, location_ids)
    return {
        (row["variant_id"], row["location_id"]): Level(on_hand=row["on_hand"], allocated=row["allocated"])
        for row in rows
    }


async def set_levels(
    db: Connection, wanted: Mapping[Place, int], *, reason: Reason, note: str = "", now: datetime
) -> tuple[list[Happened], dict[Place, BelowAllocated]]:
    """Set what lies on these shelves. Returns the events to emit, and where it could not be done."""
    if not wanted:
        return [], {}
    levels = await lock_levels(db, list(wanted))
    refused = {
        place: BelowAllocated(field="on_hand", allocated=levels[place].allocated)
        for place, on_hand in wanted.items()
        if on_hand < levels[place].allocated
    }
    changed = {
        place: on_hand for place, on_hand in wanted.items() if place not in refused and on_hand != levels[place].on_hand
    }
    if changed:
        places = list(changed)
        await db.execute(_SET, [place[0] for place in places], [place[1] for place in places], list(changed.values()))
    events = [
        _moved(place, delta=on_hand - levels[place].on_hand, reason=reason, note=note, now=now)
        for place, on_hand in changed.items()
    ]
    return events, refused


def _moved(place: Place, *, delta: int, reason: Reason, note: str, now: datetime) -> Happened:
    variant_id, location_id = place
    payload = StockMoved(variant_id=variant_id, location_id=location_id, delta=delta, reason=reason, note=note)
    return Happened(payload=payload, subject=f"variant:{variant_id}", occurred_at=now)
