"""The cart beside the conversation, on our own pages: the same one that the shop shows."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from kupec.conversations import WebChannel, hold_cart, visitors_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.sales import MAX_QUANTITY, Cart, PricedCart, add_to_cart, get_cart, price_cart
from kupec.web.chat.gate import AnyRequest, NoVisitor, OriginNotAllowed
from kupec.web.chat.session import read_body
from kupec.web.rendering import environment, site_of
from kupec.web.security import from_own_page
from kupec.web.storefront.cart import in_this_market, new_cart, ready_cart, with_delivery
from kupec.web.storefront.chat import storefront_inbox
from kupec.web.storefront.shop import Shop, buyer, cart_cookie, open_shop

_NOTHING: dict[str, Any] = {"pieces": 0, "lines": [], "total": ""}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    quantity: int = 1


@get("/{language:str}/chat/cart", include_in_schema=False)
async def show(request: AnyRequest, language: FromPath[str]) -> Response[dict[str, Any]]:
    """What is in the cart; one that the bot began in this conversation becomes the browser's."""
    _spoken(language)
    async with site_of(request).database.transaction(quiet=True) as db:
        shop = await open_shop(request, db)
        found = None if shop.cart else await _begun_in_chat(request, db)
        if found is not None:
            shop = msgspec.structs.replace(shop, cart=found, held_cart_id=found.id)
        priced = await ready_cart(request, db, shop)
    return _answer(request, shop, priced, [cart_cookie(site_of(request), found.id)] if found else [])


@post("/{language:str}/chat/cart", status_code=200, include_in_schema=False)
async def add(request: AnyRequest, language: FromPath[str]) -> Response[dict[str, Any]]:
    """Put pieces into the cart from a card in the conversation. Only our own pages may, with their chat's token."""
    _spoken(language)
    site = site_of(request)
    wanted: Wanted = read_body(await request.body(), Wanted)
    now = site.clock.now()
    async with site.database.transaction() as db:
        visitor_id = await _visitor(request, db)
        if visitor_id is None:
            raise NoVisitor
        if not from_own_page(request, site.settings):
            raise OriginNotAllowed
        shop = await open_shop(request, db)
        variant_id = await db.fetchval("select id from variant where sku = $1", wanted.sku[:200])
        if variant_id is None:
            raise NotFound(what="product")
        cart = shop.cart or await _begun_in_chat(request, db) or await new_cart(request, db, shop)
        await in_this_market(request, db, shop, cart)
        quantity = min(max(wanted.quantity, 1), MAX_QUANTITY)
        cart = await add_to_cart(db, cart.id, variant_id, quantity, actor=buyer(cart), now=now)
        await with_delivery(request, db, cart)
        await hold_cart(db, visitor_id, cart.id)
        priced = await price_cart(db, cart.id, now=now)
    return _answer(request, shop, priced, [cart_cookie(site, cart.id)])


def _spoken(language: str) -> None:
    if language not in LANGUAGES:
        raise NotFoundException


def _answer(request: AnyRequest, shop: Shop, priced: PricedCart | None, cookies: list[Cookie]) -> Response[Any]:
    told = _told(shop, priced) if priced else _NOTHING
    addresses = {"cart": shop.address("/cart"), "checkout": shop.address("/checkout")}
    return Response({**told, **addresses}, cookies=cookies, headers={"Cache-Control": "no-store"})


def _told(shop: Shop, priced: PricedCart) -> dict[str, Any]:
    money = environment(shop.language).filters["money"]
    return {
        "pieces": sum(line.quantity for line in priced.lines if not line.gift),
        "lines": [
            {
                "name": line.name,
                "quantity": line.quantity,
                "price": str(money(line.total, priced.currency)),
                "url": shop.address(f"/p/{line.slug}"),
            }
            for line in priced.lines
        ],
        "total": str(money(priced.total, priced.currency)),
    }


async def _begun_in_chat(request: AnyRequest, db: Connection) -> Cart | None:
    """The cart of this browser's conversation, where the page has none in hand."""
    visitor_id = await _visitor(request, db)
    if visitor_id is None:
        return None
    known = (await visitors_by_ids(db, [visitor_id], now=site_of(request).clock.now())).get(visitor_id)
    return await _open(db, known.cart_id) if known and known.cart_id else None


async def _open(db: Connection, cart_id: UUID) -> Cart | None:
    try:
        cart = await get_cart(db, cart_id)
    except NotFound:
        return None
    return cart if cart.state == "open" else None


async def _visitor(request: AnyRequest, db: Connection) -> UUID | None:
    inbox = await storefront_inbox(request, db)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return WebChannel(site_of(request).settings.secret).visitor_of(inbox, token) if inbox and token else None
