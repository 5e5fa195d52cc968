"""Why a cart cannot be ordered as it is: pure rules, each with the field that is to be mended."""

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from kupec.billing import PaymentOption
from kupec.catalogue import Market, SellableVariant, validate_options
from kupec.kit.i18n import mark as _
from kupec.sales.models import Address, Cart, Problem, ShippingOption


def problems_of(
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    shipping: ShippingOption | None,
    payment: PaymentOption | None,
    *,
    to_pay: int,
) -> list[Problem]:
    """Everything that is missing or wrong, in the order in which a buyer meets it."""
    problems = _line_problems(cart, market, goods)
    if not cart.lines:
        problems.append(Problem(code="cart_empty", field="lines", message=_("There is nothing in the cart yet.")))
    if not cart.email:
        problems.append(Problem(code="missing", field="email", message=_("Please give your e-mail.")))
    problems.extend(_address_problems(cart.address, market))
    problems.extend(_delivery_problems(cart, shipping))
    if payment is None and to_pay > 0:
        problems.append(
            Problem(code="missing", field="payment_method", message=_("Please choose how you want to pay."))
        )
    return problems


def _line_problems(cart: Cart, market: Market, goods: Mapping[UUID, SellableVariant]) -> list[Problem]:
    problems = []
    asked: dict[UUID, int] = defaultdict(int)
    for index, line in enumerate(cart.lines):
        variant = goods.get(line.variant_id)
        asked[line.variant_id] += line.quantity
        field = f"lines[{index}]"
        if variant is None:
            message = _("This product is not sold here any more. Please remove it.")
            problems.append(Problem(code="not_sold", field=field, message=message))
        elif variant.stocked and variant.available < asked[line.variant_id]:
            message = _("Only {available} pcs are left.")
            details: dict[str, str | int] = {"available": variant.available, "name": variant.name}
            problems.append(Problem(code="not_enough_stock", field=field, message=message, details=details))
        elif (variant.options or line.options) and validate_options(
            variant.options, line.options, currency=market.currency
        ):
            message = _("This product is made differently now. Please remove it and choose again.")
            problems.append(Problem(code="options_changed", field=field, message=message))
    return problems


def _address_problems(address: Address | None, market: Market) -> list[Problem]:
    missing = {
        "name": _("Please give the recipient's name."),
        "street": _("Please give the street and number."),
        "city": _("Please give the town."),
        "postcode": _("Please give the postcode."),
        "country": _("Please choose the country."),
    }
    problems = [
        Problem(code="missing", field=f"address.{part}", message=message)
        for part, message in missing.items()
        if address is None or not getattr(address, part)
    ]
    if address is not None and address.country and address.country not in market.countries:
        message = _("We do not deliver to this country.")
        problems.append(Problem(code="country_not_served", field="address.country", message=message))
    return problems


def _delivery_problems(cart: Cart, shipping: ShippingOption | None) -> list[Problem]:
    if shipping is None:
        return [Problem(code="missing", field="shipping_method", message=_("Please choose a delivery."))]
    if shipping.kind == "slot" and cart.slot_id is None:
        return [Problem(code="missing", field="slot_id", message=_("Please choose when we may come."))]
    if shipping.kind == "point" and cart.pickup_point is None:
        return [Problem(code="missing", field="pickup_point", message=_("Please choose a parcel point."))]
    return []
