"""A product's page, and what people do there besides buying: like it and pass it on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.catalogue import (
    ProductView,
    VariantView,
    list_attributes,
    product_by_slug,
    related_products,
    similar_products,
)
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.sales import (
    ATTRIBUTES,
    SHARE_WAYS,
    ShippingOption,
    liking,
    product_reviews,
    ratings,
    record_share,
    tariff,
    toggle_like,
)
from kupec.web.errors import wants_page
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import site_of
from kupec.web.security import read_signed_cookie, signed_cookie
from kupec.web.storefront.offer import Offer, interval_in_words, offers, option_errors, option_rule
from kupec.web.storefront.shop import Shop, open_shop, page
from kupec.web.storefront.structured import breadcrumbs, product_data

VISITOR_COOKIE = "kupec_visitor"
_VISITOR_DAYS = 365
_RELATED = 4
_REVIEWS = 5
_ALL_REVIEWS = 200
RELATIONS = {
    "fits": _("Fits these"),
    "spare_part_of": _("A spare part of"),
    "consumed_by": _("Used up by"),
    "accessory_of": _("An accessory to"),
    "related": _("Goes well with it"),
    "fitting": _("What fits it"),
    "consumables": _("What it uses up"),
    "spare_parts": _("Spare parts"),
    "accessories": _("Accessories"),
}

AnyRequest = Request[Any, Any, Any]


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
    view = await _view(db, shop, slug, now)
    if view.slug != slug:
        return Redirect(shop.address(f"/p/{view.slug}"), status_code=301)
    offered = await offers(db, shop, view, now=now)
    selected = _selected(view, chosen)
    offer = offered.get(selected.id, Offer())
    given = _given(view, chosen)
    wrong = _wrong(errors, view, given, shop)
    rating = (await ratings(db, [view.id])).get(view.id)
    most = _ALL_REVIEWS if chosen.text("reviews", most=10_000) == "all" else _REVIEWS
    reviews = await product_reviews(db, view.id, language=shop.language, limit=most) if rating else []
    related = await related_products(db, shop.market, view.id, now=now)
    base_url = site_of(request).settings.base_url
    path = _path(shop, view)
    return page(
        request,
        shop,
        "product.html",
        status=_status(wrong),
        product=view,
        above=path,
        selected=selected,
        offer=offer,
        tiers={variant_id: each.tiers for variant_id, each in offered.items() if each.tiers},
        given=given,
        rules={each.code: option_rule(each, shop.language) for each in view.options},
        option=await _delivery(db, shop, view, selected, offer, now),
        relations=[(translate(shop.language, RELATIONS[kind]), cards) for kind, cards in related.items()],
        related=await _similar(db, shop, view, related, now),
        interval=interval_in_words(view.service_interval_days, shop.language) if view.service_interval_days else "",
        rating=rating,
        reviews=reviews,
        liking=await liking(db, view.id, person=_person(request, shop)),
        shared="shared" in chosen,
        errors=wrong,
        quantity=chosen.text("quantity", most=10_000)[:6] or "1",
        attributes=await _attributes(db, view, shop.language),
        alternates={language: f"/{language}/p/{known}" for language, known in view.slugs.items()},
        structured=[
            breadcrumbs(shop, base_url, path, (view.name, shop.address(f"/p/{view.slug}"))),
            product_data(shop, base_url, view, rating, reviews, site_of(request).settings.shop_name),
        ],
    )


async def _view(db: Connection, shop: Shop, slug: str, now: datetime) -> ProductView:
    group = shop.cart.price_group if shop.cart else None
    try:
        return await product_by_slug(db, shop.market, slug, now=now, group=group)
    except NotFound:
        raise NotFoundException from None


def _path(shop: Shop, view: ProductView) -> list[Any]:
    """The categories that lead to it, the outermost first."""
    shelf = view.categories[-1] if view.categories else None
    return [*shop.above(shelf), shelf] if shelf else []


def _selected(view: ProductView, chosen: Form) -> VariantView:
    """The variant that was asked for, else the first that can be had."""
    asked = chosen.text("variant", most=10_000)
    by_name = {str(variant.id): variant for variant in view.variants}
    buyable = [variant for variant in view.variants if variant.available != 0]
    return by_name.get(asked) or (buyable or view.variants)[0]


def _given(view: ProductView, chosen: Form) -> dict[str, str]:
    """What was filled in for each option, however long it is."""
    return {each.code: chosen.text(f"option.{each.code}", most=100_000) for each in view.options}


def _wrong(errors: Mapping[str, str] | None, view: ProductView, given: Mapping[str, str], shop: Shop) -> dict[str, str]:
    """When the cart refused it: everything that is wrong with the options at once, and what else it said."""
    if not errors:
        return {}
    currency = shop.market.currency
    about_options = option_errors(view.options, given, currency=currency, language=shop.language)
    return about_options | {name: text for name, text in errors.items() if name not in about_options}


def _status(errors: Mapping[str, str]) -> int:
    if any(name.startswith("options.") for name in errors):
        return 422
    return 409 if errors else 200


async def _attributes(db: Connection, view: ProductView, language: str) -> list[tuple[str, str]]:
    """Label and value, as the merchant calls them.

    Not translated by the template, which would trust a code of the merchant's as it trusts our own words.
    """
    known = {each.code: each for each in await list_attributes(db)} if view.attributes else {}
    shown = []
    for code, value in view.attributes.items():
        attribute = known.get(code)
        names = attribute.names if attribute else {}
        ours = translate(language, ATTRIBUTES[code]) if code in ATTRIBUTES else code
        text = f"{value} {attribute.unit}" if attribute and attribute.unit else value
        if attribute and attribute.kind == "flag":
            text = translate(language, _("yes") if value in ("true", "1", "yes", "ano", "tak") else _("no"))
        shown.append((names.get(language) or names.get("en") or ours, text))
    return shown


async def _similar(
    db: Connection, shop: Shop, view: ProductView, related: Mapping[str, Sequence[Any]], now: datetime
) -> list[Any]:
    """Others from the same shelf that are not shown as belonging to it already."""
    shown = {card.id for cards in related.values() for card in cards}
    others = await similar_products(db, shop.market, view.id, now=now, limit=_RELATED + len(shown))
    return [card for card in others if card.id not in shown][:_RELATED]


async def _delivery(
    db: Connection, shop: Shop, view: ProductView, selected: VariantView, offer: Offer, now: datetime
) -> ShippingOption | None:
    if view.kind != "goods":
        return None
    return await soonest(
        db,
        shop,
        now,
        subtotal=selected.price,
        weight_g=selected.weight_g,
        lead_days=max(offer.lead_days, view.lead_days),
    )


async def soonest(
    db: Connection, shop: Shop, now: datetime, *, subtotal: int = 0, weight_g: int = 0, lead_days: int = 0
) -> ShippingOption | None:
    """The delivery that arrives first in the market's home country, the cheaper one of two that arrive together.

    What has to be fetched counts only where nothing is brought.
    """
    options = (await tariff(db)).options(
        shop.market,
        country=None,
        language=shop.language,
        subtotal=subtotal,
        weight_g=weight_g,
        lead_days=lead_days,
        now=now,
    )
    return min(options, key=lambda each: (each.kind == "pickup", each.promised_on, each.fee), default=None)


# --- likes and shares --------------------------------------------------------------------------------


@post("/{language:str}/p/{slug:str}/like", status_code=200, include_in_schema=False)
async def like(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Like a product or take it back. Scripts get {liked, likes}."""
    site = site_of(request)
    now = site.clock.now()
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        view = await _view(db, shop, slug, now)
        person, cookies = _known_person(request, shop)
        who, actor = _customer(shop), _actor(shop, person)
        liked = await toggle_like(db, view.id, person=person, customer_id=who, actor=actor, now=now)
        likes = (await liking(db, view.id, person=None)).likes
    if wants_page(request):
        return Redirect(shop.address(f"/p/{view.slug}#opinion"), status_code=303, cookies=cookies)
    return Response({"liked": liked, "likes": likes}, cookies=cookies)


