"""What this shop says about itself in the protocol's terms."""

from functools import cache
from typing import Any

import msgspec

from kupec.kit.settings import Settings

VERSION = "2026-04-08"
CARD_HANDLER = "card"
_HANDLER_NAME = "dev.kupec.card"
_CAPABILITIES: dict[str, list[dict[str, Any]]] = {
    "dev.ucp.shopping.catalog.search": [{"version": VERSION}],
    "dev.ucp.shopping.catalog.lookup": [{"version": VERSION}],
    "dev.ucp.shopping.checkout": [{"version": VERSION}],
    "dev.ucp.shopping.fulfillment": [{"version": VERSION, "extends": "dev.ucp.shopping.checkout"}],
    "dev.ucp.shopping.order": [{"version": VERSION}],
}


def _handlers(gateway: str) -> dict[str, Any]:
    """Cards: the platform gets a token from the gateway's own address; card numbers never come here."""
    return {
        _HANDLER_NAME: [
            {
                "id": CARD_HANDLER,
                "version": VERSION,
                "available_instruments": [{"type": "card"}],
                "config": {"tokens_url": f"{gateway}/v1/tokens"},
            }
        ]
    }


def business_profile(settings: Settings) -> bytes:
    """The document at /.well-known/ucp."""
    profile = {
        "ucp": {
            "version": VERSION,
            "services": {
                "dev.ucp.shopping": [
                    {"version": VERSION, "transport": "rest", "endpoint": f"{settings.base_url}/ucp/v1"}
                ]
            },
            "capabilities": _CAPABILITIES,
            "payment_handlers": _handlers(settings.card_gateway_url),
        }
    }
    return msgspec.json.encode(profile)


def _names(*names: str) -> dict[str, Any]:
    return {f"dev.ucp.shopping.{name}": _CAPABILITIES[f"dev.ucp.shopping.{name}"] for name in names}


@cache
def checkout_metadata(gateway: str) -> msgspec.Raw:
    """The `ucp` member of a checkout session."""
    return _raw({"capabilities": _names("checkout", "fulfillment"), "payment_handlers": _handlers(gateway)})


@cache
def order_metadata() -> msgspec.Raw:
    return _raw({"capabilities": _names("order")})


@cache
def catalogue_metadata() -> msgspec.Raw:
    return _raw({"capabilities": _names("catalog.search", "catalog.lookup")})


@cache
def error_metadata() -> msgspec.Raw:
    return _raw({"status": "error"})


def _raw(members: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"version": VERSION, **members}))
