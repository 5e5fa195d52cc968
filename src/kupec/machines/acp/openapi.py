"""ACP's addresses as OpenAPI 3.1, made from the very types that read its requests and write its answers."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec

from kupec import __version__
from kupec.kit.settings import Settings
from kupec.machines.acp.discovery import BASE, VERSION
from kupec.machines.acp.requests import CancelIn, CartIn, CompleteIn, SessionIn, UpdateIn
from kupec.machines.acp.shapes import Cart, CheckoutSession, Error
from kupec.machines.describing import answered, ref, schemas_of, without_null


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the API. `answers` are the bodies by status, `errors` the statuses of the protocol's error."""

    method: Literal["get", "post", "put"]
    path: str
    id: str
    summary: str
    body: type | None = None
    body_required: bool = True
    answers: Mapping[int, type]
    errors: tuple[int, ...]


_SESSION = f"{BASE}/checkout_sessions/{{session}}"
_CART = f"{BASE}/carts/{{basket}}"
_POST = (400, 401, 409, 413, 422)
_ONE = (400, 401, 404, 409, 413, 422)
OPERATIONS = (
    Operation(
        method="post",
        path=f"{BASE}/checkout_sessions",
        id="createCheckoutSession",
        summary="Open a checkout session, of its own or of a cart.",
        body=SessionIn,
        answers={201: CheckoutSession},
        errors=(*_POST, 404),
    ),
    Operation(
        method="get",
        path=_SESSION,
        id="getCheckoutSession",
        summary="The session as it stands.",
        answers={200: CheckoutSession},
        errors=(400, 401, 404),
    ),
    Operation(
        method="post",
        path=_SESSION,
        id="updateCheckoutSession",
        summary="Change the session; what is left out stays, null clears.",
        body=UpdateIn,
        answers={200: CheckoutSession},
        errors=_ONE,
    ),
    Operation(
        method="post",
        path=f"{_SESSION}/complete",
        id="completeCheckoutSession",
        summary="Order and pay with the card gateway's token. A repetition makes no second order.",
        body=CompleteIn,
        answers={200: CheckoutSession},
        errors=_ONE,
    ),
    Operation(
        method="post",
        path=f"{_SESSION}/cancel",
        id="cancelCheckoutSession",
        summary="Give the session up. One that is over or being paid is not cancelable.",
        body=CancelIn,
        body_required=False,
        answers={200: CheckoutSession},
        errors=(*_ONE, 405),
    ),
    Operation(
        method="post",
        path=f"{BASE}/carts",
        id="createCart",
        summary="Make a cart; its totals are estimates.",
        body=CartIn,
        answers={201: Cart},
        errors=_POST,
    ),
    Operation(
        method="get",
        path=_CART,
        id="getCart",
        summary="The cart as it stands.",
        answers={200: Cart},
        errors=(400, 401, 404),
    ),
    Operation(
        method="put",
        path=_CART,
        id="replaceCart",
        summary="Replace all that the cart holds.",
        body=CartIn,
        answers={200: Cart},
        errors=_ONE,
    ),
    Operation(
        method="post",
        path=_CART,
        id="updateCart",
        summary="Replace all that the cart holds; the same as PUT.",
        body=CartIn,
        answers={200: Cart},
        errors=_ONE,
    ),
    Operation(
        method="post",
        path=f"{_CART}/cancel",
        id="cancelCart",
        summary="Give the cart up; it is shown this once more.",
        answers={200: Cart},
        errors=_ONE,
    ),
)
_HEADERS: tuple[dict[str, Any], ...] = (
    {
        "name": "API-Version",
        "in": "header",
        "required": True,
        "description": "The version of the protocol that is spoken.",
        "schema": {"const": VERSION},
    },
    {
        "name": "Request-Id",
        "in": "header",
        "description": "Said again in the answer.",
        "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
    },
    {
        "name": "Accept-Language",
        "in": "header",
        "description": "cs, pl or en; a session's `locale` comes first.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9*,;=. -]{0,100}$"},
    },
)
_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Stays the same whenever the request is repeated.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
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
                "title": f"{settings.shop_name}: Agentic Commerce Protocol",
                "version": __version__,
                "description": f"The Agentic Commerce Protocol (ACP) {VERSION} over REST.",
            },
            "servers": [{"url": settings.base_url}],
            "security": [{"platform": []}],
            "paths": paths,
            "components": {
                "schemas": _schemas(),
                "securitySchemes": {"platform": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _described(operation: Operation) -> dict[str, Any]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    parameters += _HEADERS
    if operation.method != "get":
        parameters.append(_KEY)
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            **{str(status): answered(status, kind) for status, kind in operation.answers.items()},
            **{str(status): answered(status, Error) for status in operation.errors},
        },
    }
    if operation.body is not None:
        content = {"application/json": {"schema": ref(operation.body)}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _schemas() -> dict[str, Any]:
    written = schemas_of([Cart, CheckoutSession, Error])
    read = schemas_of({operation.body for operation in OPERATIONS if operation.body is not None})
    return {**read, **{name: without_null(schema) for name, schema in written.items()}}