@post("/{language:str}/p/{slug:str}/share", status_code=200, include_in_schema=False)
async def share(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Note that somebody passes a product on; without a script the page then shows the link to copy."""
    site = site_of(request)
    now = site.clock.now()
    form = await read_form(request)
    way = form.text("way", most=10_000) or "link"
    if way not in SHARE_WAYS:
        raise InvalidValue(field="way", expected=", ".join(SHARE_WAYS))
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        view = await _view(db, shop, slug, now)
        person, cookies = _known_person(request, shop)
        who, actor = _customer(shop), _actor(shop, person)
        await record_share(db, view.id, way=way, person=person, customer_id=who, actor=actor, now=now)
    if wants_page(request):
        return Redirect(shop.address(f"/p/{view.slug}?shared=1#opinion"), status_code=303, cookies=cookies)
    return Response({"shared": way}, cookies=cookies)


def _person(request: AnyRequest, shop: Shop) -> str | None:
    """Who this is to the likes: this browser, if it has liked or shared before, else the customer whose cart it has."""
    visitor = read_signed_cookie(request, VISITOR_COOKIE)
    if visitor:
        return f"visitor:{visitor}"
    customer_id = _customer(shop)
    return f"customer:{customer_id}" if customer_id else None


def _known_person(request: AnyRequest, shop: Shop) -> tuple[str, list[Cookie]]:
    """The same; somebody unknown gets a name of their own, in a cookie."""
    person = _person(request, shop)
    if person:
        return person, []
    visitor = uuid7().hex
    cookie = signed_cookie(site_of(request), VISITOR_COOKIE, visitor, days=_VISITOR_DAYS)
    return f"visitor:{visitor}", [cookie]


def _customer(shop: Shop) -> UUID | None:
    return shop.cart.customer_id if shop.cart else None


def _actor(shop: Shop, person: str) -> Actor:
    customer_id = _customer(shop)
    if customer_id:
        return customer(customer_id)
    return guest(shop.cart.id) if shop.cart else Actor(kind="guest", id=person)
