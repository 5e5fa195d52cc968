"""Channels: which there are, how each is set up, and what to put on other sites."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import Channel, Inbox, InboxChange, add_inbox, change_inbox, get_inbox, list_inboxes
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_channel_form import (
    CHANNELS_OFFERED,
    CREDENTIALS,
    LABELS,
    fields_of,
    read_config,
    read_credentials,
)
from kupec.web.desk.inbox_list import channel_icon
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

MANAGE = {"permission": "settings.write"}


@get("/inboxes", opt=MANAGE)
async def channels(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, "")


@get("/inboxes/new", opt=MANAGE)
async def new(request: AnyRequest) -> Response[str]:
    code = query_form(request).text("channel", most=10_000)
    _channel(request, code)
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, code)


@post("/inboxes", opt=MANAGE)
async def make(request: AnyRequest) -> Response[Any]:
    """A new inbox of a channel."""
    site, form = site_of(request), await read_form(request)
    channel = _channel(request, form.text("channel"))
    try:
        async with site.database.transaction() as db:
            made = await add_inbox(
                db,
                channel,
                code=form.text("code"),
                name=form.text("name"),
                config=read_config(channel, form),
                credentials=read_credentials(channel.code, form),
                secret=site.settings.secret,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _refused(request, None, channel.code, form, error)
    return go(request, f"/desk/inboxes/{made.id}", done=reader_of(request).text(_("The channel is set up.")))


@get("/inboxes/{inbox_id:uuid}", opt=MANAGE)
async def channel(request: AnyRequest, inbox_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        inbox = await get_inbox(db, inbox_id)
        return await _page(request, db, inbox, inbox.channel)


@post("/inboxes/{inbox_id:uuid}", opt=MANAGE)
async def change(request: AnyRequest, inbox_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    async with site.database.reading() as db:
        inbox = await get_inbox(db, inbox_id)
    kind = _channel(request, inbox.channel)
    try:
        wanted = InboxChange(
            name=form.text("name"),
            config=read_config(kind, form),
            credentials=read_credentials(inbox.channel, form) or None,
            active="active" in form,
        )
        async with site.database.transaction() as db:
            await change_inbox(
                db, inbox_id, kind, wanted, secret=site.settings.secret, actor=actor_of(request), now=site.clock.now()
            )
    except KupecError as error:
        return await _refused(request, inbox, inbox.channel, form, error)
    return go(request, f"/desk/inboxes/{inbox_id}", done=reader_of(request).text(_("Saved.")))


def _channel(request: AnyRequest, code: str) -> Channel:
    """Raises NotFound."""
    known = site_of(request).channels
    if code not in known:
        raise NotFound(what="channel")
    return known[code]


async def _refused(request: AnyRequest, inbox: Inbox | None, code: str, form: Form, error: KupecError) -> Response[Any]:
    field = (error.field or "").split("[")[0]
    words = in_words(error, language_of(request)) if error.field else explain(error, language_of(request))
    async with site_of(request).database.reading() as db:
        return await _page(request, db, inbox, code, form=form, errors={field: words}, status=error.status)


async def _page(
    request: AnyRequest,
    db: Connection,
    inbox: Inbox | None,
    code: str,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    site, reader = site_of(request), reader_of(request)
    known = site.channels
    sealed = await db.fetchval("select credentials is not null from inbox where id = $1", inbox.id) if inbox else False
    return await desk_page(
        request,
        db,
        "desk/inbox/channels.html",
        section="inboxes",
        status=status,
        rows=await list_inboxes(db),
        inbox=inbox,
        code=code,
        form=form,
        errors=errors or {},
        fields=fields_of(known[code], inbox, reader, form) if code in known else [],
        secrets=[(name, reader.text(LABELS[name])) for name in CREDENTIALS.get(code, ())],
        sealed=sealed,
        offered=[(key, reader.text(label)) for key, label in CHANNELS_OFFERED.items() if key in known],
        channel_icon=channel_icon,
        channel_words=CHANNELS_OFFERED,
        snippet=f'<script type="module" src="{site.settings.base_url}/widget.js" data-inbox="{inbox.code}"></script>'
        if inbox and inbox.channel == "web"
        else "",
        webhook=f"{site.settings.base_url}/channels/{inbox.code}" if inbox and inbox.channel == "telegram" else "",
    )


routes = (channels, new, make, channel, change)
