"""Checkout sessions: carts that a platform fills. Made and changed a batch at a time, on the verbs of sales."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from kupec.catalogue import Market, markets, resolve_items
from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.machines.mandates import carts_in_hand
from kupec.machines.ucp.agent import Platform, spoken_in
from kupec.machines.ucp.consents import save_consents, told_consent
from kupec.machines.ucp.destinations import KEPT, destinations_called, save_destinations
from kupec.machines.ucp.details import completed, keeping
from kupec.machines.ucp.errors import BasketNotFound, ItemUnavailable, SessionNotFound, SoldOut
from kupec.machines.ucp.keyed import Keyed, claim, let_go
from kupec.machines.ucp.requests import CartIn, CheckoutIn, ContextIn
from kupec.sales import (
    MAX_QUANTITY,
    Address,
    Cart,
    CartChange,
    CartClosed,
    CartDetails,
    CartInPayment,
    CartLine,
    NewCart,
    PricedCart,
    Prices,
    ShippingOption,
    cart_lines,
    create_carts,
    lock_carts,
    note_shown,
    price_carts,
    read_prices,
    save_carts,
    told_coupons,
    with_details,
    withdraw_drafts,
)

CHANNEL = "ucp"
Kind = Literal["checkout", "cart"]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A session, or a cart before one, about to be made; `source` is the cart that a session is made of."""

    platform: Platform
    language: str
    body: CheckoutIn | CartIn
    key: str | None
    details: CartDetails
    kind: Kind = "checkout"
    source: Cart | None = None
    told: object = None
    """All that the request says."""
    destination: str = KEPT


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A session or a cart about to be replaced."""

    cart_id: UUID
    platform: Platform
    body: CheckoutIn | CartIn
    details: CartDetails
    kind: Kind = "checkout"
    chosen: bool = False
    """The platform has chosen a delivery."""
    destination: str = KEPT
    """What it calls the destination."""
    names_only: bool = False
    """The destination is named, and not told again: it stays, if it is the one that the session holds."""
    keyed: Keyed | None = None


class Sessions:
    """The edge of the buying API: concurrent platforms share its batches. Made once a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._create: Batcher[Opening, PricedCart] = Batcher(database, partial(_create_now, clock=clock))
        self._change: Batcher[Change, PricedCart | None] = Batcher(database, partial(_change_now, clock=clock))

    async def create(self, opening: Opening) -> PricedCart:
        """Raises ItemUnavailable, IdempotencyMismatch."""
        return await self._create(opening)

    async def change(self, change: Change) -> PricedCart | None:
        """None for a request that was done before. Raises what `change_sessions` gives as values."""
        return await self._change(change)


async def _create_now(db: Connection, openings: Sequence[Opening], *, clock: Clock) -> list[PricedCart | KupecError]:
    return await open_sessions(db, openings, now=clock.now())


async def _change_now(
    db: Connection, changes: Sequence[Change], *, clock: Clock
) -> list[PricedCart | KupecError | None]:
    return await change_sessions(db, changes, now=clock.now())


async def open_sessions(db: Connection, openings: Sequence[Opening], *, now: datetime) -> list[PricedCart | KupecError]:
    """Make a cart for each opening, in the market its destination or context belongs to; returns them priced.

    What is sold out is left out. ItemUnavailable (field "line_items[i]") where something is not sold there, SoldOut
    where nothing is left; IdempotencyMismatch. Emits cart.created.
    """
    items = await resolve_items(db, [line.item.id for opening in openings for line in opening.body.line_items])
    known = await markets(db)
    carts = [_cart(opening, known, items, now) for opening in openings]
    prices = await read_prices(db, [cart for cart in carts if isinstance(cart, Cart)], now=now, known=known)
    wished = [
        _priced(cart, opening, prices, now) if isinstance(cart, Cart) else cart
        for cart, opening in zip(carts, openings, strict=True)
    ]
    new = [
        _new(seen.cart, opening) for seen, opening in zip(wished, openings, strict=True) if isinstance(seen, PricedCart)
    ]
    made = iter(await create_carts(db, new, now=now) if new else ())
    answers = [next(made) if isinstance(seen, PricedCart) else seen for seen in wished]
    fresh = {seen.cart.id: seen for seen in wished if isinstance(seen, PricedCart)}
    await _note(
        db,
        {
            answer: opening
            for answer, opening in zip(answers, openings, strict=True)
            if isinstance(answer, UUID) and answer in fresh
        },
        now,
    )
    repeated = [answer for answer in answers if isinstance(answer, UUID) and answer not in fresh]
    before = await _shown_again(db, repeated, now=now) if repeated else {}
    return [(fresh | before)[answer] if isinstance(answer, UUID) else answer for answer in answers]


