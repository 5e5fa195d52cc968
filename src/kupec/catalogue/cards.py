"""Products as they stand in a list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.catalogue.free_stock import buyable, shown_price
from kupec.catalogue.models import Market, ProductCard
from kupec.kit.db import Connection

_PRICE = shown_price(
    "c.amount", variant="v.id", vat_class="p.vat_class", currency="$3", home="$5::text", group="$6::text", now="$4"
)

_CARDS: Final = f"""
select p.id, t.name, t.slug, t.summary, p.brand, p.kind, encode(f.sha256, 'hex') as picture,
       o.price, o.price_varies, $3 as currency, o.available
from unnest($1::uuid[]) with ordinality as given (id, place)
join product p on p.id = given.id and p.status = 'active'
join product_index i on i.product_id = p.id and i.language = $2
join product_text t on t.product_id = p.id and t.language = i.text_language
left join media f on f.id = p.picture_id
join lateral (
    select min(s.price) as price, min(s.price) < max(s.price) as price_varies, sum(s.available)::int as available
    from (select {_PRICE} as price, {buyable("v", "$4")} as available
          from variant v join price c on c.variant_id = v.id and c.currency = $3
          where v.product_id = p.id and v.status = 'active') s
) o on o.price is not null
order by given.place
"""  # noqa: S608

_SIMILAR: Final = """
select other.product_id
from product_category mine
join product_category other on other.category_id = mine.category_id and other.product_id <> mine.product_id
join product_index i on i.product_id = other.product_id and i.language = $2 and i.prices ? $4
join product p on p.id = other.product_id
join product this on this.id = mine.product_id
where mine.product_id = $1
group by other.product_id, p.brand = this.brand, i.sort_key
order by count(*) desc, p.brand = this.brand desc, i.sort_key
limit $3
"""


async def products_by_ids(
    db: Connection, market: Market, ids: Sequence[UUID], *, now: datetime, group: str | None = None
) -> list[ProductCard]:
    """These products in this order, at the prices of a price group; those not on sale in the market are left out."""
    if not ids:
        return []
    rows = await db.fetch(_CARDS, list(ids), market.language, market.currency, now, market.home_country, group)
    return [ProductCard(**row) for row in rows]


async def similar_products(
    db: Connection, market: Market, product_id: UUID, *, now: datetime, limit: int = 4
) -> list[ProductCard]:
    """Others of the same categories, those of the same brand first."""
    rows = await db.fetch(_SIMILAR, product_id, market.language, limit, market.currency)
    return await products_by_ids(db, market, [row["product_id"] for row in rows], now=now)
