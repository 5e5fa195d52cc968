"""What devices need is ordered by itself: goods, spare parts, services. The door."""

from kupec.machines.replenishment.errors import NotReplenished
from kupec.machines.replenishment.models import Outlook, Policy, ReplenishmentOrder
from kupec.machines.replenishment.rules import REPLENISHMENT, GoodsRule, Replenishment

__all__ = [
    "REPLENISHMENT",
    "GoodsRule",
    "NotReplenished",
    "Outlook",
    "Policy",
    "Replenishment",
    "ReplenishmentOrder",
]
