"""Orders of the admin API: read, and taken on their way."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.integrations import OrderOut, OrderPage, orders_by_ids, read_order, read_orders
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.sales import OrderState, cancel_order, mark_delivered, ship, start_picking
from kupec.web.api.bodies import CancelIn, DeliveredIn, ShipIn
from kupec.web.api.handling import Query, answer, read, take_effect
from kupec.web.rendering import AnyRequest, site_of

STATES = tuple(state for state in get_args(OrderState) if state not in ("draft", "abandoned"))
MOST = 100
_ship_in = msgspec.json.Decoder(ShipIn)
_delivered_in = msgspec.json.Decoder(DeliveredIn)
_cancel_in = msgspec.json.Decoder(CancelIn)


@get("/orders", opt={"scope": "orders.read"})
async def list_all(request: AnyRequest) -> Response[bytes]:
    """Orders, the oldest first; or those of `ids`."""
    query = Query(request)
    ids = [_uuid(word, "ids") for word in query.words("ids", most=MOST)]
    async with site_of(request).database.reading() as db:
        if ids:
            return answer(OrderPage(orders=await orders_by_ids(db, ids), next_cursor=None))
        page = await read_orders(
            db,
            cursor=query.text("cursor"),
            state=query.choice("state", STATES),
            since=query.moment("since"),
            limit=query.limit(MOST),
        )
    return answer(page)


@get("/orders/{order:str}", opt={"scope": "orders.read"})
async def get_one(request: AnyRequest, order: FromPath[str]) -> Response[bytes]:
    """One order, by its id or number."""
    async with site_of(request).database.reading() as db:
        return answer(await read_order(db, order))


@post("/orders/{order:str}/start-picking", opt={"scope": "orders.write"}, status_code=200)
async def begin_picking(request: AnyRequest, order: FromPath[str]) -> Any:
    """Make the picking lists."""

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        found = await read_order(db, order)
        await start_picking(db, found.id, actor=actor, now=now)
        return await read_order(db, order)

    return await take_effect(request, work, key="optional")


@post("/orders/{order:str}/ship", opt={"scope": "orders.write"}, status_code=200)
async def ship_one(request: AnyRequest, order: FromPath[str]) -> Any:
    """A parcel leaves."""
    data = await read(request, _ship_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        parcel = _parcel(await read_order(db, order), data.fulfilment_id, "picking")
        await ship(db, parcel, tracking_number=data.tracking_number, carrier=data.carrier, actor=actor, now=now)
        return await read_order(db, order)

    return await take_effect(request, work, key="optional")


@post("/orders/{order:str}/delivered", opt={"scope": "orders.write"}, status_code=200)
async def deliver_one(request: AnyRequest, order: FromPath[str]) -> Any:
    """A parcel has arrived."""
    data = await read(request, _delivered_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        parcel = _parcel(await read_order(db, order), data.fulfilment_id, "shipped")
        await mark_delivered(db, parcel, actor=actor, now=now)
        return await read_order(db, order)

    return await take_effect(request, work, key="optional")


@post("/orders/{order:str}/cancel", opt={"scope": "orders.write"}, status_code=200)
async def cancel_one(request: AnyRequest, order: FromPath[str]) -> Any:
    """Cancel before anything has left."""
    data = await read(request, _cancel_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        found = await read_order(db, order)
        await cancel_order(db, found.id, reason=data.reason, actor=actor, now=now)
        return await read_order(db, order)

    return await take_effect(request, work, key="optional")


def _parcel(order: OrderOut, given: str | None, state: str) -> UUID:
    """The parcel that is meant: one of this order's. Raises InvalidValue (fulfilment_id)."""
    if given is not None:
        wanted = _uuid(given, "fulfilment_id")
        if any(parcel.id == wanted for parcel in order.fulfilments):
            return wanted
        raise InvalidValue(field="fulfilment_id", expected="a fulfilment of this order")
    there = [parcel.id for parcel in order.fulfilments if parcel.state == state]
    if len(there) != 1:
        raise InvalidValue(field="fulfilment_id", expected=f"one of the {len(there)} fulfilments in state {state}")
    return there[0]


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidValue(field=field, expected="an id") from None
