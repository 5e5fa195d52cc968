"""A client that registered itself, what it asks a customer for, and what the customer let it do."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

AccessScope = Literal["read", "buy"]
ACCESS_SCOPES: Final[tuple[AccessScope, ...]] = ("read", "buy")
ACCESS_LIFE: Final = timedelta(hours=4)
CODE_LIFE: Final = timedelta(minutes=2)
REFRESH_LIFE: Final = timedelta(days=60)
ASK_LIFE: Final = timedelta(minutes=30)


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An application, as it says itself."""

    id: str
    name: str
    uri: str | None
    redirect_uris: list[str]
    created_at: datetime


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks a customer for: checked, and signed into the consent page's address."""

    id: UUID
    client_id: str
    redirect_uri: str
    challenge: str
    scopes: list[AccessScope]
    state: str | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's yes to a client."""

    id: UUID
    client_id: str
    machine_id: UUID
    party_id: UUID
    granted_by: UUID
    scopes: list[str]
    created_at: datetime
    ended_at: datetime | None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is given; the access token is a key of the customer's machine. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
