"""What the desk sees of the catalogue: everything, also what is not on sale."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.catalogue.models import DeskProduct, DeskVariant, ProductText, StockLevel
from kupec.catalogue.options import Option
from kupec.catalogue.search import clean, understand
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

_MOST: Final = 200

# $1 language, $2 now; the rest of the parameters belong to the conditions.
_VARIANTS: Final = """
select v.id, v.product_id, v.sku, v.barcode, v.reorder_point,
       t.name || case when l.label = '' then '' else ', ' || l.label end as name,
       encode(f.sha256, 'hex') as picture, p.status as product_status, v.status, v.stocked,
       coalesce((select jsonb_object_agg(c.currency, c.amount) from price c where c.variant_id = v.id), '{{}}')
       as prices,
       coalesce(s.on_hand, 0) as on_hand, coalesce(s.allocated, 0) as allocated,
       coalesce((select sum(r.quantity) from reservation r where r.variant_id = v.id and r.expires_at > $2), 0)::int
       as reserved, count(*) over () as total,
       case when v.bundle then (select jsonb_agg(jsonb_build_array(k.sku, b.quantity) order by b.position, k.sku)
                                from bundle_item b join variant k on k.id = b.component_id where b.bundle_id = v.id)
       end as bundle
{source}
left join media f on f.id = p.picture_id
left join lateral (
    select sum(s.on_hand)::int as on_hand, sum(s.allocated)::int as allocated
    from stock_level s where s.variant_id = v.id
) s on true
where {conditions}
order by {first}i.sort_key, v.product_id, v.position, v.sku
limit {limit} offset {offset}
"""

_STOCK: Final = """
select v.id as variant_id, v.product_id, s.location_id, o.name as location, v.sku,
       t.name || case when l.label = '' then '' else ', ' || l.label end as name, s.on_hand, s.allocated,
       coalesce((select sum(r.quantity) from reservation r
                 where r.variant_id = v.id and r.location_id = s.location_id and r.expires_at > $2), 0)::int
       as reserved,
       count(*) over () as total
{source}
join stock_level s on s.variant_id = v.id
join location o on o.id = s.location_id
where {conditions}
order by {first}i.sort_key, v.product_id, v.position, v.sku, o.position, o.code
limit {limit} offset {offset}
"""

_SOURCE: Final = """
from variant v
join product p on p.id = v.product_id
join product_index i on i.product_id = p.id and i.language = $1
join product_text t on t.product_id = p.id and t.language = i.text_language
cross join lateral (select coalesce(v.names ->> $1, v.names ->> 'en', (select min(value) from jsonb_each_text(v.names)),
                                    '') as label) l
"""

_PRODUCT: Final = """
select p.id, p.external_id, p.kind, p.brand, p.vat_class, p.status, p.created_at, p.updated_at, p.lead_days,
       p.service_interval_days, p.options,
       array(select jsonb_build_array(r.kind, r.external_id)
             from (select r.kind, o.external_id, r.position
                   from product_relation r join product o on o.id = r.to_product where r.from_product = p.id
                   union all
                   select w.kind, w.to_external_id, w.position
                   from product_relation_wanted w where w.from_product = p.id) r
             order by r.kind, r.position, r.external_id) as relations,
       encode(f.sha256, 'hex') as picture,
       array(select c.code from product_category pc join category c on c.id = pc.category_id
             where pc.product_id = p.id order by c.code) as categories,
       coalesce((select jsonb_object_agg(t.language, jsonb_build_object(
                     'name', t.name, 'slug', t.slug, 'summary', t.summary, 'description', t.description))
                 from product_text t where t.product_id = p.id), '{}') as texts,
       array(select jsonb_build_array(a.code, a.value) from product_attribute a
             where a.product_id = p.id order by a.position, a.code) as attributes
