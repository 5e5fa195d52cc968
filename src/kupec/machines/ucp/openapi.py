"""The buying API as OpenAPI 3.1, made from the very types that read its requests and write its answers."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

import msgspec

from kupec import __version__
from kupec.kit.settings import Settings
from kupec.machines.describing import answered, ref, schemas_of, without_null
from kupec.machines.ucp.agent import KEY, PROFILE
from kupec.machines.ucp.profile import VERSION
from kupec.machines.ucp.requests import CartIn, CheckoutIn, CompleteIn, GetProductIn, LookupIn, SearchIn
from kupec.machines.ucp.shapes import Cart, Checkout, ErrorResponse, LookupResult, Order, ProductResult, SearchResult


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is wrong with the request itself (RFC 9457). `field` names the header, or the member by its JSONPath."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    content: str | None = None
    field: str | None = None


class Profile(msgspec.Struct, kw_only=True):
    """The shop's profile: services, capabilities and payment handlers."""

    ucp: dict[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the API. `answers` are the bodies by status; `key` says whether an Idempotency-Key is taken."""

    method: Literal["get", "post", "put"]
    path: str
    id: str
    summary: str
    body: type | None = None
    answers: Mapping[int, tuple[type, ...]]
    key: Literal["required", "optional"] | None = None
    problems: tuple[int, ...] = (400, 401, 422, 424)


_SESSION = "/ucp/v1/checkout-sessions/{session}"
_CART = "/ucp/v1/carts/{cart}"
_KNOWN = (400, 401, 422, 424)
_BODY = (*_KNOWN, 413)
_CHANGE = (*_BODY, 409, 429, 503)
_CART_OR_ERROR: Mapping[int, tuple[type, ...]] = {200: (Cart, ErrorResponse)}
_SESSION_OR_ERROR: Mapping[int, tuple[type, ...]] = {200: (Checkout, ErrorResponse)}
OPERATIONS = (
    Operation(
        method="get",
        path="/.well-known/ucp",
        id="get_profile",
        summary="What this shop offers to agents and where.",
        answers={200: (Profile,)},
        problems=(),
    ),
    Operation(
        method="post",
        path="/ucp/v1/checkout-sessions",
        id="create_checkout",
        summary="Open a checkout session. The same Idempotency-Key opens one; with another body it is a 409.",
        body=CheckoutIn,
        answers={201: (Checkout,), 200: (ErrorResponse,)},
        key="optional",
        problems=_CHANGE,
    ),
    Operation(
        method="get",
        path=_SESSION,
        id="get_checkout",
        summary="The session as it stands.",
        answers=_SESSION_OR_ERROR,
    ),
    Operation(
        method="put",
        path=_SESSION,
        id="update_checkout",
        summary="Replace what the session holds; what is left out is not there any more.",
        body=CheckoutIn,
        answers=_SESSION_OR_ERROR,
        key="optional",
        problems=_CHANGE,
    ),
    Operation(
        method="post",
        path=f"{_SESSION}/complete",
        id="complete_checkout",
        summary="Order and pay. A repetition with the same Idempotency-Key makes no second order.",
        body=CompleteIn,
        answers=_SESSION_OR_ERROR,
        key="required",
        problems=_CHANGE,
    ),
    Operation(
        method="post",
        path=f"{_SESSION}/cancel",
        id="cancel_checkout",
        summary="Give the session up. Cancelling twice is once.",
        answers=_SESSION_OR_ERROR,
        key="optional",
        problems=(*_KNOWN, 409, 503),
    ),
    Operation(
        method="post",
        path="/ucp/v1/carts",
        id="create_cart",
        summary="Open a cart. The same Idempotency-Key opens one; with another body it is a 409.",
        body=CartIn,
        answers={201: (Cart,), 200: (ErrorResponse,)},
        key="optional",
        problems=_CHANGE,
    ),
    Operation(method="get", path=_CART, id="get_cart", summary="The cart as it stands.", answers=_CART_OR_ERROR),
    Operation(
        method="put",
        path=_CART,
        id="update_cart",
        summary="Replace what the cart holds; what is left out is not there any more.",
        body=CartIn,
        answers=_CART_OR_ERROR,
        key="optional",
        problems=_CHANGE,
    ),
    Operation(
        method="post",
        path=f"{_CART}/cancel",
        id="cancel_cart",
        summary="Give the cart up; the answer is how it stood. Afterwards it is not found.",
        answers=_CART_OR_ERROR,
        key="optional",
        problems=(*_KNOWN, 409, 503),
    ),
    Operation(
        method="get",
        path="/ucp/v1/orders/{order}",
        id="get_order",
        summary="An order of the asking platform; any other is not found.",
        answers={200: (Order, ErrorResponse)},
    ),
    Operation(
        method="post",
        path="/ucp/v1/catalog/search",
        id="search_catalog",
        summary="Find products by words, category and price; pages by a cursor.",
        body=SearchIn,
        answers={200: (SearchResult, ErrorResponse)},
        problems=_BODY,
    ),
    Operation(
        method="post",
        path="/ucp/v1/catalog/lookup",
        id="lookup_catalog",
        summary="Products by product id, variant id or SKU; each variant says which identifiers it answers.",
        body=LookupIn,
        answers={200: (LookupResult, ErrorResponse)},
        problems=_BODY,
    ),
    Operation(
        method="post",
        path="/ucp/v1/catalog/product",
        id="get_product",
        summary="One product with all its variants, the one that was named first.",
        body=GetProductIn,
        answers={200: (ProductResult, ErrorResponse)},
        problems=_BODY,
    ),
)
_AGENT = {
    "name": "UCP-Agent",
    "in": "header",
    "required": True,
    "description": "Who is asking, by the address of its profile. Sessions and orders belong to it.",
    "schema": {"type": "string", "pattern": f"^{PROFILE}$", "examples": ['profile="https://agent.example/ucp"']},
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "cs, pl or en; `context.language` comes first.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9*,;=. -]{0,100}$"},
}


def _key_parameter(required: bool) -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": required,
        "description": "Stays the same whenever the request is repeated.",
        "schema": {"type": "string", "pattern": f"^{KEY}$"},
    }


@cache
def document(settings: Settings) -> bytes:
    """The document, encoded."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": f"{settings.shop_name}: buying API",
                "version": __version__,
                "description": f"The Universal Commerce Protocol (UCP) {VERSION} over REST. A business outcome is an"
                " answer with messages; only what is wrong with the request itself has a status of its own.",
            },
            "servers": [{"url": settings.base_url}],
            "paths": paths,
            "components": {"schemas": _schemas()},
        }
    )


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            **{str(status): _answer(status, types) for status, types in operation.answers.items()},
            **{str(status): answered(status, Problem, "application/problem+json") for status in operation.problems},
        },
    }
    if operation.body is not None:
        content = {"application/json": {"schema": ref(operation.body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    if not operation.path.startswith("/ucp/"):
        return []
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    parameters += [_AGENT, _LANGUAGE]
    if operation.key is not None:
        parameters.append(_key_parameter(operation.key == "required"))
    return parameters


def _answer(status: int, types: tuple[type, ...]) -> dict[str, Any]:
    schemas = [ref(each) for each in types]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"description": HTTPStatus(status).phrase, "content": {"application/json": {"schema": schema}}}


def _schemas() -> dict[str, Any]:
    outward = {kind for operation in OPERATIONS for kinds in operation.answers.values() for kind in kinds}
    written = schemas_of({*outward, Problem})
    read = schemas_of({operation.body for operation in OPERATIONS if operation.body is not None})
    return {**read, **{name: without_null(schema) for name, schema in written.items()}}
