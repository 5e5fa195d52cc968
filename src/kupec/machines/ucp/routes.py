"""The addresses of the buying API. Business errors are messages in a 200; malformed requests are problems."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath

from kupec.billing import refunds_of
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import (
    AnyRequest,
    Platform,
    key_of,
    language_of,
    platform_of,
    required_key,
)
from kupec.machines.ucp.answers import answer, is_outcome, no
from kupec.machines.ucp.catalog import routes as catalog_routes
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import OrderNotFound, SessionNotFound, UnknownHandler
from kupec.machines.ucp.openapi import document
from kupec.machines.ucp.profile import CARD_HANDLER, business_profile
from kupec.machines.ucp.requests import CheckoutIn, CompleteIn, read
from kupec.machines.ucp.sessions import Change, Opening, details_of
from kupec.machines.ucp.shapes import Message
from kupec.machines.ucp.standing import Placed, Session, find_session, session_id
from kupec.sales import CartIncomplete, CompleteRequest, Completion, cancel_cart, get_order

_NOBODYS = "-"
"""A card that no provider knows."""
_checkout_in = msgspec.json.Decoder(CheckoutIn)
_complete_in = msgspec.json.Decoder(CompleteIn)


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


@get("/.well-known/ucp")
async def profile(request: AnyRequest) -> Response[bytes]:
    """What this shop offers to agents and where."""
    return Response(
        business_profile(_door(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@get("/api-docs/openapi.json")
async def api_document(request: AnyRequest) -> Response[bytes]:
    """The buying API as OpenAPI 3.1."""
    return Response(
        document(_door(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@post("/ucp/v1/checkout-sessions", status_code=201)
async def create_checkout(request: AnyRequest) -> Response[bytes]:
    """Open a checkout session. The same Idempotency-Key opens one; with another body it is a 409."""
    door, platform, key = _door(request), platform_of(request), key_of(request)
    data = await read(request, _checkout_in)
    language = language_of(request, data.context)
    try:
        details = details_of(data.buyer, data.fulfillment)
        opening = Opening(platform=platform, language=language, body=data, key=key, details=details)
        seen = await door.sessions.create(opening)
    except KupecError as error:
        if is_outcome(error):
            return no(error, language)
        raise
    if seen.cart.state != "open":
        return await _shown(request, platform, str(seen.cart.id), status=201)
    return answer(render.checkout(Session(seen=seen), door.settings), status=201)


@get("/ucp/v1/checkout-sessions/{session:str}")
async def get_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """The session as it stands."""
    return await _shown(request, platform_of(request), session)


@put("/ucp/v1/checkout-sessions/{session:str}")
async def update_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Replace what the session holds; a part that is left out stays as it is."""
    door, platform = _door(request), platform_of(request)
    key_of(request)
    data = await read(request, _checkout_in)
    try:
        details = details_of(data.buyer, data.fulfillment)
        change = Change(cart_id=session_id(session), platform=platform, body=data, details=details)
        seen = await door.sessions.change(change)
    except KupecError as error:
        return await _refused(request, platform, session, error)
    return answer(render.checkout(Session(seen=seen), door.settings))


def _token(told: str) -> str:
    """The card's token as the provider is asked for it.

    References of kept cards are ours to use, nobody else's to name; and no token is no wish to type a card elsewhere.
    """
    return told if told and ":" not in told else _NOBODYS


@post("/ucp/v1/checkout-sessions/{session:str}/complete", status_code=200)
async def complete_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Order and pay. Needs an Idempotency-Key; a repetition makes no second order."""
    door, platform, key = _door(request), platform_of(request), required_key(request)
    data = await read(request, _complete_in)
    instrument = next((each for each in data.payment.instruments if each.selected), data.payment.instruments[0])
    try:
        if instrument.handler_id != CARD_HANDLER:
            raise UnknownHandler(field="payment.instruments[0].handler_id", offered=CARD_HANDLER)
        completion = await door.checkout.complete(
            CompleteRequest(
                cart_id=session_id(session),
                key=key,
                card_token=_token(instrument.credential.token),
                expected_total="shown",
                return_url=f"{door.settings.base_url}/{language_of(request, None)}/checkout/return/{{payment}}",
                actor=platform.actor,
                agent=platform.profile,
            )
        )
    except NotFound:
        return no(SessionNotFound(), language_of(request, None))
    except KupecError as error:
        return await _refused(request, platform, session, error)
    return await _completed(request, platform, completion)


@post("/ucp/v1/checkout-sessions/{session:str}/cancel", status_code=200)
async def cancel_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Give the session up. Cancelling twice is once."""
    door, platform = _door(request), platform_of(request)
    key_of(request)
    try:
        cart_id = session_id(session)
        async with door.database.transaction() as db:
            await find_session(db, cart_id, platform, now=door.clock.now())
            await cancel_cart(db, cart_id, actor=platform.actor, now=door.clock.now())
    except KupecError as error:
        return await _refused(request, platform, session, error)
    return await _shown(request, platform, session)


@get("/ucp/v1/orders/{order:str}")
async def get_ucp_order(request: AnyRequest, order: FromPath[str]) -> Response[bytes]:
    """An order of the asking platform; any other is not found."""
    door, platform = _door(request), platform_of(request)
    try:
        async with door.database.reading() as db:
            found = await get_order(db, UUID(order))
            refunds = await refunds_of(db, found.id)
    except (NotFound, ValueError):
        return no(OrderNotFound(), language_of(request, None))
    if found.agent != platform.profile or found.number is None:
        return no(OrderNotFound(), language_of(request, None))
    return answer(render.order(found, refunds, door.settings))


async def _shown(
    request: AnyRequest,
    platform: Platform,
    session: str,
    *,
    error: KupecError | None = None,
    status: int = 200,
) -> Response[bytes]:
    """The session as it stands, with what has just been refused."""
    door = _door(request)
    try:
        cart_id = session_id(session)
        async with door.database.transaction() as db:
            found = await find_session(db, cart_id, platform, now=door.clock.now())
    except SessionNotFound as missing:
        return no(missing, language_of(request, None))
    messages = [render.refusal(error, found.seen.cart.language)] if error else []
    return answer(render.checkout(found, door.settings, messages=messages), status=status)


async def _refused(request: AnyRequest, platform: Platform, session: str, error: KupecError) -> Response[bytes]:
    """A business no: the session as it stands, with the reason. What is no outcome is raised again."""
    if not is_outcome(error):
        raise error
    # What an incomplete session lacks, it says itself.
    return await _shown(request, platform, session, error=None if isinstance(error, CartIncomplete) else error)


async def _completed(request: AnyRequest, platform: Platform, completion: Completion) -> Response[bytes]:
    door = _door(request)
    if completion.sold is not None:
        placed = Placed(id=completion.order_id, number=completion.number, language=completion.sold.cart.language)
        return answer(render.checkout(Session(seen=completion.sold, placed=placed), door.settings))
    async with door.database.transaction() as db:
        found = await find_session(db, completion.cart_id, platform, now=door.clock.now())
    messages: list[Message] = []
    if completion.state == "failed":
        text = translate(found.seen.cart.language, _("The payment did not go through. Nothing was charged."))
        messages = [render.message("payment_failed", text, path="$.payment")]
    return answer(render.checkout(found, door.settings, messages=messages))


routes: list[Any] = [
    profile,
    api_document,
    create_checkout,
    get_checkout,
    update_checkout,
    complete_checkout,
    cancel_checkout,
    get_ucp_order,
    *catalog_routes,
]
