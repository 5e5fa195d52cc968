"""What Kupec asks of a carrier, and how a carrier says no. Called by jobs and sweeps only, never in a transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from kupec.kit.errors import KupecError
from kupec.sales.models import Address

TrackingState = Literal[
    "announced", "accepted", "in_transit", "out_for_delivery", "attempted", "at_point", "returning", "delivered",
    "returned",
]  # fmt: skip
TRACKING: tuple[TrackingState, ...] = (
    "announced",
    "accepted",
    "in_transit",
    "out_for_delivery",
    "attempted",
    "at_point",
    "returning",
    "delivered",
    "returned",
)
"""How far a parcel is. What is known of one only moves forward in this list; the last two are final."""


class Consignment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as a carrier is told of it. Money in minor units of `currency`."""

    parcel_id: UUID
    number: str
    """Ours, for people: the order's number and which of its parcels."""
    recipient: Address
    phone: str | None
    email: str | None
    language: str
    weight_g: int
    value: int
    cod: int
    """To be collected from the recipient; 0 for what is paid."""
    currency: str
    point_id: str | None
    service: str
    sender: str
    note: str = ""


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as its carrier knows it."""

    number: str
    """What people track it by."""
    reference: str
    """What the carrier's interface knows it by."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a parcel on its way."""

    at: datetime
    state: TrackingState
    text: str = ""


class CarrierRefused(KupecError):
    """The carrier does not take the parcel: {reason}"""

    status = 422
    code = "carrier_refused"


class CarrierUnreachable(KupecError):
    """The carrier does not answer ({reason}). It will be asked again."""

    status = 502
    code = "carrier_unreachable"

    def __init__(self, *, reason: str, may_have_happened: bool = False) -> None:
        self.may_have_happened = may_have_happened
        super().__init__(reason=reason)


class CannotAsk(KupecError):
    """This carrier cannot be asked whether it knows a parcel by our number."""

    status = 409
    code = "carrier_cannot_be_asked"


class Carrier(Protocol):
    """A connection. `name` stands in the document of deliveries as a method's `labels`.

    Every call may raise CarrierUnreachable; one that changes something says whether it may have happened.
    """

    name: str

    async def create_shipment(self, parcel: Consignment) -> Shipment:
        """Order the transport of a parcel. Raises CarrierRefused, its `field` as the carrier names it."""

    async def find(self, parcel: Consignment) -> Shipment | None:
        """The shipment of a parcel that may have been ordered; None when it surely was not. Raises CannotAsk."""

    async def label_pdf(self, shipment: Shipment, parcel: Consignment) -> bytes:
        """The label. Asking again gives one for the same shipment."""

    async def track(self, references: Sequence[str]) -> dict[str, list[Step]]:
        """What is known of each, the earliest first. Those nobody knows are left out."""

    async def cancel(self, reference: str) -> None:
        """The parcel will not be sent. Cancelling what is cancelled is fine. Raises CarrierRefused."""

    async def close(self) -> None:
        """Let go of connections."""
