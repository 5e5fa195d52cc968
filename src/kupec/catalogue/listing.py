"""Lists of products for the storefront: by category, by a buyer's words, sorted and cut into pages.

On sale is an active product with a text and at least one active variant with a price in the market's currency; nothing
else is ever listed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kupec.catalogue.cards import products_by_ids
from kupec.catalogue.facets import Asked, Narrowing, facet_attributes, narrow, page_conditions
from kupec.catalogue.filters import BRAND, NO_FILTERS, Filters, tidy
from kupec.catalogue.models import Market, ProductCard
from kupec.catalogue.search import Sought, language_mark, understand
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue

Sort = Literal["relevance", "name", "price", "-price", "newest"]

_ORDERS: Final[dict[str, str]] = {
    "name": "i.sort_key, i.product_id",
    "price": "(i.prices ->> $2)::bigint, i.sort_key, i.product_id",
    "-price": "(i.prices ->> $2)::bigint desc, i.sort_key, i.product_id",
    "newest": "(select p.created_at from product p where p.id = i.product_id) desc, i.sort_key, i.product_id",
    # By code, by how many of the words it answers, by the kind of match, by whether the name begins with it, by how
    # little else the name says.
    "relevance": """i.product_id = any(q.by_code) desc, m.answered desc, m.tier desc, i.terms @@ q.at_the_start desc,
                    i.terms @@ q.wide_in_name desc, length(ts_filter(i.terms, '{a}')),
                    ts_rank('{0.05, 0.2, 0.6, 1.0}', i.terms, q.wide) desc, i.sort_key, i.product_id""",
}
_MOST: Final = 200
_FURTHEST: Final = 1_000_000

_PAGE: Final = """
select i.product_id, count(*) over () as total
from product_index i
{joins}
where i.language = any(array[$1::text]) and i.prices ? $2::text {conditions}
order by {order}
limit $3 offset $4
"""

_IN_CATEGORY: Final = """
and i.product_id in (
    with recursive tree as (
        select {category}::uuid as id
        union all
        select c.id from category c join tree t on c.parent_id = t.id
    )
    select pc.product_id from product_category pc join tree t on t.id = pc.category_id
)
"""

_SOUGHT: Final = """
cross join (
    select $5::text::tsquery as wide, $6::uuid[] as by_code, $7::text::tsquery as exact_in_name,
           $8::text::tsquery as exact_in_kind, $9::text::tsquery as exact_in_brief, $10::text::tsquery as wide_in_name,
           $11::text::tsquery as at_the_start, $12::uuid[] as kinds
) q
"""

# Word by word, because PostgreSQL then asks its index instead of reading every row.
_ANSWERING: Final = """
join (
    select hit.product_id, count(*) as answered
    from unnest($13::text[]) as word (query)
    cross join lateral (select h.product_id from product_index h where h.terms @@ word.query::tsquery) hit
    group by 1
) a on a.product_id = i.product_id
"""

_MATCH: Final = """
cross join lateral (
    select case when exists (select from product_category pc
                             where pc.product_id = i.product_id and pc.category_id = any(q.kinds)) then 6
                when i.terms @@ q.exact_in_name then 5
                when i.terms @@ q.exact_in_kind then 4
                when i.terms @@ q.exact_in_brief then 3
                when i.terms @@ q.wide_in_name then 2
                else 1 end as tier,
           {answered} as answered
) m
"""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of products, how many there are in all, and what they may be narrowed by."""

    products: list[ProductCard]
    total: int
    filters: Filters
    """Those that were asked for and exist."""
    narrowing: Narrowing | None


async def list_products(
    db: Connection,
    market: Market,
    *,
    now: datetime,
    category: UUID | None = None,
    query: str | None = None,
    sort: Sort | None = None,
    limit: int = 24,
    offset: int = 0,
) -> tuple[list[ProductCard], int]:
    """A page of products and how many there are in all.

    `category` takes in the categories below it. `query` is what the buyer typed: anything, of any length. Without a
    `sort` it is by relevance where there is a query, by name where there is none. Raises InvalidValue for an
    unknown sort.
    """
    order = _order(query, sort)
    page = await _open(db, market, category=category, query=query, now=now, limit=limit, offset=offset)
    ids, total = await page.find(db, order)
    return await products_by_ids(db, market, ids, now=now), total


async def browse(
    db: Connection,
    market: Market,
    *,
    now: datetime,
    category: UUID | None = None,
    query: str | None = None,
    filters: Filters = NO_FILTERS,
    sort: Sort | None = None,
    limit: int = 24,
    offset: int = 0,
    count: bool = True,
    group: str | None = None,
) -> Found:
    """As `list_products`, narrowed by `filters`; those by codes that are no facets are left out.

    With `count` it also says what else the list may be narrowed by: for each value how many products there would be,
    given the filters of the other facets. The products carry the prices of a price group; sorted and narrowed
    they are by those for everybody. Raises InvalidValue for an unknown sort.
    """
    order = _order(query, sort)
    attributes = await facet_attributes(db, market.language) if count or filters.values else []
    known = {attribute.code for attribute in attributes} | {BRAND}
    filters = msgspec.structs.replace(filters, values=tidy(filters.values, known))
    page = await _open(db, market, category=category, query=query, now=now, limit=limit, offset=offset)
    ids, total = await page.find(db, order, filters)
    narrowing = None
    if count:
        joins, where, parameters = page.scope(relevance=False)
        asked = Asked(market=market, joins=joins, conditions=where, parameters=parameters)
        narrowing = await narrow(db, asked, attributes, filters, now=now)
    cards = await products_by_ids(db, market, ids, now=now, group=group)
    return Found(products=cards, total=total, filters=filters, narrowing=narrowing)


