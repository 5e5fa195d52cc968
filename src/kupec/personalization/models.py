"""What a segment is: conditions over what a customer is and does."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Operator = Literal["is", "is_not", "at_least", "at_most", "within_days", "not_within_days", "has", "has_not"]


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question about a customer: "orders" "at_least" 3, "last_order" "not_within_days" 60.

    `argument` is what some fields need besides the value: a currency, the code of a custom field.
    """

    field: str
    operator: Operator
    value: str | int = ""
    argument: str = ""


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions that hold all together, or of which any does. No conditions: everybody."""

    match: Literal["all", "any"] = "all"
    conditions: list[Condition] = []


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A saved filter. `applied`: prices and promotions ask for its code; `customers` as counted at `counted_at`."""

    id: UUID
    code: str
    name: str
    filter: Filter
    applied: bool
    customers: int | None
    counted_at: datetime | None
    created_by: str
    created_at: datetime
    changed_at: datetime
