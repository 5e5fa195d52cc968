"""Looking around: home, categories, search, a product, and what everybody may want to know."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import (
    Category,
    ProductCard,
    ProductView,
    VariantView,
    list_products,
    product_by_slug,
    similar_products,
)
from kupec.catalogue import suggest as suggest_products
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import best_language, translate
from kupec.sales import ShippingOption, tariff
from kupec.web.forms import Form, query_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.words import ATTRIBUTES

INFO_PAGES = ("delivery", "contact", "terms", "privacy")
_SUGGESTIONS = 6
_RELATED = 4
_HOME_SHELVES = 3

AnyRequest = Request[Any, Any, Any]


@get("/", include_in_schema=False)
async def root(request: AnyRequest) -> Redirect:
    """To the shop in the language that the browser asks for."""
    language = best_language(request.headers.get("accept-language", ""))
    return Redirect(f"/{language}", status_code=302, headers={"Vary": "Accept-Language", "Cache-Control": "no-store"})


@get("/{language:str}", include_in_schema=False)
async def home(request: AnyRequest) -> Response[str]:
    site = site_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        rows = [
            (shelf, (await list_products(db, shop.market, now=now, category=shelf.id, limit=_RELATED + 1))[0])
            for shelf in _rows(shop)
        ]
        option = await soonest(db, shop, now)
    shown = [(shelf, products[:_RELATED]) for shelf, products in rows]
    return page(request, shop, "home.html", rows=shown, option=option, featured=_featured(rows))


def _rows(shop: Shop) -> list[Category]:
    """The shelves the home page opens with: those that hold more than a row shows, else whatever there is."""
    stocked = [shelf for shelf in shop.shelves if shelf.products]
    return ([shelf for shelf in stocked if shelf.products > _RELATED] or stocked)[:_HOME_SHELVES]


def _featured(rows: list[tuple[Category, list[ProductCard]]]) -> list[ProductCard]:
    """One of each row that the row itself does not show; the second shelf's gets the large picture."""
    found = [products[-1] for _, products in rows if products]
    return found[1:2] + found[:1] + found[2:]


@get("/{language:str}/suggest", include_in_schema=False)
async def suggest(request: AnyRequest) -> Response[str]:
    """A few products and categories for what is being typed: a piece of a page, for the search field's module."""
    site = site_of(request)
    wanted = query_form(request).text("q", most=10_000)[:100]
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        products = await suggest_products(db, shop.market, wanted, now=site.clock.now(), limit=_SUGGESTIONS)
    return page(request, shop, "_suggestions.html", wanted=wanted, products=products)


@get("/{language:str}/p/{slug:str}", include_in_schema=False)
async def product(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        return await product_page(request, db, shop, slug, now=site.clock.now(), chosen=query_form(request))


async def product_page(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    slug: str,
    *,
    now: datetime,
    chosen: Form,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    """A product's page, also with what went wrong when it was put into the cart. Answers 404."""
    try:
        view = await product_by_slug(db, shop.market, slug, now=now)
    except NotFound:
        raise NotFoundException from None
    if view.slug != slug:
        return Redirect(shop.address(f"/p/{view.slug}"), status_code=301)
    subtotal = min(variant.price for variant in view.variants)
    return page(
        request,
        shop,
        "product.html",
        status=409 if errors else 200,
        product=view,
        home_shelf=view.categories[-1] if view.categories else None,
        selected=_selected(view, chosen),
        option=await soonest(db, shop, now, subtotal=subtotal) if view.kind == "goods" else None,
        related=await similar_products(db, shop.market, view.id, now=now, limit=_RELATED),
        errors=errors or {},
        quantity=chosen.text("quantity", most=10_000)[:6] or "1",
        attributes=[(_attribute(code, shop.language), value) for code, value in view.attributes.items()],
        alternates={language: f"/{language}/p/{known}" for language, known in view.slugs.items()},
    )


def _attribute(code: str, language: str) -> str:
    """Not translated by the template, which would trust a code of the merchant's as it trusts our own words."""
    return translate(language, ATTRIBUTES[code]) if code in ATTRIBUTES else code


def _selected(view: ProductView, chosen: Form) -> VariantView:
    """The variant that was asked for, else the first that can be had."""
    asked = chosen.text("variant", most=10_000)
    by_name = {str(variant.id): variant for variant in view.variants}
    buyable = [variant for variant in view.variants if variant.available != 0]
    return by_name.get(asked) or (buyable or view.variants)[0]


async def soonest(db: Connection, shop: Shop, now: datetime, *, subtotal: int = 0) -> ShippingOption | None:
    """The delivery that arrives first in the market's home country, the cheaper one of two that arrive together."""
    options = (await tariff(db)).options(shop.market, country=None, language=shop.language, subtotal=subtotal, now=now)
    return min(options, key=lambda option: (option.promised_on, option.fee), default=None)


@get("/{language:str}/info/{name:str}", include_in_schema=False)
async def info(request: AnyRequest, name: FromPath[str]) -> Response[str]:
    """Delivery and payment, contact, terms, privacy."""
    if name not in INFO_PAGES:
        raise NotFoundException
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        rates = await tariff(db) if name == "delivery" else None
    options = {
        country: rates.options(shop.market, country=country, language=shop.language, subtotal=0, now=site.clock.now())
        for country in shop.market.countries
        if rates
    }
    return page(request, shop, f"info/{name}.html", options=options)
