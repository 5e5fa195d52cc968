"""What devices need is ordered by itself: goods, spare parts, services. The door."""

from kupec.machines.replenishment.claiming import waiting_reviews, wake_low
from kupec.machines.replenishment.errors import NotReplenished
from kupec.machines.replenishment.events import (
    PolicyChanged,
    PolicyPaused,
    PolicyResumed,
    PolicyStarted,
    ReplenishmentArrived,
    ReplenishmentBlocked,
    ReplenishmentCancelled,
    ReplenishmentOrdered,
)
from kupec.machines.replenishment.following import replenishment_subscriber
from kupec.machines.replenishment.looking_ahead import outlook
from kupec.machines.replenishment.models import Outlook, Policy, ReplenishmentOrder
from kupec.machines.replenishment.policies import (
    PolicyChange,
    change_policy,
    pause_policy,
    pause_replenishment,
    policies_of,
    replenishment_orders,
    resume_policy,
    resume_replenishment,
    start_replenishment,
)
from kupec.machines.replenishment.privacy import privacy_part
from kupec.machines.replenishment.reviewing import Buyer, review_devices
from kupec.machines.replenishment.rules import REPLENISHMENT, GoodsRule, Replenishment
from kupec.machines.replenishment.words import amount_in, why_in

__all__ = [
    "REPLENISHMENT",
    "Buyer",
    "GoodsRule",
    "NotReplenished",
    "Outlook",
    "Policy",
    "PolicyChange",
    "PolicyChanged",
    "PolicyPaused",
    "PolicyResumed",
    "PolicyStarted",
    "Replenishment",
    "ReplenishmentArrived",
    "ReplenishmentBlocked",
    "ReplenishmentCancelled",
    "ReplenishmentOrder",
    "ReplenishmentOrdered",
    "amount_in",
    "change_policy",
    "outlook",
    "pause_policy",
    "pause_replenishment",
    "policies_of",
    "privacy_part",
    "replenishment_orders",
    "replenishment_subscriber",
    "resume_policy",
    "resume_replenishment",
    "review_devices",
    "start_replenishment",
    "waiting_reviews",
    "wake_low",
    "why_in",
]
