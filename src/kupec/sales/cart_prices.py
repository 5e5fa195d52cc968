"""Stored carts with their prices, a batch at a time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing import PAYMENT, credit_standing
from kupec.catalogue import TAX, Market, SellableVariant, markets, sellable
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.sales.account_claims import account_claims
from kupec.sales.carts import get_carts
from kupec.sales.models import Cart, PricedCart, ShippingOption
from kupec.sales.pricing import NO_CLAIMS, Claims, Terms, price
from kupec.sales.promotions.coupons import shopper_standings
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.engine import gift_variants
from kupec.sales.promotions.models import Promotions, Shopper, ShopperStanding
from kupec.sales.shipping import SHIPPING, tariff_of


class Prices(msgspec.Struct, frozen=True):
    """Everything a batch of carts is priced with, read in as few statements as there are tables."""

    markets: dict[str, Market]
    goods: dict[tuple[str, UUID], SellableVariant]
    terms: Terms
    claims: dict[UUID, Claims] = {}
    gifts: Collection[UUID] = ()

    def of(
        self, cart: Cart, *, now: datetime, choose: Callable[[Sequence[ShippingOption]], str] | None = None
    ) -> PricedCart:
        """The cart as its buyer should see it. `choose` takes a delivery where an address is known and none of what is
        offered there is chosen.
        """
        variants = {line.variant_id for line in cart.lines}.union(self.gifts)
        goods = {
            variant_id: self.goods[cart.market, variant_id]
            for variant_id in variants
            if (cart.market, variant_id) in self.goods
        }
        return price(
            cart,
            self.markets[cart.market],
            goods,
            self.terms,
            now=now,
            claims=self.claims.get(cart.id, NO_CLAIMS),
            choose=choose,
        )


async def read_prices(
    db: Connection, carts: Sequence[Cart], *, now: datetime, known: Sequence[Market] | None = None
) -> Prices:
    """What these carts are priced with; what they hold for themselves counts as available to them.

    `known` are the markets, if they have just been read.
    """
    terms = await current_terms(db)
    gifts = gift_variants(terms.promotions)
    pairs = {(cart.market, line.variant_id) for cart in carts for line in cart.lines}
    pairs |= {(cart.market, variant_id) for cart in carts for variant_id in gifts}
    goods = await sellable(db, sorted(pairs), now=now, holders=[cart.id for cart in carts])
    by_code = {market.code: market for market in (await markets(db) if known is None else known)}
    claims = await _claims(db, carts, terms, by_code)
    return Prices(by_code, goods, terms, claims, gifts)


async def current_terms(db: Connection) -> Terms:
    """The published documents that price every sale."""
    found = await published(db, TAX, SHIPPING, PROMOTIONS, PAYMENT)
    return Terms(
        tax=found[TAX], tariff=tariff_of(found[SHIPPING]), promotions=found[PROMOTIONS], methods=found[PAYMENT]
    )


async def _claims(
    db: Connection, carts: Sequence[Cart], terms: Terms, markets: Mapping[str, Market]
) -> dict[UUID, Claims]:
    """What each buyer brings; carts of those who bring nothing are missing, and cost no statement."""
    standings = await _standings(db, carts, terms.promotions)
    codes = sorted({cart.credit_code for cart in carts if cart.credit_code})
    balances = await credit_standing(db, codes) if codes else {}
    on_account = any(method.kind == "account" for method in terms.methods.methods)
    accounts = await account_claims(db, carts) if on_account else {}
    claims = {}
    for cart in carts:
        currency = markets[cart.market].currency
        credit = balances.get(cart.credit_code or "")
        held = accounts.get((cart.id, currency))
        claim = Claims(
            standing=standings.get(cart.id, _NO_STANDING),
            credit=credit.balance if credit is not None and credit.currency == currency else 0,
            account=held is not None and not held.stopped,
            account_stopped=held is not None and held.stopped,
            approval_over=held.approval_over if held else None,
        )
        if claim != NO_CLAIMS:
            claims[cart.id] = claim
    return claims


_NO_STANDING = ShopperStanding()


async def _standings(db: Connection, carts: Sequence[Cart], promotions: Promotions) -> dict[UUID, ShopperStanding]:
    if not promotions.promotions and not any(cart.coupons for cart in carts):
        return {}
    shoppers = [
        Shopper(key=cart.id, coupons=cart.coupons, email=cart.email, customer_id=cart.customer_id) for cart in carts
    ]
    return await shopper_standings(db, shoppers, promotions)


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
