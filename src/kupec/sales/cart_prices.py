"""Stored carts with their prices, a batch at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import Market, SellableVariant, markets, sellable
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales.carts import get_carts
from kupec.sales.models import Cart, PricedCart, ShippingOption
from kupec.sales.pricing import price
from kupec.sales.shipping import Tariff, tariff


class Prices(msgspec.Struct, frozen=True):
    """Everything a batch of carts is priced with, read in as few statements as there are tables."""

    markets: dict[str, Market]
    goods: dict[tuple[str, UUID], SellableVariant]
    tariff: Tariff

    def of(
        self, cart: Cart, *, now: datetime, choose: Callable[[Sequence[ShippingOption]], str] | None = None
    ) -> PricedCart:
        """The cart as its buyer should see it. `choose` takes a delivery where an address is known and none of what is
        offered there is chosen.
        """
        market = self.markets[cart.market]
        goods = {
            line.variant_id: self.goods[key]
            for line in cart.lines
            if (key := (cart.market, line.variant_id)) in self.goods
        }
        subtotal = sum(
            goods[line.variant_id].unit_amount * line.quantity for line in cart.lines if line.variant_id in goods
        )
        country = cart.address.country if cart.address else None
        options = self.tariff.options(market, country=country, language=cart.language, subtotal=subtotal, now=now)
        offered = any(option.code == cart.shipping_method for option in options)
        if choose is not None and cart.address is not None and options and not offered:
            cart = msgspec.structs.replace(cart, shipping_method=choose(options))
        return price(cart, market, goods, options)


async def read_prices(
    db: Connection, carts: Sequence[Cart], *, now: datetime, known: Sequence[Market] | None = None
) -> Prices:
    """What these carts are priced with; what they hold for themselves counts as available to them.

    `known` are the markets, if they have just been read.
    """
    pairs = sorted({(cart.market, line.variant_id) for cart in carts for line in cart.lines})
    goods = await sellable(db, pairs, now=now, holders=[cart.id for cart in carts])
    all_markets = await markets(db) if known is None else known
    return Prices({market.code: market for market in all_markets}, goods, await tariff(db))


async def price_carts(db: Connection, cart_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, PricedCart]:
    """The carts among `cart_ids` that exist, as their buyers should see them now."""
    carts = await get_carts(db, cart_ids)
    prices = await read_prices(db, list(carts.values()), now=now)
    return {cart_id: prices.of(cart, now=now) for cart_id, cart in carts.items()}


async def price_cart(db: Connection, cart_id: UUID, *, now: datetime) -> PricedCart:
    """One cart as its buyer should see it now. Raises NotFound."""
    found = await price_carts(db, [cart_id], now=now)
    if cart_id not in found:
        raise NotFound(what="cart")
    return found[cart_id]


async def note_shown(db: Connection, totals: Mapping[UUID, int]) -> None:
    """Remember what each cart's buyer was last shown as the total: what the drift guard compares with."""
    await db.execute(
        """
        update cart set shown_total = shown.total
          from unnest($1::uuid[], $2::bigint[]) as shown (cart_id, total)
         where cart.id = shown.cart_id and cart.shown_total is distinct from shown.total
        """,
        list(totals),
        list(totals.values()),
    )
