"""What the log says of how customers are reached: the kind, never the address or number."""

from typing import ClassVar

from kupec.customers.models import ContactKind
from kupec.kit.events import Payload


class ContactPointAdded(Payload, frozen=True, kw_only=True):
    """A customer can be reached in one more way. Subject "customer:<id>"."""

    name: ClassVar[str] = "contact_point.added"

    kind: ContactKind


class ContactPointVerified(Payload, frozen=True, kw_only=True):
    """A customer has shown that they read what is sent there. Subject "customer:<id>"."""

    name: ClassVar[str] = "contact_point.verified"

    kind: ContactKind


class ContactPointRemoved(Payload, frozen=True, kw_only=True):
    """A customer is not reached that way any more. Subject "customer:<id>"."""

    name: ClassVar[str] = "contact_point.removed"

    kind: ContactKind
