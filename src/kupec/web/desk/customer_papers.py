"""What the forms of a customer's notes and files do, and the notes that call somebody."""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    LARGEST_FILE,
    add_file,
    add_note,
    change_note,
    members_of,
    mentions_of,
    pin_note,
    read_file,
    remove_file,
    remove_note,
    root_of,
    see_mentions,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.web.desk.customer_editing import WRITE, carry_out
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.mentions import called, colleagues
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.timeline import authors
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of
from kupec.web.uploads import read_named_upload

SHOW = "notes"
_FORM_AROUND = 100_000


@post("/customers/{customer_id:uuid}/notes", opt=WRITE)
async def write_note(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        body = form.prose("body", most=20_000)
        mentions = called(body, await colleagues(db))
        pinned = "pinned" in form
        await add_note(db, customer_id, body, mentions=mentions, pinned=pinned, actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="note", message=_("The note is kept."))


@post("/customers/{customer_id:uuid}/notes/{note_id:uuid}", opt=WRITE)
async def act_on_note(request: AnyRequest, customer_id: FromPath[UUID], note_id: FromPath[UUID]) -> Response[Any]:
    """Write it anew, pin it or not, take it away."""
    form = await read_form(request)
    action = form.text("action")
    messages = {
        "change": _("Saved."),
        "pin": _("The note stands on top."),
        "unpin": _("The note stands among the others."),
        "remove": _("The note is removed."),
    }

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        if action == "change":
            body = form.prose("body", most=20_000)
            mentions = called(body, await colleagues(db))
            await change_note(db, note_id, body, mentions=mentions, actor=actor, now=now)
        elif action == "remove":
            await remove_note(db, note_id, actor=actor, now=now)
        elif action in messages:
            await pin_note(db, note_id, action == "pin", actor=actor, now=now)
        else:
            raise NotFound(what="note")

    message, place = messages.get(action, ""), f"note-{note_id}"
    return await carry_out(request, customer_id, form, work, show=SHOW, place=place, message=message)


@post("/customers/{customer_id:uuid}/files", opt=WRITE, request_max_body_size=LARGEST_FILE + _FORM_AROUND)
async def bring_file(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    form, content, name = await read_named_upload(request, "file")

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await add_file(db, customer_id, name, content, actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="file", message=_("The file is kept."))


@get("/customers/{customer_id:uuid}/files/{file_id:uuid}", opt={"permission": "customers.read"})
async def file(request: AnyRequest, customer_id: FromPath[UUID], file_id: FromPath[UUID]) -> Response[bytes]:
    """A file to be saved, never opened here: what is in it is not ours."""
    async with site_of(request).database.reading() as db:
        kept, content = await read_file(db, await members_of(db, await root_of(db, customer_id)), file_id)
    headers = {
        "Content-Disposition": f"attachment; filename=\"file\"; filename*=UTF-8''{quote(kept.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=kept.media_type, headers=headers)


@post("/customers/{customer_id:uuid}/files/{file_id:uuid}/remove", opt=WRITE)
async def drop_file(request: AnyRequest, customer_id: FromPath[UUID], file_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_file(db, customer_id, file_id, actor=actor, now=now)

    return await carry_out(request, customer_id, form, work, show=SHOW, place="file", message=_("The file is gone."))


@get("/customers/mentions", opt={"permission": "customers.read"})
async def mentions(request: AnyRequest) -> Response[str]:
    """The notes that call me."""
    async with site_of(request).database.reading() as db:
        found = await mentions_of(db, staff_of(request).id)
        return await desk_page(
            request,
            db,
            "desk/mentions.html",
            section="customers",
            found=found,
            wrote=await authors(db, [one.note.author for one in found], reader_of(request)),
        )


@post("/customers/mentions", opt=WRITE)
async def mentions_seen(request: AnyRequest) -> Response[Any]:
    site = site_of(request)
    await read_form(request)
    async with site.database.transaction() as db:
        await see_mentions(db, staff_of(request).id, actor=actor_of(request), now=site.clock.now())
    return go(request, "/desk/customers/mentions", done=reader_of(request).text(_("All seen.")))


routes = (write_note, act_on_note, bring_file, file, drop_file, mentions, mentions_seen)
