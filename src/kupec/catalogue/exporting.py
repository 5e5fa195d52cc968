"""The catalogue as files that `kupec import` reads back. All by stable keys: equal shops make equal files."""

from collections.abc import AsyncIterator
from typing import Any, Final

from kupec.kit.db import Connection

Row = dict[str, Any]

# Bundles come last: what they contain is there when they come in. Archived variants stay out.
_PRODUCTS: Final = """
select p.external_id, p.kind, p.brand, p.vat_class, p.status, p.lead_days, p.service_interval_days, p.options,
       encode(f.sha256, 'hex') as picture, f.content_type,
       array(select c.code from product_category pc join category c on c.id = pc.category_id
             where pc.product_id = p.id order by c.code) as categories,
       array(select jsonb_build_array(a.code, a.value) from product_attribute a
             where a.product_id = p.id order by a.position, a.code) as attributes,
       array(select jsonb_build_array(t.language, t.name, t.slug, t.summary, t.description)
             from product_text t where t.product_id = p.id order by t.language) as texts,
       array(select jsonb_build_array(r.kind, r.external_id)
             from (select r.kind, o.external_id, r.position
                   from product_relation r join product o on o.id = r.to_product where r.from_product = p.id
                   union all
                   select w.kind, w.to_external_id, w.position
                   from product_relation_wanted w where w.from_product = p.id) r
             order by r.kind, r.position, r.external_id) as relations,
       array(select jsonb_build_object(
                 'sku', v.sku, 'names', v.names, 'barcode', v.barcode, 'weight_g', nullif(v.weight_g, 0),
                 'reorder_point', v.reorder_point,
                 'prices', (select jsonb_object_agg(c.currency, c.amount) from price c where c.variant_id = v.id),
                 'bundle', (select jsonb_agg(jsonb_build_array(k.sku, b.quantity) order by b.position, k.sku)
                            from bundle_item b join variant k on k.id = b.component_id where b.bundle_id = v.id))
             from variant v where v.product_id = p.id and v.status = 'active' order by v.position, v.sku) as variants
from product p left join media f on f.id = p.picture_id
order by exists (select from variant v where v.product_id = p.id and v.bundle), p.external_id collate "C"
"""

_CATEGORIES: Final = """
with recursive tree as (
    select c.id, c.code, null::text as parent, c.position, 0 as depth from category c where c.parent_id is null
    union all
    select c.id, c.code, t.code, c.position, t.depth + 1 from category c join tree t on t.id = c.parent_id
)
select t.code, t.parent, t.position,
       coalesce((select jsonb_object_agg(x.language, x.name) from category_text x where x.category_id = t.id), '{}')
       as names,
       coalesce((select jsonb_object_agg(x.language, x.slug) from category_text x where x.category_id = t.id), '{}')
       as slugs
from tree t order by t.depth, t.code collate "C"
"""

_ATTRIBUTES: Final = """
select code, names, kind, nullif(unit, '') as unit, facet, position from attribute order by position, code collate "C"
"""

_STOCK: Final = """
select v.sku, l.code as location, s.on_hand
from stock_level s join variant v on v.id = s.variant_id join location l on l.id = s.location_id
where v.status = 'active'
order by v.sku collate "C", l.code collate "C"
"""

_PRICES: Final = """
select v.sku, c.currency, c.amount
from price c join variant v on v.id = c.variant_id
where v.status = 'active'
order by v.sku collate "C", c.currency
"""

# What describes a list stands on its first line.
_PRICE_LISTS: Final = """
select price_list, case when first then list_name end as list_name, case when first then currency end as currency,
       case when first then coalesce("group", '') end as "group", case when first then includes_vat end as includes_vat,
       case when first then valid_from end as valid_from, case when first then valid_until end as valid_until,
       case when first then active end as active, sku, min_quantity, amount
from (
    select l.code as price_list, l.name as list_name, l.currency, l.price_group as "group", l.includes_vat,
           l.valid_from, l.valid_until, l.active, v.sku, i.min_quantity, i.amount,
           row_number() over (partition by l.id order by v.sku collate "C", i.min_quantity) = 1 as first
    from price_list l
    left join price_list_item i on i.price_list_id = l.id
    left join variant v on v.id = i.variant_id
) listed
order by price_list collate "C", sku collate "C", min_quantity
"""

