"""The addresses of the buying API. Business errors are messages in a 200; malformed requests are problems."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.datastructures import State

from kupec.billing import Payment, get_payment, latest_payments, refunds_of
from kupec.kit.errors import IdempotencyMismatch, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.machines.ucp import render
from kupec.machines.ucp.agent import Platform, key_of, language_of, platform_of, required_key
from kupec.machines.ucp.catalog import routes as catalog_routes
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.profile import CARD_HANDLER, business_profile
from kupec.machines.ucp.requests import CheckoutIn, CompleteIn
from kupec.machines.ucp.sessions import Opening, details_of, replace_session
from kupec.machines.ucp.shapes import Message
from kupec.sales import (
    CompleteRequest,
    Completion,
    PricedCart,
    TotalChanged,
    cancel_cart,
    get_cart,
    get_order,
    note_shown,
    order_of_cart,
    price_cart,
)

AnyRequest = Request[Any, Any, State]


def _door(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    return door


def _json(body: msgspec.Struct, *, status: int = 200) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@get("/.well-known/ucp")
async def profile(request: AnyRequest) -> Response[bytes]:
    """What this shop offers to agents and where."""
    return Response(
        business_profile(_door(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@post("/ucp/v1/checkout-sessions", status_code=201)
async def create_checkout(request: AnyRequest, data: CheckoutIn) -> Response[bytes]:
    """Open a checkout session. The same Idempotency-Key opens one; with another body it is a 409."""
    door = _door(request)
    opening = Opening(
        platform=platform_of(request),
        language=language_of(request, data.context),
        body=data,
        key=key_of(request),
        details=details_of(data.buyer, data.fulfillment),
    )
    try:
        seen = await door.sessions.create(opening)
    except IdempotencyMismatch:
        raise
    except KupecError as error:
        return _no(error, opening.language)
    return _json(render.checkout(seen, door.settings), status=201)


@get("/ucp/v1/checkout-sessions/{session_id:str}")
async def get_checkout(request: AnyRequest, session_id: str) -> Response[bytes]:
    """The session as it stands."""
    return await _shown(request, session_id)


@put("/ucp/v1/checkout-sessions/{session_id:str}")
async def update_checkout(request: AnyRequest, session_id: str, data: CheckoutIn) -> Response[bytes]:
    """Replace what the session holds; a part that is left out stays as it is."""
    door = _door(request)
    details = details_of(data.buyer, data.fulfillment)
    platform = platform_of(request)
    key_of(request)
    try:
        async with door.database.transaction() as db:
            seen = await replace_session(db, _id(session_id), data, details, platform=platform, now=door.clock.now())
    except KupecError as error:
        return await _refused(request, session_id, error)
    return _json(render.checkout(seen, door.settings))


@post("/ucp/v1/checkout-sessions/{session_id:str}/complete", status_code=200)
async def complete_checkout(request: AnyRequest, session_id: str, data: CompleteIn) -> Response[bytes]:
    """Order and pay. Needs an Idempotency-Key; a repetition makes no second order."""
    door = _door(request)
    key = required_key(request)
    platform = platform_of(request)
    instrument = next((each for each in data.payment.instruments if each.selected), data.payment.instruments[0])
    if instrument.handler_id != CARD_HANDLER:
        return await _shown(request, session_id, [_unknown_handler()])
    try:
        completion = await door.checkout.complete(
            CompleteRequest(
                cart_id=_id(session_id),
                key=key,
                card_token=instrument.credential.token,
                expected_total="shown",
                return_url=f"{door.settings.base_url}/{language_of(request, None)}/checkout/return/{{payment}}",
                actor=platform.actor,
                agent=platform.profile,
            )
        )
    except NotFound:
        return _no(NotFound(what="checkout session"), language_of(request, None))
    except IdempotencyMismatch:
        raise
    except KupecError as error:
        return await _refused(request, session_id, error)
    return await _completed(request, completion)


@post("/ucp/v1/checkout-sessions/{session_id:str}/cancel", status_code=200)
async def cancel_checkout(request: AnyRequest, session_id: str) -> Response[bytes]:
    """Give the session up. Cancelling twice is once."""
    door = _door(request)
    platform = platform_of(request)
    key_of(request)
    try:
        cart_id = await _own(request, session_id, platform)
        async with door.database.transaction() as db:
            await cancel_cart(db, cart_id, actor=platform.actor, now=door.clock.now())
    except KupecError as error:
        return await _refused(request, session_id, error)
    return await _shown(request, session_id)


@get("/ucp/v1/orders/{order_id:str}")
async def get_ucp_order(request: AnyRequest, order_id: str) -> Response[bytes]:
    """An order of the asking platform; any other is not found."""
    door = _door(request)
    platform = platform_of(request)
    try:
        async with door.database.reading() as db:
            order = await get_order(db, _id(order_id))
            if order.agent != platform.profile or order.number is None:
                raise NotFound(what="order")
            refunds = await refunds_of(db, order.id)
    except NotFound as missing:
        return _no(missing, language_of(request, None))
    return _json(render.order(order, refunds, door.settings))


async def _own(request: AnyRequest, session_id: str, platform: Platform) -> UUID:
    """The session's cart. Raises NotFound for what is not this platform's."""
    async with _door(request).database.reading() as db:
        cart = await get_cart(db, _id(session_id))
    if cart.agent != platform.profile:
        raise NotFound(what="checkout session")
    return cart.id


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what="checkout session") from None


async def _shown(request: AnyRequest, session_id: str, messages: list[Message] | None = None) -> Response[bytes]:
    """The session as it stands, with what has just been said about it."""
    door = _door(request)
    platform = platform_of(request)
    try:
        cart_id = await _own(request, session_id, platform)
    except NotFound as missing:
        return _no(missing, language_of(request, None))
    async with door.database.transaction() as db:
        seen = await price_cart(db, cart_id, now=door.clock.now())
        if seen.cart.state == "open":
            await note_shown(db, {cart_id: seen.total})
        order = await order_of_cart(db, cart_id)
        payment = await _latest_payment(db, cart_id)
    return _json(render.checkout(seen, door.settings, payment=payment, order=order, messages=messages or []))


async def _latest_payment(db: Any, cart_id: UUID) -> Payment | None:
    drafts = await db.fetch("select id from sales_order where cart_id = $1 and state = 'draft'", cart_id)
    payments = await latest_payments(db, [draft["id"] for draft in drafts])
    return next(iter(payments.values()), None)


async def _completed(request: AnyRequest, completion: Completion) -> Response[bytes]:
    door = _door(request)
    if completion.sold is not None:
        placed = render.Placed(id=completion.order_id, number=completion.number, language=completion.sold.cart.language)
        return _json(render.checkout(completion.sold, door.settings, order=placed))
    async with door.database.reading() as db:
        seen: PricedCart = await price_cart(db, completion.cart_id, now=door.clock.now())
        order = await get_order(db, completion.order_id) if completion.state == "placed" else None
        payment = await get_payment(db, completion.payment_id) if completion.payment_id else None
    messages = []
    if completion.state == "failed":
        text = translate(seen.cart.language, "The payment did not go through. Nothing was charged.")
        messages = [render.recoverable("payment_failed", text, path="$.payment")]
    return _json(render.checkout(seen, door.settings, payment=payment, order=order, messages=messages))


async def _refused(request: AnyRequest, session_id: str, error: KupecError) -> Response[bytes]:
    """A business no: the session as it stands, with the reason; an error response where there is no session."""
    language = language_of(request, None)
    if isinstance(error, NotFound):
        return _no(error, language)
    code = "total_changed" if isinstance(error, TotalChanged) else error.code
    path = "$." + error.field.replace("lines[", "line_items[") if error.field else None
    return await _shown(request, session_id, [render.recoverable(code, explain(error, language), path=path)])


def _no(error: KupecError, language: str) -> Response[bytes]:
    return _json(render.error(error.code, explain(error, language), path=f"$.{error.field}" if error.field else None))


def _unknown_handler() -> Message:
    text = f"This payment handler is not offered here; “{CARD_HANDLER}” is."
    return render.recoverable("payment_failed", text, path="$.payment.instruments[0].handler_id")


routes: list[Any] = [
    profile,
    create_checkout,
    get_checkout,
    update_checkout,
    complete_checkout,
    cancel_checkout,
    get_ucp_order,
    *catalog_routes,
]
