"""News from carriers: verified, stored as it came; the worker acts upon it. It fails closed."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from kupec.kit.clock import outside_now
from kupec.kit.errors import InvalidValue
from kupec.sales import receive_notice
from kupec.web.site import Site

AnyRequest = Request[Any, Any, Any]
_LARGEST = 64 * 1024


@post("/webhooks/carriers/{carrier:str}", include_in_schema=False, status_code=204)
async def carrier_webhook(request: AnyRequest, carrier: FromPath[str]) -> Response[None]:
    """Raises UnsignedNotice, which stores nothing."""
    site: Site = request.app.state.site
    body = await request.body()
    if len(body) > _LARGEST:
        raise InvalidValue(field="body", expected=f"at most {_LARGEST} bytes")
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with site.database.transaction() as db:
        await receive_notice(
            db,
            carrier[:50],
            secret=site.settings.carrier_webhook_secret,
            headers=headers,
            body=body,
            now=outside_now(site.clock),
        )
    return Response(None, status_code=204)


routes: list[Any] = [carrier_webhook]
