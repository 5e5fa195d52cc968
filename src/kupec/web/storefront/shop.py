"""What every page of the shop knows: the market, the shelves, the visitor's cart."""

import time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from kupec.catalogue import Category, Market, list_categories, markets
from kupec.conversations import Inbox
from kupec.customers import CONSENTS
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.kit.versions import published
from kupec.sales import Cart, explain_refusal, get_cart
from kupec.web.portal.gate import SignedInCustomer, signed_in
from kupec.web.rendering import render
from kupec.web.security import read_signed_cookie, signed_cookie
from kupec.web.site import Site
from kupec.web.storefront.chat import storefront_inbox
from kupec.web.storefront.visitor import is_asked, note_view

CART_COOKIE = "kupec_cart"
ORDER_COOKIE = "kupec_known"
_CART_DAYS = 60
_ORDER_DAYS = 365
_SHELVES_LAST = 5.0  # seconds

AnyRequest = Request[Any, Any, Any]


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """The shop as this visitor sees it."""

    language: str
    market: Market
    markets: dict[str, Market]
    """By language."""
    categories: list[Category]
    cart: Cart | None
    held_cart_id: UUID | None
    """The cart this browser holds, also when it has been ordered."""
    customer: SignedInCustomer | None = None
    news: bool = False
    """Whether news by mail are offered."""
    chat: Inbox | None = None
    """Where one chats with us on these pages."""

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.cart.lines) if self.cart else 0

    @property
    def shelves(self) -> list[Category]:
        return [category for category in self.categories if category.parent_id is None]

    def below(self, category: Category) -> list[Category]:
        return [child for child in self.categories if child.parent_id == category.id]

    def above(self, category: Category) -> list[Category]:
        """The categories that lead to this one, the outermost first."""
        by_id = {known.id: known for known in self.categories}
        path: list[Category] = []
        while category.parent_id in by_id and len(path) < len(by_id):
            category = by_id[category.parent_id]
            path.insert(0, category)
        return path

    def address(self, path: str = "") -> str:
        return f"/{self.language}{path}"


async def open_shop(request: AnyRequest, db: Connection) -> Shop:
    """The shop for this request. Answers 404 for an address in a language we do not speak."""
    language = request.path_params["language"]
    by_language = {market.language: market for market in await markets(db) if market.language in LANGUAGES}
    if language not in by_language:
        raise NotFoundException
    held = _cookie_id(request, CART_COOKIE)
    return Shop(
        language=language,
        market=by_language[language],
        markets=by_language,
        categories=await _shelves(request, db, language),
        cart=await _open_cart(db, held),
        held_cart_id=held,
        customer=await signed_in(request, db),
        news=await _offers_news(request, db),
        chat=await storefront_inbox(request, db),
    )


def page(
    request: AnyRequest,
    shop: Shop,
    template: str,
    *,
    alternates: dict[str, str] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    query_string: str | None = None,
    **context: Any,
) -> Response[str]:
    """A page of the shop. `alternates` are its addresses by language where they differ by more than the prefix.

    `query_string` is what of the address' query means the same in the other languages: all of it, unless it is given.
    """
    path = request.scope["path"]
    rest = path[1 + len(shop.language) :]
    if status == 200:
        note_view(request, template, context)
    return render(
        request,
        f"storefront/{template}",
        status=status,
        headers=headers,
        shop=shop,
        market=shop.market,
        query_string=request.scope["query_string"].decode("latin-1") if query_string is None else query_string,
        alternates={language: f"/{language}{rest}" for language in shop.markets} | (alternates or {}),
        reason=lambda refused: explain_refusal(refused, shop.language),
        **{"asked": is_asked(request), **context},
    )


# --- who is here -----------------------------------------------------------------------------------


async def _shelves(request: AnyRequest, db: Connection, language: str) -> list[Category]:
    """The categories, at most a few seconds old: counting what is in them takes longer than the rest of a page."""
    kept: dict[str, tuple[float, list[Category]]] = request.app.state.setdefault("shelves", {})
    read_at, categories = kept.get(language, (-_SHELVES_LAST, []))
    now = time.monotonic()
    if now - read_at >= _SHELVES_LAST:
        categories = await list_categories(db, language)
        kept[language] = (now, categories)
    return categories


async def _offers_news(request: AnyRequest, db: Connection) -> bool:
    """At most a few seconds old, too."""
    read_at, offered = request.app.state.setdefault("offers_news", (-_SHELVES_LAST, False))
    now = time.monotonic()
    if now - read_at >= _SHELVES_LAST:
        offered = (await published(db, CONSENTS))[CONSENTS].purpose("marketing.email") is not None
        request.app.state["offers_news"] = (now, offered)
    return bool(offered)


async def _open_cart(db: Connection, cart_id: UUID | None) -> Cart | None:
    if cart_id is None:
        return None
    try:
        cart = await get_cart(db, cart_id)
    except NotFound:
        return None
    return cart if cart.state == "open" else None


def known_order(request: AnyRequest) -> UUID | None:
    """The last order made in this browser, if it says so with our signature."""
    return _cookie_id(request, ORDER_COOKIE)


def buyer(cart: Cart) -> Actor:
    return customer(cart.customer_id) if cart.customer_id else guest(cart.id)


def cart_cookie(site: Site, cart_id: UUID) -> Cookie:
    return signed_cookie(site, CART_COOKIE, cart_id.hex, days=_CART_DAYS)


def order_cookie(site: Site, order_id: UUID) -> Cookie:
    return signed_cookie(site, ORDER_COOKIE, order_id.hex, days=_ORDER_DAYS)


def _cookie_id(request: AnyRequest, name: str) -> UUID | None:
    value = read_signed_cookie(request, name)
    return UUID(hex=value) if value else None
