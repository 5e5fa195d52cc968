"""Search and look-up of goods for agents, on the catalogue's own verbs."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State

from kupec.catalogue import Market, ProductCard, list_categories, list_products, markets, products_by_ids, resolve_items
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import language_of, platform_of
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.goods import Goods, Inputs
from kupec.machines.ucp.profile import catalogue_metadata
from kupec.machines.ucp.requests import ContextIn, FiltersIn, GetProductIn, LookupIn, SearchIn
from kupec.machines.ucp.sessions import market_for
from kupec.machines.ucp.shapes import Message
from kupec.sales import CartDetails

AnyRequest = Request[Any, Any, State]
_LARGEST_PAGE = 50
_FILTERED = 400
"""The best matches among which a price filter looks."""


@post("/ucp/v1/catalog/search", status_code=200)
async def search_catalog(request: AnyRequest, data: SearchIn) -> Response[bytes]:
    """Find products by words, category and price; pages by a cursor."""
    door: Door = request.app.state.site
    platform_of(request)
    offset = _offset(data.pagination.cursor if data.pagination else None)
    limit = min(data.pagination.limit if data.pagination else 10, _LARGEST_PAGE)
    async with door.database.reading() as db:
        market = await _market(db, request, data.context)
        goods = Goods(db, market, door.settings, now=door.clock.now())
        cards, total = await _find(goods, data, offset=offset, limit=limit)
        products = await goods.products(cards)
    pagination: dict[str, Any] = {"has_next_page": offset + limit < total, "total_count": total}
    if pagination["has_next_page"]:
        pagination["cursor"] = f"o{offset + limit}"
    return _answer({"products": products, "pagination": pagination})


async def _find(goods: Goods, data: SearchIn, *, offset: int, limit: int) -> tuple[list[ProductCard], int]:
    filters = data.filters or FiltersIn()
    categories = await _categories(goods.db, goods.market, filters.categories)
    if filters.categories and not categories:
        return [], 0
    if filters.price is None and len(categories) <= 1:
        category = categories[0] if categories else None
        return await list_products(
            goods.db,
            goods.market,
            now=goods.now,
            category=category,
            query=data.query or None,
            limit=limit,
            offset=offset,
        )
    found: dict[UUID, ProductCard] = {}
    for category in categories or [None]:
        cards, _ = await list_products(
            goods.db, goods.market, now=goods.now, category=category, query=data.query or None, limit=_FILTERED
        )
        found |= {card.id: card for card in cards if _fits(card, filters)}
    matches = list(found.values())
    return matches[offset : offset + limit], len(matches)


def _fits(card: ProductCard, filters: FiltersIn) -> bool:
    price = filters.price
    if price is None:
        return True
    return (price.min is None or card.price >= price.min) and (price.max is None or card.price <= price.max)


async def _categories(db: Connection, market: Market, wanted: list[str]) -> list[UUID | None]:
    """By code, name or slug; what is not known here is left out."""
    if not wanted:
        return []
    names = {text.casefold() for text in wanted}
    known = await list_categories(db, market.language)
    return [each.id for each in known if names & {each.code.casefold(), each.name.casefold(), each.slug}]


@post("/ucp/v1/catalog/lookup", status_code=200)
async def lookup_catalog(request: AnyRequest, data: LookupIn) -> Response[bytes]:
    """Products by product id, variant id or SKU; each variant says which of the identifiers it answers."""
    door: Door = request.app.state.site
    platform_of(request)
    async with door.database.reading() as db:
        market = await _market(db, request, data.context)
        goods = Goods(db, market, door.settings, now=door.clock.now())
        inputs = await _inputs(db, data.ids)
        cards = await products_by_ids(db, market, await _products_of(db, inputs), now=goods.now)
        products = await goods.products(cards, inputs=inputs)
    answered = {given["id"] for product in products for variant in product["variants"] for given in variant["inputs"]}
    messages = [_not_found(index, given) for index, given in enumerate(data.ids) if given not in answered]
    return _answer({"products": products, "messages": messages} if messages else {"products": products})


async def _inputs(db: Connection, ids: list[str]) -> Inputs:
    """By variant, the identifiers that resolve to it: its own exactly, its product's as the featured one."""
    inputs: Inputs = {}
    for given, variant_id in (await resolve_items(db, ids)).items():
        inputs.setdefault(variant_id, []).append({"id": given, "match": "exact"})
    featured = await db.fetch(
        """
        select distinct on (product_id) product_id, id from variant
         where product_id = any($1::uuid[]) and status = 'active' order by product_id, position
        """,
        [product_id for text in ids if (product_id := _uuid(text)) is not None],
    )
    by_product = {row["product_id"]: row["id"] for row in featured}
    for text in ids:
        product_id = _uuid(text)
        if product_id in by_product:
            inputs.setdefault(by_product[product_id], []).append({"id": text, "match": "featured"})
    return inputs


async def _products_of(db: Connection, inputs: Inputs) -> list[UUID]:
    rows = await db.fetch("select distinct product_id from variant where id = any($1::uuid[])", list(inputs))
    return [row["product_id"] for row in rows]


def _not_found(index: int, given: str) -> Message:
    return Message(type="info", code="not_found", content=f"Nothing is sold here as “{given}”.", path=f"$.ids[{index}]")


@post("/ucp/v1/catalog/product", status_code=200)
async def get_product(request: AnyRequest, data: GetProductIn) -> Response[bytes]:
    """One product, by product id, variant id or SKU, with all its variants."""
    door: Door = request.app.state.site
    platform_of(request)
    async with door.database.reading() as db:
        market = await _market(db, request, data.context)
        goods = Goods(db, market, door.settings, now=door.clock.now())
        product_ids = await _products_of(db, await _inputs(db, [data.id]))
        cards = await products_by_ids(db, market, product_ids, now=goods.now)
        products = await goods.products(cards)
    if not products:
        error = render.error("not_found", f"Nothing is sold here as “{data.id}”.", path="$.id")
        return Response(msgspec.json.encode(error), media_type="application/json")
    return _answer({"product": products[0]})


async def _market(db: Connection, request: AnyRequest, context: ContextIn | None) -> Market:
    return market_for(await markets(db), CartDetails(), context, language_of(request, context))


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    digits = cursor.removeprefix("o")
    if not (cursor.startswith("o") and digits.isascii() and digits.isdigit() and len(digits) < 7):
        raise InvalidValue(field="pagination.cursor", expected="the cursor of the page before")
    return int(digits)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _answer(members: dict[str, Any]) -> Response[bytes]:
    body = msgspec.json.encode({"ucp": catalogue_metadata(), **members})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


routes: list[Any] = [search_catalog, lookup_catalog, get_product]
