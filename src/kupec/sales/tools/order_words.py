"""How an order and its parcels are told in a conversation."""

from collections.abc import Sequence
from datetime import date

import msgspec

from kupec.billing import Payment, payments_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, listed, money_said, words
from kupec.kit.tools import ToolContext
from kupec.sales.delivery import promised_day
from kupec.sales.models import Fulfilment, Order
from kupec.sales.parcel_words import TRACKING_WORDS
from kupec.sales.shipping import tariff
from kupec.sales.tools.shapes_orders import ShownItem, ShownParcel

STATES = {
    "placed": _("we have it and are about to pack it"),
    "picking": _("it is being packed"),
    "shipped": _("it is on its way"),
    "delivered": _("it was delivered"),
    "cancelled": _("it is cancelled"),
}
TOLD = {
    "placed": _("We have order {number} and are about to pack it."),
    "picking": _("Order {number} is being packed."),
    "shipped": _("Order {number} is on its way."),
    "delivered": _("Order {number} was delivered."),
    "cancelled": _("Order {number} is cancelled."),
}
PARCELS = {
    "picking": _("being packed"),
    "transfer": _("on its way to our counter"),
    "ready": _("waits at our counter"),
    "shipped": _("on its way"),
    "delivered": _("delivered"),
    "returned": _("came back to us"),
}
_GONE = ("transfer", "ready", "shipped", "delivered", "returned")


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """How an order is paid, in words; `owed` in minor units is still to come."""

    text: str
    owed: int


def state_said(order: Order, language: str) -> str:
    return translate(language, STATES.get(order.state, order.state))


def order_told(order: Order, language: str) -> str:
    """Where the order stands, as a sentence."""
    return words(language, TOLD.get(order.state, _("Order {number}")), number=order.number or "")


def parcels_said(context: ToolContext, order: Order) -> list[ShownParcel]:
    """The parcels that are not cancelled."""
    return [_parcel(context, parcel, order) for parcel in order.fulfilments if parcel.state != "cancelled"]


def _parcel(context: ToolContext, parcel: Fulfilment, order: Order) -> ShownParcel:
    language = context.language
    said = translate(language, PARCELS.get(parcel.state, parcel.state))
    if parcel.state == "shipped" and parcel.tracking_state in TRACKING_WORDS:
        said = translate(language, TRACKING_WORDS[parcel.tracking_state])
    moment = parcel.delivered_at.astimezone(context.zone).date() if parcel.delivered_at else None
    coming = (parcel.promised_on or order.promised_on) if parcel.state not in ("delivered", "returned") else None
    on = moment or coming
    day = day_said(on, language, today=context.today) if on else ""
    names = {line.id: line.name for line in order.lines}
    inside = listed([f"{pieces} × {names.get(line_id, '')}" for line_id, pieces in parcel.quantities.items()], language)
    return ShownParcel(
        title=parcel.carrier or parcel.location,
        lines=[line for line in (said, day, inside) if line],
        url=parcel.tracking_url or "",
        value=order.number or "",
        state=parcel.state,
        state_text=said,
        carrier=parcel.carrier or "",
        tracking_number=parcel.tracking_number or "",
        day_text=day,
    )


def items_said(order: Order, language: str) -> list[ShownItem]:
    return [
        ShownItem(
            sku=line.sku,
            title=line.name,
            quantity=line.quantity,
            total=line.total,
            total_text=money_said(line.total, order.currency, language),
        )
        for line in order.lines
    ]


def goods_said(items: Sequence[ShownItem], language: str) -> str:
    return listed([f"{item.quantity} × {item.title}" for item in items], language)


async def leaves_on(db: Connection, order: Order) -> date | None:
    """The day on which an order that is still here is to leave; None for one that has left, or is collected."""
    if order.state not in ("placed", "picking") or order.placed_at is None:
        return None
    method = (await tariff(db)).document.method(order.shipping_method)
    if method is None or method.kind == "pickup" or any(parcel.state in _GONE for parcel in order.fulfilments):
        return None
    return promised_day(
        order.placed_at,
        timezone=method.timezone,
        cut_off=method.cut_off,
        transit_days=0,
        origin_country=method.origin_country,
        destination_country=order.address.country,
        lead_days=max((line.lead_days for line in order.lines), default=0),
    )


async def money_of(db: Connection, order: Order, language: str) -> Money:
    """How the order is paid, or what is still to be paid by when."""
    payments = [payment for payment in await payments_of(db, order.id) if payment.state not in ("failed", "voided")]
    owed = sum(payment.owed for payment in payments)
    if order.state == "cancelled":
        return Money(text="", owed=0)
    if owed:
        return Money(text=_owed(payments, owed, order, language), owed=owed)
    if any(payment.state == "requires_action" for payment in payments):
        return Money(text=translate(language, _("It waits for the payment.")), owed=0)
    return Money(text=translate(language, _("It is paid.")), owed=0)


def _owed(payments: Sequence[Payment], owed: int, order: Order, language: str) -> str:
    amount = money_said(owed, order.currency, language)
    due = min((payment.due_on for payment in payments if payment.owed and payment.due_on), default=None)
    if any(payment.owed and payment.provider == "cod" for payment in payments):
        return words(language, _("{amount} is paid on delivery."), amount=amount)
    if due is None:
        return words(language, _("{amount} is still to be paid."), amount=amount)
    return words(
        language,
        _("{amount} is to be paid by {day}."),
        amount=amount,
        day=day_said(due, language, today=date(due.year, 1, 1)),
    )
