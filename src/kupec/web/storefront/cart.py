"""The cart: put in, changed, taken out; plain forms that work without a script."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.response import Redirect
from msgspec import UNSET

from kupec.billing import allow_account
from kupec.kit.actor import customer, guest
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.sales import (
    MAX_QUANTITY,
    Cart,
    CartDetails,
    CartInPayment,
    CartLine,
    Order,
    PricedCart,
    UnknownCoupon,
    UnknownCredit,
    add_coupon,
    add_to_cart,
    change_line,
    create_cart,
    drop_credit,
    get_order,
    hold_goods,
    line_texts,
    price_cart,
    remove_coupon,
    set_details,
    use_credit,
)
from kupec.sales import (
    in_words as say,
)
from kupec.web.errors import wants_page
from kupec.web.forms import Form, read_form
from kupec.web.portal.carts import customers_cart
from kupec.web.rendering import site_of
from kupec.web.security import limit_guesses
from kupec.web.storefront.on_account import proved_customer
from kupec.web.storefront.product import product_page
from kupec.web.storefront.shop import Shop, buyer, cart_cookie, known_order, open_shop, page
from kupec.web.storefront.words import merged

_NOTHING_YET = CartDetails()

AnyRequest = Request[Any, Any, Any]


@post("/{language:str}/cart/add", status_code=200, include_in_schema=False)
async def add(request: AnyRequest) -> Response[Any]:
    """Put pieces of a variant into the cart, which is made when there is none. Scripts get {pieces} or {error}."""
    site = site_of(request)
    form = await read_form(request)
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            cart = await _add(request, db, shop, form)
    except KupecError as error:
        return await _not_added(request, form, error)
    cookies = [cart_cookie(site, cart.id)]
    if wants_page(request):
        return Redirect(shop.address("/cart"), status_code=303, cookies=cookies)
    return Response({"pieces": sum(line.quantity for line in cart.lines)}, cookies=cookies)


async def _add(request: AnyRequest, db: Connection, shop: Shop, form: Form) -> Cart:
    now = site_of(request).clock.now()
    quantity = form.whole("quantity", least=1, most=MAX_QUANTITY, default=1)
    variant_id = form.uuid("variant")
    cart = shop.cart or await new_cart(request, db, shop)
    await in_this_market(request, db, shop, cart)
    options = {code: text for code, text in form.under("option.").items() if text}
    cart = await add_to_cart(db, cart.id, variant_id, quantity, options=options, actor=buyer(cart), now=now)
    await with_delivery(request, db, cart)
    return cart


async def new_cart(request: AnyRequest, db: Connection, shop: Shop) -> Cart:
    """The cart that this browser begins with: its customer's, or like the order before."""
    if shop.customer is not None:
        return await customers_cart(request, db, shop, shop.customer)
    before = await _order_before(request, db)
    proved = proved_customer(request)
    cart = await open_cart(
        request,
        db,
        shop,
        customer_id=proved or (before.customer_id if before else None),
        details=_same_as(before, shop) if before else _NOTHING_YET,
    )
    if proved is not None:
        await allow_account(db, cart.id, proved, now=site_of(request).clock.now())
    return cart


async def open_cart(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    *,
    customer_id: UUID | None = None,
    details: CartDetails = _NOTHING_YET,
    lines: Sequence[CartLine] = (),
) -> Cart:
    """A new cart for this visitor."""
    cart_id = uuid7()
    return await create_cart(
        db,
        cart_id=cart_id,
        market=shop.market.code,
        language=shop.language,
        channel="web",
        actor=customer(customer_id) if customer_id else guest(cart_id),
        now=site_of(request).clock.now(),
        customer_id=customer_id,
        details=details,
        lines=lines,
    )


async def _order_before(request: AnyRequest, db: Connection) -> Order | None:
    order_id = known_order(request)
    if order_id is None:
        return None
    try:
        return await get_order(db, order_id)
    except NotFound:
        return None


def _same_as(order: Order, shop: Shop) -> CartDetails:
    """Who bought last time, and where it went, if this market delivers there."""
    served = order.address.country in shop.market.countries
    return CartDetails(email=order.email, name=order.name, phone=order.phone, address=order.address if served else None)


async def _not_added(request: AnyRequest, form: Form, error: KupecError) -> Response[Any]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        text = say(error, shop.language)
        if wants_page(request):
            errors = {error.field or "quantity": text}
            slug = form.text("product", most=10_000)
            return await product_page(request, db, shop, slug, now=site.clock.now(), errors=errors, chosen=form)
    return Response({"error": text}, status_code=error.status)


# --- what a cart needs before it can be shown --------------------------------------------------------


async def in_this_market(request: AnyRequest, db: Connection, shop: Shop, cart: Cart) -> None:
    """Let the cart speak the page's language and cost the page's money; an address not delivered to is let go."""
    if (cart.market, cart.language) != (shop.market.code, shop.language):
        served = cart.address is None or cart.address.country in shop.market.countries
        address = UNSET if served else None
        details = CartDetails(market=shop.market.code, language=shop.language, address=address)
        await set_details(db, cart.id, details, actor=buyer(cart), now=site_of(request).clock.now())


async def with_delivery(request: AnyRequest, db: Connection, cart: Cart) -> PricedCart:
    """The cart's prices, with the cheapest parcel where no delivery that exists is chosen: the fee is never hidden."""
    now = site_of(request).clock.now()
    priced = await price_cart(db, cart.id, now=now)
    if priced.shipping is not None or not priced.shipping_options:
        return priced
    cheapest = min(
        priced.shipping_options, key=lambda option: (option.kind != "parcel", option.fee, option.promised_on)
    )
    await set_details(db, cart.id, CartDetails(shipping_method=cheapest.code), actor=buyer(cart), now=now)
    return await price_cart(db, cart.id, now=now)


