"""Stock: held for a cart, allocated to an order, taken off the shelf. Why it cannot oversell: docs/algorithms/stock.md.

Every primitive takes a batch, is called inside the caller's transaction and, but for `take_out`, emits no event of its
own: the order or cart it serves does. `lock_stock` comes before `hold` and `allocate`, in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.catalogue.errors import NotAllocated
from kupec.catalogue.events import StockMoved
from kupec.catalogue.models import Portion, StockAt
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit

# Everybody who takes several stock rows takes them in this order, so that two can never wait for each other.
_LOCK_LEVELS: Final = """
select s.variant_id, s.location_id, s.on_hand - s.allocated as unallocated, l.position
from stock_level s join location l on l.id = s.location_id
where s.variant_id = any($1::uuid[])
order by s.variant_id, s.location_id
for no key update of s
"""

_LIVE_RESERVATIONS: Final = """
select variant_id, location_id, holder, quantity
from reservation
where variant_id = any($1::uuid[]) and expires_at > $2
"""

_LOCK_HELD: Final = """
select 1
from stock_level s
where exists (select from allocation a
              where a.holder = any($1::uuid[]) and a.variant_id = s.variant_id and a.location_id = s.location_id)
order by s.variant_id, s.location_id
for no key update
"""

_UNALLOCATE: Final = """
with gone as (delete from allocation where holder = any($1::uuid[]) returning variant_id, location_id, quantity),
     total as (select variant_id, location_id, sum(quantity)::int as quantity from gone group by 1, 2)
