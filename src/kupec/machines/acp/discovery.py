"""What this shop says about itself in the protocol's terms: the discovery document and the card handler."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from kupec.catalogue import Market
from kupec.kit.settings import Settings
from kupec.machines.acp.shapes import Extension, Handler

VERSION = "2026-04-17"
VERSIONS = (VERSION,)
"""The newest last."""
BASE = "/acp"
CARD_HANDLER = "card"
_HANDLER = "dev.kupec.card"
DISCOUNTS = Extension(
    name="discount",
    extends=[
        "$.CheckoutSessionCreateRequest.discounts",
        "$.CheckoutSessionUpdateRequest.discounts",
        "$.CheckoutSession.discounts",
    ],
)
_CONFIG_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Where a card becomes a token",
    "type": "object",
    "properties": {"tokens_url": {"type": "string", "format": "uri"}},
    "required": ["tokens_url"],
}
_INSTRUMENT_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A card as the gateway's token",
    "type": "object",
    "properties": {
        "type": {"const": "card"},
        "credential": {
            "type": "object",
            "properties": {"type": {"type": "string"}, "token": {"type": "string"}},
            "required": ["type", "token"],
        },
    },
    "required": ["type", "credential"],
}
_SPEC = {
    "name": _HANDLER,
    "description": "The platform gives the card to the gateway at config.tokens_url and gets a token for one payment."
    " The token is the instrument's credential when the session is completed. Card numbers never come to the shop.",
}
HANDLER_PAGES: dict[str, Any] = {"spec": _SPEC, "config": _CONFIG_SCHEMA, "instrument": _INSTRUMENT_SCHEMA}


def discovery(settings: Settings, known: Sequence[Market]) -> bytes:
    """The document at /.well-known/acp.json."""
    return msgspec.json.encode(
        {
            "protocol": {"name": "acp", "version": VERSION, "supported_versions": VERSIONS},
            "api_base_url": f"{settings.base_url}{BASE}",
            "transports": ["rest"],
            "capabilities": {
                "services": ["checkout", "orders", "carts"],
                "extensions": [{"name": DISCOUNTS.name}],
                "intervention_types": ["3ds"],
                "supported_currencies": sorted({market.currency.lower() for market in known}),
                "supported_locales": sorted({market.language for market in known}),
            },
        }
    )


@cache
def card_handler(base_url: str, gateway: str) -> Handler:
    """Cards: the platform gets a token from the gateway's own address."""
    page = f"{base_url}{BASE}/handlers/card"
    return Handler(
        id=CARD_HANDLER,
        name=_HANDLER,
        display_name="Card",
        version=VERSION,
        spec=f"{page}/spec.json",
        requires_delegate_payment=False,
        requires_pci_compliance=False,
        psp="kupec-gateway",
        config_schema=f"{page}/config.json",
        instrument_schemas=[f"{page}/instrument.json"],
        config={"tokens_url": f"{gateway}/v1/tokens"},
    )
