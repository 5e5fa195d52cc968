"""Checkout sessions: carts that a platform fills. Made and changed a batch at a time, on the verbs of sales."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from kupec.catalogue import Market, markets, resolve_items, sellable
from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.machines.ucp.agent import Platform, spoken_in
from kupec.machines.ucp.errors import ItemUnavailable, MethodUnavailable, SessionNotFound
from kupec.machines.ucp.requests import BuyerIn, CheckoutIn, ContextIn, DestinationIn, FulfillmentIn, MethodIn
from kupec.sales import (
    MAX_QUANTITY,
    Address,
    Cart,
    CartDetails,
    NewCart,
    PricedCart,
    Prices,
    ShippingOption,
    cart_lines,
    check_details,
    create_carts,
    get_cart,
    note_shown,
    price_cart,
    price_carts,
    read_prices,
    replace_lines,
    set_details,
    with_details,
)

CHANNEL = "ucp"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A session about to be made."""

    platform: Platform
    language: str
    body: CheckoutIn
    key: str | None
    details: CartDetails


class Sessions:
    """The edge of the buying API: concurrent platforms share its batches. Made once a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._create: Batcher[Opening, PricedCart] = Batcher(database, partial(_create_now, clock=clock))

    async def create(self, opening: Opening) -> PricedCart:
        """Raises ItemUnavailable, IdempotencyMismatch."""
        return await self._create(opening)


async def _create_now(db: Connection, openings: Sequence[Opening], *, clock: Clock) -> list[PricedCart | KupecError]:
    return await open_sessions(db, openings, now=clock.now())


async def open_sessions(db: Connection, openings: Sequence[Opening], *, now: datetime) -> list[PricedCart | KupecError]:
    """Make a cart for each opening, in the market its destination or context belongs to; returns them priced.

    ItemUnavailable (field "line_items[i]") where something is not sold there; IdempotencyMismatch. Emits
    cart.created.
    """
    items = await resolve_items(db, [line.item.id for opening in openings for line in opening.body.line_items])
    known = await markets(db)
    carts = [_cart(opening, known, items, now) for opening in openings]
    prices = await read_prices(db, [cart for cart in carts if isinstance(cart, Cart)], now=now, known=known)
    wished = [
        _priced(cart, opening, items, prices, now) if isinstance(cart, Cart) else cart
        for cart, opening in zip(carts, openings, strict=True)
    ]
    new = [
        _new(seen.cart, opening) for seen, opening in zip(wished, openings, strict=True) if isinstance(seen, PricedCart)
    ]
    made = iter(await create_carts(db, new, now=now) if new else ())
    answers = [next(made) if isinstance(seen, PricedCart) else seen for seen in wished]
    fresh = {seen.cart.id: seen for seen in wished if isinstance(seen, PricedCart)}
    repeated = [answer for answer in answers if isinstance(answer, UUID) and answer not in fresh]
    before = await _shown_again(db, repeated, now=now) if repeated else {}
    return [(fresh | before)[answer] if isinstance(answer, UUID) else answer for answer in answers]


def _cart(
    opening: Opening, known: Sequence[Market], items: Mapping[str, UUID], now: datetime
) -> Cart | ItemUnavailable:
    lines = wanted_lines(opening.body, items)
    if isinstance(lines, ItemUnavailable):
        return lines
    cart = Cart(
        id=uuid7(),
        customer_id=None,
        market=market_for(known, opening.details, opening.body.context, opening.language).code,
        language=opening.language,
        channel=CHANNEL,
        agent=opening.platform.profile,
        created_at=now,
        updated_at=now,
        lines=cart_lines(lines),
    )
    return with_details(cart, opening.details)


def _priced(
    cart: Cart, opening: Opening, items: Mapping[str, UUID], prices: Prices, now: datetime
) -> PricedCart | ItemUnavailable:
    """What the platform will be shown, with the cheapest delivery where it has chosen none."""
    refused = _not_sold(opening.body, items, cart.market, prices.goods)
    if refused is not None:
        return refused
    seen = prices.of(cart, now=now, choose=_cheapest)
    return msgspec.structs.replace(seen, cart=msgspec.structs.replace(seen.cart, shown_total=seen.total))


def _new(cart: Cart, opening: Opening) -> NewCart:
    return NewCart(
        cart=cart,
        actor=opening.platform.actor,
        key=f"{opening.platform.profile} {opening.key}" if opening.key else None,
        request_hash=hashlib.sha256(msgspec.json.encode(opening.body)).digest(),
    )


async def _shown_again(db: Connection, cart_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, PricedCart]:
    """Sessions that a repeated request made before, as they are now."""
    seen = await price_carts(db, cart_ids, now=now)
    await note_shown(db, {cart_id: cart.total for cart_id, cart in seen.items() if cart.cart.state == "open"})
    return seen


def wanted_lines(body: CheckoutIn, items: Mapping[str, UUID]) -> list[tuple[UUID, int]] | ItemUnavailable:
    """(variant, pieces) of each line, the same variant summed; or what is unknown."""
    lines: dict[UUID, int] = {}
    for index, line in enumerate(body.line_items):
        variant_id = items.get(line.item.id)
        if variant_id is None:
            return ItemUnavailable(field=f"line_items[{index}]", item=line.item.id)
        lines[variant_id] = min(lines.get(variant_id, 0) + line.quantity, MAX_QUANTITY)
    return list(lines.items())


def _not_sold(
    body: CheckoutIn, items: Mapping[str, UUID], market: str, sold: Mapping[tuple[str, UUID], object]
) -> ItemUnavailable | None:
    """The first of the wanted things that the market does not sell."""
    for index, line in enumerate(body.line_items):
        if (market, items[line.item.id]) not in sold:
            return ItemUnavailable(field=f"line_items[{index}]", item=line.item.id)
    return None


def market_for(
    known: Sequence[Market],
    details: CartDetails,
    context: ContextIn | None,
    language: str,
    *,
    current: str | None = None,
) -> Market:
    """The market that serves the destination, else the current one, else what fits the hints, else the first."""
    address = details.address if isinstance(details.address, Address) else None
    country = (address.country if address else context.address_country if context else None) or ""
    currency = (context.currency if context else None) or ""

    def fit(market: Market) -> tuple[bool, ...]:
        return (
            market.home_country == country,
            country in market.countries,
            market.code == current,
            market.currency == currency,
            market.language == language,
        )

    return max(known, key=fit)


async def replace_session(
    db: Connection, cart_id: UUID, body: CheckoutIn, details: CartDetails, *, platform: Platform, now: datetime
) -> PricedCart:
    """Let the session hold what `body` says; parts that it leaves out stay.

    Raises SessionNotFound (also for another platform's session), CartClosed, CartInPayment, ItemUnavailable.
    Emits cart.changed.
    """
    try:
        cart = await get_cart(db, cart_id)
    except NotFound:
        raise SessionNotFound from None
    if cart.agent != platform.profile:
        raise SessionNotFound
    market = cart.market
    if isinstance(details.address, Address):
        known = await markets(db)
        market = market_for(known, details, body.context, cart.language, current=cart.market).code
    lines = await _lines(db, body, market, now=now)
    if [(line.variant_id, line.quantity) for line in cart.lines] != lines:
        await replace_lines(db, cart_id, lines, actor=platform.actor, now=now)
    changed = _completed(details, cart, market, spoken_in(body.context))
    await set_details(db, cart_id, changed, actor=platform.actor, now=now)
    seen = await price_cart(db, cart_id, now=now)
    if seen.shipping is None and details.shipping_method is msgspec.UNSET and seen.cart.address:
        seen = await _with_default_option(db, seen, platform=platform, now=now)
    await note_shown(db, {cart_id: seen.total})
    return seen


async def _lines(db: Connection, body: CheckoutIn, market: str, *, now: datetime) -> list[tuple[UUID, int]]:
    """Raises ItemUnavailable."""
    items = await resolve_items(db, [line.item.id for line in body.line_items])
    lines = wanted_lines(body, items)
    if isinstance(lines, ItemUnavailable):
        raise lines
    sold = await sellable(db, [(market, variant_id) for variant_id, _ in lines], now=now)
    refused = _not_sold(body, items, market, sold)
    if refused is not None:
        raise refused
    return lines


def _completed(details: CartDetails, cart: Cart, market: str, language: str | None) -> CartDetails:
    """The details with what follows from the rest: who receives the goods, the market, the language."""
    details = msgspec.structs.replace(details, market=market)
    if language is not None:
        details = msgspec.structs.replace(details, language=language)
    name = cart.name if details.name is msgspec.UNSET else details.name
    if isinstance(details.address, Address) and not details.address.name and name:
        details = msgspec.structs.replace(details, address=msgspec.structs.replace(details.address, name=name))
    return details


async def _with_default_option(db: Connection, seen: PricedCart, *, platform: Platform, now: datetime) -> PricedCart:
    """With the cheapest delivery; the platform may choose another."""
    if not seen.shipping_options:
        return seen
    cheapest = CartDetails(shipping_method=_cheapest(seen.shipping_options))
    await set_details(db, seen.cart.id, cheapest, actor=platform.actor, now=now)
    return await price_cart(db, seen.cart.id, now=now)


def _cheapest(options: Sequence[ShippingOption]) -> str:
    return min(options, key=lambda option: (option.fee, option.promised_on)).code


def details_of(buyer: BuyerIn | None, fulfillment: FulfillmentIn | None) -> CartDetails:
    """What the body says about the buyer and the delivery.

    Raises InvalidValue naming the member, and MethodUnavailable for goods to be picked up.
    """
    given: dict[str, object] = {}
    if buyer is not None:
        given["email"] = buyer.email
        given["phone"] = buyer.phone_number
        given["name"] = " ".join(part for part in (buyer.first_name, buyer.last_name) if part) or None
    if fulfillment is not None and fulfillment.methods:
        given |= _delivery(fulfillment.methods[0], str(given.get("name") or ""), given.get("phone"))
    return check_details(CartDetails(**given))  # type: ignore[arg-type]


def _delivery(method: MethodIn, buyer: str, phone: object) -> dict[str, object]:
    if method.type != "shipping":
        raise MethodUnavailable(field="fulfillment.methods[0].type")
    given: dict[str, object] = {}
    destination = _selected(method.destinations, method.selected_destination_id)
    if destination is not None:
        given["address"] = _address(destination, buyer)
        if destination.phone_number and not phone:
            given["phone"] = destination.phone_number
    option = method.groups[0].selected_option_id if method.groups else None
    if option is not None:
        given["shipping_method"] = option
    return given


def _selected(destinations: Sequence[DestinationIn], wanted: str | None) -> DestinationIn | None:
    named = next((place for place in destinations if wanted is not None and place.id == wanted), None)
    return named or next(iter(destinations), None)


def _address(place: DestinationIn, buyer: str) -> Address:
    name = " ".join(part for part in (place.first_name, place.last_name) if part)
    street = " ".join(part for part in (place.street_address, place.extended_address) if part)
    return Address(
        name=name or buyer,
        street=street,
        city=place.address_locality or "",
        postcode=place.postal_code or "",
        country=place.address_country or "",
    )
