"""Checkout sessions: carts that a platform fills. Made and changed a batch at a time, on the verbs of sales."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from kupec.catalogue import Market, markets, resolve_items
from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.machines.ucp.agent import Platform, spoken_in
from kupec.machines.ucp.errors import ItemUnavailable, MethodUnavailable, SessionNotFound
from kupec.machines.ucp.requests import BuyerIn, CheckoutIn, ContextIn, DestinationIn, FulfillmentIn, MethodIn
from kupec.sales import (
    MAX_QUANTITY,
    Address,
    Cart,
    CartChange,
    CartClosed,
    CartDetails,
    CartInPayment,
    NewCart,
    PricedCart,
    Prices,
    ShippingOption,
    cart_lines,
    check_details,
    create_carts,
    lock_carts,
    note_shown,
    price_carts,
    read_prices,
    save_carts,
    with_details,
    withdraw_drafts,
)

CHANNEL = "ucp"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A session about to be made."""

    platform: Platform
    language: str
    body: CheckoutIn
    key: str | None
    details: CartDetails


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A session about to be replaced."""

    cart_id: UUID
    platform: Platform
    body: CheckoutIn
    details: CartDetails


class Sessions:
    """The edge of the buying API: concurrent platforms share its batches. Made once a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._create: Batcher[Opening, PricedCart] = Batcher(database, partial(_create_now, clock=clock))
        self._change: Batcher[Change, PricedCart] = Batcher(database, partial(_change_now, clock=clock))

    async def create(self, opening: Opening) -> PricedCart:
        """Raises ItemUnavailable, IdempotencyMismatch."""
        return await self._create(opening)

    async def change(self, change: Change) -> PricedCart:
        """Raises SessionNotFound, CartClosed, CartInPayment, ItemUnavailable."""
        return await self._change(change)


async def _create_now(db: Connection, openings: Sequence[Opening], *, clock: Clock) -> list[PricedCart | KupecError]:
    return await open_sessions(db, openings, now=clock.now())


async def _change_now(db: Connection, changes: Sequence[Change], *, clock: Clock) -> list[PricedCart | KupecError]:
    return await change_sessions(db, changes, now=clock.now())


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
    refused = _not_sold(opening.body, items, cart.market, prices.goods)
    if refused is not None:
        return refused
    return _shown(prices, cart, opening.details, now)


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


async def change_sessions(db: Connection, changes: Sequence[Change], *, now: datetime) -> list[PricedCart | KupecError]:
    """Let each session hold what its body says; parts that it leaves out stay. Returns them priced.

    Errors, as values: SessionNotFound (also for another platform's session), CartClosed, CartInPayment,
    ItemUnavailable. Emits cart.changed.
    """
    first = {change.cart_id: index for index, change in reversed(list(enumerate(changes)))}
    if len(first) < len(changes):
        return await _one_after_another(db, changes, set(first.values()), now)
    carts = await lock_carts(db, list(first))
    items = await resolve_items(db, [line.item.id for change in changes for line in change.body.line_items])
    known = await markets(db)
    wished = [_changed(change, carts, items, known) for change in changes]
    prices = await read_prices(db, [cart for cart in wished if isinstance(cart, Cart)], now=now, known=known)
    seen = [
        _repriced(change, cart, items, prices, now) if isinstance(cart, Cart) else cart
        for change, cart in zip(changes, wished, strict=True)
    ]
    free = {cart.cart.id for cart in seen if isinstance(cart, PricedCart)}
    undecided = await withdraw_drafts(db, sorted(free), actor=changes[0].platform.actor, now=now)
    answers = [CartInPayment() if isinstance(cart, PricedCart) and cart.cart.id in undecided else cart for cart in seen]
    await save_carts(
        db,
        [
            CartChange(before=carts[change.cart_id], after=answer.cart, actor=change.platform.actor)
            for change, answer in zip(changes, answers, strict=True)
            if isinstance(answer, PricedCart)
        ],
        now=now,
    )
    return answers


async def _one_after_another(
    db: Connection, changes: Sequence[Change], early: set[int], now: datetime
) -> list[PricedCart | KupecError]:
    """Where a session is changed more than once in a batch, the later change finds what the earlier one has written."""
    answers: dict[int, PricedCart | KupecError] = {}
    for part in (sorted(early), [index for index in range(len(changes)) if index not in early]):
        found = await change_sessions(db, [changes[index] for index in part], now=now)
        answers |= dict(zip(part, found, strict=True))
    return [answers[index] for index in range(len(changes))]


def _changed(
    change: Change, carts: dict[UUID, Cart], items: Mapping[str, UUID], known: Sequence[Market]
) -> Cart | KupecError:
    """The cart as it should be, before anything is known of prices."""
    cart = carts.get(change.cart_id)
    if cart is None or cart.agent != change.platform.profile:
        return SessionNotFound()
    if cart.state != "open":
        return CartClosed()
    lines = wanted_lines(change.body, items)
    if isinstance(lines, ItemUnavailable):
        return lines
    market = cart.market
    if isinstance(change.details.address, Address):
        market = market_for(known, change.details, change.body.context, cart.language, current=market).code
    details = _completed(change.details, cart, market, spoken_in(change.body.context))
    same = [(line.variant_id, line.quantity) for line in cart.lines] == lines
    return msgspec.structs.replace(with_details(cart, details), lines=cart.lines if same else cart_lines(lines))


def _repriced(
    change: Change, cart: Cart, items: Mapping[str, UUID], prices: Prices, now: datetime
) -> PricedCart | ItemUnavailable:
    refused = _not_sold(change.body, items, cart.market, prices.goods)
    if refused is not None:
        return refused
    return _shown(prices, cart, change.details, now)


def _shown(prices: Prices, cart: Cart, details: CartDetails, now: datetime) -> PricedCart:
    """What the platform will be shown, with the cheapest delivery where it has not itself chosen one."""
    chosen = details.shipping_method is not msgspec.UNSET
    seen = prices.of(cart, now=now, choose=None if chosen else _cheapest)
    return msgspec.structs.replace(seen, cart=msgspec.structs.replace(seen.cart, shown_total=seen.total))


def _completed(details: CartDetails, cart: Cart, market: str, language: str | None) -> CartDetails:
    """The details with what follows from the rest: who receives the goods, the market, the language."""
    details = msgspec.structs.replace(details, market=market)
    if language is not None:
        details = msgspec.structs.replace(details, language=language)
    name = cart.name if details.name is msgspec.UNSET else details.name
    if isinstance(details.address, Address) and not details.address.name and name:
        details = msgspec.structs.replace(details, address=msgspec.structs.replace(details.address, name=name))
    return details


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