def _cart(
    opening: Opening, known: Sequence[Market], items: Mapping[str, UUID], now: datetime
) -> Cart | ItemUnavailable:
    source, body = opening.source, opening.body
    lines = wanted_lines(body, items) if source is None else [(line.variant_id, line.quantity) for line in source.lines]
    if isinstance(lines, ItemUnavailable):
        return lines
    current = source.market if source else None
    cart = Cart(
        id=uuid7(),
        customer_id=None,
        market=market_for(known, opening.details, body.context, opening.language, current=current).code,
        language=source.language if source else opening.language,
        channel=CHANNEL,
        agent=agent_of(opening.platform, opening.kind),
        email=source.email if source else None,
        name=source.name if source else None,
        phone=source.phone if source else None,
        coupons=source.coupons if source else _coupons(opening.platform, body),
        created_at=now,
        updated_at=now,
        lines=cart_lines(lines),
    )
    return with_details(cart, completed(opening.details, cart, cart.market, None))


def _priced(cart: Cart, opening: Opening, prices: Prices, now: datetime) -> PricedCart | KupecError:
    refused = _not_sold(cart, opening.body, prices)
    if refused is not None:
        return refused
    there = [line for line in cart.lines if _is_there(prices, cart, line)]
    if not there:
        first = prices.goods[cart.market, cart.lines[0].variant_id]
        return SoldOut(field="line_items[0]", item=first.name)
    chosen = opening.details.shipping_method is not msgspec.UNSET
    return _shown(prices, msgspec.structs.replace(cart, lines=there), now, chosen=chosen)


def _is_there(prices: Prices, cart: Cart, line: CartLine) -> bool:
    goods = prices.goods[cart.market, line.variant_id]
    return not goods.stocked or goods.available > 0


def _new(cart: Cart, opening: Opening) -> NewCart:
    told = opening.source.id if opening.source else opening.told
    return NewCart(
        cart=cart,
        actor=opening.platform.actor,
        key=f"{cart.agent} {opening.key}" if opening.key else None,
        request_hash=hashlib.sha256(msgspec.json.encode(told, order="deterministic")).digest(),
    )


async def _note(db: Connection, made: Mapping[UUID, Opening], now: datetime) -> None:
    """What sales does not know of: which are carts only, what they became, what their buyers agree to."""
    baskets = [cart_id for cart_id, opening in made.items() if opening.kind == "cart"]
    if baskets:
        await db.execute("insert into ucp_cart (cart_id, created_at) select unnest($1::uuid[]), $2", baskets, now)
    for cart_id, opening in made.items():
        if opening.source is not None:
            await db.execute("update ucp_cart set checkout_id = $2 where cart_id = $1", opening.source.id, cart_id)
    told = {cart_id: words for cart_id, opening in made.items() if (words := told_consent(opening.body.buyer))}
    if told:
        await save_consents(db, told, now=now)
    places = {cart_id: opening.destination for cart_id, opening in made.items() if opening.destination != KEPT}
    if places:
        await save_destinations(db, places)


async def _shown_again(db: Connection, cart_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, PricedCart]:
    """Sessions that a repeated request made before, as they are now."""
    seen = await price_carts(db, cart_ids, now=now)
    await note_shown(db, {cart_id: cart.total for cart_id, cart in seen.items() if cart.cart.state == "open"})
    return seen


def agent_of(platform: Platform, kind: Kind) -> str:
    """Whose a cart of sales is: what has not come to checkout cannot be found, or paid, as a session."""
    return platform.profile if kind == "checkout" else f"cart {platform.profile}"


def _coupons(platform: Platform, body: CheckoutIn | CartIn) -> list[str]:
    if body.discounts is None or not platform.speaks("discount"):
        return []
    return told_coupons(body.discounts.codes)


def wanted_lines(body: CheckoutIn | CartIn, items: Mapping[str, UUID]) -> list[tuple[UUID, int]] | ItemUnavailable:
    """(variant, pieces) of each line, the same variant summed; or what is unknown."""
    lines: dict[UUID, int] = {}
    for index, line in enumerate(body.line_items):
        variant_id = items.get(line.item.id)
        if variant_id is None:
            return ItemUnavailable(field=f"line_items[{index}]", item=line.item.id)
        lines[variant_id] = min(lines.get(variant_id, 0) + line.quantity, MAX_QUANTITY)
    return list(lines.items())


def _not_sold(cart: Cart, body: CheckoutIn | CartIn, prices: Prices) -> ItemUnavailable | None:
    """The first of the wanted things that the market does not sell."""
    names = [line.item.id for line in body.line_items]
    for index, line in enumerate(cart.lines):
        if (cart.market, line.variant_id) not in prices.goods:
            item = names[index] if len(names) == len(cart.lines) else str(line.variant_id)
            return ItemUnavailable(field=f"line_items[{index}]", item=item)
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


