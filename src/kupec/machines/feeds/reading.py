"""Goods for feeds, read a page of products at a time: a feed of any length costs the memory of one page."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kupec.catalogue import TAX, Market, SellableVariant, TaxRules, product_addresses, sellable, unit_price
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.versions import published
from kupec.machines.feeds.models import Goods, Picture, Variant, Version, is_gtin

PAGE: Final = 100
"""Products read at once."""
_DRAWN: Final = "image/svg+xml"
_PRODUCTS: Final = """
select p.id, p.brand, p.kind, t.name, t.summary, t.description, encode(f.sha256, 'hex') as sha, f.content_type,
       (select array_agg(named.name order by way.depth desc)
        from (
            with recursive deepest as (
                select c.id, c.parent_id, 0 as depth from category c
                 where c.id = (select placed.category_id from product_category placed
                                where placed.product_id = p.id
                                order by placed.category_id limit 1)
                 union all
                select c.id, c.parent_id, deepest.depth + 1 from category c join deepest on c.id = deepest.parent_id)
            select id, depth from deepest) way
        join lateral (
            select x.name from category_text x where x.category_id = way.id
             order by x.language = $2 desc, x.language = 'en' desc, x.language limit 1) named on true) as category
  from product p
  join lateral (
       select x.name, x.summary, x.description from product_text x where x.product_id = p.id
        order by x.language = $2 desc, x.language = 'en' desc, x.language limit 1) t on true
  left join media f on f.id = p.picture_id
 where p.id = any($1::uuid[])
"""
_VARIANTS: Final = """
select product_id, id, barcode, weight_g,
       coalesce(names ->> $2, names ->> 'en', (select min(value) from jsonb_each_text(names)), '') as named
  from variant where product_id = any($1::uuid[]) and status = 'active'
 order by product_id, position, sku
"""
# Everything that a feed can tell, whole tables at once: a row more or other makes another sum. What holds by the clock
# (reservations, price lists) counts as it holds now.
_STATE: Final = """
select concat_ws('/',
    (select sum(hashtextextended(x::text, 0)) from product x),
    (select sum(hashtextextended(x::text, 0)) from product_text x),
    (select sum(hashtextextended(x::text, 0)) from variant x),
    (select sum(hashtextextended(x::text, 0)) from price x where currency = $2),
    (select sum(hashtextextended(x::text || l::text, 0))
       from price_list_item x join price_list l on l.id = price_list_id
      where l.active and (l.valid_from is null or l.valid_from <= $3)
        and (l.valid_until is null or l.valid_until > $3)),
    (select sum(hashtextextended(x::text, 0)) from stock_level x),
    (select sum(hashtextextended(x::text, 0)) from reservation x where expires_at > $3),
    (select sum(hashtextextended(x::text, 0)) from bundle_item x),
    (select sum(hashtextextended(x::text, 0)) from product_category x),
    (select sum(hashtextextended(x::text, 0)) from category_text x),
    (select sum(hashtextextended(x::text, 0)) from market x where code = $1),
    (select hashtextextended(document::text, 0) from document_version where kind = 'tax' and state = 'published'))
"""


async def version_of(db: Connection, market: Market, *, now: datetime) -> Version:
    """What the market's feeds tell now, in a sum, and since when; remembers a sum that is another one."""
    digest = await db.fetchval(_STATE, market.code, market.currency, now)
    row = await db.fetchrow("select digest, changed_at from feed_version where market = $1", market.code)
    if row is None or row["digest"] != digest:
        row = await db.fetchrow(
            """
            insert into feed_version as known (market, digest, changed_at) values ($1, $2, $3)
            on conflict (market) do update set digest = $2, changed_at = greatest(known.changed_at, $3)
            returning digest, changed_at
            """,
            *(market.code, digest, now),
        )
    assert row is not None
    return Version(digest=row["digest"], changed_at=row["changed_at"])


async def pages(database: Database, market: Market, clock: Clock) -> AsyncIterator[list[Goods]]:
    """All that is on sale in the market. No connection is held while a page is on its way to a slow reader."""
    after: UUID | None = None
    while True:
        async with database.reading() as db:
            addresses = await product_addresses(db, market, after=after, limit=PAGE)
            if not addresses:
                return
            slugs = {address.product_id: address.slug for address in addresses}
            goods = await goods_of(db, market, slugs, now=clock.now())
        yield goods
        after = addresses[-1].product_id


async def goods_of(db: Connection, market: Market, slugs: dict[UUID, str], *, now: datetime) -> list[Goods]:
    """These products as they stand at this moment; those of which nothing is on sale are left out."""
    products = {row["id"]: row for row in await db.fetch(_PRODUCTS, list(slugs), market.language)}
    rows: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await db.fetch(_VARIANTS, list(slugs), market.language):
        rows[row["product_id"]].append(row)
    pairs = [(market.code, row["id"]) for variants in rows.values() for row in variants]
    sold = await sellable(db, pairs, now=now)
    rules = (await published(db, TAX))[TAX]
    found = []
    for product_id, slug in slugs.items():
        variants = _variants(rows.get(product_id, ()), sold, market, rules)
        if variants and product_id in products:
            found.append(_goods(products[product_id], slug, variants))
    return found


def _variants(
    rows: Sequence[Any], sold: dict[tuple[str, UUID], SellableVariant], market: Market, rules: TaxRules
) -> list[Variant]:
    variants = []
    for row in rows:
        variant = sold.get((market.code, row["id"]))
        if variant is None:
            continue
        rate = rules.rate(variant.vat_class, home=market.home_country, destination=None) or 0
        price = unit_price(variant, quantity=1, group=None, rate_bp=rate)
        variants.append(
            Variant(
                id=variant.id,
                sku=variant.sku,
                title=variant.name,
                price=price,
                regular=variant.unit_amount if variant.unit_amount > price else None,
                available=not variant.stocked or variant.available > 0,
                gtin=row["barcode"] if is_gtin(row["barcode"]) else None,
                weight_g=row["weight_g"],
                named=row["named"] if len(rows) > 1 else "",
            )
        )
    return variants


def _goods(row: Any, slug: str, variants: list[Variant]) -> Goods:
    picture = Picture(sha=row["sha"], drawn=row["content_type"] == _DRAWN) if row["sha"] else None
    return Goods(
        id=row["id"],
        slug=slug,
        title=row["name"],
        description=row["description"] or row["summary"] or row["name"],
        brand=row["brand"],
        kind=row["kind"],
        picture=picture,
        category=row["category"] or [],
        variants=variants,
    )
