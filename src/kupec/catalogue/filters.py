"""What a buyer narrows a list by, and how that is asked of the database. How: docs/algorithms/facets.md."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

BRAND: Final = "brand"
PRICE: Final = "price"
IN_STOCK: Final = "in_stock"
RESERVED_FILTERS: Final = frozenset({BRAND, PRICE, IN_STOCK, "price_from", "price_to", "q", "sort", "page"})
"""What stands in addresses with a meaning of its own: attributes with these codes are no facets."""

_MOST_VALUES: Final = 50
_MOST_FACETS: Final = 20
_LONGEST: Final = 100
_MOST_MONEY: Final = 2**62

# What can be bought now. A stocked variant is there when a single place has a piece left, which is counted for all in
# one go; a bundle, of which there are few, when `buyable` says so.
THERE: Final = """
select v.product_id
from {source}
left join stock_level s on s.variant_id = v.id and v.stocked
left join (
    select r.variant_id, r.location_id, sum(r.quantity) as quantity
    from reservation r where r.expires_at > {now} group by 1, 2
) held on held.variant_id = s.variant_id and held.location_id = s.location_id
where v.status = 'active' and not v.bundle
  and (not v.stocked or s.on_hand - s.allocated - coalesce(held.quantity, 0) > 0)
union
select v.product_id from {source} where v.status = 'active' and v.bundle and coalesce({buyable}, 1) > 0
"""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the goods of a list must have: for each code any of its values, prices in minor units with VAT."""

    values: dict[str, list[str]] = {}
    """By an attribute's code or "brand": values as facets name them."""
    price_from: int | None = None
    price_to: int | None = None
    in_stock: bool = False

    def __bool__(self) -> bool:
        return bool(self.values or self.in_stock or self.by_price)

    @property
    def by_price(self) -> bool:
        return self.price_from is not None or self.price_to is not None


NO_FILTERS: Final = Filters()


class Condition(msgspec.Struct, frozen=True):
    """One filter as SQL about a product's id and price; `code` is SQL, too: a word of ours or a parameter."""

    code: str
    sql: str
    parameters: list[Any]


def tidy(values: Mapping[str, list[str]], codes: set[str]) -> dict[str, list[str]]:
    """The filters among what stands in an address: known codes, each value once, no more than anybody means."""
    kept: dict[str, list[str]] = {}
    for code, given in values.items():
        if code in codes and len(kept) < _MOST_FACETS:
            distinct = dict.fromkeys(value.lower()[:_LONGEST] for value in given if value and "\0" not in value)
            if distinct:
                kept[code] = list(distinct)[:_MOST_VALUES]
    return kept


def conditions(filters: Filters, *, first: int, product: str, price: str, there: str) -> list[Condition]:
    """The filters as conditions whose parameters begin at `first`; the others are pieces of SQL."""
    found: list[Condition] = []
    for code, values in filters.values.items():
        at = first + sum(len(each.parameters) for each in found)
        if code == BRAND:
            sql = f"{product} in (select id from product where lower(brand) = any(${at}::text[]))"  # noqa: S608
            found.append(Condition(f"'{BRAND}'", sql, [values]))
        else:
            sql = f"""{product} in (select a.product_id from product_attribute a
                                    where a.code = ${at}::text and a.facet_value = any(${at + 1}::text[]))"""  # noqa: S608
            found.append(Condition(f"${at}::text", sql, [code, values]))
    at = first + sum(len(each.parameters) for each in found)
    if filters.by_price:
        low, high = filters.price_from or 0, _MOST_MONEY if filters.price_to is None else filters.price_to
        sql = f"{price} between ${at}::bigint and ${at + 1}::bigint"
        found.append(Condition(f"'{PRICE}'", sql, [low, high]))
    if filters.in_stock:
        found.append(Condition(f"'{IN_STOCK}'", f"{product} in ({there})", []))
    return found
