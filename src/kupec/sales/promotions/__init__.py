"""Promotions and coupons of a sale. How one is chosen and explained: docs/algorithms/promotions.md."""

from kupec.sales.promotions.coupons import (
    confirm_redemptions,
    coupon_standings,
    customer_key,
    hold_redemptions,
    read_standings,
    release_redemptions,
)
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.engine import apply_promotions, needs_history

__all__ = [
    "PROMOTIONS",
    "apply_promotions",
    "confirm_redemptions",
    "coupon_standings",
    "customer_key",
    "hold_redemptions",
    "needs_history",
    "read_standings",
    "release_redemptions",
]
