"""What a seller's policy quotes: pure, so that a stored quote can be made again of what it was made of."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

_BP = 10_000
_MOST = 10**11
"""A piece's cost; with the highest margin its price still goes into the books."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From so many pieces on, so much off the aimed price."""

    quantity: int
    off_bp: int


class GoodsPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one thing is quoted. `cost` of a piece, with VAT; what is earned is in hundredths of a percent of the cost.

    `capacity` is how many pieces may be won within a week; None for any number.
    """

    cost: int
    aim_bp: int = 2500
    floor_bp: int = 800
    lead_days: int = 2
    capacity: int | None = None
    steps: list[Step] = []


class SellerPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an outside seller has us quote for, by SKU."""

    goods: dict[str, GoodsPolicy]


class OwnQuoting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this shop quotes by itself. Where `costs` knows no cost of a SKU, it is this share of the list price."""

    on: bool = True
    cost_bp: int = 6500
    costs: dict[str, int] = {}
    aim_bp: int = 4500
    floor_bp: int = 1000
    lead_days: int = 2
    capacity: int | None = 500
    steps: list[Step] = msgspec.field(
        default_factory=lambda: [Step(quantity=10, off_bp=300), Step(quantity=50, off_bp=700)]
    )


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    unit_price: int
    lead_days: int
    quantity: int


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """Why a policy does not quote."""

    reason: Literal["not_sold", "capacity", "too_slow"]


def quote_of(
    policy: GoodsPolicy, *, quantity: int, within_days: int | None = None, promised: int = 0, price: int | None = None
) -> Offer | Declined:
    """What the policy offers for `quantity` pieces when `promised` have been won this week.

    The price is the aimed one less the highest step reached, or `price` if given, and never below the floor.
    """
    if policy.capacity is not None and promised + quantity > policy.capacity:
        return Declined(reason="capacity")
    if within_days is not None and policy.lead_days > within_days:
        return Declined(reason="too_slow")
    off = max((step.off_bp for step in policy.steps if quantity >= step.quantity), default=0)
    aimed = _up(policy.cost * (_BP + policy.aim_bp) * (_BP - off), _BP * _BP)
    floor = floor_of(policy)
    return Offer(
        unit_price=max(floor, aimed if price is None else price), lead_days=policy.lead_days, quantity=quantity
    )


def floor_of(policy: GoodsPolicy) -> int:
    """The lowest price that the policy allows."""
    return _up(policy.cost * (_BP + policy.floor_bp), _BP)


def own_policy(rules: OwnQuoting, sku: str, *, list_price: int, free: int | None, lead_days: int) -> GoodsPolicy:
    """This shop's policy for one SKU: what lies on the shelf bounds it, unless it can be made in `lead_days`.

    `free` is None for what needs no stock.
    """
    bounds = [one for one in (rules.capacity, free if lead_days == 0 else None) if one is not None]
    return GoodsPolicy(
        cost=rules.costs.get(sku) or max(1, list_price * rules.cost_bp // _BP),
        aim_bp=rules.aim_bp,
        floor_bp=rules.floor_bp,
        lead_days=rules.lead_days + lead_days,
        capacity=min(bounds, default=None),
        steps=rules.steps,
    )


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def check_goods(path: str, one: GoodsPolicy) -> Iterator[tuple[str, str]]:
    """What is wrong with a policy, by path."""
    if not 1 <= one.cost <= _MOST:
        yield f"{path}.cost", f"1 to {_MOST:,}"
    yield from _margins(path, one.aim_bp, one.floor_bp, one.lead_days, one.capacity, one.steps)


def _margins(
    path: str, aim: int, floor: int, days: int, capacity: int | None, steps: list[Step]
) -> Iterator[tuple[str, str]]:
    dot = f"{path}." if path else ""
    if not -5_000 <= floor <= 100_000:
        yield f"{dot}floor_bp", "-5,000 to 100,000"
    if not floor <= aim <= 100_000:
        yield f"{dot}aim_bp", "floor_bp to 100,000"
    if not 0 <= days <= 365:
        yield f"{dot}lead_days", "0 to 365"
    if capacity is not None and not 0 <= capacity <= 10_000_000:
        yield f"{dot}capacity", "0 to 10,000,000"
    if len(steps) > 20:
        yield f"{dot}steps", "at most 20"
    for number, step in enumerate(steps):
        if not 1 <= step.quantity <= 1_000_000 or (number and step.quantity <= steps[number - 1].quantity):
            yield f"{dot}steps[{number}].quantity", "more pieces than the step before"
        if not 0 <= step.off_bp < _BP:
            yield f"{dot}steps[{number}].off_bp", "0 to 9,999"


def is_sku(text: str) -> bool:
    """Whether goods may be called so: they need not be ours."""
    return 1 <= len(text) <= 100 and text.isprintable()


def check_policy(policy: SellerPolicy) -> None:
    """Raises InvalidValue naming the path."""
    if len(policy.goods) > 10_000:
        raise InvalidValue(field="goods", expected="at most 10,000")
    for sku, one in policy.goods.items():
        if not is_sku(sku):
            raise InvalidValue(field=f"goods.{sku[:100]}", expected=_("a SKU of at most 100 characters"))
        _raise(dict(check_goods(f"goods.{sku}", one)))


def check_own(rules: OwnQuoting) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them."""
    found = dict(_margins("", rules.aim_bp, rules.floor_bp, rules.lead_days, rules.capacity, rules.steps))
    if not 1 <= rules.cost_bp <= _BP:
        found["cost_bp"] = "1 to 10,000"
    found |= {f"costs.{sku}": f"1 to {_MOST:,}" for sku, cost in rules.costs.items() if not 1 <= cost <= _MOST}
    _raise(found)


def _raise(found: Mapping[str, str]) -> None:
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=dict(found))


QUOTING: Kind[OwnQuoting] = Kind("quoting", OwnQuoting, default=OwnQuoting, check=check_own)
