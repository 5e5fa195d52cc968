"""What the customers' door gives out."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers.sign_in_events import Method, SessionKind


class CodeSent(msgspec.Struct, frozen=True, kw_only=True):
    """A mail with a code is on its way. `token` is a secret of whoever asked: the code is good with it only."""

    token: str
    expires_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer is signed in. `party_id` is who they are today; `buys_for` the organisation they chose.

    `mine` is the one that asks.
    """

    id: UUID
    party_id: UUID
    kind: SessionKind
    name: str
    buys_for: UUID | None
    method: Method
    address: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    mine: bool = False


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session. `token` is a secret for the cookie or the app; only its SHA-256 is stored."""

    token: str
    session: Session


class Whence(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody signs in from. An app says what it is called on that device."""

    kind: SessionKind = "browser"
    address: str = ""
    device: str = ""
    name: str = ""


class CustomerPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey of a customer."""

    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class SignInMethods(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer can come in by, besides the code by mail."""

    passkeys: list[CustomerPasskey]
    password_since: datetime | None
