"""What is ordered for devices by itself: policies, the orders that came of them, and what comes next."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

PolicyKind = Literal["goods", "part", "service"]
OrderState = Literal["claimed", "asked", "ordered", "delivered", "done", "refused", "failed", "cancelled"]
OPEN = ("claimed", "asked", "ordered")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is ordered for one device. `meter` is empty where an interval or an error calls for it.

    `shelf` is what its owner has beside the device, in the meter's unit; `blocked` the code of what refused it last.
    """

    id: UUID
    machine_id: UUID
    kind: PolicyKind
    meter: str
    sku: str
    state: Literal["on", "paused"]
    service_level: float | None
    most_pieces: int | None
    shelf: float
    marked_on: date | None
    marked_filled: float
    counter_base: float | None
    wake_at: float | None
    blocked: str
    blocked_fields: dict[str, Any]
    tries: int
    next_review_at: datetime | None
    reviewed_at: datetime | None
    created_at: datetime


class ReplenishmentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a policy. `number` counts them from 1; `attempt` the tries, each a purchase of its own."""

    id: UUID
    policy_id: UUID
    machine_id: UUID
    number: int
    sku: str
    quantity: int
    content: float
    state: OrderState
    attempt: int
    purchase_id: UUID | None
    order_id: UUID | None
    seller: str
    total: int | None
    currency: str | None
    code: str
    why: dict[str, Any]
    meter_value: float | None
    error_at: datetime | None
    created_at: datetime
    placed_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None

    @property
    def key(self) -> str:
        """Under which this try is bought: whoever makes it again makes the same."""
        return f"replenishment:{self.id}:{self.attempt}"

    @property
    def under_way(self) -> bool:
        return self.state in OPEN


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one policy, and when it will order. Levels are in the meter's unit, `rate` is a day's use.

    `why` is a msgid with placeholders that `fields` fill; `why_in` says it in a language.
    """

    policy: Policy
    level: float | None = None
    shelf: float = 0.0
    capacity: float | None = None
    unit: str = ""
    rate: float | None = None
    left_days: float | None = None
    reorder_at: float | None = None
    next_order_on: date | None = None
    quantity: int | None = None
    under_way: ReplenishmentOrder | None = None
    why: str = ""
    fields: dict[str, Any] = {}
