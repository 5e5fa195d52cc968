"""The customer's connected devices: levels, what is ordered next and why, errors, what was ordered, a pause."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.devices import DEVICE_MODELS, Device, NewDevice, devices_of, errors_of, get_device, register_device
from kupec.machines.replenishment import (
    Outlook,
    PolicyChange,
    change_policy,
    outlook,
    pause_policy,
    pause_replenishment,
    policies_of,
    resume_policy,
    resume_replenishment,
)
from kupec.web.device_view import device_view, goods_names
from kupec.web.forms import Form, read_form
from kupec.web.portal.device_hints import hints
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/devices"
SECTION = "machines"
_DONE = {
    "pause": _("Paused. Nothing more of it is ordered."),
    "resume": _("Resumed. It is looked at now."),
    "pause_all": _("Paused. Nothing is ordered for this device."),
    "resume_all": _("Resumed. The device is looked at now."),
    "change": _("Saved."),
}


@get("/{language:str}/my/devices", opt={"part": "orders"})
async def show_all(request: AnyRequest) -> Response[str]:
    return await _list(request)


async def _list(
    request: AnyRequest,
    *,
    form: Form | None = None,
    error: KupecError | None = None,
    token: str = "",
    made: Device | None = None,
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await devices_of(db, me.account_ids)
        models = (await published(db, DEVICE_MODELS))[DEVICE_MODELS]
        nexts = {one.machine_id: _soonest(await outlook(db, one.machine_id, now=now)) for one in found}
        errors = {one.machine_id: len(await errors_of(db, one.machine_id)) for one in found}
        skus = [one.policy.sku for one in nexts.values() if one is not None]
        names = await goods_names(db, skus, shop.language)
    return my_page(
        request,
        shop,
        "devices.html",
        section=SECTION,
        status=error.status if error else 200,
        devices=found,
        nexts=nexts,
        broken=errors,
        names=names,
        models={one.code: one.title(shop.language) for one in models.models},
        token=token,
        made=made,
        typed=(lambda name: form.text(name, most=10_000)[:300]) if form else (lambda name: ""),
        errors={error.field or "name": say(error, shop.language)} if error else {},
    )


def _soonest(found: list[Outlook]) -> Outlook | None:
    ahead = [one for one in found if one.next_order_on is not None]
    return min(ahead, key=lambda one: (str(one.next_order_on), str(one.policy.id)), default=None)


@post("/{language:str}/my/devices", status_code=200, opt={"part": "buy"})
async def register(request: AnyRequest) -> Response[Any]:
    """A new device; its key is shown this once."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    new = NewDevice(
        name=form.text("name", most=1000),
        model=form.text("model"),
        serial=form.text("serial", most=1000),
        place=form.text("place", most=1000),
        zone=site.settings.shop_timezone,
    )
    try:
        async with site.database.transaction() as db:
            device, key = await register_device(db, me.account.id, new, actor=me.actor, now=site.clock.now())
    except KupecError as error:
        if error.status in (403, 404):
            raise
        return await _list(request, form=form, error=error)
    return await _list(request, token=key.token, made=device)


async def device_here(db: Connection, me: SignedInCustomer, machine_id: UUID) -> Device:
    """What is somebody else's does not exist."""
    found = await get_device(db, machine_id)
    mine_or_missing(found.party_id in me.account_ids, "device")
    return found


@get("/{language:str}/my/devices/{machine_id:uuid}", opt={"part": "orders"})
async def show(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        device = await device_here(db, me, machine_id)
        view = await device_view(db, device, language=shop.language, now=now)
    return my_page(request, shop, "device.html", section=SECTION, device=device, now=now, **view)


@post("/{language:str}/my/devices/{machine_id:uuid}", status_code=303, opt={"part": "buy"})
async def act(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """Pause or resume one thing or all of them, order another packing, say what lies beside the device."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    path = f"{PATH}/{machine_id}"
    try:
        async with site.database.transaction() as db:
            device = await device_here(db, me, machine_id)
            await _do(db, device, form, me, site.clock.now())
    except InvalidValue as error:
        return go(request, path, failed=say(error, language_of(request)))
    return go(request, path, done=_DONE.get(form.text("wanted"), _DONE["change"]))


async def _do(db: Connection, device: Device, form: Form, me: SignedInCustomer, now: datetime) -> None:
    wanted = form.text("wanted")
    if wanted == "pause_all":
        await pause_replenishment(db, device.machine_id, actor=me.actor, now=now)
        return
    if wanted == "resume_all":
        await resume_replenishment(db, device.machine_id, actor=me.actor, now=now)
        return
    policy_id = form.uuid("policy")
    mine = {one.id for one in await policies_of(db, device.machine_id)}
    mine_or_missing(policy_id in mine, "policy")
    if wanted == "pause":
        await pause_policy(db, policy_id, actor=me.actor, now=now)
    elif wanted == "resume":
        await resume_policy(db, policy_id, actor=me.actor, now=now)
    else:
        change = PolicyChange(
            sku=form.text("sku") or None,
            shelf_pieces=form.whole("shelf_pieces", least=0, most=9999) if form.text("shelf_pieces") else None,
        )
        await change_policy(db, policy_id, change, actor=me.actor, now=now)


@get("/{language:str}/my/devices/{machine_id:uuid}/live", opt={"part": "orders"})
async def live(request: AnyRequest, machine_id: FromPath[UUID]) -> ServerSentEvent:
    """Tells the page that something has happened to its device; the page then loads itself anew."""
    site, me = site_of(request), customer_of(request)
    async with site.database.reading() as db:
        device = await device_here(db, me, machine_id)
    return ServerSentEvent(
        hints(site.live, f"machine:{device.machine_id}", request.headers.get("last-event-id")),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


routes = (show_all, register, show, act, live)
