"""The admin API as OpenAPI 3.1, made from the very types that read its requests and write its answers."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from kupec import __version__
from kupec.integrations import SCOPES
from kupec.kit.settings import Settings
from kupec.web.api.handling import KEY
from kupec.web.api.operations import OPERATIONS, Operation
from kupec.web.api.problems import Problem

_REF: Final = "#/components/schemas/{name}"
_ALWAYS: Final = (400, 401, 403, 429)


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
                "title": f"{settings.shop_name}: admin API",
                "version": __version__,
                "description": "Products, prices, stock, orders and customers for the merchant's other systems. Money"
                " is in minor units, moments are UTC. Whatever is wrong comes as application/problem+json (RFC 9457).",
            },
            "servers": [{"url": settings.base_url}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": f"An API key from the desk. Scopes: {', '.join(SCOPES)}.",
                    }
                },
                "schemas": _schemas(),
            },
        }
    )


def _described(operation: Operation) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(operation.answer)}}
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"Needs the scope `{operation.scope}`.",
        "parameters": _parameters(operation),
        "responses": {
            "200": {"description": HTTPStatus.OK.phrase, "content": content},
            **{str(status): _problem(status) for status in sorted({*_ALWAYS, *operation.problems})},
        },
    }
    if operation.body is not None:
        body = {"application/json": {"schema": _ref(operation.body)}}
        described["requestBody"] = {"required": True, "content": body}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    parameters += [
        {"name": each.name, "in": "query", "description": each.about, "schema": each.schema} for each in operation.query
    ]
    if operation.key is not None:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.key == "required",
                "description": "Stays the same whenever the request is repeated: it takes effect once.",
                "schema": {"type": "string", "pattern": f"^{KEY}$"},
            }
        )
    return parameters


def _problem(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref(Problem)}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    kinds = {operation.answer for operation in OPERATIONS} | {Problem}
    kinds |= {operation.body for operation in OPERATIONS if operation.body is not None}
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_REF)
    return schemas
