"""Carts: what a platform fills before it checks out. They hold no goods; a session is made of one."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import AnyRequest, Platform, key_of, language_of
from kupec.machines.ucp.answers import answer, is_outcome, no
from kupec.machines.ucp.details import details_of, replacing
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import BasketNotFound
from kupec.machines.ucp.guesses import check_guesses
from kupec.machines.ucp.keyed import claim, keyed
from kupec.machines.ucp.negotiation import caller
from kupec.machines.ucp.remarks import remarks
from kupec.machines.ucp.requests import CartIn, read, told
from kupec.machines.ucp.sessions import Change, Opening, agent_of
from kupec.sales import PricedCart, cancel_cart, price_cart

_cart_in = msgspec.json.Decoder(CartIn)


@post("/ucp/v1/carts", status_code=201)
async def create_cart(request: AnyRequest) -> Response[bytes]:
    """Open a cart. The same Idempotency-Key opens one; with another body it is a 409."""
    door: Door = request.app.state.site
    platform, key = await caller(request, "cart"), key_of(request)
    data = await read(request, _cart_in)
    language = language_of(request, data.context)
    check_guesses(request, platform, data.discounts)
    try:
        details = details_of(data.buyer, None)
        opening = Opening(
            platform=platform,
            language=language,
            body=data,
            key=key,
            details=details,
            kind="cart",
            told=await told(request),
        )
        seen = await door.sessions.create(opening)
    except KupecError as error:
        if is_outcome(error):
            return no(error, language)
        raise
    return answer(
        render.basket(seen, door.settings, messages=remarks(data, seen), spoken=platform.capabilities), status=201
    )


@get("/ucp/v1/carts/{cart:str}")
async def get_cart(request: AnyRequest, cart: FromPath[str]) -> Response[bytes]:
    """The cart as it stands."""
    door: Door = request.app.state.site
    platform = await caller(request, "cart")
    try:
        async with door.database.reading() as db:
            seen = await find_basket(db, cart, platform, request)
    except BasketNotFound as missing:
        return no(missing, language_of(request, None))
    return _shown(seen, door, platform)


@put("/ucp/v1/carts/{cart:str}")
async def update_cart(request: AnyRequest, cart: FromPath[str]) -> Response[bytes]:
    """Replace what the cart holds; what is left out is not there any more."""
    door: Door = request.app.state.site
    platform, key = await caller(request, "cart"), key_of(request)
    data = await read(request, _cart_in)
    check_guesses(request, platform, data.discounts)
    try:
        change = Change(
            cart_id=basket_id(cart),
            platform=platform,
            body=data,
            details=replacing(details_of(data.buyer, None)),
            kind="cart",
            keyed=keyed(platform.profile, key, "PUT", "carts", cart, await told(request)),
        )
        seen = await door.sessions.change(change)
        if seen is None:
            async with door.database.reading() as db:
                seen = await find_basket(db, cart, platform, request)
    except KupecError as error:
        if is_outcome(error):
            return no(error, language_of(request, data.context))
        raise
    return _shown(seen, door, platform)


@post("/ucp/v1/carts/{cart:str}/cancel", status_code=200)
async def cancel_basket(request: AnyRequest, cart: FromPath[str]) -> Response[bytes]:
    """Give the cart up; the answer is how it stood. Afterwards it is not found."""
    door: Door = request.app.state.site
    platform, key = await caller(request, "cart"), key_of(request)
    now = door.clock.now()
    try:
        async with door.database.transaction() as db:
            [fresh] = await claim(db, [keyed(platform.profile, key, "cancel", "carts", cart)], now=now)
            if not isinstance(fresh, bool):
                raise fresh
            seen = await find_basket(db, cart, platform, request, closed=not fresh)
            await cancel_cart(db, seen.cart.id, actor=platform.actor, now=now)
    except KupecError as error:
        if is_outcome(error):
            return no(error, language_of(request, None))
        raise
    return _shown(seen, door, platform)


async def find_basket(
    db: Connection, cart: str, platform: Platform, request: AnyRequest, *, closed: bool = False
) -> PricedCart:
    """An open cart of this platform (or, for a repeated request, a closed one). Raises BasketNotFound."""
    door: Door = request.app.state.site
    try:
        seen = await price_cart(db, basket_id(cart), now=door.clock.now())
    except NotFound:
        raise BasketNotFound from None
    if seen.cart.agent != agent_of(platform, "cart") or (seen.cart.state != "open" and not closed):
        raise BasketNotFound
    return seen


def basket_id(text: str) -> UUID:
    """Raises BasketNotFound for what cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise BasketNotFound from None


def _shown(seen: PricedCart, door: Door, platform: Platform) -> Response[bytes]:
    return answer(render.basket(seen, door.settings, spoken=platform.capabilities))


routes: list[Any] = [create_cart, get_cart, update_cart, cancel_basket]
