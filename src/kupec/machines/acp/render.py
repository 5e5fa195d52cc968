"""Sessions and carts as the protocol shows them."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.settings import Settings
from kupec.machines.acp.discovery import DISCOUNTS, VERSION, card_handler
from kupec.machines.acp.money import basket_totals, line_totals, sale_totals
from kupec.machines.acp.orders import address, order
from kupec.machines.acp.sessions import Standing, parcels, path_of
from kupec.machines.acp.shapes import (
    Applied,
    Buyer,
    Capabilities,
    Cart,
    CheckoutSession,
    Coupon,
    Details,
    Discounts,
    Interventions,
    Item,
    LineItem,
    Link,
    Message,
    Option,
    Payment,
    Protocol,
    Rejected,
    Selected,
    SessionStatus,
    Total,
)
from kupec.sales import Cart as StoredCart
from kupec.sales import PricedCart, PricedLine, Problem, ShippingOption

_CODES = {
    "missing": "missing",
    "cart_empty": "missing",
    "not_enough_stock": "out_of_stock",
    "not_sold": "not_found",
    "country_not_served": "region_restricted",
    "approval_needed": "approval_required",
    "cart_closed": "conflict",
    "cart_in_payment": "conflict",
}
_BUYERS = {"email", "name", "phone"}
_REFUSED = {
    "All uses of this are taken.": "discount_code_usage_limit_reached",
    "You have used this already.": "discount_code_user_ineligible",
    "This is for first orders only.": "discount_code_user_ineligible",
    "This is for customers who have ordered before.": "discount_code_user_ineligible",
    "This is for selected customers only.": "discount_code_user_ineligible",
    "This has ended.": "discount_code_expired",
    "This coupon does not hold at the moment.": "discount_code_expired",
    "Add goods for {amount} more.": "discount_code_minimum_not_met",
    "Add {pieces} more of the goods it is for.": "discount_code_minimum_not_met",
    "The goods it is for are not in the cart.": "discount_code_minimum_not_met",
    "This cannot be combined with “{other}”.": "discount_code_combination_disallowed",
}
_INVALID = "discount_code_invalid"


def checkout(standing: Standing, settings: Settings, *, messages: Sequence[Message] = ()) -> CheckoutSession:
    """A session in its present state, with `messages` and what it still lacks."""
    seen, cart = standing.seen, standing.seen.cart
    status = _status(standing)
    told = [*messages, *_own_messages(standing, status)]
    waiting = standing.payment if status == "requires_escalation" else None
    return CheckoutSession(
        id=str(cart.id),
        protocol=Protocol(version=VERSION),
        capabilities=Capabilities(
            payment=Payment(handlers=[card_handler(settings.base_url, settings.card_gateway_url)]),
            interventions=Interventions(supported=["3ds"], enforcement="conditional"),
            extensions=[DISCOUNTS],
        ),
        status=status,
        currency=seen.currency.lower(),
        locale=standing.locale or cart.language,
        timezone=standing.timezone,
        line_items=[_line(line, cart.language, settings) for line in seen.lines],
        buyer=_buyer(cart),
        fulfillment_details=_details(cart),
        fulfillment_options=[_option(option, cart.language, settings) for option in parcels(seen)],
        selected_fulfillment_options=_selected(seen),
        totals=sale_totals(
            seen, cart.language, fee=seen.shipping_fee if seen.shipping else None, country=seen.tax_country
        ),
        messages=told,
        links=_links(settings, cart.language),
        discounts=_discounts(standing),
        created_at=cart.created_at.isoformat(),
        continue_url=waiting.action_url if waiting else None,
        order=order(standing.order, standing.refunds, settings) if standing.order else None,
    )


def basket(standing: Standing, settings: Settings) -> Cart:
    """A cart with its estimate."""
    seen, language = standing.seen, standing.seen.cart.language
    lacking = [problem for problem in seen.problems if problem.field.startswith("lines")]
    return Cart(
        id=str(seen.cart.id),
        line_items=[_line(line, language, settings) for line in seen.lines],
        currency=seen.currency.lower(),
        totals=basket_totals(seen, language),
        messages=[*(_problem(problem, language) for problem in lacking), *_rejections(standing)],
        buyer=_buyer(seen.cart),
    )


def refusal(error: KupecError, language: str) -> Message:
    """Why something was not done to a session that stands."""
    if error.code == "total_changed":
        return Message(
            type="warning",
            code="price_change",
            content_type="plain",
            content=explain(error, language),
            resolution="recoverable",
            param="$.totals",
        )
    code = _CODES.get(error.code, "invalid")
    return _error(code, explain(error, language), path_of(error.field))


def declined(language: str) -> Message:
    text = translate(language, _("The payment did not go through. Nothing was charged."))
    return _error("payment_declined", text, "$.payment_data")


def _error(
    code: str,
    content: str,
    param: str | None,
    resolution: Literal["recoverable", "requires_buyer_input", "requires_buyer_review"] = "recoverable",
) -> Message:
    return Message(type="error", code=code, content_type="plain", content=content, param=param, resolution=resolution)


def _status(standing: Standing) -> SessionStatus:
    payment, state = standing.payment, standing.seen.cart.state
    if standing.order is not None:
        return "completed"
    if state == "cancelled":
        return "canceled"
    if payment is not None and payment.state == "requires_action":
        return "requires_escalation"
    if payment is not None and payment.state in ("pending", "authorised"):
        return "complete_in_progress"
    return "not_ready_for_payment" if standing.seen.problems else "ready_for_payment"


def _own_messages(standing: Standing, status: SessionStatus) -> list[Message]:
    seen, language = standing.seen, standing.seen.cart.language
    told = []
    if status == "requires_escalation":
        text = translate(language, _("The buyer's bank asks them to confirm the payment."))
        told.append(_error("requires_3ds", text, "$.payment_data", "requires_buyer_review"))
    if seen.cart.state == "open":
        told += [_problem(problem, language) for problem in seen.problems]
        told += _rejections(standing)
    return told


def _problem(problem: Problem, language: str) -> Message:
    content = translate(language, problem.message).format_map(problem.details)
    own = problem.field in _BUYERS or problem.field.startswith("address.")
    return _error(
        _CODES.get(problem.code, "invalid"),
        content,
        path_of(problem.field),
        "requires_buyer_input" if own and problem.code == "missing" else "recoverable",
    )


def _line(line: PricedLine, language: str, settings: Settings) -> LineItem:
    short = line.stocked and (line.available or 0) < line.quantity
    return LineItem(
        id=str(line.id),
        item=Item(id=line.sku, name=line.name, unit_amount=line.unit_amount),
        quantity=line.quantity,
        totals=line_totals(line, language),
        name=line.name,
        unit_amount=line.unit_amount,
        product_id=str(line.product_id),
        sku=line.sku,
        variant_id=str(line.variant_id),
        availability_status="out_of_stock" if short else "in_stock",
        available_quantity=max(line.available or 0, 0) if line.stocked else None,
        images=[f"{settings.base_url}/media/{line.picture}"] if line.picture else None,
    )


def _buyer(cart: StoredCart) -> Buyer | None:
    if not cart.email:
        return None
    return Buyer(email=cart.email, full_name=cart.name or None, phone_number=cart.phone or None)


def _details(cart: StoredCart) -> Details | None:
    if cart.address is None:
        return None
    return Details(
        name=cart.name or None,
        phone_number=cart.phone or None,
        email=cart.email or None,
        address=address(cart.address),
    )


def _option(option: ShippingOption, language: str, settings: Settings) -> Option:
    by_evening = datetime.combine(option.promised_on, time(20), ZoneInfo(settings.shop_timezone))
    return Option(
        type="shipping",
        id=option.code,
        title=option.name,
        carrier=option.carrier,
        latest_delivery_time=by_evening.isoformat(),
        totals=[Total(type="total", display_text=translate(language, _("Delivery")), amount=option.fee)],
    )


def _selected(seen: PricedCart) -> list[Selected] | None:
    if seen.shipping is None or seen.shipping.kind != "parcel":
        return None
    items = [line.sku for line in seen.lines]
    return [Selected(type="shipping", option_id=seen.shipping.code, item_ids=items)]


def _links(settings: Settings, language: str) -> list[Link]:
    pages: tuple[tuple[Literal["terms_of_use", "privacy_policy", "shipping_policy"], str], ...] = (
        ("terms_of_use", "terms"),
        ("privacy_policy", "privacy"),
        ("shipping_policy", "delivery"),
    )
    return [Link(type=kind, url=f"{settings.base_url}/{language}/info/{page}") for kind, page in pages]


def _discounts(standing: Standing) -> Discounts:
    seen = standing.seen
    applied = [
        Applied(
            id=f"{seen.cart.id}-{each.coupon or each.code}",
            code=each.coupon,
            coupon=Coupon(id=each.code, name=each.name),
            amount=each.amount,
            automatic=each.coupon is None,
        )
        for each in seen.applied
    ]
    rejected = [Rejected(code=code, reason=reason, message=text) for code, reason, text in _rejected(standing)]
    return Discounts(codes=standing.codes, applied=applied, rejected=rejected or None)


def _rejected(standing: Standing) -> list[tuple[str, str, str]]:
    """(code as it was given, the protocol's reason, words for the buyer)."""
    language = standing.seen.cart.language
    given = {"".join(code.split()).upper(): code for code in standing.codes}
    unfit = translate(language, _("This code does not hold here."))
    found = [(code, reason, unfit) for code, reason in standing.rejected]
    for refused in standing.seen.refused:
        if refused.coupon is not None:
            words = translate(language, refused.reason).format_map(refused.details)
            code = given.get(refused.coupon, refused.coupon)
            found.append((code, _REFUSED.get(refused.reason, _INVALID), words))
    return found


def _rejections(standing: Standing) -> list[Message]:
    """The same as warnings, so that the buyer hears of it."""
    return [
        Message(
            type="warning",
            code=reason,
            content_type="plain",
            content=text,
            resolution="recoverable",
            param=f"$.discounts.codes[{standing.codes.index(code)}]" if code in standing.codes else None,
        )
        for code, reason, text in _rejected(standing)
    ]
