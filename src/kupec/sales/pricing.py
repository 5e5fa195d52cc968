"""What a cart costs and what it still lacks: pure rules, no database. Worked numbers: docs/algorithms/pricing.md."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from kupec.catalogue import Market, SellableVariant
from kupec.kit.i18n import mark as _
from kupec.kit.money import distribute, included_tax
from kupec.sales.models import Address, Cart, CartLine, PricedCart, PricedLine, Problem, ShippingOption


def price(
    cart: Cart,
    market: Market,
    goods: dict[UUID, SellableVariant],
    options: Sequence[ShippingOption],
) -> PricedCart:
    """The cart with prices, fee, tax, total and problems. `goods` is keyed by variant id.

    Prices include VAT. Tax is rounded once per rate over the goods and then split over that rate's
    lines by largest remainder, so that the lines add up to the invoice to the last haléř.
    """
    sold = [(line, goods[line.variant_id]) for line in cart.lines if line.variant_id in goods]
    taxes = _taxes([(variant.tax_bp, variant.unit_amount * line.quantity) for line, variant in sold])
    lines = [_line(line, variant, tax) for (line, variant), tax in zip(sold, taxes, strict=True)]
    subtotal = sum(line.total for line in lines)
    chosen = _chosen(options, cart.shipping_method)
    fee = chosen.fee if chosen else 0
    shipping_tax = included_tax(fee, chosen.tax_bp) if chosen else 0
    return PricedCart(
        cart=cart,
        currency=market.currency,
        lines=lines,
        shipping_options=list(options),
        shipping=chosen,
        subtotal=subtotal,
        shipping_tax=shipping_tax,
        tax=sum(line.tax for line in lines) + shipping_tax,
        total=subtotal + fee,
        problems=_problems(cart, market, goods, chosen),
    )


def _line(line: CartLine, variant: SellableVariant, tax: int) -> PricedLine:
    return PricedLine(
        id=line.id,
        variant_id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        name=variant.name,
        slug=variant.slug,
        picture=variant.picture,
        quantity=line.quantity,
        unit_amount=variant.unit_amount,
        total=variant.unit_amount * line.quantity,
        tax_bp=variant.tax_bp,
        tax=tax,
        available=variant.available if variant.stocked else None,
    )


def _taxes(goods: Sequence[tuple[int, int]]) -> list[int]:
    """The tax in each (rate in basis points, gross total)."""
    by_rate: dict[int, list[int]] = defaultdict(list)
    for index, (rate, _total) in enumerate(goods):
        by_rate[rate].append(index)
    taxes = [0] * len(goods)
    for rate, members in by_rate.items():
        totals = [goods[index][1] for index in members]
        for index, tax in zip(members, distribute(included_tax(sum(totals), rate), totals), strict=True):
            taxes[index] = tax
    return taxes


def _chosen(options: Sequence[ShippingOption], code: str | None) -> ShippingOption | None:
    return next((option for option in options if option.code == code), None)


def _problems(
    cart: Cart, market: Market, goods: dict[UUID, SellableVariant], shipping: ShippingOption | None
) -> list[Problem]:
    problems = _line_problems(cart, goods)
    if not cart.lines:
        problems.append(Problem(code="cart_empty", field="lines", message=_("There is nothing in the cart yet.")))
    if not cart.email:
        problems.append(Problem(code="missing", field="email", message=_("Please give your e-mail.")))
    problems.extend(_address_problems(cart.address, market))
    if shipping is None:
        problems.append(Problem(code="missing", field="shipping_method", message=_("Please choose a delivery.")))
    return problems


def _line_problems(cart: Cart, goods: dict[UUID, SellableVariant]) -> list[Problem]:
    problems = []
    for index, line in enumerate(cart.lines):
        variant = goods.get(line.variant_id)
        field = f"lines[{index}]"
        if variant is None:
            message = _("This product is not sold here any more. Please remove it.")
            problems.append(Problem(code="not_sold", field=field, message=message))
        elif variant.stocked and variant.available < line.quantity:
            message = _("Only {available} pcs are left.")
            details: dict[str, str | int] = {"available": variant.available, "name": variant.name}
            problems.append(Problem(code="not_enough_stock", field=field, message=message, details=details))
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
