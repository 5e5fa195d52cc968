"""The account's orders, and ordering one of them again."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.sales import list_orders, order_again
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.forms import query_form
from kupec.web.portal.carts import cart_for
from kupec.web.portal.gate import customer_of
from kupec.web.portal.order_here import order_here
from kupec.web.portal.page import my_page
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import cart_cookie, open_shop

PAGE = 20
MISSING = {
    "short": _("there is not enough of it now"),
    "not_sold": _("it is not sold any more"),
    "options_changed": _("it is made differently now: please choose again"),
}


@get("/{language:str}/my/orders", opt={"part": "orders"})
async def show(request: AnyRequest) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    before = read_cursor(query_form(request).text("before"))
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await list_orders(db, customer_ids=me.account_ids, before=before, limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return my_page(
        request,
        shop,
        "orders.html",
        section="orders",
        orders=found[:PAGE],
        older=write_cursor(last.placed_at, last.id) if last else "",
        first=before is None,
    )


@post("/{language:str}/my/orders/{order_id:uuid}/again", status_code=200, opt={"part": None})
async def again(request: AnyRequest, order_id: FromPath[UUID]) -> Response[Any]:
    """Into the cart with what is still sold; what is not is said before anybody goes on."""
    site, me = site_of(request), customer_of(request)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        order = await order_here(request, db, str(order_id), part="buy")
        cart = await cart_for(request, db, shop, me)
        done = await order_again(db, order, cart.id, actor=me.actor, now=site.clock.now())
    cookies = [cart_cookie(site, cart.id)]
    if not done.missing:
        return Redirect(shop.address("/cart"), status_code=303, cookies=cookies)
    response = my_page(
        request,
        shop,
        "again.html",
        section="orders",
        done=done,
        order=order,
        reasons={code: translate(shop.language, text) for code, text in MISSING.items()},
    )
    response.cookies.extend(cookies)
    return response


routes = (show, again)
