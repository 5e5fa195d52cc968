"""The Agentic Commerce Protocol (2026-04-17): an adapter on the same verbs as the storefront."""

from kupec.machines.acp.errors import NoSuchPlatform, PlatformTaken, UnknownPlatform
from kupec.machines.acp.once import forget_acp_requests
from kupec.machines.acp.order_news import acp_order_subscriber, merchant_signature, webhook_signer
from kupec.machines.acp.platforms import (
    AgentPlatform,
    NewPlatformKey,
    add_platform,
    list_platforms,
    revoke_platform,
    rotate_platform_key,
    set_platform_webhook,
)
from kupec.machines.acp.privacy import privacy_part
from kupec.machines.acp.routes import routes

__all__ = [
    "AgentPlatform",
    "NewPlatformKey",
    "NoSuchPlatform",
    "PlatformTaken",
    "UnknownPlatform",
    "acp_order_subscriber",
    "add_platform",
    "forget_acp_requests",
    "list_platforms",
    "merchant_signature",
    "privacy_part",
    "revoke_platform",
    "rotate_platform_key",
    "routes",
    "set_platform_webhook",
    "webhook_signer",
]
