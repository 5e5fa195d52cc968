"""The addresses of the buying API. Business errors are messages in a 200; malformed requests are problems."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.params import FromPath

from kupec.billing import refunds_of
from kupec.kit.errors import IdempotencyMismatch, KupecError, NotFound
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import AnyRequest, Platform, key_of, language_of, required_key
from kupec.machines.ucp.answers import answer, is_outcome, no, refused
from kupec.machines.ucp.basket_routes import find_basket
from kupec.machines.ucp.basket_routes import routes as basket_routes
from kupec.machines.ucp.catalog import routes as catalog_routes
from kupec.machines.ucp.consents import told_consent
from kupec.machines.ucp.destinations import names_only, told_destination
from kupec.machines.ucp.details import details_of, replacing
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.errors import OrderNotFound, SessionNotFound, SessionOver
from kupec.machines.ucp.guesses import check_guesses
from kupec.machines.ucp.keyed import claim, keyed
from kupec.machines.ucp.negotiation import caller
from kupec.machines.ucp.openapi import document
from kupec.machines.ucp.orders import order_answer
from kupec.machines.ucp.paying import pay
from kupec.machines.ucp.profile import business_profile
from kupec.machines.ucp.rehearsal import rehearse
from kupec.machines.ucp.rehearsal import routes as rehearsal_routes
from kupec.machines.ucp.remarks import remarks
from kupec.machines.ucp.requests import CheckoutIn, CompleteIn, read, some_goods, told
from kupec.machines.ucp.sessions import Change, Opening
from kupec.machines.ucp.showing import declined, shown
from kupec.machines.ucp.signed import SignedAnswers, check_signed
from kupec.machines.ucp.standing import Session, find_session, session_id
from kupec.sales import cancel_cart, get_order, order_refunds

_checkout_in = msgspec.json.Decoder(CheckoutIn)
_complete_in = msgspec.json.Decoder(CompleteIn)


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


@get("/.well-known/ucp")
async def profile(request: AnyRequest) -> Response[bytes]:
    """What this shop offers to agents and where, and the keys that its signatures are checked by."""
    door = _door(request)
    keys = await door.trust.jwks() if door.trust is not None else []
    return Response(
        business_profile(door.settings, keys),
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
    """Open a checkout session, of goods or of a cart. The same Idempotency-Key opens one; with another body: a 409."""
    door, platform, key = _door(request), await caller(request, "checkout"), key_of(request)
    data = await read(request, _checkout_in)
    language = language_of(request, data.context)
    check_guesses(request, platform, data.discounts)
    if data.cart_id is None:
        some_goods(data)
    try:
        if data.cart_id is None:
            details = details_of(data.buyer, data.fulfillment)
            opening = Opening(
                platform=platform,
                language=language,
                body=data,
                key=key,
                details=details,
                told=await told(request),
                destination=told_destination(data.fulfillment),
            )
            seen = await door.sessions.create(opening)
        else:
            opened = await _of_cart(request, platform, data, language, key)
            if isinstance(opened, UUID):
                return await shown(request, platform, str(opened))
            seen = await door.sessions.create(opened)
    except KupecError as error:
        if is_outcome(error):
            return no(error, language)
        raise
    if seen.cart.state != "open":
        return await shown(request, platform, str(seen.cart.id), status=201)
    session = Session(seen=seen, consent=told_consent(data.buyer), destination=told_destination(data.fulfillment))
    messages = remarks(data, seen) if data.cart_id is None else []
    body = render.checkout(session, door.settings, messages=messages, spoken=platform.capabilities)
    return answer(body, status=201)


async def _of_cart(
    request: AnyRequest, platform: Platform, data: CheckoutIn, language: str, key: str | None
) -> Opening | UUID:
    """The opening of a session of a cart; or the session that was opened of it before and is not over."""
    door = _door(request)
    once = keyed(platform.profile, key, "POST", "checkout-sessions", await told(request))
    async with door.database.transaction() as db:
        [fresh] = await claim(db, [once], now=door.clock.now())
        if isinstance(fresh, IdempotencyMismatch):
            raise fresh
        basket = await find_basket(db, str(data.cart_id), platform, request)
        row = await db.fetchrow(
            """
            select checkout_id, cart.state from ucp_cart left join cart on cart.id = checkout_id
             where ucp_cart.cart_id = $1
            """,
            basket.cart.id,
        )
    before: UUID | None = row["checkout_id"] if row else None
    if before is not None and row is not None and row["state"] == "open":
        return before
    return Opening(
        platform=platform,
        language=language,
        body=data,
        key=f"of {basket.cart.id} after {before or 'none'}",
        details=details_of(None, data.fulfillment),
        destination=told_destination(data.fulfillment),
        source=basket.cart,
    )


@get("/ucp/v1/checkout-sessions/{session:str}")
async def get_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """The session as it stands."""
    return await shown(request, await caller(request, "checkout"), session)


@put("/ucp/v1/checkout-sessions/{session:str}")
async def update_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Replace what the session holds; what is left out is not there any more."""
    door, platform, key = _door(request), await caller(request, "checkout"), key_of(request)
    data = some_goods(await read(request, _checkout_in))
    check_guesses(request, platform, data.discounts)
    try:
        details = details_of(data.buyer, data.fulfillment)
        change = Change(
            cart_id=session_id(session),
            platform=platform,
            body=data,
            details=replacing(details),
            destination=told_destination(data.fulfillment),
            names_only=names_only(data.fulfillment),
            chosen=details.shipping_method is not msgspec.UNSET,
            keyed=keyed(platform.profile, key, "PUT", "checkout-sessions", session, await told(request)),
        )
        seen = await door.sessions.change(change)
    except KupecError as error:
        return await declined(request, platform, session, error)
    if seen is None:
        return await shown(request, platform, session)
    found = Session(seen=seen, consent=told_consent(data.buyer), destination=told_destination(data.fulfillment))
    messages = remarks(data, seen)
    return answer(render.checkout(found, door.settings, messages=messages, spoken=platform.capabilities))


