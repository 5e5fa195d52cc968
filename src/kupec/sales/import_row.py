"""One line of another system's order history, and what may be wrong with it by itself."""

from datetime import datetime
from typing import Literal

import msgspec

from kupec.kit.errors import InvalidValue

MOST_PIECES = 1_000_000
MOST_MONEY = 10**11
MOST_LINES = 10**9
LONGEST_KEY = 200


class OrderLineRow(msgspec.Struct, kw_only=True, gc=False):
    """One line of an order (quantity above zero) or of a return (below)."""

    order_external_id: str
    line: int
    """The line's number within its order, from 1; the same in every export."""
    placed_at: datetime
    """Aware. Of a return: when it came back."""
    currency: str
    sku: str
    name: str = ""
    quantity: int
    unit_amount: int
    """Minor units with VAT."""
    customer_external_id: str = ""
    """Empty: a guest's order, without a customer."""
    market: str = ""
    """Empty: the first market that sells in the currency."""
    tax_bp: int | None = None
    """None: the standard rate of the market's home country."""
    status: Literal["delivered", "cancelled"] = "delivered"
    channel: str = "import"
    email: str = ""
    recipient: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""


def wrong_in(row: OrderLineRow, now: datetime) -> InvalidValue | None:
    """What is wrong with a row by itself, None for nothing. Most rows pass one comparison."""
    right = (
        0 < len(row.order_external_id) <= LONGEST_KEY
        and 0 < len(row.sku) <= LONGEST_KEY
        and 0 < row.line <= MOST_LINES
        and -MOST_PIECES <= row.quantity <= MOST_PIECES
        and row.quantity != 0
        and 0 <= row.unit_amount <= MOST_MONEY
        and len(row.currency) == 3
        and row.currency.isupper()
        and row.placed_at.tzinfo is not None
        and row.placed_at <= now
        and (row.tax_bp is None or 0 <= row.tax_bp <= 10_000)
        and (not row.country or (len(row.country) == 2 and row.country.isupper()))
    )
    return None if right else _reason(row)


def _reason(row: OrderLineRow) -> InvalidValue:
    checks = {
        "order_external_id": (0 < len(row.order_external_id) <= LONGEST_KEY, "the order's id in the other system"),
        "sku": (0 < len(row.sku) <= LONGEST_KEY, "an article number"),
        "line": (0 < row.line <= MOST_LINES, "the line's number within its order, from 1"),
        "quantity": (0 < abs(row.quantity) <= MOST_PIECES, f"a whole number up to {MOST_PIECES}, but not 0"),
        "unit_amount": (0 <= row.unit_amount <= MOST_MONEY, "a price that is not negative"),
        "currency": (len(row.currency) == 3 and row.currency.isupper(), "an ISO 4217 code such as CZK"),
        "tax_bp": (row.tax_bp is None or 0 <= row.tax_bp <= 10_000, "basis points, 2100 for 21 %"),
        "country": (
            not row.country or (len(row.country) == 2 and row.country.isupper()),
            "an ISO 3166 code such as CZ",
        ),
    }
    for field, (right, expected) in checks.items():
        if not right:
            return InvalidValue(field=field, expected=expected)
    return InvalidValue(field="placed_at", expected="a moment in the past, with its time zone known")
