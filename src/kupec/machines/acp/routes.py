"""The addresses of ACP. What is wrong with a request has a status and the protocol's error; what is wrong with a
session is told in its messages.
"""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from kupec.catalogue import markets
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.machines.acp import render
from kupec.machines.acp.basket_routes import basket_routes
from kupec.machines.acp.discovery import BASE, CARD_HANDLER, HANDLER_PAGES, discovery
from kupec.machines.acp.door import Door
from kupec.machines.acp.errors import (
    NoSuchSession,
    NotCancelable,
    PaymentHandlerUnknown,
    UnreadableRequest,
)
from kupec.machines.acp.gate import AnyRequest, Call, carry_out, encode, http_error, look, unexpected
from kupec.machines.acp.once import Answer, keep_answer
from kupec.machines.acp.openapi import document
from kupec.machines.acp.platforms import AgentPlatform
from kupec.machines.acp.requests import CancelIn, CompleteIn, SessionIn, UpdateIn, read
from kupec.machines.acp.sessions import (
    Wish,
    change_session,
    checkout_of,
    details_of,
    find_session,
    id_of,
    open_session,
    wish_of_basket,
)
from kupec.machines.acp.shapes import CheckoutSession, Message
from kupec.machines.acp.wishes import codes_of, locale_language
from kupec.sales import CartClosed, CartIncomplete, CartInPayment, CompleteRequest, Completion, cancel_cart

_NOBODYS = "-"
"""A card that no provider knows."""
_session_in = msgspec.json.Decoder(SessionIn)
_update_in = msgspec.json.Decoder(UpdateIn)
_complete_in = msgspec.json.Decoder(CompleteIn)
_cancel_in = msgspec.json.Decoder(CancelIn)


@get("/.well-known/acp.json")
async def acp_discovery(request: AnyRequest) -> Response[bytes]:
    """What this shop offers to agents by ACP and where."""
    door: Door = request.app.state.site
    async with door.database.reading() as db:
        body = discovery(door.settings, await markets(db))
    return _public(body)


@get(f"{BASE}/openapi.json")
async def acp_document(request: AnyRequest) -> Response[bytes]:
    """These addresses as OpenAPI 3.1."""
    door: Door = request.app.state.site
    return _public(document(door.settings))


@get(f"{BASE}/handlers/card/{{page:str}}")
async def handler_page(page: FromPath[str]) -> Response[bytes]:
    """What the card handler is, and the schemas of its config and instrument."""
    name = page.removesuffix(".json")
    if name not in HANDLER_PAGES:
        raise NotFound(what="page")
    return _public(msgspec.json.encode(HANDLER_PAGES[name]))


def _public(body: bytes) -> Response[bytes]:
    return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=3600"})


@post("/checkout_sessions", status_code=201)
async def create_session(request: AnyRequest) -> Response[bytes]:
    """Open a checkout session, of its own or of a cart."""

    async def work(call: Call) -> Answer:
        data = read(call.body, _session_in)
        if not data.line_items and data.cart_id is None:
            raise UnreadableRequest(field="$.line_items", reason="there is nothing in it")
        wish = Wish(
            lines=data.line_items,
            details=details_of(data.buyer or msgspec.UNSET, data.fulfillment_details or msgspec.UNSET),
            codes=codes_of(data.discounts, data.coupons),
            currency=data.currency,
            language=locale_language(request, data.locale),
            locale=data.locale,
            timezone=data.timezone,
        )
        now = call.door.clock.now()
        async with call.door.database.transaction() as db:
            made_of = id_of(data.cart_id, "cart") if data.cart_id is not None else None
            cart_id = await checkout_of(db, call.platform, made_of) if made_of else None
            if made_of is not None and cart_id is None:
                wish = await wish_of_basket(db, call.platform, made_of, wish, now=now)
            if cart_id is None:
                cart_id = await open_session(db, call.platform, "checkout", wish, now=now, made_of=made_of)
            return await _shown(db, call, cart_id, status=201)

    return await carry_out(request, work)


