"""An organisation approves an order on account: the buyer's page of it, and the approver's behind a signed link."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.sales import (
    Approval,
    ApprovalDecided,
    Cart,
    PricedCart,
    TotalChanged,
    approver_from_token,
    decline_approval,
    get_order,
    latest_approval,
    price_cart,
    request_approval,
    status_token,
    withdraw_approval,
)
from kupec.sales import (
    in_words as say,
)
from kupec.web.forms import Form, read_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, buyer, open_shop, page

_MOST = 10**11 - 1
_LONGEST_NOTE = 500
_SECRET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

AnyRequest = Request[Any, Any, Any]


# --- the buyer ----------------------------------------------------------------------------------------


async def ask(request: AnyRequest, shop: Shop, cart: Cart, expected_total: int) -> Redirect:
    """Send the cart to the organisation's approvers, and show that it is there. Raises what `request_approval` does."""
    site = site_of(request)
    async with site.database.transaction() as db:
        await request_approval(db, cart.id, expected_total=expected_total, actor=buyer(cart), now=site.clock.now())
    return to_question(shop)


async def is_asked(db: Connection, cart: Cart) -> bool:
    """Whether an approver has this cart before them."""
    approval = await latest_approval(db, cart.id) if cart.approval_id else None
    return approval is not None and approval.state == "asked"


def to_question(shop: Shop) -> Redirect:
    return Redirect(shop.address("/checkout/approval"), status_code=303)


@get("/{language:str}/checkout/approval", include_in_schema=False)
async def question(request: AnyRequest) -> Response[Any]:
    """What has become of the buyer's question. Without one, the cart is shown."""
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        approval = await latest_approval(db, shop.held_cart_id) if shop.held_cart_id else None
        if approval is None:
            return Redirect(shop.address("/cart"), status_code=303)
        order = await get_order(db, approval.order_id) if approval.order_id else None
    token = status_token(site.settings.secret, order.id) if order and order.number else ""
    return page(
        request,
        shop,
        "approval_asked.html",
        headers={"Cache-Control": "no-store"},
        approval=approval,
        order=order,
        order_link=shop.address(f"/order/{token}") if token else "",
    )


@post("/{language:str}/checkout/approval", status_code=303, include_in_schema=False)
async def take_back(request: AnyRequest) -> Redirect:
    """The buyer wants to change something after all."""
    site = site_of(request)
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        if shop.cart:
            await withdraw_approval(db, shop.cart.id, actor=buyer(shop.cart), now=site.clock.now())
    return Redirect(shop.address("/cart"), status_code=303)


# --- the approver -------------------------------------------------------------------------------------


@get("/{language:str}/approval/{token:str}", include_in_schema=False)
async def decide_page(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """What is to be approved, with one button for yes and a reason for no. Looking decides nothing."""
    return await _page(request, token)


@post("/{language:str}/approval/{token:str}", status_code=200, include_in_schema=False)
async def decide(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Yes orders what was seen, once; no needs a reason."""
    site, form = site_of(request), await read_form(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        approval, actor = await approver_from_token(db, site.settings.secret, token, now=site.clock.now())
    try:
        if form.text("decision", most=20) == "decline":
            async with site.database.transaction() as db:
                note = form.prose("note", most=_LONGEST_NOTE)
                await decline_approval(db, approval.id, note=note, actor=actor, now=site.clock.now())
        else:
            seen = form.whole("expected_total", least=0, most=_MOST)
            await site.checkout.approve(approval.id, expected_total=seen, actor=actor)
    except TotalChanged:
        return await _page(request, token, status=409, notice="total_changed")
    except ApprovalDecided:
        return await _page(request, token, status=409)
    except InvalidValue as error:
        errors = {error.field or "note": _invalid(error, shop.language)}
        return await _page(request, token, status=422, errors=errors, form=form)
    except KupecError as error:
        if error.status >= 500:
            raise
        return await _page(request, token, status=error.status, notice=say(error, shop.language))
    return Redirect(shop.address(f"/approval/{token}"), status_code=303)


def _invalid(error: InvalidValue, language: str) -> str:
    if error.field == "note":
        return translate(language, _("Please write a few words on why, at most 500 characters: the buyer reads them."))
    return say(error, language)


async def _page(
    request: AnyRequest,
    token: str,
    *,
    status: int = 200,
    notice: str = "",
    errors: dict[str, str] | None = None,
    form: Form | None = None,
) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        approval, _actor = await approver_from_token(db, site.settings.secret, token, now=site.clock.now())
        priced = await price_cart(db, approval.cart_id, now=site.clock.now())
        people = [party_id for party_id in (approval.organisation_id, approval.asked_by) if party_id]
        names = {party.id: party.name for party in (await parties_by_ids(db, people)).values()}
        order = await get_order(db, approval.order_id) if approval.order_id else None
    return page(
        request,
        shop,
        "approval.html",
        status=status,
        headers=_SECRET,
        approval=approval,
        priced=priced,
        changed=_changed(approval, priced),
        order=order,
        organisation=names.get(approval.organisation_id) or "",
        asked_by=names.get(approval.asked_by) or "" if approval.asked_by else "",
        token=token,
        notice=notice,
        errors=errors or {},
        note=form.prose("note", most=100_000)[:_LONGEST_NOTE] if form else "",
    )


def _changed(approval: Approval, priced: PricedCart) -> bool:
    """Prices have moved since it was asked."""
    return approval.state == "asked" and approval.total != priced.total
