"""The service of what a customer has, behind the signed link in their mail: a day is booked, moved, or given back."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.sales import (
    SERVICING,
    Owned,
    book_service,
    cancel_service,
    free_days,
    get_owned,
    owned_from_token,
)
from kupec.web.forms import Form, read_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import Shop, open_shop, page

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_OFFERED = 12

AnyRequest = Request[Any, Any, Any]


@get("/{language:str}/service/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        shop = await open_shop(request, db)
        owned = await _whose(request, db, token)
        return await _page(request, db, shop, token, owned)


@post("/{language:str}/service/{token:str}", include_in_schema=False)
async def change(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Book or move to the day chosen, or give the booked one back."""
    site, form = site_of(request), await read_form(request)
    now = site.clock.now()
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            owned = await _whose(request, db, token)
            actor = customer(owned.party_id)
            if form.text("wanted") == "cancel":
                await cancel_service(db, owned.id, actor=actor, now=now)
            else:
                await book_service(db, owned.id, _day(form), actor=actor, now=now)
    except NotFound:
        return Redirect(shop.address(f"/service/{token}"), status_code=303)
    except KupecError as error:
        async with site.database.reading() as db:
            refusal = _refusal(error, shop.language)
            return await _page(request, db, shop, token, owned, refusal=refusal, status=error.status)
    done = "cancel" if form.text("wanted") == "cancel" else "book"
    return Redirect(shop.address(f"/service/{token}?done={done}"), status_code=303)


def _refusal(error: KupecError, language: str) -> str:
    if isinstance(error, InvalidValue):
        return translate(language, _("This day is not free. Please choose another one."))
    return explain(error, language)


def _day(form: Form) -> date:
    try:
        return date.fromisoformat(form.text("day", most=20))
    except ValueError:
        raise InvalidValue(field="day", expected="a day that is free") from None


async def _whose(request: AnyRequest, db: Connection, token: str) -> Owned:
    """Answers 404 for a link that is not ours, and for what they do not have any more."""
    site = site_of(request)
    owned_id: UUID | None = owned_from_token(site.settings.secret, token, now=site.clock.now())
    if owned_id is None:
        raise NotFoundException
    try:
        return await get_owned(db, owned_id)
    except NotFound:
        raise NotFoundException from None


async def _page(
    request: AnyRequest,
    db: Connection,
    shop: Shop,
    token: str,
    owned: Owned,
    *,
    refusal: str = "",
    status: int = 200,
) -> Response[str]:
    rules = (await published(db, SERVICING))[SERVICING]
    days = await free_days(db, now=site_of(request).clock.now(), limit=_OFFERED)
    return page(
        request,
        shop,
        "service.html",
        status=status,
        headers=_PRIVATE,
        owned=owned,
        days=[day for day in days if day != owned.booked_on],
        hours=rules.hours.get(shop.language, ""),
        refusal=refusal,
        done=request.query_params.get("done", ""),
        action=shop.address(f"/service/{token}"),
        query_string="",
    )


routes = (show, change)
