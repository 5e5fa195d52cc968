"""Promotions and coupons of a sale. How one is chosen and explained: docs/algorithms/promotions.md."""

from kupec.sales.promotions.coupons import (
    confirm_redemptions,
    coupon_standings,
    customer_key,
    hold_redemptions,
    release_redemptions,
    shopper_standings,
)
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.engine import apply_promotions, gift_variants, needs_history

__all__ = [
    "PROMOTIONS",
    "apply_promotions",
    "confirm_redemptions",
    "coupon_standings",
    "customer_key",
    "gift_variants",
    "hold_redemptions",
    "needs_history",
    "release_redemptions",
    "shopper_standings",
]
