"""What a customer has done, summed up: how often and how much they buy, in which rhythm, and what."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_EVENTS = (
    "order.placed",
    "order.extended",
    "order.cancelled",
    "order.rest_cancelled",
    "order.refunded",
    "return.recorded",
    "party.merged",
    "party.unmerged",
)


class CustomerStats(msgspec.Struct, frozen=True, kw_only=True):
    """`rhythm_days` is the usual time between two days with orders; None before the third such day.

    `spent` is what was paid, less what was given back, in minor units by currency.
    """

    party_id: UUID
    orders: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    rhythm_days: float | None
    spent: dict[str, int]


_FIELDS = "party_id, orders, first_order_at, last_order_at, rhythm_days, spent"

# An absorbed customer's orders stand under their own id; they count for who absorbed them.
_MEMBERS = """
with member as (
    select id as root, id as member from unnest($1::uuid[]) as root (id)
    union all
    select party_id, member_id from party_alias where party_id = any($1::uuid[]) and kind = 'merged'
), sold as (
    select member.root, o.id, o.placed_at, o.currency,
           o.total - coalesce((select sum(amount) from order_refund where order_id = o.id), 0) as kept
      from member join sales_order o on o.customer_id = member.member
     where o.placed_at is not null and o.state <> 'cancelled'
)
"""
_SUM_UP = f"""
{_MEMBERS}, day as (
    select distinct root, (placed_at at time zone 'UTC')::date as day from sold
), gap as (
    select root, day - lag(day) over (partition by root order by day) as days from day
), rhythm as (
    select root, percentile_cont(0.5) within group (order by days) as days
      from gap group by root having count(days) >= 2
), money as (
    select root, jsonb_object_agg(currency, kept) as spent
      from (select root, currency, sum(kept)::bigint as kept from sold group by root, currency) by_currency
     group by root
), figures as (
    select root, count(*)::int as orders, min(placed_at) as first_at, max(placed_at) as last_at from sold group by root
)
insert into customer_stats (party_id, orders, first_order_at, last_order_at, rhythm_days, spent, updated_at)
select root.id, coalesce(orders, 0), first_at, last_at, rhythm.days, coalesce(spent, '{{}}'), $2
  from unnest($1::uuid[]) as root (id) join party on party.id = root.id
       left join figures on figures.root = root.id left join rhythm on rhythm.root = root.id
       left join money on money.root = root.id
    on conflict (party_id) do update
       set orders = excluded.orders, first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at,
           rhythm_days = excluded.rhythm_days, spent = excluded.spent, updated_at = excluded.updated_at
"""  # noqa: S608
_BOUGHT = f"""
{_MEMBERS}
insert into customer_bought (party_id, product_id, pieces, last_at)
select root, variant.product_id, sum(line.quantity), max(sold.placed_at)
  from sold join order_line line on line.order_id = sold.id join variant on variant.id = line.variant_id
 group by root, variant.product_id
"""  # noqa: S608


def subscriber() -> Subscriber:
    """Keeps the sums; imported history counts like any other."""
    return Subscriber(
        name="personalization.stats",
        handle=_sum_up_events,
        events=_EVENTS,
        start="beginning",
        imported=True,
        batch_size=1_000,
        rest=1.0,
    )


async def _sum_up_events(db: Connection, events: Sequence[Event]) -> None:
    touched = {event.customer_id for event in events if event.customer_id is not None}
    for event in events:
        if event.name in ("party.merged", "party.unmerged"):
            touched.add(UUID(event.payload["absorbed_id"]))
    await sum_up(db, touched, now=max(event.recorded_at for event in events))


async def sum_up(db: Connection, party_ids: Iterable[UUID], *, now: datetime) -> None:
    """Sum these customers' orders up anew, each with those they absorbed. Who was absorbed has no sums of their own."""
    belongs = await roots(db, party_ids)
    current = sorted(set(belongs.values()))
    stale = sorted(set(belongs) | set(current))
    await db.execute("delete from customer_bought where party_id = any($1::uuid[])", stale)
    await db.execute("delete from customer_stats where party_id = any($1::uuid[])", sorted(set(belongs) - set(current)))
    await db.execute(_SUM_UP, current, now)
    await db.execute(_BOUGHT, current)


async def stats_of(db: Connection, party_ids: Sequence[UUID]) -> dict[UUID, CustomerStats]:
    """By customer; one who never ordered may have none. Absorbed customers have none of their own."""
    rows = await db.fetch(
        f"select {_FIELDS} from customer_stats where party_id = any($1::uuid[])",  # noqa: S608
        list(party_ids),
    )
    return {found.party_id: found for found in to_structs(CustomerStats, rows)}
