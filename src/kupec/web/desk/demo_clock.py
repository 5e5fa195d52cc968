"""The demo's clock on the desk: what time it is here, and sending it forwards. Only a demo has this page."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from kupec.kit.demo_clock import FARTHEST, send_clock, travel
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = "/desk/demo-clock"
WAYS = {
    "day": (_("A day later"), timedelta(days=1)),
    "week": (_("A week later"), timedelta(days=7)),
    "month": (_("A month later"), timedelta(days=30)),
    "two_months": (_("Two months later"), timedelta(days=61)),
}


def _only_in_a_demo(request: AnyRequest) -> None:
    if not site_of(request).settings.demo:
        raise NotFound(what="page")


@get("/demo-clock", opt={"permission": "settings.write"})
async def show(request: AnyRequest) -> Response[str]:
    _only_in_a_demo(request)
    return await _page(request, {})


@post("/demo-clock", opt={"permission": "settings.write"})
async def send(request: AnyRequest) -> Response[Any]:
    _only_in_a_demo(request)
    site, form = site_of(request), await read_form(request)
    now = site.clock.now()
    try:
        by = form.text("by")
        to = now + WAYS[by][1] if by in WAYS else _moment(request, form.text("to"))
        async with site.database.transaction() as db:
            await send_clock(db, to, actor=actor_of(request), now=now)
    except InvalidValue as error:
        return await _page(request, {f"clock.{error.field}": in_words(error, language_of(request))}, error.status)
    return go(request, PAGE, done=reader_of(request).text(_("The clock is on its way.")))


def _moment(request: AnyRequest, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=reader_of(request).zone)
    except ValueError:
        raise InvalidValue(field="to", expected=_("a date")) from None


async def _page(request: AnyRequest, errors: dict[str, str], status: int = 200) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/demo_clock.html",
            section="demo_clock",
            status=status,
            travel=await travel(db),
            ways={code: label for code, (label, _by) in WAYS.items()},
            farthest=(site_of(request).clock.now() + FARTHEST).date(),
            errors=errors,
        )
