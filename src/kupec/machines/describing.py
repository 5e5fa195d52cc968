"""OpenAPI 3.1 made from the very types that read requests and write answers: what the documents of all doors share."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec

from kupec import __version__
from kupec.kit.settings import Settings

_REF: Final = "#/components/schemas/{name}"
_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Stays the same whenever the request is repeated.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}


class Fault(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is wrong (RFC 9457). `field` names the member of the body, or the header."""

    type: str
    title: str
    status: int
    code: str
    field: str | msgspec.UnsetType = msgspec.UNSET


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of an API for machines with a key; `open` is for who has none. `faults` are the other statuses."""

    method: Literal["get", "post", "put"]
    path: str
    id: str
    summary: str
    body: type | None = None
    answers: Mapping[int, type]
    faults: tuple[int, ...]
    key: bool = False
    open: bool = False


def described(
    operations: Sequence[Operation], settings: Settings, *, title: str, description: str, ids: Mapping[str, str]
) -> bytes:
    """The document, encoded. `ids` are the formats of the parameters in its paths."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, ids)
    inward = {each.body for each in operations if each.body is not None}
    outward = {Fault, *(kind for each in operations for kind in each.answers.values())}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": f"{settings.shop_name}: {title}", "version": __version__, "description": description},
            "servers": [{"url": settings.base_url}],
            "security": [{"machine": []}],
            "paths": paths,
            "components": {
                "schemas": {**schemas_of(inward), **schemas_of(outward)},
                "securitySchemes": {"machine": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(operation: Operation, ids: Mapping[str, str]) -> dict[str, Any]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _text(ids.get(name))} for name in names
    ]
    told: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*parameters, _KEY] if operation.key else parameters,
        "responses": {
            **{str(status): answered(status, kind) for status, kind in operation.answers.items()},
            **{str(status): answered(status, Fault, "application/problem+json") for status in operation.faults},
        },
    }
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(operation.body)}}}
    return told | ({"security": []} if operation.open else {})


def _text(form: str | None) -> dict[str, Any]:
    return {"type": "string", "minLength": 1} | ({"format": form} if form else {})


def answered(status: int, kind: type, media_type: str = "application/json") -> dict[str, Any]:
    """An answer with a body of this kind."""
    return {"description": HTTPStatus(status).phrase, "content": {media_type: {"schema": ref(kind)}}}


def ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def schemas_of(kinds: Iterable[type]) -> dict[str, Any]:
    """By name, with all that they are made of."""
    _, found = msgspec.json.schema_components(sorted(kinds, key=str), ref_template=_REF)
    return found


def without_null(schema: Any) -> Any:
    """As it is written: a member that would be null is left out."""
    if isinstance(schema, list):
        return [without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1:
        rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
        return without_null({**kinds[0], **rest})
    return {name: without_null(value) for name, value in schema.items()}
