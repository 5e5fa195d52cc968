"""What happens to machines and what they buy, as it stands in the event log.

Subjects are "machine:<id>" and "purchase:<id>".
"""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from kupec.kit.events import Payload


class MachineRegistered(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "machine.registered"
    kind: str


class MachinePaused(Payload, frozen=True, kw_only=True):
    """It buys nothing until it is resumed."""

    name: ClassVar[str] = "machine.paused"


class MachineResumed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "machine.resumed"


class MachineTakenOut(Payload, frozen=True, kw_only=True):
    """For good: its keys open nothing, its mandates are over."""

    name: ClassVar[str] = "machine.revoked"


class MachineKeyCreated(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "machine_key.created"
    key_id: UUID
    scopes: list[str]
    expires_at: datetime | None


class MachineKeyRotated(Payload, frozen=True, kw_only=True):
    """`key_id` is the new one; the one before holds until `old_until`."""

    name: ClassVar[str] = "machine_key.rotated"
    key_id: UUID
    replaces: UUID
    old_until: datetime


class MachineKeyRevoked(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "machine_key.revoked"
    key_id: UUID


class MandateGranted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "mandate.granted"
    mandate_id: UUID
    budget: int | None
    budget_period: str
    currency: str
    approval_above: int | None
    payment: str
    expires_at: datetime | None


class MandateChanged(Payload, frozen=True, kw_only=True):
    """`what` names the parts that differ from now on."""

    name: ClassVar[str] = "mandate.changed"
    mandate_id: UUID
    what: list[str]


class MandateTakenBack(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "mandate.revoked"
    mandate_id: UUID


class _OfPurchase(Payload, frozen=True, kw_only=True):
    machine_id: UUID
    mandate_id: UUID | None
    seller: str
    total: int
    currency: str


class PurchaseAsked(_OfPurchase, frozen=True, kw_only=True):
    """Its owner is asked, until `expires_at`."""

    name: ClassVar[str] = "purchase.asked"
    reason: str
    expires_at: datetime


class PurchaseApproved(_OfPurchase, frozen=True, kw_only=True):
    """Its owner has said yes; it is being ordered."""

    name: ClassVar[str] = "purchase.approved"


class PurchasePlaced(_OfPurchase, frozen=True, kw_only=True):
    """`order_id` and `number` are of an order in this shop; none for another seller's."""

    name: ClassVar[str] = "purchase.placed"
    order_id: UUID | None
    number: str | None


class PurchaseRefused(_OfPurchase, frozen=True, kw_only=True):
    """The mandate does not cover it; `reason` is the code."""

    name: ClassVar[str] = "purchase.refused"
    reason: str


class PurchaseDenied(_OfPurchase, frozen=True, kw_only=True):
    """Its owner has said no, or nothing in time."""

    name: ClassVar[str] = "purchase.denied"
    reason: Literal["denied", "approval_expired"]


class PurchaseFailed(_OfPurchase, frozen=True, kw_only=True):
    """It was allowed, and could not be ordered; its budget is given back."""

    name: ClassVar[str] = "purchase.failed"
    reason: str


class PurchaseCancelled(_OfPurchase, frozen=True, kw_only=True):
    """Another seller has called the order off; its budget is given back."""

    name: ClassVar[str] = "purchase.cancelled"
