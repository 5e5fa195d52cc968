"""What the log says of customers coming in, and of what they come in with: kinds only."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from kupec.kit.events import Happened, Payload

Method = Literal["code", "link", "passkey", "password"]
Credential = Literal["passkey", "password"]
SessionKind = Literal["browser", "app"]


class CustomerSignedIn(Payload, frozen=True, kw_only=True):
    """A customer came in, in a browser or an app. Subject "customer:<id>"."""

    name: ClassVar[str] = "customer.signed_in"

    method: Method
    kind: SessionKind


class CustomerSignedOut(Payload, frozen=True, kw_only=True):
    """A customer ended so many sessions: this one, one from the list, or all the others. Subject "customer:<id>"."""

    name: ClassVar[str] = "customer.signed_out"

    sessions: int


class CredentialAdded(Payload, frozen=True, kw_only=True):
    """A customer can come in by this, too. Subject "customer:<id>"."""

    name: ClassVar[str] = "credential.added"

    kind: Credential


class CredentialRemoved(Payload, frozen=True, kw_only=True):
    """A customer does not come in by this any more. Subject "customer:<id>"."""

    name: ClassVar[str] = "credential.removed"

    kind: Credential


def about(party_id: UUID, payload: Payload, now: datetime) -> Happened:
    """In a customer's own history."""
    return Happened(
        payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now, channel="portal"
    )
