"""The addresses of the customer API, for the application to mount."""

from typing import Any

from litestar import Response, Router, get

from kupec.web.api.problems import exception_handlers
from kupec.web.my_api import signing
from kupec.web.my_api.calls import ROOT, handler_of
from kupec.web.my_api.openapi import document
from kupec.web.my_api.operations import OPERATIONS
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.security import limit_rate

_LARGEST_BODY = 100_000  # bytes


@get(f"{ROOT}/openapi.json")
async def api_document(request: AnyRequest) -> Response[bytes]:
    """The customer API as OpenAPI 3.1."""
    return Response(
        document(site_of(request).settings),
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=3600"},
    )


routes: list[Any] = [
    Router(
        "/",
        route_handlers=[api_document, *signing.routes, *(handler_of(operation) for operation in OPERATIONS)],
        guards=[limit_rate],
        exception_handlers=exception_handlers,
        request_max_body_size=_LARGEST_BODY,
        include_in_schema=False,
    )
]
