"""Checkout on one page: who, where to, how, and the card, whose number never comes to us."""

from typing import Any
from uuid import UUID

import msgspec
from babel.core import Locale
from babel.dates import format_date
from litestar import Request, Response, get, post
from litestar.response import Redirect

from kupec.billing import STRIPE_PAGES
from kupec.customers import normalise_company_id, normalise_vat_id
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.ids import uuid7
from kupec.kit.text import shorten, sort_key
from kupec.sales import (
    Address,
    Cart,
    CartDetails,
    Company,
    CompleteRequest,
    NotEnoughStock,
    PickupPoint,
    PricedCart,
    Slot,
    TotalChanged,
    cancel_cart,
    card_refusal,
    line_texts,
    open_slots,
    price_cart,
    problem_texts,
    set_details,
)
from kupec.sales import (
    in_words as say,
)
from kupec.web.forms import Form, read_form
from kupec.web.rendering import site_of
from kupec.web.security import content_policy, forget_cookie, origin_of
from kupec.web.storefront.approving import ask, is_asked, to_question
from kupec.web.storefront.cart import open_cart, ready_cart, with_delivery
from kupec.web.storefront.checkout_consent import asked_in_checkout, note_ticks, ticked_in
from kupec.web.storefront.kept_cards import Cards, cards_here
from kupec.web.storefront.payment import finish
from kupec.web.storefront.referral import note_friend
from kupec.web.storefront.shop import ORDER_COOKIE, Shop, buyer, cart_cookie, known_order, open_shop, page
from kupec.web.storefront.words import merged

FIELDS = (
    "email",
    "phone",
    "address.name",
    "address.street",
    "address.city",
    "address.postcode",
    "address.country",
    "shipping_method",
    "slot_id",
    "pickup_point",
    "payment_method",
    "company.name",
    "company.company_id",
    "company.vat_id",
)
_LONGEST = 1_000
_KEY_LENGTH = 64
_MOST = 10**11 - 1

AnyRequest = Request[Any, Any, Any]


class View(msgspec.Struct, kw_only=True):
    """The page as it is about to be shown."""

    priced: PricedCart
    values: dict[str, str]
    errors: dict[str, str] = {}
    notice: str = ""
    """"total_changed" or what the card's bank said."""
    refusal: str = ""
    slots: list[Slot] = []
    ticked: list[str] = []
    """Purposes of consent."""
    cards: Cards = Cards()

    @property
    def by_card(self) -> bool:
        return self.priced.payment is not None and self.priced.payment.kind == "card"


