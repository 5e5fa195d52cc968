"""Buying on account: a link from the shop's people proves for whom a browser buys, as no typed address could."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.actor import customer
from kupec.kit.errors import NotFound
from kupec.kit.signing import sign, unsign
from kupec.sales import buy_for
from kupec.web.rendering import site_of
from kupec.web.security import read_signed_cookie, signed_cookie
from kupec.web.storefront.shop import buyer, cart_cookie, open_shop

ACCOUNT_COOKIE = "kupec_account"
_DAYS = 365
_PURPOSE = "house-account"

AnyRequest = Request[Any, Any, Any]


def account_link(secret: str, base_url: str, party_id: UUID, language: str) -> str:
    """What the shop's people send to a customer who may buy on account; whoever has it may."""
    return f"{base_url}/{language}/account/{sign(secret, _PURPOSE, party_id.hex)}"


def proved_customer(request: AnyRequest) -> UUID | None:
    """For whom this browser has proved to buy."""
    value = read_signed_cookie(request, ACCOUNT_COOKIE)
    return UUID(hex=value) if value else None


@get("/{language:str}/account/{token:str}", include_in_schema=False)
async def begin(request: AnyRequest, token: FromPath[str]) -> Redirect:
    """From here on this browser buys for the customer of the link. A forged link is NotFound."""
    site = site_of(request)
    now = site.clock.now()
    value = unsign(site.settings.secret, _PURPOSE, token, now=now)
    if value is None:
        raise NotFound(what="page")
    party_id = UUID(hex=value)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        cart = await buy_for(
            db,
            party_id,
            market=shop.market.code,
            language=shop.language,
            instead_of=shop.cart.id if shop.cart else None,
            actor=buyer(shop.cart) if shop.cart else customer(party_id),
            now=now,
        )
    cookies = [signed_cookie(site, ACCOUNT_COOKIE, party_id.hex, days=_DAYS), cart_cookie(site, cart.id)]
    return Redirect(shop.address(), status_code=303, cookies=cookies)
