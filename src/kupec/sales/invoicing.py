"""What billing is to document about an order: the frozen invoice, and the credit note of a refund.

Every figure is taken from the order as it was frozen when it was placed; nothing is worked out anew, so that each
document adds up to what was paid. Worked numbers: docs/algorithms/invoices.md.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.billing import (
    PAYMENT,
    SELLER,
    DocumentContent,
    DocumentDraft,
    DocumentLine,
    DocumentParty,
    Payment,
    PaymentMethods,
    Seller,
    credit_held,
    invoice_key,
    invoice_of,
    payments_of,
    recapitulation,
    request_document,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.versions import published
from kupec.sales.models import Order
from kupec.sales.refund_parts import RefundPart
from kupec.sales.refund_rows import OrderRefund, given_back

_ACTOR = system("invoices")


async def invoice_order(db: Connection, order: Order, now: datetime, *, actor: Actor = _ACTOR) -> UUID:
    """Request the whole order's invoice; once, however often it is called. Returns the document's id.

    What was refunded before is deducted on it. The order must be locked. Checks no permission.
    """
    documents = await published(db, SELLER, PAYMENT)
    payments = [payment for payment in await payments_of(db, order.id) if payment.refundable]
    refunded = await given_back(db, order.id)
    lines = order_lines(order) + [_deducted(line) for line in part_lines(order, refunded)]
    content = _content(
        order,
        documents[SELLER],
        lines=lines,
        rounding=order.rounding - sum(part.amount for part in refunded if part.kind == "rounding"),
        payment=payments[-1] if payments else None,
        credit=(await credit_held(db, [order.id])).get(order.id, 0),
        methods=documents[PAYMENT],
    )
    return await request_document(db, _draft(order, "invoice", invoice_key(order.id), content), actor=actor, now=now)


async def credit_refund(
    db: Connection, order: Order, refund: OrderRefund, parts: Sequence[RefundPart], *, actor: Actor, now: datetime
) -> UUID | None:
    """Request the credit note of a refund; None where no invoice was requested, which will deduct it then."""
    if not refund.amount:
        return None
    invoice = await invoice_of(db, order.id)
    if invoice is None:
        return None
    content = DocumentContent(
        seller=invoice.content.seller,
        buyer=invoice.content.buyer,
        order_number=order.number or "",
        country=invoice.content.country,
        lines=(lines := part_lines(order, parts)),
        vat=recapitulation(lines),
        rounding=sum(part.amount for part in parts if part.kind == "rounding"),
        reason=refund.reason,
    )
    draft = _draft(order, "credit_note", f"refund:{refund.id}", content)
    return await request_document(db, draft, actor=actor, now=now)


def order_lines(order: Order) -> list[DocumentLine]:
    """All that was sold, as on the order: lines, delivery, the fee of the payment."""
    lines = [
        DocumentLine(
            name=line.name,
            sku=line.sku,
            quantity=line.quantity,
            unit_amount=line.unit_amount,
            discount=line.discount,
            total=line.total,
            tax_bp=line.tax_bp,
            tax=line.tax,
            options=line.options,
        )
        for line in order.lines
    ]
    if order.shipping_amount or order.shipping_discount:
        lines.append(
            DocumentLine(
                name=order.shipping_name or translate(order.language, _("Delivery")),
                quantity=1,
                unit_amount=order.shipping_amount + order.shipping_discount,
                discount=order.shipping_discount,
                total=order.shipping_amount,
                tax_bp=order.shipping_tax_bp,
                tax=order.shipping_tax,
            )
        )
    if order.payment_fee:
        lines.append(
            DocumentLine(
                name=order.payment_name or translate(order.language, _("Payment")),
                quantity=1,
                unit_amount=order.payment_fee,
                total=order.payment_fee,
                tax_bp=order.payment_fee_tax_bp,
                tax=order.payment_fee_tax,
            )
        )
    return lines


def part_lines(order: Order, parts: Sequence[RefundPart]) -> list[DocumentLine]:
    """What was given back: pieces as lines, and reductions of the price in one line a rate. Without the rounding."""
    names = {line.id: line for line in order.lines}
    lines = []
    reductions: dict[int, tuple[int, int]] = {}
    for part in parts:
        if part.kind == "rounding":
            continue
        if part.kind == "line" and not part.quantity:
            amount, tax = reductions.get(part.tax_bp, (0, 0))
            reductions[part.tax_bp] = amount + part.amount, tax + part.tax
        elif part.kind == "line" and part.line_id is not None:
            sold = names[part.line_id]
            lines.append(_line(sold.name, part, sku=sold.sku, unit=sold.unit_amount, options=sold.options))
        elif part.kind == "shipping":
            lines.append(_line(order.shipping_name or translate(order.language, _("Delivery")), part))
        else:
            lines.append(_line(order.payment_name or translate(order.language, _("Payment")), part))
    name = translate(order.language, _("Reduction of the price"))
    lines += [
        DocumentLine(name=name, quantity=1, unit_amount=amount, total=amount, tax_bp=rate, tax=tax)
        for rate, (amount, tax) in sorted(reductions.items(), reverse=True)
    ]
    return lines


def _line(
    name: str, part: RefundPart, *, sku: str = "", unit: int | None = None, options: Sequence[tuple[str, str]] = ()
) -> DocumentLine:
    quantity = part.quantity or 1
    price = part.amount if unit is None else unit
    return DocumentLine(
        name=name,
        sku=sku,
        quantity=quantity,
        unit_amount=price,
        discount=price * quantity - part.amount,
        total=part.amount,
        tax_bp=part.tax_bp,
        tax=part.tax,
        options=list(options),
    )


def _deducted(line: DocumentLine) -> DocumentLine:
    return DocumentLine(
        name=line.name,
        sku=line.sku,
        quantity=-line.quantity,
        unit_amount=line.unit_amount,
        discount=-line.discount,
        total=-line.total,
        tax_bp=line.tax_bp,
        tax=-line.tax,
        options=line.options,
        deduction=True,
    )


def _content(
    order: Order,
    seller: Seller,
    *,
    lines: list[DocumentLine],
    rounding: int,
    payment: Payment | None,
    credit: int,
    methods: PaymentMethods,
) -> DocumentContent:
    paid = payment.refundable - payment.owed if payment else 0
    method = methods.method(order.payment_method)
    kind = method.kind if method else ""
    account = methods.accounts.get(order.currency) if kind in ("transfer", "account") else None
    address = order.address
    return DocumentContent(
        seller=_seller(seller),
        buyer=_buyer(order),
        delivery=DocumentParty(
            name=address.name,
            street=address.street,
            city=address.city,
            postcode=address.postcode,
            country=address.country,
        )
        if order.company
        else None,
        order_number=order.number or "",
        country=order.tax_country or address.country,
        lines=lines,
        vat=recapitulation(lines),
        rounding=rounding,
        credit=credit,
        paid=paid,
        to_pay=sum(line.total for line in lines) + rounding - credit - paid,
        payment_kind=kind,
        payment_name=order.payment_name,
        variable_symbol=(payment.variable_symbol if payment else None) or "",
        due_on=payment.due_on if payment else None,
        iban=account.iban if account else "",
        bic=account.bic if account else "",
        holder=account.holder if account else "",
        account=account.number if account else "",
    )


def _seller(seller: Seller) -> DocumentParty:
    return DocumentParty(
        name=seller.name,
        street=seller.street,
        city=seller.city,
        postcode=seller.postcode,
        country=seller.country,
        company_id=seller.company_id,
        vat_id=seller.vat_id,
        register=seller.register,
        email=seller.email,
        phone=seller.phone,
        website=seller.website,
    )


def _buyer(order: Order) -> DocumentParty:
    """Whom it is made out to. The address is that of the delivery: no other is asked for."""
    person = order.name or order.address.name
    company = order.company
    return DocumentParty(
        name=company.name if company else person,
        person=person if company else "",
        company_id=company.company_id if company else "",
        vat_id=company.vat_id if company else "",
        street=order.address.street,
        city=order.address.city,
        postcode=order.address.postcode,
        country=order.address.country,
    )


def _draft(order: Order, kind: str, key: str, content: DocumentContent) -> DocumentDraft:
    return DocumentDraft(
        kind="invoice" if kind == "invoice" else "credit_note",
        key=key,
        order_id=order.id,
        customer_id=order.customer_id,
        channel=order.channel,
        language=order.language,
        currency=order.currency,
        content=content,
    )
