"""Checkout sessions and carts of ACP: carts that a platform fills, on the verbs of sales."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET

from kupec.billing import Payment, Refund, latest_payments, refunds_of
from kupec.catalogue import Market, markets, resolve_items, sellable
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.machines.acp.errors import CurrencyUnknown, NoSuchCart, NoSuchSession, NotSoldHere, UnreadableRequest
from kupec.machines.acp.platforms import CHANNEL, AgentPlatform
from kupec.machines.acp.requests import BuyerIn, DetailsIn, LineIn, OptionIn
from kupec.sales import (
    MAX_QUANTITY,
    Address,
    CartChange,
    CartClosed,
    CartDetails,
    CartInPayment,
    CouponExpired,
    CouponSpent,
    Order,
    PricedCart,
    ShippingOption,
    UnknownCoupon,
    add_coupon,
    cart_lines,
    check_details,
    create_cart,
    get_cart,
    get_order,
    lock_carts,
    note_shown,
    price_cart,
    remove_coupon,
    save_carts,
    set_details,
    with_details,
    withdraw_drafts,
)

Kind = Literal["cart", "checkout"]
_MISSING: dict[Kind, type[NotFound]] = {"cart": NoSuchCart, "checkout": NoSuchSession}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a session shall hold; UNSET leaves a part as it is. `currency` and `language` choose the market."""

    lines: Sequence[LineIn] | msgspec.UnsetType = UNSET
    details: CartDetails = CartDetails()
    codes: Sequence[str] | msgspec.UnsetType = UNSET
    currency: str | None = None
    language: str = "en"
    locale: str | None = None
    timezone: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it stands. `payment` is the one that is being made; `order` is what the session became."""

    seen: PricedCart
    codes: list[str]
    rejected: list[tuple[str, str]]
    locale: str | None
    timezone: str | None
    payment: Payment | None = None
    order: Order | None = None
    refunds: Sequence[Refund] = ()


def id_of(text: str, kind: Kind) -> UUID:
    """Raises NoSuchSession, NoSuchCart for what cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise _MISSING[kind] from None


