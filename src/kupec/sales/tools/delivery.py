"""The tool that says what delivery costs: for this cart, to this address, at this moment."""

from dataclasses import dataclass

import msgspec

from kupec.catalogue import Market
from kupec.customers import asker_of
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.kit.spoken import country_said, day_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.cart_prices import read_prices
from kupec.sales.models import Address, Cart, PricedCart, ShippingOption
from kupec.sales.tools.cart import fee_said, free_gap
from kupec.sales.tools.in_hand import cart_in_hand, cheapest, market_of
from kupec.sales.tools.shapes_cart import ShippingOptions, ShownDeliveries, ShownDelivery


async def _shipping_options(context: ToolContext, arguments: ShippingOptions) -> ShownDeliveries:
    db = context.db
    market = await market_of(db, context)
    cart = await cart_in_hand(db, context, await asker_of(db, context))
    there = _sent_to(cart or _no_cart(context, market), arguments, market, context)
    country = there.address.country if there.address else market.home_country
    if country not in market.countries:
        raise InvalidValue(field="address.country", expected=", ".join(market.countries))
    return await deliveries(db, context, there, country)


async def deliveries(db: Connection, context: ToolContext, cart: Cart, country: str) -> ShownDeliveries:
    """What this cart may be delivered by, priced with each way's fee where it is the chosen one."""
    prices = await read_prices(db, [cart], now=context.now)
    seen = prices.of(cart, now=context.now)
    options = seen.shipping_options
    chosen = seen.shipping or (cheapest(options) if options else None)
    if chosen is not None and seen.shipping is None:
        seen = prices.of(msgspec.structs.replace(cart, shipping_method=chosen.code), now=context.now)
    said = _Said(context, seen.currency)
    shown = [_shown(said, option, chosen=chosen is not None and option.code == chosen.code) for option in options]
    lowest = cheapest(options) if options else None
    fastest = min(options, key=lambda option: (option.promised_on, option.fee)) if options else None
    free_from = min((option.free_from for option in options if option.free_from is not None), default=0)
    gap = free_gap(seen) if cart.lines else 0
    empty = not cart.lines
    return ShownDeliveries(
        country=country,
        country_text=country_said(country, context.language),
        cart_empty=empty,
        options=shown,
        options_text="\n".join(f"- {one.title}: {one.fee_text}, {one.day_text}" for one in shown),
        cheapest_code=lowest.code if lowest else "",
        cheapest_name=lowest.name if lowest else "",
        cheapest_fee=lowest.fee if lowest else 0,
        cheapest_text=said.fee(lowest.fee) if lowest else "",
        cheapest_day_text=said.day(lowest) if lowest else "",
        fastest_code=fastest.code if fastest else "",
        fastest_name=fastest.name if fastest else "",
        fastest_text=said.fee(fastest.fee) if fastest else "",
        fastest_day_text=said.day(fastest) if fastest else "",
        is_free=lowest is not None and lowest.fee == 0,
        free_from=free_from,
        free_from_text=said.money(free_from) if free_from else "",
        free_missing=gap,
        free_missing_text=said.money(gap) if gap else "",
        cart_total=0 if empty else seen.total,
        cart_total_text=said.money(0 if empty else seen.total),
        currency=seen.currency,
        text=_sentence(said, seen, lowest, gap, empty=empty),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """Amounts and days in the asker's words."""

    context: ToolContext
    currency: str

    def money(self, amount: int) -> str:
        return money_said(amount, self.currency, self.context.language)

    def fee(self, amount: int) -> str:
        return fee_said(amount, self.currency, self.context.language)

    def day(self, option: ShippingOption) -> str:
        return day_said(option.promised_on, self.context.language, today=self.context.today)


def _shown(said: _Said, option: ShippingOption, *, chosen: bool) -> ShownDelivery:
    return ShownDelivery(
        title=option.name,
        lines=[said.day(option)],
        price_text=said.fee(option.fee),
        value=option.code,
        code=option.code,
        kind=option.kind,
        fee=option.fee,
        fee_text=said.fee(option.fee),
        free=option.fee == 0,
        chosen=chosen,
        day=option.promised_on.isoformat(),
        day_text=said.day(option),
    )


def _sentence(said: _Said, seen: PricedCart, lowest: ShippingOption | None, gap: int, *, empty: bool) -> str:
    language = said.context.language
    if lowest is None:
        return translate(language, _("We cannot deliver this there. A person will gladly look for a way with you."))
    if lowest.fee == 0:
        first = words(language, _("Delivery is free: {name}, {day}."), name=lowest.name, day=said.day(lowest))
    else:
        message = (
            _("Delivery costs from {fee}: {name}, {day}.")
            if empty or len(seen.shipping_options) > 1
            else _("Delivery costs {fee}: {name}, {day}.")
        )
        first = words(language, message, fee=said.fee(lowest.fee), name=lowest.name, day=said.day(lowest))
    if gap:
        return f"{first} " + words(language, _("With {amount} more in goods it is free."), amount=said.money(gap))
    return first


def _sent_to(cart: Cart, arguments: ShippingOptions, market: Market, context: ToolContext) -> Cart:
    """The cart as it would go to the address that was asked about; nothing of it is written."""
    known = cart.address
    country = (arguments.country or (known.country if known else "") or market.home_country).upper()
    postcode = arguments.postcode or (known.postcode if known and country == known.country else "")
    address = Address(name="", street="", city="", postcode=postcode, country=country)
    return msgspec.structs.replace(cart, address=address, language=context.language)


def _no_cart(context: ToolContext, market: Market) -> Cart:
    """What an empty cart of this market would be: for the fees of a small parcel."""
    return Cart(
        id=uuid7(),
        customer_id=None,
        market=market.code,
        language=context.language,
        channel=context.channel,
        agent=None,
        created_at=context.now,
        updated_at=context.now,
        lines=[],
    )


DELIVERY_TOOLS = (
    Tool(
        name="shipping_options",
        description="What delivery costs and when it comes, for this cart and address, and what is missing until it is "
        "free.",
        arguments=ShippingOptions,
        result=ShownDeliveries,
        run=_shipping_options,
    ),
)
