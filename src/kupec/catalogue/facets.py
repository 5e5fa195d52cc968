"""What a list may be narrowed by: each value with how many products there would be. How: docs/algorithms/facets.md."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from kupec.catalogue.filters import BRAND, IN_STOCK, PRICE, RESERVED_FILTERS, THERE, Condition, Filters, conditions
from kupec.catalogue.free_stock import buyable
from kupec.catalogue.models import Market
from kupec.kit.db import Connection, to_structs
from kupec.kit.text import sort_key

_ATTRIBUTES: Final = """
select code, coalesce(nullif(names ->> $1, ''), nullif(names ->> 'en', ''),
                      (select min(value) from jsonb_each_text(names) where value <> ''), code) as name, kind, unit
from attribute
where facet and not code = any($2::text[])
order by position, code
"""

# A product counts for a value when it passes the filters of all *other* facets: `failing` is null for one that passes
# all, and the code for one that fails a single one; whoever fails more counts nowhere.
_COUNTS: Final = """
with base as materialized (
    select i.product_id, (i.prices ->> $2)::bigint as price
    from product_index i
    {joins}
    where i.language = any(array[$1::text]) and i.prices ? $2::text {conditions}
), there as materialized (
    {there}
), tried as materialized (
    select b.product_id, b.price, {fails} as fails from base b
), judged as materialized (
    select product_id, price, fails[1] as failing from tried where cardinality(fails) < 2
)
select 'brand' as code, lower(p.brand) as value, min(p.brand) as label, count(*) as products,
       null::bigint as low, null::bigint as high
