"""Who works on the desk, and what each role may do."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor

Role = Literal["owner", "manager", "agent", "warehouse"]
ROLES: tuple[Role, ...] = ("owner", "manager", "agent", "warehouse")

_AGENT = frozenset(
    {
        "orders.read",
        "orders.write",
        "orders.refund",
        "catalogue.read",
        "customers.read",
        "customers.write",
        "tasks.write",
        "billing.read",
        "conversations.read",
        "conversations.write",
    }
)
_WAREHOUSE = frozenset({"orders.read", "orders.write", "catalogue.read", "stock.write", "tasks.write"})
_MANAGER = (
    _AGENT
    | _WAREHOUSE
    | {
        "catalogue.write",
        "settings.write",
        "billing.write",
        "system.read",
        "privacy.write",
        "knowledge.write",
        "flows.write",
    }
)

PERMISSIONS: dict[Role, frozenset[str]] = {
    "owner": _MANAGER | {"staff.write", "integrations.write", "system.write"},
    "manager": _MANAGER,
    "agent": _AGENT,
    "warehouse": _WAREHOUSE,
}
"""Verbs ask for one of these by name; see `Actor.require`."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """A person who works here. `language` is the one their desk speaks.

    `must_enrol`, told of whoever is signed in only: a second step is required of everybody, and they have none yet.
    """

    id: UUID
    email: str
    name: str
    role: Role
    language: str
    active: bool
    created_at: datetime
    zone: str | None = None
    """Whose clock they go by, as an IANA name; None for the shop's."""
    must_enrol: bool = False

    @property
    def actor(self) -> Actor:
        """This person as the author of changes, with the permissions of their role."""
        return Actor(kind="staff", id=str(self.id), permissions=PERMISSIONS[self.role], name=self.name)


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session. `token` is a secret for the cookie; only its SHA-256 is stored."""

    token: str
    staff: Staff
    expires_at: datetime


class SecondStep(msgspec.Struct, frozen=True, kw_only=True):
    """The password was right, and more is asked for: a code of the app or a recovery code, or a passkey.

    `token` is a secret for a cookie; whoever holds it may try the second step until `expires_at`.
    """

    token: str
    has_app: bool
    has_passkey: bool
    expires_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser in which somebody is signed in. `mine` is the one that asks."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    method: str
    address: str
    device: str
    mine: bool


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator app needs: the secret as people type it, and the address its QR code holds."""

    secret: str
    uri: str


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A key kept by a device or a password manager. `backed_up`: it is on more than one device."""

    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class SecondFactors(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody can prove themselves with besides the password. `codes` is how many recovery codes are left."""

    app_since: datetime | None
    passkeys: list[Passkey]
    codes: int

    @property
    def any(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the list of the staff. `invited`: a sign-in link is out that was not used yet."""

    staff: Staff
    has_app: bool
    passkeys: int
    sessions: int
    invited: bool
    last_seen: datetime | None
