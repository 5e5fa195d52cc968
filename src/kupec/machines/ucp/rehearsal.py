"""For conformance suites only, behind a setting: what they expect of a shop under test that no shop may do.

They buy without saying who buys and where it goes, pay with tokens of their own, have orders shipped and refunded.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, KupecError, NotFound
from kupec.machines.ucp.agent import AnyRequest, Platform
from kupec.machines.ucp.door import Door
from kupec.machines.ucp.profile import CARD_HANDLER
from kupec.machines.ucp.requests import InstrumentIn, read
from kupec.machines.ucp.standing import find_session, session_id
from kupec.sales import (
    Address,
    CartDetails,
    CartInPayment,
    NotPaidYet,
    note_shown,
    price_cart,
    refund_order,
    set_details,
    ship,
    start_picking,
)

_SUITE: Final = system("rehearsal")
_TOKENS: Final = {"success_token": "tok_visa", "fail_token": "tok_declined"}
_SUITES_HANDLERS: Final = ("", "mock_payment_handler")
_STREET: Final = {"street": "1 Main St", "city": "Springfield", "postcode": "62704"}
_PATIENCE: Final = 9.0
"""Seconds until the money must be there."""


class AdjustIn(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a line to be given back."""

    line_item_id: str
    quantity: int = 1


_adjust_in = msgspec.json.Decoder(AdjustIn)


async def rehearse(door: Door, platform: Platform, session: str, instrument: InstrumentIn) -> InstrumentIn:
    """Fill in what the session lacks; returns the instrument as this shop knows it."""
    with suppress(NotFound, CartInPayment):
        await _fill(door, platform, session_id(session))
    token = _TOKENS.get(instrument.credential.token, instrument.credential.token)
    return msgspec.structs.replace(
        instrument,
        handler_id=CARD_HANDLER if instrument.handler_id in _SUITES_HANDLERS else instrument.handler_id,
        credential=msgspec.structs.replace(instrument.credential, token=token),
    )


async def _fill(door: Door, platform: Platform, cart_id: UUID) -> None:
    now = door.clock.now()
    async with door.database.transaction() as db:
        found = await find_session(db, cart_id, platform, now=now)
        cart, shown = found.seen.cart, found.seen.total
        if cart.state != "open" or not found.seen.problems or found.payment is not None:
            return
        country = (cart.address.country if cart.address else "") or found.seen.tax_country or "US"
        told = cart.address or Address(name="", street="", city="", postcode="", country=country)
        lacking = {part: value for part, value in _STREET.items() if not getattr(told, part)}
        address = msgspec.structs.replace(told, name=told.name or cart.name or "A. Buyer", country=country, **lacking)
        details = CartDetails(email=cart.email or "buyer@example.com", name=cart.name or "A. Buyer", address=address)
        await set_details(db, cart_id, details, actor=_SUITE, now=now)
        seen = await price_cart(db, cart_id, now=now)
        offered = [option.code for option in sorted(seen.shipping_options, key=lambda option: option.fee)]
        if offered and seen.shipping is None:
            await set_details(db, cart_id, CartDetails(shipping_method=offered[0]), actor=_SUITE, now=now)
            seen = await price_cart(db, cart_id, now=now)
        if seen.total != shown:
            await note_shown(db, {cart_id: seen.total})


@post("/testing/simulate-shipping/{order:str}", status_code=200, include_in_schema=False)
async def simulate_shipping(request: AnyRequest, order: FromPath[str]) -> Response[bytes]:
    """The whole order leaves. Needs the secret in Simulation-Secret."""
    door = _rehearsing(request)
    if request.headers.get("simulation-secret") != door.settings.ucp_rehearsal:
        raise Forbidden(permission="rehearsal")
    number = _order_id(order)

    async def shipping() -> None:
        now = door.clock.now()
        async with door.database.transaction() as db:
            picked = await start_picking(db, number, actor=_SUITE, now=now)
            for parcel in picked.fulfilments:
                await ship(db, parcel.id, tracking_number=None, actor=_SUITE, now=now)

    await _once_paid(shipping)
    return Response(b'{"status":"shipped"}', media_type="application/json")


@post("/ucp/v1/testing/orders/{order:str}/adjust", status_code=200, include_in_schema=False)
async def adjust_order(request: AnyRequest, order: FromPath[str]) -> Response[bytes]:
    """Pieces of a line are given back."""
    door = _rehearsing(request)
    data = await read(request, _adjust_in)
    number = _order_id(order)

    async def refunding() -> None:
        async with door.database.transaction() as db:
            await refund_order(
                db,
                number,
                lines={await _line_of(db, number, data.line_item_id): data.quantity},
                to="payment",
                reason="rehearsal",
                key=str(uuid4()),
                actor=_SUITE,
                now=door.clock.now(),
            )

    await _once_paid(refunding)
    return Response(b'{"status":"adjusted"}', media_type="application/json")


async def _line_of(db: Connection, order_id: UUID, told: str) -> UUID:
    """The order's line, by its own id or by the one that it had in the session."""
    found: UUID | None = await db.fetchval(
        """
        select line.id from order_line line left join cart_line wanted on wanted.variant_id = line.variant_id
         where line.order_id = $1 and $2 in (line.id::text, wanted.id::text)
        """,
        order_id,
        told,
    )
    if found is None:
        raise NotFound(what="line")
    return found


def _rehearsing(request: AnyRequest) -> Door:
    door: Door = request.app.state.site
    if not door.settings.ucp_rehearsal:
        raise NotFound(what="page")
    return door


def _order_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what="order") from None


async def _once_paid(doing: Any) -> None:
    """Try it until the money has arrived: capturing it is another process's work."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while True:
        try:
            return await doing()  # type: ignore[no-any-return]
        except (NotPaidYet, KupecError) as error:
            if error.status == 404 or loop.time() > until:
                raise
        await asyncio.sleep(0.1)


routes: list[Any] = [simulate_shipping, adjust_order]
