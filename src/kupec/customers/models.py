"""What a customer is."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.customers.events import PartyKind
from kupec.customers.task_models import Task

ContactKind = Literal["email", "phone"]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody says they are, as a checkout learns it. Nothing of it is verified."""

    email: str
    name: str
    phone: str | None = None
    language: str
    address: dict[str, str] | None = None
    """name, street, city, postcode, country (ISO 3166 alpha-2)."""


class ContactPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach a party. `value` is normalised: mail in lower case, phone in E.164."""

    kind: ContactKind
    value: str
    verified_at: datetime | None


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A person or an organisation. `email` and `phone` are the first of each, None where there is none."""

    id: UUID
    kind: PartyKind
    name: str
    language: str
    company_id: str | None
    external_id: str | None
    created_at: datetime
    email: str | None
    phone: str | None


class PartyPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the desk shows beside a party's timeline."""

    party: Party
    contact_points: list[ContactPoint]
    addresses: list[dict[str, str]]
    open_tasks: list[Task]
