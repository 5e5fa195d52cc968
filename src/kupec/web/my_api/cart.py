"""The account's cart, for apps that hold none, and what has it come regularly; operations of the customer API."""

from typing import Annotated
from uuid import UUID

import msgspec

from kupec.catalogue import Market, markets, variants_by_sku
from kupec.kit.errors import NotFound
from kupec.kit.recurrence import Recurrence
from kupec.sales import (
    Address,
    CartDetails,
    ShippingOption,
    StandingOrder,
    StandingTerms,
    cancel_cart,
    get_cart,
    price_cart,
    set_details,
    set_quantity,
    standing_from_cart,
)
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import Call
from kupec.web.portal.carts import cart_of_account


class PiecesIn(msgspec.Struct, frozen=True, kw_only=True):
    sku: b.Text
    quantity: b.Pieces


class CartIn(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of what is named, 0 takes it out; what is not named stays as it is."""

    lines: Annotated[list[PiecesIn], msgspec.Meta(max_length=200)] = []
    shipping_method: b.Text | None = None


class CartLineOut(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    name: str
    variant_id: UUID
    quantity: int
    total: int


class CartOut(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the cart, what it costs with delivery, and how it may be delivered."""

    lines: list[CartLineOut]
    currency: str
    total: int
    address: Address | None
    shipping_method: str | None
    shipping_options: list[ShippingOption]


class BeginIn(msgspec.Struct, frozen=True, kw_only=True):
    """`card_id` null: on account. `shipping_method` is one of the cart's."""

    recurrence: Recurrence
    shipping_method: b.Text
    card_id: UUID | None = None


async def market_of(call: Call) -> Market:
    """Where the customer's language is spoken, else the shop's first."""
    known = await markets(call.db)
    return next((one for one in known if one.language == call.me.party.language), known[0])


async def fill(call: Call) -> CartOut:
    cart = await cart_of_account(call.db, call.me, await market_of(call), now=call.now)
    wanted: CartIn = call.body
    known = await variants_by_sku(call.db, [line.sku for line in wanted.lines])
    for line in wanted.lines:
        if line.sku not in known:
            raise NotFound(what="product")
        await set_quantity(call.db, cart.id, known[line.sku], line.quantity, actor=call.me.actor, now=call.now)
    if wanted.shipping_method is not None:
        details = CartDetails(shipping_method=wanted.shipping_method)
        await set_details(call.db, cart.id, details, actor=call.me.actor, now=call.now)
    return await _out(call, cart.id)


async def _out(call: Call, cart_id: UUID) -> CartOut:
    cart, seen = await get_cart(call.db, cart_id), await price_cart(call.db, cart_id, now=call.now)
    return CartOut(
        lines=[
            CartLineOut(
                sku=line.sku, name=line.name, variant_id=line.variant_id, quantity=line.quantity, total=line.total
            )
            for line in seen.lines
        ],
        currency=seen.currency,
        total=seen.total,
        address=cart.address,
        shipping_method=cart.shipping_method,
        shipping_options=seen.shipping_options,
    )


async def begin_standing(call: Call) -> StandingOrder:
    """The cart is empty afterwards, so that nothing of it is ordered besides."""
    wanted: BeginIn = call.body
    cart = await cart_of_account(call.db, call.me, await market_of(call), now=call.now)
    details = CartDetails(shipping_method=wanted.shipping_method)
    await set_details(call.db, cart.id, details, actor=call.me.actor, now=call.now)
    made = await standing_from_cart(
        call.db,
        cart.id,
        StandingTerms(
            recurrence=wanted.recurrence, payment="card" if wanted.card_id else "account", card_id=wanted.card_id
        ),
        customer_id=call.me.account.id,
        ordered_by=None if call.me.for_oneself else call.me.party.id,
        key=call.request.headers["idempotency-key"],
        actor=call.me.actor,
        now=call.now,
    )
    await cancel_cart(call.db, cart.id, actor=call.me.actor, now=call.now)
    return made
