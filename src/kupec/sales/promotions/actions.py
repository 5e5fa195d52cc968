"""What a promotion takes off the lines of a basket: pure, in minor units, to the last one."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from kupec.kit.money import distribute
from kupec.sales.promotions.conditions import within
from kupec.sales.promotions.models import AmountOff, BasketLine, BuyGet, PercentOff, Selection


def percent_off(action: PercentOff, lines: Sequence[BasketLine], left: Mapping[UUID, int]) -> dict[UUID, int]:
    """A share of what the selected lines still cost, rounded half up once, then split over them."""
    chosen = _chosen(action.goods, lines)
    return _split(part_of(sum(left[line.line_id] for line in chosen), action.percent_bp), chosen, left)


def amount_off(
    action: AmountOff, lines: Sequence[BasketLine], left: Mapping[UUID, int], currency: str
) -> dict[UUID, int]:
    """A fixed amount, at most what the selected lines still cost, split over them in proportion."""
    chosen = _chosen(action.goods, lines)
    whole = sum(left[line.line_id] for line in chosen)
    return _split(min(action.amounts.get(currency, 0), whole), chosen, left)


def buy_get(action: BuyGet, lines: Sequence[BasketLine], left: Mapping[UUID, int]) -> dict[UUID, int]:
    """Pieces from the dearest down fall into sets of `buy` + `get`; the last `get` of each set are cheaper.

    A last, smaller set counts as far as it goes beyond `buy`.
    """
    size = action.buy + action.get
    off: dict[UUID, int] = {}
    position = 0
    for amount, count, line_id in _pieces(_chosen(action.goods, lines), left):
        cheaper = _cheaper(position + count, action.buy, size) - _cheaper(position, action.buy, size)
        off[line_id] = off.get(line_id, 0) + amount * cheaper
        position += count
    shares = distribute(part_of(sum(off.values()), action.percent_bp), list(off.values()))
    return dict(zip(off, shares, strict=True))


def _cheaper(pieces: int, buy: int, size: int) -> int:
    """How many of the first so many pieces are cheaper."""
    return pieces // size * (size - buy) + max(0, pieces % size - buy)


def _pieces(lines: Sequence[BasketLine], left: Mapping[UUID, int]) -> list[tuple[int, int, UUID]]:
    """(what a piece still costs, how many such, line), the dearest first."""
    runs = []
    for line in lines:
        low, dearer = divmod(left[line.line_id], line.quantity)
        runs.append((low + 1, dearer, line.line_id))
        runs.append((low, line.quantity - dearer, line.line_id))
    return sorted((run for run in runs if run[1]), key=lambda run: (-run[0], run[2]))


def part_of(amount: int, percent_bp: int) -> int:
    """A share in basis points, rounded half up."""
    return int((Decimal(amount) * percent_bp / 10_000).to_integral_value(rounding=ROUND_HALF_UP))


def _chosen(goods: Selection, lines: Sequence[BasketLine]) -> list[BasketLine]:
    # By id, so that where a line stands in the cart changes nothing.
    return sorted((line for line in lines if within(goods, line)), key=lambda line: line.line_id)


def _split(amount: int, lines: Sequence[BasketLine], left: Mapping[UUID, int]) -> dict[UUID, int]:
    shares = distribute(amount, [left[line.line_id] for line in lines])
    return {line.line_id: share for line, share in zip(lines, shares, strict=True)}
