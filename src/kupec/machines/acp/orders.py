"""Orders as the protocol shows them, in a session and in what a platform's webhook is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from kupec.billing import Refund
from kupec.kit.settings import Settings
from kupec.machines.acp.money import line_totals, sale_totals
from kupec.machines.acp.shapes import (
    Address,
    Adjustment,
    Confirmation,
    Fulfillment,
    FulfillmentEvent,
    Order,
    OrderLine,
    OrderQuantity,
    Pieces,
    Support,
)
from kupec.sales import Address as SalesAddress
from kupec.sales import Fulfilment as Parcel
from kupec.sales import Order as SalesOrder
from kupec.sales import OrderLine as SalesLine
from kupec.sales import status_token

OrderStatus = Literal["confirmed", "processing", "shipped", "completed", "canceled"]
_STATUS: dict[str, OrderStatus] = {
    "placed": "confirmed",
    "picking": "processing",
    "shipped": "shipped",
    "delivered": "completed",
    "cancelled": "canceled",
}
_PARCELS = {
    "picking": "processing",
    "transfer": "processing",
    "ready": "ready_for_pickup",
    "shipped": "shipped",
    "delivered": "delivered",
    "returned": "failed",
    "cancelled": "canceled",
}
_REFUNDS: dict[str, Literal["pending", "completed", "failed"]] = {
    "pending": "pending",
    "done": "completed",
    "failed": "failed",
}


def order(sold: SalesOrder, refunds: Sequence[Refund], settings: Settings, *, told: bool = False) -> Order:
    """An order as it stands; `told` where it is the content of a webhook."""
    page = f"{settings.base_url}/{sold.language}/order/{status_token(settings.secret, sold.id)}"
    left = _left(sold.fulfilments)
    cancelled = sold.state == "cancelled"
    refunded = sum(refund.amount for refund in refunds if refund.state == "done")
    return Order(
        type="order" if told else None,
        id=str(sold.id),
        checkout_session_id=str(sold.cart_id),
        permalink_url=page,
        order_number=sold.number or "",
        status=_STATUS[sold.state],
        confirmation=Confirmation(confirmation_number=sold.number or "", receipt_url=page),
        support=Support(email=settings.shop_email),
        line_items=[_line(line, left.get(line.id, 0), sold.language, cancelled) for line in sold.lines],
        totals=sale_totals(
            sold, sold.language, fee=sold.shipping_amount, country=sold.tax_country or "", refunded=refunded
        ),
        fulfillments=[_parcel(parcel, sold) for parcel in sold.fulfilments if parcel.contents],
        adjustments=[*_cancellation(sold), *(_refund(refund, sold.currency) for refund in refunds)],
    )


def address(place: SalesAddress) -> Address:
    return Address(
        name=place.name,
        line_one=place.street,
        city=place.city,
        country=place.country,
        postal_code=place.postcode,
    )


def _left(parcels: Sequence[Parcel]) -> dict[UUID, int]:
    """Pieces that have left, by order line."""
    counts: dict[UUID, int] = {}
    for parcel in parcels:
        if parcel.state in ("shipped", "delivered"):
            for line_id, pieces in parcel.quantities.items():
                counts[line_id] = counts.get(line_id, 0) + pieces
    return counts


def _line(line: SalesLine, left: int, language: str, cancelled: bool) -> OrderLine:
    current = 0 if cancelled else line.quantity
    status: Literal["processing", "partial", "fulfilled", "removed"] = "processing"
    if not current:
        status = "removed"
    elif left:
        status = "fulfilled" if left >= current else "partial"
    return OrderLine(
        id=str(line.id),
        title=line.name,
        quantity=OrderQuantity(ordered=line.quantity, current=current, fulfilled=left),
        unit_price=line.unit_amount,
        subtotal=line.total,
        totals=line_totals(line, language),
        status=status,
    )


def _parcel(parcel: Parcel, sold: SalesOrder) -> Fulfillment:
    steps: tuple[tuple[Literal["shipped", "delivered"], datetime | None], ...] = (
        ("shipped", parcel.shipped_at),
        ("delivered", parcel.delivered_at),
    )
    here = parcel.state in ("transfer", "ready")
    return Fulfillment(
        id=str(parcel.id),
        type="pickup" if here else "shipping",
        status=_PARCELS[parcel.state],
        line_items=[Pieces(id=str(line_id), quantity=pieces) for line_id, pieces in parcel.quantities.items()],
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        destination=address(sold.address),
        events=[
            FulfillmentEvent(id=f"{parcel.id}-{step}", type=step, occurred_at=moment.isoformat())
            for step, moment in steps
            if moment is not None
        ]
        or None,
    )


def _cancellation(sold: SalesOrder) -> list[Adjustment]:
    if sold.state != "cancelled":
        return []
    return [
        Adjustment(
            id=f"{sold.id}-cancelled",
            type="cancellation",
            occurred_at=(sold.cancelled_at or sold.created_at).isoformat(),
            status="completed",
            line_items=[Pieces(id=str(line.id), quantity=line.quantity) for line in sold.lines],
        )
    ]


def _refund(refund: Refund, currency: str) -> Adjustment:
    """Without its reason: that is what staff tell each other."""
    return Adjustment(
        id=str(refund.id),
        type="refund",
        occurred_at=refund.created_at.isoformat(),
        status=_REFUNDS[refund.state],
        amount=refund.amount,
        currency=currency.lower(),
    )
