"""Who acts. Every write names its actor; the verb itself checks what the actor may do."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import Forbidden

Kind = Literal["system", "staff", "customer", "guest", "machine"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The author of a change, as it stands in the event log ("staff:0193…", "system:payments")."""

    kind: Kind
    id: str
    permissions: frozenset[str] = frozenset()
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    def may(self, permission: str) -> bool:
        return self.kind == "system" or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises Forbidden unless the actor holds `permission` (the system holds all)."""
        if not self.may(permission):
            raise Forbidden(permission=permission)

    def acts_for(self, party_id: UUID, role: str) -> bool:
        """Whether this is the customer themself, or somebody to whom this organisation has given `role`."""
        return self.kind == "customer" and (self.id == str(party_id) or f"{role}:{party_id}" in self.permissions)

    def require_for(self, party_id: UUID, permission: str, *, role: str) -> None:
        """Raises Forbidden unless the actor acts for this customer, or holds `permission` on the desk."""
        if not self.acts_for(party_id, role):
            self.require(permission)


def system(part: str) -> Actor:
    """Kupec itself, acting through one of its parts ("payments", "import")."""
    return Actor(kind="system", id=part)


def guest(cart_id: UUID) -> Actor:
    """Somebody unknown, known only by the cart in their hands."""
    return Actor(kind="guest", id=str(cart_id))


def customer(customer_id: UUID, roles: Iterable[tuple[str, UUID]] = ()) -> Actor:
    """A customer; `roles` are what they are in organisations: ("buyer", id), ("approver", id), ("accountant", id)."""
    permissions = frozenset(f"{role}:{organisation}" for role, organisation in roles)
    return Actor(kind="customer", id=str(customer_id), permissions=permissions)


def machine(name: str) -> Actor:
    """A buyer that is not a person: a device or an agent, by its declared name."""
    return Actor(kind="machine", id=name[:200])
