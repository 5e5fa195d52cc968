"""Which promotions apply to a basket, what they take off, and why the others do not: pure.

The rule, in the words in which a merchant explains it: docs/algorithms/promotions.md.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from kupec.sales.promotions.actions import amount_off, buy_get, percent_off
from kupec.sales.promotions.conditions import (
    GIFT_GONE,
    NEEDS_COUPON,
    NO_SUCH_COUPON,
    NOT_COMBINED,
    NOTHING,
    OTHER_DELIVERY,
    Clock,
    Refusal,
    coupon_refusal,
    first_refusal,
)
from kupec.sales.promotions.models import (
    Action,
    AmountOff,
    Applied,
    AppliedPromotion,
    Basket,
    BuyGet,
    CouponStanding,
    FreeShipping,
    Gift,
    GiftOf,
    PercentOff,
    Promotion,
    Promotions,
    RefusedPromotion,
)


class _Effect(msgspec.Struct, frozen=True):
    """What one promotion would do now. `worth` is what it is compared by."""

    lines: dict[UUID, int]
    shipping: int
    gift: Gift | None
    worth: int

    @property
    def amount(self) -> int:
        return sum(self.lines.values()) + self.shipping


def _chosen(action: Action) -> bool:
    return isinstance(action, (PercentOff, AmountOff, BuyGet)) and not action.goods.everything


def needs_history(promotions: Promotions, *, with_coupon: bool = True) -> bool:
    """Whether any promotion asks what the buyer, or everybody, has done before.

    Without a coupon in the cart, those that need one ask for nothing.
    """
    return any(
        promotion.active
        and (with_coupon or not promotion.conditions.needs_coupon)
        and (
            promotion.conditions.first_order
            or promotion.conditions.returning
            or promotion.max_uses is not None
            or promotion.per_customer is not None
        )
        for promotion in promotions.promotions
    )


def gift_variants(promotions: Promotions) -> list[UUID]:
    """The variants that some promotion may give away."""
    return sorted(
        {
            promotion.action.variant_id
            for promotion in promotions.promotions
            if promotion.active and isinstance(promotion.action, GiftOf)
        }
    )


def delivery_may_be_cheaper(promotions: Promotions, applied: Applied) -> bool:
    """Whether some way of delivery may cost less by a promotion, this one or another one; `applied` is of this one."""
    free = {one.code for one in promotions.promotions if one.active and isinstance(one.action, FreeShipping)}
    if not free:
        return False
    elsewhere = (*applied.refused, *applied.silent)
    return any(one.code in free for one in applied.applied) or any(
        one.code in free and one.reason in (OTHER_DELIVERY, NOT_COMBINED) for one in elsewhere
    )


def apply_promotions(
    promotions: Promotions,
    basket: Basket,
    coupons: Mapping[str, CouponStanding],
    gifts: Mapping[UUID, int],
) -> Applied:
    """What promotions do to this basket. `coupons` are those that exist among the basket's, `gifts` how many
    pieces of each variant that may be given away are there.

    A line's discounts never exceed its price, nor that of delivery its fee. The order of lines changes nothing.
    """
    if not basket.lines or not (promotions.promotions or basket.coupons):
        return Applied()
    work = _Work(promotions, basket, coupons, gifts)
    work.judge()
    for members in work.in_turn():
        work.take(members)
    return work.result()


class _Work:
    """One basket in hand: what is still left of each price, and what has been decided so far."""

    def __init__(
        self,
        promotions: Promotions,
        basket: Basket,
        coupons: Mapping[str, CouponStanding],
        gifts: Mapping[UUID, int],
    ) -> None:
        self._known = promotions
        self._basket = basket
        self._coupons = coupons
        self._gifts = gifts
        self._left = {line.line_id: line.unit_amount * line.quantity for line in basket.lines}
        self._fee = basket.shipping_fee
        self._given: list[Gift] = []
        self._applied: list[AppliedPromotion] = []
        self._refused: list[RefusedPromotion] = []
        self._silent: list[RefusedPromotion] = []
        self._eligible: list[tuple[Promotion, str | None]] = []
        self._alone: Promotion | None = None

    def judge(self) -> None:
        """Find those whose conditions hold, in the order in which they take their turn."""
        by_code = self._coupon_by_promotion()
        clock = Clock.of(self._basket, self._known.timezone)
        for promotion in sorted(self._known.promotions, key=lambda one: (one.priority, one.code)):
            if not promotion.active:
                continue
            coupon = by_code.get(promotion.code)
            refusal = first_refusal(promotion, self._basket, clock)
            if promotion.conditions.needs_coupon and coupon is None:
                refusal = Refusal(reason=NEEDS_COUPON)
            if refusal is None:
                self._eligible.append((promotion, coupon if promotion.conditions.needs_coupon else None))
            else:
                self._refuse(promotion, coupon, refusal)

    def _coupon_by_promotion(self) -> dict[str, str]:
        """The first good coupon for each promotion; what is wrong with the others is said."""
        known = {promotion.code: promotion for promotion in self._known.promotions if promotion.active}
        found: dict[str, str] = {}
        for code in dict.fromkeys(self._basket.coupons):
            coupon = self._coupons.get(code)
            promotion = known.get(coupon.promotion) if coupon else None
            refusal = coupon_refusal(coupon, self._basket, self._known.timezone)
            if promotion is None:
                self._say(code, code, code, refusal or Refusal(reason=NO_SUCH_COUPON), told=True)
            elif refusal is None and promotion.code in found:
                other = Refusal(reason=NOT_COMBINED, details={"other": found[promotion.code]})
                self._refuse(promotion, code, other)
            elif refusal is None:
                found[promotion.code] = code
            else:
                self._refuse(promotion, code, refusal)
        return found

    def in_turn(self) -> list[list[tuple[Promotion, str | None]]]:
        """The eligible ones in turn; the members of a group all come when its first one does."""
        turns: dict[str, list[tuple[Promotion, str | None]]] = {}
        for promotion, coupon in self._eligible:
            turn = f"group:{promotion.group}" if promotion.group else f"code:{promotion.code}"
            turns.setdefault(turn, []).append((promotion, coupon))
        return list(turns.values())

    def take(self, members: Sequence[tuple[Promotion, str | None]]) -> None:
        """Let the best of these apply, unless what has applied already stands alone, or it would have to."""
        open_to_it = []
        for promotion, coupon in members:
            other = self._in_the_way(promotion)
            effect = self._effect(promotion.action) if other is None else None
            if other is not None:
                self._refuse(promotion, coupon, Refusal(reason=NOT_COMBINED, details={"other": other}, told=True))
            elif isinstance(effect, _Effect):
                open_to_it.append((effect, promotion, coupon))
            elif effect is not None:
                self._refuse(promotion, coupon, effect)
        if not open_to_it:
            return
        # The first of the best: max keeps the earlier one, which has the smaller priority.
        best = max(open_to_it, key=lambda found: found[0].worth)
        self._apply(*best)
        for _effect, promotion, coupon in open_to_it:
            if promotion is not best[1]:
                name = best[1].name(self._basket.language)
                self._refuse(promotion, coupon, Refusal(reason=NOT_COMBINED, details={"other": name}, told=True))

    def _in_the_way(self, promotion: Promotion) -> str | None:
        if self._alone is not None:
            return self._alone.name(self._basket.language)
        if promotion.exclusive and self._applied:
            return self._applied[0].name
        return None

    def _effect(self, action: Action) -> _Effect | Refusal:
        lines: dict[UUID, int] = {}
        match action:
            case PercentOff():
                lines = percent_off(action, self._basket.lines, self._left)
            case AmountOff():
                lines = amount_off(action, self._basket.lines, self._left, self._basket.currency)
            case BuyGet():
                lines = buy_get(action, self._basket.lines, self._left)
            case FreeShipping():
                return self._free_shipping(action)
            case GiftOf():
                return self._gift(action)
        amount = sum(lines.values())
        return _Effect(lines, 0, None, amount) if amount else Refusal(reason=NOTHING)

    def _free_shipping(self, action: FreeShipping) -> _Effect | Refusal:
        method = self._basket.shipping_method
        if method is None:
            # Promised already, counted as soon as a delivery is chosen.
            return _Effect({}, 0, None, 0)
        if action.methods and method not in action.methods:
            return Refusal(reason=OTHER_DELIVERY, told=True)
        most = action.up_to.get(self._basket.currency, self._fee) if action.up_to else self._fee
        amount = min(most, self._fee)
        return _Effect({}, amount, None, amount) if amount else Refusal(reason=NOTHING)

    def _gift(self, action: GiftOf) -> _Effect | Refusal:
        given = sum(gift.quantity for gift in self._given if gift.variant_id == action.variant_id)
        if self._gifts.get(action.variant_id, 0) < given + action.quantity:
            return Refusal(reason=GIFT_GONE, told=True)
        worth = action.worth.get(self._basket.currency, 0) * action.quantity
        return _Effect({}, 0, Gift(variant_id=action.variant_id, quantity=action.quantity, promotion=""), worth)

    def _apply(self, effect: _Effect, promotion: Promotion, coupon: str | None) -> None:
        for line_id, amount in effect.lines.items():
            self._left[line_id] -= amount
        self._fee -= effect.shipping
        if effect.gift is not None:
            self._given.append(msgspec.structs.replace(effect.gift, promotion=promotion.code))
        name = promotion.name(self._basket.language)
        self._applied.append(
            AppliedPromotion(
                code=promotion.code,
                name=name,
                coupon=coupon,
                amount=effect.amount,
                lines=effect.lines,
                chosen=_chosen(promotion.action),
            ),
        )
        if promotion.exclusive:
            self._alone = promotion

    def _refuse(self, promotion: Promotion, coupon: str | None, refusal: Refusal) -> None:
        name = promotion.name(self._basket.language)
        self._say(promotion.code, name, coupon, refusal, told=refusal.told or coupon is not None)

    def _say(self, code: str, name: str, coupon: str | None, refusal: Refusal, *, told: bool) -> None:
        refused = RefusedPromotion(code=code, name=name, coupon=coupon, reason=refusal.reason, details=refusal.details)
        (self._refused if told else self._silent).append(refused)

    def result(self) -> Applied:
        whole = {line.line_id: line.unit_amount * line.quantity for line in self._basket.lines}
        return Applied(
            lines={key: whole[key] - left for key, left in self._left.items() if left < whole[key]},
            shipping=self._basket.shipping_fee - self._fee,
            gifts=self._given,
            applied=self._applied,
            refused=self._refused,
            silent=self._silent,
        )
