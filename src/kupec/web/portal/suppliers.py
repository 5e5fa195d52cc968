"""The customer's suppliers: other sellers that their machines may buy of, and what they weigh."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.addresses import reach_of
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.machines.mandates import mandates_of
from kupec.machines.sourcing import (
    NewSupplier,
    SupplierExists,
    Weights,
    add_supplier,
    get_supplier,
    pause_supplier,
    records_of,
    remove_supplier,
    resume_supplier,
    set_weights,
    suppliers_of,
    weights_of,
)
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/machines/suppliers"
STATES = {"active": _("Bought of"), "paused": _("Paused")}
_FIELDS = ("name", "url", "handler", "token", "payment_days", "price", "delivery", "reliability", "terms")
_WRONG = {
    "name": _("Say what you call it."),
    "url": _("The address of a shop, such as https://shop.example"),
    "handler": _("One of the seller's ways of paying, as it calls it: letters, digits, dots and hyphens."),
    "token": _("What the seller has given you to pay with."),
    "payment_days": _("Days from 0 to 365."),
}
_WEIGHTS = ("price", "delivery", "reliability", "terms")


@get("/{language:str}/my/machines/suppliers", opt={"part": "orders"})
async def show_all(request: AnyRequest) -> Response[str]:
    return await _page(request)


async def _page(request: AnyRequest, *, error: KupecError | None = None, form: Form | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await suppliers_of(db, me.account_ids)
        records = await records_of(db, [each.id for each in found], now=now)
        weights = await weights_of(db, me.account_ids)
        mandates = [each for each in await mandates_of(db, me.account_ids) if each.state(now) == "active"]
    allowed = {seller for mandate in mandates for seller in mandate.sellers}
    return my_page(
        request,
        shop,
        "suppliers.html",
        section="machines",
        status=error.status if error else 200,
        suppliers=found,
        records=records,
        weights=weights,
        allowed=allowed,
        states=STATES,
        typed={name: form.text(name, most=10**5)[:300] if form and name != "token" else "" for name in _FIELDS},
        errors=_wrong(error, shop.language) if error else {},
    )


def _wrong(error: KupecError, language: str) -> dict[str, str]:
    field = (error.field or "").rpartition(".")[2]
    if isinstance(error, SupplierExists):
        field = "url"
    if isinstance(error, InvalidValue) and field in _WRONG:
        return {field: translate(language, _WRONG[field])}
    return {field if field in _FIELDS else "form": say(error, language)}


@post("/{language:str}/my/machines/suppliers", status_code=200, opt={"part": "buy"})
async def add(request: AnyRequest) -> Response[Any]:
    """Another seller for the list."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        new = NewSupplier(
            name=form.text("name"),
            url=form.text("url", most=2000),
            handler=form.text("handler"),
            token=form.text("token", most=2000),
            payment_days=form.whole("payment_days", least=0, most=365, default=0),
        )
        reach = reach_of(site.settings.webhook_allowed_hosts, local=site.settings.demo)
        async with site.database.transaction() as db:
            await add_supplier(
                db,
                me.account.id,
                new,
                secret=site.settings.secret,
                reach=reach,
                actor=me.actor,
                now=site.clock.now(),
            )
    except (InvalidValue, SupplierExists) as error:
        return await _page(request, error=error, form=form)
    return go(request, PATH, done=_("It is on the list. A machine buys there once one of its mandates names it."))


@post("/{language:str}/my/machines/suppliers/weights", status_code=200, opt={"part": "buy"})
async def weigh(request: AnyRequest) -> Response[Any]:
    """What counts when suppliers are compared."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        weights = Weights(**{name: form.whole(name, least=0, most=100, default=0) for name in _WEIGHTS})
        async with site.database.transaction() as db:
            await set_weights(db, me.account.id, weights, actor=me.actor, now=site.clock.now())
    except InvalidValue as error:
        return await _page(request, error=error, form=form)
    return go(request, PATH, done=_("From now on suppliers are compared like this."))


@post("/{language:str}/my/machines/suppliers/{supplier_id:uuid}/state", status_code=200, opt={"part": "buy"})
async def change_state(request: AnyRequest, supplier_id: FromPath[UUID]) -> Response[Any]:
    """Pause, resume, or take off the list."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    wanted = form.text("wanted")
    now = site.clock.now()
    async with site.database.transaction() as db:
        supplier = await get_supplier(db, supplier_id)
        mine_or_missing(supplier.party_id in me.account_ids and supplier.state != "removed", "supplier")
        if wanted == "pause":
            await pause_supplier(db, supplier_id, actor=me.actor, now=now)
        elif wanted == "resume":
            await resume_supplier(db, supplier_id, actor=me.actor, now=now)
        elif wanted == "remove":
            await remove_supplier(db, supplier_id, actor=me.actor, now=now)
        else:
            raise NotFound(what="supplier")
    return go(request, PATH, done=_("Done."))


routes = [show_all, add, weigh, change_state]
