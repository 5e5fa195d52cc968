"""What happens to parcels and returns, as it stands in the event log: ids and figures, no personal data."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class ParcelSplit(Payload, frozen=True, kw_only=True):
    """Pieces of a parcel that is being packed will leave in one of their own."""

    name: ClassVar[str] = "order.split"
    number: str
    fulfilment_id: UUID
    new_id: UUID
    pieces: int


class ParcelTransferred(Payload, frozen=True, kw_only=True):
    """Goods to be collected have left for the place where they will be."""

    name: ClassVar[str] = "order.transferred"
    number: str
    fulfilment_id: UUID


class ParcelReady(Payload, frozen=True, kw_only=True):
    """Goods wait at the counter. `complete`: all that the customer comes for is there."""

    name: ClassVar[str] = "order.ready"
    number: str
    fulfilment_id: UUID
    complete: bool


class RestCancelled(Payload, frozen=True, kw_only=True):
    """What had not left of an order will not. `refund` in minor units."""

    name: ClassVar[str] = "order.rest_cancelled"
    number: str
    reason: str
    pieces: int
    refund: int


class ParcelTracked(Payload, frozen=True, kw_only=True):
    """The carrier says where a parcel is. `state` is one of `TRACKING`."""

    name: ClassVar[str] = "parcel.tracked"
    number: str
    fulfilment_id: UUID
    state: str


class ParcelLate(Payload, frozen=True, kw_only=True):
    """The promised day has passed and the parcel has not arrived."""

    name: ClassVar[str] = "parcel.late"
    number: str
    fulfilment_id: UUID
    promised_on: date


class LabelMade(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "parcel.labelled"
    number: str
    fulfilment_id: UUID
    carrier: str
    tracking_number: str


class LabelFailed(Payload, frozen=True, kw_only=True):
    """A carrier took no order for a parcel, or nobody knows whether it did (`unknown`)."""

    name: ClassVar[str] = "parcel.label_failed"
    number: str
    fulfilment_id: UUID
    carrier: str
    unknown: bool


class ReturnRequested(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "return.requested"
    number: str
    return_id: UUID
    pieces: int
    settle_to: str


class ReturnApproved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "return.approved"
    number: str
    return_id: UUID


class ReturnRefused(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "return.refused"
    number: str
    return_id: UUID
    reason: str


class ReturnReceived(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "return.received"
    number: str
    return_id: UUID
    restocked: int
    scrapped: int


class ReturnClosed(Payload, frozen=True, kw_only=True):
    """Settled. `refunded` in minor units; negative is what the customer owes for a dearer exchange."""

    name: ClassVar[str] = "return.closed"
    number: str
    return_id: UUID
    refunded: int
    currency: str
    settle_to: str
    replacement_id: UUID | None = None
