"""What happens to what is ordered for devices by itself. Subject "machine:<id>"."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class PolicyStarted(Payload, frozen=True, kw_only=True):
    """From now on it is ordered by itself. `kind`: "goods", "part" or "service"."""

    name: ClassVar[str] = "replenishment.started"

    policy_id: UUID
    kind: str
    sku: str


class PolicyPaused(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "replenishment.paused"

    policy_id: UUID
    sku: str


class PolicyResumed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "replenishment.resumed"

    policy_id: UUID
    sku: str


class PolicyChanged(Payload, frozen=True, kw_only=True):
    """`what` names the fields: "service_level", "most_pieces", "shelf"."""

    name: ClassVar[str] = "replenishment.changed"

    policy_id: UUID
    what: list[str]
    sku: str


class ReplenishmentOrdered(Payload, frozen=True, kw_only=True):
    """An order came of it. `order_id` is missing where it was bought elsewhere."""

    name: ClassVar[str] = "replenishment.ordered"

    policy_id: UUID
    replenishment_id: UUID
    purchase_id: UUID
    order_id: UUID | None
    sku: str
    quantity: int


class ReplenishmentBlocked(Payload, frozen=True, kw_only=True):
    """Nothing could be ordered; said once for each reason in a row. `code` is that of the purchase."""

    name: ClassVar[str] = "replenishment.blocked"

    policy_id: UUID
    replenishment_id: UUID
    sku: str
    code: str


class ReplenishmentArrived(Payload, frozen=True, kw_only=True):
    """What was ordered is there."""

    name: ClassVar[str] = "replenishment.arrived"

    policy_id: UUID
    replenishment_id: UUID
    sku: str
    quantity: int


class ReplenishmentCancelled(Payload, frozen=True, kw_only=True):
    """What was ordered will not come: the order was cancelled, or its owner said no."""

    name: ClassVar[str] = "replenishment.cancelled"

    policy_id: UUID
    replenishment_id: UUID
    sku: str
    code: str
