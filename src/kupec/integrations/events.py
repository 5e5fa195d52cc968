"""What the log says about keys and endpoints. Never a secret, never an address with one in it."""

from uuid import UUID

from kupec.kit.events import Payload


class ApiKeyCreated(Payload, frozen=True, kw_only=True):
    """Another system may call the shop. Subject "api_key:<id>"."""

    name = "api_key.created"

    prefix: str
    scopes: list[str]


class ApiKeyRevoked(Payload, frozen=True, kw_only=True):
    name = "api_key.revoked"

    prefix: str


class EndpointSaved(Payload, frozen=True, kw_only=True):
    """The shop calls this host, or calls it otherwise. Subject "webhook_endpoint:<id>"."""

    name = "webhook_endpoint.saved"

    host: str
    events: list[str]
    active: bool


class EndpointRemoved(Payload, frozen=True, kw_only=True):
    name = "webhook_endpoint.removed"


class SecretRotated(Payload, frozen=True, kw_only=True):
    name = "webhook_endpoint.secret_rotated"


class EndpointFailing(Payload, frozen=True, kw_only=True):
    """A delivery was given up, after all its attempts."""

    name = "webhook_endpoint.failing"

    delivery_id: UUID


class EndpointStopped(Payload, frozen=True, kw_only=True):
    """The shop itself stopped calling; `reason` is a code ("gone")."""

    name = "webhook_endpoint.stopped"

    reason: str


class DeliveriesReplayed(Payload, frozen=True, kw_only=True):
    """Somebody had deliveries sent again."""

    name = "webhook_endpoint.replayed"

    deliveries: int
