"""A left cart, opened from a mail in whichever browser the mail is read."""

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.sales import cart_from_token
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import cart_cookie, open_shop

AnyRequest = Request[Any, Any, Any]


@get("/{language:str}/cart/{token:str}", include_in_schema=False)
async def open_left_cart(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """The browser holds this cart from now on, unless it was ordered meanwhile or it holds goods of its own."""
    site = site_of(request)
    cart_id = cart_from_token(site.settings.secret, token, now=site.clock.now())
    if cart_id is None:
        raise NotFoundException
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        still = await db.fetchval("select true from cart where id = $1 and state = 'open'", cart_id)
    keeps_own = shop.cart is not None and shop.cart.id != cart_id and shop.cart.lines
    cookies = [cart_cookie(site, cart_id)] if still and not keeps_own else []
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Redirect(shop.address("/cart"), status_code=303, cookies=cookies, headers=headers)


routes = (open_left_cart,)