@post("/ucp/v1/checkout-sessions/{session:str}/complete", status_code=200)
async def complete_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Order and pay. Needs an Idempotency-Key; a repetition makes no second order."""
    platform, key = await caller(request, "checkout"), required_key(request)
    data = await read(request, _complete_in)
    instrument = next((each for each in data.payment.instruments if each.selected), data.payment.instruments[0])
    if _door(request).settings.ucp_rehearsal:
        instrument = await rehearse(_door(request), platform, session, instrument)
    try:
        return await pay(request, platform, session, instrument, key)
    except NotFound:
        return no(SessionNotFound(), language_of(request, None))
    except KupecError as error:
        return await declined(request, platform, session, error)


@post("/ucp/v1/checkout-sessions/{session:str}/cancel", status_code=200)
async def cancel_checkout(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Give the session up. Cancelling twice is once."""
    door, platform, key = _door(request), await caller(request, "checkout"), key_of(request)
    now = door.clock.now()
    try:
        cart_id = session_id(session)
        async with door.database.transaction() as db:
            [fresh] = await claim(db, [keyed(platform.profile, key, "cancel", "checkout-sessions", session)], now=now)
            if isinstance(fresh, IdempotencyMismatch):
                raise fresh
            found = await find_session(db, cart_id, platform, now=now)
            if found.placed is not None:
                raise SessionOver
            await cancel_cart(db, cart_id, actor=platform.actor, now=now)
    except KupecError as error:
        return await declined(request, platform, session, error)
    return await shown(request, platform, session)


@get("/ucp/v1/orders/{order:str}")
async def get_ucp_order(request: AnyRequest, order: FromPath[str]) -> Response[bytes]:
    """An order of the asking platform; any other is not found."""
    door, platform = _door(request), await caller(request, "order")
    try:
        async with door.database.reading() as db:
            found = await get_order(db, UUID(order))
            refunds = await refunds_of(db, found.id)
            given = await order_refunds(db, found.id)
    except (NotFound, ValueError):
        return no(OrderNotFound(), language_of(request, None))
    if found.agent != platform.profile or found.number is None:
        return no(OrderNotFound(), language_of(request, None))
    return answer(order_answer(found, refunds, door.settings, given=given))


_api = Router(
    path="/",
    route_handlers=[
        create_checkout,
        get_checkout,
        update_checkout,
        complete_checkout,
        cancel_checkout,
        get_ucp_order,
        *basket_routes,
        *catalog_routes,
    ],
    before_request=check_signed,
    middleware=[SignedAnswers],
    exception_handlers={KupecError: refused},
)
routes: list[Any] = [profile, api_document, _api, *rehearsal_routes]
