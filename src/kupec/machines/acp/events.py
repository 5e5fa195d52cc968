"""What the log says about platforms that buy by ACP. Never a key, never an address with a secret in it."""

from kupec.kit.events import Payload


class PlatformAdded(Payload, frozen=True, kw_only=True):
    """A platform may buy here by ACP. Subject "acp_platform:<id>"."""

    name = "acp_platform.added"

    code: str
    prefix: str


class PlatformKeyRotated(Payload, frozen=True, kw_only=True):
    """A platform has another key; the former opens for an hour more."""

    name = "acp_platform.key_rotated"

    prefix: str


class PlatformWebhookSet(Payload, frozen=True, kw_only=True):
    """Order events go to this host, or to nobody."""

    name = "acp_platform.webhook_set"

    host: str


class PlatformRevoked(Payload, frozen=True, kw_only=True):
    """A platform's keys open nothing any more; its orders stay."""

    name = "acp_platform.revoked"
