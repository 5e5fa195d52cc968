"""Other systems: what a key may do, where the shop calls, and what became of a call."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor

KeyState = Literal["active", "expired", "revoked"]
DeliveryState = Literal["waiting", "delivered", "failed"]
EndpointState = Literal["active", "failing", "stopped", "off"]

SCOPES: Final[dict[str, frozenset[str]]] = {
    "products.read": frozenset({"catalogue.read"}),
    "products.write": frozenset({"catalogue.write"}),
    "prices.write": frozenset({"catalogue.write"}),
    "stock.read": frozenset({"catalogue.read"}),
    "stock.write": frozenset({"stock.write"}),
    "orders.read": frozenset({"orders.read"}),
    "orders.write": frozenset({"orders.write", "orders.refund"}),
    "customers.read": frozenset({"customers.read"}),
    "customers.write": frozenset({"customers.write"}),
    "changes.read": frozenset(),
}
"""What a key may be given, with the permissions that the verbs behind it ask for."""

RATE_LIMIT: Final = 600
"""Requests a minute of a key that is not given its own."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of another system. The key itself was shown once; `prefix` is how it begins."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    rate_limit: int
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def actor(self) -> Actor:
        """The key as the author of changes, with the permissions that follow from its scopes."""
        permissions = frozenset[str]().union(*(SCOPES.get(scope, frozenset()) for scope in self.scopes))
        return Actor(kind="machine", id=f"{self.name} ({self.prefix}…)", name=self.name, permissions=permissions)

    def state(self, now: datetime) -> KeyState:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. `token` is the secret, and it is never to be had again."""

    key: ApiKey
    token: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address of another system that is told of events. No `events` means all that are public."""

    id: UUID
    url: str
    events: list[str]
    description: str
    secret: str
    old_secret_until: datetime | None
    active: bool
    stopped: str | None
    """Why the shop itself no longer calls: "gone" (the address answered 410)."""
    failing_since: datetime | None
    last_success_at: datetime | None
    created_at: datetime
    waiting: int = 0
    failed: int = 0

    @property
    def state(self) -> EndpointState:
        if self.stopped:
            return "stopped"
        if not self.active:
            return "off"
        return "failing" if self.failing_since else "active"


class WebhookCall(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. `id` is the webhook-id of every attempt."""

    id: UUID
    endpoint_id: UUID
    event_id: int | None
    """None: a test."""
    name: str
    body: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    last_attempt_at: datetime | None
    last_status: int | None
    last_excerpt: str | None
    """The beginning of what the address answered."""
    last_error: str | None
    """A code of ours when there was no answer: "timeout", "forbidden_address" …"""
    last_ms: int | None
    created_at: datetime
    delivered_at: datetime | None
