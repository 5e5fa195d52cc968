"""Sessions and carts as the protocol shows them."""

from collections.abc import Mapping, Sequence

from kupec.kit.settings import Settings
from kupec.machines.ucp.delivering import fulfillment
from kupec.machines.ucp.discounts import discounts, off_lines, rejected_codes
from kupec.machines.ucp.messages import escalation, problem_message
from kupec.machines.ucp.orders import permalink
from kupec.machines.ucp.profile import CAPABILITIES, basket_metadata, checkout_metadata
from kupec.machines.ucp.shapes import (
    Buyer,
    Checkout,
    CheckoutStatus,
    Item,
    LineItem,
    Link,
    Message,
    OrderConfirmation,
    Payment,
)
from kupec.machines.ucp.shapes import Cart as Basket
from kupec.machines.ucp.standing import Placed, Session
from kupec.machines.ucp.totals import line_totals, totals_of
from kupec.sales import Cart, PricedCart, cart_link

_NO_INSTRUMENT = Payment(instruments=[])


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
        told.append(escalation(cart.language))
    if cart.state == "open":
        said = {message.path for message in messages}
        lacking = (problem_message(problem, cart.language) for problem in seen.problems)
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
        buyer=buyer(session.told, session.consent if "dev.ucp.shopping.buyer_consent" in spoken else {}),
        discounts=discounts(seen) if reduced else None,
        totals=totals_of(
            seen,
            cart.language,
            off_goods=sum(off_lines(seen).values()),
            fee=seen.shipping_fee if seen.shipping else None,
            shipping_name=seen.shipping.name if seen.shipping else None,
            payment_name=seen.payment.name if seen.payment else None,
        ),
        fulfillment=fulfillment(session, settings),
        payment=_NO_INSTRUMENT,
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
    of_goods = [problem for problem in seen.problems if problem.field.startswith("lines")]
    told.extend(problem_message(problem, cart.language) for problem in of_goods)
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
        totals=totals_of(
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
            totals=line_totals(line.total + line.discount - off.get(line.id, 0), off.get(line.id, 0)),
        )
        for line in seen.lines
    ]


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


def links(settings: Settings, language: str) -> list[Link]:
    return [
        Link(type="privacy_policy", url=f"{settings.base_url}/{language}/info/privacy"),
        Link(type="terms_of_service", url=f"{settings.base_url}/{language}/info/terms"),
        Link(type="shipping_policy", url=f"{settings.base_url}/{language}/info/delivery"),
    ]


def _confirmation(order: Placed, settings: Settings) -> OrderConfirmation:
    return OrderConfirmation(id=str(order.id), label=order.number, permalink_url=permalink(order, settings))
