"""What a sale asks of the catalogue, for many carts at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.catalogue.free_stock import free
from kupec.catalogue.models import Component, PricePoint, SellableVariant
from kupec.catalogue.options import Option, offered
from kupec.kit.db import Connection

# Every join looks up by key what the one before found, so that no estimate of the planner can make it slow. While no
# price list holds, none is looked into.
# A text is in the market's language, else in English, else in any.
_SELLABLE: Final = f"""
with wanted as (
    select distinct market, variant_id from unnest($1::text[], $2::uuid[]) as w (market, variant_id)
), tax as materialized (
    select document -> 'rates' as rates from document_version where kind = 'tax' and state = 'published'
), list as materialized (
    select l.id, l.code, l.currency, l.price_group, l.includes_vat
    from price_list l
    where l.active and (l.valid_from is null or l.valid_from <= $3) and (l.valid_until is null or l.valid_until > $3)
)
select w.market, m.currency, v.bundle, v.id, v.product_id, v.sku,
       case when v.names = '{{}}' then t.name
            else concat_ws(', ', t.name, nullif(coalesce(v.names ->> m.language, v.names ->> 'en',
                                                         (select min(value) from jsonb_each_text(v.names))), '')) end
       as name,
       (select encode(f.sha256, 'hex') from media f where f.id = p.picture_id) as picture,
       t.slug, p.kind, c.amount as unit_amount, p.vat_class, v.stocked,
       case when v.stocked and not v.bundle then {free("v.id", "$3", "$4")} else 0 end as available,
       v.weight_g, p.lead_days, p.category_codes,
       case when exists (select from list) then (
           select jsonb_agg(jsonb_build_object('list_code', l.code, 'group', l.price_group,
                                               'includes_vat', l.includes_vat, 'min_quantity', i.min_quantity,
                                               'amount', i.amount)
                            order by i.min_quantity, l.code)
           from price_list_item i join list l on l.id = i.price_list_id and l.currency = m.currency
           where i.variant_id = v.id)
       end as price_points,
       nullif(p.options, '[]') as options
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
"""  # noqa: S608

_COMPONENTS: Final = f"""
select w.market, b.bundle_id, c.id as variant_id, c.sku, b.quantity, c.stocked,
       concat_ws(', ', t.name, nullif(coalesce(c.names ->> m.language, c.names ->> 'en',
                                               (select min(value) from jsonb_each_text(c.names))), '')) as name,
       c.status = 'active' and p.status <> 'archived' as whole,
       case when c.stocked then {free("c.id", "$3", "$4")} else 0 end as available
from unnest($1::text[], $2::uuid[]) as w (market, bundle_id)
join market m on m.code = w.market
join bundle_item b using (bundle_id)
join variant c on c.id = b.component_id
join product p on p.id = c.product_id
join lateral (
    select t.name
    from product_text t
    where t.product_id = p.id
    order by t.language = m.language desc, t.language = 'en' desc, t.language
    limit 1
) t on true
order by b.bundle_id, b.position, c.sku
"""  # noqa: S608


async def sellable(
    db: Connection, pairs: Sequence[tuple[str, UUID]], *, now: datetime, holders: Sequence[UUID] = ()
) -> dict[tuple[str, UUID], SellableVariant]:
    """Everything a sale needs to know about these (market code, variant), in one statement; in two with bundles.

    What is not on sale there (archived, draft, without a price or a VAT rate at home, unknown, a bundle of nothing or
    of something archived) is missing from the answer. `available` leaves out the reservations live at `now` except
    those of `holders`. Nothing is locked: this informs, `lock_stock` decides.
    """
    if not pairs:
        return {}
    rows = await db.fetch(_SELLABLE, [pair[0] for pair in pairs], [pair[1] for pair in pairs], now, list(holders))
    found = {(row["market"], row["id"]): _variant(row) for row in rows}
    bundles = [(row["market"], row["id"]) for row in rows if row["bundle"]]
    if bundles:
        parts = await _components(db, bundles, now=now, holders=holders)
        for key in bundles:
            bundle = _assembled(found.pop(key), parts.get(key, []))
            if bundle is not None:
                found[key] = bundle
    return found


def _variant(row: Any) -> SellableVariant:
    _market, currency, _bundle, *plain, points, options = row
    fields = dict(zip(_PLAIN, plain, strict=True))
    if points is not None:
        fields["price_points"] = msgspec.convert(points, list[PricePoint])
    if options is not None:
        fields["options"] = offered(msgspec.convert(options, list[Option]), currency)
    return SellableVariant(**fields)


_PLAIN: Final = SellableVariant.__struct_fields__[: SellableVariant.__struct_fields__.index("price_points")]


async def _components(
    db: Connection, bundles: Sequence[tuple[str, UUID]], *, now: datetime, holders: Sequence[UUID]
) -> dict[tuple[str, UUID], list[tuple[Component, bool, int]]]:
    """What each bundle contains: the component, whether it can be sold, and its free pieces."""
    markets, ids = [market for market, _ in bundles], [variant_id for _, variant_id in bundles]
    parts: defaultdict[tuple[str, UUID], list[tuple[Component, bool, int]]] = defaultdict(list)
    for row in await db.fetch(_COMPONENTS, markets, ids, now, list(holders)):
        component = Component(
            variant_id=row["variant_id"],
            sku=row["sku"],
            name=row["name"],
            quantity=row["quantity"],
            stocked=row["stocked"],
        )
        parts[row["market"], row["bundle_id"]].append((component, row["whole"], row["available"]))
    return parts


def _assembled(bundle: SellableVariant, parts: Sequence[tuple[Component, bool, int]]) -> SellableVariant | None:
    """The bundle with what it contains and how many of it can be made, or None where something is not to be had."""
    if not parts or not all(whole for _, whole, _ in parts):
        return None
    makes = [free_pieces // component.quantity for component, _, free_pieces in parts if component.stocked]
    return msgspec.structs.replace(
        bundle,
        stocked=bool(makes),
        available=min(makes, default=0),
        components=[component for component, _, _ in parts],
    )


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