async def open_session(
    db: Connection, platform: AgentPlatform, kind: Kind, wish: Wish, *, now: datetime, made_of: UUID | None = None
) -> UUID:
    """A cart for this wish, in the market that its address, else its currency, else its language belongs to.

    Raises NotSoldHere naming the line, CurrencyUnknown. Emits cart.created.
    """
    known = await markets(db)
    if wish.currency is not None and wish.currency.upper() not in {market.currency for market in known}:
        raise CurrencyUnknown(field="$.currency", currency=wish.currency.upper())
    market = market_for(known, wish, None)
    lines = [] if isinstance(wish.lines, msgspec.UnsetType) else wish.lines
    wanted = await _wanted(db, lines, market, now)
    cart = await create_cart(
        db,
        market=market.code,
        language=wish.language,
        channel=CHANNEL,
        agent=platform.agent,
        lines=wanted,
        details=wish.details,
        actor=platform.actor,
        now=now,
    )
    await db.execute(
        """
        insert into acp_session (cart_id, platform_id, kind, locale, timezone, made_of, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        *(cart.id, platform.id, kind, wish.locale, wish.timezone, made_of, now),
    )
    if not isinstance(wish.codes, msgspec.UnsetType):
        await _give_codes(db, cart.id, wish.codes, platform, now)
    await _show(db, cart.id, platform, now)
    return cart.id


async def checkout_of(db: Connection, platform: AgentPlatform, basket: UUID) -> UUID | None:
    """The checkout that was made of this basket and is not over, if there is one. The basket is locked by it."""
    await lock_carts(db, [basket])
    found: UUID | None = await db.fetchval(
        """
        select session.cart_id from acp_session session join cart on cart.id = session.cart_id
         where session.made_of = $1 and session.platform_id = $2 and cart.state = 'open'
         order by session.created_at desc limit 1
        """,
        basket,
        platform.id,
    )
    return found


async def wish_of_basket(db: Connection, platform: AgentPlatform, basket: UUID, wish: Wish, *, now: datetime) -> Wish:
    """The wish with what the basket holds and who fills it. Raises NoSuchCart."""
    standing = await find_session(db, platform, basket, "cart", now=now)
    cart = standing.seen.cart
    lines = [LineIn(id=str(line.variant_id), quantity=line.quantity) for line in cart.lines]
    given = {"email": cart.email, "name": cart.name, "phone": cart.phone}
    told = {name: value for name, value in given.items() if value is not None}
    details = msgspec.structs.replace(wish.details, **told)
    return msgspec.structs.replace(wish, lines=lines, details=details, codes=standing.codes or wish.codes)


async def change_session(
    db: Connection, platform: AgentPlatform, cart_id: UUID, kind: Kind, wish: Wish, *, now: datetime
) -> None:
    """Let the session hold what the wish says; what is UNSET stays.

    Raises NoSuchSession or NoSuchCart (another platform's, too), CartClosed, CartInPayment, NotSoldHere. Emits
    cart.changed.
    """
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None or cart.agent != platform.agent or not await _is(db, cart_id, kind):
        raise _MISSING[kind]
    if cart.state != "open":
        raise CartClosed
    if await withdraw_drafts(db, [cart_id], actor=platform.actor, now=now):
        raise CartInPayment
    known = await markets(db)
    current = next(market for market in known if market.code == cart.market)
    market = market_for(known, wish, current) if isinstance(wish.details.address, Address) else current
    after = msgspec.structs.replace(with_details(cart, wish.details), market=market.code)
    if not isinstance(wish.lines, msgspec.UnsetType):
        wanted = await _wanted(db, wish.lines, market, now)
        if [(line.variant_id, line.quantity) for line in cart.lines] != wanted:
            after = msgspec.structs.replace(after, lines=cart_lines(wanted))
    await save_carts(db, [CartChange(before=cart, after=after, actor=platform.actor)], now=now)
    if not isinstance(wish.codes, msgspec.UnsetType):
        await _give_codes(db, cart_id, wish.codes, platform, now)
    await _show(db, cart_id, platform, now)


async def find_session(
    db: Connection, platform: AgentPlatform, cart_id: UUID, kind: Kind, *, now: datetime
) -> Standing:
    """What the platform is shown; its total is remembered as shown. Raises NoSuchSession, NoSuchCart."""
    row = await db.fetchrow(
        """
        select codes, rejected, locale, timezone from acp_session
         where cart_id = $1 and platform_id = $2 and kind = $3
        """,
        *(cart_id, platform.id, kind),
    )
    if row is None:
        raise _MISSING[kind]
    seen = await price_cart(db, cart_id, now=now)
    if kind == "cart" and seen.cart.state != "open":
        raise NoSuchCart
    if seen.cart.state == "open":
        await note_shown(db, {cart_id: seen.total})
    standing = Standing(
        seen=seen,
        codes=row["codes"],
        rejected=[(code, reason) for code, reason in row["rejected"]],
        locale=row["locale"],
        timezone=row["timezone"],
    )
    order = await db.fetchrow("select id, state from sales_order where cart_id = $1 and state <> 'abandoned'", cart_id)
    if order is None:
        return standing
    if order["state"] == "draft":
        payments = await latest_payments(db, [order["id"]])
        return msgspec.structs.replace(standing, payment=payments.get(order["id"]))
    return msgspec.structs.replace(
        standing, order=await get_order(db, order["id"]), refunds=await refunds_of(db, order["id"])
    )


async def _is(db: Connection, cart_id: UUID, kind: Kind) -> bool:
    return bool(await db.fetchval("select true from acp_session where cart_id = $1 and kind = $2", cart_id, kind))


def market_for(known: Sequence[Market], wish: Wish, current: Market | None) -> Market:
    """The market that serves the address, else the present one, else the currency's, else the language's."""
    address = wish.details.address
    country = address.country if isinstance(address, Address) else ""

    def fit(market: Market) -> tuple[bool, ...]:
        return (
            market.home_country == country,
            country in market.countries,
            market == current,
            market.currency == (wish.currency or "").upper(),
            market.language == wish.language,
        )

    return max(known, key=fit)


async def _wanted(db: Connection, lines: Sequence[LineIn], market: Market, now: datetime) -> list[tuple[UUID, int]]:
    """(variant, pieces), the same variant summed. Raises NotSoldHere."""
    items = await resolve_items(db, [line.named for line in lines])
    sold = await sellable(db, sorted({(market.code, variant_id) for variant_id in items.values()}), now=now)
    wanted: dict[UUID, int] = {}
    for index, line in enumerate(lines):
        variant_id = items.get(line.named)
        if variant_id is None or (market.code, variant_id) not in sold:
            raise NotSoldHere(field=f"$.line_items[{index}]", item=line.named)
        wanted[variant_id] = min(wanted.get(variant_id, 0) + line.quantity, MAX_QUANTITY)
    return list(wanted.items())


async def _give_codes(
    db: Connection, cart_id: UUID, codes: Sequence[str], platform: AgentPlatform, now: datetime
) -> None:
    """Put these coupons into the cart in place of those in it; remember which do not hold, and why."""
    rejected: list[tuple[str, str]] = []
    for code in (await get_cart(db, cart_id)).coupons:
        if code not in {"".join(given.split()).upper() for given in codes}:
            await remove_coupon(db, cart_id, code, actor=platform.actor, now=now)
    for code in codes:
        try:
            await add_coupon(db, cart_id, code, actor=platform.actor, now=now)
        except UnknownCoupon:
            rejected.append((code, "discount_code_invalid"))
        except CouponExpired:
            rejected.append((code, "discount_code_expired"))
        except CouponSpent:
            rejected.append((code, "discount_code_usage_limit_reached"))
        except InvalidValue:
            rejected.append((code, "discount_code_combination_disallowed" if code.strip() else "discount_code_invalid"))
    await db.execute(
        "update acp_session set codes = $2, rejected = $3 where cart_id = $1", cart_id, list(codes), rejected
    )


async def _show(db: Connection, cart_id: UUID, platform: AgentPlatform, now: datetime) -> None:
    """Choose the cheapest parcel where an address is known and none of what is offered there is chosen; pay by card."""
    seen = await price_cart(db, cart_id, now=now)
    offered, chosen = parcels(seen), CartDetails()
    if seen.cart.address is not None and offered and seen.shipping not in offered:
        cheapest = min(offered, key=lambda option: (option.fee, option.promised_on))
        chosen = msgspec.structs.replace(chosen, shipping_method=cheapest.code)
    card = next((option.code for option in seen.payment_options if option.kind == "card"), None)
    if card is not None and seen.cart.payment_method != card:
        chosen = msgspec.structs.replace(chosen, payment_method=card)
    if chosen != CartDetails():
        await set_details(db, cart_id, chosen, actor=platform.actor, now=now)


def parcels(seen: PricedCart) -> list[ShippingOption]:
    """What can be delivered without asking for a parcel point or an hour."""
    return [option for option in seen.shipping_options if option.kind == "parcel"]


def details_of(
    buyer: BuyerIn | msgspec.UnsetType | None,
    delivery: DetailsIn | msgspec.UnsetType | None,
    options: Sequence[OptionIn] | msgspec.UnsetType | None = UNSET,
) -> CartDetails:
    """What a body says about the buyer and the delivery. Raises UnreadableRequest naming the member."""
    given: dict[str, Any] = {}
    if delivery is None:
        given["address"] = None
    elif not isinstance(delivery, msgspec.UnsetType):
        given |= _delivery(delivery)
    if buyer is None:
        given |= {"email": None, "name": None, "phone": None}
    elif not isinstance(buyer, msgspec.UnsetType):
        given |= {"email": buyer.email, "name": buyer.name, "phone": buyer.phone_number}
        given |= {} if isinstance(delivery, msgspec.UnsetType) or delivery is None else _rest(delivery, given)
    if options is None:
        given["shipping_method"] = None
    elif not isinstance(options, msgspec.UnsetType):
        given["shipping_method"] = options[0].option_id if options else None
    try:
        return check_details(CartDetails(**given))
    except InvalidValue as error:
        raise UnreadableRequest(field=path_of(error.field), reason=f"expected {error.details['expected']}") from error


def _delivery(delivery: DetailsIn) -> dict[str, Any]:
    given: dict[str, Any] = {}
    place = delivery.address
    if place is not None:
        given["address"] = Address(
            name=place.name or delivery.name or "",
            street=" ".join(part for part in (place.line_one, place.line_two) if part),
            city=place.city,
            postcode=place.postal_code,
            country=place.country,
        )
    return given | _rest(delivery, {})


def _rest(delivery: DetailsIn, given: Mapping[str, Any]) -> dict[str, Any]:
    """The contact for the delivery stands in where the buyer has told nothing."""
    contact = {"email": delivery.email, "name": delivery.name, "phone": delivery.phone_number}
    return {name: value for name, value in contact.items() if value and not given.get(name)}


_PATHS = {
    "email": "$.buyer.email",
    "phone": "$.buyer.phone_number",
    "name": "$.buyer.full_name",
    "lines": "$.line_items",
    "shipping_method": "$.selected_fulfillment_options",
    "address.name": "$.fulfillment_details.address.name",
    "address.street": "$.fulfillment_details.address.line_one",
    "address.city": "$.fulfillment_details.address.city",
    "address.postcode": "$.fulfillment_details.address.postal_code",
    "address.country": "$.fulfillment_details.address.country",
    "payment_method": "$.payment_data",
    "expected_total": "$.totals",
}


def path_of(field: str | None) -> str | None:
    """Where in the protocol's resource a field of ours stands."""
    if field is None or field.startswith("$"):
        return field
    return _PATHS.get(field) or "$." + field.replace("lines[", "line_items[")