@get("/checkout_sessions/{session:str}")
async def get_session(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """The session as it stands."""

    async def work(door: Door, platform: AgentPlatform) -> CheckoutSession:
        cart_id = id_of(session, "checkout")
        async with door.database.transaction(quiet=True) as db:
            standing = await find_session(db, platform, cart_id, "checkout", now=door.clock.now())
        return render.checkout(standing, door.settings)

    return await look(request, work)


@post("/checkout_sessions/{session:str}", status_code=200)
async def update_session(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Change the session; what is left out stays, null clears."""

    async def work(call: Call) -> Answer:
        data = read(call.body, _update_in)
        if data.line_items == []:
            raise UnreadableRequest(field="$.line_items", reason="there is nothing in it")
        wish = Wish(
            lines=data.line_items,
            details=details_of(data.buyer, data.fulfillment_details, data.selected_fulfillment_options),
            codes=codes_of(data.discounts, data.coupons),
        )
        cart_id = id_of(session, "checkout")
        try:
            async with call.door.database.transaction() as db:
                await change_session(db, call.platform, cart_id, "checkout", wish, now=call.door.clock.now())
                return await _shown(db, call, cart_id)
        except (CartClosed, CartInPayment) as error:
            return await _refused(call, cart_id, error)

    return await carry_out(request, work)


@post("/checkout_sessions/{session:str}/complete", status_code=200)
async def complete_session(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Order and pay with the card gateway's token. A repetition makes no second order."""

    async def work(call: Call) -> Answer:
        data = read(call.body, _complete_in)
        token = _token(data)
        cart_id = id_of(session, "checkout")
        await _note_buyer(call, cart_id, data)
        try:
            completion = await call.door.checkout.complete(
                CompleteRequest(
                    cart_id=cart_id,
                    key=call.key,
                    card_token=token,
                    expected_total="shown",
                    return_url=f"{call.door.settings.base_url}/{call.language}/checkout/return/{{payment}}",
                    actor=call.platform.actor,
                    agent=call.platform.agent,
                )
            )
        except NotFound:
            raise NoSuchSession from None
        except KupecError as error:
            if error.status >= 500:
                raise
            return await _refused(call, cart_id, error)
        return await _completed(call, completion)

    return await carry_out(request, work)


@post("/checkout_sessions/{session:str}/cancel", status_code=200)
async def cancel_session(request: AnyRequest, session: FromPath[str]) -> Response[bytes]:
    """Give the session up. One that is over or being paid is not cancelable."""

    async def work(call: Call) -> Answer:
        if call.body.strip():
            read(call.body, _cancel_in)
        cart_id = id_of(session, "checkout")
        now = call.door.clock.now()
        async with call.door.database.transaction() as db:
            standing = await find_session(db, call.platform, cart_id, "checkout", now=now)
            if standing.seen.cart.state != "open":
                raise NotCancelable
            try:
                await cancel_cart(db, cart_id, actor=call.platform.actor, now=now)
            except (CartClosed, CartInPayment):
                raise NotCancelable from None
            return await _shown(db, call, cart_id)

    return await carry_out(request, work)


def _token(data: CompleteIn) -> str:
    """The card's token as the provider is asked for it. Raises PaymentHandlerUnknown.

    References of kept cards are ours to use, nobody else's to name; and no token is no wish to type a card elsewhere.
    """
    payment = data.payment_data
    if payment.handler_id != CARD_HANDLER or payment.instrument is None:
        raise PaymentHandlerUnknown(field="$.payment_data.handler_id", offered=CARD_HANDLER)
    told = payment.instrument.credential.token
    return told if told and ":" not in told else _NOBODYS


async def _note_buyer(call: Call, cart_id: UUID, data: CompleteIn) -> None:
    """What is last told of the buyer, where the session is still open to it."""
    if data.buyer is None:
        return
    wish = Wish(details=details_of(data.buyer, msgspec.UNSET))
    now = call.door.clock.now()
    async with call.door.database.transaction() as db:
        standing = await find_session(db, call.platform, cart_id, "checkout", now=now)
        cart, told = standing.seen.cart, wish.details
        if cart.state == "open" and standing.payment is None and (cart.email, cart.name) != (told.email, told.name):
            await change_session(db, call.platform, cart_id, "checkout", wish, now=now)
            await find_session(db, call.platform, cart_id, "checkout", now=now)


async def _shown(
    db: Connection, call: Call, cart_id: UUID, *, messages: tuple[Message, ...] = (), status: int = 200
) -> Answer:
    """The session as it stands; the answer is kept in this very transaction."""
    standing = await find_session(db, call.platform, cart_id, "checkout", now=call.door.clock.now())
    session = render.checkout(standing, call.door.settings, messages=messages)
    answer = Answer(status=status, body=encode(session))
    await keep_answer(db, call.claim, answer)
    return answer


async def _refused(call: Call, cart_id: UUID, error: KupecError) -> Answer:
    """The session as it stands, with the reason. What an incomplete session lacks, it says itself."""
    said = () if isinstance(error, CartIncomplete) else (render.refusal(error, call.language),)
    async with call.door.database.transaction() as db:
        return await _shown(db, call, cart_id, messages=said)


async def _completed(call: Call, completion: Completion) -> Answer:
    failed = (render.declined(call.language),) if completion.state == "failed" else ()
    async with call.door.database.transaction() as db:
        return await _shown(db, call, completion.cart_id, messages=failed)


routes: list[Any] = [
    acp_discovery,
    acp_document,
    handler_page,
    Router(
        path=BASE,
        route_handlers=[
            create_session,
            get_session,
            update_session,
            complete_session,
            cancel_session,
            *basket_routes,
        ],
        exception_handlers={HTTPException: http_error, Exception: unexpected},
    ),
]
