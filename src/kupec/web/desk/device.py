"""A device at the desk: its levels, what it orders next and why, its errors and orders; paused for its owner."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.i18n import mark as _
from kupec.machines.devices import get_device
from kupec.machines.replenishment import pause_replenishment, resume_replenishment
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.device_view import device_view
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of


@get("/machines/{machine_id:uuid}/device", opt={"permission": "customers.read"})
async def show(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[str]:
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        device = await get_device(db, machine_id)
        view = await device_view(db, device, language=reader.language, now=reader.now)
        return await desk_page(request, db, "desk/device.html", section="machines", device=device, **view)


@post("/machines/{machine_id:uuid}/device", opt={"permission": "customers.write"})
async def turn(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """Its owner has asked to have it paused, or to go on."""
    site, form, reader = site_of(request), await read_form(request), reader_of(request)
    pause = form.text("do") == "pause"
    async with site.database.transaction() as db:
        device = await get_device(db, machine_id)
        verb = pause_replenishment if pause else resume_replenishment
        await verb(db, device.machine_id, actor=actor_of(request), now=site.clock.now())
    said = _("Paused. Nothing is ordered for this device.") if pause else _("Resumed. The device is looked at now.")
    return go(request, f"/desk/machines/{machine_id}/device", done=reader.text(said))


routes = (show, turn)
