"""Who gets what from where: a pure decision over stock that is locked. Worked numbers: docs/algorithms/stock.md."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from kupec.catalogue.models import Portion, Shortage, StockAt, Wanted

_Place = tuple[UUID, UUID]


def portion_out(wanted: Sequence[Wanted], free: Sequence[StockAt]) -> dict[UUID, list[Portion] | Shortage]:
    """Share `free` (as `lock_stock` gave it) among the holders, in the order in which they first appear.

    A holder gets all it wants or a Shortage, which takes nothing. Several lines of one holder for one variant are
    summed. All from one location where one has it all, the merchant's first such; otherwise each variant from the first
    locations that have some. What another holder of the batch has reserved stays that holder's until it
    is decided, and after it when it fell short.
    """
    demands: dict[UUID, dict[UUID, int]] = {}
    for line in wanted:
        demand = demands.setdefault(line.holder, {})
        demand[line.variant_id] = demand.get(line.variant_id, 0) + line.quantity
    pool = _Pool(free)
    return {holder: pool.serve(holder, demand) for holder, demand in demands.items()}


class _Pool:
    """The stock that is left while the holders of a batch are served one after another."""

    def __init__(self, stock: Iterable[StockAt]) -> None:
        self._free: dict[_Place, int] = {}
        self._held: dict[_Place, dict[UUID, int]] = {}
        self._locations: dict[UUID, None] = {}  # a set that keeps the merchant's order
        for level in stock:
            place = (level.variant_id, level.location_id)
            self._free[place] = level.free
            self._held[place] = dict(level.held)
            self._locations[level.location_id] = None

    def serve(self, holder: UUID, demand: Mapping[UUID, int]) -> list[Portion] | Shortage:
        available = {
            (variant_id, location_id): self._available(holder, (variant_id, location_id))
            for variant_id in demand
            for location_id in self._locations
        }
        totals = {variant_id: sum(available[variant_id, at] for at in self._locations) for variant_id in demand}
        short = {variant_id: totals[variant_id] for variant_id in demand if totals[variant_id] < demand[variant_id]}
        if short:
            return Shortage(holder=holder, available=short)
        portions = self._cut(holder, demand, available)
        self._settle(holder, portions)
        return portions

    def _available(self, holder: UUID, place: _Place) -> int:
        others = sum(quantity for other, quantity in self._held.get(place, {}).items() if other != holder)
        return max(0, self._free.get(place, 0) - others)

    def _cut(self, holder: UUID, demand: Mapping[UUID, int], available: Mapping[_Place, int]) -> list[Portion]:
        for location_id in self._locations:
            if all(available[variant_id, location_id] >= quantity for variant_id, quantity in demand.items()):
                return [_portion(holder, variant_id, location_id, demand[variant_id]) for variant_id in demand]
        portions = []
        for variant_id, quantity in demand.items():
            missing = quantity
            for location_id in self._locations:
                share = min(missing, available[variant_id, location_id])
                if share:
                    portions.append(_portion(holder, variant_id, location_id, share))
                    missing -= share
        return portions

    def _settle(self, holder: UUID, portions: Iterable[Portion]) -> None:
        for held in self._held.values():
            held.pop(holder, None)
        for portion in portions:
            self._free[portion.variant_id, portion.location_id] -= portion.quantity


def _portion(holder: UUID, variant_id: UUID, location_id: UUID, quantity: int) -> Portion:
    return Portion(holder=holder, variant_id=variant_id, location_id=location_id, quantity=quantity)