update stock_level s
set allocated = s.allocated - t.quantity
from total t
where s.variant_id = t.variant_id and s.location_id = t.location_id
"""

_ALLOCATE: Final = """
with wanted as (
    select holder, variant_id, location_id, sum(quantity)::int as quantity
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[]) as w (holder, variant_id, location_id, quantity)
    group by 1, 2, 3
), kept as (
    insert into allocation as a (holder, variant_id, location_id, quantity)
    select * from wanted
    on conflict (holder, variant_id, location_id) do update set quantity = a.quantity + excluded.quantity
), total as (
    select variant_id, location_id, sum(quantity)::int as quantity from wanted group by 1, 2
)
update stock_level s
set allocated = s.allocated + t.quantity
from total t
where s.variant_id = t.variant_id and s.location_id = t.location_id
"""

_TAKE_OUT: Final = """
with wanted as (
    select holder, variant_id, location_id, sum(quantity)::int as quantity
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[]) as w (holder, variant_id, location_id, quantity)
    group by 1, 2, 3
), emptied as (
    delete from allocation a using wanted w
    where (a.holder, a.variant_id, a.location_id, a.quantity) = (w.holder, w.variant_id, w.location_id, w.quantity)
    returning w.variant_id, w.location_id, w.quantity
), lessened as (
    update allocation a set quantity = a.quantity - w.quantity from wanted w
    where (a.holder, a.variant_id, a.location_id) = (w.holder, w.variant_id, w.location_id)
      and a.quantity > w.quantity
    returning w.variant_id, w.location_id, w.quantity
), total as (
    select variant_id, location_id, sum(quantity)::int as quantity
    from (select * from emptied union all select * from lessened) as taken
    group by 1, 2
), moved as (
    update stock_level s set on_hand = s.on_hand - t.quantity, allocated = s.allocated - t.quantity
    from total t
    where s.variant_id = t.variant_id and s.location_id = t.location_id
    returning t.quantity
)
select coalesce(sum(quantity), 0) from moved
"""

_HOLD: Final = """
insert into reservation as r (holder, variant_id, location_id, quantity, expires_at)
select holder, variant_id, location_id, sum(quantity)::int, $5
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[]) as w (holder, variant_id, location_id, quantity)
group by 1, 2, 3
"""


async def lock_stock(
    db: Connection, variant_ids: Sequence[UUID], *, now: datetime, holders: Sequence[UUID] = ()
) -> list[StockAt]:
    """Lock the stock of these variants until the end of the transaction and say what may still be promised.

    `free` is what is neither allocated nor held by a reservation live at `now`; what one of `holders` has reserved
    for itself is not subtracted but listed in `held`. A row a location, the merchant's first location first. Others who
    want the same goods wait here. What is locked does not shrink before the transaction ends.
    """
    wanted = list(set(variant_ids))
    levels = await db.fetch(_LOCK_LEVELS, wanted)
    # A second statement: only one that begins after the lock was granted sees what the former owner of it reserved.
    reservations = await db.fetch(_LIVE_RESERVATIONS, wanted, now)
    ours = set(holders)
    promised: dict[tuple[UUID, UUID], int] = {}
    held: dict[tuple[UUID, UUID], dict[UUID, int]] = {}
    for variant_id, location_id, holder, quantity in reservations:
        place = (variant_id, location_id)
        if holder in ours:
            held.setdefault(place, {})[holder] = quantity
        else:
            promised[place] = promised.get(place, 0) + quantity
    return [
        StockAt(
            variant_id=row["variant_id"],
            location_id=row["location_id"],
            free=max(0, row["unallocated"] - promised.get((row["variant_id"], row["location_id"]), 0)),
            held=held.get((row["variant_id"], row["location_id"]), {}),
        )
        for row in sorted(levels, key=lambda row: (row["position"], row["location_id"]))
    ]


async def hold(db: Connection, portions: Sequence[Portion], *, until: datetime) -> None:
    """Reserve these goods until `until`, in place of all that their holders had reserved before.

    Needs `lock_stock` on the variants. A holder that appears in no portion keeps what it has: `release` it.
    """
    if portions:
        await release(db, {portion.holder for portion in portions})
        await db.execute(_HOLD, *_columns(portions), until)


async def release(db: Connection, holders: Sequence[UUID] | set[UUID]) -> None:
    """Give up all reservations of these holders. Nothing happens to a holder without any."""
    if holders:
        await db.execute("delete from reservation where holder = any($1::uuid[])", list(holders))


async def allocate(db: Connection, portions: Sequence[Portion]) -> None:
    """Give these goods to their holders (orders) for good. Needs `lock_stock` on the variants.

    Reservations are not touched: `release` the carts' own in the same transaction. More than there is violates the
    constraint `never_oversold` and fails the transaction.
    """
    if portions:
        await db.execute(_ALLOCATE, *_columns(portions))


async def unallocate(db: Connection, holders: Sequence[UUID]) -> None:
    """Give back whatever is still allocated to these orders: it may be sold again. Repeating it changes nothing."""
    if holders:
        await db.execute(_LOCK_HELD, list(holders))
        await db.execute(_UNALLOCATE, list(holders))


async def take_out(db: Connection, portions: Sequence[Portion], *, actor: Actor, now: datetime) -> None:
    """The goods leave: they are taken off the shelf and off their order's allocation. Events stock.moved.

    Raises NotAllocated, before the transaction may commit, when an order has less of something than should leave.
    """
    if not portions:
        return
    await db.execute(_LOCK_HELD, list({portion.holder for portion in portions}))
    taken = await db.fetchval(_TAKE_OUT, *_columns(portions))
    if taken != sum(portion.quantity for portion in portions):
        raise NotAllocated
    events = [_sold(portion, now) for portion in portions]
    await emit(db, events, actor=actor)


def _sold(portion: Portion, now: datetime) -> Happened:
    payload = StockMoved(
        variant_id=portion.variant_id,
        location_id=portion.location_id,
        delta=-portion.quantity,
        reason="sale",
        reference=f"order:{portion.holder}",
    )
    return Happened(payload=payload, subject=f"variant:{portion.variant_id}", occurred_at=now)


async def expire_reservations(db: Connection, now: datetime, limit: int) -> int:
    """Delete up to `limit` reservations that have run out by `now`; returns how many. They count for nothing anyway."""
    deleted = await db.fetch(
        """
        delete from reservation where ctid = any(array(
            select ctid from reservation where expires_at <= $1 order by expires_at limit $2 for update skip locked))
        returning 1
        """,
        now,
        limit,
    )
    return len(deleted)


def _columns(portions: Sequence[Portion]) -> tuple[list[UUID], list[UUID], list[UUID], list[int]]:
    return (
        [portion.holder for portion in portions],
        [portion.variant_id for portion in portions],
        [portion.location_id for portion in portions],
        [portion.quantity for portion in portions],
    )
