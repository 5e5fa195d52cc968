"""What outreach writes into the log."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class MailSent(Payload, frozen=True, kw_only=True):
    """A mail was handed over for delivery. `kind` is its template ("order_confirmation", "parcel_shipped")."""

    name: ClassVar[str] = "mail.sent"

    mail_id: UUID
    kind: str


class MessageWithheld(Payload, frozen=True, kw_only=True):
    """A message was not sent. `why`: off, no_address, bounced, consent, cap, no_longer."""

    name: ClassVar[str] = "message.withheld"

    mail_id: UUID
    kind: str
    why: str


class MailBounced(Payload, frozen=True, kw_only=True):
    """A mail came back. `hard`: the address does not exist and is not written any more; `code` as the server said."""

    name: ClassVar[str] = "mail.bounced"

    mail_id: UUID
    kind: str
    hard: bool
    code: str
