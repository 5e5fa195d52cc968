"""What the log says of how customers are reached: the kind, never the address or number."""

from typing import ClassVar

from kupec.kit.events import Payload


class ContactPointAdded(Payload, frozen=True, kw_only=True):
    """A customer can be reached in one more way. Subject "customer:<id>". `kind`: email, phone, or a channel's code."""

    name: ClassVar[str] = "contact_point.added"

    kind: str


class ContactPointVerified(Payload, frozen=True, kw_only=True):
    """A customer has shown that they read what is sent there. Subject "customer:<id>".

    `shared`: another customer owns it, so the two may be the same.
    """

    name: ClassVar[str] = "contact_point.verified"

    kind: str
    shared: bool = False


class ContactPointRemoved(Payload, frozen=True, kw_only=True):
    """A customer is not reached that way any more. Subject "customer:<id>"."""

    name: ClassVar[str] = "contact_point.removed"

    kind: str
