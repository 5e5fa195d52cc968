"""Products and stock as other systems read them: everything, also what is not on sale. Money in minor units."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.catalogue import Option
from kupec.integrations.paging import MOST, pack, unpack
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound


class ProductTextOut(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    slug: str
    summary: str
    description: str


class ListPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a price list says of a variant, for one piece when at least `min_quantity` are bought."""

    price_list: str
    currency: str
    min_quantity: int
    amount: int
    includes_vat: bool


class VariantOut(msgspec.Struct, frozen=True, kw_only=True):
    """`prices` by currency with VAT. A `bundle` says how many pieces of which SKUs it consists of."""

    id: UUID
    sku: str
    barcode: str | None
    names: dict[str, str]
    weight_g: int
    status: str
    stocked: bool
    prices: dict[str, int]
    list_prices: list[ListPrice]
    bundle: dict[str, int]
    reorder_point: int | None
    on_hand: int
    allocated: int


class ProductOut(msgspec.Struct, frozen=True, kw_only=True):
    """A product by its external id, with texts by language. `relations` name external ids by kind."""

    external_id: str
    id: UUID
    kind: str
    brand: str
    vat_class: str
    status: str
    picture: str | None
    """The address of the picture, below the shop's."""
    texts: dict[str, ProductTextOut]
    categories: list[str]
    attributes: dict[str, str | dict[str, str]]
    options: list[Option]
    lead_days: int
    service_interval_days: int | None
    relations: dict[str, list[str]]
    variants: list[VariantOut]
    created_at: datetime
    updated_at: datetime


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    products: list[ProductOut]
    next_cursor: str | None


class ShelfOut(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at one location. `allocated` pieces belong to placed orders, `reserved` are held for a while."""

    sku: str
    location: str
    on_hand: int
    allocated: int
    reserved: int


class StockPage(msgspec.Struct, frozen=True, kw_only=True):
    stock: list[ShelfOut]
    next_cursor: str | None


_FIND: Final = """
select id, external_id from product
where ($1::text is null or external_id > $1) and ($2::text is null or status = $2)
  and ($3::timestamptz is null or updated_at >= $3)
order by external_id limit $4
"""
_PRODUCTS: Final = """
select p.id, p.external_id, p.kind, p.brand, p.vat_class, p.status, p.options, p.lead_days, p.service_interval_days,
       p.created_at, p.updated_at, '/media/' || encode(f.sha256, 'hex') as picture,
       array(select c.code from product_category pc join category c on c.id = pc.category_id
             where pc.product_id = p.id order by c.code) as categories,
       coalesce((select jsonb_object_agg(t.language, jsonb_build_object(
                     'name', t.name, 'slug', t.slug, 'summary', t.summary, 'description', t.description))
                 from product_text t where t.product_id = p.id), '{}') as texts,
       array(select jsonb_build_array(a.code, a.value) from product_attribute a
             where a.product_id = p.id order by a.position, a.code) as attributes,
       coalesce((select jsonb_object_agg(kind, ids)
                 from (select r.kind, jsonb_agg(o.external_id order by r.position, o.external_id) as ids
                       from product_relation r join product o on o.id = r.to_product
                       where r.from_product = p.id group by r.kind) as related), '{}') as relations
from product p left join media f on f.id = p.picture_id
where p.id = any($1::uuid[])
order by p.external_id
"""
_VARIANTS: Final = """
select v.product_id, v.id, v.sku, v.barcode, v.names, v.weight_g, v.status, v.stocked, v.reorder_point,
       coalesce((select jsonb_object_agg(c.currency, c.amount) from price c where c.variant_id = v.id), '{}')
       as prices,
       coalesce((select jsonb_agg(jsonb_build_object(
                     'price_list', l.code, 'currency', l.currency, 'min_quantity', i.min_quantity,
                     'amount', i.amount, 'includes_vat', l.includes_vat) order by l.code, i.min_quantity)
                 from price_list_item i join price_list l on l.id = i.price_list_id
                 where i.variant_id = v.id), '[]') as list_prices,
       coalesce((select jsonb_object_agg(c.sku, b.quantity) from bundle_item b join variant c on c.id = b.component_id
                 where b.bundle_id = v.id), '{}') as bundle,
       coalesce(s.on_hand, 0)::int as on_hand, coalesce(s.allocated, 0)::int as allocated
from variant v
left join lateral (
    select sum(s.on_hand) as on_hand, sum(s.allocated) as allocated from stock_level s where s.variant_id = v.id
) s on true
where v.product_id = any($1::uuid[])
order by v.product_id, v.position, v.sku
"""
_STOCK: Final = """
select v.sku, o.code as location, s.on_hand, s.allocated,
       coalesce((select sum(r.quantity) from reservation r
                 where r.variant_id = v.id and r.location_id = s.location_id and r.expires_at > $5), 0)::int
       as reserved
from stock_level s join variant v on v.id = s.variant_id join location o on o.id = s.location_id
where ($1::text is null or (v.sku, o.code) > ($1, $2))
  and (cardinality($3::text[]) = 0 or v.sku = any($3::text[])) and ($4::text is null or o.code = $4)
order by v.sku, o.code limit $6
"""


async def read_products(
    db: Connection,
    *,
    cursor: str = "",
    status: str | None = None,
    updated_since: datetime | None = None,
    limit: int = MOST,
) -> ProductPage:
    """Products by their external ids. `status` is draft, active or archived. Raises InvalidValue (cursor)."""
    after = unpack(cursor, tuple[str])
    rows = await db.fetch(_FIND, after[0] if after else None, status, updated_since, limit + 1)
    page = rows[:limit]
    more = pack(page[-1]["external_id"]) if len(rows) > limit else None
    return ProductPage(products=await _products(db, [row["id"] for row in page]), next_cursor=more)


async def read_product(db: Connection, external_id: str) -> ProductOut:
    """Raises NotFound."""
    product_id = await db.fetchval("select id from product where external_id = $1", external_id)
    if product_id is None:
        raise NotFound(what="product")
    return (await _products(db, [product_id]))[0]


async def _products(db: Connection, ids: Sequence[UUID]) -> list[ProductOut]:
    variants: defaultdict[UUID, list[VariantOut]] = defaultdict(list)
    for row in await db.fetch(_VARIANTS, ids):
        values = dict(row)
        variants[values.pop("product_id")].append(msgspec.convert(values, VariantOut))
    found = []
    for row in await db.fetch(_PRODUCTS, ids):
        fields: dict[str, Any] = dict(row)
        fields["attributes"] = dict(fields["attributes"])
        found.append(msgspec.convert({**fields, "variants": variants[row["id"]]}, ProductOut))
    return found


async def read_stock(
    db: Connection,
    *,
    now: datetime,
    cursor: str = "",
    skus: Sequence[str] = (),
    location: str | None = None,
    limit: int = MOST,
) -> StockPage:
    """What lies where, by SKU and location code. Raises InvalidValue (cursor)."""
    after = unpack(cursor, tuple[str, str]) or (None, None)
    rows = await db.fetch(_STOCK, *after, list(skus), location, now, limit + 1)
    shelves = [ShelfOut(**dict(row)) for row in rows[:limit]]
    more = pack(shelves[-1].sku, shelves[-1].location) if len(rows) > limit else None
    return StockPage(stock=shelves, next_cursor=more)
