"""What can be given back of an order and for what: pure rules. Worked numbers: docs/algorithms/refunds.md.

An order is a list of parts (its lines, delivery, the fee of the payment, the rounding), each worth what was paid for it
after discounts. Giving back takes from parts what is left of them, so the last piece gives back exactly the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.money import distribute
from kupec.sales.models import Order

PartKind = Literal["line", "shipping", "payment_fee", "rounding"]
PartKey = tuple[PartKind, UUID | None]


class RefundPart(msgspec.Struct, frozen=True, kw_only=True):
    """Something given back, or what is left to be: `amount` with VAT, of which `tax`, for `quantity` pieces."""

    kind: PartKind
    line_id: UUID | None = None
    quantity: int = 0
    amount: int
    tax: int = 0
    tax_bp: int = 0

    @property
    def key(self) -> PartKey:
        return self.kind, self.line_id


def order_parts(order: Order) -> list[RefundPart]:
    """All that was paid for; the parts come to the order's total."""
    parts = [
        RefundPart(
            kind="line", line_id=line.id, quantity=line.quantity, amount=line.total, tax=line.tax, tax_bp=line.tax_bp
        )
        for line in order.lines
    ]
    fees: tuple[tuple[PartKind, int, int, int], ...] = (
        ("shipping", order.shipping_amount, order.shipping_tax, order.shipping_tax_bp),
        ("payment_fee", order.payment_fee, order.payment_fee_tax, order.payment_fee_tax_bp),
        ("rounding", order.rounding, 0, 0),
    )
    parts += [
        RefundPart(kind=kind, amount=amount, tax=tax, tax_bp=tax_bp) for kind, amount, tax, tax_bp in fees if amount
    ]
    return parts


def what_is_left(order: Order, given: Sequence[RefundPart]) -> list[RefundPart]:
    """The order's parts less what was given back of them."""
    sums: dict[PartKey, tuple[int, int, int]] = {}
    for part in given:
        quantity, amount, tax = sums.get(part.key, (0, 0, 0))
        sums[part.key] = quantity + part.quantity, amount + part.amount, tax + part.tax
    left = []
    for part in order_parts(order):
        quantity, amount, tax = sums.get(part.key, (0, 0, 0))
        left.append(
            msgspec.structs.replace(
                part, quantity=part.quantity - quantity, amount=part.amount - amount, tax=part.tax - tax
            )
        )
    return left


def give_back_pieces(left: Sequence[RefundPart], lines: Mapping[UUID, int], *, shipping: bool) -> list[RefundPart]:
    """These pieces, and the fee of the delivery if `shipping`.

    A piece is worth its share of what is left of its line, rounded half up; the last one all that is left. When nothing
    but the rounding would be left of the order, it goes along. Raises InvalidValue (field "lines.<id>").
    """
    known = {part.line_id: part for part in left if part.kind == "line"}
    for line_id, quantity in lines.items():
        most = known[line_id].quantity if line_id in known else 0
        if not 0 <= quantity <= most:
            raise InvalidValue(field=f"lines.{line_id}", expected=f"0–{most}")
    parts = [_pieces(known[line_id], quantity) for line_id, quantity in lines.items() if quantity]
    if shipping:
        parts += [part for part in left if part.kind == "shipping" and part.amount]
    return _with_rounding(left, parts)


def give_back_amount(left: Sequence[RefundPart], amount: int) -> list[RefundPart]:
    """So much of the price, off each part in proportion to what is left of it; no pieces come back.

    `amount` is at most all that is left; that much takes everything.
    """
    if amount == sum(part.amount for part in left):
        return [msgspec.structs.replace(part, quantity=0) for part in left if part.amount]
    priced = [part for part in left if part.kind != "rounding"]
    most = sum(part.amount for part in priced)
    shares = distribute(min(amount, most), [part.amount for part in priced])
    parts = [_share(part, share) for part, share in zip(priced, shares, strict=True) if share]
    if amount > most:
        parts += [msgspec.structs.replace(part, amount=amount - most) for part in left if part.kind == "rounding"]
    return parts


def give_back_all(left: Sequence[RefundPart]) -> list[RefundPart]:
    """Whatever is left."""
    return [part for part in left if part.amount or part.quantity]


def _pieces(part: RefundPart, quantity: int) -> RefundPart:
    share = _rounded(part.amount * quantity, part.quantity)
    return msgspec.structs.replace(_share(part, share), quantity=quantity)


def _share(part: RefundPart, amount: int) -> RefundPart:
    tax = _rounded(part.tax * amount, part.amount) if part.amount else 0
    return msgspec.structs.replace(part, amount=amount, tax=tax, quantity=0)


def _with_rounding(left: Sequence[RefundPart], parts: Sequence[RefundPart]) -> list[RefundPart]:
    rounding = next((part for part in left if part.kind == "rounding" and part.amount), None)
    if rounding is None:
        return list(parts)
    given = sum(part.amount for part in parts)
    rest = sum(part.amount for part in left) - rounding.amount - given
    if rest == 0 and given:
        return [*parts, rounding]
    # Rounded down when it was paid: the last parts together are worth more than is left.
    if rest + rounding.amount < 0:
        return [*parts, msgspec.structs.replace(rounding, amount=rest + rounding.amount)]
    return list(parts)


def _rounded(numerator: int, denominator: int) -> int:
    """Divided and rounded half up; nothing is below zero here."""
    return (2 * numerator + denominator) // (2 * denominator)
