"""Our promotions and coupons as the protocol's discounts."""

from typing import Final
from uuid import UUID

from kupec.machines.ucp.shapes import Allocation, AppliedDiscount, Discounts, Message
from kupec.sales import AppliedPromotion, PricedCart, explain_refusal

_PATH: Final = "$.discounts.codes[{index}]"
# By the reason that pricing gives (the English text of it); the protocol knows these, and whatever else is not valid.
_CODES: Final = {
    "This has ended.": "discount_code_expired",
    "All uses of this are taken.": "discount_code_expired",
    "This cannot be combined with “{other}”.": "discount_code_combination_disallowed",
    "You have used this already.": "discount_code_user_ineligible",
    "This is for selected customers only.": "discount_code_user_ineligible",
    "This is for first orders only.": "discount_code_user_ineligible",
    "This is for customers who have ordered before.": "discount_code_user_ineligible",
}
_INVALID: Final = "discount_code_invalid"


def off_lines(seen: PricedCart) -> dict[UUID, int]:
    """What single lines became cheaper by, without what is off the whole."""
    found: dict[UUID, int] = {}
    for promotion in seen.applied:
        if promotion.chosen:
            for line_id, amount in promotion.lines.items():
                found[line_id] = found.get(line_id, 0) + amount
    return found


def discounts(seen: PricedCart) -> Discounts | None:
    """The codes that the cart holds, and what makes it cheaper. A promise that counts nothing yet is left out."""
    applied = [_applied(promotion, seen) for promotion in seen.applied if promotion.amount]
    if not applied and not seen.cart.coupons:
        return None
    return Discounts(codes=seen.cart.coupons, applied=applied)


def _applied(promotion: AppliedPromotion, seen: PricedCart) -> AppliedDiscount:
    places = {line.id: index for index, line in enumerate(seen.lines)}
    allocations = [
        Allocation(path=f"$.line_items[{places[line_id]}]", amount=amount)
        for line_id, amount in promotion.lines.items()
        if amount
    ]
    return AppliedDiscount(
        title=promotion.name,
        amount=promotion.amount,
        code=promotion.coupon,
        automatic=promotion.coupon is None,
        method="across" if promotion.chosen else None,
        allocations=allocations if promotion.chosen else None,
    )


def rejected_codes(seen: PricedCart) -> list[Message]:
    """Why a code does nothing, at the place where it stands."""
    places = {code: index for index, code in enumerate(seen.cart.coupons)}
    return [
        Message(
            type="warning",
            code=_CODES.get(refused.reason, _INVALID),
            content=f"{refused.coupon}: {explain_refusal(refused, seen.cart.language)}",
            path=_PATH.format(index=places[refused.coupon]),
        )
        for refused in seen.refused
        if refused.coupon in places
    ]
