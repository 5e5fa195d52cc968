"""What a machine wants, as a cart of its owner's: priced, and kept where the mandate lets it be bought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from kupec.billing import PAYMENT, allow_account
from kupec.catalogue import SellableVariant, variants_by_sku
from kupec.catalogue import market as get_market
from kupec.customers import get_party, members_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.machines.mandates.models import OWN, Mandate, PurchaseRequest, Wish, WishLine
from kupec.machines.mandates.rows import CHANNEL
from kupec.sales import (
    Cart,
    CartDetails,
    CartLine,
    NewCart,
    PricedCart,
    Prices,
    ShippingOption,
    create_carts,
    give_cart,
    known_details,
    read_prices,
    set_details,
)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A cart of the owner's with its price, and the wish that it is."""

    priced: PricedCart
    wish: Wish


async def price_wanted(
    db: Connection, mandate: Mandate, request: PurchaseRequest, variants: Mapping[str, UUID], *, now: datetime
) -> Seen:
    """The cart that the request would be under this mandate, priced for its owner; it is not kept yet."""
    cart = await _new_cart(db, mandate, request, variants, now)
    # Before it is priced, since the account is part of how it may be paid.
    await allow_account(db, cart.id, mandate.party_id, now=now)
    prices = await read_prices(db, [cart], now=now)
    return _seen(prices, prices.of(cart, now=now, choose=_cheapest))


async def keep_cart(db: Connection, seen: Seen, *, actor: Actor, now: datetime) -> UUID:
    """Write the cart down, as it was priced."""
    [made] = await create_carts(db, [NewCart(cart=seen.priced.cart, actor=actor)], now=now)
    if isinstance(made, KupecError):
        raise made
    return made


async def price_given(db: Connection, mandate: Mandate, cart_id: UUID, *, actor: Actor, now: datetime) -> Seen:
    """A cart that lies there already, as its machine's owner's, to be paid as the mandate says; it is changed at once.

    Raises what `give_cart` and `set_details` do.
    """
    await give_cart(db, cart_id, mandate.party_id, actor=actor, now=now)
    method = await _method(db, mandate)
    cart = await set_details(db, cart_id, CartDetails(payment_method=method), actor=actor, now=now)
    return await price_kept(db, cart, now=now)


async def price_kept(db: Connection, cart: Cart, *, now: datetime) -> Seen:
    """A kept cart at today's price."""
    prices = await read_prices(db, [cart], now=now)
    return _seen(prices, prices.of(cart, now=now))


async def wanted_variants(db: Connection, request: PurchaseRequest) -> dict[str, UUID]:
    return await variants_by_sku(db, sorted({sku for sku, _ in request.lines}))


async def _new_cart(
    db: Connection, mandate: Mandate, request: PurchaseRequest, variants: Mapping[str, UUID], now: datetime
) -> Cart:
    market = await get_market(db, mandate.market)
    members = await members_of(db, mandate.party_id)
    owner = await get_party(db, members[0])
    person = await get_party(db, mandate.granted_by) if mandate.granted_by else owner
    known = await known_details(db, person=person, account=owner, account_ids=members, market=market)
    details = {name: value for name in ("email", "name", "phone", "company") if (value := getattr(known, name))}
    cart_id = uuid7()
    return Cart(
        id=cart_id,
        customer_id=owner.id,
        market=market.code,
        language=mandate.language,
        channel=CHANNEL,
        agent=None,
        address=mandate.address or known.address or None,
        shipping_method=mandate.shipping_method,
        payment_method=await _method(db, mandate),
        price_group=owner.price_group,
        segments=owner.segments,
        created_at=now,
        updated_at=now,
        lines=_lines(cart_id, request, variants),
        **details,
    )


def _lines(cart_id: UUID, request: PurchaseRequest, variants: Mapping[str, UUID]) -> list[CartLine]:
    pieces: dict[str, int] = {}
    for sku, quantity in request.lines:
        pieces[sku] = pieces.get(sku, 0) + quantity
    agreed = request.agreed or {}
    return [
        CartLine(
            id=uuid5(cart_id, str(index)),
            variant_id=variants[sku],
            quantity=quantity,
            fixed_amount=agreed.get(sku),
        )
        for index, (sku, quantity) in enumerate(pieces.items())
    ]


async def _method(db: Connection, mandate: Mandate) -> str:
    """The shop's present way of paying of that kind; one that it does not offer is nobody's, and the cart says so."""
    methods = (await published(db, PAYMENT))[PAYMENT].methods
    found = next((method.code for method in methods if method.active and method.kind == mandate.payment), None)
    return found or mandate.payment


def _cheapest(options: Sequence[ShippingOption]) -> str:
    """What needs nothing more to be chosen, and costs least."""
    return min(options, key=lambda option: (option.kind != "parcel", option.fee, option.promised_on)).code


def _seen(prices: Prices, priced: PricedCart) -> Seen:
    goods: dict[tuple[str, UUID], SellableVariant] = prices.goods
    lines = [
        WishLine(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            total=line.total,
            categories=goods[priced.cart.market, line.variant_id].category_codes,
        )
        for line in priced.lines
        if not line.gift
    ]
    return Seen(priced=priced, wish=Wish(seller=OWN, lines=lines, total=priced.total, currency=priced.currency))
