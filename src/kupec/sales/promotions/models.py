"""Promotions: what a merchant may promise, and what became of each promise in a sale."""

import msgspec


class AppliedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that made a sale cheaper by `amount`, in minor units with VAT."""

    code: str
    name: str
    coupon: str | None
    amount: int


class RefusedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion or coupon that did not apply, and why: `reason` is a translatable template for `details`."""

    code: str
    name: str
    coupon: str | None
    reason: str
    details: dict[str, str | int] = {}
