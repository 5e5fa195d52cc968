"""Which price a buyer pays for a piece: pure rules, no database. Worked numbers: docs/algorithms/prices.md."""

from typing import Final

from kupec.catalogue.models import SellableVariant

_WHOLE: Final = 10_000


def unit_price(variant: SellableVariant, *, quantity: int, group: str | None, rate_bp: int) -> int:
    """What one of `quantity` pieces costs a buyer of this price group, in minor units with VAT at `rate_bp`.

    The lowest of the variant's own price and of every entry in a price list that is for everybody or for this group
    and asks for no more than `quantity` pieces. The surcharge of options is not in it.
    """
    amount = variant.unit_amount
    for point in variant.price_points:
        if point.min_quantity <= quantity and (point.group is None or point.group == group):
            amount = min(amount, point.amount if point.includes_vat else with_tax(point.amount, rate_bp))
    return amount


def with_tax(net: int, rate_bp: int) -> int:
    """A net amount with the tax added, rounded half up. Nothing is negative here."""
    return (net * (_WHOLE + rate_bp) + _WHOLE // 2) // _WHOLE
