"""What a sale asks of the catalogue, for many carts at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.catalogue.models import SellableVariant
from kupec.kit.db import Connection

# Every join looks up by key what the one before found, so that no estimate of the planner can make it slow.
# A text is in the market's language, else in English, else in any.
_SELLABLE: Final = """
with wanted as (
    select distinct market, variant_id from unnest($1::text[], $2::uuid[]) as w (market, variant_id)
)
select w.market, v.id, v.product_id, v.sku,
       case when v.names = '{}' then t.name
            else concat_ws(', ', t.name, nullif(coalesce(v.names ->> m.language, v.names ->> 'en',
                                                         (select min(value) from jsonb_each_text(v.names))), '')) end
       as name,
       (select encode(f.sha256, 'hex') from media f where f.id = p.picture_id) as picture,
       t.slug, p.kind, c.amount as unit_amount, x.rate_bp as tax_bp, v.stocked,
       case when v.stocked then coalesce(s.available, 0) else 0 end as available
from wanted w
join market m on m.code = w.market
join variant v on v.id = w.variant_id and v.status = 'active'
join product p on p.id = v.product_id and p.status = 'active'
join price c on c.variant_id = v.id and c.currency = m.currency
join vat_rate x on x.country = m.home_country and x.vat_class = p.vat_class
join lateral (
    select t.name, t.slug
    from product_text t
    where t.product_id = p.id
    order by t.language = m.language desc, t.language = 'en' desc, t.language
    limit 1
) t on true
left join lateral (
    select sum(greatest(0, s.on_hand - s.allocated - coalesce((
               select sum(r.quantity)
               from reservation r
               where r.variant_id = s.variant_id and r.location_id = s.location_id
                 and r.expires_at > $3 and not r.holder = any($4::uuid[])), 0)))::int as available
    from stock_level s
    where s.variant_id = v.id
) s on true
"""


async def sellable(
    db: Connection, pairs: Sequence[tuple[str, UUID]], *, now: datetime, holders: Sequence[UUID] = ()
) -> dict[tuple[str, UUID], SellableVariant]:
    """Everything a sale needs to know about these (market code, variant), in one statement.

    What is not on sale there (archived, draft, without a price or a VAT rate, unknown) is missing from the answer.
    `available` leaves out the reservations live at `now` except those of `holders`. Nothing is locked: this informs,
    `lock_stock` decides.
    """
    if not pairs:
        return {}
    rows = await db.fetch(_SELLABLE, [pair[0] for pair in pairs], [pair[1] for pair in pairs], now, list(holders))
    found = {}
    for row in rows:
        market, *values = row
        found[market, values[0]] = SellableVariant(**dict(zip(_FIELDS, values, strict=True)))
    return found


_FIELDS: Final = SellableVariant.__struct_fields__


async def variants_by_sku(db: Connection, skus: Sequence[str]) -> dict[str, UUID]:
    """The variants with these SKUs, whatever their status; unknown ones are missing."""
    rows = await db.fetch("select sku, id from variant where sku = any($1::text[])", list(skus))
    return {row["sku"]: row["id"] for row in rows}


async def resolve_items(db: Connection, ids: Sequence[str]) -> dict[str, UUID]:
    """The variants that outsiders call by these names, each an SKU or a variant's id; unknown ones are missing."""
    by_id = {text: variant_id for text in ids if (variant_id := _as_uuid(text)) is not None}
    skus = [text for text in ids if "\0" not in text]  # PostgreSQL's text cannot hold it
    rows = await db.fetch(
        "select id, sku from variant where sku = any($1::text[]) or id = any($2::uuid[])", skus, list(by_id.values())
    )
    by_sku = {row["sku"]: row["id"] for row in rows}
    known = {row["id"] for row in rows}
    found = {text: variant_id for text, variant_id in by_id.items() if variant_id in known}
    return found | {text: by_sku[text] for text in ids if text in by_sku}


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
