"""What a customer is."""

from datetime import datetime
from typing import Any, Literal
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
    """A way to reach a party. `value` is normalised: mail in lower case, phone in E.164.

    `chosen`: the one of its kind that is used first. `label` is the customer's or the desk's own word for it.
    """

    id: UUID
    party_id: UUID
    kind: ContactKind
    value: str
    verified_at: datetime | None
    label: str
    chosen: bool


class ChannelIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a customer is in a channel ("whatsapp", "telegram"): what the channel calls them."""

    id: UUID
    party_id: UUID
    channel: str
    identity: str
    verified_at: datetime | None


class PartyAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address: name, street, city, postcode, country (ISO 3166 alpha-2)."""

    id: UUID
    party_id: UUID
    address: dict[str, str]


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
    vat_id: str | None
    price_group: str | None
    segments: list[str]
    custom: dict[str, Any]
    """By the code of the merchant's own field."""


class PartyPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the desk shows beside a party's timeline."""

    party: Party
    contact_points: list[ContactPoint]
    addresses: list[PartyAddress]
    identities: list[ChannelIdentity]
    open_tasks: list[Task]
