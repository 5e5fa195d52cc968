"""News from payment providers: verified, stored as it came, then acted upon. It fails closed."""

from typing import Any
from uuid import UUID

import structlog
from litestar import Request, Response, post
from litestar.params import FromPath

from kupec.billing import Outcome, receive
from kupec.kit.clock import outside_now
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.webhooks import mark_processed
from kupec.web.site import Site

AnyRequest = Request[Any, Any, Any]
_LARGEST = 64 * 1024
log = structlog.get_logger(__name__)


@post("/webhooks/{source:str}", include_in_schema=False, status_code=204)
async def payment_webhook(request: AnyRequest, source: FromPath[str]) -> Response[None]:
    """Take a message in: stored once, acted upon once. If we die in between, the worker acts upon it.

    Raises NotFound for an unknown source and InvalidSignature, which stores nothing.
    """
    site: Site = request.app.state.site
    if source != site.payments.name:
        raise NotFound(what="webhook")
    body = await request.body()
    if len(body) > _LARGEST:
        raise InvalidValue(field="body", expected=f"at most {_LARGEST} bytes")
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with site.database.transaction() as db:
        receipt = await receive(db, site.payments, headers=headers, body=body, now=outside_now(site.clock))
    if receipt.delivery_id is not None:
        await _act_on(site, receipt.delivery_id, receipt.notice.outcome)
    return Response(None, status_code=204)


async def _act_on(site: Site, delivery_id: UUID, outcome: Outcome | None) -> None:
    try:
        if outcome is not None:
            await site.checkout.settle_outcomes([outcome])
    except KupecError as error:
        # It is stored: the worker tries it again, and shows it when that is of no use.
        log.warning("webhook_not_settled", delivery=str(delivery_id), error=error.message)
        return
    async with site.database.transaction() as db:
        await mark_processed(db, [delivery_id])


routes: list[Any] = [payment_webhook]
