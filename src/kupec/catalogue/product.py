"""A product's page in the storefront."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.catalogue.categories import list_categories
from kupec.catalogue.free_stock import buyable, shown_price
from kupec.catalogue.models import Market, ProductView, VariantView
from kupec.catalogue.options import Option, offered
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

_BY_SLUG: Final = """
select t.product_id
from product_text t join product p on p.id = t.product_id and p.status = 'active'
where t.slug = $1
order by t.language = $2 desc, t.language = 'en' desc, t.language
limit 1
"""

_PRODUCT: Final = """
select p.id, p.external_id, p.brand, p.kind, p.lead_days, p.service_interval_days, p.options,
       t.name, t.slug, t.summary, t.description,
       encode(f.sha256, 'hex') as picture,
       (select jsonb_object_agg(x.language, x.slug) from product_text x where x.product_id = p.id) as slugs,
       array(select pc.category_id from product_category pc where pc.product_id = p.id) as category_ids,
       array(select jsonb_build_array(a.code, a.value)
             from product_attribute a where a.product_id = p.id order by a.position, a.code) as attributes
from product p
join product_index i on i.product_id = p.id and i.language = $2
join product_text t on t.product_id = p.id and t.language = i.text_language
left join media f on f.id = p.picture_id
where p.id = $1 and p.status = 'active'
"""

_PRICE: Final = shown_price(
    "c.amount", variant="v.id", vat_class="p.vat_class", currency="$3", home="$5::text", group="$6::text", now="$4"
)

_VARIANTS: Final = f"""
select v.id, v.sku, v.barcode, v.weight_g, c.amount as base_price, c.currency, {_PRICE} as price,
       coalesce(v.names ->> $2, v.names ->> 'en', (select min(value) from jsonb_each_text(v.names)), '') as name,
       {buyable("v", "$4")} as available
from variant v join product p on p.id = v.product_id join price c on c.variant_id = v.id and c.currency = $3
where v.product_id = $1 and v.status = 'active'
order by v.position, v.sku
"""  # noqa: S608


async def product_by_slug(
    db: Connection, market: Market, slug: str, *, now: datetime, group: str | None = None
) -> ProductView:
    """The product with this slug in the market's language, or else in any language (then its own `slug` differs).

    Raises NotFound for what is not on sale in the market.
    """
    product_id = await db.fetchval(_BY_SLUG, slug, market.language)
    if product_id is None:
        raise NotFound(what="product")
    return await product_by_id(db, market, product_id, now=now, group=group)


async def product_by_id(
    db: Connection, market: Market, product_id: UUID, *, now: datetime, group: str | None = None
) -> ProductView:
    """The product as it is shown in the market, at the prices of a price group.

    Raises NotFound for what is not on sale there.
    """
    row = await db.fetchrow(_PRODUCT, product_id, market.language)
    variants = await db.fetch(_VARIANTS, product_id, market.language, market.currency, now, market.home_country, group)
    if row is None or not variants:
        raise NotFound(what="product")
    fields: dict[str, Any] = dict(row)
    inside = set(fields.pop("category_ids"))
    fields["attributes"] = {code: _spoken(value, market.language) for code, value in fields["attributes"]}
    fields["options"] = offered(msgspec.convert(fields["options"], list[Option]), market.currency)
    categories = [each for each in await list_categories(db, market.language) if each.id in inside]
    return ProductView(**fields, categories=categories, variants=[VariantView(**row) for row in variants])


def _spoken(value: str | dict[str, str], language: str) -> str:
    if isinstance(value, str):
        return value
    return value.get(language) or value.get("en") or next(iter(value.values()), "")