_PLAIN: Final = {
    "categories": (_CATEGORIES, ("code", "parent", "position", "names", "slugs")),
    "attributes": (_ATTRIBUTES, ("code", "names", "kind", "unit", "facet", "position")),
    "stock": (_STOCK, ("sku", "location", "on_hand")),
    "prices": (_PRICES, ("sku", "currency", "amount")),
    "price-lists": (
        _PRICE_LISTS,
        (
            *("price_list", "list_name", "currency", "group", "includes_vat", "valid_from", "valid_until", "active"),
            *("sku", "min_quantity", "amount"),
        ),
    ),
}
_SUFFIXES: Final = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_TEXTS: Final = ("names", "slugs", "summaries", "descriptions")
_RELATIONS: Final = ("fits", "spare_part_of", "consumed_by", "accessory_of", "related")
_OF_A_VARIANT: Final = ("barcode", "weight_g", "reorder_point", "prices", "bundle")


async def export_rows(db: Connection, kind: str, *, flat: bool) -> AsyncIterator[Row]:
    """The lines of an export: "products", "categories", "attributes", "stock", "prices", "price-lists".

    `flat`: a line a variant instead of a line a product. Read as they come: the connection is busy, in a transaction.
    """
    if kind != "products":
        async for record in db.cursor(_PLAIN[kind][0]):
            yield dict(record)
        return
    async for record in db.cursor(_PRODUCTS):
        product = _product(dict(record))
        for row in _flattened(product) if flat else (product,):
            yield row


async def export_columns(db: Connection, kind: str) -> list[str]:
    """The columns of an export as a flat table."""
    if kind != "products":
        columns: list[str] = []
        languages = await _values(db, "select distinct language from category_text order by 1")
        if kind == "attributes":
            languages = await _values(db, "select distinct jsonb_object_keys(names) from attribute order by 1")
        for name in _PLAIN[kind][1]:
            in_languages = name in ("names", "slugs")
            columns.extend(f"{name}.{language}" for language in languages) if in_languages else columns.append(name)
        return columns
    languages = await _values(db, "select distinct language from product_text order by 1")
    own = await _values(db, "select distinct jsonb_object_keys(names) from variant order by 1")
    currencies = await _values(db, "select distinct currency from price order by 1")
    return [
        *("external_id", "sku", "kind", "brand", "vat_class", "status", "picture", "categories", "attributes"),
        *(f"{name}.{language}" for name in _TEXTS for language in languages),
        *("options", "lead_days", "service_interval_days", *_RELATIONS),
        *(f"variant_names.{language}" for language in own),
        *(f"prices.{currency}" for currency in currencies),
        *("barcode", "weight_g", "reorder_point", "bundle"),
    ]


async def export_pictures(db: Connection) -> AsyncIterator[tuple[str, bytes]]:
    """The pictures of products, as the lines of "products" name them."""
    sql = """
    select encode(f.sha256, 'hex') as name, f.content_type, f.bytes
    from media f where exists (select from product p where p.picture_id = f.id) order by f.sha256
    """
    async for row in db.cursor(sql, prefetch=4):
        yield _picture(row["name"], row["content_type"]), row["bytes"]


async def _values(db: Connection, sql: str) -> list[str]:
    return [row[0] for row in await db.fetch(sql)]


def _picture(name: str, content_type: str) -> str:
    return f"pictures/{name}.{_SUFFIXES[content_type]}"


def _product(row: Row) -> Row:
    texts: Row = {name: {} for name in _TEXTS}
    for language, *said in row["texts"]:
        for name, text in zip(_TEXTS, said, strict=True):
            if text:
                texts[name][language] = text
    relations: dict[str, list[str]] = {}
    for kind, external_id in row["relations"]:
        relations.setdefault(kind, []).append(external_id)
    product = {
        "external_id": row["external_id"],
        "kind": row["kind"],
        "brand": row["brand"] or None,
        "vat_class": row["vat_class"],
        "status": row["status"],
        "picture": _picture(row["picture"], row["content_type"]) if row["picture"] else None,
        "categories": row["categories"] or None,
        **texts,
        "attributes": dict(row["attributes"]) or None,
        "options": row["options"] or None,
        "lead_days": row["lead_days"] or None,
        "service_interval_days": row["service_interval_days"],
        **{kind: relations.get(kind) for kind in _RELATIONS},
        "variants": [_variant(variant) for variant in row["variants"]],
    }
    return {name: value for name, value in product.items() if value is not None}


def _variant(variant: Row) -> Row:
    variant["bundle"] = dict(variant["bundle"]) if variant["bundle"] else None
    order = ("sku", "names", "prices", "barcode", "weight_g", "reorder_point", "bundle")
    return {name: variant[name] for name in order if variant[name] not in (None, {})}


def _flattened(product: Row) -> list[Row]:
    """A line for each variant; one without any for a product that has none."""
    common = {name: value for name, value in product.items() if name != "variants"}
    return [
        {
            **common,
            "sku": variant["sku"],
            "variant_names": variant.get("names", {}),
            **{name: variant[name] for name in _OF_A_VARIANT if name in variant},
        }
        for variant in product["variants"]
    ] or [common]
