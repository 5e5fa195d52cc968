"""What a signed-in customer's cart begins with, and how it becomes theirs."""

from datetime import datetime

import msgspec
from litestar.datastructures import Cookie

from kupec.billing import allow_account
from kupec.catalogue import Market
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.sales import Cart, CartDetails, create_cart, known_details, take_over_cart
from kupec.web.portal.gate import SignedInCustomer
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import Shop, cart_cookie


def _buying(me: SignedInCustomer) -> SignedInCustomer:
    """For whom this person fills a cart: an organisation's accountant sees its invoices and buys for themself."""
    if me.may("buy") or me.may("approve"):
        return me
    return msgspec.structs.replace(me, account=me.party, account_ids=me.own_ids)


async def cart_of_account(db: Connection, me: SignedInCustomer, market: Market, *, now: datetime) -> Cart:
    """The account's own latest cart, for apps that hold none; a browser in which they sign in takes it over."""
    me = _buying(me)
    found = await take_over_cart(
        db,
        None,
        me.account.id,
        members=me.account_ids,
        email=None if me.for_oneself else me.party.email,
        person_id=me.party.id,
        market=market.code,
        language=market.language,
        details=await details_of(db, me, market),
        actor=me.actor,
        now=now,
    )
    return found or await _new_cart(db, me, market, now=now)


async def bring_cart(request: AnyRequest, db: Connection, shop: Shop, me: SignedInCustomer) -> Cookie | None:
    """Have the goods in this browser be the account's, with what lay in its own cart; the cookie of the new cart."""
    cart = await _taken_over(request, db, shop, _buying(me))
    return cart_cookie(site_of(request), cart.id) if cart else None


async def _taken_over(request: AnyRequest, db: Connection, shop: Shop, me: SignedInCustomer) -> Cart | None:
    return await take_over_cart(
        db,
        shop.cart.id if shop.cart else None,
        me.account.id,
        members=me.account_ids,
        email=None if me.for_oneself else me.party.email,
        person_id=me.party.id,
        market=shop.market.code,
        language=shop.language,
        details=await details_of(db, me, shop.market),
        actor=me.actor,
        now=site_of(request).clock.now(),
    )


async def customers_cart(request: AnyRequest, db: Connection, shop: Shop, me: SignedInCustomer) -> Cart:
    """A new cart of the account, which may use its prices and pay on it."""
    return await _new_cart(db, _buying(me), shop.market, now=site_of(request).clock.now())


async def _new_cart(db: Connection, me: SignedInCustomer, market: Market, *, now: datetime) -> Cart:
    cart_id = uuid7()
    await allow_account(db, cart_id, me.account.id, now=now, person_id=me.party.id)
    return await create_cart(
        db,
        cart_id=cart_id,
        market=market.code,
        language=market.language,
        channel="web",
        actor=me.actor,
        now=now,
        customer_id=me.account.id,
        details=await details_of(db, me, market),
    )


async def cart_for(request: AnyRequest, db: Connection, shop: Shop, me: SignedInCustomer) -> Cart:
    """The cart of the account in this browser; one that is somebody else's becomes it, else a new one begins."""
    me = _buying(me)
    if shop.cart is not None and shop.cart.customer_id == me.account.id:
        return shop.cart
    cart = await _taken_over(request, db, shop, me)
    return cart or await customers_cart(request, db, shop, me)


async def details_of(db: Connection, me: SignedInCustomer, market: Market) -> CartDetails:
    """Who buys and where it goes, as far as the account knows."""
    return await known_details(db, person=me.party, account=me.account, account_ids=me.account_ids, market=market)
