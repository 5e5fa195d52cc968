"""What moved on the shelves, read from the event log, and what runs low."""

from typing import Final
from uuid import UUID

from kupec.catalogue.models import LowStock, Movement
from kupec.kit.db import Connection

_MOST: Final = 500

# Until movements had reasons, a count was told as before and after.
_MOVEMENTS: Final = """
select e.id, e.occurred_at as at, v.id as variant_id, v.sku, o.id as location_id, o.name as location, e.actor,
       concat_ws(', ', t.name, nullif(coalesce(v.names ->> $1, v.names ->> 'en',
                                               (select min(value) from jsonb_each_text(v.names))), '')) as name,
       coalesce((e.payload ->> 'delta')::int, (e.payload ->> 'after')::int - (e.payload ->> 'before')::int) as delta,
       case e.name when 'stock.moved' then e.payload ->> 'reason' else 'count' end as reason,
       coalesce(e.payload ->> 'reference', '') as reference,
       case e.name when 'stock.moved' then coalesce(e.payload ->> 'note', '') else e.payload ->> 'reason' end as note
from event e
join variant v on v.id = (e.payload ->> 'variant_id')::uuid
join location o on o.id = (e.payload ->> 'location_id')::uuid
join lateral (
    select t.name from product_text t where t.product_id = v.product_id
    order by t.language = $1 desc, t.language = 'en' desc, t.language limit 1
) t on true
where e.name in ('stock.moved', 'stock.adjusted') and {conditions}
order by e.id desc
limit {limit}
"""

_LOW: Final = """
select v.id as variant_id, v.product_id, v.sku, s.on_hand, s.allocated, s.on_hand - s.allocated as free,
       v.reorder_point,
       concat_ws(', ', t.name, nullif(coalesce(v.names ->> $1, v.names ->> 'en',
                                               (select min(value) from jsonb_each_text(v.names))), '')) as name
from variant v
join product p on p.id = v.product_id and p.status = 'active'
join lateral (
    select coalesce(sum(s.on_hand), 0)::int as on_hand, coalesce(sum(s.allocated), 0)::int as allocated
    from stock_level s where s.variant_id = v.id
) s on s.on_hand - s.allocated <= v.reorder_point
join lateral (
    select t.name from product_text t where t.product_id = v.product_id
    order by t.language = $1 desc, t.language = 'en' desc, t.language limit 1
) t on true
where v.reorder_point is not null and v.status = 'active' and v.stocked and not v.bundle
order by s.on_hand - s.allocated - v.reorder_point, v.sku
"""


async def movements(
    db: Connection,
    variant_id: UUID | None = None,
    *,
    language: str = "en",
    location_id: UUID | None = None,
    reason: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Movement]:
    """What moved, the latest first: of one variant, at one location, for one reason.

    `before` is the id of the last one seen.
    """
    values: list[object] = [language]
    conditions = ["true"]
    for condition, value in (
        ("e.subject = 'variant:' || {}::uuid", variant_id),
        ("e.payload ->> 'location_id' = ({}::uuid)::text", location_id),
        ("case e.name when 'stock.moved' then e.payload ->> 'reason' else 'count' end = {}::text", reason),
        ("e.id < {}::bigint", before),
    ):
        if value is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    values.append(min(max(limit, 1), _MOST))
    sql = _MOVEMENTS.format(conditions=" and ".join(conditions), limit=f"${len(values)}")
    return [Movement(**row) for row in await db.fetch(sql, *values)]


async def low_stock(db: Connection, *, language: str = "en") -> list[LowStock]:
    """What is watched and runs low (free <= its reorder point), the furthest below first."""
    return [LowStock(**row) for row in await db.fetch(_LOW, language)]
