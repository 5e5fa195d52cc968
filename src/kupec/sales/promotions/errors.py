"""What can go wrong with coupons and promotions. The docstring is the message."""

from kupec.kit.errors import KupecError


class UnknownCoupon(KupecError):
    """We do not know the coupon {coupon}. Please check how it is written."""

    status = 422
    code = "unknown_coupon"


class CouponExpired(KupecError):
    """The coupon {coupon} does not hold at the moment."""

    status = 409
    code = "coupon_expired"


class CouponSpent(KupecError):
    """All uses of the coupon {coupon} are taken."""

    status = 409
    code = "coupon_spent"


class PromotionSpent(KupecError):
    """All uses of “{promotion}” are taken. Please look at the new total before paying."""

    status = 409
    code = "promotion_spent"


class CouponTaken(KupecError):
    """There is a coupon {coupon} already. Please choose another code."""

    status = 409
    code = "coupon_taken"


class InvalidCoupon(KupecError):
    """“{field}” is not valid: expected {expected}."""

    status = 422
    code = "invalid_coupon"
