"""What the customer has, when it wants a service, and booking the day."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.sales import (
    NewOwned,
    Owned,
    add_owned,
    book_service,
    cancel_service,
    free_days,
    get_owned,
    owned_of,
    remove_owned,
)
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/things"


@get("/{language:str}/my/things", opt={"part": "orders"})
async def show(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, form: Form | None = None, error: KupecError | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await owned_of(db, me.account_ids)
        days = await free_days(db, now=site.clock.now())
    return my_page(
        request,
        shop,
        "things.html",
        section="things",
        status=error.status if error else 200,
        things=found,
        days=days,
        typed=(lambda name: form.text(name, most=10_000)[:300]) if form else (lambda name: ""),
        errors={error.field or "name": say(error, shop.language)} if error else {},
    )


async def thing_here(db: Connection, me: SignedInCustomer, owned_id: UUID) -> Owned:
    found = await get_owned(db, owned_id)
    mine_or_missing(found.party_id in me.account_ids, "owned product")
    return found


@post("/{language:str}/my/things", status_code=200, opt={"part": "buy"})
async def add(request: AnyRequest) -> Response[Any]:
    """Something they have from elsewhere."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        new = NewOwned(
            name=form.text("name", most=1000),
            serial_number=form.text("serial_number", most=1000) or None,
            bought_on=_day(form, "bought_on"),
        )
        async with site.database.transaction() as db:
            await add_owned(db, me.account.id, new, actor=me.actor, now=site.clock.now())
    except InvalidValue as error:
        return await _page(request, form, error)
    return go(request, PATH, done=_("Saved."))


def _day(form: Form, name: str) -> date | None:
    text = form.text(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidValue(field=name, expected=_("a date")) from None


@post("/{language:str}/my/things/{owned_id:uuid}", status_code=303, opt={"part": "buy"})
async def act(request: AnyRequest, owned_id: FromPath[UUID]) -> Response[Any]:
    """Book its service for a day, cancel that, or say that they do not have it any more."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    wanted, now = form.text("wanted"), site.clock.now()
    try:
        async with site.database.transaction() as db:
            thing = await thing_here(db, me, owned_id)
            if wanted == "book":
                day = _day(form, "day")
                if day is None:
                    raise InvalidValue(field="day", expected=_("a date"))
                await book_service(db, thing.id, day, actor=me.actor, now=now)
            elif wanted == "cancel":
                await cancel_service(db, thing.id, actor=me.actor, now=now)
            else:
                await remove_owned(db, thing.id, actor=me.actor, now=now)
    except KupecError as error:
        if error.status == 404:
            raise
        return go(request, PATH, failed=say(error, language_of(request)))
    done = {"book": _("The service is booked."), "cancel": _("The service is cancelled.")}
    return go(request, PATH, done=done.get(wanted, _("Removed.")))


routes = (show, add, act)
