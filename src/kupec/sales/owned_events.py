"""What happens to what customers have. Subject "owned:<id>"."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class OwnedAdded(Payload, frozen=True, kw_only=True):
    """A customer has something. `source`: "order" or "told"; `next_service_on` where it has a service."""

    name: ClassVar[str] = "owned.added"

    owned_id: UUID
    source: str
    next_service_on: date | None


class OwnedChanged(Payload, frozen=True, kw_only=True):
    """What is known of it was changed; which fields, but not what they say."""

    name: ClassVar[str] = "owned.changed"

    owned_id: UUID
    fields: list[str]


class OwnedRemoved(Payload, frozen=True, kw_only=True):
    """The customer does not have it any more."""

    name: ClassVar[str] = "owned.removed"

    owned_id: UUID


class ServiceDue(Payload, frozen=True, kw_only=True):
    """Its service is near; said once for each due day."""

    name: ClassVar[str] = "service.due"

    owned_id: UUID
    due_on: date


class ServiceBooked(Payload, frozen=True, kw_only=True):
    """A day was agreed; `before` is the day it was moved from."""

    name: ClassVar[str] = "service.booked"

    owned_id: UUID
    booking_id: UUID
    day: date
    before: date | None = None


class ServiceCancelled(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "service.cancelled"

    owned_id: UUID
    booking_id: UUID
    day: date


class ServiceDone(Payload, frozen=True, kw_only=True):
    """It had its service; `next_on` is when the next one is due."""

    name: ClassVar[str] = "service.done"

    owned_id: UUID
    day: date
    next_on: date | None
