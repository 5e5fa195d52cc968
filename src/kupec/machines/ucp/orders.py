"""Orders as the protocol shows them: what was bought, what has left, what went back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from kupec.billing import Refund
from kupec.kit.settings import Settings
from kupec.machines.ucp.delivering import delivery_title
from kupec.machines.ucp.profile import order_metadata
from kupec.machines.ucp.shapes import (
    Adjustment,
    Expectation,
    FulfillmentEvent,
    Item,
    Order,
    OrderFulfillment,
    OrderLineItem,
    OrderQuantity,
    Pieces,
    PostalAddress,
    Total,
)
from kupec.machines.ucp.standing import Placed
from kupec.machines.ucp.totals import line_totals, totals_of
from kupec.sales import Fulfilment, OrderRefund, status_token
from kupec.sales import Order as SalesOrder
from kupec.sales import OrderLine as SalesLine


def order_answer(
    order: SalesOrder, refunds: Sequence[Refund], settings: Settings, *, given: Sequence[OrderRefund] = ()
) -> Order:
    """An order as it stands: what was bought, what has left, what went back; `given` says of which lines."""
    pieces = {one.created_at: one.request.get("lines", {}) for one in given}
    back: Counter[str] = Counter()
    for lines in pieces.values():
        back.update(lines)
    fulfilled = _fulfilled(order.fulfilments)
    cancelled = order.state == "cancelled"
    adjustments = [_cancellation(order)] if cancelled else []
    adjustments += [_adjustment(refund, pieces.get(refund.created_at, {})) for refund in refunds]
    return Order(
        ucp=order_metadata(),
        id=str(order.id),
        label=order.number,
        checkout_id=str(order.cart_id),
        permalink_url=permalink(order, settings),
        line_items=[
            _order_line(line, fulfilled.get(line.id, 0), back[str(line.id)], cancelled) for line in order.lines
        ],
        fulfillment=OrderFulfillment(
            expectations=[] if cancelled else [_expectation(order)],
            events=[event for parcel in order.fulfilments for event in _parcel_events(parcel)],
        ),
        currency=order.currency,
        totals=totals_of(
            order,
            order.language,
            off_goods=order.discount,
            fee=order.shipping_amount,
            shipping_name=order.shipping_name,
            payment_name=order.payment_name,
        ),
        adjustments=adjustments or None,
    )


def _fulfilled(parcels: Sequence[Fulfilment]) -> dict[UUID, int]:
    counts: dict[UUID, int] = {}
    for parcel in parcels:
        if parcel.state in ("shipped", "delivered"):
            for line_id, quantity in parcel.quantities.items():
                counts[line_id] = counts.get(line_id, 0) + quantity
    return counts


def _order_line(line: SalesLine, fulfilled: int, back: int, cancelled: bool) -> OrderLineItem:
    total = 0 if cancelled else max(line.quantity - back, 0)
    status: Literal["processing", "partial", "fulfilled", "removed"] = "processing"
    if total == 0:
        status = "removed"
    elif fulfilled:
        status = "fulfilled" if fulfilled >= total else "partial"
    return OrderLineItem(
        id=str(line.id),
        item=Item(id=str(line.variant_id or line.sku), title=line.name, price=line.unit_amount),
        quantity=OrderQuantity(original=line.quantity, total=total, fulfilled=fulfilled),
        totals=line_totals(line.total, line.discount),
        status=status,
    )


def _expectation(order: SalesOrder) -> Expectation:
    address = order.address
    first, _, last = address.name.partition(" ")
    return Expectation(
        id="parcel",
        method_type="shipping",
        line_items=[Pieces(id=str(line.id), quantity=line.quantity) for line in order.lines],
        destination=PostalAddress(
            first_name=first or None,
            last_name=last or None,
            street_address=address.street,
            address_locality=address.city,
            postal_code=address.postcode,
            address_country=address.country,
        ),
        description=_description(order),
    )


def _description(order: SalesOrder) -> str | None:
    if order.promised_on is None:
        return None
    free = order.shipping_amount == 0
    return delivery_title(order.shipping_name, order.promised_on, free=free, language=order.language)


def _parcel_events(parcel: Fulfilment) -> list[FulfillmentEvent]:
    steps: tuple[tuple[Literal["shipped", "delivered"], datetime | None], ...] = (
        ("shipped", parcel.shipped_at),
        ("delivered", parcel.delivered_at),
    )
    return [
        FulfillmentEvent(
            id=f"{parcel.id}-{step}",
            occurred_at=moment.isoformat(),
            type=step,
            line_items=[Pieces(id=str(line_id), quantity=pieces) for line_id, pieces in parcel.quantities.items()],
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            carrier=parcel.carrier,
        )
        for step, moment in steps
        if moment is not None
    ]


def _cancellation(order: SalesOrder) -> Adjustment:
    return Adjustment(
        id=f"{order.id}-cancelled",
        type="cancellation",
        occurred_at=(order.cancelled_at or order.created_at).isoformat(),
        status="completed",
        line_items=[Pieces(id=str(line.id), quantity=-line.quantity) for line in order.lines],
    )


def _adjustment(refund: Refund, lines: Mapping[str, int]) -> Adjustment:
    """Without its reason: that is what staff tell each other."""
    status: dict[str, Literal["pending", "completed", "failed"]] = {
        "pending": "pending",
        "done": "completed",
        "failed": "failed",
    }
    return Adjustment(
        id=str(refund.id),
        type="refund",
        occurred_at=refund.created_at.isoformat(),
        status=status[refund.state],
        line_items=[Pieces(id=line_id, quantity=-count) for line_id, count in lines.items()] or None,
        totals=[Total(type="total", amount=-refund.amount)],
    )


def permalink(order: SalesOrder | Placed, settings: Settings) -> str:
    """The guest's status page."""
    return f"{settings.base_url}/{order.language}/order/{status_token(settings.secret, order.id)}"
