"""Lists of products for the storefront: by category, by a buyer's words, sorted and cut into pages.

On sale is an active product with a text and at least one active variant with a price in the market's currency; nothing
else is ever listed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from kupec.catalogue.cards import products_by_ids
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
    if sort is not None and sort not in _ORDERS:
        raise InvalidValue(field="sort", expected="one of name, price, -price, newest, relevance")
    page = _Page(market=market, category=category, limit=limit, offset=offset)
    if query is None or not query.strip():
        ids, total = await page.read(db, None, "name" if sort in (None, "relevance") else sort)
    else:
        sought = await understand(db, market.language, query)
        ids, total = await _find(db, page, sought, sort or "relevance")
    return await products_by_ids(db, market, ids, now=now), total


async def suggest(db: Connection, market: Market, prefix: str, *, now: datetime, limit: int = 6) -> list[ProductCard]:
    """The products that somebody who has typed so far may mean, the likeliest first. Nothing for nothing."""
    if not prefix.strip():
        return []
    cards, _ = await list_products(db, market, now=now, query=prefix, limit=limit)
    return cards


async def _find(db: Connection, page: "_Page", sought: Sought, sort: str) -> tuple[list[UUID], int]:
    """What answers all the words; if nothing does, what answers some."""
    if sought.nothing:
        return [], 0
    ids, total = await page.read(db, sought, sort)
    if total == 0 and len(sought.terms) > 1:
        return await page.read(db, sought, sort, any_word=True)
    return ids, total


class _Page:
    """Where to look and which part to give."""

    def __init__(self, *, market: Market, category: UUID | None, limit: int, offset: int) -> None:
        self._market = market
        self._category = category
        self._limit = min(max(limit, 1), _MOST)
        self._offset = min(max(offset, 0), _FURTHEST)

    async def read(
        self, db: Connection, sought: Sought | None, sort: str, *, any_word: bool = False
    ) -> tuple[list[UUID], int]:
        joins, conditions = "", ""
        parameters: list[Any] = [] if sought is None else _parameters(sought, self._market.language, any_word)
        if sought is not None:
            joins = _SOUGHT + (_ANSWERING if any_word else "")
            joins += _MATCH.format(answered="a.answered" if any_word else "0") if sort == "relevance" else ""
            conditions = "" if any_word else "and (i.terms @@ q.wide or i.product_id = any(q.by_code))"
        if self._category is not None:
            parameters.append(self._category)
            conditions += _IN_CATEGORY.format(category=f"${4 + len(parameters)}")
        sql = _PAGE.format(joins=joins, conditions=conditions, order=_ORDERS[sort])
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
