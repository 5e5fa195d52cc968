"""Keys, profiles and webhooks as values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

WebhookState = Literal["waiting", "delivered", "failed", "superseded"]


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of ours, without its private half."""

    kid: str
    x: str
    y: str
    created_at: datetime
    signs_from: datetime
    published_until: datetime | None
    revoked_at: datetime | None

    def jwk(self) -> dict[str, str]:
        """As it is published."""
        return {"kid": self.kid, "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "use": "sig", "alg": "ES256"}


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: `url` is the address it was meant for, of ours; `headers` has lower-case names."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class SignedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that another machine gave us."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SignedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signature held."""

    profile: str
    kid: str
    created_at: datetime | None


class PlatformProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What another machine publishes about itself. `document` is all of it."""

    url: str
    version: str | None
    keys: tuple[dict[str, Any], ...]
    webhook_url: str | None
    """Where it wants to hear of orders."""
    document: dict[str, Any]


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """What another machine is to be told. Either `url` or the `profile` that names one.

    `key` is what it is unique by; `whole` says that the body tells everything, so that older ones about the same
    subject, which could not be told, are not tried any more. `happened` is what a header calls it. `sealed` is a secret
    that the signer of this kind needs, sealed by whoever queues it.
    """

    kind: str
    subject: str
    key: str
    body: bytes
    occurred_at: datetime
    url: str | None = None
    profile: str | None = None
    whole: bool = False
    happened: str | None = None
    sealed: bytes | None = None


class MachineWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook on its way, or what came of it. `id` is its Webhook-Id, the same in every attempt."""

    id: UUID
    kind: str
    subject: str
    url: str | None
    profile: str | None
    occurred_at: datetime
    state: WebhookState
    attempts: int
    next_attempt_at: datetime
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None
    happened: str | None = None
    sealed: bytes | None = None