@get("/{language:str}/checkout", include_in_schema=False)
async def show(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        if shop.cart and await is_asked(db, shop.cart):
            return to_question(shop)
        priced = await ready_cart(request, db, shop)
        cards = await cards_here(request, db, shop)
    if priced is None or not priced.cart.lines or line_texts(priced, shop.language):
        return Redirect(shop.address("/cart"), status_code=303)
    return await _page(request, shop, View(priced=priced, values=_values_of(priced, shop), cards=cards))


@post("/{language:str}/checkout", status_code=200, include_in_schema=False)
async def submit(request: AnyRequest) -> Response[Any]:
    """Note what was filled in; then show the page anew ("update"), say what is missing ("check"), or order and pay."""
    site = site_of(request)
    form = await read_form(request)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        cart = shop.cart
        if cart is None or not cart.lines:
            return Redirect(shop.address("/cart"), status_code=303)
        if await is_asked(db, cart):
            return to_question(shop)
        values = _values_in(form)
        errors = await _save(request, db, cart, shop, values)
        await note_friend(request, db, cart.id)
        priced = await with_delivery(request, db, cart)
        cards = await cards_here(request, db, shop, form)
    if "update" in form:
        values = _kept(values, priced)
        return await _page(request, shop, View(priced=priced, values=values, ticked=ticked_in(form), cards=cards))
    faults = merged(errors, _lacking(priced, shop))
    view = View(priced=priced, values=values, errors=faults, ticked=ticked_in(form), cards=cards)
    if "check" in form:
        if form.whole("expected_total", least=0, most=_MOST) != priced.total:
            view.notice = "total_changed"
        return await _page(request, shop, view, status=422 if view.errors or view.notice else 200)
    token = cards.token(form)
    if not token and view.by_card and _takes_cards(request):
        view.errors.setdefault("card", say(InvalidValue(field="card", expected="a card"), shop.language))
    if view.errors:
        return await _page(request, shop, view, status=422)
    return await _order(request, shop, view, form, token)


def _takes_cards(request: AnyRequest) -> bool:
    """Whether the card is filled in on our page; a provider with pages of its own asks for it there."""
    return site_of(request).payments.name == "sandbox"


async def _order(request: AnyRequest, shop: Shop, view: View, form: Form, token: str) -> Response[Any]:
    site = site_of(request)
    cart = view.priced.cart
    wanted = CompleteRequest(
        cart_id=cart.id,
        key=form.text("key", most=_LONGEST)[:_KEY_LENGTH] or str(uuid7()),
        card_token=token,
        expected_total=form.whole("expected_total", least=0, most=_MOST),
        return_url=f"{site.settings.base_url}{shop.address('/checkout/return/{payment}')}",
        actor=buyer(cart),
        keep=view.cards.keep_for(shop),
    )
    try:
        if view.priced.needs_approval and view.priced.cart.approval_id is None:
            return await ask(request, shop, cart, form.whole("expected_total", least=0, most=_MOST))
        completion = await site.checkout.complete(wanted)
    except TotalChanged:
        view.notice = "total_changed"
    except KupecError as error:
        if error.status >= 500:
            raise
        field = "cart" if isinstance(error, NotEnoughStock) else error.field or "cart"
        view.errors = {field if field in FIELDS else "cart": say(error, shop.language)}
    else:
        if completion.state != "failed":
            await note_ticks(request, shop, cart, completion, view.ticked)
            return await finish(request, shop, completion)
        view.refusal = card_refusal(completion.error_code, shop.language)
    async with site.database.reading() as db:
        view.priced = await price_cart(db, cart.id, now=site.clock.now())
    if view.priced.cart.state != "open":
        return Redirect(shop.address("/cart"), status_code=303)
    return await _page(request, shop, view, status=409)


@post("/{language:str}/checkout/forget", status_code=303, include_in_schema=False)
async def forget(request: AnyRequest) -> Redirect:
    """The browser forgets who bought here last; the goods stay in the cart."""
    site = site_of(request)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        cookies = [forget_cookie(site, ORDER_COOKIE)]
        if shop.cart:
            lines = shop.cart.lines
            await cancel_cart(db, shop.cart.id, actor=buyer(shop.cart), now=site.clock.now())
            fresh = await open_cart(request, db, shop, lines=lines)
            cookies.append(cart_cookie(site, fresh.id))
    return Redirect(shop.address("/checkout"), status_code=303, cookies=cookies)


# --- what was filled in ------------------------------------------------------------------------------


def _values_of(priced: PricedCart, shop: Shop) -> dict[str, str]:
    cart = priced.cart
    values = {"email": cart.email or "", "phone": cart.phone or "", "shipping_method": cart.shipping_method or ""}
    values["payment_method"] = priced.payment.code if priced.payment else ""
    values["slot_id"] = str(cart.slot_id or "")
    values["pickup_point"] = cart.pickup_point.label if cart.pickup_point else ""
    for part in Company.__struct_fields__:
        values[f"company.{part}"] = getattr(cart.company, part) if cart.company else ""
    address = cart.address
    for part in Address.__struct_fields__:
        values[f"address.{part}"] = getattr(address, part) if address else ""
    values["address.name"] = values["address.name"] or cart.name or ""
    values["address.country"] = values["address.country"] or shop.market.home_country
    return values


def _values_in(form: Form) -> dict[str, str]:
    return {field: shorten(form.text(field, most=100_000), _LONGEST) for field in FIELDS}


def _kept(values: dict[str, str], priced: PricedCart) -> dict[str, str]:
    """What was typed, with the delivery and the payment that are really chosen."""
    payment = priced.payment.code if priced.payment else ""
    return values | {"shipping_method": priced.cart.shipping_method or "", "payment_method": payment}


async def _save(request: AnyRequest, db: Connection, cart: Cart, shop: Shop, values: dict[str, str]) -> dict[str, str]:
    """Note the details; what cannot be right is left out and told, field by field."""
    now = site_of(request).clock.now()
    accepted = dict(values)
    if accepted["address.country"] not in shop.market.countries:
        accepted["address.country"] = shop.market.home_country
    errors = {} if accepted["company.name"] else _nameless(accepted, shop.language)
    while True:
        try:
            async with db.transaction():
                await set_details(db, cart.id, _details(accepted, shop), actor=buyer(cart), now=now)
            return errors
        except InvalidValue as error:
            field = "address.name" if error.field == "name" else error.field or ""
            if not accepted.get(field):
                raise
            errors[field] = say(error, shop.language)
            accepted[field] = ""
        except KupecError as error:
            return errors | {"cart": say(error, shop.language)}


def _nameless(values: dict[str, str], language: str) -> dict[str, str]:
    """What is wrong with a business that has numbers and no name: such a one is not noted, so nothing else tells."""
    errors: dict[str, str] = {}
    for field, normalise in (("company.company_id", normalise_company_id), ("company.vat_id", normalise_vat_id)):
        if values[field]:
            errors["company.name"] = say(InvalidValue(field="company.name", expected="a name"), language)
        try:
            normalise(values[field], field=field)
        except InvalidValue as error:
            errors[field] = say(error, language)
    return errors


def _details(values: dict[str, str], shop: Shop) -> CartDetails:
    parts = {part: values[f"address.{part}"] for part in Address.__struct_fields__}
    company = {part: values[f"company.{part}"] for part in Company.__struct_fields__}
    return CartDetails(
        email=values["email"] or None,
        phone=values["phone"] or None,
        name=values["address.name"] or None,
        address=Address(**parts),
        shipping_method=values["shipping_method"] or None,
        slot_id=_slot(values["slot_id"]),
        pickup_point=PickupPoint(id=point, label=point) if (point := values["pickup_point"]) else None,
        payment_method=values["payment_method"] or None,
        company=Company(**company) if company["name"] else None,
        market=shop.market.code,
        language=shop.language,
    )


def _slot(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _lacking(priced: PricedCart, shop: Shop) -> dict[str, str]:
    """What the order still lacks: beside its field, or at the top where it is about the goods."""
    texts: dict[str, str] = {}
    for field, text in problem_texts(priced.problems, shop.language).items():
        texts.setdefault(field if field in FIELDS else "cart", text)
    return texts


def _slot_name(slot: Slot, language: str) -> str:
    day = format_date(slot.day, format="EEEE d. MMMM" if language == "cs" else "EEEE d MMMM", locale=language)
    return f"{day}, {slot.starts:%H:%M}–{slot.ends:%H:%M}"


def _countries(shop: Shop) -> list[tuple[str, str]]:
    """Where this market delivers, home first, the rest by name."""
    names = Locale(shop.language).territories
    home = shop.market.home_country
    return sorted(
        ((code, names.get(code, code)) for code in shop.market.countries),
        key=lambda country: (country[0] != home, sort_key(country[1], shop.language)),
    )


# --- the page ----------------------------------------------------------------------------------------


async def _page(request: AnyRequest, shop: Shop, view: View, *, status: int = 200) -> Response[str]:
    site = site_of(request)
    shipping = view.priced.shipping
    if shipping is not None and shipping.kind == "slot":
        async with site.database.reading() as db:
            view.slots = await open_slots(db, shipping.code, now=site.clock.now())
    async with site.database.reading() as db:
        asked = await asked_in_checkout(db, shop, view.ticked)
    gateway = site.settings.card_gateway_url.rstrip("/")
    origin = origin_of(gateway) if _takes_cards(request) else STRIPE_PAGES
    return page(
        request,
        shop,
        "checkout.html",
        status=status,
        headers={
            "Content-Security-Policy": content_policy(connect=[origin], form_action=[origin]),
            "Cache-Control": "no-store",
        },
        view=view,
        priced=view.priced,
        values=view.values,
        errors=view.errors,
        slot_choices=[(str(slot.id), _slot_name(slot, shop.language)) for slot in view.slots],
        card_here=view.by_card and _takes_cards(request),
        key=str(uuid7()),
        asked=asked,
        countries=_countries(shop),
        tokens_url=f"{gateway}/v1/tokens",
        known=known_order(request) is not None,
        alternates={language: f"/{language}/checkout" for language in shop.markets},
    )