async def suggest(db: Connection, market: Market, prefix: str, *, now: datetime, limit: int = 6) -> list[ProductCard]:
    """The products that somebody who has typed so far may mean, the likeliest first. Nothing for nothing."""
    if not prefix.strip():
        return []
    cards, _ = await list_products(db, market, now=now, query=prefix, limit=limit)
    return cards


def _order(query: str | None, sort: Sort | None) -> str:
    if sort is not None and sort not in _ORDERS:
        raise InvalidValue(field="sort", expected="one of name, price, -price, newest, relevance")
    if query is None or not query.strip():
        return "name" if sort in (None, "relevance") else sort
    return sort or "relevance"


async def _open(
    db: Connection,
    market: Market,
    *,
    category: UUID | None,
    query: str | None,
    now: datetime,
    limit: int,
    offset: int,
) -> "_Page":
    sought = await understand(db, market.language, query) if query and query.strip() else None
    return _Page(market=market, category=category, sought=sought, now=now, limit=limit, offset=offset)


class _Page:
    """Where to look, what for, and which part to give."""

    def __init__(
        self, *, market: Market, category: UUID | None, sought: Sought | None, now: datetime, limit: int, offset: int
    ) -> None:
        self._market = market
        self._category = category
        self._sought = sought
        self._now = now
        self._any_word = False
        self._limit = min(max(limit, 1), _MOST)
        self._offset = min(max(offset, 0), _FURTHEST)

    async def find(self, db: Connection, order: str, filters: Filters = NO_FILTERS) -> tuple[list[UUID], int]:
        """What answers all the words; if nothing does whatever the filters, what answers some."""
        if self._sought is not None and self._sought.nothing:
            return [], 0
        ids, total = await self._read(db, order, filters)
        if total or self._sought is None or len(self._sought.terms) < 2:
            return ids, total
        if filters and (await self._read(db, order, NO_FILTERS))[1]:
            return [], 0
        self._any_word = True
        return await self._read(db, order, filters)

    def scope(self, *, relevance: bool) -> tuple[str, str, list[Any]]:
        """Joins and conditions that leave what is looked for, and their parameters from $5 on."""
        joins, conditions = "", ""
        parameters: list[Any] = []
        if self._sought is not None:
            parameters = _parameters(self._sought, self._market.language, self._any_word)
            joins = _SOUGHT + (_ANSWERING if self._any_word else "")
            joins += _MATCH.format(answered="a.answered" if self._any_word else "0") if relevance else ""
            conditions = "" if self._any_word else "and (i.terms @@ q.wide or i.product_id = any(q.by_code))"
        if self._category is not None:
            parameters.append(self._category)
            conditions += _IN_CATEGORY.format(category=f"${4 + len(parameters)}")
        return joins, conditions, parameters

    async def _read(self, db: Connection, order: str, filters: Filters) -> tuple[list[UUID], int]:
        joins, where, parameters = self.scope(relevance=order == "relevance")
        if filters:
            sql, more = page_conditions(filters, first=5 + len(parameters), now=self._now)
            where, parameters = where + sql, parameters + more
        sql = _PAGE.format(joins=joins, conditions=where, order=_ORDERS[order])
        rows = await self._rows(db, sql, self._limit, self._offset, parameters)
        if rows or not self._offset:
            return [row["product_id"] for row in rows], rows[0]["total"] if rows else 0
        first = await self._rows(db, sql, 1, 0, parameters)
        return [], first[0]["total"] if first else 0

    async def _rows(self, db: Connection, sql: str, limit: int, offset: int, parameters: Sequence[Any]) -> list[Any]:
        return await db.fetch(sql, self._market.language, self._market.currency, limit, offset, *parameters)


def _parameters(sought: Sought, language: str, any_word: bool) -> list[Any]:
    """The values of `_SOUGHT` and `_ANSWERING`, from $5 on."""
    mark = language_mark(language)
    values: list[Any] = [
        f"'{mark}' & ({sought.widely(any_word=any_word)})",
        sought.by_code,
        sought.exactly("A", any_word=any_word),
        sought.exactly("AB", any_word=any_word),
        sought.exactly("ABC", any_word=any_word),
        sought.widely("A", any_word=any_word),
        sought.at_the_start(),
        sought.kinds,
    ]
    return [*values, [f"'{mark}' & {word}" for word in sought.each_widely()]] if any_word else values
