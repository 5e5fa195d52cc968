"""What each line of a cart costs: pure rules. Worked numbers: docs/algorithms/pricing.md."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

import msgspec

from kupec.catalogue import Chosen, Market, SellableVariant, TaxRules, choose, unit_price
from kupec.kit.errors import InvalidValue
from kupec.kit.money import distribute, included_tax
from kupec.sales.models import Cart, CartLine, PricedLine
from kupec.sales.promotions.models import Gift

_PLAIN = Chosen()


def price_lines(
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    tax: TaxRules,
    destination: str | None,
) -> list[PricedLine]:
    """The cart's lines of goods that are sold, before discounts; their tax is not worked out yet.

    A price for many pieces counts all lines of the variant, however each is made.
    """
    pieces: dict[UUID, int] = defaultdict(int)
    for line in cart.lines:
        pieces[line.variant_id] += line.quantity
    return [
        _line(
            cart,
            line,
            goods[line.variant_id],
            pieces[line.variant_id],
            market,
            _rate(variant, market, tax, destination),
        )
        for line in cart.lines
        if (variant := goods.get(line.variant_id)) is not None
    ]


def _rate(variant: SellableVariant, market: Market, tax: TaxRules, destination: str | None) -> int:
    """Where the destination knows no rate for these goods, the home country's holds."""
    found = tax.rate(variant.vat_class, home=market.home_country, destination=destination)
    if found is None:
        found = tax.rate(variant.vat_class, home=market.home_country, destination=None)
    return found or 0


def _line(
    cart: Cart, line: CartLine, variant: SellableVariant, pieces: int, market: Market, rate_bp: int
) -> PricedLine:
    chosen = _as_made(line, variant, market.currency, cart.language)
    if line.fixed_amount is None:
        base = unit_price(variant, quantity=pieces, group=cart.price_group, rate_bp=rate_bp)
        unit_amount = base + chosen.surcharge
    else:
        unit_amount = line.fixed_amount
    return PricedLine(
        id=line.id,
        variant_id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        name=variant.name,
        slug=variant.slug,
        picture=variant.picture,
        quantity=line.quantity,
        unit_amount=unit_amount,
        total=unit_amount * line.quantity,
        tax_bp=rate_bp,
        tax=0,
        available=variant.available if variant.stocked else None,
        options=chosen.labels,
        lead_days=max(variant.lead_days, chosen.lead_days),
        stocked=variant.stocked,
        components=variant.components,
    )


def _as_made(line: CartLine, variant: SellableVariant, currency: str, language: str) -> Chosen:
    if not line.options and not variant.options:
        return _PLAIN
    try:
        return choose(variant.options, line.options, currency=currency, language=language)
    except InvalidValue:
        # The options have changed since; the line's problem says so, and it cannot be ordered like this.
        return _PLAIN


def gift_lines(
    gifts: Sequence[Gift],
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    tax: TaxRules,
    destination: str | None,
) -> list[PricedLine]:
    """What promotions put beside the goods for nothing."""
    lines = []
    for gift in gifts:
        variant = goods[gift.variant_id]
        line = CartLine(id=gift_id(cart.id, gift.promotion), variant_id=variant.id, quantity=gift.quantity)
        priced = _line(cart, line, variant, gift.quantity, market, _rate(variant, market, tax, destination))
        lines.append(msgspec.structs.replace(priced, unit_amount=0, total=0, gift=True))
    return lines


def gift_id(cart_id: UUID, promotion: str) -> UUID:
    """The same gift of the same cart keeps its id, however often it is priced."""
    return uuid5(cart_id, promotion)


def with_discounts(lines: Sequence[PricedLine], discounts: Mapping[UUID, int]) -> list[PricedLine]:
    """The lines with what is off each, and with the tax in what is left."""
    totals = [line.unit_amount * line.quantity - discounts.get(line.id, 0) for line in lines]
    taxes = split_tax([(line.tax_bp, total) for line, total in zip(lines, totals, strict=True)])
    return [
        msgspec.structs.replace(line, discount=discounts.get(line.id, 0), total=total, tax=tax)
        for line, total, tax in zip(lines, totals, taxes, strict=True)
    ]


def split_tax(goods: Sequence[tuple[int, int]]) -> list[int]:
    """The tax in each (rate in basis points, gross total): rounded once per rate, split by largest remainder."""
    by_rate: dict[int, list[int]] = defaultdict(list)
    for index, (rate, _total) in enumerate(goods):
        by_rate[rate].append(index)
    taxes = [0] * len(goods)
    for rate, members in by_rate.items():
        totals = [goods[index][1] for index in members]
        for index, tax in zip(members, distribute(included_tax(sum(totals), rate), totals), strict=True):
            taxes[index] = tax
    return taxes


def subtotal_of(lines: Sequence[PricedLine]) -> int:
    """Goods with VAT, after what is off."""
    return sum(line.total for line in lines)
