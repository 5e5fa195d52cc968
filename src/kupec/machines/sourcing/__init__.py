"""Buying elsewhere: an owner's suppliers, compared openly, ordered at under a mandate and followed."""

from kupec.machines.sourcing.answers import Found, Order, Session
from kupec.machines.sourcing.buying import Sourcing
from kupec.machines.sourcing.client import Payment, SellerClient, Undecided
from kupec.machines.sourcing.errors import NoOffer, SupplierExists
from kupec.machines.sourcing.events import (
    ForeignOrderDelivered,
    SupplierAdded,
    SupplierOvercharged,
    SupplierPaused,
    SupplierRemoved,
    SupplierResumed,
    SupplierWeighed,
)
from kupec.machines.sourcing.foreign import get_foreign
from kupec.machines.sourcing.models import (
    Choice,
    ForeignOrder,
    LeftOut,
    NewSupplier,
    Offer,
    OfferedLine,
    Record,
    Scored,
    Supplier,
    SupplyRequest,
    SupplyWish,
    Weights,
)
from kupec.machines.sourcing.privacy import privacy_part
from kupec.machines.sourcing.rules import SOURCING, SourcingRules
from kupec.machines.sourcing.scoring import choose, comparable, reliability
from kupec.machines.sourcing.suppliers import (
    add_supplier,
    get_supplier,
    pause_supplier,
    records_of,
    remove_supplier,
    resume_supplier,
    set_weights,
    suppliers_of,
    weights_of,
)

__all__ = [
    "SOURCING",
    "Choice",
    "ForeignOrder",
    "ForeignOrderDelivered",
    "Found",
    "LeftOut",
    "NewSupplier",
    "NoOffer",
    "Offer",
    "OfferedLine",
    "Order",
    "Payment",
    "Record",
    "Scored",
    "SellerClient",
    "Session",
    "Sourcing",
    "SourcingRules",
    "Supplier",
    "SupplierAdded",
    "SupplierExists",
    "SupplierOvercharged",
    "SupplierPaused",
    "SupplierRemoved",
    "SupplierResumed",
    "SupplierWeighed",
    "SupplyRequest",
    "SupplyWish",
    "Undecided",
    "Weights",
    "add_supplier",
    "choose",
    "comparable",
    "get_foreign",
    "get_supplier",
    "pause_supplier",
    "privacy_part",
    "records_of",
    "reliability",
    "remove_supplier",
    "resume_supplier",
    "set_weights",
    "suppliers_of",
    "weights_of",
]
