"""What a standing order is made of: the agreement, its lines, and its occurrences."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.recurrence import Recurrence
from kupec.sales.models import Address, Company, PickupPoint

StandingState = Literal["active", "paused", "ended"]
OccurrenceState = Literal["planned", "placing", "placed", "skipped", "failed", "missed", "cancelled"]
PaymentKind = Literal["account", "card"]
PricePolicy = Literal["current", "fixed"]


class WantedLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a variant, made as `options` say (by option code).

    `fixed_amount` is what a piece costs by agreement, in minor units with VAT and options; only the desk may say it.
    """

    variant_id: UUID
    quantity: int
    options: dict[str, str] = {}
    fixed_amount: int | None = None


class StandingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is kept. `last_amount` is what a piece cost last time, or when the order was started."""

    id: UUID
    variant_id: UUID
    quantity: int
    options: dict[str, str] = {}
    fixed_amount: int | None = None
    last_amount: int | None = None


class StandingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """When and how, where a cart or an order says what and for whom."""

    recurrence: Recurrence
    payment: PaymentKind
    card_id: UUID | None = None
    price_policy: PricePolicy = "current"
    fixed_until: date | None = None
    """The last local day for which today's prices hold; None as long as the order lasts."""
    note: str = ""


class NewStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A standing order to be started. With a `key`, the same request made twice starts one."""

    customer_id: UUID
    ordered_by: UUID | None = None
    """The person, where the customer is an organisation."""
    market: str
    language: str
    email: str
    name: str | None = None
    phone: str | None = None
    address: Address
    company: Company | None = None
    shipping_method: str
    pickup_point: PickupPoint | None = None
    terms: StandingTerms
    lines: list[WantedLine]
    source: str = ""
    """What it was made from: "cart:<id>", "order:<id>"."""
    key: str | None = None


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different from now on; UNSET leaves a part as it is."""

    lines: list[WantedLine] | msgspec.UnsetType = msgspec.UNSET
    recurrence: Recurrence | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    address: Address | msgspec.UnsetType = msgspec.UNSET
    company: Company | msgspec.UnsetType | None = msgspec.UNSET
    shipping_method: str | msgspec.UnsetType = msgspec.UNSET
    pickup_point: PickupPoint | msgspec.UnsetType | None = msgspec.UNSET
    payment: PaymentKind | msgspec.UnsetType = msgspec.UNSET
    card_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    price_policy: PricePolicy | msgspec.UnsetType = msgspec.UNSET
    fixed_until: date | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def parts(self) -> list[str]:
        """The names of what is given, as `standing.changed` tells them."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not msgspec.UNSET]


class StandingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement as it stands; amounts in minor units of `currency` with VAT."""

    id: UUID
    customer_id: UUID
    ordered_by: UUID | None
    market: str
    language: str
    currency: str
    email: str
    name: str | None
    phone: str | None
    address: Address
    company: Company | None
    shipping_method: str
    pickup_point: PickupPoint | None
    payment: PaymentKind
    card_id: UUID | None
    price_policy: PricePolicy
    fixed_until: date | None
    approved_total: int | None
    """Up to which total a purchase on account has been agreed to by somebody who may."""
    recurrence: Recurrence
    base: int
    next_number: int
    state: StandingState
    reason: str | None
    """Why it is paused or has ended: "asked", "completed", or the code of what failed."""
    source: str
    note: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    lines: list[StandingLine] = []


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What an order lacks of what was wanted, and why."""

    variant_id: UUID
    wanted: int
    got: int
    reason: Literal["short", "not_sold", "options_changed"]


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a standing order comes round."""

    id: UUID
    standing_order_id: UUID
    customer_id: UUID
    number: int
    nominal: date
    planned_at: datetime
    due_at: datetime
    state: OccurrenceState
    lines: list[WantedLine] | None
    """For this time only; None for those of the standing order."""
    next_try_at: datetime | None
    attempts: int
    failures: int
    cart_id: UUID | None
    order_id: UUID | None
    error_code: str | None
    missing: list[Missing] | None
    reminded_at: datetime | None
    finished_at: datetime | None

    @property
    def moved(self) -> bool:
        return self.due_at != self.planned_at


class Upcoming(msgspec.Struct, frozen=True, kw_only=True):
    """A time to come: written down already, or worked out from the recurrence (then without an id)."""

    standing_order_id: UUID
    number: int
    nominal: date
    due_at: datetime
    state: OccurrenceState = "planned"
    occurrence_id: UUID | None = None
    moved: bool = False
    own_lines: bool = False
