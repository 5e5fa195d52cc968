"""Saving and removing views."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.staff import remove_view, save_view
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.page import go, in_words, reader_of
from kupec.web.desk.views import LISTS, filters_of
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, site_of


@post("/views", opt={"permission": None})
async def keep_view(request: AnyRequest) -> Response[Any]:
    """Keep the filters of a list under a name."""
    site, form, reader = site_of(request), await read_form(request), reader_of(request)
    place = form.text("place")
    if place not in LISTS:
        raise NotFound(what="list")
    actor_of(request).require(LISTS[place].permission)
    query = filters_of(place, Form(parse_qsl(form.text("query", most=2000))))
    target = f"{LISTS[place].base}?{query}" if query else LISTS[place].base
    try:
        async with site.database.transaction() as db:
            await save_view(
                db,
                staff_of(request),
                place,
                name=form.text("name", most=1000),
                query=query,
                shared="shared" in form,
                now=site.clock.now(),
            )
    except KupecError as error:
        return go(request, target, failed=in_words(error, reader.language))
    return go(request, target, done=reader.text(_("The view is saved.")))


@post("/views/{view_id:uuid}/remove", opt={"permission": None})
async def drop_view(request: AnyRequest, view_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        place = await remove_view(db, view_id, actor=actor_of(request), now=site.clock.now())
    base = LISTS[place].base if place in LISTS else "/desk"
    return go(request, base, done=reader_of(request).text(_("The view is removed.")))
