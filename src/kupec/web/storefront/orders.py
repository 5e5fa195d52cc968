"""An order as its buyer follows it, by a signed link, live."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from kupec.billing import document_pdf, documents_of
from kupec.kit.errors import NotFound
from kupec.kit.live import Hub, Reload, position_of
from kupec.sales import Fulfilment, Order, reviewable
from kupec.web.portal.gate import owner_may
from kupec.web.portal.order_here import order_here
from kupec.web.rendering import pdf_file, site_of
from kupec.web.storefront.paying import to_pay
from kupec.web.storefront.shop import open_shop, page
from kupec.web.storefront.tracking import order_tracking

_HEARTBEAT = 20.0

AnyRequest = Request[Any, Any, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One station of an order's way."""

    kind: Literal["placed", "picking", "shipped", "ready", "delivered", "cancelled"]
    reached: Literal["done", "now", "ahead"]
    at: datetime | None = None
    expected: date | None = None
    parcel: Fulfilment | None = None
    position: int = 1
    """Which of several parcels."""


def journey(order: Order, *, collected: bool = False) -> list[Step]:
    """Where the order has been, where it is, and what lies ahead, in this order; `collected` at our counter or sent."""
    steps = [Step(kind="placed", reached="now" if order.state == "placed" else "done", at=order.placed_at)]
    if order.state == "cancelled":
        return [*steps, Step(kind="cancelled", reached="now", at=order.cancelled_at)]
    parcels = [parcel for parcel in order.fulfilments if parcel.state != "cancelled"]
    picked = min((parcel.picked_at for parcel in parcels if parcel.picked_at), default=None)
    steps.append(Step(kind="picking", reached=_reached(order, "picking", ("shipped", "delivered")), at=picked))
    if collected or any(parcel.state in ("transfer", "ready") or parcel.ready_at for parcel in parcels):
        return [*steps, *_to_the_counter(order, parcels)]
    for position, parcel in enumerate(parcels, start=1):
        if parcel.shipped_at:
            reached: Literal["done", "now"] = "now" if parcel.state == "shipped" else "done"
            steps.append(Step(kind="shipped", reached=reached, at=parcel.shipped_at, parcel=parcel, position=position))
    if not any(parcel.shipped_at for parcel in parcels):
        steps.append(Step(kind="shipped", reached=_reached(order, "shipped", ("delivered",))))
    for position, parcel in enumerate(parcels, start=1):
        if parcel.delivered_at:
            last = order.state == "delivered" and position == len(parcels)
            steps.append(
                Step(
                    kind="delivered",
                    reached="now" if last else "done",
                    at=parcel.delivered_at,
                    parcel=parcel,
                    position=position,
                )
            )
    if order.state != "delivered":
        steps.append(Step(kind="delivered", reached="ahead", expected=order.promised_on))
    return steps


def _to_the_counter(order: Order, parcels: list[Fulfilment]) -> list[Step]:
    """Of what is collected: when it waits, and when it was taken."""
    there = [parcel.ready_at for parcel in parcels if parcel.ready_at]
    ready = max(there) if there and len(there) == len(parcels) else None
    taken = max((parcel.delivered_at for parcel in parcels if parcel.delivered_at), default=None)
    done = order.state == "delivered"
    return [
        Step(
            kind="ready",
            reached="done" if done else "now" if ready else "ahead",
            at=ready,
            expected=order.promised_on,
        ),
        Step(kind="delivered", reached="now" if done else "ahead", at=taken if done else None),
    ]


def _reached(order: Order, state: str, later: tuple[str, ...]) -> Literal["done", "now", "ahead"]:
    if order.state == state:
        return "now"
    return "done" if order.state in later else "ahead"


@get("/{language:str}/order/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, token)
        documents = await documents_of(db, order.id)
        to_review = bool(await reviewable(db, order))
        tracking = await order_tracking(db, order, shop.language, now=site.clock.now())
        me = shop.customer
        mine = me is not None and await owner_may(db, me, order.customer_id, "buy")
        owed = await to_pay(db, order, shop.language) if order.state != "cancelled" else {"to_pay": None}
    return page(
        request,
        shop,
        "order.html",
        headers={"Cache-Control": "no-store"},
        order=order,
        steps=journey(order, collected=tracking["collected"]),
        parcels=[parcel for parcel in order.fulfilments if parcel.state != "cancelled"],
        token=token,
        documents=[document for document in documents if document.rendered_at],
        to_review=to_review,
        mine=mine,
        **owed,
        **tracking,
    )


@get("/{language:str}/order/{token:str}/documents/{document_id:uuid}", include_in_schema=False)
async def document_file(request: AnyRequest, token: FromPath[str], document_id: FromPath[UUID]) -> Response[bytes]:
    """An invoice or credit note of the order that the link opens, as it was sent."""
    site = site_of(request)
    async with site.database.reading() as db:
        order = await order_here(request, db, token)
        document = next((each for each in await documents_of(db, order.id) if each.id == document_id), None)
        content = await document_pdf(db, document_id) if document else None
    if document is None or content is None:
        raise NotFound(what="document")
    return pdf_file(document.number or "", content)


@get("/{language:str}/order/{token:str}/live", include_in_schema=False)
async def live(request: AnyRequest, token: FromPath[str]) -> ServerSentEvent:
    """Tells the page that something has happened to its order; the page then loads itself anew."""
    site = site_of(request)
    async with site.database.reading() as db:
        order = await order_here(request, db, token)
    last_seen = request.headers.get("last-event-id")
    return ServerSentEvent(
        _changes(site.live, f"order:{order.id}", last_seen),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _changes(hub: Hub, subject: str, last_seen: str | None) -> AsyncIterator[ServerSentEventMessage]:
    async with hub.stream(subject=subject, after=last_seen) as stream:
        yield ServerSentEventMessage(data=None, comment="listening", retry=3000)
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    happened = await anext(stream)
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="still here")
                continue
            except StopAsyncIteration:
                return
            if isinstance(happened, Reload):
                yield ServerSentEventMessage(data='{"type":"reload"}', id=happened.position)
            else:
                data = msgspec.json.encode({"type": happened.name}).decode()
                yield ServerSentEventMessage(data=data, id=position_of(happened))
