"""Addresses for those who run the shop: is it alive, is it ready, what does it measure."""

import hmac
from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, get

from kupec.kit import metrics
from kupec.kit.errors import NotSignedIn
from kupec.web.site import Site

AnyRequest = Request[Any, Any, Any]
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@get("/healthz", include_in_schema=False)
async def health() -> Response[str]:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")


@get("/readyz", include_in_schema=False)
async def readiness(request: AnyRequest) -> Response[str]:
    """The process can serve: its database answers."""
    site: Site = request.app.state.site
    async with site.database.reading() as db:
        await db.fetchval("select 1")
    return Response("ready\n", media_type="text/plain")


@get("/metrics", include_in_schema=False)
async def prometheus(request: AnyRequest) -> Response[bytes]:
    """Prometheus' text format: for this machine, and for who brings the token as a bearer. Raises NotSignedIn."""
    site: Site = request.app.state.site
    if not _may_measure(request, site.settings.metrics_token):
        raise NotSignedIn
    async with site.database.reading() as db:
        await metrics.collect(db)
    return Response(metrics.render(), media_type=_TEXT)


def _may_measure(request: AnyRequest, token: str) -> bool:
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    # Behind a proxy everybody seems to come from this machine: then the token is the only key.
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return not forwarded and request.client is not None and _is_local(request.client.host)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


routes: list[Any] = [health, readiness, prometheus]
