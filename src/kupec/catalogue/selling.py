"""What a sale asks of the catalogue, for many carts at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.catalogue.free_stock import free
from kupec.catalogue.models import Component, PricePoint, SellableVariant
from kupec.catalogue.options import Option, offered
from kupec.kit.db import Connection

# Every join looks up by key what the one before found, so that no estimate of the planner can make it slow. What a
# plain product has none of (entries of price lists, components) costs it one look into an index.
# A text is in the market's language, else in English, else in any.
_SELLABLE: Final = f"""
with wanted as (
    select distinct market, variant_id from unnest($1::text[], $2::uuid[]) as w (market, variant_id)
), tax as materialized (
    select document -> 'rates' as rates from document_version where kind = 'tax' and state = 'published'
)
select w.market, m.currency, v.id, v.product_id, v.sku,
       case when v.names = '{{}}' then t.name
            else concat_ws(', ', t.name, nullif(coalesce(v.names ->> m.language, v.names ->> 'en',
                                                         (select min(value) from jsonb_each_text(v.names))), '')) end
       as name,
       (select encode(f.sha256, 'hex') from media f where f.id = p.picture_id) as picture,
       t.slug, p.kind, c.amount as unit_amount, p.vat_class, coalesce(b.stocked, v.stocked) as stocked,
       case when b.components is not null then coalesce(b.available, 0)
            when v.stocked then {free("v.id", "$3", "$4")} else 0 end as available,
       v.weight_g, p.lead_days,
       array(select distinct unnest(g.code || g.ancestors)
             from product_category pc join category g on g.id = pc.category_id
             where pc.product_id = p.id order by 1) as category_codes,
       (select jsonb_agg(jsonb_build_object('list_code', l.code, 'group', l.price_group,
                                            'min_quantity', i.min_quantity, 'amount', i.amount,
                                            'includes_vat', l.includes_vat)
                         order by i.min_quantity, l.code)
        from price_list_item i join price_list l on l.id = i.price_list_id
        where i.variant_id = v.id and l.active and l.currency = m.currency
          and (l.valid_from is null or l.valid_from <= $3) and (l.valid_until is null or l.valid_until > $3))
       as price_points,
       nullif(p.options, '[]') as options, b.components
from wanted w
join market m on m.code = w.market
join variant v on v.id = w.variant_id and v.status = 'active'
join product p on p.id = v.product_id and p.status = 'active'
join price c on c.variant_id = v.id and c.currency = m.currency
join tax x on x.rates #> array[m.home_country, p.vat_class] is not null
join lateral (
    select t.name, t.slug
    from product_text t
    where t.product_id = p.id
    order by t.language = m.language desc, t.language = 'en' desc, t.language
    limit 1
) t on true
left join lateral (
    select bool_or(k.stocked) as stocked, bool_and(k.status = 'active' and q.status <> 'archived') as whole,
           min(case when k.stocked then {free("k.id", "$3", "$4")} / bi.quantity end) as available,
           jsonb_agg(jsonb_build_object(
               'variant_id', k.id, 'sku', k.sku, 'quantity', bi.quantity, 'stocked', k.stocked, 'name',
               (select concat_ws(', ', y.name, nullif(coalesce(k.names ->> m.language, k.names ->> 'en'), ''))
                from product_text y where y.product_id = k.product_id
                order by y.language = m.language desc, y.language = 'en' desc, y.language limit 1))
               order by bi.position, k.sku) as components
    from bundle_item bi join variant k on k.id = bi.component_id join product q on q.id = k.product_id
    where bi.bundle_id = v.id
) b on true
where b.whole is not false
"""  # noqa: S608


async def sellable(
    db: Connection, pairs: Sequence[tuple[str, UUID]], *, now: datetime, holders: Sequence[UUID] = ()
) -> dict[tuple[str, UUID], SellableVariant]:
    """Everything a sale needs to know about these (market code, variant), in one statement.

    What is not on sale there (archived, draft, without a price or a VAT rate at home, unknown, a bundle of something
    archived) is missing from the answer. `available` leaves out the reservations live at `now` except those of
    `holders`. Nothing is locked: this informs, `lock_stock` decides.
    """
    if not pairs:
        return {}
    rows = await db.fetch(_SELLABLE, [pair[0] for pair in pairs], [pair[1] for pair in pairs], now, list(holders))
    return {(row["market"], row["id"]): _variant(row) for row in rows}


def _variant(row: Any) -> SellableVariant:
    _market, currency, *plain, points, options, components = row
    fields = dict(zip(_PLAIN, plain, strict=True))
    if points is not None:
        fields["price_points"] = msgspec.convert(points, list[PricePoint])
    if options is not None:
        fields["options"] = offered(msgspec.convert(options, list[Option]), currency)
    if components is not None:
        fields["components"] = msgspec.convert(components, list[Component])
    return SellableVariant(**fields)


_PLAIN: Final = SellableVariant.__struct_fields__[: SellableVariant.__struct_fields__.index("price_points")]


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
