"""Every product's addresses with the day it last changed: what search engines are told about, piece by piece."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.models import Market
from kupec.kit.db import Connection, to_structs

# On sale in a market: an entry in its language with a price in its currency.
_ADDRESSES: Final = """
select i.product_id, t.slug, p.updated_at,
       (select jsonb_object_agg(m.language, x.slug)
        from market m
        join product_index j on j.product_id = i.product_id and j.language = m.language and j.prices ? m.currency
        join product_text x on x.product_id = j.product_id and x.language = j.text_language) as slugs
from product_index i
join product p on p.id = i.product_id
join product_text t on t.product_id = i.product_id and t.language = i.text_language
where i.language = $1 and i.prices ? $2 and i.product_id > $3
order by i.product_id
limit $4
"""
_FIRST: Final = UUID(int=0)


class ProductAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A product on sale in a market; `slugs` in every language it is on sale in."""

    product_id: UUID
    slug: str
    updated_at: datetime
    slugs: dict[str, str]


async def product_addresses(
    db: Connection, market: Market, *, after: UUID | None = None, limit: int = 5000
) -> list[ProductAddress]:
    """The products on sale in a market, `limit` at most, in the order of their ids and after that one."""
    rows = await db.fetch(_ADDRESSES, market.language, market.currency, after or _FIRST, limit)
    return to_structs(ProductAddress, rows)


async def address_chunks(db: Connection, market: Market, *, size: int) -> list[tuple[UUID | None, datetime]]:
    """The products on sale in a market cut into chunks: the id each begins after, and when one of it last changed."""
    rows = await db.fetch(
        """
        select max(updated_at) as changed_at, (array_agg(product_id order by product_id desc))[1] as last_id
        from (
            select i.product_id, p.updated_at,
                   (row_number() over (order by i.product_id) - 1) / $3::bigint as chunk
            from product_index i join product p on p.id = i.product_id
            where i.language = $1 and i.prices ? $2
        ) numbered
        group by chunk order by chunk
        """,
        market.language,
        market.currency,
        size,
    )
    begins = [None, *(row["last_id"] for row in rows)]
    return [(begin, row["changed_at"]) for begin, row in zip(begins, rows, strict=False)]
