"""At which level to order: the need until the delivery is there, surely enough. Pure, no database.

The use of lead time and review is taken as gamma distributed: never negative, it may be skewed (Burgin, "The gamma
distribution and inventory control", 1975); its quantile is Wilson's and Hilferty's (1931).
"""

from collections.abc import Sequence
from statistics import NormalDist

import msgspec

from kupec.machines.replenishment.forecast import Need

_NORMAL = NormalDist()


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """How many days pass from an order to the door, and by how many that varies (a standard deviation)."""

    days: float
    spread: float


def lead_from(seen: Sequence[float], *, days: float, spread: float) -> Lead:
    """From the lead times seen, of which three weigh as much as what is assumed of them."""
    weight = 3.0
    mean = (weight * days + sum(seen)) / (weight + len(seen))
    off = weight * (spread**2 + (days - mean) ** 2) + sum((one - mean) ** 2 for one in seen)
    return Lead(days=mean, spread=float((off / (weight + len(seen))) ** 0.5))


def enough(need: Need, service_level: float) -> float:
    """What suffices for a need in so many of all cases."""
    if need.mean <= 0:
        return 0.0
    if need.variance <= 0:
        return need.mean
    shape = need.mean**2 / need.variance
    z = _NORMAL.inv_cdf(service_level)
    root = 1 - 1 / (9 * shape) + z / (3 * float(shape**0.5))
    return max(need.mean, need.mean * max(0.0, root) ** 3)
