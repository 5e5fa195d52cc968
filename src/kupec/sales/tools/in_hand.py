"""What the asker has in hand: their cart, for whom they buy, and whether this very step was done before."""

from datetime import timedelta
from uuid import UUID

import msgspec

from kupec.billing import allow_account
from kupec.catalogue import Market
from kupec.catalogue import market as get_market
from kupec.customers import Asker, get_party, members_of, roots
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.tools import ToolContext
from kupec.sales.buyer import CartDetails
from kupec.sales.cart_prices import read_prices
from kupec.sales.carts import create_cart, get_cart, get_carts
from kupec.sales.joining import take_over_cart
from kupec.sales.known_buyer import known_details
from kupec.sales.models import Cart, PricedCart, ShippingOption

_REMEMBERED = timedelta(days=60)
_OWN_CART = """
select cart.id from cart join account_cart proved on proved.cart_id = cart.id
 where cart.state = 'open' and cart.customer_id = any($1::uuid[]) and cart.updated_at > $3
   and (proved.person_id = any($2::uuid[]) or (proved.person_id is null and proved.party_id = any($2::uuid[])))
 order by cart.updated_at desc, cart.id desc limit 1
"""


async def done_before(db: Connection, context: ToolContext, tool: str) -> str | None:
    """What this step of this turn made already; None when it is done now for the first time."""
    fresh = await db.fetchval(
        "insert into tool_call (key, tool, called_at) values ($1, $2, $3) on conflict do nothing returning true",
        *(context.key, tool, context.now),
    )
    if fresh:
        return None
    made: str = await db.fetchval("select made from tool_call where key = $1", context.key)
    return made


async def note_made(db: Connection, context: ToolContext, made: object) -> None:
    """Remember what came of this step."""
    await db.execute("update tool_call set made = $2 where key = $1", context.key, str(made))


async def market_of(db: Connection, context: ToolContext) -> Market:
    """The asker's market, its goods named in their language."""
    found = await get_market(db, context.market)
    return msgspec.structs.replace(found, language=context.language)


async def price_group_of(db: Connection, asker: Asker) -> str | None:
    """Whose prices they see: agreed ones are for a proven customer alone."""
    if asker.root is None:
        return None
    group: str | None = await db.fetchval("select price_group from party where id = $1", asker.root)
    return group


def buyer_of(cart: Cart, asker: Asker) -> Actor:
    """Who changes this cart."""
    if asker.root is not None or asker.is_staff:
        return asker.actor
    return customer(cart.customer_id) if cart.customer_id else guest(cart.id)


async def cart_in_hand(db: Connection, context: ToolContext, asker: Asker) -> Cart | None:
    """The open cart that the conversation holds, else the customer's own latest one."""
    if context.cart_id is not None:
        held = (await get_carts(db, [context.cart_id])).get(context.cart_id)
        if held is not None and held.state == "open":
            return held
    if asker.root is None:
        return None
    own = await db.fetchval(_OWN_CART, await asker.ids(db, "buy"), asker.own, context.now - _REMEMBERED)
    return await get_cart(db, own) if own else None


async def account_of(db: Connection, asker: Asker, cart: Cart | None = None) -> UUID:
    """For whom a proven person buys: as their cart says, else as they did last, else for themself."""
    accounts = asker.accounts("buy")
    if cart is not None and cart.customer_id is not None:
        root = (await roots(db, [cart.customer_id]))[cart.customer_id]
        if root in accounts:
            return root
    if len(accounts) > 1:
        last = await db.fetchval(
            "select customer_id from sales_order where customer_id = any($1::uuid[]) and placed_at is not null "
            "order by placed_at desc, id desc limit 1",
            await asker.ids(db, "buy"),
        )
        if last is not None:
            return (await roots(db, [last]))[last]
    return asker.known()


async def cart_to_change(db: Connection, context: ToolContext, asker: Asker) -> Cart | None:
    """The cart in hand, as the asker's own. A proven customer's cart is theirs: one that began before they were known
    is taken over, under a new id.
    """
    held = await cart_in_hand(db, context, asker)
    if held is None or asker.root is None or asker.is_staff:
        return held
    if held.customer_id is not None and await asker.may(db, held.customer_id, "buy"):
        return held
    account = await account_of(db, asker)
    place = await get_market(db, held.market)
    taken = await take_over_cart(
        db,
        held.id,
        account,
        members=await members_of(db, account),
        email=None,
        person_id=asker.root,
        market=held.market,
        language=held.language,
        details=await _details(db, asker, account, place),
        actor=asker.actor,
        now=context.now,
    )
    return taken or held


async def cart_to_fill(db: Connection, context: ToolContext, asker: Asker) -> Cart:
    """As `cart_to_change`; a new one where there is none."""
    return await cart_to_change(db, context, asker) or await _new_cart(db, context, asker)


async def _new_cart(db: Connection, context: ToolContext, asker: Asker) -> Cart:
    cart_id = uuid7()
    place = await get_market(db, context.market)
    if asker.root is None or asker.is_staff:
        return await create_cart(
            db,
            cart_id=cart_id,
            market=place.code,
            language=context.language,
            channel=context.channel,
            actor=guest(cart_id) if asker.root is None else asker.actor,
            now=context.now,
        )
    account = await account_of(db, asker)
    await allow_account(db, cart_id, account, now=context.now, person_id=asker.root)
    return await create_cart(
        db,
        cart_id=cart_id,
        market=place.code,
        language=context.language,
        channel=context.channel,
        actor=asker.actor,
        now=context.now,
        customer_id=account,
        details=await _details(db, asker, account, place),
    )


async def _details(db: Connection, asker: Asker, account: UUID, place: Market) -> CartDetails:
    person = await get_party(db, asker.known())
    return await known_details(
        db,
        person=person,
        account=person if account == person.id else await get_party(db, account),
        account_ids=await members_of(db, account),
        market=place,
    )


def cheapest(options: list[ShippingOption]) -> ShippingOption:
    """What is taken where nobody has chosen: the cheapest parcel."""
    return min(options, key=lambda option: (option.kind != "parcel", option.fee, option.promised_on))


async def seen_cart(db: Connection, cart: Cart, context: ToolContext) -> PricedCart:
    """The cart with its prices, and the cheapest parcel where no delivery that exists is chosen: no fee is hidden."""
    prices = await read_prices(db, [cart], now=context.now)
    seen = prices.of(cart, now=context.now)
    if seen.shipping is not None or not seen.shipping_options:
        return seen
    choice = cheapest(seen.shipping_options)
    return prices.of(msgspec.structs.replace(cart, shipping_method=choice.code), now=context.now)