from judged j join product p on p.id = j.product_id
where p.brand <> '' and (j.failing is null or j.failing = 'brand')
group by 2
union all
select c.code, c.value,
       (select coalesce(x.value ->> $1, x.value ->> 'en', x.value #>> '{{}}')
        from product_attribute x where x.code = c.code and x.facet_value = c.value limit 1),
       c.products, null, null
from (
    select a.code, a.facet_value as value, count(*) as products
    from judged j join product_attribute a on a.product_id = j.product_id
    where a.code = any($4::text[]) and (j.failing is null or j.failing = a.code)
    group by 1, 2
) c where c.value <> ''
union all
select 'price', '', '', count(*), min(price), max(price) from judged where failing is null or failing = 'price'
union all
select 'in_stock', '', '', count(*), null, null
from judged where (failing is null or failing = 'in_stock') and product_id in (select product_id from there)
"""
_LABELS: Final = """
select c.code, c.value, (select coalesce(x.value ->> $1, x.value ->> 'en', x.value #>> '{}')
                         from product_attribute x where x.code = c.code and x.facet_value = c.value limit 1) as label,
       0 as products
from unnest($2::text[], $3::text[]) as c (code, value)
union all
select 'brand', lower(p.brand), min(p.brand), 0
from product p where lower(p.brand) = any($4::text[]) and p.brand <> '' group by 2
"""
_MOST_VALUES: Final = 200
_FIGURES: Final = re.compile(r"(\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)")
_GROUPED: Final = re.compile(r"[ ,\u00a0\u202f](?=\d{3})")


class FacetAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute that lists may be narrowed by, named in the reader's language."""

    code: str
    name: str
    kind: Literal["text", "number", "flag"]
    unit: str


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """`value` stands in addresses, `label` is for people; `products` is how many there would be with it."""

    value: str
    label: str
    products: int
    chosen: bool


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute or, with the code "brand" and no name, the brand."""

    code: str
    name: str
    kind: Literal["text", "number", "flag"]
    values: list[FacetValue]

    @property
    def chosen(self) -> list[FacetValue]:
        return [value for value in self.values if value.chosen]


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """What a list may be narrowed by. Prices in minor units, over the products that pass all other filters."""

    facets: list[Facet]
    lowest: int | None
    highest: int | None
    in_stock: int
    """How many of them can be bought now."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The list that is to be narrowed: `joins` and `conditions` on product_index i, with parameters from $5 on."""

    market: Market
    joins: str
    conditions: str
    parameters: list[Any]


async def facet_attributes(db: Connection, language: str) -> list[FacetAttribute]:
    """The attributes that the merchant lets lists be narrowed by, in the merchant's order."""
    return to_structs(FacetAttribute, await db.fetch(_ATTRIBUTES, language, sorted(RESERVED_FILTERS)))


def page_conditions(filters: Filters, *, first: int, now: datetime) -> tuple[str, list[Any]]:
    """The filters as conditions on product_index i, and their parameters from `first` on."""
    there, parameters = "", []
    if filters.in_stock:
        there, parameters = _there("variant v", f"${first}::timestamptz"), [now]
    found = conditions(
        filters, first=first + len(parameters), product="i.product_id", price="(i.prices ->> $2)::bigint", there=there
    )
    sql = "".join(f" and {each.sql}" for each in found)
    return sql, parameters + [value for each in found for value in each.parameters]


async def narrow(
    db: Connection, asked: Asked, attributes: Sequence[FacetAttribute], filters: Filters, *, now: datetime
) -> Narrowing:
    """Count what each value of each facet would leave, in one statement."""
    found = conditions(
        filters,
        first=5 + len(asked.parameters),
        product="b.product_id",
        price="b.price",
        there="select product_id from there",
    )
    sql = _COUNTS.format(
        joins=asked.joins,
        conditions=asked.conditions,
        there=_there("base b join variant v on v.product_id = b.product_id", "$3::timestamptz"),
        fails=_fails(found),
    )
    codes = [attribute.code for attribute in attributes]
    values = [value for each in found for value in each.parameters]
    market = asked.market
    rows = await db.fetch(sql, market.language, market.currency, now, codes, *asked.parameters, *values)
    counted = {(row["code"], row["value"]) for row in rows}
    without = [(code, value) for code, chosen in filters.values.items() for value in chosen]
    without = [each for each in without if each not in counted]
    if without:
        rows += await _labels(db, without, market.language)
    return _narrowing(rows, attributes, filters, market.language)


async def _labels(db: Connection, wanted: Sequence[tuple[str, str]], language: str) -> list[Any]:
    """What values are called that leave nothing: they are chosen, and must be there to be taken back."""
    brands = [value for code, value in wanted if code == BRAND]
    others = [each for each in wanted if each[0] != BRAND]
    return await db.fetch(_LABELS, language, [code for code, _ in others], [value for _, value in others], brands)


def _there(source: str, now: str) -> str:
    return THERE.format(source=source, now=now, buyable=buyable("v", now))


def _fails(found: Sequence[Condition]) -> str:
    """As SQL: the codes of the filters that a product does not pass."""
    if not found:
        return "'{}'::text[]"
    cases = [f"case when not ({each.sql}) then {each.code} end" for each in found]
    return f"array_remove(array[{', '.join(cases)}]::text[], null)"


def _narrowing(rows: Sequence[Any], attributes: Sequence[FacetAttribute], filters: Filters, language: str) -> Narrowing:
    by_code: dict[str, list[Any]] = {}
    for row in rows:
        by_code.setdefault(row["code"], []).append(row)
    brand = FacetAttribute(code=BRAND, name="", kind="text", unit="")
    facets = [
        _facet(attribute, by_code.get(attribute.code, []), filters.values.get(attribute.code, []), language)
        for attribute in (brand, *attributes)
    ]
    price, there = by_code[PRICE][0], by_code[IN_STOCK][0]
    return Narrowing(
        facets=[facet for facet in facets if len(facet.values) > 1 or facet.chosen],
        lowest=price["low"],
        highest=price["high"],
        in_stock=there["products"],
    )


def _facet(attribute: FacetAttribute, rows: Sequence[Any], chosen: Sequence[str], language: str) -> Facet:
    labels = dict.fromkeys(chosen, ("", 0)) | {row["value"]: (row["label"], row["products"]) for row in rows}
    unit = f" {attribute.unit}" if attribute.unit else ""
    values = [
        FacetValue(value=value, label=f"{label or value}{unit}", products=products, chosen=value in chosen)
        for value, (label, products) in labels.items()
    ]
    if len(values) > _MOST_VALUES:
        values = sorted(values, key=lambda each: (not each.chosen, -each.products))[:_MOST_VALUES]
    values.sort(key=lambda each: _place(each.label, language))
    return Facet(code=attribute.code, name=attribute.name, kind=attribute.kind, values=values)


def _place(label: str, language: str) -> list[tuple[int, float, str]]:
    """Sorts as people count and spell: "9 bar" before "15 bar", "čaj" after "cukr"."""
    return [
        (0, float(_GROUPED.sub("", part).replace(",", ".")), "") if place % 2 else (1, 0.0, sort_key(part, language))
        for place, part in enumerate(_FIGURES.split(label))
        if part.strip()
    ]
