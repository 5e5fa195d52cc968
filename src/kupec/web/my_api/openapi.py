"""The customer API as OpenAPI 3.1, made from the very types that read its requests and write its answers."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from kupec import __version__
from kupec.kit.settings import Settings
from kupec.web.api.handling import KEY
from kupec.web.api.problems import Problem
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import ACCOUNT, ROOT, Operation, Pdf
from kupec.web.my_api.operations import OPERATIONS

_REF: Final = "#/components/schemas/{name}"
_DOOR: Final = (
    ("/sign-in/code", "ask_code", "Have a code mailed.", b.AskCode, b.CodeAsked),
    ("/sign-in/code/enter", "enter_code", "The code for a token.", b.EnterCode, b.TokenOut),
    ("/sign-in/password", "enter_password", "An address and a password for a token.", b.EnterPassword, b.TokenOut),
    ("/sign-in/passkey/options", "passkey_options", "What the authenticator is to be asked for.", None, None),
    ("/sign-in/passkey", "enter_passkey", "A passkey's answer for a token.", b.EnterPasskey, b.TokenOut),
)


@cache
def document(settings: Settings) -> bytes:
    """The document, encoded."""
    paths: dict[str, dict[str, Any]] = {}
    for path, name, summary, body, answer in _DOOR:
        paths[f"{ROOT}{path}"] = {"post": _door(name, summary, body, answer)}
    for operation in OPERATIONS:
        paths.setdefault(f"{ROOT}{operation.path}", {})[operation.method] = _described(operation)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": f"{settings.shop_name}: customer API",
                "version": __version__,
                "description": "A customer's account for apps: what the pages below /my do. Money is in minor units,"
                " moments are UTC. Whatever is wrong comes as application/problem+json (RFC 9457).",
            },
            "servers": [{"url": settings.base_url}],
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "From /sign-in/…"}},
                "schemas": _schemas(),
            },
        }
    )


def _door(name: str, summary: str, body: type | None, answer: type | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "tags": ["sign-in"],
        "summary": summary,
        "security": [],
        "responses": {"200": _good(answer), **_problems(400, 401, 422, 429)},
    }
    if body is not None:
        described["requestBody"] = _body(body)
    return described


def _described(operation: Operation) -> dict[str, Any]:
    needs = f"Needs the part `{operation.part}` of the account. " if operation.part else ""
    fresh = "The sign-in must not be older than half an hour." if operation.fresh else ""
    statuses = (401, 403, 404, 429) if operation.method == "get" else (400, 401, 403, 404, 409, 413, 422, 429, 503)
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"{needs}{fresh}".strip(),
        "parameters": _parameters(operation),
        "responses": {"200": _good(operation.answer), **_problems(*statuses)},
    }
    if operation.body is not None:
        described["requestBody"] = _body(operation.body)
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in operation.parameters
    ]
    found += [{"name": name, "in": "query", "schema": {"type": "string", "maxLength": 200}} for name in operation.query]
    found.append(
        {
            "name": ACCOUNT,
            "in": "header",
            "description": "The organisation to act for, as /me lists them; without it one acts for oneself.",
            "schema": {"type": "string", "format": "uuid"},
        }
    )
    if operation.key is not None:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.key == "required",
                "description": "Stays the same whenever the request is repeated: it takes effect once.",
                "schema": {"type": "string", "pattern": f"^{KEY}$"},
            }
        )
    return found


def _good(kind: type | None) -> dict[str, Any]:
    if kind is Pdf:
        return {"description": "OK", "content": {"application/pdf": {}}}
    schema = _ref(kind) if kind is not None else {"type": "object"}
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _body(kind: type) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(kind)}}}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref(Problem)}}
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    kinds: set[type] = {Problem} | {kind for row in _DOOR for kind in row[3:] if kind is not None}
    kinds |= {operation.answer for operation in OPERATIONS} - {Pdf}
    kinds |= {operation.body for operation in OPERATIONS if operation.body is not None}
    _, schemas = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_REF)
    return schemas
