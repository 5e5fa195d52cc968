"""The API's own document says what there is, and nothing else."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from kupec.app.web import create_app
from kupec.kit.settings import Settings
from kupec.machines.ucp.openapi import OPERATIONS
from tests.machines import published
from tests.machines.conftest import Shop
from tests.machines.platform import Json, Platform


def test_every_address_is_documented_and_every_documented_address_is_there() -> None:
    app = create_app(Settings(database_url="postgresql://nowhere", log_level="error"))
    served = {
        (method.lower(), re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path))
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
        and route.path.startswith(("/ucp/", "/.well-known/ucp"))
        and "/testing/" not in route.path  # there in a rehearsal only
    }
    assert served == {(operation.method, operation.path) for operation in OPERATIONS}


def test_the_document_holds_together(shop: Shop) -> None:
    document: Json = shop.http.get("/api-docs/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": shop.stack.web_url}]
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        for reference in re.findall(r'"#/components/schemas/(\w+)"', str(schema).replace("'", '"')):
            assert reference in schemas, name
    identifiers = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(identifiers)) == len(identifiers) == len(OPERATIONS)


def test_what_is_written_is_never_null(shop: Shop) -> None:
    schemas = shop.http.get("/api-docs/openapi.json").json()["components"]["schemas"]
    written = {name: schema for name, schema in schemas.items() if not name.endswith("In")}
    assert {"Checkout", "Order", "Product", "ErrorResponse", "Problem"} <= written.keys()
    assert "null" not in str(written)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("currency",), None),
        (("status",), "shipped"),
        (("totals", 0, "amount"), -1),
        (("totals", 0, "type"), "total"),
        (("links", 0, "url"), None),
        (("line_items", 0, "quantity"), 0),
        (("fulfillment", "methods", 0, "type"), "drone"),
        (("ucp", "payment_handlers"), None),
        (("messages", 0, "severity"), "bad"),
    ],
)
def test_the_yardstick_measures(agent: Platform, path: tuple[str | int, ...], value: object) -> None:
    session = agent.create(("TOOL-1", 1))
    published.check(session, published.CHECKOUT)
    *way, last = path
    broken: Any = session
    for step in way:
        broken = broken[step]
    if value is None:
        del broken[last]
    else:
        broken[last] = value
    with pytest.raises((AssertionError, ValidationError)):
        published.check(session, published.CHECKOUT)