async def change_sessions(
    db: Connection, changes: Sequence[Change], *, now: datetime
) -> list[PricedCart | KupecError | None]:
    """Let each session, or cart, hold what its body says and nothing else. Returns them priced.

    None where the request has been done before. Errors, as values: SessionNotFound and BasketNotFound (also for
    another platform's), CartClosed, CartInPayment, ItemUnavailable, IdempotencyMismatch. Emits cart.changed.
    """
    first = {change.cart_id: index for index, change in reversed(list(enumerate(changes)))}
    if len(first) < len(changes):
        return await _one_after_another(db, changes, set(first.values()), now)
    carts = await lock_carts(db, list(first))
    held = await carts_in_hand(db, list(carts))
    named = [change.cart_id for change in changes if change.names_only]
    called = await destinations_called(db, named) if named else {}
    claimed = await claim(db, [change.keyed for change in changes], now=now)
    items = await resolve_items(db, [line.item.id for change in changes for line in change.body.line_items])
    known = await markets(db)
    wished = [
        _changed(_with_its_place(change, called), carts, held, items, known) if fresh is True else fresh or None
        for change, fresh in zip(changes, claimed, strict=True)
    ]
    prices = await read_prices(db, [cart for cart in wished if isinstance(cart, Cart)], now=now, known=known)
    seen = [
        _repriced(change, cart, prices, now) if isinstance(cart, Cart) else cart
        for change, cart in zip(changes, wished, strict=True)
    ]
    free = {cart.cart.id for cart in seen if isinstance(cart, PricedCart)}
    undecided = await withdraw_drafts(db, sorted(free), actor=changes[0].platform.actor, now=now)
    answers = [CartInPayment() if isinstance(cart, PricedCart) and cart.cart.id in undecided else cart for cart in seen]
    done = [(change, answer) for change, answer in zip(changes, answers, strict=True) if isinstance(answer, PricedCart)]
    await save_carts(
        db,
        [
            CartChange(before=carts[change.cart_id], after=answer.cart, actor=change.platform.actor)
            for change, answer in done
        ],
        now=now,
    )
    # What came to nothing may be tried again with the same key.
    in_vain = zip(changes, answers, claimed, strict=True)
    await let_go(db, [one.keyed for one, answer, fresh in in_vain if fresh is True and isinstance(answer, KupecError)])
    if done:
        await save_consents(db, {change.cart_id: told_consent(change.body.buyer) for change, _ in done}, now=now)
        await save_destinations(db, {change.cart_id: change.destination for change, _ in done})
    return answers


async def _one_after_another(
    db: Connection, changes: Sequence[Change], early: set[int], now: datetime
) -> list[PricedCart | KupecError | None]:
    """Where a session is changed more than once in a batch, the later change finds what the earlier one has written."""
    answers: dict[int, PricedCart | KupecError | None] = {}
    for part in (sorted(early), [index for index in range(len(changes)) if index not in early]):
        found = await change_sessions(db, [changes[index] for index in part], now=now)
        answers |= dict(zip(part, found, strict=True))
    return [answers[index] for index in range(len(changes))]


def _with_its_place(change: Change, called: Mapping[UUID, str]) -> Change:
    """Whoever names the destination that the session holds need not tell it again."""
    if change.names_only and change.destination == called.get(change.cart_id, KEPT):
        return msgspec.structs.replace(change, details=keeping(change.details))
    return change


def _changed(
    change: Change,
    carts: dict[UUID, Cart],
    held: set[UUID],
    items: Mapping[str, UUID],
    known: Sequence[Market],
) -> Cart | KupecError:
    """The cart as it should be, before anything is known of prices."""
    cart = carts.get(change.cart_id)
    if cart is None or cart.agent != agent_of(change.platform, change.kind):
        return SessionNotFound() if change.kind == "checkout" else BasketNotFound()
    if cart.state != "open":
        return CartClosed() if change.kind == "checkout" else BasketNotFound()
    if cart.id in held:
        return CartInPayment()
    lines = wanted_lines(change.body, items)
    if isinstance(lines, ItemUnavailable):
        return lines
    market = cart.market
    if isinstance(change.details.address, Address):
        market = market_for(known, change.details, change.body.context, cart.language, current=market).code
    details = completed(change.details, cart, market, spoken_in(change.body.context))
    same = [(line.variant_id, line.quantity) for line in cart.lines] == lines
    return msgspec.structs.replace(
        with_details(cart, details),
        lines=cart.lines if same else cart_lines(lines),
        coupons=_coupons(change.platform, change.body),
    )


def _repriced(change: Change, cart: Cart, prices: Prices, now: datetime) -> PricedCart | ItemUnavailable:
    refused = _not_sold(cart, change.body, prices)
    return refused or _shown(prices, cart, now, chosen=change.chosen)


def _shown(prices: Prices, cart: Cart, now: datetime, *, chosen: bool) -> PricedCart:
    """What the platform will be shown, with the cheapest delivery where it has not itself chosen one."""
    seen = prices.of(cart, now=now, choose=None if chosen else cheapest)
    return msgspec.structs.replace(seen, cart=msgspec.structs.replace(seen.cart, shown_total=seen.total))


def cheapest(options: Sequence[ShippingOption]) -> str:
    return min(options, key=lambda option: (option.fee, option.promised_on)).code
