"""Carts and orders as the protocol shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.billing import Refund
from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.settings import Settings
from kupec.machines.ucp.details import KEPT
from kupec.machines.ucp.discounts import discounts, off_lines, rejected_codes
from kupec.machines.ucp.profile import (
    CAPABILITIES,
    basket_metadata,
    checkout_metadata,
    error_metadata,
    order_metadata,
)
from kupec.machines.ucp.shapes import (
    Adjustment,
    Buyer,
    Checkout,
    CheckoutStatus,
    Destination,
    ErrorResponse,
    Expectation,
    Fulfillment,
    FulfillmentEvent,
    Group,
    Item,
    LineItem,
    Link,
    Message,
    Method,
    Option,
    Order,
    OrderConfirmation,
    OrderFulfillment,
    OrderLineItem,
    OrderQuantity,
    Pieces,
    PostalAddress,
    Total,
    TotalPart,
)
from kupec.machines.ucp.shapes import Cart as Basket
from kupec.machines.ucp.standing import Placed, Session
from kupec.sales import (
    Address,
    Cart,
    Fulfilment,
    OrderRefund,
    PricedCart,
    Problem,
    ShippingOption,
    cart_link,
    status_token,
)
from kupec.sales import Order as SalesOrder
from kupec.sales import OrderLine as SalesLine

_METHOD = "$.fulfillment.methods[0]"
_PATHS = {
    "email": "$.buyer.email",
    "phone": "$.buyer.phone_number",
    "name": "$.buyer.first_name",
    "lines": "$.line_items",
    "expected_total": "$.totals",
    "shipping_method": f"{_METHOD}.groups[0].selected_option_id",
    "address.name": f"{_METHOD}.destinations[0].first_name",
    "address.street": f"{_METHOD}.destinations[0].street_address",
    "address.city": f"{_METHOD}.destinations[0].address_locality",
    "address.postcode": f"{_METHOD}.destinations[0].postal_code",
    "address.country": f"{_METHOD}.destinations[0].address_country",
}
_CODES = {
    "not_enough_stock": "out_of_stock",
    "not_sold": "item_unavailable",
    "country_not_served": "address_undeliverable",
}


def checkout(
    session: Session,
    settings: Settings,
    *,
    messages: Sequence[Message] = (),
    spoken: frozenset[str] = CAPABILITIES,
) -> Checkout:
    """A session in its present state, with `messages` and what it still lacks, to whom `spoken` is understood by."""
    seen, cart = session.seen, session.seen.cart
    status = _status(session)
    told = [*messages]
    if status == "requires_escalation":
        told.append(_escalation(cart.language))
    if cart.state == "open":
        said = {message.path for message in messages}
        lacking = (_problem(problem, cart.language) for problem in seen.problems)
        told.extend(message for message in lacking if message.path not in said)
    reduced = "dev.ucp.shopping.discount" in spoken
    if reduced:
        told.extend(rejected_codes(seen))
    return Checkout(
        ucp=checkout_metadata(settings.card_gateway_url, spoken),
        id=str(cart.id),
        status=status,
        currency=seen.currency,
        line_items=line_items(seen, settings),
        buyer=buyer(cart, session.consent if "dev.ucp.shopping.buyer_consent" in spoken else {}),
        discounts=discounts(seen) if reduced else None,
        totals=_totals(
            seen,
            cart.language,
            off_goods=sum(off_lines(seen).values()),
            fee=seen.shipping_fee if seen.shipping else None,
            shipping_name=seen.shipping.name if seen.shipping else None,
            payment_name=seen.payment.name if seen.payment else None,
        ),
        fulfillment=_fulfillment(seen, settings),
        messages=told or None,
        links=links(settings, cart.language),
        continue_url=session.payment.action_url if session.payment and status == "requires_escalation" else None,
        order=_confirmation(session.placed, settings) if session.placed else None,
    )


def basket(
    seen: PricedCart, settings: Settings, *, messages: Sequence[Message] = (), spoken: frozenset[str] = CAPABILITIES
) -> Basket:
    """A cart as it stands: what its goods would cost, and what is wrong with them."""
    cart = seen.cart
    told = [*messages]
    told.extend(_problem(problem, cart.language) for problem in seen.problems if problem.field.startswith("lines"))
    reduced = "dev.ucp.shopping.discount" in spoken
    if reduced:
        told.extend(rejected_codes(seen))
    return Basket(
        ucp=basket_metadata(spoken),
        id=str(cart.id),
        currency=seen.currency,
        line_items=line_items(seen, settings),
        buyer=buyer(cart, {}),
        discounts=discounts(seen) if reduced else None,
        totals=_totals(
            seen,
            cart.language,
            off_goods=sum(off_lines(seen).values()),
            fee=seen.shipping_fee if seen.shipping else None,
            shipping_name=seen.shipping.name if seen.shipping else None,
            payment_name=None,
        ),
        messages=told or None,
        links=links(settings, cart.language),
        continue_url=settings.base_url + cart_link(settings.secret, cart.id, cart.language),
    )


def error(code: str, content: str, *, path: str | None = None) -> ErrorResponse:
    return ErrorResponse(ucp=error_metadata(), messages=[message(code, content, path=path, severity="unrecoverable")])


def message(
    code: str,
    content: str,
    *,
    path: str | None = None,
    severity: Literal["recoverable", "requires_buyer_review", "unrecoverable"] = "recoverable",
) -> Message:
    return Message(type="error", code=code, content=content, path=path, severity=severity)


def refusal(error: KupecError, language: str) -> Message:
    """Why something was not done to a session that stands."""
    code = _CODES.get(error.code, error.code)
    return message(code, explain(error, language), path=path_of(error.field))


def path_of(field: str | None) -> str | None:
    """Where in the protocol's resource a field of ours stands."""
    if field is None:
        return None
    return _PATHS.get(field) or "$." + field.replace("lines[", "line_items[")