from product p left join media f on f.id = p.picture_id
where p.id = $1
"""


async def search_variants(
    db: Connection,
    query: str = "",
    *,
    language: str,
    now: datetime,
    status: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[DeskVariant], int]:
    """Articles by words of their names, the beginning of an SKU, or a barcode; with nothing, all. And how many in all.

    `status` is the product's: draft, active, archived.
    """
    conditions = await _Conditions(language, now).matching(db, query)
    if status is not None:
        conditions.add("p.status = {}", status)
    rows = await conditions.fetch(db, _VARIANTS, limit, offset)
    return [_desk_variant(row) for row in rows], rows[0]["total"] if rows else 0


async def list_stock(
    db: Connection,
    query: str = "",
    *,
    language: str,
    now: datetime,
    location_id: UUID | None = None,
    at_most: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[StockLevel], int]:
    """What lies where, and how many lines there are in all. `at_most`: only where no more than that is unallocated."""
    conditions = await _Conditions(language, now).matching(db, query)
    conditions.add("v.stocked and v.status = 'active'")
    if location_id is not None:
        conditions.add("s.location_id = {}::uuid", location_id)
    if at_most is not None:
        conditions.add("s.on_hand - s.allocated <= {}::int", at_most)
    rows = await conditions.fetch(db, _STOCK, limit, offset)
    return [StockLevel(**_without_total(row)) for row in rows], rows[0]["total"] if rows else 0


async def desk_product(db: Connection, product_id: UUID, *, language: str, now: datetime) -> DeskProduct:
    """A product with everything about it. Raises NotFound."""
    row = await db.fetchrow(_PRODUCT, product_id)
    if row is None:
        raise NotFound(what="product")
    fields: dict[str, Any] = dict(row)
    fields["texts"] = msgspec.convert(fields["texts"], dict[str, ProductText])
    fields["attributes"] = dict(fields["attributes"])
    fields["options"] = msgspec.convert(fields["options"], list[Option])
    relations: dict[str, list[str]] = {}
    for kind, external_id in fields["relations"]:
        relations.setdefault(kind, []).append(external_id)
    fields["relations"] = relations
    conditions = _Conditions(language, now)
    conditions.add("v.product_id = {}::uuid", product_id)
    variants = await conditions.fetch(db, _VARIANTS, _MOST, 0)
    stock = await conditions.fetch(db, _STOCK, _MOST, 0)
    return DeskProduct(
        **fields,
        variants=[_desk_variant(each) for each in variants],
        stock=[StockLevel(**_without_total(each)) for each in stock],
    )


class _Conditions:
    """What the rows of a list must fulfil, with the values that stand for it."""

    def __init__(self, language: str, now: datetime) -> None:
        self._values: list[Any] = [language, now]
        self._clauses = ["true"]
        self._first = ""

    def add(self, clause: str, *values: Any) -> None:
        """A clause with `{}` for each of its values."""
        first = len(self._values) + 1
        self._clauses.append(clause.format(*(f"${first + number}" for number in range(len(values)))))
        self._values.extend(values)

    async def matching(self, db: Connection, query: str) -> "_Conditions":
        """What staff typed, if they did."""
        if query.strip():
            sought = await understand(db, str(self._values[0]), query)
            code, words = len(self._values) + 1, len(self._values) + 2
            by_code = f"(starts_with(lower(v.sku), lower(${code}::text)) or coalesce(v.barcode = ${code}::text, false))"
            self._values += [clean(query), sought.widely()]
            self._clauses.append(f"({by_code} or i.terms @@ ${words}::text::tsquery)")
            self._first = f"{by_code} desc, "
        return self

    async def fetch(self, db: Connection, template: str, limit: int, offset: int) -> list[Any]:
        last = len(self._values)
        sql = template.format(
            source=_SOURCE,
            conditions=" and ".join(self._clauses),
            first=self._first,
            limit=f"${last + 1}",
            offset=f"${last + 2}",
        )
        return await db.fetch(sql, *self._values, min(max(limit, 1), _MOST), max(offset, 0))


def _desk_variant(row: Any) -> DeskVariant:
    fields = _without_total(row)
    fields["bundle"] = dict(fields["bundle"] or ())
    return DeskVariant(**fields)


def _without_total(row: Any) -> dict[str, Any]:
    fields = dict(row)
    del fields["total"]
    return fields
