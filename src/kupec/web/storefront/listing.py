"""Lists of goods: a category, a search; sorted, narrowed, page by page."""

import time
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import Narrowing, ProductCard, browse
from kupec.kit.db import Connection
from kupec.kit.i18n import translate
from kupec.sales import Rating, ratings
from kupec.web.forms import Form, query_form
from kupec.web.rendering import site_of
from kupec.web.storefront.filters import Asked, Chip, chips, language_query, read_filters, untidy
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.structured import breadcrumbs

Sort = Literal["price", "-price", "newest"]

PAGE_SIZE = 24
_SORTS: dict[str, Sort] = {"price": "price", "-price": "-price", "newest": "newest"}
_FURTHEST_PAGE = 500
_COUNTS_LAST = 10.0  # seconds
_MOST_COUNTS = 500

AnyRequest = Request[Any, Any, Any]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list of products, and how it was asked for."""

    products: list[ProductCard]
    ratings: dict[UUID, Rating]
    total: int
    page: int
    sort: str
    asked: Asked
    narrowing: Narrowing | None
    chips: list[Chip]
    parameters: dict[str, Any]
    """Of the address, without sort and page."""

    @property
    def pages(self) -> int:
        return min(_FURTHEST_PAGE, max(1, -(-self.total // PAGE_SIZE)))

    @property
    def narrowed(self) -> bool:
        return bool(self.chips)


@get("/{language:str}/c/{slug:str}", include_in_schema=False)
async def category(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    form = query_form(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        here = next((known for known in shop.categories if known.slug == slug), None)
        if here is None:
            return _moved(shop, slug)
        tidy = _tidied(shop, form, shop.address(f"/c/{slug}"))
        if tidy:
            return tidy
        listing = await _listing(request, db, shop, form, now=site.clock.now(), category=here.id)
    alternates = {language: f"/{language}/c/{known}" for language, known in here.slugs.items()}
    return page(
        request,
        shop,
        "category.html",
        here=here,
        listing=listing,
        ratings=listing.ratings,
        alternates=alternates,
        structured=[breadcrumbs(shop, site.settings.base_url, [*shop.above(here), here])],
        query_string=language_query({"sort": listing.sort, **listing.parameters}),
    )


def _moved(shop: Shop, slug: str) -> Redirect:
    """A slug of another language leads to the same shelf in this one."""
    for known in shop.categories:
        if slug in known.slugs.values():
            return Redirect(shop.address(f"/c/{known.slug}"), status_code=301)
    raise NotFoundException


@get("/{language:str}/search", include_in_schema=False)
async def search(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    form = query_form(request)
    wanted = form.text("q", most=10_000)[:100]
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        tidy = _tidied(shop, form, shop.address("/search"))
        if tidy:
            return tidy
        listing = await _listing(request, db, shop, form, now=site.clock.now(), query=wanted) if wanted else None
    return page(
        request,
        shop,
        "search.html",
        wanted=wanted,
        listing=listing,
        ratings=listing.ratings if listing else {},
        query_string=language_query({"sort": listing.sort, **listing.parameters}) if listing else None,
    )


def _tidied(shop: Shop, form: Form, address: str) -> Redirect | None:
    """From what the form sends, with its empty fields, to the address of the same list. What is wrong stays."""
    asked = read_filters(form, shop.market.currency)
    if not untidy(form) or asked.errors:
        return None
    kept = {"q": form.text("q", most=10_000)[:100], "sort": form.text("sort", most=10_000)[:20], **asked.parameters}
    query = urlencode({name: value for name, value in kept.items() if value}, doseq=True)
    return Redirect(f"{address}?{query}" if query else address, status_code=303)


async def _listing(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    form: Form,
    *,
    now: datetime,
    category: UUID | None = None,
    query: str | None = None,
) -> Listing:
    typed = form.text("sort", most=10_000)
    number = _page_number(form)
    asked = read_filters(form, shop.market.currency)
    counts = _Counts(request, shop, category if query is None and not asked.filters else None)
    found = await browse(
        db,
        shop.market,
        now=now,
        category=category,
        query=query,
        filters=asked.filters,
        sort=_SORTS.get(typed),
        limit=PAGE_SIZE,
        offset=(number - 1) * PAGE_SIZE,
        count=counts.kept is None,
        group=shop.cart.price_group if shop.cart else None,
    )
    if number > 1 and not found.products:
        raise NotFoundException
    asked = Asked(
        filters=found.filters,
        ends=asked.ends,
        errors={name: translate(shop.language, text) for name, text in asked.errors.items()},
    )
    narrowing = counts.remember(found.narrowing)
    sort = typed if typed in _SORTS else ""
    kept = {"q": query}
    return Listing(
        products=found.products,
        ratings=await ratings(db, [card.id for card in found.products]),
        total=found.total,
        page=number,
        sort=sort,
        asked=asked,
        narrowing=narrowing,
        chips=chips(asked, narrowing, kept | {"sort": sort}),
        parameters=kept | asked.parameters,
    )


class _Counts:
    """What a whole category may be narrowed by, at most some seconds old: that takes longer than the rest of a page."""

    def __init__(self, request: AnyRequest, shop: Shop, category: UUID | None) -> None:
        self._all: dict[tuple[str, UUID], tuple[float, Narrowing]] = request.app.state.setdefault("facets", {})
        self._key = (shop.market.code, category) if category is not None else None
        read_at, narrowing = self._all.get(self._key, (0.0, None)) if self._key else (0.0, None)
        self.kept = narrowing if time.monotonic() - read_at < _COUNTS_LAST else None

    def remember(self, counted: Narrowing | None) -> Narrowing | None:
        """The counts to show: those just made, which are kept, or those kept before."""
        if counted is None:
            return self.kept
        if self._key is not None:
            if len(self._all) >= _MOST_COUNTS:
                self._all.clear()
            self._all[self._key] = (time.monotonic(), counted)
        return counted


def _page_number(form: Form) -> int:
    text = form.text("page", most=10_000)
    if not text:
        return 1
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _FURTHEST_PAGE and len(text) < 9):
        raise NotFoundException
    return int(text)
