"""Settings, Integrations, Agents and feeds: platforms that buy by ACP, and where feeds are fetched."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import markets
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.machines.acp import (
    NewPlatformKey,
    add_platform,
    list_platforms,
    revoke_platform,
    rotate_platform_key,
    set_platform_webhook,
)
from kupec.machines.feeds import FORMATS, add_push, list_pushes, remove_push
from kupec.web.desk.gate import actor_of
from kupec.web.desk.integrations import READ, changed, reach_here
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/settings/integrations/platforms"
WRITE = {"permission": "integrations.write", "confirmed": HERE}
READERS = {"google.xml": "Google", "meta.csv": "Meta", "pinterest.tsv": "Pinterest", "products.jsonl": _("Agents")}


async def platforms_page(
    request: AnyRequest,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    values: Form | None = None,
    made: NewPlatformKey | None = None,
) -> Response[str]:
    """Platforms with their keys, and the feeds of each market; a key that was just made is shown this once."""
    site = site_of(request)
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/platforms.html",
            section="integrations",
            status=status,
            platforms=await list_platforms(db),
            markets=await markets(db),
            pushes=await list_pushes(db),
            formats=[(file, READERS[file]) for file in FORMATS],
            errors=errors or {},
            typed=typed(values),
            made=made,
        )


@get("/settings/integrations/platforms", opt=READ)
async def platforms(request: AnyRequest) -> Response[str]:
    return await platforms_page(request)


@post("/settings/integrations/platforms", opt=WRITE)
async def let_in(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            made = await add_platform(
                db,
                form.text("code", most=100),
                form.text("name", most=1000),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"platform.{error.field or 'code'}": in_words(error, language_of(request))}
        return await platforms_page(request, errors=errors, status=error.status, values=form)
    return await platforms_page(request, made=made)


@post("/settings/integrations/platforms/{platform_id:uuid}/rotate", opt=WRITE)
async def another_key(request: AnyRequest, platform_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        made = await rotate_platform_key(db, platform_id, actor=actor_of(request), now=site.clock.now())
    return await platforms_page(request, made=made)


@post("/settings/integrations/platforms/{platform_id:uuid}/webhook", opt=WRITE)
async def direct(request: AnyRequest, platform_id: FromPath[UUID]) -> Response[Any]:
    form, secret = await read_form(request), site_of(request).settings.secret
    url, signing = form.text("url", most=3000), form.text("webhook_secret", most=1000)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        reach = reach_here(request)
        await set_platform_webhook(db, platform_id, url, signing, reach=reach, secret=secret, actor=actor, now=now)

    return await changed(request, work, _("What becomes of its orders is told there from now on."), back=HERE)


@post("/settings/integrations/platforms/{platform_id:uuid}/revoke", opt=WRITE)
async def turn_away(request: AnyRequest, platform_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await revoke_platform(db, platform_id, actor=actor, now=now)

    return await changed(request, work, _("The platform buys nothing here any more. Its orders stay."), back=HERE)


@post("/settings/integrations/pushes", opt=WRITE)
async def push(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await add_push(
                db,
                form.text("market", most=100),
                form.text("url", most=3000),
                form.text("token", most=1000),
                feed_id=form.text("feed_id", most=1000),
                reach=reach_here(request),
                secret=site.settings.secret,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"push.{error.field or 'url'}": in_words(error, language_of(request))}
        return await platforms_page(request, errors=errors, status=error.status, values=form)
    return go(request, HERE, done=reader_of(request).text(_("The feed goes there from now on.")))


@post("/settings/integrations/pushes/{push_id:uuid}/remove", opt=WRITE)
async def push_no_more(request: AnyRequest, push_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await remove_push(db, push_id, actor=actor, now=now)

    return await changed(request, work, _("The feed goes there no more."), back=HERE)
