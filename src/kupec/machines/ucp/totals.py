"""Sums as the protocol breaks them down."""

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.machines.ucp.shapes import Total, TotalPart
from kupec.sales import Order as SalesOrder
from kupec.sales import PricedCart


def line_totals(amount: int, discount: int) -> list[Total]:
    rows = [Total(type="subtotal", amount=amount + discount)]
    if discount:
        rows.append(Total(type="items_discount", amount=-discount))
    rows.append(Total(type="total", amount=amount))
    return rows


def totals_of(
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
