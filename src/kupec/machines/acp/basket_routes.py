"""Carts before there is a wish to pay: made, looked at, replaced, given up."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.machines.acp import render
from kupec.machines.acp.door import Door
from kupec.machines.acp.gate import AnyRequest, Call, carry_out, encode, look
from kupec.machines.acp.once import Answer, keep_answer
from kupec.machines.acp.platforms import AgentPlatform
from kupec.machines.acp.requests import CartIn, read
from kupec.machines.acp.sessions import Wish, change_session, details_of, find_session, id_of, open_session
from kupec.machines.acp.shapes import Cart
from kupec.machines.acp.wishes import codes_of, locale_language
from kupec.sales import cancel_cart

_cart_in = msgspec.json.Decoder(CartIn)


@post("/carts", status_code=201)
async def create_basket(request: AnyRequest) -> Response[bytes]:
    """Make a cart; its totals are estimates."""

    async def work(call: Call) -> Answer:
        data = read(call.body, _cart_in)
        wish = Wish(
            lines=data.line_items,
            details=details_of(data.buyer or msgspec.UNSET, msgspec.UNSET),
            codes=codes_of(data.discounts, None),
            language=locale_language(request, data.locale),
            locale=data.locale,
        )
        async with call.door.database.transaction() as db:
            cart_id = await open_session(db, call.platform, "cart", wish, now=call.door.clock.now())
            return await _shown(db, call, cart_id, status=201)

    return await carry_out(request, work)


@get("/carts/{basket:str}")
async def get_basket(request: AnyRequest, basket: FromPath[str]) -> Response[bytes]:
    """The cart as it stands."""

    async def work(door: Door, platform: AgentPlatform) -> Cart:
        cart_id = id_of(basket, "cart")
        async with door.database.transaction(quiet=True) as db:
            standing = await find_session(db, platform, cart_id, "cart", now=door.clock.now())
        return render.basket(standing, door.settings)

    return await look(request, work)


async def _replaced(request: AnyRequest, basket: str) -> Response[bytes]:
    async def work(call: Call) -> Answer:
        data = read(call.body, _cart_in)
        wish = Wish(
            lines=data.line_items,
            details=details_of(data.buyer, msgspec.UNSET),
            codes=codes_of(data.discounts, None),
        )
        cart_id = id_of(basket, "cart")
        async with call.door.database.transaction() as db:
            await find_session(db, call.platform, cart_id, "cart", now=call.door.clock.now())
            await change_session(db, call.platform, cart_id, "cart", wish, now=call.door.clock.now())
            return await _shown(db, call, cart_id)

    return await carry_out(request, work)


@put("/carts/{basket:str}")
async def replace_basket(request: AnyRequest, basket: FromPath[str]) -> Response[bytes]:
    """Replace all that the cart holds, as the protocol's OpenAPI has it."""
    return await _replaced(request, basket)


@post("/carts/{basket:str}", status_code=200)
async def update_basket(request: AnyRequest, basket: FromPath[str]) -> Response[bytes]:
    """Replace all that the cart holds, as the protocol's text has it."""
    return await _replaced(request, basket)


@post("/carts/{basket:str}/cancel", status_code=200)
async def cancel_basket(request: AnyRequest, basket: FromPath[str]) -> Response[bytes]:
    """Give the cart up; it is shown this once more."""

    async def work(call: Call) -> Answer:
        cart_id = id_of(basket, "cart")
        now = call.door.clock.now()
        async with call.door.database.transaction() as db:
            answer = await _shown(db, call, cart_id)
            await cancel_cart(db, cart_id, actor=call.platform.actor, now=now)
            return answer

    return await carry_out(request, work)


async def _shown(db: Connection, call: Call, cart_id: UUID, *, status: int = 200) -> Answer:
    standing = await find_session(db, call.platform, cart_id, "cart", now=call.door.clock.now())
    answer = Answer(status=status, body=encode(render.basket(standing, call.door.settings)))
    await keep_answer(db, call.claim, answer)
    return answer


basket_routes: list[Any] = [create_basket, get_basket, replace_basket, update_basket, cancel_basket]
