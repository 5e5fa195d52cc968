"""The way out of mails. Opening the page changes nothing, since scanners open links; a form or RFC 8058 does.

Whoever posts here is a mail program without our cookies: the signed link is the proof, and there is no form token.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from kupec.customers import CONSENTS
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.outreach import Unsubscribing, unsubscribe, unsubscribing
from kupec.web.rendering import site_of
from kupec.web.storefront.preferences import preferences_address
from kupec.web.storefront.shop import open_shop, page

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

AnyRequest = Request[Any, Any, Any]


@get("/{language:str}/unsubscribe/{token:str}", include_in_schema=False)
async def ask(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        try:
            found = await unsubscribing(db, token, secret=site.settings.secret, now=site.clock.now())
        except NotFound:
            raise NotFoundException from None
        return await _page(request, db, token, found)


@post("/{language:str}/unsubscribe/{token:str}", include_in_schema=False, status_code=200)
async def leave(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """From the page's form or a mail program's one click."""
    site = site_of(request)
    async with site.database.transaction() as db:
        try:
            found = await unsubscribe(db, token, secret=site.settings.secret, now=site.clock.now())
        except NotFound:
            raise NotFoundException from None
        return await _page(request, db, token, found)


async def _page(request: AnyRequest, db: Connection, token: str, found: Unsubscribing) -> Response[str]:
    shop = await open_shop(request, db)
    purpose = (await published(db, CONSENTS))[CONSENTS].purpose(found.purpose)
    return page(
        request,
        shop,
        "unsubscribe.html",
        headers=_PRIVATE,
        purpose=purpose.name(shop.language) if purpose else found.purpose,
        stands=found.stands,
        action=shop.address(f"/unsubscribe/{token}"),
        preferences=preferences_address(site_of(request).settings.secret, found.party_id, shop.language),
        query_string="",
    )


routes = (ask, leave)
