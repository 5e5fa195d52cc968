"""What outreach writes into the log."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class MailSent(Payload, frozen=True, kw_only=True):
    """A mail was handed over for delivery. `kind` is its template ("order_confirmation", "parcel_shipped")."""

    name: ClassVar[str] = "mail.sent"

    mail_id: UUID
    kind: str
