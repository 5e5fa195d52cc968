"""What the log says about keys and about what other machines were told."""

from uuid import UUID

from kupec.kit.events import Payload


class SigningKeyCreated(Payload, frozen=True, kw_only=True):
    """A key of ours is published. Subject "signing_key:<kid>"."""

    name = "signing_key.created"


class SigningKeyRevoked(Payload, frozen=True, kw_only=True):
    """A key of ours is not to be believed any more."""

    name = "signing_key.revoked"


class MachineWebhookFailed(Payload, frozen=True, kw_only=True):
    """A machine could not be told, after all attempts. Subject is what it was to be told of ("order:<id>")."""

    name = "machine_webhook.failed"

    webhook_id: UUID
    kind: str
    error: str
