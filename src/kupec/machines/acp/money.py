"""Totals as the protocol shows them. Prices include VAT: it is the breakdown of the total and adds nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.machines.acp.shapes import Tax, Total
from kupec.sales import Order, OrderLine, PricedCart, PricedLine


def line_totals(line: PricedLine | OrderLine, language: str) -> list[Total]:
    """base - discount = subtotal = total."""
    rows = [_row("items_base_amount", _("Goods"), line.total + line.discount, language)]
    if line.discount:
        rows.append(_row("items_discount", _("Discount"), line.discount, language))
    rows.append(_row("subtotal", _("Subtotal"), line.total, language))
    rows.append(_row("total", _("Total"), line.total, language))
    return rows


def sale_totals(
    sale: PricedCart | Order, language: str, *, fee: int | None, country: str, refunded: int = 0
) -> list[Total]:
    """Goods - discounts = subtotal; subtotal + delivery - discount + fees = total. `fee` is what delivery costs."""
    rows = [_row("items_base_amount", _("Goods"), sale.subtotal + sale.discount, language)]
    if sale.discount:
        rows.append(_row("items_discount", _("Discount"), sale.discount, language))
    rows.append(_row("subtotal", _("Subtotal"), sale.subtotal, language))
    if fee is not None:
        rows.append(_row("fulfillment", _("Delivery"), fee + sale.shipping_discount, language))
        if sale.shipping_discount:
            rows.append(_row("discount", _("Discount on delivery"), sale.shipping_discount, language))
    if sale.payment_fee:
        rows.append(_row("fee", _("Payment"), sale.payment_fee, language))
    if sale.rounding:
        rows.append(_row("fee", _("Rounding"), sale.rounding, language))
    rows.append(
        Total(
            type="total",
            display_text=translate(language, _("Total")),
            amount=sale.total,
            breakdown=_taxes(sale, country) or None,
        )
    )
    if refunded:
        rows.append(_row("amount_refunded", _("Refunded"), refunded, language))
    return rows


def basket_totals(seen: PricedCart, language: str) -> list[Total]:
    """What the goods cost; delivery is known when there is an address."""
    rows = [_row("items_base_amount", _("Goods"), seen.subtotal + seen.discount, language)]
    if seen.discount:
        rows.append(_row("items_discount", _("Discount"), seen.discount, language))
    rows.append(_row("subtotal", _("Subtotal"), seen.subtotal, language))
    rows.append(_row("total", _("Total"), seen.subtotal, language))
    return rows


def _row(kind: str, text: str, amount: int, language: str) -> Total:
    return Total(type=kind, display_text=translate(language, text), amount=amount)


def _taxes(sale: PricedCart | Order, country: str) -> list[Tax]:
    """VAT by rate, as it was computed for the lines and the fees."""
    amounts: defaultdict[int, int] = defaultdict(int)
    for rate, tax in [*_of_lines(sale.lines), *_of_fees(sale)]:
        amounts[rate] += tax
    return [Tax(jurisdiction=country, rate=rate / 10_000, amount=tax) for rate, tax in sorted(amounts.items()) if tax]


def _of_lines(lines: Sequence[PricedLine] | Sequence[OrderLine]) -> Iterable[tuple[int, int]]:
    return ((line.tax_bp, line.tax) for line in lines)


def _of_fees(sale: PricedCart | Order) -> list[tuple[int, int]]:
    if isinstance(sale, PricedCart):
        return [(sale.fee_tax_bp, sale.shipping_tax), (sale.fee_tax_bp, sale.payment_fee_tax)]
    return [(sale.shipping_tax_bp, sale.shipping_tax), (sale.payment_fee_tax_bp, sale.payment_fee_tax)]
