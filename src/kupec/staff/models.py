"""Who works on the desk, and what each role may do."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor

Role = Literal["owner", "manager", "agent", "warehouse"]
ROLES: tuple[Role, ...] = ("owner", "manager", "agent", "warehouse")

_AGENT = frozenset(
    {"orders.read", "orders.write", "orders.refund", "catalogue.read", "customers.read", "customers.write", "tasks.write", "billing.read"}
)
_WAREHOUSE = frozenset({"orders.read", "orders.write", "catalogue.read", "stock.write", "tasks.write"})
_MANAGER = _AGENT | _WAREHOUSE | {"catalogue.write", "settings.write", "billing.write", "system.read"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    "owner": _MANAGER | {"staff.write", "integrations.write", "system.write"},
    "manager": _MANAGER,
    "agent": _AGENT,
    "warehouse": _WAREHOUSE,
}
"""Verbs ask for one of these by name; see `Actor.require`."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """A person who works here. `language` is the one their desk speaks."""

    id: UUID
    email: str
    name: str
    role: Role
    language: str
    active: bool
    created_at: datetime

    @property
    def actor(self) -> Actor:
        """This person as the author of changes, with the permissions of their role."""
        return Actor(kind="staff", id=str(self.id), permissions=PERMISSIONS[self.role], name=self.name)


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session. `token` is a secret for the cookie; only its SHA-256 is stored."""

    token: str
    staff: Staff
    expires_at: datetime
