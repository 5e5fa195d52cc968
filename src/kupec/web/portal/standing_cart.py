"""A standing order from the cart: the goods in it come again and again instead of once."""

from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.response import Redirect

from kupec.billing import accounts_of, cards_on_file
from kupec.kit import recurrence_words
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import (
    Cart,
    CartDetails,
    StandingTerms,
    cancel_cart,
    get_cart,
    price_cart,
    set_details,
    standing_from_cart,
)
from kupec.web import recurring
from kupec.web.forms import Form, read_form
from kupec.web.portal.carts import cart_for
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import go, my_page, say
from kupec.web.portal.standing import PATH
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import cart_cookie, open_shop


@get("/{language:str}/my/cart/repeat", opt={"part": "buy"})
async def ask(request: AnyRequest) -> Response[Any]:
    """“Have this come regularly”: the form. An empty cart leads back to itself."""
    return await _ask(request)


async def _ask(request: AnyRequest, *, error: KupecError | None = None, form: Form | None = None) -> Response[Any]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        if shop.cart is None or not shop.cart.lines:
            return Redirect(shop.address("/cart"), status_code=303)
        cart = await cart_for(request, db, shop, me)
        seen = await price_cart(db, cart.id, now=now)
        accounts = await accounts_of(db, me.account_ids)
        cards = [card for one in me.account_ids for card in await cards_on_file(db, one)]
    today = now.astimezone(ZoneInfo(site.settings.shop_timezone)).date()
    response = my_page(
        request,
        shop,
        "standing_cart.html",
        section="standing",
        status=error.status if error else 200,
        cart=cart,
        seen=seen,
        deliveries=[one for one in seen.shipping_options if one.kind in ("parcel", "pickup")],
        chosen=(form.text("shipping_method") if form else "") or cart.shipping_method,
        on_account=any(account.currency == seen.currency for account in accounts.values()),
        cards=cards,
        fields=recurring.typed(form) if form else recurring.shown(None, today=today),
        units=recurring.UNITS,
        weekdays=recurrence_words.WEEKDAYS,
        earliest=today,
        key=form.text("key") if form else uuid4().hex,
        errors={recurring.place(error.field): say(error, shop.language)} if error else {},
    )
    response.cookies.append(cart_cookie(site, cart.id))
    return response


@post("/{language:str}/my/cart/repeat", status_code=200, opt={"part": "buy"})
async def begin(request: AnyRequest) -> Response[Any]:
    """Start it; the cart is empty afterwards, so that nothing of it is ordered twice."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    now = site.clock.now()
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            if shop.cart is None or not shop.cart.lines:
                return Redirect(shop.address(PATH), status_code=303)
            cart = await cart_for(request, db, shop, me)
            delivery = CartDetails(shipping_method=form.text("shipping_method"))
            await set_details(db, cart.id, delivery, actor=me.actor, now=now)
            made = await standing_from_cart(
                db,
                cart.id,
                _terms(request, form, await get_cart(db, cart.id)),
                customer_id=me.account.id,
                ordered_by=_person(me),
                key=form.text("key", most=100) or None,
                actor=me.actor,
                now=now,
            )
            await cancel_cart(db, cart.id, actor=me.actor, now=now)
    except KupecError as error:
        return await _ask(request, error=error, form=form)
    return go(request, f"{PATH}/{made.id}", done=_("It comes regularly from now on. Your cart is empty."))


def _person(me: SignedInCustomer) -> UUID | None:
    return None if me.for_oneself else me.party.id


def _terms(request: AnyRequest, form: Form, cart: Cart) -> StandingTerms:
    site = site_of(request)
    zone, pay = site.settings.shop_timezone, form.text("payment")
    rule = recurring.read(
        form,
        zone=zone,
        country=cart.address.country if cart.address else site.settings.shop_country,
        today=site.clock.now().astimezone(ZoneInfo(zone)).date(),
    )
    return StandingTerms(
        recurrence=rule,
        payment="account" if pay == "account" else "card",
        card_id=None if pay == "account" else form.uuid("payment"),
    )


routes = (ask, begin)
