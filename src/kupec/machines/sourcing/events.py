"""What the log says about suppliers and about orders placed with them."""

from uuid import UUID

from kupec.kit.events import Payload


class SupplierAdded(Payload, frozen=True, kw_only=True):
    """An owner lets their machines buy of this seller. Subject "supplier:<id>"."""

    name = "supplier.added"

    host: str


class SupplierPaused(Payload, frozen=True, kw_only=True):
    """Nothing is bought there for now; `reason` where the shop itself has stopped it ("overcharged")."""

    name = "supplier.paused"

    reason: str | None = None


class SupplierResumed(Payload, frozen=True, kw_only=True):
    name = "supplier.resumed"


class SupplierRemoved(Payload, frozen=True, kw_only=True):
    name = "supplier.removed"


class SupplierWeighed(Payload, frozen=True, kw_only=True):
    """An owner has said what they weigh when suppliers are compared. Subject "party:<id>"."""

    name = "supplier.weighed"

    price: int
    delivery: int
    reliability: int
    terms: int


class SupplierOvercharged(Payload, frozen=True, kw_only=True):
    """A seller has sold for more than it had said."""

    name = "supplier.overcharged"

    purchase_id: UUID
    agreed_total: int
    placed_total: int
    currency: str


class ForeignOrderDelivered(Payload, frozen=True, kw_only=True):
    """What a machine has bought elsewhere has come. Subject "purchase:<id>"."""

    name = "foreign_order.delivered"

    supplier_id: UUID
    late: bool
