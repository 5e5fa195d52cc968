"""Every address that people use, as the application lists them, and every name that its forms and queries know."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from litestar.routes import HTTPRoute

import kupec.web
from kupec.app.web import create_app
from kupec.kit.settings import Settings

_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_RUN = ("{number:int}", "{run}")  # which time of a standing order; other numbers are texts
_NAME = re.compile(r"""(?:form|query_form\(request\)|\.)\s*\.?(?:text|whole|prose|all|uuid)\(\s*"([\w.]+)\"""")
_FOR_MACHINES = (
    "/ucp/",
    "/acp/",
    "/mcp",
    "/oauth/register",
    "/oauth/token",
    "/oauth/revoke",
    "/feeds/",
    "/market/",
    "/devices/",
    "/testing/",
    "/api/",
    "/webhooks/",
    "/channels/",
    "/.well-known/",
    "/api-docs/",
    "/healthz",
    "/readyz",
    "/metrics",
)


class Route(NamedTuple):
    method: str
    path: str
    """With the names of its parameters in braces."""
    permission: str | None

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def on_the_desk(self) -> bool:
        return self.path.startswith("/desk")


@cache
def routes() -> list[Route]:
    """All but those for machines."""
    app = create_app(Settings(database_url="postgresql://nowhere", log_level="error"))
    found = [
        Route(method, _PARAMETER.sub(r"{\1}", route.path.replace(*_RUN)), handler.opt.get("permission"))
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith(_FOR_MACHINES)
        for handler in route.route_handlers
        for method in sorted(handler.http_methods)
        if method in ("GET", "POST")
    ]
    return sorted(found, key=lambda route: (route.path, route.method))  # the same in every test process


@cache
def field_names() -> list[str]:
    """What forms and queries are asked for, as the sources say it."""
    sources = Path(kupec.web.__file__).parent.rglob("*.py")
    found = {name for source in sources for name in _NAME.findall(source.read_text())}
    assert {"q", "page", "email", "reason", "tracking_number", "quantity"} <= found
    return sorted(found)
