"""A customer's personal link: a friend who comes by it and orders was sent by them."""

import base64
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import note_referral
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.signing import sign, unsign
from kupec.web.rendering import site_of
from kupec.web.security import read_signed_cookie, signed_cookie
from kupec.web.storefront.shop import open_shop

FRIEND_COOKIE = "kupec_friend"
_DAYS = 30
_PURPOSE = "referral"

AnyRequest = Request[Any, Any, Any]


def referral_link(secret: str, base_url: str, party_id: UUID, language: str) -> str:
    """What a customer sends to friends. It says who they are to nobody but us."""
    key = base64.urlsafe_b64encode(party_id.bytes).decode().rstrip("=")
    return f"{base_url}/{language}/r/{sign(secret, _PURPOSE, key)}"


@get("/{language:str}/r/{code:str}", include_in_schema=False)
async def come(request: AnyRequest, code: FromPath[str]) -> Redirect:
    """Remember for thirty days who sent this browser, the first who did; a forged link is NotFound."""
    site = site_of(request)
    key = unsign(site.settings.secret, _PURPOSE, code, now=site.clock.now())
    if key is None:
        raise NotFound(what="page")
    party_id = UUID(bytes=base64.urlsafe_b64decode(f"{key}=="))
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
    first = read_signed_cookie(request, FRIEND_COOKIE) or party_id.hex
    cookies = [signed_cookie(site, FRIEND_COOKIE, first, days=_DAYS)]
    return Redirect(shop.address(), status_code=303, cookies=cookies)


async def note_friend(request: AnyRequest, db: Connection, cart_id: UUID) -> None:
    """What this browser is about to order was come for by a friend's link, if it was."""
    value = read_signed_cookie(request, FRIEND_COOKIE)
    if value:
        await note_referral(db, cart_id, UUID(hex=value), now=site_of(request).clock.now())