def _status(session: Session) -> CheckoutStatus:
    payment, state = session.payment, session.seen.cart.state
    if session.placed is not None:
        return "completed"
    if state == "cancelled":
        return "canceled"
    if payment is not None and payment.state == "requires_action":
        return "requires_escalation"
    if payment is not None and payment.state in ("pending", "authorised"):
        return "complete_in_progress"
    return "incomplete" if session.seen.problems else "ready_for_complete"


def _escalation(language: str) -> Message:
    text = translate(language, _("The buyer's bank asks them to confirm the payment."))
    return message("payment_confirmation_required", text, path="$.payment", severity="requires_buyer_review")


def _problem(problem: Problem, language: str) -> Message:
    content = translate(language, problem.message).format_map(problem.details)
    return message(_CODES.get(problem.code, problem.code), content, path=path_of(problem.field))


def line_items(seen: PricedCart, settings: Settings) -> list[LineItem]:
    """The lines, each with what is off that very line; what is off the whole stands in the totals."""
    off = off_lines(seen)
    return [
        LineItem(
            id=str(line.id),
            item=Item(
                id=str(line.variant_id),
                title=line.name,
                price=line.unit_amount,
                image_url=f"{settings.base_url}/media/{line.picture}" if line.picture else None,
            ),
            quantity=line.quantity,
            totals=_line_totals(line.total + line.discount - off.get(line.id, 0), off.get(line.id, 0)),
        )
        for line in seen.lines
    ]


def _line_totals(amount: int, discount: int) -> list[Total]:
    rows = [Total(type="subtotal", amount=amount + discount)]
    if discount:
        rows.append(Total(type="items_discount", amount=-discount))
    rows.append(Total(type="total", amount=amount))
    return rows


