"""What customers say about the use of their data, as the log tells it. Purposes and figures only."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class ConsentGiven(Payload, frozen=True, kw_only=True):
    """A purpose was agreed to. Subject "customer:<id>"; the id may be a visitor's. `how` says in what way."""

    name: ClassVar[str] = "consent.given"

    consent_id: UUID
    purpose: str
    version: int
    revision: int
    how: str


class ConsentWithdrawn(Payload, frozen=True, kw_only=True):
    """A purpose is not agreed to any more. Subject "customer:<id>"."""

    name: ClassVar[str] = "consent.withdrawn"

    consent_id: UUID
    purpose: str
    version: int
    how: str


class ConsentAsked(Payload, frozen=True, kw_only=True):
    """Somebody ticked a box beside an address that nobody has proved; the link in a mail does. "customer:<id>"."""

    name: ClassVar[str] = "consent.asked"

    ask_id: UUID
    purposes: list[str]
