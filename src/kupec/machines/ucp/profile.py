"""What this shop says about itself in the protocol's terms."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from kupec.kit.settings import Settings

VERSION: Final = "2026-04-08"
CARD_HANDLER: Final = "card"
MANDATE_HANDLER: Final = "mandate"
_SPEC: Final = f"https://ucp.dev/{VERSION}/specification"
_SCHEMAS: Final = f"https://ucp.dev/{VERSION}/schemas"


def _capability(page: str, schema: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "version": VERSION,
            "spec": f"{_SPEC}/{page}",
            "schema": f"{_SCHEMAS}/shopping/{schema}.json",
            **more,
        }
    ]


_CHECKOUT: Final = "dev.ucp.shopping.checkout"
_CART: Final = "dev.ucp.shopping.cart"
_PUBLISHED: Final[Mapping[str, list[dict[str, Any]]]] = {
    "dev.ucp.shopping.catalog.search": _capability("catalog/search", "catalog_search"),
    "dev.ucp.shopping.catalog.lookup": _capability("catalog/lookup", "catalog_lookup"),
    _CART: _capability("cart", "cart"),
    _CHECKOUT: _capability("checkout", "checkout"),
    "dev.ucp.shopping.fulfillment": _capability("fulfillment", "fulfillment", extends=_CHECKOUT),
    "dev.ucp.shopping.discount": _capability("discount", "discount", extends=[_CHECKOUT, _CART]),
    "dev.ucp.shopping.buyer_consent": _capability("buyer-consent", "buyer_consent", extends=_CHECKOUT),
    "dev.ucp.shopping.order": _capability("order", "order"),
}
CAPABILITIES: Final = frozenset(_PUBLISHED)
EXTENDS: Final[Mapping[str, Sequence[str]]] = {
    name: [found] if isinstance(found, str) else found
    for name, [entry] in _PUBLISHED.items()
    if (found := entry.get("extends"))
}
"""By extension, the capabilities that it may extend."""


def _handlers(gateway: str) -> dict[str, Any]:
    """Cards: the platform gets a token from the gateway's own address; card numbers never come here.

    Mandates: the token is the key of a machine that its owner has registered here; what it may buy, its owner has said.
    """
    return {
        "dev.kupec.card": [
            {
                "id": CARD_HANDLER,
                "version": VERSION,
                "available_instruments": [{"type": "card"}],
                "config": {"tokens_url": f"{gateway}/v1/tokens"},
            }
        ],
        "dev.kupec.mandate": [
            {"id": MANDATE_HANDLER, "version": VERSION, "available_instruments": [{"type": "mandate"}]}
        ],
    }


def business_profile(settings: Settings, keys: Sequence[Mapping[str, Any]]) -> bytes:
    """The document at /.well-known/ucp. `keys` are our public ones, under the name they have now and the coming one."""
    profile = {
        "ucp": {
            "version": VERSION,
            "services": {
                "dev.ucp.shopping": [
                    {
                        "version": VERSION,
                        "spec": f"{_SPEC}/overview",
                        "schema": f"https://ucp.dev/{VERSION}/services/shopping/rest.openapi.json",
                        "transport": "rest",
                        "endpoint": f"{settings.base_url}/ucp/v1",
                    }
                ]
            },
            "capabilities": _PUBLISHED,
            "payment_handlers": _handlers(settings.card_gateway_url),
        },
        "signing_keys": keys,
        "keys": keys,
    }
    return msgspec.json.encode(profile)


def _named(spoken: Iterable[str], *names: str) -> dict[str, Any]:
    """Those of these that the platform speaks, too; as an answer names them."""
    wanted = [f"dev.ucp.shopping.{name}" for name in names]
    return {
        name: [{key: entry[key] for key in ("version", "extends") if key in entry} for entry in _PUBLISHED[name]]
        for name in wanted
        if name in spoken
    }


@lru_cache(maxsize=256)
def checkout_metadata(gateway: str, spoken: frozenset[str] = CAPABILITIES) -> msgspec.Raw:
    """The `ucp` member of a checkout session."""
    names = _named(spoken, "checkout", "fulfillment", "discount", "buyer_consent")
    return _raw({"capabilities": names, "payment_handlers": _handlers(gateway)})


@lru_cache(maxsize=256)
def basket_metadata(spoken: frozenset[str] = CAPABILITIES) -> msgspec.Raw:
    """The `ucp` member of a cart."""
    return _raw({"capabilities": _named(spoken, "cart", "discount")})


@lru_cache(maxsize=1)
def order_metadata() -> msgspec.Raw:
    return _raw({"capabilities": _named(CAPABILITIES, "order")})


@lru_cache(maxsize=1)
def catalogue_metadata() -> msgspec.Raw:
    return _raw({"capabilities": _named(CAPABILITIES, "catalog.search", "catalog.lookup")})


@lru_cache(maxsize=1)
def error_metadata() -> msgspec.Raw:
    return _raw({"status": "error"})


def _raw(members: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"version": VERSION, **members}))
