"""What was delivered and stays with its buyer becomes a row a piece, under the rules of servicing."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from kupec.customers import roots
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.sales.owned_events import OwnedAdded
from kupec.sales.owned_models import SERVICING, Kept, Servicing

_SALES = system("sales")
# All that has arrived of these orders so far: a piece keeps its number, whichever parcel brought it.
_ARRIVED = """
select line.id as line_id, line.variant_id, line.name, line.sku, placed.customer_id, placed.id as order_id,
       sum(part.quantity)::int as pieces,
       (select product.service_interval_days from variant join product on product.id = variant.product_id
         where variant.id = line.variant_id) as service_every_days,
       array(select category.code from variant
               join product_category using (product_id) join category on category.id = product_category.category_id
              where variant.id = line.variant_id) as categories
  from sales_order placed
  join order_line line on line.order_id = placed.id
  join fulfilment_line part on part.order_line_id = line.id
  join fulfilment on fulfilment.id = part.fulfilment_id and fulfilment.state = 'delivered'
 where placed.id = any($1::uuid[]) and placed.customer_id is not null
 group by line.id, placed.id order by line.id
"""
_INSERT = """
insert into owned_product (id, party_id, variant_id, name, bought_on, warranty_until, service_interval_days,
                           next_service_on, source, source_ref, created_at)
select id, party_id, variant_id, name, bought_on, warranty_until, every, next_on, 'order', source_ref, created_at
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::date[], $7::int[], $8::date[], $9::text[],
              $10::timestamptz[])
    as t (id, party_id, variant_id, name, bought_on, warranty_until, every, next_on, source_ref, created_at)
    on conflict (source_ref) do nothing
returning id, party_id, next_service_on, created_at
"""
_Row = tuple[object, ...]


def owned_subscriber() -> Subscriber:
    """Notes what customers have when it has arrived."""
    return Subscriber(name="sales.owned", events=("order.delivered",), handle=keep_delivered, start="now", rest=0.5)


async def keep_delivered(db: Connection, events: Sequence[Event]) -> None:
    """One row a piece, however often it is read. Emits owned.added."""
    rules = (await published(db, SERVICING))[SERVICING]
    arrived = {UUID(event.subject.partition(":")[2]): event for event in events if event.origin == "live"}
    rows = await db.fetch(_ARRIVED, sorted(arrived))
    owners = await roots(db, {row["customer_id"] for row in rows})
    pieces = [piece for row in rows for piece in _pieces(row, arrived[row["order_id"]], owners, rules)]
    if not pieces:
        return
    made = await db.fetch(_INSERT, *(list(column) for column in zip(*pieces, strict=True)))
    happened = [
        Happened(
            payload=OwnedAdded(owned_id=row["id"], source="order", next_service_on=row["next_service_on"]),
            subject=f"owned:{row['id']}",
            customer_id=row["party_id"],
            occurred_at=row["created_at"],
        )
        for row in made
    ]
    await emit(db, happened, actor=_SALES)


def _pieces(row: asyncpg.Record, event: Event, owners: Mapping[UUID, UUID], rules: Servicing) -> Iterable[_Row]:
    kept = _rule(rules, row["sku"], row["categories"], row["service_every_days"])
    if kept is None:
        return
    day = event.occurred_at.astimezone(ZoneInfo(rules.timezone)).date()
    every = kept.service_every_days
    due = day + timedelta(days=every) if every else None
    until = months_on(day, kept.warranty_months) if kept.warranty_months else None
    for piece in range(1, row["pieces"] + 1):
        ref = f"line:{row['line_id']}:{piece}"
        party_id = owners[row["customer_id"]]
        yield uuid7(), party_id, row["variant_id"], row["name"], day, until, every, due, ref, event.recorded_at


def _rule(rules: Servicing, sku: str, categories: Sequence[str], every: int | None) -> Kept | None:
    """What fits the article; one whose product has a service stays with its buyer in any case."""
    fits = (one for one in rules.kept if sku in one.skus or set(one.categories) & set(categories))
    found = next(fits, None)
    if found is None:
        return Kept(service_every_days=every, warranty_months=rules.warranty_months) if every else None
    return msgspec.structs.replace(found, service_every_days=found.service_every_days or every)


def months_on(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