def _totals(
    sale: PricedCart | SalesOrder,
    language: str,
    *,
    off_goods: int,
    fee: int | None,
    shipping_name: str | None,
    payment_name: str | None,
) -> list[Total]:
    """Prices include VAT, so the tax is a part of the total, shown as its breakdown, and adds nothing.

    `off_goods` is what single lines became cheaper by; the rest of the discounts is off the whole, or off delivery.
    """
    rows = [Total(type="subtotal", amount=sale.subtotal + sale.discount)]
    if off_goods:
        rows.append(Total(type="items_discount", amount=-off_goods))
    off_whole = sale.discount - off_goods + (sale.shipping_discount if fee is not None else 0)
    if off_whole:
        rows.append(Total(type="discount", amount=-off_whole))
    if fee is not None:
        whole_fee = fee + sale.shipping_discount
        rows.append(Total(type="fulfillment", amount=whole_fee, display_text=shipping_name or None))
    if sale.payment_fee:
        rows.append(Total(type="fee", amount=sale.payment_fee, display_text=payment_name or None))
    if sale.rounding:
        rows.append(
            Total(type="rounding", amount=sale.rounding, display_text=translate(language, _("Rounding to whole coins")))
        )
    parts = [
        TotalPart(display_text=translate(language, _("Without VAT")), amount=sale.total - sale.tax),
        TotalPart(display_text=translate(language, _("VAT")), amount=sale.tax),
    ]
    rows.append(Total(type="total", amount=sale.total, lines=parts))
    return rows


def buyer(cart: Cart, consent: Mapping[str, bool]) -> Buyer | None:
    if not (cart.name or cart.email or cart.phone or consent):
        return None
    first, _, last = (cart.name or "").partition(" ")
    return Buyer(
        first_name=first or None,
        last_name=last or None,
        email=cart.email,
        phone_number=cart.phone,
        consent=dict(consent) or None,
    )


def _fulfillment(seen: PricedCart, settings: Settings) -> Fulfillment:
    line_ids = [str(line.id) for line in seen.lines]
    address = seen.cart.address
    options = [_option(option, settings) for option in seen.shipping_options]
    group = Group(
        id="parcel",
        line_item_ids=line_ids,
        options=options,
        selected_option_id=seen.shipping.code if seen.shipping else None,
    )
    return Fulfillment(
        methods=[
            Method(
                id="shipping",
                type="shipping",
                line_item_ids=line_ids,
                destinations=[_destination(address)] if address else [],
                selected_destination_id=KEPT if address else None,
                groups=[group],
            )
        ]
    )


def _option(option: ShippingOption, settings: Settings) -> Option:
    by_evening = datetime.combine(option.promised_on, time(20), ZoneInfo(settings.shop_timezone))
    return Option(
        id=option.code,
        title=option.name,
        carrier=option.carrier,
        latest_fulfillment_time=by_evening.isoformat(),
        totals=[Total(type="total", amount=option.fee)],
    )


def _destination(address: Address) -> Destination:
    first, _, last = address.name.partition(" ")
    return Destination(
        id=KEPT,
        first_name=first or None,
        last_name=last or None,
        street_address=address.street,
        address_locality=address.city,
        postal_code=address.postcode,
        address_country=address.country,
    )


def links(settings: Settings, language: str) -> list[Link]:
    return [
        Link(type="privacy_policy", url=f"{settings.base_url}/{language}/info/privacy"),
        Link(type="terms_of_service", url=f"{settings.base_url}/{language}/info/terms"),
        Link(type="shipping_policy", url=f"{settings.base_url}/{language}/info/delivery"),
    ]


def permalink(order: SalesOrder | Placed, settings: Settings) -> str:
    """The guest's status page."""
    return f"{settings.base_url}/{order.language}/order/{status_token(settings.secret, order.id)}"


def _confirmation(order: Placed, settings: Settings) -> OrderConfirmation:
    return OrderConfirmation(id=str(order.id), label=order.number, permalink_url=permalink(order, settings))


def order(
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
        totals=_totals(
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
        totals=_line_totals(line.total, line.discount),
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
        description=f"{order.shipping_name}, {order.promised_on.isoformat()}" if order.promised_on else None,
    )


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
