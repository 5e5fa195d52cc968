"""What a machine is, what it may buy for whom, and what became of what it wanted. Money in minor units with VAT."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kupec.sales import Address

MachineKind = Literal["device", "agent"]
MachineState = Literal["active", "paused", "revoked"]
Scope = Literal["read", "buy", "telemetry"]
Period = Literal["day", "week", "month", "year", "total"]
PaymentWay = Literal["card", "account"]
PurchaseState = Literal["claimed", "asked", "placed", "refused", "failed", "cancelled"]

SCOPES: Final[tuple[Scope, ...]] = ("read", "buy", "telemetry")
PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month", "year", "total")
OWN: Final = "own"
"""This shop, among a mandate's sellers."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A device or an agent of a customer or an organisation."""

    id: UUID
    party_id: UUID
    name: str
    kind: MachineKind
    profile: str | None
    state: MachineState
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None


class NewMachine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine to be registered. `profile` is the https address at which an agent says who it is."""

    name: str
    kind: MachineKind = "agent"
    profile: str | None = None


class MachineKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a machine; its token is known to whoever was shown it, and to nobody else."""

    id: UUID
    machine_id: UUID
    prefix: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    rotated_to: UUID | None

    def opens(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class NewMachineKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. `token` is shown this once."""

    key: MachineKey
    token: str


class MachineCaller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls with a key that holds."""

    machine: Machine
    scopes: list[str]
    key_id: UUID

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


class Goods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a mandate is about: these SKUs, and whatever is in these categories (by code); neither is anything."""

    skus: list[str] = []
    categories: list[str] = []

    @property
    def anything(self) -> bool:
        return not (self.skus or self.categories)


class MandateTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody lets their machine buy. None of a limit is no limit; `budget` counts fees and delivery, too.

    `least_price` and `most_price` are of one piece, with VAT and after discounts.
    """

    sellers: list[str] = msgspec.field(default_factory=lambda: [OWN])
    goods: Goods = Goods()
    least_price: int | None = None
    most_price: int | None = None
    budget: int | None = None
    budget_period: Period = "month"
    most_orders: int | None = None
    approval_above: int | None = None
    """A purchase over this total waits for its owner's yes; 0 asks about every one."""
    payment: PaymentWay = "card"
    card_id: UUID | None = None
    """None for the card that was kept last."""
    address: Address | None = None
    """None for the owner's usual address when something is bought."""
    shipping_method: str | None = None
    """None for the cheapest that needs no time to be chosen."""
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    note: str = ""


class NewMandate(MandateTerms, frozen=True, kw_only=True):
    """A mandate to be granted. `zone` (IANA) is where its days, weeks, months and years begin and end."""

    market: str
    zone: str
    language: str | None = None
    """None for the owner's."""
    granted_by: UUID | None = None
    """The person, where the owner is an organisation."""


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate as it is kept."""

    id: UUID
    machine_id: UUID
    party_id: UUID
    granted_by: UUID | None
    sellers: list[str]
    goods: Goods
    market: str
    language: str
    currency: str
    least_price: int | None
    most_price: int | None
    budget: int | None
    budget_period: Period
    zone: str
    most_orders: int | None
    approval_above: int | None
    payment: PaymentWay
    card_id: UUID | None
    agreed: bool
    address: Address | None
    shipping_method: str | None
    starts_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    note: str
    created_at: datetime
    updated_at: datetime

    def state(self, now: datetime) -> Literal["active", "waiting", "expired", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "waiting" if self.starts_at > now else "active"


class WishLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one thing: `total` is what they cost together after discounts."""

    sku: str
    quantity: int
    total: int
    name: str = ""
    categories: list[str] = []


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine wants to buy of one seller; `total` with delivery and fees."""

    seller: str
    lines: list[WishLine]
    total: int
    currency: str


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What has been bought under a mandate in the period that holds, with what is being bought or asked about now."""

    total: int = 0
    orders: int = 0


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The mandate covers it."""


class NeedsApproval(msgspec.Struct, frozen=True, kw_only=True):
    """The mandate covers it with its owner's yes. `limit` is the total above which that is wanted."""

    code: Literal["above_limit", "account_approval", "other_address"] = "above_limit"
    limit: int | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The mandate does not cover it; `fields` are figures and codes for the words."""

    code: str
    fields: dict[str, Any] = {}


Decision = Allowed | NeedsApproval | Refused


class BoughtLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a purchase: what was wanted, and what it cost together when that was known."""

    sku: str
    quantity: int
    name: str = ""
    total: int | None = None
    categories: list[str] = []


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """Something a machine wanted to buy, and what became of it. A refusal is one, too.

    "claimed" has its budget and is being ordered, "asked" has its budget and waits for its owner, "failed" was allowed
    and could not be ordered; "cancelled" was ordered and called off.
    """

    id: UUID
    mandate_id: UUID | None
    machine_id: UUID
    party_id: UUID
    key: str
    seller: str
    lines: list[BoughtLine]
    total: int
    currency: str
    state: PurchaseState
    reason: str | None
    reason_fields: dict[str, Any]
    why: dict[str, Any]
    attempt: int
    approved_by: str | None
    card_id: UUID | None
    cart_id: UUID | None
    order_id: UUID | None
    foreign_order: str | None
    given_back: int
    created_at: datetime
    claimed_at: datetime | None
    expires_at: datetime | None
    decided_at: datetime | None
    order_number: str | None = None
    """Of an order in this shop."""

    @property
    def counts(self) -> int:
        """How much of its mandate's budget it takes."""
        return max(self.total - self.given_back, 0) if self.state in ("claimed", "asked", "placed") else 0


class PurchaseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A machine wants to buy. The same `key` of the same machine again is the same purchase, whatever else it says.

    `lines` are (SKU, pieces). With a `cart_id` that cart is bought as it is instead (its lines, its address): it must
    be open, and the edge that names it has checked that it is the machine's to buy. `expected_total`, if given, is what
    the machine was shown. `mandate_id` names one of several mandates, else the first that allows it speaks.
    """

    machine_id: UUID
    key: str
    lines: list[tuple[str, int]] = []
    cart_id: UUID | None = None
    expected_total: int | None = None
    mandate_id: UUID | None = None
    why: dict[str, Any] = {}
    """Why it is wanted, in codes and figures; kept with the purchase and shown to its owner."""
    agreed: dict[str, int] | None = None
    """By SKU, what a piece costs by an award or an offer, in minor units with VAT; only other rooms say so."""
    agreed_in: str | None = None
    """The currency of `agreed`: a mandate in another one refuses."""
    seller: Literal["own"] = "own"


class ForeignPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """What another room wants to buy at another seller, under the same books."""

    machine_id: UUID
    key: str
    wish: Wish
    mandate_id: UUID | None = None
    why: dict[str, Any] = {}