async def ready_cart(request: AnyRequest, db: Connection, shop: Shop) -> PricedCart | None:
    """The visitor's cart in this market with a delivery. While it is being paid it is shown as it stands."""
    if shop.cart is None:
        return None
    try:
        async with db.transaction():
            await in_this_market(request, db, shop, shop.cart)
            return await with_delivery(request, db, shop.cart)
    except CartInPayment:
        return await price_cart(db, shop.cart.id, now=site_of(request).clock.now())


# --- the page ----------------------------------------------------------------------------------------


@get("/{language:str}/cart", include_in_schema=False)
async def show(request: AnyRequest) -> Response[str]:
    return await cart_page(request)


async def cart_page(
    request: AnyRequest, errors: dict[str, str] | None = None, typed: Form | None = None
) -> Response[str]:
    """The cart with whatever has to be said beside its lines."""
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        priced = await ready_cart(request, db, shop)
    known = {line.id for line in priced.lines} if priced else set()
    return page(
        request,
        shop,
        "cart.html",
        status=409 if errors else 200,
        priced=priced,
        gone=[line for line in priced.cart.lines if line.id not in known] if priced else [],
        errors=merged(errors or {}, line_texts(priced, shop.language) if priced else {}),
        typed=typed or Form([]),
    )


@post("/{language:str}/cart", status_code=200, include_in_schema=False)
async def change(request: AnyRequest) -> Response[Any]:
    """Everything the cart's page can ask: quantities, one more or less, remove, choose a delivery, go to checkout."""
    site = site_of(request)
    form = await read_form(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
    if shop.cart is None:
        return Redirect(shop.address("/cart"), status_code=303)
    errors = await _apply(request, shop, shop.cart, form)
    if not errors and "checkout" in form:
        errors = await hold(request, shop.cart)
    if errors:
        return await cart_page(request, {field: say(error, shop.language) for field, error in errors.items()}, form)
    return Redirect(shop.address("/checkout" if "checkout" in form else "/cart"), status_code=303)


async def _apply(request: AnyRequest, shop: Shop, cart: Cart, form: Form) -> dict[str, KupecError]:
    """Set what differs, each thing by itself, so that one that cannot be had does not hold back the others."""
    now = site_of(request).clock.now()
    actor = buyer(cart)
    errors: dict[str, KupecError] = {}
    for line in cart.lines:
        with _noting(errors, f"lines.{line.id}"):
            wanted = _wanted(form, line.id, line.quantity)
            if wanted != line.quantity:
                async with site_of(request).database.transaction() as db:
                    await change_line(db, cart.id, line.id, wanted, actor=actor, now=now)
    method = form.text("shipping_method", most=10_000)[:100]
    if method and method != cart.shipping_method:
        with _noting(errors, "shipping_method"):
            async with site_of(request).database.transaction() as db:
                await set_details(db, cart.id, CartDetails(shipping_method=method), actor=actor, now=now)
    with _noting(errors, "coupon"):
        await _codes(request, cart, form)
    return errors


@contextmanager
def _noting(errors: dict[str, KupecError], field: str) -> Iterator[None]:
    try:
        yield
    except KupecError as error:
        if error.status == 429:
            raise
        errors[field] = error


async def _codes(request: AnyRequest, cart: Cart, form: Form) -> None:
    """Take a code that was typed, whether a coupon's or store credit's, and let go of one that was not wanted."""
    site = site_of(request)
    actor, now = buyer(cart), site.clock.now()
    typed = form.text("coupon", most=200)
    async with site.database.transaction() as db:
        if "drop_coupon" in form:
            await remove_coupon(db, cart.id, form.text("drop_coupon"), actor, now)
        if "drop_credit" in form:
            await drop_credit(db, cart.id, actor=actor, now=now)
    if not typed:
        return
    limit_guesses(request, "codes")
    try:
        async with site.database.transaction() as db:
            await add_coupon(db, cart.id, typed, actor, now)
    except UnknownCoupon as unknown:
        try:
            async with site.database.transaction() as db:
                await use_credit(db, cart.id, typed, actor=actor, now=now)
        except UnknownCredit:
            raise unknown from None


def _wanted(form: Form, line_id: UUID, now_in_cart: int) -> int:
    """How many pieces the form asks for in a line. Raises InvalidValue (field "quantity")."""
    name = str(line_id)
    if form.text("remove", most=10_000) == name:
        return 0
    try:
        typed = form.whole(f"quantity.{name}", least=0, most=MAX_QUANTITY, default=now_in_cart)
    except InvalidValue as error:
        raise InvalidValue(field="quantity", expected=error.details["expected"]) from None
    if form.text("more", most=10_000) == name:
        return typed + 1
    if form.text("less", most=10_000) == name:
        return max(0, typed - 1)
    return typed


async def hold(request: AnyRequest, cart: Cart) -> dict[str, KupecError]:
    """Keep the goods for as long as a checkout may take."""
    site = site_of(request)
    now = site.clock.now()
    until = now + timedelta(minutes=site.settings.reservation_minutes)
    try:
        async with site.database.transaction() as db:
            await hold_goods(db, cart.id, now=now, until=until)
    except KupecError as error:
        return {"cart": error}
    return {}
