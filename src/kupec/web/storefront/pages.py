"""Looking around: home, suggestions, and what everybody may want to know."""

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import (
    Category,
    ProductCard,
    list_products,
)
from kupec.catalogue import suggest as suggest_products
from kupec.kit.i18n import best_language
from kupec.sales import tariff
from kupec.web.forms import query_form
from kupec.web.rendering import site_of
from kupec.web.storefront.product import soonest
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.structured import shop_itself

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
    return page(
        request,
        shop,
        "home.html",
        rows=shown,
        option=option,
        featured=_featured(rows),
        structured=[shop_itself(shop, site.settings.base_url, site.settings.shop_name)],
    )


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
