"""After the button: to the bank and back, and the confirmation."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import contact_points_of, members_of, roots
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales import Completion, card_refusal, order_from_token, status_token, tariff
from kupec.web.rendering import site_of
from kupec.web.security import forget_cookie
from kupec.web.storefront.paying import to_pay
from kupec.web.storefront.shop import CART_COOKIE, Shop, known_order, open_shop, order_cookie, page
from kupec.web.storefront.visitor import recognise

_LOOK_AGAIN = "3"  # seconds until the waiting page asks anew

AnyRequest = Request[Any, Any, Any]


async def finish(request: AnyRequest, shop: Shop, completion: Completion) -> Redirect:
    """Where the buyer goes from a completion that has not failed."""
    if completion.state == "requires_action" and completion.action_url:
        return Redirect(completion.action_url, status_code=303)
    if completion.state == "placed":
        return _to_confirmation(request, shop, completion)
    return Redirect(shop.address(f"/checkout/return/{completion.payment_id}"), status_code=303)


def _to_confirmation(request: AnyRequest, shop: Shop, completion: Completion) -> Redirect:
    site = site_of(request)
    token = status_token(site.settings.secret, completion.order_id)
    return Redirect(
        shop.address(f"/checkout/done/{token}"),
        status_code=303,
        cookies=[order_cookie(site, completion.order_id), forget_cookie(site, CART_COOKIE)],
    )


@get("/{language:str}/checkout/return/{payment_id:uuid}", include_in_schema=False)
async def come_back(request: AnyRequest, payment_id: FromPath[UUID]) -> Response[Any]:
    """Back from the bank, or waiting for it. Only the browser that holds the cart is led to the order."""
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
    try:
        completion = await site.checkout.settle_payment(payment_id)
    except NotFound:
        raise NotFoundException from None
    ours = shop.held_cart_id == completion.cart_id
    if ours and completion.state == "placed":
        return _to_confirmation(request, shop, completion)
    waits = completion.state == "in_progress"
    return page(
        request,
        shop,
        "return.html",
        headers={"Cache-Control": "no-store"} | ({"Refresh": _LOOK_AGAIN} if waits else {}),
        completion=completion,
        ours=ours,
        refusal=card_refusal(completion.error_code, shop.language) if completion.state == "failed" else "",
    )


@get("/{language:str}/checkout/done/{token:str}", include_in_schema=False)
async def done(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """The confirmation: the number, what happens next, and when."""
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        order = await order_from_token(db, site.settings.secret, token, now=site.clock.now())
        owed = await to_pay(db, order, shop.language)
        method = (await tariff(db)).document.method(order.shipping_method)
        here = known_order(request) == order.id and await _is_buyers_browser(db, shop, order.customer_id)
    known = await recognise(request, order.customer_id) if here and order.customer_id else []
    response = page(
        request,
        shop,
        "done.html",
        headers={"Cache-Control": "no-store"},
        order=order,
        token=token,
        collected=method is not None and method.kind == "pickup",
        **owed,
    )
    response.cookies.extend(known)
    return response


async def _is_buyers_browser(db: Connection, shop: Shop, customer_id: UUID | None) -> bool:
    """Whether this browser may be taken for the customer's. A typed address is not enough once its owner has proved it:
    a stranger's visits and choices would become theirs.
    """
    if customer_id is None:
        return False
    if shop.customer is not None:
        return customer_id in shop.customer.own_ids
    root = (await roots(db, [customer_id]))[customer_id]
    return not any(point.verified_at for point in await contact_points_of(db, await members_of(db, root)))
