"""Search and look-up of goods for agents, on the catalogue's own verbs."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post

from kupec.catalogue import (
    Market,
    ProductCard,
    list_categories,
    list_products,
    markets,
    product_by_id,
    products_by_ids,
    resolve_items,
)
from kupec.kit.db import Connection
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.machines.ucp.agent import AnyRequest, language_of
from kupec.machines.ucp.answers import answer, no
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import EmptySearch, ProductNotFound, RequestTooLarge
from kupec.machines.ucp.goods import Goods, Sought
from kupec.machines.ucp.negotiation import caller
from kupec.machines.ucp.profile import catalogue_metadata
from kupec.machines.ucp.requests import (
    MOST_IDS,
    ContextIn,
    FiltersIn,
    GetProductIn,
    LookupIn,
    PaginationIn,
    PriceFilterIn,
    SearchIn,
    read,
)
from kupec.machines.ucp.sessions import market_for
from kupec.machines.ucp.shapes import Description, LookupResult, Message, Pagination, ProductResult, SearchResult
from kupec.sales import CartDetails

_LARGEST_PAGE = 50
_STEP = 200
"""How many products are looked at, at a time, where a filter decides after the search."""
_search_in = msgspec.json.Decoder(SearchIn)
_lookup_in = msgspec.json.Decoder(LookupIn)
_get_product_in = msgspec.json.Decoder(GetProductIn)


@post("/ucp/v1/catalog/search", status_code=200)
async def search_catalog(request: AnyRequest) -> Response[bytes]:
    """Find products by words, category and price; pages by a cursor."""
    await caller(request, "catalog.search")
    data = await read(request, _search_in)
    filters = data.filters or FiltersIn()
    if not data.query.strip() and not filters.categories and filters.price is None:
        raise EmptySearch(field="query")
    page = data.pagination or PaginationIn()
    cursor = page.cursor or data.cursor
    offset = int(cursor.removeprefix("o")) if cursor else 0
    limit = min(page.limit, _LARGEST_PAGE)
    door: Door = request.app.state.site
    async with door.database.reading() as db:
        goods = await _goods(db, request, data.context)
        price, messages = _price(filters, data.context, goods.market, language_of(request, data.context))
        cards, total = await _find(goods, data.query, filters.categories, price, offset, limit)
        products = await goods.products(cards[:limit], price=price)
    more = len(cards) > limit if total is None else offset + limit < total
    pagination = Pagination(has_next_page=more, cursor=f"o{offset + limit}" if more else None, total_count=total)
    return answer(
        SearchResult(ucp=catalogue_metadata(), products=products, pagination=pagination, messages=messages or None)
    )


async def _find(
    goods: Goods, query: str, categories: Sequence[str], price: PriceFilterIn | None, offset: int, limit: int
) -> tuple[list[ProductCard], int | None]:
    """A page, or more than it; and how many there are in all, where that is known."""
    places = await _categories(goods, categories)
    if categories and not places:
        return [], 0
    if price is None and len(places) <= 1:
        place = places[0] if places else None
        return await list_products(
            goods.db, goods.market, now=goods.now, category=place, query=query or None, limit=limit, offset=offset
        )
    found: list[ProductCard] = []
    async for card in _walk(goods, query, places or [None], price):
        found.append(card)
        if len(found) > offset + limit:
            return found[offset:], None
    return found[offset:], len(found)


async def _walk(
    goods: Goods, query: str, places: Sequence[UUID | None], price: PriceFilterIn | None
) -> AsyncIterator[ProductCard]:
    """What stands in any of these categories and has a variant in the price range, each product once."""
    seen: set[UUID] = set()
    for place in places:
        start, total = 0, 1
        while start < total:
            cards, total = await list_products(
                goods.db, goods.market, now=goods.now, category=place, query=query or None, limit=_STEP, offset=start
            )
            start += _STEP
            fitting = await _fitting(goods, [card.id for card in cards], price)
            for card in cards:
                if card.id in fitting and card.id not in seen:
                    seen.add(card.id)
                    yield card


async def _fitting(goods: Goods, product_ids: Sequence[UUID], price: PriceFilterIn | None) -> set[UUID]:
    if price is None:
        return set(product_ids)
    rows = await goods.db.fetch(
        """
        select distinct variant.product_id
          from variant join price on price.variant_id = variant.id and price.currency = $2
         where variant.product_id = any($1::uuid[]) and variant.status = 'active'
           and price.amount >= coalesce($3, 0) and ($4::bigint is null or price.amount <= $4)
        """,
        product_ids,
        goods.market.currency,
        price.min,
        price.max,
    )
    return {row["product_id"] for row in rows}


async def _categories(goods: Goods, wanted: Sequence[str]) -> list[UUID | None]:
    """By name, code or slug; what is not known here is left out."""
    if not wanted:
        return []
    names = {text.casefold() for text in wanted}
    known = await list_categories(goods.db, goods.market.language)
    return [each.id for each in known if names & {each.code.casefold(), each.name.casefold(), each.slug}]


@post("/ucp/v1/catalog/lookup", status_code=200)
async def lookup_catalog(request: AnyRequest) -> Response[bytes]:
    """Products by product id, variant id or SKU; each variant says which of the identifiers it answers."""
    await caller(request, "catalog.lookup")
    data = await read(request, _lookup_in)
    if len(data.ids) > MOST_IDS:
        raise RequestTooLarge(field="ids", most=MOST_IDS)
    door: Door = request.app.state.site
    language = language_of(request, data.context)
    async with door.database.reading() as db:
        goods = await _goods(db, request, data.context)
        price, messages = _price(data.filters, data.context, goods.market, language)
        sought = await _sought(db, data.ids)
        cards = await _cards(goods, sought, data.filters)
        products = await goods.products(cards, price=price, sought=sought)
    answered = {given.id for product in products for variant in product.variants for given in variant.inputs or ()}
    messages += [_not_found(index, given, language) for index, given in enumerate(data.ids) if given not in answered]
    return answer(LookupResult(ucp=catalogue_metadata(), products=products, messages=messages or None))


async def _sought(db: Connection, ids: Sequence[str]) -> Sought:
    sought = Sought(exact={}, featured={})
    distinct = list(dict.fromkeys(ids))
    variants = await resolve_items(db, distinct)
    for text in distinct:
        product_id = _uuid(text)
        if text in variants:
            sought.exact.setdefault(variants[text], []).append(text)
        elif product_id is not None:
            sought.featured.setdefault(product_id, []).append(text)
    return sought


async def _cards(goods: Goods, sought: Sought, filters: FiltersIn | None) -> list[ProductCard]:
    rows = await goods.db.fetch(
        "select distinct product_id from variant where id = any($1::uuid[])", list(sought.exact)
    )
    ids = list({*sought.featured, *(row["product_id"] for row in rows)})
    if filters is not None and filters.categories:
        within = await goods.db.fetch(
            """
            with recursive tree as (
                select unnest($2::uuid[]) as id
                 union
                select category.id from category join tree on category.parent_id = tree.id)
            select distinct product_id from product_category join tree on tree.id = category_id
             where product_id = any($1::uuid[])
            """,
            ids,
            await _categories(goods, filters.categories),
        )
        ids = [row["product_id"] for row in within]
    return await products_by_ids(goods.db, goods.market, sorted(ids), now=goods.now)


def _not_found(index: int, given: str, language: str) -> Message:
    content = explain(ProductNotFound(item=given), language)
    return Message(type="info", code="not_found", content=content, path=f"$.ids[{index}]")


@post("/ucp/v1/catalog/product", status_code=200)
async def get_product(request: AnyRequest) -> Response[bytes]:
    """One product, by product id, variant id or SKU, with all its variants, the one that was named first."""
    await caller(request, "catalog.lookup")
    data = await read(request, _get_product_in)
    door: Door = request.app.state.site
    language = language_of(request, data.context)
    async with door.database.reading() as db:
        goods = await _goods(db, request, data.context)
        price, messages = _price(data.filters, data.context, goods.market, language)
        sought = await _sought(db, [data.id])
        products = await goods.products(await _cards(goods, sought, data.filters), price=price)
        if not products:
            return no(ProductNotFound(field="id", item=data.id), language)
        product = products[0]
        view = await product_by_id(db, goods.market, UUID(product.id), now=goods.now)
    if view.description:
        product.description = Description(plain=view.description)
    product.variants.sort(key=lambda variant: UUID(variant.id) not in sought.exact)
    return answer(ProductResult(ucp=catalogue_metadata(), product=product, messages=messages or None))


async def _goods(db: Connection, request: AnyRequest, context: ContextIn | None) -> Goods:
    door: Door = request.app.state.site
    market = market_for(await markets(db), CartDetails(), context, language_of(request, context))
    return Goods(db, market, door.settings, now=door.clock.now())


def _price(
    filters: FiltersIn | None, context: ContextIn | None, market: Market, language: str
) -> tuple[PriceFilterIn | None, list[Message]]:
    """The range to filter by. One in another currency is left aside, and that is said."""
    price = filters.price if filters else None
    if price is None or context is None or context.currency in (None, market.currency):
        return price, []
    text = translate(language, _("The price filter was left aside: prices here are in {currency}."))
    message = Message(
        type="warning",
        code="price_filter_ignored",
        content=text.format(currency=market.currency),
        path="$.filters.price",
    )
    return None, [message]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


routes: list[Any] = [search_catalog, lookup_catalog, get_product]
