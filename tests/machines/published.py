"""What the protocol publishes about answers: its JSON Schemas, and the models of its Python SDK."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from pydantic import BaseModel
from referencing import Registry, Resource
from ucp_sdk.models.schemas import ucp as sdk_ucp
from ucp_sdk.models.schemas.shopping import buyer_consent, catalog_lookup, catalog_search, discount, fulfillment, order
from ucp_sdk.models.schemas.shopping.types import error_response

_SCHEMAS = Path(__file__).parent.parent / "data" / "ucp-2026-04-08.json"
_BASE = "https://ucp.dev/schemas"


class Shape(NamedTuple):
    """A schema by its address, and the model that a Python platform reads it with."""

    schema: str
    model: type[BaseModel]


PROFILE = Shape("ucp.json#/$defs/business_schema", sdk_ucp.BusinessSchema)
CHECKOUT = Shape("shopping/fulfillment.json#/$defs/dev.ucp.shopping.checkout", fulfillment.Checkout)
DISCOUNTED = Shape("shopping/discount.json#/$defs/dev.ucp.shopping.checkout", discount.Checkout)
CONSENTED = Shape("shopping/buyer_consent.json#/$defs/dev.ucp.shopping.checkout", buyer_consent.Checkout)
CART = Shape("shopping/discount.json#/$defs/dev.ucp.shopping.cart", discount.Cart)
ORDER = Shape("shopping/order.json", order.Order)
SEARCH = Shape("shopping/catalog_search.json#/$defs/search_response", catalog_search.SearchResponse)
LOOKUP = Shape("shopping/catalog_lookup.json#/$defs/lookup_response", catalog_lookup.LookupResponse)
PRODUCT = Shape("shopping/catalog_lookup.json#/$defs/get_product_response", catalog_lookup.GetProductResponse)
ERROR = Shape("shopping/types/error_response.json", error_response.ErrorResponse)


def check(answer: dict[str, Any], shape: Shape) -> None:
    """An AssertionError names what is not as published."""
    faults = [f"{fault.json_path}: {fault.message}" for fault in _validator(shape.schema).iter_errors(answer)]
    assert not faults, f"not as {shape.schema} publishes it: {faults}"
    shape.model.model_validate(answer)


@cache
def _validator(address: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{_BASE}/{address}"}, registry=_registry())


@cache
def _registry() -> Registry[Any]:
    published = json.loads(_SCHEMAS.read_text())
    return Registry().with_resources(
        [(address, Resource.from_contents(schema)) for address, schema in published.items()]
    )
